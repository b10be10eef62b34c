// Standard output as it is: sometimes slow, sometimes stuck.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "spawn.h"

namespace regatta::agent {

// Writes text to a file descriptor on a thread of its own, so that a reader who does not read stops
// the runs (their output waits, see is_full) and never the agent. Methods from one thread.
class OutputPump {
 public:
  static constexpr std::size_t kFullBytes = std::size_t{1} << 20;

  explicit OutputPump(int fd);
  // Waits for at most a second until everything is written.
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  void Add(std::string_view text);
  // Too much is waiting: take no more output from the runs until fd() is readable.
  bool is_full();
  // Becomes readable when there is room again.
  int fd() const { return room_.get(); }

 private:
  void Work();

  const int fd_;
  FileDescriptor room_;
  FileDescriptor end_;
  // Below: protected by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;
  std::size_t writing_bytes_ = 0;
  bool is_ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace regatta::agent
