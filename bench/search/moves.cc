#include "moves.h"

#include <algorithm>
#include <cmath>

namespace regatta::bench {

std::vector<double> RandomCoordinates(std::size_t count, Rng& rng) {
  std::vector<double> coordinates(count);
  for (double& coordinate : coordinates) {
    coordinate = rng.UniformOpen();
  }
  return coordinates;
}

void Disturb(std::vector<double>& coordinates, Rng& rng) {
  const double width = std::pow(10.0, -4 * rng.Uniform());
  const std::size_t certain = rng.Below(coordinates.size());
  for (std::size_t k = 0; k < coordinates.size(); ++k) {
    double& u = coordinates[k];
    if (k == certain || rng.Uniform() < 0.3) {
      u = rng.Uniform() < 0.15 ? rng.UniformOpen() : std::clamp(u + width * rng.Normal(), 0.0, 1.0);
    }
  }
}

}  // namespace regatta::bench
