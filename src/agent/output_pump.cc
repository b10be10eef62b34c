#include "output_pump.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <utility>

namespace regatta::agent {
namespace {

void Notify(const FileDescriptor& fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd.get(), &one, sizeof(one));
}

// Waits until `fd` takes bytes; false when `end` was notified first.
bool WaitWritable(int fd, int end) {
  std::array<pollfd, 2> fds = {pollfd{.fd = fd, .events = POLLOUT, .revents = 0},
                               pollfd{.fd = end, .events = POLLIN, .revents = 0}};
  while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  return fds[0].revents != 0 || fds[1].revents == 0;
}

}  // namespace

OutputPump::OutputPump(int fd)
    : fd_(fd),
      room_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    Work();
  });
}

OutputPump::~OutputPump() {
  {
    std::unique_lock lock(mutex_);
    is_ending_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(1),
                      [this] { return waiting_.empty() && writing_bytes_ == 0; });
  }
  Notify(end_);
  thread_.join();
}

void OutputPump::Add(std::string_view text) {
  const std::lock_guard lock(mutex_);
  waiting_ += text;
  changed_.notify_all();
}

bool OutputPump::is_full() {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + writing_bytes_ < kFullBytes) {
    return false;
  }
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(room_.get(), &count, sizeof(count));
  return true;
}

void OutputPump::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (waiting_.empty()) {
      return;
    }
    std::string text = std::exchange(waiting_, {});
    writing_bytes_ = text.size();
    lock.unlock();
    std::string_view rest = text;
    bool is_broken = false;
    while (!rest.empty() && !is_broken) {
      if (!WaitWritable(fd_, end_.get())) {
        return;
      }
      // At most what a pipe takes at once when poll says that it takes something.
      const ssize_t written = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), 4096));
      if (written > 0) {
        rest.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR && errno != EAGAIN) {
        is_broken = true;  // nobody reads any more: what comes is dropped
      }
    }
    lock.lock();
    writing_bytes_ = 0;
    changed_.notify_all();
    if (waiting_.size() < kFullBytes) {
      Notify(room_);
    }
  }
}

}  // namespace regatta::agent
