#include "call_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "regatta/base/check.h"

namespace regatta::agent {

CallQueue::CallQueue(AgentTransport& transport)
    : transport_(transport), ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Check(ready_.is_open(), "no file descriptors are left for the agent");
  thread_ = std::thread([this] {
    // Signals are for the main thread.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    Work();
  });
}

CallQueue::~CallQueue() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    calls_.clear();
  }
  wakeup_.notify_one();
  transport_.Cancel();
  thread_.join();
}

void CallQueue::Send(Call call) {
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  wakeup_.notify_one();
}

std::vector<CallAnswer> CallQueue::Take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(ready_.get(), &count, sizeof(count));
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void CallQueue::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wakeup_.wait(lock, [this] { return is_ending_ || !calls_.empty(); });
    if (is_ending_) {
      return;
    }
    const Call call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    Result<ServerReply> reply = transport_.Post(call.path, call.body);
    lock.lock();
    answers_.push_back({.id = call.id, .reply = std::move(reply)});
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(ready_.get(), &one, sizeof(one));
  }
}

}  // namespace regatta::agent
