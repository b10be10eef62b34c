// Asynchronous successive halving, promotion variant (Li et al. 2020, "A system for massively
// parallel hyperparameter tuning", algorithm 2), for trials that can be paused and go on later.
//
// Every trial pauses at each rung min·η^k; whenever a worker is free, the best trial that is among
// the best 1/η of its rung and not promoted yet goes on to the next rung, the highest rung first.
// Without one, a new trial is due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/fidelity.h"
#include "regatta/search/sampler.h"
#include "regatta/search/trial.h"

namespace regatta::search {

// A paused trial that may go on.
struct Promotion {
  TrialId trial = 0;
  std::int64_t until = 0;  // the resource to train it to
  std::int64_t rung = 0;   // where it waits
  double value = 0;        // its best there, in the metric's own sign
  std::size_t better = 0;  // trials of that rung that are better
  std::size_t size = 0;    // trials that reached it
};

// Pure: what it says depends on what it was told alone, whatever the order between trials of equal
// progress. Not thread-safe.
class Promoter {
 public:
  // Errors: kInvalidArgument without a full length, for a first rung that is not below it, or for
  // eta <= 1.
  static Result<Promoter> Create(const Fidelity& fidelity, Goal goal);

  // Where a trial that has been trained to `resource` pauses next; the full length at the end.
  std::int64_t PauseAfter(std::int64_t resource) const;

  // The trial logged `value` at `resource`. Returns whether it is to pause: it has just reached a
  // rung below the full length. Values that are not finite never reach a rung.
  bool Report(TrialId trial, std::int64_t resource, double value);

  // The trial that should go on now, if one is due.
  std::optional<Promotion> Next() const;
  // The trial goes on: it waits no more. Requires: Next named it, or it waits at a rung.
  void Resume(TrialId trial);
  // The trial has ended; its values go on counting.
  void End(TrialId trial);

  bool IsPaused(TrialId trial) const;

 private:
  struct Run {
    double best = 0;                // so far, lower is better
    std::size_t rungs = 0;          // reached
    std::optional<std::size_t> at;  // the rung it waits at
  };

  Promoter(std::vector<std::int64_t> rungs, std::int64_t full, double eta, Goal goal);

  std::vector<std::int64_t> rungs_;  // below the full length, ascending
  std::int64_t full_;
  double eta_;
  double sign_;
  std::map<TrialId, Run> runs_;
  std::vector<std::vector<double>> at_rung_;  // sorted values
};

}  // namespace regatta::search
