// Where a request's body goes: into memory, or into a file while it is hashed.
//
// Not thread-safe, except MemoryBudget and PeerBudgets.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

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

// One budget for each peer that is connected. Thread-safe.
class PeerBudgets {
 public:
  // What the bodies of one peer may hold together.
  explicit PeerBudgets(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // The one that all holders with this `peer` share. Forgotten with its last holder.
  std::shared_ptr<MemoryBudget> Of(const std::string& peer);
  // Peers remembered, of which at most half have left, above a few.
  std::size_t size() const;

 private:
  static constexpr std::size_t kPruneMin = 64;
  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<std::string, std::weak_ptr<MemoryBudget>> budgets_;
  std::size_t prune_at_ = kPruneMin;
};

// What one request holds of the server's budget and of its peer's, given back when the request is
// over. Not thread-safe.
class BudgetShare {
 public:
  // Both outlive it.
  BudgetShare(MemoryBudget& of_all, MemoryBudget& of_peer) : of_all_(of_all), of_peer_(of_peer) {}
  ~BudgetShare() {
    of_peer_.Give(taken_);
    of_all_.Give(taken_);
  }
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;
  // Errors: kUnavailable when one of them is used up.
  Result<void> Take(std::uint64_t bytes);

 private:
  MemoryBudget& of_all_;
  MemoryBudget& of_peer_;
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
