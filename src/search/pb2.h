// The explore step of PB2 (Parker-Holder et al. 2020, "Provably efficient online hyperparameter
// optimization with population-based bandits"): a bandit with a Gaussian process that forgets says
// with which parameters a member that copied another one goes on.
//
// The process is over the gain of an interval as a function of parameters x, time t and the level b
// of the model when the interval began (population_gains.h). All share one kernel (hyper.h),
//
//   k = s · M(r²),   r² = Σ_d dist_d(x, x')² / ℓ_d² + (t - t')² / ℓ_t² + (b - b')² / ℓ_b²
//
// in place of the paper's k(x, x') · (1 - ε)^(|t - t'| / 2): time is a number as any other, whose
// length scale, the rate of forgetting, follows from evidence instead of from a grid of ε, and a
// steady drift is followed ahead, which no kernel with a kink at t = t' does. The choice maximises
//
//   Σ_i mean_i(x) + κ · deviation_i(x),   κ = 1,
//
// over draws i of the hyperparameters from their posterior. Intervals that have begun and not ended
// are pending: they take deviation off around them (batch UCB, Desautels et al. 2014), and choices
// keep 0.01 of some number's range away from them, so that members that copy at the same time
// spread. Numbers move by at most 0.3 of their range from the parent's, or a level.
//
// Unordered lists are part of the same kernel, so the same choice settles numbers and categories.
// PB2-Mix (Parker-Holder et al. 2021, "Tuning mixed input hyperparameters on the fly for efficient
// population based AutoRL") chooses categories by an adversarial bandit first and numbers given
// them; with conditional parameters what numbers there are depends on the categories, and results
// of one category then say nothing about the others.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "regatta/search/pbt.h"

namespace regatta::search {

struct Pb2Choice {
  Point values;
  std::size_t intervals = 0;  // ended ones that it rests on
};

// The parameters for the interval `next` of the member next.id, which begins at the checkpoint of
// who had the parameters next.values. Nothing with fewer than kPb2ResultsMin usable results, or if
// no allowed point was found. A function of its arguments. Pure.
std::optional<Pb2Choice> ChoosePb2(const SearchSpace& space,
                                   std::span<const PopulationInterval> history,
                                   const PopulationInterval& next, const PbtOptions& options);

}  // namespace regatta::search
