// Starting one training process so that the agent can always end it again.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::agent {

// A file descriptor that closes itself. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int Release();
  void Close();

 private:
  int fd_ = -1;
};

struct ProcessSpec {
  std::vector<std::string> arguments;    // [0] is looked up in the PATH of `environment`
  std::vector<std::string> environment;  // "NAME=value"
};

struct SpawnedProcess {
  pid_t pid = 0;  // also its session and process group
  FileDescriptor output;
  FileDescriptor errors;  // both: read ends, non-blocking
};

// Starts the program in a session and process group of its own, standard input closed (/dev/null),
// output and errors on pipes, default signal actions, nothing else inherited. It is killed when the
// calling thread ends, so that a killed agent leaves no run behind that somebody else is given too.
//
// Errors: kNotFound when there is no such program, kFailedPrecondition when it cannot be executed,
// kResourceExhausted when the system has no room for it; the message names the program.
Result<SpawnedProcess> Spawn(const ProcessSpec& spec);

}  // namespace regatta::agent
