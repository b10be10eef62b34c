// Several objectives at once: what dominates what, how much of the space a set of outcomes
// dominates, and how much a prediction promises to add.
//
// Outcomes are vectors of objectives, lower is better in each. Pure functions and immutable values,
// safe to share between threads.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace regatta::search {

using Outcome = std::vector<double>;

// a is nowhere worse than b and somewhere better.
bool Dominates(const Outcome& a, const Outcome& b);

// The outcomes that no other dominates, of equal ones the first, in ascending order.
std::vector<Outcome> Front(const std::vector<Outcome>& outcomes);

// Up to where volume counts: worse than the front's worst in each objective by a tenth of its
// range, at least by that objective's margin.
Outcome ReferencePoint(const std::vector<Outcome>& front, const Outcome& margins);

// The volume that `front` dominates below `reference`, for any number of objectives. Time grows as
// the size to the power of (objectives - 1).
double Hypervolume(const std::vector<Outcome>& front, const Outcome& reference);

// The expected growth of the dominated volume when one more outcome comes, for 2 or 3 objectives.
//
// What lies below the reference and is not dominated yet is cut into boxes, at most 2n + 1 of them,
// by sweeping over the third objective (Emmerich, Yang, Deutz, Wang, Fonseca 2016, "A multicriteria
// generalization of Bayesian global optimization"; in strips for two). In each box the integral of
// P(Y <= z) factorises; the sum is taken in logarithms (Ament et al. 2023), so that it also ranks
// points that promise next to nothing.
class ExpectedHypervolumeImprovement {
 public:
  // Requires: 2 or 3 objectives.
  ExpectedHypervolumeImprovement(const std::vector<Outcome>& front, const Outcome& reference);

  // ln E[growth] for independent Y[k] ~ N(mean[k], variance[k]), whose variances are floored at
  // 1e-10.
  double Log(const double* mean, const double* variance) const;
  // The same, to the bit, and its derivatives by each mean and variance. With A(t) = E[max(0, t -
  // Y)] a box is a product of differences A(high) - A(low), so by the chain rule
  //
  //   ∂ ln E / ∂θ = Σ_boxes share · Σ_k (A'(high) - A'(low)) / (A(high) - A(low))
  //
  // gathered by edges in shares of the logarithms, which stay finite where A does not.
  double LogSlopes(const double* mean, const double* variance, double* by_mean,
                   double* by_variance) const;
  std::size_t boxes() const { return boxes_.size(); }

 private:
  // Places in edges_; low[1] is always -∞, as is where the place is 0.
  struct Box {
    std::size_t low0, high0, high1, low2, high2;
  };

  // ln of the volumes expected in each box, and of their sum, given ln A at each edge.
  double LogOfBoxes(const std::vector<double>* areas, std::vector<double>& boxes) const;

  std::vector<std::vector<double>> edges_;  // per objective, ascending from -∞
  std::vector<Box> boxes_;
};

// For four objectives and more: ln of the expected improvement of a random weighted Chebyshev value
// over a few fixed standard normal draws, of which there are a multiple of the number of weights
// (Knowles 2006, "ParEGO"; Zhang and Golovin 2020, "Random hypervolume scalarizations").
double LogChebyshevImprovement(const std::vector<Outcome>& front,
                               const std::vector<double>& weights, const double* mean,
                               const double* variance, std::span<const double> draws);

}  // namespace regatta::search
