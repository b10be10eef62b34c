// Population based training (Jaderberg et al. 2017, "Population based training of neural
// networks"): decides, every now and then, which member of a running population takes over another
// one's checkpoint (exploit), and with which parameters it goes on (explore): by perturbation, or
// by the bandit of PB2 (Parker-Holder et al. 2020), which learns what gains most at present.
//
// Pure and seeded; keeps no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "regatta/base/result.h"
#include "regatta/search/sampler.h"
#include "regatta/search/search_space.h"
#include "regatta/search/trial.h"

namespace regatta::search {

// A running trial at the same interval as its peers.
struct PopulationMember {
  TrialId id = 0;
  Point values;
  double value = 0;  // of the objective, now
};

// What one member did for one interval: what the bandit learns from.
struct PopulationInterval {
  TrialId id = 0;
  std::uint64_t interval = 0;  // its number
  Point values;
  std::optional<double> before;  // the objective when it began, after the parent's checkpoint was
                                 // loaded; absent: it began with an untrained model
  std::optional<double> after;   // when it ended; absent: it goes on still
};

// Where the parameters come from that a member which copied goes on with.
enum class Explore : std::uint8_t {
  kPerturb,  // the parent's, moved at random or drawn afresh
  kPb2,      // the bandit's choice from the whole space; kPerturb while it knows too few intervals
};

// Intervals that must have ended before the bandit chooses.
inline constexpr std::size_t kPb2ResultsMin = 4;

struct PbtOptions {
  Goal goal = Goal::kMinimize;
  std::uint64_t seed = 0;
  Explore explore = Explore::kPerturb;
  double share = 0.2;      // the bottom share copies from the top share (truncation selection)
  double resample = 0.25;  // chance that a parameter is drawn afresh instead of perturbed
  double step = 0.1;       // size of a perturbation of a number, as a share of its unit range
  // Points for which this is false are never gone on with, unless the parent has them. Empty: all
  // are allowed. Must be pure.
  std::function<bool(const Point&)> allowed;
};

struct PbtDecision {
  // Set if the member should load this one's checkpoint; else it goes on as it is.
  std::optional<TrialId> parent;
  Point values;        // the parameters to go on with
  std::string reason;  // a sentence
};

// What `member` does after interval number `interval`. Populations of fewer than 4 never copy. A
// member whose value is not finite ranks last. A parent is better than who copies from it, and its
// values lie in the space. `history`, for kPb2: intervals that ended, this one included, and those
// that were decided on since, in the order in which they were; an interval that ended in a value
// that is not finite is one that failed. Which intervals follow each other is told by the order of
// their numbers. Errors: kNotFound if `member` is not in the population.
Result<PbtDecision> DecidePbt(const SearchSpace& space,
                              std::span<const PopulationMember> population, TrialId member,
                              std::uint64_t interval, const PbtOptions& options,
                              std::span<const PopulationInterval> history = {});

}  // namespace regatta::search
