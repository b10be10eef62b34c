#include "serve_threads.h"

#include <cstdlib>
#include <utility>

#include "command_line.h"
#include "regatta/base/contain.h"
#include "regatta/base/log.h"

namespace regatta::app {

Periodic::Periodic(std::chrono::milliseconds interval, std::function<void()> work)
    : thread_([this, interval, work = std::move(work)] {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, interval, [this] { return is_stopping_; })) {
          lock.unlock();
          (void)Contained("serve", "periodic work", [&work] {
            work();
            return Ok();
          });
          lock.lock();
        }
      }) {}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

StopDeadline::~StopDeadline() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StopDeadline::Start(std::chrono::milliseconds left) {
  thread_ = std::thread([this, left] {
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, left, [this] { return is_over_; })) return;
    Log(LogLevel::kWarning, "serve", "work is still going on after {} ms: leaving without it",
        left.count());
    std::_Exit(kExitOk);
  });
}

}  // namespace regatta::app
