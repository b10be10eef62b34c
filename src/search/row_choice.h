// Choosing among results by their numbers, and what lies between their values.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace regatta::search {

// The elements at `rows`, in that order.
template <typename T>
std::vector<T> Take(std::span<const T> from, std::span<const std::size_t> rows) {
  std::vector<T> taken;
  taken.reserve(rows.size());
  for (const std::size_t row : rows) {
    taken.push_back(from[row]);
  }
  return taken;
}

// All row numbers, the lowest value first; of equal values the earlier row.
std::vector<std::size_t> ByValue(std::span<const double> y);

// The value that `tenths` tenths of the others come before, of values in any order; puts them into
// another. Requires: at least one, tenths below 10.
double AtTenth(std::vector<double>& values, std::size_t tenths);

// The value below which `share` of ascending values lie, by linear interpolation between them.
// Requires: at least one, share in [0, 1].
double Quantile(std::span<const double> sorted, double share);

}  // namespace regatta::search
