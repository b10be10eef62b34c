// Keeps squares of numbers of any size from overflowing and from vanishing.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace regatta::search {

// The power of two that brings `magnitude`, at least 0 and finite, to about 1. What is computed of
// numbers times it, and divided by it in the end, has every bit that it would have without, unless
// that overflows or vanishes.
inline double UnitScale(double magnitude) {
  constexpr int kExponentMax = 1000;
  return magnitude == 0
             ? 1.0
             : std::ldexp(1.0, -std::clamp(std::ilogb(magnitude), -kExponentMax, kExponentMax));
}

// What lies beyond the largest number counts as that.
inline double Finite(double value) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::clamp(value, -kMax, kMax);
}

}  // namespace regatta::search
