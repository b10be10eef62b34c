#include "regatta/net/server.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <optional>
#include <thread>
#include <vector>

#include "regatta/base/check.h"
#include "regatta/base/log.h"
#include "session.h"

namespace regatta::net {
namespace {

using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// Connections over the limit that are told so at once; more are closed without a word.
constexpr std::size_t kRefusedMax = 64;

struct ListenAddress {
  std::string host;  // without brackets; "" for every interface
  std::uint16_t port = 0;
};

Result<ListenAddress> ParseListen(std::string_view text) {
  const Error error = InvalidArgument(
      fmt::format("listen address \"{}\" is not HOST:PORT, like 127.0.0.1:8080 or :8080", text));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return error;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ListenAddress address{std::string(host), 0};
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (ec != std::errc() || end != port.data() + port.size()) return error;
  return address;
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router)
      : state_(std::move(options), std::move(router)),
        context_(state_.options.thread_count),
        acceptor_(asio::make_strand(context_)) {}

  Result<void> Start();
  void BeginDrain();
  bool Stop(std::chrono::milliseconds deadline);

  ServerState& state() { return state_; }
  std::uint16_t port() const { return port_; }
  bool is_running() const { return !threads_.empty(); }

 private:
  Result<void> Listen();
  Result<void> ReadCertificate();
  error_code Bind(const tcp::endpoint& endpoint);
  asio::awaitable<void> Accept();
  void Welcome(tcp::socket socket);

  ServerState state_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::optional<asio::ssl::context> tls_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

error_code Server::Impl::Bind(const tcp::endpoint& endpoint) {
  error_code ec;
  error_code ignored;
  acceptor_.close(ignored);
  acceptor_.open(endpoint.protocol(), ec);
  if (ec) return ec;
  acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), ignored);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  return ec;
}

Result<void> Server::Impl::Listen() {
  const Result<ListenAddress> address = ParseListen(state_.options.listen);
  if (!address) return address.error();
  error_code ec;
  if (address->host.empty()) {
    ec = Bind({asio::ip::address_v6::any(), address->port});
    if (ec == asio::error::address_family_not_supported ||
        ec == boost::system::errc::address_not_available) {
      ec = Bind({asio::ip::address_v4::any(), address->port});
    }
  } else {
    tcp::resolver resolver(context_);
    const auto found =
        resolver.resolve(address->host, std::to_string(address->port), tcp::resolver::passive, ec);
    if (ec || found.empty()) {
      return InvalidArgument(
          fmt::format("listen address \"{}\": the host is not known", state_.options.listen));
    }
    ec = Bind(found.begin()->endpoint());
  }
  if (ec) {
    return Unavailable(
        fmt::format("cannot listen on {}: {}; is another server running there? choose another port",
                    state_.options.listen, ec.message()));
  }
  const tcp::endpoint bound = acceptor_.local_endpoint(ec);
  port_ = bound.port();
  std::string host = bound.address().is_unspecified() ? "127.0.0.1" : bound.address().to_string();
  if (host.find(':') != std::string::npos) host = fmt::format("[{}]", host);
  state_.url =
      fmt::format("{}://{}:{}{}", tls_ ? "https" : "http", host, port_, state_.options.base_path);
  return Ok();
}

Result<void> Server::Impl::ReadCertificate() {
  const ServerOptions& options = state_.options;
  if (options.tls_certificate_path.empty() && options.tls_key_path.empty()) return Ok();
  if (options.tls_certificate_path.empty() || options.tls_key_path.empty()) {
    return InvalidArgument("TLS needs both a certificate and its key, as PEM files");
  }
  error_code ec;
  tls_.emplace(asio::ssl::context::tls_server);
  tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                        asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression,
                    ec);
  tls_->use_certificate_chain_file(options.tls_certificate_path.string(), ec);
  if (ec) {
    return InvalidArgument(
        fmt::format("TLS certificate {}: {}", options.tls_certificate_path.string(), ec.message()));
  }
  tls_->use_private_key_file(options.tls_key_path.string(), asio::ssl::context::pem, ec);
  if (ec) {
    return InvalidArgument(
        fmt::format("TLS key {}: {}", options.tls_key_path.string(), ec.message()));
  }
  return Ok();
}

Result<void> Server::Impl::Start() {
  Check(!is_running(), "Server::Start is called once");
  const std::string& base = state_.options.base_path;
  if (!base.empty() && (!base.starts_with('/') || base.ends_with('/'))) {
    return InvalidArgument(
        fmt::format("base path \"{}\" does not start with '/', or ends with it", base));
  }
  if (state_.options.thread_count < 1) return InvalidArgument("a server needs at least one thread");
  if (Result<void> read = ReadCertificate(); !read) return read;
  if (Result<void> listening = Listen(); !listening) return listening;
  work_.emplace(context_.get_executor());
  asio::co_spawn(acceptor_.get_executor(), Accept(), asio::detached);
  for (int i = 0; i < state_.options.thread_count; ++i) {
    threads_.emplace_back([this] { context_.run(); });
  }
  return Ok();
}

asio::awaitable<void> Server::Impl::Accept() {
  asio::steady_timer pause(acceptor_.get_executor());
  while (acceptor_.is_open()) {
    auto [ec, socket] = co_await acceptor_.async_accept(asio::make_strand(context_), kAwait);
    if (!ec) {
      Welcome(std::move(socket));
    } else if (acceptor_.is_open()) {
      // Out of descriptors, most likely: looping at full speed would not bring any back.
      Log(LogLevel::kWarning, "net", "cannot accept a connection: {}", ec.message());
      pause.expires_after(std::chrono::milliseconds(50));
      [[maybe_unused]] const auto waited = co_await pause.async_wait(kAwait);
    }
  }
}

void Server::Impl::Welcome(tcp::socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  Metrics& metrics = state_.metrics;
  metrics.connections_total.fetch_add(1);
  const std::size_t count = state_.session_count();
  const std::size_t count_max = state_.options.limits.connection_count_max;
  const bool is_refused = count >= count_max;
  if (is_refused) {
    metrics.connections_refused_total.fetch_add(1);
    if (count >= count_max + kRefusedMax) return;
  }
  std::unique_ptr<Transport> transport =
      tls_ ? MakeTlsTransport(std::move(socket), *tls_) : MakePlainTransport(std::move(socket));
  auto session = std::make_shared<Session>(state_, std::move(transport), is_refused);
  state_.Enter(session);
  session->Start();
}

void Server::Impl::BeginDrain() {
  if (state_.is_draining.exchange(true)) return;
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
  });
  state_.DrainSessions();
}

bool Server::Impl::Stop(std::chrono::milliseconds deadline) {
  if (!is_running()) return true;
  BeginDrain();
  const bool is_clean = state_.WaitUntilIdle(deadline);
  state_.CutSessions();
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return is_clean;
}

Server::Server(ServerOptions options, Router router)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router))) {}

Server::~Server() { impl_->Stop(std::chrono::milliseconds(0)); }

Result<void> Server::Start() { return impl_->Start(); }
std::uint16_t Server::port() const { return impl_->port(); }
std::string Server::url() const { return impl_->state().url; }
void Server::BeginDrain() { impl_->BeginDrain(); }
bool Server::Stop(std::chrono::milliseconds deadline) { return impl_->Stop(deadline); }
std::size_t Server::connection_count() const { return impl_->state().session_count(); }
std::size_t Server::in_flight_count() const { return impl_->state().in_flight_count.load(); }

std::string Server::MetricsText() const {
  return impl_->state().metrics.Text(connection_count(), in_flight_count());
}

}  // namespace regatta::net
