// The threads that `regatta serve` has besides those of its modules.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace regatta::app {

// Calls `work` every `interval` on a thread of its own until destroyed. What a call throws ends
// that call, with a line in the log.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds interval, std::function<void()> work);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

// Ends the process when the time given to Start is over, unless it is destroyed before. What was
// answered is committed, so nothing is owed to anybody then: the next start reads the write-ahead
// log.
class StopDeadline {
 public:
  StopDeadline() = default;
  ~StopDeadline();
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

  // At most once.
  void Start(std::chrono::milliseconds left);

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_over_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace regatta::app
