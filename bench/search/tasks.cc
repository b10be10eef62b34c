#include "tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "bbob.h"
#include "list_tasks.h"
#include "moves.h"
#include "need.h"
#include "random_waves.h"
#include "regatta/base/rng.h"
#include "tables.h"

namespace regatta::bench {
namespace {

using search::CategoryIndex;
using search::Condition;
using search::Distribution;
using search::Parameter;
using search::Point;
using search::SearchSpace;

constexpr std::size_t kS1Tasks = 72;
constexpr std::size_t kS2Tasks = 80;
constexpr std::size_t kListTasks = 60;
constexpr int kWaves = 192;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double MedianValue(const Task& task, std::uint64_t seed) {
  Rng rng(seed, 77);
  std::vector<double> values;
  for (int i = 0; i < 2001; ++i) {
    values.push_back(task.value(RandomPoint(task.space, rng)));
  }
  std::sort(values.begin(), values.end());
  // Crashes sort last; the median is over those that run.
  const auto end = std::lower_bound(values.begin(), values.end(), kInfinity);
  return values[static_cast<std::size_t>(end - values.begin()) / 2];
}

Task MakeBbob(std::size_t number) {
  const int function = static_cast<int>(number % 24) + 1;
  const std::size_t dimensions[] = {2, 5, 10};
  const std::size_t d = dimensions[number / 24];
  const std::uint64_t seed = 1000 + number;
  Rng rng(seed, 1);
  // The parity of the number tells tuning from claims, so the kind of task must not follow from it.
  const bool lattice = rng.Uniform() < 0.5;
  const double noises[] = {0, 0.01, 0.1};
  const double noise = noises[rng.Below(3)];
  std::vector<double> optimum(d);
  for (double& x : optimum) {
    x = -4 + 8 * rng.Uniform();
  }
  const Bbob probe(function, optimum, seed);
  optimum = probe.optimum();
  std::vector<Parameter> parameters;
  std::vector<double> offsets(d, 0.0);
  std::vector<double> steps(d, 0.0);
  for (std::size_t i = 0; i < d; ++i) {
    const std::string name = fmt::format("p{}", i);
    if (lattice && static_cast<double>(i) < 0.4 * static_cast<double>(d)) {
      // A lattice that has the optimum on it.
      const auto levels = static_cast<std::int64_t>(5 + rng.Below(7));
      steps[i] = 10.0 / static_cast<double>(levels);
      offsets[i] = optimum[i] - steps[i] * std::floor((optimum[i] + 5) / steps[i]);
      const auto last = static_cast<std::int64_t>(std::floor((5 - offsets[i]) / steps[i] + 1e-9));
      parameters.push_back(
          {name, Need(Distribution::IntUniform(0, std::max<std::int64_t>(last, 1))), {}, {}});
    } else {
      parameters.push_back({name, Need(Distribution::Uniform(-5, 5)), {}, {}});
    }
  }
  Task task{fmt::format("f{}-d{}{}-n{}", function, d, lattice ? "-lattice" : "", noise),
            Need(SearchSpace::Create(std::move(parameters))),
            {},
            0,
            1,
            0,
            false,
            {}};
  const auto bbob = std::make_shared<const Bbob>(function, optimum, seed);
  task.value = [bbob, offsets, steps](const Point& point) {
    std::vector<double> x(point.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = search::AsNumber(*point[i]);
      if (steps[i] > 0) {
        x[i] = offsets[i] + steps[i] * x[i];
      }
    }
    return (*bbob)(x);
  };
  task.reference = MedianValue(task, seed);
  task.noise = noise * task.reference * 0.1;
  return task;
}

// Random waves over features that a monotone warp has bent, so that the declared scale is never
// quite right.
struct HiddenFunction {
  RandomWaves waves;
  std::vector<double> bends;
  std::vector<std::vector<double>> category_places;  // per parameter, a random place for each item
  double plateau = 0;
  double crash_level = kInfinity;
  std::vector<double> crash_direction;
  std::vector<std::int64_t> levels;  // 0: a number

  std::vector<double> Features(const SearchSpace& space, const Point& point) const {
    std::vector<double> features;
    for (std::size_t i = 0; i < space.size(); ++i) {
      if (!point[i]) {
        features.push_back(0.37);
        continue;
      }
      if (!category_places[i].empty()) {
        features.push_back(
            category_places[i][static_cast<std::size_t>(search::AsNumber(*point[i]))]);
        continue;
      }
      const double u = space[i].distribution.Cdf(*point[i]);
      features.push_back(std::pow(u, bends[i]));
    }
    return features;
  }

  double operator()(const SearchSpace& space, const Point& point) const {
    const std::vector<double> x = Features(space, point);
    double crash = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      crash += crash_direction[i] * x[i];
    }
    if (crash > crash_level) {
      return kInfinity;
    }
    return std::min(waves(x), plateau);
  }
};

std::vector<Parameter> RandomParameters(Rng& rng, bool conditional) {
  std::vector<Parameter> parameters;
  const auto count = 3 + rng.Below(8);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("p{}", i);
    const double kind = rng.Uniform();
    std::vector<Condition> conditions;
    if (conditional && i > 0 && rng.Uniform() < 0.45) {
      conditions.push_back({"p0", {static_cast<std::int64_t>(rng.Below(3))}, {}, {}});
    }
    Result<Distribution> distribution = Distribution::Uniform(0, 1);
    if (conditional && i == 0) {
      distribution = Distribution::Categorical(3);
    } else if (kind < 0.35) {
      distribution = Distribution::LogUniformValues(1e-5, 1e-1);
    } else if (kind < 0.5) {
      distribution = Distribution::IntUniform(1, static_cast<std::int64_t>(4 + rng.Below(60)));
    } else if (kind < 0.65) {
      distribution = Distribution::Levels({16, 32, 64, 128, 256, 512});
    } else if (kind < 0.8) {
      distribution = Distribution::Categorical(static_cast<std::int64_t>(2 + rng.Below(4)));
    }
    parameters.push_back({name, Need(std::move(distribution)), std::move(conditions), {}});
  }
  return parameters;
}

// The lowest value that a long search finds: random points, then perturbations of the best.
double LongSearch(const Task& task, Rng& rng) {
  std::vector<std::pair<double, std::vector<double>>> best;
  const auto keep = [&best](double value, const std::vector<double>& u) {
    best.emplace_back(value, u);
    std::sort(best.begin(), best.end());
    best.resize(std::min<std::size_t>(best.size(), 8));
  };
  for (int i = 0; i < 30000; ++i) {
    const std::vector<double> u = RandomCoordinates(task.space.size(), rng);
    const double value = task.value(task.space.At(u));
    if (best.size() < 8 || value < best.back().first) {
      keep(value, u);
    }
  }
  for (int i = 0; i < 40000; ++i) {
    std::vector<double> u = best[rng.Below(best.size())].second;
    Disturb(u, rng);
    const double value = task.value(task.space.At(u));
    if (value < best.front().first) {
      keep(value, u);
    }
  }
  return best.front().first;
}

Task MakeHidden(std::size_t number) {
  const std::uint64_t seed = 5000 + number;
  Rng rng(seed, 2);
  const bool conditional = rng.Uniform() < 0.5;
  Task task{fmt::format("hidden-{}{}", number, conditional ? "-conditional" : ""),
            Need(SearchSpace::Create(RandomParameters(rng, conditional))),
            {},
            0,
            1,
            0,
            conditional,
            {}};
  const std::size_t d = task.space.size();
  HiddenFunction hidden;
  std::vector<double> inverse_scales(d);
  for (std::size_t i = 0; i < d; ++i) {
    const bool irrelevant = rng.Uniform() < 0.4 && i > 0;
    inverse_scales[i] = irrelevant ? 0.1 : 1 / (0.15 * std::pow(10.0, rng.Uniform()));
    hidden.bends.push_back(std::pow(2.0, 2 * rng.Uniform() - 1));
    std::vector<double> places;
    if (task.space[i].distribution.is_categorical()) {
      const auto items = *task.space[i].distribution.level_count();
      const bool ordered = !task.space[i].distribution.spec().levels.empty();
      for (std::int64_t k = 0; k < items; ++k) {
        places.push_back(ordered ? (static_cast<double>(k) + 0.5) / static_cast<double>(items)
                                 : rng.Uniform());
      }
    }
    hidden.category_places.push_back(std::move(places));
    hidden.crash_direction.push_back(rng.Normal() * inverse_scales[i]);
  }
  hidden.waves = RandomWaves(inverse_scales, kWaves, std::sqrt(2.0 / kWaves), rng);
  hidden.plateau = 1e9;
  // Quantiles of the raw function and of the crash plane set plateau and crash region.
  std::vector<double> values;
  std::vector<double> planes;
  for (int i = 0; i < 2000; ++i) {
    const Point point = RandomPoint(task.space, rng);
    values.push_back(hidden(task.space, point));
    const std::vector<double> x = hidden.Features(task.space, point);
    double plane = 0;
    for (std::size_t k = 0; k < d; ++k) {
      plane += hidden.crash_direction[k] * x[k];
    }
    planes.push_back(plane);
  }
  std::sort(values.begin(), values.end());
  std::sort(planes.begin(), planes.end());
  const double clip = rng.Uniform();
  hidden.plateau = values[static_cast<std::size_t>((clip < 0.5 ? 0.999 : 0.6) * 1999)];
  if (rng.Uniform() < 0.4) {
    hidden.crash_level = planes[static_cast<std::size_t>((0.8 + 0.15 * rng.Uniform()) * 1999)];
  }
  const double noises[] = {0, 0.02, 0.05};
  const double noise = noises[rng.Below(3)];
  const auto shared = std::make_shared<const HiddenFunction>(std::move(hidden));
  task.value = [shared, space = task.space](const Point& point) { return (*shared)(space, point); };
  task.reference = MedianValue(task, seed);
  task.best = LongSearch(task, rng);
  task.noise = noise * (task.reference - task.best);
  return task;
}

}  // namespace

Point RandomPoint(const SearchSpace& space, Rng& rng) {
  return space.At(RandomCoordinates(space.size(), rng));
}

double Task::Observe(const Point& point, Rng& rng) const {
  return observe ? observe(point, rng) : value(point) + noise * rng.Normal();
}

std::size_t TaskCount(const std::string& suite) {
  return suite == "s1"      ? kS1Tasks
         : suite == "s2"    ? kS2Tasks
         : suite == "s3"    ? TableNames().size()
         : suite == "lists" ? kListTasks
                            : 0;
}

Result<Task> MakeTask(const std::string& suite, std::size_t number, const std::string& tables) {
  if (number >= TaskCount(suite)) {
    return InvalidArgument(fmt::format(
        "there is no task {} in the suite {}: choose from s1 (0 to {}), s2 (0 to {}), "
        "s3 (0 to {}) and lists (0 to {})",
        number, suite, kS1Tasks - 1, kS2Tasks - 1, TableNames().size() - 1, kListTasks - 1));
  }
  if (suite == "lists") {
    Task task = MakeListTask(number);
    Rng rng(9000 + number, 5);
    task.reference = MedianValue(task, 9000 + number);
    task.best = LongSearch(task, rng);
    return task;
  }
  if (suite != "s3") {
    return suite == "s1" ? MakeBbob(number) : MakeHidden(number);
  }
  std::string folder = tables;
  if (const char* set = std::getenv("REGATTA_SEARCH_TABLES"); folder.empty() && set != nullptr) {
    folder = set;
  }
  return ReadTableTask(
      fmt::format("{}/{}.table", folder.empty() ? "." : folder, TableNames()[number]));
}

Result<std::vector<TaskId>> TaskSet(const std::string& name) {
  if (const auto plus = name.find('+'); plus != std::string::npos) {
    auto tasks = TaskSet(name.substr(0, plus));
    auto more = TaskSet(name.substr(plus + 1));
    if (!tasks || !more) {
      return tasks ? more.error() : tasks.error();
    }
    tasks->insert(tasks->end(), more->begin(), more->end());
    return tasks;
  }
  if (name == "claim") {
    // Fixed before any method was run on them: five of every nine odd tasks of s1, the first ten
    // conditional and the first ten other odd tasks of s2, the odd tables of s3.
    return std::vector<TaskId>{
        {"s1", 1},  {"s1", 5},  {"s1", 9},  {"s1", 13}, {"s1", 17}, {"s1", 19}, {"s1", 23},
        {"s1", 27}, {"s1", 31}, {"s1", 35}, {"s1", 37}, {"s1", 41}, {"s1", 45}, {"s1", 49},
        {"s1", 53}, {"s1", 55}, {"s1", 59}, {"s1", 63}, {"s1", 67}, {"s1", 71}, {"s2", 1},
        {"s2", 3},  {"s2", 5},  {"s2", 7},  {"s2", 9},  {"s2", 11}, {"s2", 13}, {"s2", 15},
        {"s2", 17}, {"s2", 19}, {"s2", 21}, {"s2", 23}, {"s2", 25}, {"s2", 27}, {"s2", 29},
        {"s2", 31}, {"s2", 33}, {"s2", 39}, {"s2", 43}, {"s2", 49}, {"s3", 1},  {"s3", 3},
        {"s3", 5},  {"s3", 7}};
  }
  const auto dash = name.find('-');
  const std::string suite = name.substr(0, dash);
  const std::string half = dash == std::string::npos ? "" : name.substr(dash + 1);
  if (TaskCount(suite) == 0 || (dash != std::string::npos && half != "even" && half != "odd")) {
    return InvalidArgument(fmt::format(
        "there is no set of tasks {}: choose claim, or s1, s2, s3 or lists, also with -even or "
        "-odd; several are joined by +",
        name));
  }
  std::vector<TaskId> tasks;
  for (std::size_t number = half == "odd" ? 1 : 0; number < TaskCount(suite);
       number += half.empty() ? 1 : 2) {
    tasks.push_back({suite, number});
  }
  return tasks;
}

std::string TaskKind(const Task& task) {
  const auto unordered = [](const Parameter& parameter) {
    return parameter.distribution.is_categorical() && parameter.distribution.spec().levels.empty();
  };
  const auto& parameters = task.space.parameters();
  const auto count =
      static_cast<std::size_t>(std::count_if(parameters.begin(), parameters.end(), unordered));
  return task.space.has_conditions()              ? "conditional"
         : count > 0 && count < parameters.size() ? "mixed"
                                                  : "plain";
}

}  // namespace regatta::bench
