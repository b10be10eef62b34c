#include "list_tasks.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "need.h"
#include "random_waves.h"

namespace regatta::bench {
namespace {

using search::Distribution;
using search::Parameter;
using search::Point;
using search::SearchSpace;

constexpr int kWaves = 192;

// A smooth function of the items' places.
struct ListFunction {
  std::vector<std::vector<std::vector<double>>> places;  // of each parameter's items
  RandomWaves waves;
  double stretch = 0;

  double Plain(const Point& point) const {
    std::vector<double> x;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto& place = places[i][static_cast<std::size_t>(search::AsNumber(*point[i]))];
      x.insert(x.end(), place.begin(), place.end());
    }
    return waves(x);
  }

  double Stretched(double plain) const { return stretch > 0 ? std::exp(stretch * plain) : plain; }
};

// Adds a list to the function, and its inverse length scale for each of its coordinates.
Parameter AddList(std::size_t number, bool unordered, Rng& rng, ListFunction& function,
                  std::vector<double>& inverse_scales) {
  const auto items = static_cast<std::int64_t>(unordered ? 2 + rng.Below(4) : 3 + rng.Below(6));
  std::vector<double> levels;
  std::vector<std::vector<double>> places;
  for (std::int64_t k = 0; k < items; ++k) {
    levels.push_back(std::pow(2.0, static_cast<double>(k)));
    if (unordered) {
      places.push_back({rng.Uniform(), rng.Uniform(), rng.Uniform()});
    } else {
      places.push_back({static_cast<double>(k) / static_cast<double>(items - 1)});
    }
  }
  const bool irrelevant = rng.Uniform() < 0.3;
  const double inverse_scale = irrelevant ? 0.1 : 1 / (0.3 * std::pow(5.0, rng.Uniform()));
  inverse_scales.insert(inverse_scales.end(), places.front().size(), inverse_scale);
  function.places.push_back(std::move(places));
  return {
      fmt::format("p{}", number),
      Need(unordered ? Distribution::Categorical(items) : Distribution::Levels(std::move(levels))),
      {},
      {}};
}

}  // namespace

Task MakeListTask(std::size_t number) {
  Rng rng(9000 + number, 4);
  const double shares[] = {0, 0.5, 1};
  const double unordered_share = shares[rng.Below(3)];
  ListFunction function;
  std::vector<Parameter> parameters;
  std::vector<double> inverse_scales;
  const auto count = static_cast<std::size_t>(5 + rng.Below(5));
  while (parameters.size() < count) {
    const bool unordered = rng.Uniform() < unordered_share;
    parameters.push_back(AddList(parameters.size(), unordered, rng, function, inverse_scales));
  }
  function.waves = RandomWaves(inverse_scales, kWaves, std::sqrt(2.0 / kWaves), rng);
  const double stretches[] = {0, 1, 3};
  function.stretch = stretches[rng.Below(3)];
  const double noises[] = {0.02, 0.1, 0.3};
  const double noise = noises[rng.Below(3)];
  Task task{fmt::format("lists-{}-stretch{}-noise{}", number, function.stretch, noise),
            Need(SearchSpace::Create(std::move(parameters))),
            {},
            0,
            1,
            0,
            false,
            {}};
  const auto shared = std::make_shared<const ListFunction>(std::move(function));
  task.value = [shared](const Point& point) { return shared->Stretched(shared->Plain(point)); };
  task.observe = [shared, noise](const Point& point, Rng& noise_rng) {
    return shared->Stretched(shared->Plain(point) + noise * noise_rng.Normal());
  };
  return task;
}

}  // namespace regatta::bench
