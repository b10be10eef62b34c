#include "row_choice.h"

#include <algorithm>
#include <numeric>

namespace regatta::search {

std::vector<std::size_t> ByValue(std::span<const double> y) {
  std::vector<std::size_t> order(y.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [y](std::size_t a, std::size_t b) { return y[a] < y[b] || (y[a] == y[b] && a < b); });
  return order;
}

}  // namespace regatta::search
