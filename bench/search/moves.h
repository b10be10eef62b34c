// The moves of a long search for a task's optimum, over the coordinates of a space.
#pragma once

#include <cstddef>
#include <vector>

#include "regatta/base/rng.h"

namespace regatta::bench {

// Uniform in (0, 1).
std::vector<double> RandomCoordinates(std::size_t count, Rng& rng);

// Moves one coordinate, and each other one with probability 0.3: by a normal step of a width
// between 1e-4 and 1, the same for all of them, or anywhere.
void Disturb(std::vector<double>& coordinates, Rng& rng);

}  // namespace regatta::bench
