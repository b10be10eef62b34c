// The intervals of the population of a search over --stdio, from what its trials decided after
// each: what a bandit learns from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "regatta/search/pbt.h"
#include "regatta/search/trial.h"

namespace regatta::app {

// How a member went on after an interval, and why.
struct PopulationStep {
  std::uint64_t interval = 0;             // its number, as the caller counts
  std::optional<search::TrialId> parent;  // whose checkpoint was loaded; absent: its own
  search::Point values;                   // for the next interval
  std::string reason;
};

// Not thread-safe.
class PopulationLog {
 public:
  // `member`, as it was before, goes on by `step` from a checkpoint whose objective is `loaded`.
  // Its interval ends with the latest value that it reported. Requires: it has reported.
  void Add(const search::Trial& member, const PopulationStep& step, double loaded);
  // The trial trains no longer. An interval that it had begun counts as failed if `is_failed`, else
  // for nothing.
  void End(search::TrialId id, bool is_failed);

  // How the member went on when it asked for the same interval; null if it has not, or has reported
  // since.
  const PopulationStep* Find(const search::Trial& member, std::uint64_t interval) const;

  // What is known when a member asks after interval number `interval`: the intervals that
  // ended, in the order in which they did, then the newest of each running trial, which ends with
  // what was reported last if the trial has not asked yet, else is open. A trial's first interval
  // begins with an untrained model.
  std::vector<search::PopulationInterval> History(const std::vector<search::Trial>& trials,
                                                  std::uint64_t interval) const;

 private:
  // The newest interval of `member` if it ends now.
  search::PopulationInterval Ended(const search::Trial& member, std::uint64_t interval) const;

  // The newest interval of a member.
  struct Open {
    PopulationStep step;
    std::size_t reported = 0;  // values before it began
    search::PopulationInterval interval;
  };

  std::vector<search::PopulationInterval> ended_;
  std::map<search::TrialId, Open> open_;
};

}  // namespace regatta::app
