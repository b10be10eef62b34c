#include "random_waves.h"

#include <cmath>
#include <cstddef>
#include <numbers>

namespace regatta::bench {

RandomWaves::RandomWaves(std::span<const double> inverse_scales, int count, double amplitude,
                         Rng& rng)
    : amplitude_(amplitude) {
  for (int k = 0; k < count; ++k) {
    std::vector<double>& wave = waves_.emplace_back();
    for (const double inverse_scale : inverse_scales) {
      wave.push_back(rng.Normal() * inverse_scale);
    }
    phases_.push_back(2 * std::numbers::pi * rng.Uniform());
  }
}

double RandomWaves::operator()(std::span<const double> x) const {
  double sum = 0;
  for (std::size_t k = 0; k < waves_.size(); ++k) {
    double angle = phases_[k];
    for (std::size_t i = 0; i < x.size(); ++i) {
      angle += waves_[k][i] * x[i];
    }
    sum += amplitude_ * std::cos(angle);
  }
  return sum;
}

}  // namespace regatta::bench
