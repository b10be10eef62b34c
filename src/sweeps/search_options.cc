#include "regatta/sweeps/search_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config_reader.h"

namespace regatta::sweeps {

std::string SamplerName(const SweepConfig& config) {
  if (!config.regatta.sampler.empty()) {
    return config.regatta.sampler;
  }
  return config.method == SearchMethod::kCustom ? "random"
                                                : std::string(SearchMethodName(config.method));
}

std::optional<std::uint64_t> TrialsPlanned(const SweepConfig& config) {
  std::optional<std::int64_t> runs = config.run_cap;
  if (config.regatta.budget.runs) {
    runs = std::min(runs.value_or(*config.regatta.budget.runs), *config.regatta.budget.runs);
  }
  if (!runs) {
    return std::nullopt;
  }
  const std::int64_t repeats = config.regatta.repeats;
  return static_cast<std::uint64_t>((*runs - 1) / repeats + 1);
}

search::Goal ToSearchGoal(Goal goal) {
  return goal == Goal::kMaximize ? search::Goal::kMaximize : search::Goal::kMinimize;
}

std::uint64_t SeedOf(const SweepConfig& config, std::uint64_t default_seed) {
  return config.regatta.seed ? static_cast<std::uint64_t>(*config.regatta.seed) : default_seed;
}

Result<search::SamplerOptions> MakeSamplerOptions(const SweepConfig& config,
                                                  const ParameterSpace& space,
                                                  std::uint64_t default_seed) {
  search::SamplerOptions options;
  options.seed = SeedOf(config, default_seed);
  if (config.metric) {
    options.objectives = {{ToSearchGoal(config.metric->goal)}};
  } else if (!config.metrics.empty()) {
    options.objectives.clear();
    for (const MetricEntry& entry : config.metrics) {
      if (entry.is_objective()) {
        options.objectives.push_back({ToSearchGoal(entry.goal)});
      } else {
        options.constraints.push_back({entry.min, entry.max});
      }
    }
  }
  options.fidelity = MakeFidelity(config);
  options.allowed = space.AllowedFunction();
  for (const Value& given : config.regatta.initial_points) {
    Result<search::Point> point = space.ReadInitialPoint(given);
    if (!point) {
      return std::move(point).error();
    }
    options.initial_points.push_back(*std::move(point));
  }
  options.shuffled = config.regatta.order == PointOrder::kShuffled;
  options.cost_aware = !config.regatta.cost.empty();
  options.trials_planned = TrialsPlanned(config);
  if (config.regatta.sampler_options.is_map()) {
    for (const Member& member : config.regatta.sampler_options.as_map()) {
      if (member.key == "name") {
        continue;
      }
      if (!member.value.is_number()) {
        return InvalidArgument(
            fmt::format("regatta.sampler.{}: {} is no number", member.key, Excerpt(member.value)));
      }
      options.settings[member.key] = member.value.as_number();
    }
  }
  return options;
}

search::PbtOptions MakePopulationOptions(const SweepConfig& config,
                                         const search::SamplerOptions& options) {
  const PopulationConfig population = config.regatta.population.value_or(PopulationConfig{});
  search::PbtOptions made;
  made.goal = options.objectives.front().goal;
  made.seed = options.seed;
  made.explore = population.explore == PopulationExplore::kPb2 ? search::Explore::kPb2
                                                               : search::Explore::kPerturb;
  made.share = population.share;
  made.resample = population.resample;
  made.step = population.step;
  made.allowed = options.allowed;
  return made;
}

search::StopperOptions MakeStopperOptions(const SweepConfig& config, std::uint64_t default_seed) {
  const EarlyTerminateConfig given = config.early_terminate.value_or(EarlyTerminateConfig{});
  search::StopperOptions options;
  options.type = EarlyTerminateTypeName(given.type);
  Goal goal = Goal::kMinimize;
  if (config.metric) {
    goal = config.metric->goal;
  } else if (const auto first = std::ranges::find_if(config.metrics, &MetricEntry::is_objective);
             first != config.metrics.end()) {
    goal = first->goal;
  }
  options.goal = ToSearchGoal(goal);
  options.min_iter = given.min_iter;
  options.max_iter = given.max_iter;
  options.s = given.s;
  options.eta = given.eta;
  options.strict = given.strict;
  options.min_runs = given.min_runs;
  options.confidence = given.confidence;
  if (given.type != EarlyTerminateType::kHyperband && given.type != EarlyTerminateType::kMedian) {
    options.audit = 0.05;  // hyperband stops what W&B's does, to the run
  }
  options.seed = SeedOf(config, default_seed);
  return options;
}

std::optional<search::Fidelity> MakeFidelity(const SweepConfig& config) {
  if (!config.early_terminate ||
      std::ranges::count_if(config.metrics, &MetricEntry::is_objective) > 1) {
    return std::nullopt;
  }
  const EarlyTerminateConfig& given = *config.early_terminate;
  search::Fidelity fidelity;
  fidelity.min = std::max<std::int64_t>(given.min_iter.value_or(1), 1);
  fidelity.eta = given.eta;
  if (given.type == EarlyTerminateType::kHyperband) {
    if (const auto bands = search::HyperbandBands(MakeStopperOptions(config));
        bands && !bands->empty()) {
      fidelity.min = bands->front();
    }
  }
  if (given.max_iter && *given.max_iter > fidelity.min) {
    fidelity.max = given.max_iter;
  }
  return fidelity;
}

}  // namespace regatta::sweeps
