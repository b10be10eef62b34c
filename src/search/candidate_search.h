// Finds the point of a space that scores highest: by sampling, then repeated perturbation, which
// work alike for continuous, lattice, categorical and conditional parameters, then along the slopes
// of the score, where it has any.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "effort.h"
#include "encoder.h"
#include "point_picker.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/rng.h"
#include "sobol.h"

namespace regatta::search {

struct Candidate {
  Unit unit;
  double score = 0;
};

// Highest score first; equal ones keep their order, and what is not a number counts as lowest.
void SortByScore(std::vector<Candidate>& candidates);

struct SearchSettings {
  std::size_t candidates = 512;   // in the first round
  std::size_t survivors = 64;     // kept after the first round
  std::size_t parents = 8;        // refined further
  std::size_t children = 6;       // of each parent in each round
  std::size_t rounds = 8;         // where the score has no slopes
  std::size_t rounds_before = 3;  // and before it is polished along them
  std::size_t climbers = 16;      // of the best, different ones, that are polished
  std::size_t steps = 12;         // evaluations of each
  std::size_t finalists = 12;     // looked at by the full model
};

// Scores for a batch of points, higher is better; those of one effort can be compared.
using ScoreFunction = FunctionRef<void(std::span<const Unit>, Effort, std::vector<double>&)>;

// What polishing needs to know.
struct Slopes {
  // Scores as of Effort::kLook and their derivatives by each coordinate.
  FunctionRef<void(std::span<const Unit>, std::vector<double>&, std::vector<Unit>&)> score;
  // A box around a point within which continuous coordinates may move.
  FunctionRef<void(const Unit&, Unit& low, Unit& high)> box;
};

// A random neighbour of `base`: on average `dimensions_mean` coordinates move, numbers by a normal
// step of width `width`·scale_d of the unit range (reflected at its ends), lattices by at least one
// level, categories to any other. Parameters that become active are drawn afresh.
Unit Perturb(const Encoder& encoder, const Unit& base, double width, double dimensions_mean,
             std::span<const double> scale, Rng& rng);

// The best points found, best first. `seeds` are good points to perturb; `admit` says which points
// may be proposed at all; `scale` is how far the score reaches in each coordinate (length scales);
// `slopes` is null where the score has none.
std::vector<Candidate> SearchCandidates(const Encoder& encoder, const Sobol& sobol,
                                        std::uint64_t sobol_offset, std::span<const Unit> seeds,
                                        std::span<const double> scale,
                                        const SearchSettings& settings,
                                        FunctionRef<bool(const Unit&)> admit, ScoreFunction score,
                                        Rng& rng, const Slopes* slopes = nullptr);

// All of `units`, best first as far as it pays: the best at a glance are looked at again, and the
// best of these by the full model. As few as `survivors` are all looked at by the full model.
std::vector<Candidate> SiftCandidates(std::vector<Unit> units, const SearchSettings& settings,
                                      ScoreFunction score);

}  // namespace regatta::search
