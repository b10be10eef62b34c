// One connection: a sequential coroutine on a strand of its own.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "body_sink.h"
#include "exchange.h"
#include "message_decoder.h"
#include "metrics.h"
#include "read_buffer.h"
#include "regatta/net/server.h"
#include "response_writer.h"
#include "transport.h"

namespace regatta::net {

class Session;

// What all sessions of a server share. Outlives them.
struct ServerState {
  ServerState(ServerOptions server_options, Router server_router)
      : options(std::move(server_options)),
        router(std::move(server_router)),
        budget(options.limits.body_memory_bytes_max),
        peer_budgets(options.limits.body_memory_peer_bytes_max) {}

  // Constant after construction, except `url`, which Start sets before the first session.
  const ServerOptions options;
  const Router router;
  std::string url;

  Metrics metrics;
  MemoryBudget budget;
  PeerBudgets peer_budgets;
  BufferPool buffers;
  std::atomic<bool> is_draining{false};
  std::atomic<std::size_t> in_flight_count{0};

  // Registers or forgets a session; a session that comes after the cut is cut at once.
  void Enter(const std::shared_ptr<Session>& session);
  void Leave(Session* session);
  std::size_t session_count();

  void BeginRequest() { in_flight_count.fetch_add(1); }
  void EndRequest();

  // For stopping.
  void DrainSessions();
  void CutSessions();
  // Whether nothing was in flight before the deadline.
  bool WaitUntilIdle(std::chrono::milliseconds deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  std::map<Session*, std::weak_ptr<Session>> sessions_;
  bool is_cut_ = false;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `is_refused`: the server is full; say so and leave.
  Session(ServerState& state, std::unique_ptr<Transport> transport, bool is_refused);

  void Start();
  // From any thread.
  void Drain();
  void Cut();

 private:
  struct Turn;
  using Milliseconds = std::chrono::milliseconds;
  using SteadyTime = std::chrono::steady_clock::time_point;

  // A spawned coroutine owns the session as long as it runs.
  static asio::awaitable<void> RunOwned(std::shared_ptr<Session> self);
  // Reads and drops what the client of an event stream sends, to learn when it leaves.
  static asio::awaitable<void> WatchPeer(std::shared_ptr<Session> self);
  asio::awaitable<void> Run();
  asio::awaitable<bool> ServeOne();
  asio::awaitable<bool> ReadHead(MessageDecoder& decoder);
  // An answer means that the body was refused, and not wholly read.
  asio::awaitable<std::optional<Response>> ReadBody(Turn& turn, std::uint64_t bytes_max);
  asio::awaitable<std::optional<Response>> FillSink(Turn& turn, BodySink& sink);
  asio::awaitable<bool> ReadMore(std::size_t size_min, std::size_t size_max);
  asio::awaitable<internal::Exchange::Answer> AskHandler(Turn& turn);
  asio::awaitable<bool> Answer(Turn& turn, Response response);
  asio::awaitable<bool> StreamEvents(Turn& turn, internal::Exchange::Answer answer);
  asio::awaitable<bool> WriteFile(const WireResponse& wire);
  asio::awaitable<bool> WriteAll(std::string_view first, std::string_view second);
  asio::awaitable<void> RefuseAndLinger(Response response);
  asio::awaitable<void> Linger();

  std::optional<Error> DescribeRequest(Turn& turn);
  std::optional<Response> Admit(Turn& turn);
  static std::optional<Response> Ask(const Gate& gate, const Request& request);
  std::string BaseUrl(const Headers& headers) const;
  std::optional<Error> Inflate(Turn& turn, std::uint64_t bytes_max);
  void Wake();

  // The connection is cancelled when the deadline passes. It may be moved at any time and costs
  // nothing then: the timer looks again when it fires.
  void SetDeadline(Milliseconds after);
  void ClearDeadline() { deadline_ = SteadyTime::max(); }
  void ArmWatchdog();

  // Constant after construction.
  ServerState& state_;
  const ServerLimits& limits_;
  const std::unique_ptr<Transport> transport_;
  const bool is_refused_;
  std::string peer_address_;
  std::uint16_t peer_port_ = 0;
  bool is_peer_loopback_ = false;
  std::shared_ptr<MemoryBudget> peer_budget_;

  // Owned by the strand.
  asio::steady_timer watchdog_;
  asio::steady_timer wait_timer_;
  SteadyTime deadline_ = SteadyTime::max();
  SteadyTime armed_until_ = SteadyTime::max();
  bool is_timed_out_ = false;
  bool is_cut_ = false;
  bool is_peer_gone_ = false;
  bool is_first_request_ = true;
  char discarded_byte_ = 0;
  ReadBuffer input_;
  std::shared_ptr<internal::EventQueue> events_;

  // Whether the coroutine may be asleep on wait_timer_ and needs waking; written by the strand.
  std::atomic<bool> is_waiting_{false};
};

}  // namespace regatta::net
