// The hyperparameters of a Gaussian process with a Matérn-5/2 kernel and one length scale a
// parameter.
//
//   k(x, x') = s · M(r²) + [x = x'] · n,   r² = Σ_d dist_d(x, x')² / ℓ_d²
//   M(r²) = (1 + √5 r + 5/3 r²) e^(-√5 r)      (Rasmussen and Williams 2006, eq. 4.17)
//
// with signal variance s, noise variance n, and a constant mean that is profiled out by generalised
// least squares. Targets are standardised by the caller.
#pragma once

#include <cstddef>
#include <vector>

namespace regatta::search {

// Natural logarithms.
struct Hyper {
  std::vector<double> log_scale;  // ln ℓ_d
  double log_signal = 0;          // ln s
  double log_noise = -4.5;        // ln n
  double bend = 0;                // λ of the outputs' warp, see Bend below

  std::size_t size() const { return log_scale.size() + 3; }
  double& operator[](std::size_t i);
  double operator[](std::size_t i) const;
  bool operator==(const Hyper&) const = default;
};

// Where the search for hyperparameters starts: ℓ = ½√d, so that no gradient or difference vanishes
// (Papenmeier et al. 2025).
Hyper DefaultHyper(std::size_t dimensions);

// ln of the prior density: ln ℓ ~ N(-½ + ½ ln d, 1) (length scales grow with √d, Hvarfner et al.
// 2024), ln s ~ N(0, 1), ln n ~ N(-4.5, 1.3), λ ~ N(0, 0.25) (standard deviations). -∞ outside ℓ in
// [0.02, 50], s in [0.02, 20], n in [1e-6, 1], λ in [-2, 2].
double LogPrior(const Hyper& hyper);

// Where hyperparameter i may lie, and the part of LogPrior that is its own.
struct Box {
  double low;
  double high;
};
Box BoxOf(const Hyper& hyper, std::size_t i);
double LogPriorOne(const Hyper& hyper, std::size_t i, double value);

// Both are part of the model, not of the rounding: the signal's share that is added to the
// diagonal, and the weight of the mean's own prior, N(0, 10²) in standardised units, which is too
// weak to matter and enough to be defined.
inline constexpr double kJitter = 1e-8;
inline constexpr double kMeanRidge = 0.01;

}  // namespace regatta::search
