#include "client_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "regatta/base/check.h"

namespace regatta::net {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;

std::string LastSystemError() { return std::generic_category().message(errno); }

std::string LastTlsError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the peer broke the TLS connection off";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  return ::inet_pton(AF_INET, host.c_str(), parsed.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), parsed.data()) == 1;
}

}  // namespace

CancelSignal::CancelSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Check(descriptor_ >= 0, "no eventfd can be made");
}
CancelSignal::~CancelSignal() { ::close(descriptor_); }

void CancelSignal::Raise() {
  const std::uint64_t one = 1;
  // A full counter means that it is raised already.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof(one));
}

bool CancelSignal::is_raised() const {
  pollfd poll_entry{descriptor_, POLLIN, 0};
  return ::poll(&poll_entry, 1, 0) == 1;
}

Result<std::unique_ptr<TlsTrust>> TlsTrust::Load(const std::filesystem::path& ca_file,
                                                 bool verifies_certificate) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  Check(context != nullptr, "OpenSSL cannot make a TLS context");
  std::unique_ptr<TlsTrust> trust(new TlsTrust(context, verifies_certificate));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A peer that closes without TLS's own farewell is judged by HTTP's framing.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context, verifies_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
      return InvalidArgument(fmt::format("authorities' file {} cannot be read as PEM: {}",
                                         ca_file.string(), LastTlsError()));
    }
    return trust;
  }
  // OpenSSL's own paths are those of the machine it was built on, which a static binary may have
  // left: the places where the distributions keep their bundle follow.
  SSL_CTX_set_default_verify_paths(context);
  if (std::getenv("SSL_CERT_FILE") == nullptr && std::getenv("SSL_CERT_DIR") == nullptr) {
    for (const char* bundle : {"/etc/ssl/certs/ca-certificates.crt",
                               "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
      if (::access(bundle, R_OK) != 0) continue;
      SSL_CTX_load_verify_locations(context, bundle, nullptr);
      break;
    }
  }
  ERR_clear_error();
  return trust;
}

TlsTrust::~TlsTrust() { SSL_CTX_free(context_); }

namespace {

// Connects without blocking; the caller waits. -1 with errno when it failed at once.
int StartConnect(const addrinfo& address) {
  const int file = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) return -1;
  const int on = 1;
  ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(file, address.ai_addr, address.ai_addrlen) == 0 || errno == EINPROGRESS)
    return file;
  const int error = errno;
  ::close(file);
  errno = error;
  return -1;
}

}  // namespace

Result<std::unique_ptr<ClientConnection>> ClientConnection::Open(const Url& url,
                                                                 Milliseconds timeout,
                                                                 const TlsTrust* trust,
                                                                 const CancelSignal& cancel) {
  const std::string name = fmt::format("{}:{}", url.host, url.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code =
      ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (code != 0) {
    return Unavailable(fmt::format("cannot reach {}: {}", name, ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  Error error = Unavailable(fmt::format("cannot reach {}: it has no address", name));
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int file = StartConnect(*address);
    if (file < 0) {
      error = Unavailable(fmt::format("cannot connect to {}: {}", name, LastSystemError()));
      continue;
    }
    std::unique_ptr<ClientConnection> connection(new ClientConnection(file, cancel, name));
    if (Result<void> waited = connection->Wait(POLLOUT, timeout, "connecting"); !waited) {
      error = std::move(waited).error();
      continue;
    }
    int failure = 0;
    socklen_t size = sizeof(failure);
    ::getsockopt(file, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) {
      errno = failure;
      error = Unavailable(fmt::format("cannot connect to {}: {}", name, LastSystemError()));
      continue;
    }
    if (url.is_tls) {
      Check(trust != nullptr, "a TLS connection needs its authorities");
      if (Result<void> shaken = connection->Shake(url, *trust, timeout); !shaken) {
        return shaken.error();
      }
    }
    return connection;
  }
  return error;
}

ClientConnection::~ClientConnection() {
  if (tls_ != nullptr) SSL_free(tls_);
  ::close(socket_);
}

Result<void> ClientConnection::Wait(short events, Milliseconds timeout, std::string_view what) {
  std::array<pollfd, 2> entries = {pollfd{socket_, events, 0},
                                   pollfd{cancel_.descriptor(), POLLIN, 0}};
  while (true) {
    const int count = ::poll(entries.data(), entries.size(), static_cast<int>(timeout.count()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Internal(fmt::format("poll failed: {}", LastSystemError()));
    if (entries[1].revents != 0) return Unavailable("the call was cancelled");
    if (count > 0) return Ok();
    return Unavailable(
        fmt::format("{} with {} took longer than {} ms", what, name_, timeout.count()));
  }
}

Result<void> ClientConnection::WriteRaw(std::string_view bytes, Milliseconds timeout) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (Result<void> waited = Wait(POLLOUT, timeout, "sending"); !waited) return waited;
    } else if (errno != EINTR) {
      return Unavailable(fmt::format("sending to {} failed: {}", name_, LastSystemError()));
    }
  }
  return Ok();
}

Result<std::size_t> ClientConnection::ReadRaw(char* data, std::size_t size, Milliseconds timeout) {
  while (true) {
    if (cancel_.is_raised()) return Unavailable("the call was cancelled");
    const ssize_t count = ::recv(socket_, data, size, 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (Result<void> waited = Wait(POLLIN, timeout, "waiting for an answer"); !waited) {
        return waited.error();
      }
    } else if (errno != EINTR) {
      return Unavailable(fmt::format("reading from {} failed: {}", name_, LastSystemError()));
    }
  }
}

Result<void> ClientConnection::FlushTls(Milliseconds timeout) {
  BIO* const outgoing = SSL_get_wbio(tls_);
  std::array<char, 16384> piece{};
  while (BIO_pending(outgoing) > 0) {
    const int count = BIO_read(outgoing, piece.data(), static_cast<int>(piece.size()));
    if (count <= 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    if (Result<void> written = WriteRaw(bytes, timeout); !written) return written;
  }
  return Ok();
}

Result<bool> ClientConnection::FillTls(Milliseconds timeout) {
  std::array<char, 16384> piece{};
  const Result<std::size_t> count = ReadRaw(piece.data(), piece.size(), timeout);
  if (!count) return count.error();
  if (*count == 0) return false;
  BIO_write(SSL_get_rbio(tls_), piece.data(), static_cast<int>(*count));
  return true;
}

Result<void> ClientConnection::Shake(const Url& url, const TlsTrust& trust, Milliseconds timeout) {
  tls_ = SSL_new(trust.context());
  Check(tls_ != nullptr, "OpenSSL cannot make a TLS connection");
  // TLS works on memory and the socket is ours, so that writing never raises SIGPIPE and waiting
  // can be cancelled.
  SSL_set_bio(tls_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (IsAddress(url.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), url.host.c_str());
  } else {
    SSL_set_tlsext_host_name(tls_, url.host.c_str());
    SSL_set1_host(tls_, url.host.c_str());
  }
  while (true) {
    ERR_clear_error();
    const int code = SSL_connect(tls_);
    const int reason = SSL_get_error(tls_, code);
    if (Result<void> flushed = FlushTls(timeout); !flushed) return flushed;
    if (code == 1) return Ok();
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
      const long verdict = SSL_get_verify_result(tls_);
      if (trust.verifies() && verdict != X509_V_OK) {
        return Unavailable(
            fmt::format("the certificate of {} is not trusted: {}; name the file of its authority, "
                        "or check the "
                        "host's name",
                        name_, X509_verify_cert_error_string(verdict)));
      }
      return Unavailable(fmt::format("TLS with {} failed: {}", name_, LastTlsError()));
    }
    const Result<bool> filled = FillTls(timeout);
    if (!filled) return filled.error();
    if (!*filled) return Unavailable(fmt::format("{} closed during the TLS handshake", name_));
  }
}

Result<void> ClientConnection::Write(std::string_view bytes, Milliseconds timeout) {
  if (tls_ == nullptr) return WriteRaw(bytes, timeout);
  while (!bytes.empty()) {
    ERR_clear_error();
    const std::string_view piece = bytes.substr(0, kReadBytes);
    const int count = SSL_write(tls_, piece.data(), static_cast<int>(piece.size()));
    const int reason = SSL_get_error(tls_, count);
    if (Result<void> flushed = FlushTls(timeout); !flushed) return flushed;
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (reason == SSL_ERROR_WANT_READ) {
      const Result<bool> filled = FillTls(timeout);
      if (!filled) return filled.error();
      if (!*filled) return Unavailable(fmt::format("{} closed the connection", name_));
    } else {
      return Unavailable(fmt::format("sending to {} failed: {}", name_, LastTlsError()));
    }
  }
  return Ok();
}

Result<bool> ClientConnection::Read(std::string& out, Milliseconds timeout) {
  const std::size_t old_size = out.size();
  out.resize(old_size + kReadBytes);
  Result<std::size_t> got = std::size_t{0};
  if (tls_ == nullptr) {
    got = ReadRaw(out.data() + old_size, kReadBytes, timeout);
  }
  while (tls_ != nullptr) {
    ERR_clear_error();
    const int count = SSL_read(tls_, out.data() + old_size, static_cast<int>(kReadBytes));
    const int reason = SSL_get_error(tls_, count);
    if (Result<void> flushed = FlushTls(timeout); !flushed) {
      got = flushed.error();
      break;
    }
    if (count > 0) {
      got = static_cast<std::size_t>(count);
      break;
    }
    if (reason == SSL_ERROR_ZERO_RETURN) break;
    if (reason != SSL_ERROR_WANT_READ) {
      got = Unavailable(fmt::format("reading from {} failed: {}", name_, LastTlsError()));
      break;
    }
    const Result<bool> filled = FillTls(timeout);
    if (!filled) {
      got = filled.error();
      break;
    }
    if (!*filled) break;
  }
  out.resize(old_size + (got ? *got : 0));
  if (!got) return got.error();
  return *got > 0;
}

bool ClientConnection::HasInput() const {
  if (tls_ != nullptr && SSL_pending(tls_) > 0) return true;
  pollfd entry{socket_, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

bool ClientConnection::IsStale() const {
  char byte = 0;
  const ssize_t count = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  // TLS sends session tickets of its own accord; only the end of the stream says something.
  return count == 0 || tls_ == nullptr;
}

}  // namespace regatta::net
