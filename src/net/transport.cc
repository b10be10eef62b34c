#include "transport.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace regatta::net {
namespace {

using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<std::tuple<error_code>> Handshake() override { co_return error_code(); }
  asio::awaitable<Io> Read(asio::mutable_buffer buffer) override {
    return socket_.async_read_some(buffer, kAwait);
  }
  asio::awaitable<Io> Write(Buffers buffers) override {
    return socket_.async_write_some(buffers, kAwait);
  }
  asio::awaitable<void> ShutdownSend() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }
  tcp::socket& socket() override { return socket_; }
  bool is_tls() const override { return false; }

 private:
  tcp::socket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, asio::ssl::context& context)
      : stream_(std::move(socket), context) {}

  asio::awaitable<std::tuple<error_code>> Handshake() override {
    return stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
  }
  asio::awaitable<Io> Read(asio::mutable_buffer buffer) override {
    return stream_.async_read_some(buffer, kAwait);
  }
  asio::awaitable<Io> Write(Buffers buffers) override {
    return stream_.async_write_some(buffers, kAwait);
  }
  asio::awaitable<void> ShutdownSend() override {
    [[maybe_unused]] const auto ignored = co_await stream_.async_shutdown(kAwait);
  }
  tcp::socket& socket() override { return stream_.next_layer(); }
  bool is_tls() const override { return true; }

 private:
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> MakePlainTransport(tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> MakeTlsTransport(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace regatta::net
