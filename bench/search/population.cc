#include "population.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>

#include "need.h"
#include "random_waves.h"
#include "tasks.h"

namespace regatta::bench {
namespace {

using search::Distribution;
using search::Parameter;
using search::Point;
using search::SearchSpace;

constexpr std::size_t kTasks = 36;
constexpr double kMissingMax = 2;

// Noise on a loss that falls by orders of magnitude is relative to it; on one of a bounded score it
// is not.
struct Sight {
  bool is_bounded = false;
  double noise = 0;

  double operator()(double progress, Rng& rng) const {
    const double chance = noise * rng.Normal();
    const double loss = std::exp(-progress);
    return is_bounded ? -(1 - loss) / (1 + 4 * loss) + 0.3 * chance : loss * (1 + chance);
  }
};

Sight RandomSight(Rng& rng) {
  const std::array<double, 3> noises = {0.005, 0.02, 0.05};
  Sight sight;
  sight.is_bounded = rng.Uniform() < 0.5;
  sight.noise = noises[rng.Below(noises.size())];
  return sight;
}

std::vector<Parameter> RandomParameters(Rng& rng, std::size_t count) {
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < count; ++i) {
    const double kind = rng.Uniform();
    Result<Distribution> distribution = Distribution::LogUniformValues(1e-5, 1e-1);
    if (i > 0 && kind < 0.35) {
      distribution = Distribution::Uniform(0, 1);
    } else if (i > 0 && kind < 0.5) {
      distribution = Distribution::IntUniform(1, static_cast<std::int64_t>(4 + rng.Below(60)));
    } else if (i > 0 && kind < 0.65) {
      distribution = Distribution::Levels({16, 32, 64, 128, 256, 512});
    } else if (i > 1 && kind < 0.8) {
      distribution = Distribution::Categorical(static_cast<std::int64_t>(2 + rng.Below(3)));
    }
    parameters.push_back({fmt::format("p{}", i), Need(std::move(distribution)), {}, {}});
  }
  return parameters;
}

bool IsUnordered(const Parameter& parameter) {
  return parameter.distribution.is_categorical() && parameter.distribution.spec().levels.empty();
}

// Where an optimum is at `time`: it rests, goes and rests again, with any of them short or absent.
struct Path {
  double from = 0.5;
  double to = 0.5;
  double begins = 0;
  double ends = 1;

  double At(double time) const {
    return from + (to - from) * std::clamp((time - begins) / (ends - begins), 0.0, 1.0);
  }
};

struct Drift {
  std::vector<Path> paths;
  std::vector<double> widths;                // 0: the parameter does nothing
  std::vector<std::vector<double>> factors;  // of each item of an unordered list
  double interaction = 0;                    // between the first two
  double harm = 0;                           // of a first parameter that is far too high

  double Gain(const SearchSpace& space, const Point& point, double time) const {
    double miss = 0;
    double factor = 1;
    std::array<double, 2> z{};
    for (std::size_t i = 0; i < space.size(); ++i) {
      if (!factors[i].empty()) {
        factor *= factors[i][static_cast<std::size_t>(search::AsNumber(*point[i]))];
      } else if (widths[i] > 0) {
        const double gap = (space[i].distribution.Cdf(*point[i]) - paths[i].At(time)) / widths[i];
        miss += gap * gap;
        if (i < z.size()) z[i] = gap;
      }
    }
    miss += 2 * interaction * z[0] * z[1];
    return factor * std::exp(-miss / 2) - harm * std::max(0.0, z[0] - 1.5);
  }
};

Drift RandomDrift(const SearchSpace& space, Rng& rng) {
  Drift drift;
  for (std::size_t i = 0; i < space.size(); ++i) {
    Path path;
    path.from = i == 0 ? 0.5 + 0.45 * rng.Uniform() : 0.1 + 0.8 * rng.Uniform();
    const double way = i == 0 ? -0.15 - 0.45 * rng.Uniform() : 0.4 * (rng.Uniform() - 0.5);
    path.to = std::clamp(path.from + (rng.Uniform() < 0.5 && i > 0 ? 0.0 : way), 0.03, 0.97);
    path.begins = 0.3 * rng.Uniform();
    path.ends = path.begins + 0.2 + 0.5 * rng.Uniform();
    drift.paths.push_back(path);
    const bool is_idle = rng.Uniform() < 0.35 && i > 0;
    const double width = 0.08 * std::pow(4.0, rng.Uniform());
    drift.widths.push_back(is_idle ? 0 : width);
    std::vector<double> factors;
    if (IsUnordered(space[i])) {
      for (std::int64_t k = 0; k < *space[i].distribution.level_count(); ++k) {
        factors.push_back(0.5 + 0.5 * rng.Uniform());
      }
      *std::max_element(factors.begin(), factors.end()) = 1;
    }
    drift.factors.push_back(std::move(factors));
  }
  drift.interaction = 1.4 * (rng.Uniform() - 0.5);
  drift.harm = rng.Uniform() < 0.5 ? 0.3 : 0;
  return drift;
}

// One number of state: the progress.
void TrainByGain(PopulationTask& task, double total,
                 const std::function<double(const Point&, double time)>& gain, Sight sight) {
  const double rate = total / static_cast<double>(task.intervals);
  const auto intervals = static_cast<double>(task.intervals);
  task.start = {0};
  task.train = [=](const ModelState& state, const Point& point, std::size_t interval, Rng& rng) {
    const double chance = std::exp(0.1 * rng.Normal());
    return ModelState{state[0] +
                      rate * chance * gain(point, static_cast<double>(interval) / intervals)};
  };
  task.progress = [](const ModelState& state) { return state[0]; };
  task.observe = [sight](const ModelState& state, Rng& rng) { return sight(state[0], rng); };
}

PopulationTask MakeDrift(std::size_t number, Rng& rng) {
  PopulationTask task{.name = fmt::format("drift-{}", number),
                      .space = Need(SearchSpace::Create(RandomParameters(rng, 2 + rng.Below(5))))};
  task.intervals = 20 + 10 * rng.Below(3);
  const auto drift = std::make_shared<const Drift>(RandomDrift(task.space, rng));
  const double total = 3 + 3 * rng.Uniform();
  TrainByGain(
      task, total,
      [drift, space = task.space](const Point& point, double time) {
        return drift->Gain(space, point, time);
      },
      RandomSight(rng));
  for (std::size_t k = 1; k <= task.intervals; ++k) {
    task.best.push_back(total * static_cast<double>(k) / static_cast<double>(task.intervals));
  }
  return task;
}

PopulationTask MakeWaves(std::size_t number, Rng& rng) {
  PopulationTask task{.name = fmt::format("waves-{}", number),
                      .space = Need(SearchSpace::Create(RandomParameters(rng, 2 + rng.Below(4))))};
  task.intervals = 20 + 10 * rng.Below(3);
  std::vector<double> inverse_scales;
  for (std::size_t i = 0; i < task.space.size(); ++i) {
    const bool is_idle = rng.Uniform() < 0.35 && i > 0;
    inverse_scales.push_back(is_idle ? 0.1 : 1 / (0.2 * std::pow(5.0, rng.Uniform())));
  }
  inverse_scales.push_back(1 / (0.3 * std::pow(5.0, rng.Uniform())));
  constexpr int kWaves = 128;
  const auto waves =
      std::make_shared<const RandomWaves>(inverse_scales, kWaves, std::sqrt(2.0 / kWaves), rng);
  std::vector<std::vector<double>> places(task.space.size());
  for (std::size_t i = 0; i < task.space.size(); ++i) {
    if (!IsUnordered(task.space[i])) continue;
    for (std::int64_t k = 0; k < *task.space[i].distribution.level_count(); ++k) {
      places[i].push_back(1.5 * rng.Uniform());
    }
  }
  const auto gain = [waves, places, space = task.space](const Point& point, double time) {
    std::vector<double> x;
    for (std::size_t i = 0; i < space.size(); ++i) {
      x.push_back(places[i].empty()
                      ? space[i].distribution.Cdf(*point[i])
                      : places[i][static_cast<std::size_t>(search::AsNumber(*point[i]))]);
    }
    x.push_back(time);
    return 1 / (1 + std::exp(1.5 - 2 * (*waves)(x)));
  };
  const double total = 4 + 4 * rng.Uniform();
  TrainByGain(task, total, gain, RandomSight(rng));
  // The best of many points at each time.
  std::vector<Point> points;
  for (int i = 0; i < 4000; ++i) points.push_back(RandomPoint(task.space, rng));
  double sum = 0;
  for (std::size_t k = 0; k < task.intervals; ++k) {
    const double time = static_cast<double>(k) / static_cast<double>(task.intervals);
    double top = 0;
    for (const Point& point : points) top = std::max(top, gain(point, time));
    sum += top * total / static_cast<double>(task.intervals);
    task.best.push_back(sum);
  }
  return task;
}

// Independent directions of curvature h; the state is the expected square of the distance in each.
struct Quadratic {
  std::vector<double> curvatures;
  double gradient_noise = 1;
  double steps = 100;        // of an interval, at batch size 1
  double free_batch = 32;    // up to here larger batches cost nothing
  std::size_t batch_at = 1;  // the order of the parameters
  std::size_t momentum_at = 2;
  std::size_t decay_at = 3;

  ModelState Train(const ModelState& state, const Point& point, double chance) const {
    const double rate = search::AsNumber(*point[0]);
    const double batch = static_cast<double>(
        std::int64_t{8} << static_cast<std::int64_t>(search::AsNumber(*point[batch_at])));
    const double momentum = search::AsNumber(*point[momentum_at]);
    const double decay = search::AsNumber(*point[decay_at]);
    const double pace = rate / (1 - momentum);
    const double count = chance * steps / (1 + batch / free_batch);
    ModelState next(state.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      const double h = curvatures[i] + decay;
      // Each step multiplies the distance; weight decay pulls away from the optimum, which lies at
      // distance 1 from where training starts.
      const double factor = 1 - pace * h;
      const double square = factor * factor;
      const double pull = decay / h;
      const double kept = std::pow(square, count);
      const double added = pace * pace * (1 - momentum) * curvatures[i] * gradient_noise / batch;
      const double floor = square < 1 - 1e-12 ? added / (1 - square) * (1 - kept) : added * count;
      next[i] = std::min(
          1e3, kept * state[i] + std::max(0.0, floor) + (1 - std::min(kept, 1.0)) * pull * pull);
    }
    return next;
  }
  double Loss(const ModelState& state) const {
    double loss = 0;
    for (std::size_t i = 0; i < state.size(); ++i) loss += curvatures[i] * state[i] / 2;
    return loss;
  }
};

// The best progress after each interval that any of many schedules reaches: all parameters
// constant, but for a learning rate that falls by a power of time or exponentially, after a pause.
std::vector<double> BestSchedules(const PopulationTask& task, const Quadratic& model, Rng& rng) {
  constexpr int kRandom = 3000;
  constexpr int kRefined = 3000;
  std::vector<double> best(task.intervals, 0);
  std::vector<double> top;  // coordinates of the schedule that ends best
  double top_progress = 0;
  for (int n = 0; n < kRandom + kRefined; ++n) {
    std::vector<double> u = top;
    if (n < kRandom) {
      u.clear();
      for (std::size_t i = 0; i < task.space.size() + 3; ++i) u.push_back(rng.Uniform());
    } else {
      const double width = 0.2 * std::pow(0.01, rng.Uniform());
      for (double& coordinate : u) {
        if (rng.Uniform() < 0.5) {
          coordinate = std::clamp(coordinate + width * rng.Normal(), 0.0, 1.0);
        }
      }
    }
    const std::size_t d = task.space.size();
    const double fall = 8 * u[d];
    const double pause = 0.6 * u[d + 1];
    Point point = task.space.At({u.begin(), u.begin() + static_cast<std::ptrdiff_t>(d)});
    const double first = search::AsNumber(*point[0]);
    ModelState state = task.start;
    for (std::size_t k = 0; k < task.intervals; ++k) {
      const double time = static_cast<double>(k) / static_cast<double>(task.intervals);
      const double late = std::max(0.0, time - pause);
      const double drop = u[d + 2] < 0.5 ? fall * late : 0.3 * fall * std::log1p(20 * late);
      point[0] = std::max(1e-3, first * std::exp(-drop));
      state = model.Train(state, point, 1);
      best[k] = std::max(best[k], task.progress(state));
    }
    if (task.progress(state) > top_progress) {
      top_progress = task.progress(state);
      top = std::move(u);
    }
  }
  return best;
}

PopulationTask MakeSgd(std::size_t number, Rng& rng) {
  std::vector<Parameter> parameters = {
      {"lr", Need(Distribution::LogUniformValues(1e-3, 3)), {}, {}},
      {"batch", Need(Distribution::Levels({8, 16, 32, 64, 128, 256, 512})), {}, {}},
      {"momentum", Need(Distribution::Uniform(0, 0.95)), {}, {}},
      {"weight_decay", Need(Distribution::LogUniformValues(1e-6, 1e-1)), {}, {}}};
  if (rng.Uniform() < 0.5) {
    parameters.push_back({"idle", Need(Distribution::Uniform(0, 1)), {}, {}});
  }
  PopulationTask task{.name = fmt::format("sgd-{}", number),
                      .space = Need(SearchSpace::Create(std::move(parameters)))};
  task.intervals = 20 + 10 * rng.Below(3);
  Quadratic model;
  const double power = 0.7 + 0.6 * rng.Uniform();
  for (int i = 1; i <= 24; ++i) model.curvatures.push_back(std::pow(i, -power));
  model.gradient_noise = 0.3 * std::pow(30.0, rng.Uniform());
  model.steps = 30 * std::pow(5.0, rng.Uniform());
  model.free_batch = 16 * std::pow(8.0, rng.Uniform());
  task.start = ModelState(model.curvatures.size(), 1.0);
  const double first = model.Loss(task.start);
  Sight sight = RandomSight(rng);
  sight.is_bounded = false;
  const auto shared = std::make_shared<const Quadratic>(std::move(model));
  task.train = [shared](const ModelState& state, const Point& point, std::size_t /*interval*/,
                        Rng& chance) {
    return shared->Train(state, point, std::exp(0.1 * chance.Normal()));
  };
  task.progress = [shared, first](const ModelState& state) {
    return std::log(first / shared->Loss(state));
  };
  task.observe = [progress = task.progress, sight](const ModelState& state, Rng& chance) {
    return sight(progress(state), chance);
  };
  task.best = BestSchedules(task, *shared, rng);
  return task;
}

}  // namespace

std::size_t PopulationTaskCount() { return kTasks; }

PopulationTask MakePopulationTask(std::size_t number) {
  Rng rng(12000 + number, 3);
  // The parity tells tuning from claims, so both halves hold each family.
  switch (number / 2 % 3) {
    case 0:
      return MakeDrift(number, rng);
    case 1:
      return MakeSgd(number, rng);
    default:
      return MakeWaves(number, rng);
  }
}

std::vector<double> TrainPopulation(const PopulationTask& task, const PopulationMethod& method,
                                    std::uint64_t seed, std::size_t members) {
  struct Member {
    ModelState state;
    Point values;
    std::optional<double> before;  // when the interval began
    double seen = 0;
  };
  Rng chance(seed, 77);
  std::vector<Member> population(members);
  for (Member& member : population) {
    member.state = task.start;
    member.values = RandomPoint(task.space, chance);
  }
  search::PbtOptions options = method.options;
  options.seed = seed;
  std::vector<search::PopulationInterval> history;
  std::vector<double> missing;
  for (std::size_t interval = 0; interval < task.intervals; ++interval) {
    for (std::size_t i = 0; i < members; ++i) {
      Rng luck = Rng(seed, 78).Split(interval * members + i);
      Member& member = population[i];
      member.state = task.train(member.state, member.values, interval, luck);
      member.seen = task.observe(member.state, luck);
    }
    const Member& leader =
        *std::min_element(population.begin(), population.end(),
                          [](const Member& a, const Member& b) { return a.seen < b.seen; });
    const double share = task.progress(leader.state) / task.best[interval];
    missing.push_back(std::min(kMissingMax, 1 - share));
    if (!method.exploits) continue;
    std::vector<search::PopulationMember> at_end;
    for (std::size_t i = 0; i < members; ++i) {
      at_end.push_back({i, population[i].values, population[i].seen});
      history.push_back(
          {i, interval, population[i].values, population[i].before, population[i].seen});
    }
    const std::vector<Member> checkpoints = population;
    for (std::size_t i = 0; i < members; ++i) {
      const search::PbtDecision decision =
          Need(search::DecidePbt(task.space, at_end, i, interval, options, history));
      Member& member = population[i];
      if (decision.parent) member.state = checkpoints[*decision.parent].state;
      member.before = checkpoints[decision.parent.value_or(i)].seen;
      member.values = decision.values;
      history.push_back({i, interval + 1, member.values, member.before, {}});
    }
    std::erase_if(history, [](const search::PopulationInterval& past) { return !past.after; });
  }
  return missing;
}

}  // namespace regatta::bench
