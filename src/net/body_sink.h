// Where a request's body goes: into memory, or into a file while it is hashed.
//
// Not thread-safe, except MemoryBudget.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "regatta/base/result.h"
#include "regatta/codec/hash.h"
#include "regatta/net/http.h"

namespace regatta::net {

// Bytes that all bodies in memory may hold together. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // False, and nothing taken, when they are not there.
  bool Take(std::uint64_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    Give(bytes);
    return false;
  }
  void Give(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> used_{0};
};

// What one request holds of a budget, given back when the request is over. Not thread-safe.
class BudgetShare {
 public:
  explicit BudgetShare(MemoryBudget& budget) : budget_(budget) {}
  ~BudgetShare() { budget_.Give(taken_); }
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;
  // Errors: kUnavailable when the budget is used up.
  Result<void> Take(std::uint64_t bytes);

 private:
  MemoryBudget& budget_;
  std::uint64_t taken_ = 0;
};

// Takes a body piece by piece. The destructor deletes what was not finished.
//
// Errors of Write: kResourceExhausted above `bytes_max`, kUnavailable when memory or disk have no
// room.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Result<void> Write(std::string_view piece) = 0;
  // Hands the whole body over into `request`. Called once, after the last Write.
  virtual Result<void> Finish(Request& request) = 0;
};

// `share` outlives the sink. `bytes_expected` is what the client announced, or 0.
std::unique_ptr<BodySink> MakeMemorySink(std::uint64_t bytes_max, std::uint64_t bytes_expected,
                                         BudgetShare& share);

// Errors: kUnavailable when no file can be created in `folder`.
Result<std::unique_ptr<BodySink>> MakeSpoolSink(std::uint64_t bytes_max,
                                                const std::filesystem::path& folder);

// The refusal of a body that is, or says it is, larger than `bytes_max`.
Error BodyTooLarge(std::uint64_t bytes_max);

}  // namespace regatta::net
