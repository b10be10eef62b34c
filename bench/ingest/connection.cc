#include "connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace regatta::bench {
namespace {

[[noreturn]] void Fail(const std::string& why) {
  fmt::print(stderr, "ingest_load: {}\n", why);
  std::exit(1);
}

}  // namespace

Connection::Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Fail(fmt::format("cannot connect to port {}: {}", port, std::strerror(errno)));
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

Connection::~Connection() { ::close(fd_); }

void Connection::Start(std::string request) {
  request_ = std::move(request);
  sent_ = 0;
  received_.clear();
}

bool Connection::Continue() {
  while (wants_to_write()) {
    const ssize_t sent =
        ::send(fd_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) return false;
      Fail(fmt::format("send: {}", std::strerror(errno)));
    }
    sent_ += static_cast<std::size_t>(sent);
  }
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0) {
      if (errno == EAGAIN) return false;
      Fail(fmt::format("receive: {}", std::strerror(errno)));
    }
    if (got == 0) Fail("the server closed the connection");
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    if (TakeAnswer()) return true;
  }
}

bool Connection::TakeAnswer() {
  const std::size_t head = received_.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  std::string lower = received_.substr(0, head);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  const std::size_t at = lower.find("content-length:");
  if (at == std::string::npos) Fail("an answer without a length");
  std::size_t digits = at + 15;
  while (lower[digits] == ' ') ++digits;
  std::size_t length = 0;
  std::from_chars(lower.data() + digits, lower.data() + lower.size(), length);
  if (received_.size() < head + 4 + length) return false;
  std::from_chars(received_.data() + 9, received_.data() + 12, status_);
  body_ = received_.substr(head + 4, length);
  return true;
}

void Connection::Do(std::string request) {
  Start(std::move(request));
  while (!Continue()) {
    pollfd wait{
        .fd = fd_, .events = static_cast<short>(wants_to_write() ? POLLOUT : POLLIN), .revents = 0};
    ::poll(&wait, 1, -1);
  }
}

std::string RequestText(const std::string& path, const std::string& authorization,
                        const std::string& body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\nContent-Type: "
      "application/json\r\nContent-Length: {}\r\n\r\n{}",
      path, authorization, body.size(), body);
}

}  // namespace regatta::bench
