// A small HTTP/1.1 client for programs that wait for their answers: command line and agent.
//
//   HttpClient client("https://host/base", {.basic_user = "api", .basic_password = key});
//   Result<ClientResponse> answer = client.Do("GET", "/healthz");
//   if (!answer) return answer.error();             // the server was not reached
//   if (answer->status != 200) return answer->ToError();
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/net/http.h"

namespace regatta::net {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};  // name, connection and TLS handshake
  std::chrono::milliseconds read_timeout{60'000};     // without progress, either way
  // At most one of the two kinds of credentials. Sent to the base URL's host only.
  std::string bearer_token;
  std::string basic_user;
  std::string basic_password;
  // PEM file of authorities; empty: $SSL_CERT_FILE, $SSL_CERT_DIR, else the system's own.
  std::filesystem::path ca_file;
  bool verifies_certificate = true;
  std::uint64_t response_bytes_max = std::uint64_t{256} << 20;  // of an answer held in memory
  std::string user_agent = "regatta";
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;

  bool is_ok() const { return status >= 200 && status < 300; }
  // An Error with the code that fits the status and the message that the body carries, else its
  // text. Requires: !is_ok().
  Error ToError() const;
};

// One server-sent event.
struct ServerEvent {
  std::string event = "message";
  std::string id;  // the last one seen, as Last-Event-ID wants it
  std::string data;
};

// Calls from several threads take turns on one connection, which is kept open between them.
// Redirects are not followed. All calls fail with kUnavailable when the server is not reached, is
// too slow or leaves in the middle, and with kInvalidArgument when the base URL is not one.
class HttpClient {
 public:
  // "http://host:port/base" or https; nothing is connected yet.
  explicit HttpClient(std::string base_url, ClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `path` is appended to the base URL, percent-encoded already, with its query. An absolute URL is
  // taken as it is; credentials go with it only when it lies under the base URL. Any status is a
  // success here. When a kept connection turns out to be dead before any answer, GET, HEAD, PUT,
  // DELETE and OPTIONS are sent once more on a fresh one.
  Result<ClientResponse> Do(std::string_view method, std::string_view path,
                            const Headers& headers = {}, std::string_view body = {});

  // Sends the file's bytes as the body, piece by piece. Errors also: kNotFound for the file.
  Result<ClientResponse> Upload(std::string_view method, std::string_view path,
                                const Headers& headers, const std::filesystem::path& file);

  // GETs into `file`, which appears only when it is complete (it is written beside and renamed). An
  // answer that is not 2xx leaves `file` alone and has its text in `body`.
  Result<ClientResponse> Download(std::string_view path, const Headers& headers,
                                  const std::filesystem::path& file);

  // GETs an event stream and calls `on_event` for each event until it returns false (success), the
  // server ends the stream or the connection breaks (kUnavailable: come back with Last-Event-ID).
  // `read_timeout` counts comments as progress. An answer that is not 200 is its ToError().
  Result<void> ReadEvents(std::string_view path, const Headers& headers,
                          FunctionRef<bool(const ServerEvent&)> on_event);

  // Makes the running call and all later ones fail with kUnavailable, soon. From any thread, also
  // from a signal handler's thread; a name look-up in progress is waited for.
  void Cancel();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regatta::net
