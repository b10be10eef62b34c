// A run as search sees it, and a proposal that is not a run yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "regatta/search/parameter_value.h"

namespace regatta::search {

// The trial's number in its search, from 0. The owner gives it; suggestions are keyed by it.
using TrialId = std::uint64_t;

enum class TrialState : std::uint8_t {
  kPending,   // handed out, not started
  kRunning,   // started; may have observations
  kFinished,  // has its objectives (also when it was stopped early)
  kFailed,    // the configuration is to blame: crash, NaN, out of memory
  kLost,      // the infrastructure is to blame: counts for nothing
};

// The first objective's value at one step (or epoch, or any other resource that grows).
struct Observation {
  std::int64_t step = 0;
  double value = 0;
};

struct Trial {
  TrialId id = 0;
  Point values;
  TrialState state = TrialState::kPending;
  std::vector<Observation> observations;
  // In the order of the search's objectives, in the metric's own sign. A finished trial with a
  // value that is not finite counts as failed.
  std::vector<double> objectives;
  // In the order of the search's outcome constraints; missing ones are unknown.
  std::vector<double> constraints;
  // What the trial took, in any unit (seconds, say).
  std::optional<double> cost;
  // The number a grid gave to this point (Suggestion::grid_index), so that edits of the run's
  // configuration never change what is covered.
  std::optional<std::uint64_t> grid_index;
};

// Why a point was proposed, in facts. Values are in the metric's own sign and unit.
struct Explanation {
  std::string rule;  // e.g. "grid", "random", "start", "expected improvement", "explore"
  std::optional<double> predicted_value;
  std::optional<double> predicted_spread;  // one standard deviation, noise left out
  std::optional<double> expected_improvement;
  std::optional<double> success_probability;  // P(better than the best so far)
  std::optional<TrialId> nearest_trial;
  std::optional<double> nearest_distance;  // in the unit cube, largest coordinate difference
  std::size_t trials_known = 0;            // results and failures the decision rests on
  std::size_t trials_pending = 0;
  std::string note;  // anything else worth saying, a sentence
};

// The facts in one sentence for people.
std::string Describe(const Explanation& why);

// Parameter values proposed, not yet a run.
struct Suggestion {
  Point values;
  Explanation why;
  std::optional<std::uint64_t> grid_index;  // grid only: keep it with the trial
};

}  // namespace regatta::search
