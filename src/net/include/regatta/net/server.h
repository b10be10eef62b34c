// An HTTP/1.1 server on one port, plain or TLS.
//
//   Router router;
//   router.Add("GET", "/hello/{name}", [](Request request, Responder responder) {
//     responder.Send(TextResponse("hello " + std::string(request.Param("name"))));
//   });
//   Server server({.listen = "127.0.0.1:0"}, std::move(router));
//   if (Result<void> started = server.Start(); !started) return started.error();
//   ... server.url() ...
//   server.Stop(std::chrono::seconds(5));
//
// Life of a connection: one sequential coroutine on a strand of its own, so requests of one
// connection are answered in their order. Everything a client can make grow has a bound in
// ServerLimits.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "regatta/base/result.h"
#include "regatta/net/router.h"

namespace regatta::net {

struct ServerLimits {
  std::size_t header_bytes_max = std::size_t{64} << 10;  // 431 above
  std::uint64_t body_bytes_max = std::uint64_t{64}
                                 << 20;   // for routes without their own; 413 above
  std::uint64_t inflate_ratio_max = 200;  // of gzip request bodies; 413 above
  std::uint64_t body_memory_bytes_max = std::uint64_t{512}
                                        << 20;  // bodies in memory at once; 503 above
  // Of them, those of one peer: an IPv4 address, or the /64 of an IPv6 one. 503 above.
  std::uint64_t body_memory_peer_bytes_max = std::uint64_t{256} << 20;
  std::size_t connection_count_max = 4096;                    // 503 above
  std::size_t in_flight_count_max = 2048;                     // requests with a handler; 503 above
  std::size_t event_buffer_bytes_max = std::size_t{4} << 20;  // unsent events of one stream

  std::chrono::milliseconds header_timeout{
      15'000};  // from a request's first byte to its header's end
  std::chrono::milliseconds body_idle_timeout{30'000};    // without one byte of the body
  std::uint64_t body_bytes_per_second_min = 1024;         // in each body_idle_timeout by itself
  std::chrono::milliseconds write_timeout{60'000};        // without progress while answering
  std::chrono::milliseconds keep_alive_timeout{120'000};  // between requests
  std::chrono::milliseconds answer_timeout{120'000};      // from request to the handler's answer
  std::chrono::milliseconds event_keep_alive{15'000};     // comment on a silent event stream
};

struct ServerOptions {
  // "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" for every interface; port 0 takes a
  // free one.
  std::string listen = "127.0.0.1:0";
  int thread_count = 2;
  // PEM files; both or none. The certificate file may hold the chain.
  std::filesystem::path tls_certificate_path;
  std::filesystem::path tls_key_path;
  // Where the server hangs below its host, e.g. "/wandb"; "" for the root. Requests outside get
  // 404.
  std::string base_path;
  std::string server_name = "regatta";
  // Believe X-Forwarded-Proto and X-Forwarded-Host when making Request::base_url.
  bool trusts_forwarded_headers = true;
  // Text bodies from this size are sent with gzip to clients that accept it; 0 = never. Clients on
  // the loopback interface get them plain unless `compresses_loopback`.
  std::size_t gzip_bytes_min = 1024;
  bool compresses_loopback = false;
  // Looks at each request first, whatever its path, before the route's own gate.
  Gate gate;
  ServerLimits limits;
};

// Start, BeginDrain and Stop belong to one thread; the others are thread-safe.
class Server {
 public:
  // Borrows nothing; `router` is constant from here on.
  Server(ServerOptions options, Router router);
  // Stops at once if it still runs.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and serves, and returns once connections are accepted.
  // Errors: kInvalidArgument for options that cannot be used; kUnavailable when the address is
  // taken.
  Result<void> Start();

  // The bound port and "http://127.0.0.1:41234/base" of it. Requires: Start succeeded.
  std::uint16_t port() const;
  std::string url() const;

  // First step of stopping: accepts no connection, ends event streams, answers new requests on open
  // connections with 503 and "Connection: close". Returns at once; requests in flight go on.
  void BeginDrain();
  // Second step: waits until nothing is in flight, at most `deadline`, then cuts what is left and
  // ends the threads. True when nothing had to be cut. Responders stay harmless afterwards.
  bool Stop(std::chrono::milliseconds deadline);

  std::size_t connection_count() const;
  std::size_t in_flight_count() const;
  // Everything counted since Start, in Prometheus' text format: connections, requests by route and
  // status, latency histogram, bytes in and out. Names start with "regatta_http_".
  std::string MetricsText() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regatta::net
