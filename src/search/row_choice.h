// Choosing among results by their numbers.
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

}  // namespace regatta::search
