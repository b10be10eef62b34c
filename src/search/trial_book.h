// What a sampler was told: the last word on each trial, and which points are taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/search_space.h"
#include "regatta/search/trial.h"

namespace regatta::search {

// Whether `trial` counts as a result, as a failure of its configuration, or as still open.
bool IsOpen(const Trial& trial);
// Finished with `objectives` finite values.
bool HasResult(const Trial& trial, std::size_t objectives);
// The configuration is to blame: failed, or finished without a finite value.
bool IsFailure(const Trial& trial, std::size_t objectives);

// Not thread-safe. Keeps a copy of what it is told.
class TrialBook {
 public:
  // Borrows `space`, which outlives the book.
  TrialBook(const SearchSpace& space, std::size_t objectives)
      : space_(&space), objectives_(objectives) {}

  // What a Tell or Forget changed, besides one more settled trial at the end of settled().
  struct Change {
    bool rewrote_history = false;  // an already settled trial changed or vanished
  };

  // Errors: as Sampler::Tell.
  Result<Change> Tell(const Trial& trial);
  Change Forget(TrialId id);

  // By id.
  const std::map<TrialId, Trial>& trials() const { return trials_; }
  // Ids of results and failures, in the order in which they were settled.
  const std::vector<TrialId>& settled() const { return settled_; }
  const Trial& trial(TrialId id) const { return trials_.at(id); }
  // Trials that are pending or running, ascending.
  const std::map<TrialId, bool>& open() const { return open_; }

  bool IsTaken(const std::string& key) const { return taken_.contains(key); }
  // Different points handed out.
  std::size_t taken() const { return taken_.size(); }

 private:
  void Untake(const Trial& trial);

  const SearchSpace* space_;
  std::size_t objectives_;
  std::map<TrialId, Trial> trials_;
  std::vector<TrialId> settled_;
  std::map<TrialId, bool> open_;
  std::unordered_map<std::string, int> taken_;
};

}  // namespace regatta::search
