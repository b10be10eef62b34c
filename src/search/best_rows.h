// Which results are the best, of one objective or of several.
#pragma once

#include <cstddef>
#include <vector>

namespace regatta::search {

// Up to `wanted` of the first n rows, the feasible ones first, then those that fewer others beat in
// every objective, then by the first objective. Of a longer front of feasible rows that none beats,
// an even choice along the first objective. y[k][row] is objective k, lower is better. The others
// are passed over as soon as enough better rows have been met, so that it takes about n log n and a
// pass for each row that is chosen from. Pure.
std::vector<std::size_t> BestRows(const std::vector<std::vector<double>>& y,
                                  const std::vector<bool>& feasible, std::size_t n,
                                  std::size_t wanted);

}  // namespace regatta::search
