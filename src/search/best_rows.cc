#include "best_rows.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "row_choice.h"

namespace regatta::search {
namespace {

// All rows, those that may beat a row before it: by the sum of their places in each objective.
std::vector<std::size_t> ByStrength(const std::vector<std::vector<double>>& y, std::size_t n) {
  std::vector<double> places(n);
  for (const std::vector<double>& values : y) {
    const std::vector<std::size_t> order = ByValue({values.data(), n});
    for (std::size_t place = 0; place < n; ++place) {
      places[order[place]] += static_cast<double>(place);
    }
  }
  return ByValue(places);
}

struct Beaten {
  std::size_t row = 0;
  std::size_t by = 0;
};

}  // namespace

std::vector<std::size_t> BestRows(const std::vector<std::vector<double>>& y,
                                  const std::vector<bool>& feasible, std::size_t n,
                                  std::size_t wanted) {
  const std::vector<std::size_t> order = ByStrength(y, n);
  std::vector<std::size_t> chosen;
  for (const bool group : {true, false}) {
    if (chosen.size() >= wanted) {
      break;
    }
    const std::size_t needed = wanted - chosen.size();
    std::vector<Beaten> kept;
    std::priority_queue<std::size_t> fewest;  // the `needed` lowest counts
    for (std::size_t place = 0; place < n; ++place) {
      const std::size_t row = order[place];
      if (feasible[row] != group) {
        continue;
      }
      const std::size_t most = fewest.size() < needed ? n : fewest.top();
      std::size_t by = 0;
      for (std::size_t before = 0; before < place && by <= most; ++before) {
        const std::size_t other = order[before];
        by += std::all_of(y.begin(), y.end(), [&](const std::vector<double>& values) {
          return values[other] < values[row];
        });
      }
      if (by > most) {
        continue;
      }
      kept.push_back({row, by});
      fewest.push(by);
      if (fewest.size() > needed) {
        fewest.pop();
      }
    }
    std::sort(kept.begin(), kept.end(), [&y](const Beaten& a, const Beaten& b) {
      if (a.by != b.by) {
        return a.by < b.by;
      }
      return y[0][a.row] < y[0][b.row] || (y[0][a.row] == y[0][b.row] && a.row < b.row);
    });
    const auto front = static_cast<std::size_t>(
        std::count_if(kept.begin(), kept.end(), [](const Beaten& one) { return one.by == 0; }));
    const bool spreads = group && y.size() > 1 && front > needed;
    for (std::size_t i = 0; i < std::min(needed, kept.size()); ++i) {
      chosen.push_back(kept[spreads ? i * front / needed : i].row);
    }
  }
  return chosen;
}

}  // namespace regatta::search
