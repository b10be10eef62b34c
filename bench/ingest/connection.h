// A kept-open HTTP/1.1 connection to a server on this machine, for one request at a time.
#pragma once

#include <cstdint>
#include <string>

namespace regatta::bench {

// Not thread-safe. A failure that no load test can go on from ends the process with a message.
class Connection {
 public:
  explicit Connection(int port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // Takes the whole request, head and body.
  void Start(std::string request);
  // Goes on without blocking. True once the answer is there; then status() and body() are its.
  bool Continue();
  // True while the request is not yet with the kernel.
  bool wants_to_write() const { return sent_ < request_.size(); }
  // Start, and wait.
  void Do(std::string request);

  int status() const { return status_; }
  const std::string& body() const { return body_; }

 private:
  bool TakeAnswer();

  int fd_;
  std::string request_;
  std::size_t sent_ = 0;
  std::string received_;
  int status_ = 0;
  std::string body_;
};

// The text of a request. `authorization` is the header's value.
std::string RequestText(const std::string& path, const std::string& authorization,
                        const std::string& body);

}  // namespace regatta::bench
