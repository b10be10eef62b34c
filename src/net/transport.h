// One connection's bytes, plain or TLS. Private: the only header that shows Asio, with session.h.
//
// Not thread-safe: all calls on the connection's strand. At most one read and one write at a time.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <tuple>

namespace regatta::net {

namespace asio = boost::asio;
using boost::system::error_code;

class Transport {
 public:
  using Io = std::tuple<error_code, std::size_t>;
  using Buffers = std::array<asio::const_buffer, 2>;

  virtual ~Transport() = default;
  virtual asio::awaitable<std::tuple<error_code>> Handshake() = 0;
  // Some bytes, at least one unless there is an error.
  virtual asio::awaitable<Io> Read(asio::mutable_buffer buffer) = 0;
  virtual asio::awaitable<Io> Write(Buffers buffers) = 0;
  // Tells the peer that nothing more comes; its bytes can still be read (plain) or are over (TLS).
  virtual asio::awaitable<void> ShutdownSend() = 0;
  virtual asio::ip::tcp::socket& socket() = 0;
  virtual bool is_tls() const = 0;
};

std::unique_ptr<Transport> MakePlainTransport(asio::ip::tcp::socket socket);
// `context` outlives the transport.
std::unique_ptr<Transport> MakeTlsTransport(asio::ip::tcp::socket socket,
                                            asio::ssl::context& context);

}  // namespace regatta::net
