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

double AtTenth(std::vector<double>& values, std::size_t tenths) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() * tenths / 10);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

double Quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace regatta::search
