// Bytes that were read and not yet used, and the pool of large buffers behind them.
#pragma once

#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace regatta::net {

// Not thread-safe.
class ReadBuffer {
 public:
  struct Room {
    char* data;
    std::size_t size;
  };

  std::string_view unread() const { return {storage_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void Consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Where the next bytes go: at least `size_min` of them.
  Room Prepare(std::size_t size_min) {
    if (storage_.size() - end_ < size_min) {
      if (begin_ > 0) std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
      end_ -= std::exchange(begin_, 0);
      if (storage_.size() - end_ < size_min) storage_.resize(end_ + size_min);
    }
    return {storage_.data() + end_, storage_.size() - end_};
  }
  void Commit(std::size_t count) { end_ += count; }

  // Goes on in `storage`, with the unread bytes; returns the old storage.
  std::vector<char> ExchangeStorage(std::vector<char> storage) {
    const std::string_view rest = unread();
    if (storage.size() < rest.size()) storage.resize(rest.size());
    if (!rest.empty()) std::memcpy(storage.data(), rest.data(), rest.size());
    end_ = rest.size();
    begin_ = 0;
    return std::exchange(storage_, std::move(storage));
  }

 private:
  std::vector<char> storage_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// Large buffers for those connections that just move a large body, so that idle ones stay small.
// Thread-safe.
class BufferPool {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

  std::vector<char> Take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::vector<char>(kBufferBytes);
    std::vector<char> buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void Give(std::vector<char> buffer) {
    constexpr std::size_t kFreeMax = 8;
    if (buffer.size() != kBufferBytes) return;
    const std::lock_guard lock(mutex_);
    if (free_.size() < kFreeMax) free_.push_back(std::move(buffer));
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<char>> free_;
};

}  // namespace regatta::net
