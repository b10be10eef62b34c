// Memory that the answers of one engine share, from their first byte until their holder lets go.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace regatta::graphql {

// Thread-safe.
class AnswerBudget {
 public:
  explicit AnswerBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // False, and nothing taken, when they are not there.
  bool Take(std::size_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    Give(bytes);
    return false;
  }
  void Give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

// What one answer has of it. It keeps the budget alive, since an answer may outlive its engine. Not
// thread-safe, but for being destroyed elsewhere.
class AnswerMemory {
 public:
  explicit AnswerMemory(std::shared_ptr<AnswerBudget> budget) : budget_(std::move(budget)) {}
  ~AnswerMemory() { budget_->Give(taken_); }
  AnswerMemory(const AnswerMemory&) = delete;
  AnswerMemory& operator=(const AnswerMemory&) = delete;

  // Makes room for an answer of `bytes` so far, in large steps; small answers count for nothing.
  bool Cover(std::size_t bytes) {
    if (bytes <= kFreeBytes + taken_) return true;
    const std::size_t more =
        (bytes - kFreeBytes - taken_ + kStepBytes - 1) / kStepBytes * kStepBytes;
    if (!budget_->Take(more)) return false;
    taken_ += more;
    return true;
  }

 private:
  static constexpr std::size_t kFreeBytes = std::size_t{64} << 10;
  static constexpr std::size_t kStepBytes = std::size_t{1} << 20;

  const std::shared_ptr<AnswerBudget> budget_;
  std::size_t taken_ = 0;
};

}  // namespace regatta::graphql
