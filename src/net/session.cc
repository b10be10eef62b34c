#include "session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "ascii.h"
#include "rate_window.h"
#include "regatta/base/log.h"
#include "regatta/codec/gzip.h"
#include "regatta/codec/percent.h"

namespace regatta::net {
namespace {

using asio::ip::tcp;
using std::chrono::steady_clock;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kSmallReadBytes = 4096;
// Bodies above this borrow a large buffer.
constexpr std::uint64_t kLargeBodyBytes = 16384;
// After an answer that ends the connection, what the client is still sending is read and thrown
// away, so that it finds the answer and not a reset connection (RFC 9112, section 9.6).
constexpr std::chrono::milliseconds kLingerTimeout{5000};
constexpr std::chrono::milliseconds kRefusalTimeout{1000};

std::string_view SchemeLess(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

bool IsHost(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

// Whose share of the memory a connection uses. Whoever has one IPv6 address has the /64 around it.
std::string PeerOf(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  asio::ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

Response Unavailable503(std::string_view message) {
  Response response = ErrorResponse(503, message);
  response.headers.Add("Retry-After", "1");
  return response;
}

// Of a body's refusal. Too much is 413 here, not the 429 of a used-up allowance.
Response BodyRefusal(const Error& error) {
  if (error.code == ErrorCode::kResourceExhausted) return ErrorResponse(413, error.message);
  return ErrorResponse(error);
}

Response AllowResponse(const Router::Match& match, const Request& request) {
  std::string methods = fmt::format("{}", fmt::join(match.allowed, ", "));
  Response response;
  response.status = 204;
  response.headers.Add("Allow", methods + ", OPTIONS");
  if (match.allows_cross_origin) {
    const std::string_view wanted = request.headers.Get("Access-Control-Request-Headers");
    response.headers.Add("Access-Control-Allow-Methods", std::move(methods));
    response.headers.Add("Access-Control-Allow-Headers",
                         wanted.empty() ? std::string("*") : std::string(wanted));
    response.headers.Add("Access-Control-Max-Age", "600");
  }
  return response;
}

}  // namespace

void ServerState::Enter(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  sessions_.emplace(session.get(), session);
  if (is_cut_) session->Cut();
}

void ServerState::Leave(Session* session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

std::size_t ServerState::session_count() {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void ServerState::EndRequest() {
  if (in_flight_count.fetch_sub(1) != 1 || !is_draining.load()) return;
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void ServerState::DrainSessions() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, weak] : sessions_) {
    if (const std::shared_ptr<Session> session = weak.lock()) session->Drain();
  }
}

void ServerState::CutSessions() {
  const std::lock_guard lock(mutex_);
  is_cut_ = true;
  for (const auto& [key, weak] : sessions_) {
    if (const std::shared_ptr<Session> session = weak.lock()) session->Cut();
  }
}

bool ServerState::WaitUntilIdle(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [this] { return in_flight_count.load() == 0; });
}

// One request and its answer.
struct Session::Turn {
  Turn(ServerState& server, MemoryBudget& of_peer)
      : state(server), memory(server.budget, of_peer) {}
  ~Turn() {
    if (is_counted) state.EndRequest();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  ServerState& state;
  BudgetShare memory;
  MessageDecoder decoder{MessageDecoder::Kind::kRequest, state.options.limits.header_bytes_max};
  Request request;
  Router::Match match;
  SteadyTime start;
  bool is_counted = false;
  bool keeps_alive = false;
  bool has_unread_body = false;
};

Session::Session(ServerState& state, std::unique_ptr<Transport> transport, bool is_refused)
    : state_(state),
      limits_(state.options.limits),
      transport_(std::move(transport)),
      is_refused_(is_refused),
      watchdog_(transport_->socket().get_executor()),
      wait_timer_(transport_->socket().get_executor()) {
  error_code ec;
  const tcp::endpoint peer = transport_->socket().remote_endpoint(ec);
  asio::ip::address address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  peer_budget_ = state_.peer_budgets.Of(PeerOf(address));
  if (ec) return;
  peer_address_ = address.to_string();
  peer_port_ = peer.port();
  is_peer_loopback_ = address.is_loopback();
}

asio::awaitable<void> Session::RunOwned(std::shared_ptr<Session> self) { co_await self->Run(); }

void Session::Start() {
  auto finish = [self = shared_from_this()](const std::exception_ptr& failure) {
    error_code ignored;
    self->transport_->socket().close(ignored);
    self->watchdog_.cancel();
    self->state_.Leave(self.get());
    if (failure) Log(LogLevel::kError, "net", "a connection ended by an unexpected exception");
  };
  asio::co_spawn(transport_->socket().get_executor(), RunOwned(shared_from_this()),
                 std::move(finish));
}

void Session::Drain() {
  asio::post(transport_->socket().get_executor(), [self = shared_from_this()] {
    if (self->events_ != nullptr) self->events_->Close();
  });
}

void Session::Cut() {
  asio::post(transport_->socket().get_executor(), [self = shared_from_this()] {
    self->is_cut_ = true;
    error_code ignored;
    self->transport_->socket().close(ignored);
    self->wait_timer_.cancel();
    self->watchdog_.cancel();
  });
}

void Session::Wake() {
  if (!is_waiting_.load()) return;
  asio::post(transport_->socket().get_executor(),
             [self = shared_from_this()] { self->wait_timer_.cancel(); });
}

void Session::SetDeadline(Milliseconds after) {
  deadline_ = steady_clock::now() + after;
  if (deadline_ < armed_until_) ArmWatchdog();
}

void Session::ArmWatchdog() {
  armed_until_ = deadline_;
  watchdog_.expires_at(armed_until_);
  watchdog_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (ec) return;
    self->armed_until_ = SteadyTime::max();
    if (!self->transport_->socket().is_open()) return;
    if (self->deadline_ <= steady_clock::now()) {
      self->is_timed_out_ = true;
      self->deadline_ = SteadyTime::max();
      error_code ignored;
      self->transport_->socket().cancel(ignored);
    } else if (self->deadline_ != SteadyTime::max()) {
      self->ArmWatchdog();
    }
  });
}

asio::awaitable<void> Session::Run() {
  SetDeadline(limits_.header_timeout);
  const auto [failed] = co_await transport_->Handshake();
  if (failed) co_return;
  if (is_refused_) {
    Response response = Unavailable503("the server has too many connections: try again later");
    co_await RefuseAndLinger(std::move(response));
    co_return;
  }
  bool goes_on = true;
  while (goes_on && !is_cut_) {
    goes_on = co_await ServeOne();
    is_first_request_ = false;
  }
  if (is_cut_ || is_timed_out_) co_return;
  if (transport_->is_tls()) {
    SetDeadline(kRefusalTimeout);
    co_await transport_->ShutdownSend();
  }
}

asio::awaitable<bool> Session::ServeOne() {
  Turn turn(state_, *peer_budget_);
  const bool has_head = co_await ReadHead(turn.decoder);
  if (!has_head) co_return false;
  turn.start = steady_clock::now();
  turn.is_counted = true;
  state_.BeginRequest();

  const MessageHead& head = turn.decoder.head();
  turn.keeps_alive = head.keeps_alive;
  turn.has_unread_body = !turn.decoder.is_done();
  std::optional<Error> malformed = DescribeRequest(turn);
  std::optional<Response> refusal;
  if (malformed) {
    refusal = ErrorResponse(*malformed);
  } else {
    refusal = Admit(turn);
  }
  if (!refusal) {
    const RouteOptions& route = turn.match.route->options;
    const std::uint64_t fallback =
        route.body_mode == BodyMode::kSpool ? ~std::uint64_t{0} : limits_.body_bytes_max;
    refusal = co_await ReadBody(turn, route.body_bytes_max != 0 ? route.body_bytes_max : fallback);
    if (is_cut_ || (is_timed_out_ && !refusal)) co_return false;
  }
  if (state_.is_draining.load()) turn.keeps_alive = false;
  if (refusal) {
    const bool goes_on = co_await Answer(turn, *std::move(refusal));
    co_return goes_on;
  }
  internal::Exchange::Answer answer = co_await AskHandler(turn);
  if (is_cut_) co_return false;
  if (state_.is_draining.load()) turn.keeps_alive = false;
  if (answer.events != nullptr) {
    const bool goes_on = co_await StreamEvents(turn, std::move(answer));
    co_return goes_on;
  }
  const bool goes_on = co_await Answer(turn, std::move(answer.response));
  co_return goes_on;
}

asio::awaitable<bool> Session::ReadMore(std::size_t size_min, std::size_t size_max) {
  const ReadBuffer::Room room = input_.Prepare(size_min);
  const asio::mutable_buffer target(room.data, std::min(room.size, size_max));
  const auto [ec, count] = co_await transport_->Read(target);
  input_.Commit(count);
  state_.metrics.bytes_in_total.fetch_add(count, std::memory_order_relaxed);
  co_return !ec;
}

asio::awaitable<bool> Session::ReadHead(MessageDecoder& decoder) {
  bool has_begun = false;
  SetDeadline(is_first_request_ ? limits_.header_timeout : limits_.keep_alive_timeout);
  while (true) {
    // An empty line before a request is allowed to be there (RFC 9112, section 2.2).
    while (!has_begun && input_.unread().starts_with("\r\n")) input_.Consume(2);
    if (!input_.empty()) {
      if (!has_begun) SetDeadline(limits_.header_timeout);
      has_begun = true;
      const Result<std::size_t> taken = decoder.DecodeHead(input_.unread());
      if (!taken) {
        const bool is_too_long = taken.error().code == ErrorCode::kResourceExhausted;
        Response response = ErrorResponse(is_too_long ? 431 : 400, taken.error().message);
        state_.metrics.CountRequest("-", "malformed", response.status, {});
        co_await RefuseAndLinger(std::move(response));
        co_return false;
      }
      input_.Consume(*taken);
      if (decoder.has_head()) {
        ClearDeadline();
        co_return true;
      }
    }
    const bool is_read = co_await ReadMore(kSmallReadBytes, BufferPool::kBufferBytes);
    if (is_read) continue;
    if (is_timed_out_ && has_begun && !is_cut_) {
      Response response = ErrorResponse(408, "the request's header did not arrive in time");
      co_await RefuseAndLinger(std::move(response));
    }
    co_return false;
  }
}

std::string Session::BaseUrl(const Headers& headers) const {
  std::string_view scheme = transport_->is_tls() ? "https" : "http";
  std::string_view host = headers.Get("Host");
  if (state_.options.trusts_forwarded_headers) {
    std::string_view list = headers.Get("X-Forwarded-Proto");
    const std::string_view proto = Trim(TakeUntil(list, ','));
    if (EqualsIgnoringCase(proto, "https")) scheme = "https";
    if (EqualsIgnoringCase(proto, "http")) scheme = "http";
    list = headers.Get("X-Forwarded-Host");
    if (const std::string_view forwarded = Trim(TakeUntil(list, ',')); IsHost(forwarded)) {
      host = forwarded;
    }
  }
  if (!IsHost(host)) return state_.url;
  return fmt::format("{}://{}{}", scheme, host, state_.options.base_path);
}

std::optional<Error> Session::DescribeRequest(Turn& turn) {
  MessageHead& head = turn.decoder.head();
  Request& request = turn.request;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.headers = std::move(head.headers);
  request.peer_address = peer_address_;
  request.peer_port = peer_port_;
  request.is_peer_loopback = is_peer_loopback_;
  request.is_tls = transport_->is_tls();
  request.base_url = BaseUrl(request.headers);

  std::string_view path = SchemeLess(request.target);
  path = path.substr(0, path.find('#'));
  const std::size_t mark = path.find('?');
  if (mark != std::string_view::npos) {
    Result<codec::FormFields> query = codec::ParseForm(path.substr(mark + 1));
    if (!query) return query.error();
    request.query = *std::move(query);
    path = path.substr(0, mark);
  }
  const std::string_view base = state_.options.base_path;
  const bool is_inside =
      path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
  path = is_inside ? path.substr(base.size()) : std::string_view();
  if (is_inside && path.empty()) path = "/";
  Result<std::string> decoded = codec::DecodePercent(path);
  if (!decoded) return decoded.error();
  if (decoded->find('\0') != std::string::npos) {
    return InvalidArgument("the request's path has a zero byte");
  }
  request.path = *std::move(decoded);
  turn.match = state_.router.Find(request.method, path);
  request.params = turn.match.params;
  if (turn.match.route != nullptr) request.route = turn.match.route->pattern;
  return std::nullopt;
}

std::optional<Response> Session::Admit(Turn& turn) {
  const Router::Match& match = turn.match;
  if (std::optional<Response> refusal = Ask(state_.options.gate, turn.request)) return refusal;
  if (match.route == nullptr) {
    if (match.allowed.empty()) {
      return ErrorResponse(404, fmt::format("there is nothing at {}", turn.request.path));
    }
    Response allow = AllowResponse(match, turn.request);
    if (turn.request.method == "OPTIONS") return allow;
    Response response =
        ErrorResponse(405, fmt::format("{} is not possible at {}, only {}", turn.request.method,
                                       turn.request.path, fmt::join(match.allowed, ", ")));
    response.headers.Add("Allow", std::string(allow.headers.Get("Allow")));
    return response;
  }
  const RouteOptions& options = match.route->options;
  if (!options.is_exempt_from_limits) {
    if (state_.is_draining.load()) return Unavailable503("the server is stopping: try again later");
    if (state_.in_flight_count.load() > limits_.in_flight_count_max) {
      return Unavailable503("the server has too many requests at once: try again later");
    }
  }
  return Ask(options.gate, turn.request);
}

std::optional<Response> Session::Ask(const Gate& gate, const Request& request) {
  if (!gate) return std::nullopt;
  try {
    return gate(request);
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, "net", "{} {}: {}", request.method,
        request.route.empty() ? "(no route)" : request.route, exception.what());
    return ErrorResponse(500, "the server failed at this request");
  }
}

asio::awaitable<std::optional<Response>> Session::ReadBody(Turn& turn, std::uint64_t bytes_max) {
  const MessageHead& head = turn.decoder.head();
  const RouteOptions& route = turn.match.route->options;
  const std::uint64_t announced = head.content_length.value_or(0);
  if (announced > bytes_max) co_return BodyRefusal(BodyTooLarge(bytes_max));

  std::unique_ptr<BodySink> sink;
  if (route.body_mode == BodyMode::kSpool) {
    Result<std::unique_ptr<BodySink>> made = MakeSpoolSink(bytes_max, route.spool_folder);
    if (!made) co_return BodyRefusal(made.error());
    sink = *std::move(made);
  } else {
    sink = MakeMemorySink(bytes_max, announced, turn.memory);
  }
  if (!turn.decoder.is_done()) {
    if (turn.request.headers.HasToken("Expect", "100-continue") && input_.empty()) {
      SetDeadline(limits_.write_timeout);
      const bool is_written = co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n", {});
      if (!is_written) co_return ErrorResponse(408, "the client has left");
    }
    const bool is_large = head.is_chunked || announced > kLargeBodyBytes;
    std::vector<char> small;
    if (is_large) small = input_.ExchangeStorage(state_.buffers.Take());
    std::optional<Response> refusal = co_await FillSink(turn, *sink);
    if (is_large) state_.buffers.Give(input_.ExchangeStorage(std::move(small)));
    ClearDeadline();
    if (refusal) co_return refusal;
    turn.has_unread_body = false;
  }
  const Result<void> finished = sink->Finish(turn.request);
  if (!finished) co_return BodyRefusal(finished.error());
  if (route.body_mode == BodyMode::kMemory && route.inflates_gzip) {
    if (const std::optional<Error> error = Inflate(turn, bytes_max)) co_return BodyRefusal(*error);
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<Response>> Session::FillSink(Turn& turn, BodySink& sink) {
  MessageDecoder& decoder = turn.decoder;
  RateWindow rate(limits_.body_idle_timeout, limits_.body_bytes_per_second_min,
                  steady_clock::now());
  const std::uint64_t announced = decoder.head().content_length.value_or(0);
  std::uint64_t received = 0;
  const auto write = [&](std::string_view piece) {
    received += piece.size();
    return sink.Write(piece);
  };
  while (true) {
    if (!input_.empty()) {
      const Result<std::size_t> taken = decoder.DecodeBody(input_.unread(), write);
      if (!taken) co_return BodyRefusal(taken.error());
      input_.Consume(*taken);
    }
    if (decoder.is_done()) co_return std::nullopt;
    if (!rate.Note(received, steady_clock::now())) {
      co_return ErrorResponse(408, "the request's body arrives too slowly");
    }
    SetDeadline(limits_.body_idle_timeout);
    const std::size_t wanted = decoder.head().is_chunked
                                   ? BufferPool::kBufferBytes
                                   : static_cast<std::size_t>(std::min<std::uint64_t>(
                                         announced - received, BufferPool::kBufferBytes));
    const bool is_read = co_await ReadMore(std::min(wanted, kSmallReadBytes), wanted);
    if (!is_read) co_return ErrorResponse(408, "the request's body did not arrive in time");
  }
}

std::optional<Error> Session::Inflate(Turn& turn, std::uint64_t bytes_max) {
  Request& request = turn.request;
  const std::string_view encoding = request.headers.Get("Content-Encoding");
  if (encoding.empty() || EqualsIgnoringCase(encoding, "identity")) return std::nullopt;
  if (!EqualsIgnoringCase(encoding, "gzip") && !EqualsIgnoringCase(encoding, "x-gzip")) {
    return InvalidArgument("Content-Encoding is not understood: only gzip is");
  }
  Result<std::string> plain = codec::Gunzip(
      request.body, {.output_bytes_max = bytes_max, .ratio_max = limits_.inflate_ratio_max});
  if (!plain) return plain.error();
  if (const Result<void> taken = turn.memory.Take(plain->size()); !taken) return taken.error();
  request.body = *std::move(plain);
  request.headers.Remove("Content-Encoding");
  return std::nullopt;
}

asio::awaitable<internal::Exchange::Answer> Session::AskHandler(Turn& turn) {
  const Router::Route& route = *turn.match.route;
  auto exchange =
      std::make_shared<internal::Exchange>(limits_.event_buffer_bytes_max, [this] { Wake(); });
  // The answer is prepared from the request's own fields, so those stay here and the handler gets a
  // copy of what is small and the body itself.
  std::string body = std::move(turn.request.body);
  std::shared_ptr<SpooledFile> spooled = std::move(turn.request.spooled_body);
  Request request = turn.request;
  request.body = std::move(body);
  request.spooled_body = std::move(spooled);
  try {
    route.handler(std::move(request), Responder(exchange));
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, "net", "{} {}: {}", route.method, route.pattern, exception.what());
    exchange->Send(ErrorResponse(500, "the server failed at this request"));
  }
  const auto timeout = route.options.answer_timeout.count() != 0 ? route.options.answer_timeout
                                                                 : limits_.answer_timeout;
  const SteadyTime end = steady_clock::now() + timeout;
  is_waiting_.store(true);
  while (!exchange->has_answer() && !is_cut_ && steady_clock::now() < end) {
    wait_timer_.expires_at(end);
    [[maybe_unused]] const auto woken = co_await wait_timer_.async_wait(kAwait);
  }
  is_waiting_.store(false);
  std::optional<internal::Exchange::Answer> answer = exchange->Take();
  exchange->Detach();
  if (!answer) {
    answer.emplace();
    answer->response = Unavailable503("the server did not answer in time: try again later");
  }
  co_return *std::move(answer);
}

asio::awaitable<bool> Session::Answer(Turn& turn, Response response) {
  if (turn.match.allows_cross_origin) {
    response.headers.Set("Access-Control-Allow-Origin", "*");
    response.headers.Set("Access-Control-Expose-Headers", "ETag, Content-Range, Content-Length");
  }
  const bool goes_on = turn.keeps_alive && !turn.has_unread_body;
  const bool compresses = !is_peer_loopback_ || state_.options.compresses_loopback;
  const WriterOptions options = {.server_name = state_.options.server_name,
                                 .gzip_bytes_min = compresses ? state_.options.gzip_bytes_min : 0};
  const WireResponse wire = PrepareResponse(std::move(response), turn.request, options, goes_on);
  is_timed_out_ = false;
  bool is_written = co_await WriteAll(wire.head, wire.text());
  if (is_written && wire.file.is_open()) is_written = co_await WriteFile(wire);
  ClearDeadline();
  state_.metrics.CountRequest(turn.match.route != nullptr ? turn.request.method : "-",
                              turn.match.route != nullptr ? turn.match.route->pattern : "none",
                              wire.status, steady_clock::now() - turn.start);
  if (wire.status == 500 && turn.match.route != nullptr) {
    Log(LogLevel::kError, "net", "{} {} was answered with 500", turn.request.method,
        turn.match.route->pattern);
  }
  if (is_written && turn.has_unread_body) co_await Linger();
  co_return is_written&& goes_on;
}

asio::awaitable<bool> Session::WriteFile(const WireResponse& wire) {
  std::vector<char> buffer = state_.buffers.Take();
  ByteRange rest = wire.file_range;
  bool is_written = true;
  while (is_written && rest.length > 0) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(rest.length, buffer.size()));
    const ssize_t count =
        ::pread(wire.file.get(), buffer.data(), wanted, static_cast<off_t>(rest.offset));
    if (count < 0 && errno == EINTR) continue;
    // The length was promised already: a file that fails or shrank can only end the connection.
    if (count <= 0) {
      is_written = false;
      break;
    }
    rest.offset += static_cast<std::uint64_t>(count);
    rest.length -= static_cast<std::uint64_t>(count);
    is_written = co_await WriteAll({buffer.data(), static_cast<std::size_t>(count)}, {});
  }
  state_.buffers.Give(std::move(buffer));
  co_return is_written;
}

asio::awaitable<bool> Session::WriteAll(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    SetDeadline(limits_.write_timeout);
    const Transport::Buffers buffers = {asio::buffer(first), asio::buffer(second)};
    const auto [ec, count] = co_await transport_->Write(buffers);
    state_.metrics.bytes_out_total.fetch_add(count, std::memory_order_relaxed);
    if (ec) co_return false;
    const std::size_t of_first = std::min(count, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(count - of_first);
  }
  co_return true;
}

asio::awaitable<void> Session::WatchPeer(std::shared_ptr<Session> self) {
  bool is_there = true;
  while (is_there) {
    const asio::mutable_buffer byte(&self->discarded_byte_, 1);
    const auto [ec, count] = co_await self->transport_->Read(byte);
    is_there = !ec;
  }
  self->is_peer_gone_ = true;
  self->wait_timer_.cancel();
}

asio::awaitable<bool> Session::StreamEvents(Turn& turn, internal::Exchange::Answer answer) {
  events_ = std::move(answer.events);
  if (turn.match.allows_cross_origin) {
    answer.response.headers.Set("Access-Control-Allow-Origin", "*");
  }
  const WriterOptions options = {.server_name = state_.options.server_name};
  const WireResponse wire =
      PrepareResponse(std::move(answer.response), turn.request, options, false, true);
  state_.metrics.event_streams.fetch_add(1);
  bool is_writable = co_await WriteAll(wire.head, {});
  state_.metrics.CountRequest(turn.request.method, turn.match.route->pattern, wire.status,
                              steady_clock::now() - turn.start);
  ClearDeadline();
  asio::co_spawn(transport_->socket().get_executor(), WatchPeer(shared_from_this()),
                 asio::detached);
  if (state_.is_draining.load()) events_->Close();
  while (is_writable && !is_cut_ && !is_peer_gone_) {
    is_waiting_.store(true);
    internal::EventQueue::Batch batch = events_->Take();
    if (batch.has_overflowed) break;
    if (batch.text.empty()) {
      if (!batch.is_open) break;
      wait_timer_.expires_after(limits_.event_keep_alive);
      const auto [ec] = co_await wait_timer_.async_wait(kAwait);
      if (ec) continue;
      batch.text = ": keep-alive\n\n";
    }
    is_waiting_.store(false);
    is_writable = co_await WriteAll(batch.text, {});
    ClearDeadline();
  }
  is_waiting_.store(false);
  events_->Detach();
  events_ = nullptr;
  state_.metrics.event_streams.fetch_sub(1);
  co_return false;
}

asio::awaitable<void> Session::RefuseAndLinger(Response response) {
  const WriterOptions options = {.server_name = state_.options.server_name};
  const WireResponse wire = PrepareResponse(std::move(response), Request(), options, false);
  is_timed_out_ = false;
  const bool is_written = co_await WriteAll(wire.head, wire.text());
  if (is_written) co_await Linger();
}

asio::awaitable<void> Session::Linger() {
  SetDeadline(is_refused_ ? kRefusalTimeout : kLingerTimeout);
  if (!transport_->is_tls()) co_await transport_->ShutdownSend();
  bool is_there = true;
  while (is_there && !is_timed_out_ && !is_cut_) {
    input_.Consume(input_.unread().size());
    is_there = co_await ReadMore(kSmallReadBytes, BufferPool::kBufferBytes);
  }
}

}  // namespace regatta::net
