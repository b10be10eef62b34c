// Runs a sampler on a task: one trial at a time, in rounds, or with workers that end in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "tasks.h"

namespace regatta::bench {

// One optimisation of a task, seen from the objective's side. Observation number i has the same
// noise for every method that is measured with the same seed. The task must outlive it.
class Session {
 public:
  Session(const Task& task, std::uint64_t seed);

  // What a sampler would be told; infinite for a crash.
  double Observe(const search::Point& point);

  // After each observation: (true value of the trial that looks best - optimum) / (reference -
  // optimum), or kNothingYet while all crashed. Below 0 where the optimum was only searched for
  // (s2) and has been beaten.
  const std::vector<double>& regrets() const { return regrets_; }
  static constexpr double kNothingYet = 10;

 private:
  const Task& task_;
  Rng rng_;
  double best_seen_ = std::numeric_limits<double>::infinity();
  double best_true_ = std::numeric_limits<double>::infinity();
  std::vector<double> regrets_;
};

struct Schedule {
  std::size_t trials = 100;
  // Asked for at once; all of a round end before the next one. Used where `workers` is 1.
  std::size_t batch = 1;
  // Trials that run at the same time; each asks for its next trial when its own ends.
  std::size_t workers = 1;
  // Standard deviation of the logarithm of a trial's duration, whose median is 1. With 0, trials
  // end in the order of their start.
  double spread = 0.7;
};

// The ids of the trials in the order of their ends. Trial i takes the same time for every method
// that is measured with the same seed. Errors: what the sampler answers.
Result<std::vector<search::TrialId>> Simulate(search::Sampler& sampler, const Schedule& schedule,
                                              std::uint64_t seed, Session& session);

}  // namespace regatta::bench
