// The quick choice against counting who beats whom.
#include "best_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <vector>

#include "regatta/base/rng.h"

namespace regatta::search {
namespace {

std::vector<std::size_t> ByCounting(const std::vector<std::vector<double>>& y,
                                    const std::vector<bool>& feasible, std::size_t wanted) {
  const std::size_t n = feasible.size();
  std::vector<std::size_t> beaten(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      beaten[i] += std::all_of(y.begin(), y.end(), [&](const auto& v) { return v[j] < v[i]; });
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(!feasible[a], beaten[a], y[0][a], a) <
           std::tuple(!feasible[b], beaten[b], y[0][b], b);
  });
  const auto front = static_cast<std::size_t>(std::count_if(
      order.begin(), order.end(), [&](std::size_t i) { return feasible[i] && beaten[i] == 0; }));
  wanted = std::min(wanted, n);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < wanted; ++i) {
    chosen.push_back(order[front > wanted ? i * front / wanted : i]);
  }
  return chosen;
}

TEST(BestRows, AreThoseThatFewestOthersBeat) {
  Rng rng(4);
  for (const std::size_t objectives : {2U, 3U, 4U}) {
    for (const std::size_t n : {1U, 5U, 40U, 300U}) {
      for (const double share_feasible : {1.0, 0.5, 0.02, 0.0}) {
        for (const double steps : {1e9, 5.0}) {  // with and without ties
          std::vector<std::vector<double>> y(objectives, std::vector<double>(n));
          std::vector<bool> feasible(n);
          for (std::size_t i = 0; i < n; ++i) {
            for (std::vector<double>& values : y) {
              values[i] = std::floor(rng.Uniform() * steps);
            }
            feasible[i] = rng.Uniform() < share_feasible;
          }
          EXPECT_EQ(BestRows(y, feasible, n, 10), ByCounting(y, feasible, 10))
              << objectives << " objectives, " << n << " rows, " << share_feasible << " feasible";
        }
      }
    }
  }
}

}  // namespace
}  // namespace regatta::search
