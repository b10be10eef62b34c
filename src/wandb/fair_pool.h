// Threads for long work of many persons, of which no one takes them all.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "regatta/base/thread_pool.h"

namespace regatta::wandb {

// Thread-safe. Work of one owner begins in the order of posting.
class FairPool {
 public:
  struct Limits {
    int threads = 8;
    int running_of_owner_max = 4;
    std::size_t waiting_of_owner_max = 128;
    int niceness = 0;
  };

  explicit FairPool(const Limits& limits);
  // Closes it, and waits for what runs.
  ~FairPool() { Close(); }
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  // Never blocks. False, and nothing done, when too much of this owner's waits already or the pool
  // is closed.
  bool Post(std::int64_t owner, std::function<void()> work);

  // From here on nothing begins; what waits is dropped.
  void Close() { is_closed_ = true; }

 private:
  struct Owner {
    int running = 0;
    std::deque<std::function<void()>> waiting;
  };

  // Gives `work` to the threads, and the owner's next after it.
  void Start(std::int64_t owner, std::function<void()> work);
  void Finish(std::int64_t owner);

  const Limits limits_;
  std::atomic<bool> is_closed_ = false;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, Owner> owners_;  // guarded by mutex_; those with work
  // Last: its threads use all of the above.
  ThreadPool threads_;
};

}  // namespace regatta::wandb
