// One blocking connection of the client, plain or TLS, that another thread can break.
//
// Sockets and poll alone, so that a static binary carries no event loop. Not thread-safe; the
// CancelSignal is.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "regatta/base/result.h"
#include "url.h"

struct ssl_ctx_st;
struct ssl_st;

namespace regatta::net {

// Wakes everything that waits, once and for all. Thread-safe.
class CancelSignal {
 public:
  CancelSignal();
  ~CancelSignal();
  CancelSignal(const CancelSignal&) = delete;
  CancelSignal& operator=(const CancelSignal&) = delete;
  // Also from a signal handler.
  void Raise();
  bool is_raised() const;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// The authorities that a client believes. Constant after construction; shared by its connections.
class TlsTrust {
 public:
  // Errors: kInvalidArgument when `ca_file` cannot be read.
  static Result<std::unique_ptr<TlsTrust>> Load(const std::filesystem::path& ca_file,
                                                bool verifies_certificate);
  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;
  ssl_ctx_st* context() const { return context_; }
  bool verifies() const { return verifies_; }

 private:
  TlsTrust(ssl_ctx_st* context, bool verifies) : context_(context), verifies_(verifies) {}
  ssl_ctx_st* context_;
  bool verifies_;
};

class ClientConnection {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // Looks the name up, connects and shakes hands, trying each address. `trust` is needed for TLS
  // only; `cancel` and `trust` outlive the connection. Errors: kUnavailable, naming host and
  // reason.
  static Result<std::unique_ptr<ClientConnection>> Open(const Url& url, Milliseconds timeout,
                                                        const TlsTrust* trust,
                                                        const CancelSignal& cancel);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // Writes all of it. `timeout` is without progress.
  Result<void> Write(std::string_view bytes, Milliseconds timeout);
  // Appends at least one byte to `out`; false when the peer has closed.
  Result<bool> Read(std::string& out, Milliseconds timeout);
  // Whether the peer has closed, or sent what nobody asked for: the connection cannot be used
  // again.
  bool IsStale() const;
  // Whether bytes of the peer wait to be read.
  bool HasInput() const;

 private:
  ClientConnection(int socket, const CancelSignal& cancel, std::string name)
      : socket_(socket), cancel_(cancel), name_(std::move(name)) {}

  Result<void> Wait(short events, Milliseconds timeout, std::string_view what);
  Result<void> WriteRaw(std::string_view bytes, Milliseconds timeout);
  Result<std::size_t> ReadRaw(char* data, std::size_t size, Milliseconds timeout);
  Result<void> Shake(const Url& url, const TlsTrust& trust, Milliseconds timeout);
  // Sends what TLS has ready, and takes in more from the peer. False when the peer has closed.
  Result<void> FlushTls(Milliseconds timeout);
  Result<bool> FillTls(Milliseconds timeout);

  int socket_;
  const CancelSignal& cancel_;
  const std::string name_;
  ssl_st* tls_ = nullptr;
};

}  // namespace regatta::net
