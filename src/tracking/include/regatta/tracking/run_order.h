// The order of a listing of runs: "+created_at", "-summary_metrics.loss,+name".
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/run_surroundings.h"

namespace regatta::tracking {

// Immutable and cheap to copy.
class RunOrder {
 public:
  struct Key;

  // Oldest first.
  RunOrder() = default;

  // Reads keys separated by commas, each `+field`, `-field` or `field` (ascending), with the fields
  // of RunFilter; the first key decides, the next ones break ties, then the order of creation.
  // Empty text is the order of creation. Errors: kInvalidArgument naming the key.
  static Result<RunOrder> Parse(std::string_view order);

  // True if only the time of creation matters, so that no document need be looked at.
  bool is_by_creation() const;
  bool newest_first() const;
  const std::vector<Key>& keys() const;

 private:
  std::shared_ptr<const std::vector<Key>> keys_;  // null: oldest first
};

// Sorts runs without keeping them. Numbers come before texts; NaN, then missing values come last in
// either direction.
class RunSorter {
 public:
  explicit RunSorter(RunOrder order);
  ~RunSorter();
  RunSorter(const RunSorter&) = delete;
  RunSorter& operator=(const RunSorter&) = delete;

  // Requires: runs come in the order of their creation, which is that of their ids.
  void Add(const Run& run, const RunSurroundings& around);
  // The ids of all that was added, sorted; the sorter is empty then.
  std::vector<RunId> TakeSorted();

 private:
  struct Entry;
  const RunOrder order_;
  std::vector<Entry> entries_;
};

}  // namespace regatta::tracking
