// Smooth random functions of a vector: what most of our tasks are made of.
#pragma once

#include <span>
#include <vector>

#include "regatta/base/rng.h"

namespace regatta::bench {

// A draw from a Gaussian process with a squared-exponential kernel, by random Fourier features
// (Rahimi and Recht 2007): a sum of cosines of equal amplitude. Immutable, safe to share between
// threads.
class RandomWaves {
 public:
  RandomWaves() = default;
  // `inverse_scales`: 1/ℓ of each coordinate. With amplitude √(2/count) the function is about
  // standard normal.
  RandomWaves(std::span<const double> inverse_scales, int count, double amplitude, Rng& rng);

  // Requires: as many coordinates as there are scales.
  double operator()(std::span<const double> x) const;

 private:
  double amplitude_ = 0;
  std::vector<std::vector<double>> waves_;
  std::vector<double> phases_;
};

}  // namespace regatta::bench
