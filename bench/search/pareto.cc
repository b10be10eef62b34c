#include "pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <utility>

#include "need.h"
#include "random_waves.h"
#include "regatta/base/check.h"
#include "regatta/base/rng.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

using search::Distribution;
using search::Point;
using search::SearchSpace;

constexpr std::size_t kPositions = 6;  // variables of a ZDT problem
constexpr double kInfinity = std::numeric_limits<double>::infinity();

SearchSpace UnitCube(std::size_t dimensions) {
  std::vector<search::Parameter> parameters;
  for (std::size_t i = 0; i < dimensions; ++i) {
    parameters.push_back({fmt::format("p{}", i), Need(Distribution::Uniform(0, 1)), {}, {}});
  }
  return Need(SearchSpace::Create(std::move(parameters)));
}

std::vector<double> Shifts(std::size_t count, std::uint64_t seed) {
  Rng rng(seed, 3);
  std::vector<double> shifts;
  for (std::size_t i = 0; i < count; ++i) {
    shifts.push_back(0.1 + 0.8 * rng.Uniform());
  }
  return shifts;
}

// Distance from a shift, as a share of the largest there is.
double Away(double x, double shift) { return std::abs(x - shift) / std::max(shift, 1 - shift); }

double ZdtFront(int function, double f1, double g) {
  const double root = std::sqrt(f1 / g);
  switch (function) {
    case 1:
      return g * (1 - root);
    case 2:
      return g * (1 - f1 / g * f1 / g);
    default:
      return g * (1 - root - f1 / g * std::sin(10 * std::numbers::pi * f1));
  }
}

// Volume under a reference of the front f2(f1), f1 in [0, 1].
template <typename Function>
double AreaOf(Function front, double reference0, double reference1) {
  constexpr int kSteps = 200'000;
  double volume = 0;
  double lowest = kInfinity;
  for (int i = 0; i < kSteps; ++i) {
    lowest = std::min(lowest, front((i + 0.5) / kSteps));
    volume += std::max(0.0, reference1 - lowest) / kSteps;
  }
  return volume + (reference0 - 1) * (reference1 - lowest);
}

ParetoTask MakeZdt(int function) {
  ParetoTask task{fmt::format("zdt{}", function), UnitCube(kPositions), {}, {11, 11}, 1};
  const std::vector<double> shifts = Shifts(kPositions, 40 + static_cast<std::uint64_t>(function));
  task.values = [function, shifts](const Point& point) {
    const double f1 = search::AsNumber(*point[0]);
    double sum = 0;
    for (std::size_t i = 1; i < kPositions; ++i) {
      sum += Away(search::AsNumber(*point[i]), shifts[i]);
    }
    const double g = 1 + 9 * sum / (kPositions - 1);
    return std::vector<double>{f1, ZdtFront(function, f1, g)};
  };
  task.best_volume = AreaOf([function](double f1) { return ZdtFront(function, f1, 1); }, 11, 11);
  return task;
}

ParetoTask MakeDtlz2(std::size_t m) {
  const std::size_t d = m + 4;
  ParetoTask task{fmt::format("dtlz2-m{}", m), UnitCube(d), {}, std::vector<double>(m, 1.1), 1};
  const std::vector<double> shifts = Shifts(d, 50 + m);
  task.values = [m, d, shifts](const Point& point) {
    double g = 0;
    for (std::size_t i = m - 1; i < d; ++i) {
      const double gap = search::AsNumber(*point[i]) - shifts[i];
      g += gap * gap;
    }
    std::vector<double> values(m, 1 + g);
    for (std::size_t k = 0; k < m; ++k) {
      for (std::size_t i = 0; i + k + 1 < m; ++i) {
        values[k] *= std::cos(search::AsNumber(*point[i]) * std::numbers::pi / 2);
      }
      if (k > 0) {
        values[k] *= std::sin(search::AsNumber(*point[m - 1 - k]) * std::numbers::pi / 2);
      }
    }
    return values;
  };
  // All of the reference's box except an orthant of the unit ball.
  task.best_volume = std::pow(1.1, static_cast<double>(m)) -
                     (m == 2 ? std::numbers::pi / 4 : std::numbers::pi / 6);
  return task;
}

// The middle of interval i of n in [0, 1].
double At(std::size_t i, std::size_t n) {
  return (static_cast<double>(i) + 0.5) / static_cast<double>(n);
}

double Dtlz7Term(double f, double g) {
  return f / (1 + g) * (1 + std::sin(3 * std::numbers::pi * f));
}

ParetoTask MakeDtlz7(std::size_t m) {
  const std::size_t d = m + 4;
  constexpr double kReference = 15;
  ParetoTask task{
      fmt::format("dtlz7-m{}", m), UnitCube(d), {}, std::vector<double>(m, kReference), 1};
  const std::vector<double> shifts = Shifts(d, 60 + m);
  task.values = [m, d, shifts](const Point& point) {
    double g = 0;
    for (std::size_t i = m - 1; i < d; ++i) {
      g += Away(search::AsNumber(*point[i]), shifts[i]);
    }
    g = 1 + 9 * g / static_cast<double>(d - m + 1);
    std::vector<double> values;
    double h = static_cast<double>(m);
    for (std::size_t k = 0; k + 1 < m; ++k) {
      values.push_back(search::AsNumber(*point[k]));
      h -= Dtlz7Term(values.back(), g);
    }
    values.push_back((1 + g) * h);
    return values;
  };
  if (m == 2) {
    task.best_volume =
        AreaOf([](double f1) { return 2 * (2 - Dtlz7Term(f1, 1)); }, kReference, kReference);
    return task;
  }
  // The lowest third objective at or below (f1, f2), on a grid.
  constexpr std::size_t kSteps = 1000;
  std::vector<double> row(kSteps, kInfinity);
  double volume = 0;
  double edge0 = 0;
  double edge1 = 0;
  for (std::size_t i = 0; i < kSteps; ++i) {
    double lowest = kInfinity;
    for (std::size_t j = 0; j < kSteps; ++j) {
      const double f3 = 2 * (3 - Dtlz7Term(At(i, kSteps), 1) - Dtlz7Term(At(j, kSteps), 1));
      row[j] = std::min(row[j], f3);
      lowest = std::min(lowest, row[j]);
      row[j] = lowest;
      volume += (kReference - row[j]) / kSteps / kSteps;
    }
    edge0 += (kReference - row[kSteps - 1]) / kSteps;
  }
  for (std::size_t j = 0; j < kSteps; ++j) {
    edge1 += (kReference - row[j]) / kSteps;
  }
  task.best_volume = volume + (kReference - 1) * (edge0 + edge1) +
                     (kReference - 1) * (kReference - 1) * (kReference - row[kSteps - 1]);
  return task;
}

// A smooth random surface over the parameters, through their own coordinates.
struct Surface {
  RandomWaves waves;

  Surface(std::size_t dimensions, Rng& rng)
      : waves(std::vector<double>(dimensions, 2.5), 64, 1, rng) {}

  double operator()(const SearchSpace& space, const Point& point) const {
    std::vector<double> x;
    for (std::size_t i = 0; i < space.size(); ++i) {
      x.push_back(point[i] ? space[i].distribution.Cdf(*point[i]) : 0.4);
    }
    return waves(x);
  }
};

}  // namespace

std::size_t ParetoTaskCount() { return 7; }

ParetoTask MakeParetoTask(std::size_t number) {
  Check(number < ParetoTaskCount(), "there is no such task");
  switch (number) {
    case 3:
    case 4:
      return MakeDtlz2(number - 1);
    case 5:
    case 6:
      return MakeDtlz7(number - 3);
    default:
      return MakeZdt(static_cast<int>(number) + 1);
  }
}

std::size_t CostTaskCount() { return 20; }

CostTask MakeCostTask(std::size_t number) {
  Check(number < CostTaskCount(), "there is no such task");
  const Task base = Need(MakeTask("s2", 2 * number));
  Rng rng(9500 + number, 4);
  const std::size_t first = rng.Below(base.space.size());
  const std::size_t second = (first + 1 + rng.Below(base.space.size() - 1)) % base.space.size();
  return {base.name,
          base.space,
          base.value,
          [first, second, space = base.space](const Point& point) {
            double sum = 0;
            for (const std::size_t i : {first, second}) {
              sum += point[i] ? space[i].distribution.Cdf(*point[i]) : 0.5;
            }
            return std::exp(2 * (sum - 1));
          },
          base.best,
          base.reference};
}

std::size_t ConstrainedTaskCount() { return 20; }

ConstrainedTask MakeConstrainedTask(std::size_t number) {
  Check(number < ConstrainedTaskCount(), "there is no such task");
  const Task base = Need(MakeTask("s2", number));
  Rng rng(9000 + number, 4);
  const auto surface = std::make_shared<const Surface>(base.space.size(), rng);
  std::vector<std::pair<double, double>> seen;  // constraint, value
  for (int i = 0; i < 20'000; ++i) {
    const Point point = RandomPoint(base.space, rng);
    seen.emplace_back((*surface)(base.space, point), base.value(point));
  }
  std::sort(seen.begin(), seen.end());
  const double shares[] = {0.05, 0.1, 0.2, 0.4};
  const double share = shares[number % 4];
  const auto feasible = static_cast<std::size_t>(share * static_cast<double>(seen.size()));
  const double limit = seen[feasible].first;
  std::vector<double> values;
  for (std::size_t i = 0; i < feasible; ++i) {
    if (std::isfinite(seen[i].second)) {
      values.push_back(seen[i].second);
    }
  }
  std::sort(values.begin(), values.end());
  Check(!values.empty(), "nothing is feasible");
  return {fmt::format("{}-feasible{}", base.name, share),
          base.space,
          base.value,
          [surface, limit, space = base.space](const Point& point) {
            return (*surface)(space, point) - limit;
          },
          values.front(),
          std::max(values[values.size() / 2], values.front() + 1e-9)};
}

}  // namespace regatta::bench
