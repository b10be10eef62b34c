// Trials whose length matters: what a part of a learning curve tells about the whole.
//
// Field words: a trial's resource is how far it was trained (epochs, say), a rung is a resource at
// which trials are compared (Li et al. 2020, "A system for massively parallel hyperparameter
// tuning").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "regatta/search/trial.h"

namespace regatta::search {

// Rungs closer than this tell nothing apart.
inline constexpr double kEtaMin = 1.1;

// Says that trials may end before their full length, and where they are compared on the way. The
// steps of their observations are then resources.
struct Fidelity {
  std::int64_t min = 1;             // the first rung
  std::optional<std::int64_t> max;  // the full length; absent: the longest trial so far
  // Each rung is so many times the one before; less than kEtaMin counts as kEtaMin.
  double eta = 3;
};

// What a model expects of a trial once it has its full length, in the objective's own sign.
struct ExpectedEnd {
  TrialId trial = 0;
  double value = 0;
};

// A sampler looks at no more values of one curve than this.
inline constexpr std::size_t kRungsMax = 6;

// The lowest rung above `resource`.
double RungAbove(const Fidelity& fidelity, std::int64_t resource);

// The values of a curve that matter: at each rung the best so far, and so at its last observation
// (unless `with_last` is false: what a growing curve is known by changes at rungs alone then); at
// most kRungsMax, evenly chosen, the first and the last among them. Values that are not finite are
// passed over, and so are steps that do not ascend. Requires: min >= 1, eta > 1.
std::vector<Observation> AtRungs(const Fidelity& fidelity, bool maximize,
                                 std::span<const Observation> observations, bool with_last = true);

// The same values against their number, from 1, those that are not finite left out: the resource of
// a search that counts values instead of steps.
std::vector<Observation> Counted(std::span<const Observation> observations);

}  // namespace regatta::search
