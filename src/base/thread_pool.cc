#include "regatta/base/thread_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "regatta/base/contain.h"

namespace regatta {

ThreadPool::ThreadPool(int thread_count, int niceness) {
  threads_.reserve(static_cast<std::size_t>(thread_count));
  for (int i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this, niceness] { Loop(niceness); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  ready_.notify_one();
}

std::size_t ThreadPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return work_.size();
}

void ThreadPool::Loop(int niceness) {
  if (niceness > 0) {
    // On Linux the number of a thread names it alone.
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
  }
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return closing_ || !work_.empty(); });
      if (work_.empty()) return;
      work = std::move(work_.front());
      work_.pop_front();
    }
    (void)Contained("threads", "a piece of work", [&] {
      work();
      return Ok();
    });
  }
}

}  // namespace regatta
