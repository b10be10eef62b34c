// A few threads for work that waits: disk, name look-up, other processes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace regatta {

// Thread-safe. Work runs in the order of posting, as far as threads are free. What a piece of work
// throws ends that piece, with a line in the log.
class ThreadPool {
 public:
  // `niceness` is what the threads give way by, from 0 to 19: whoever else wants the processor has
  // it first.
  explicit ThreadPool(int thread_count, int niceness = 0);
  // Runs everything posted, then ends the threads.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Never blocks. The bound on waiting work is its caller's: the server limits requests in flight.
  void Post(std::function<void()> work);

  std::size_t waiting() const;

 private:
  void Loop(int niceness);

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> work_;
  bool closing_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace regatta
