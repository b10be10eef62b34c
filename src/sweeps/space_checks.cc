#include "space_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "regatta/command/command.h"
#include "regatta/command/python_text.h"
#include "regatta/search/grid.h"
#include "regatta/search/sampler.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/search_options.h"
#include "value_json.h"

namespace regatta::sweeps {
namespace {

bool IsGridKind(ParameterKind kind) {
  return kind == ParameterKind::kConstant || kind == ParameterKind::kCategorical ||
         kind == ParameterKind::kIntUniform || kind == ParameterKind::kQUniform;
}

void CheckMethod(const SweepConfig& config, const ParameterSpace& space, ProblemList& problems) {
  if (config.method == SearchMethod::kBayes && space.search_space().size() == 0) {
    problems.Error("parameters", {}, "Need at least one searchable parameter for bayes search.",
                   "give one parameter values, or min and max");
  }
  if (config.method != SearchMethod::kGrid) {
    return;
  }
  bool is_enumerable = true;
  for (const Leaf& leaf : space.leaves()) {
    if (!IsGridKind(leaf.config.kind)) {
      is_enumerable = false;
      problems.Error(leaf.config_path, leaf.config.position,
                     fmt::format("method grid cannot list the values of {}",
                                 ParameterKindName(leaf.config.kind)),
                     "use values, int_uniform or q_uniform, or method: random");
    }
  }
  if (is_enumerable) {
    if (const Result<search::Grid> grid = search::Grid::Create(space.search_space()); !grid) {
      problems.Error("parameters", {}, grid.error().message);
    }
  }
}

// How many of how many points satisfy the constraints.
struct Share {
  std::uint64_t allowed = 0;
  std::uint64_t tried = 0;
};

// All points of a small grid; otherwise random ones until the answer is clear.
Share MeasureShare(const SweepConfig& config, const ParameterSpace& space) {
  constexpr std::uint64_t kTriesMax = 100'000;
  // Ten hits within that many tries are a share above 1 in 10,000.
  constexpr std::uint64_t kHitsEnough = 10;
  Share share;
  const Result<search::Grid> grid = search::Grid::Create(
      space.search_space(), config.method == SearchMethod::kGrid ? search::GridValues::kGrid
                                                                 : search::GridValues::kLevels);
  const bool lists_all = grid.has_value() && grid->size() <= kTriesMax;
  const std::uint64_t tries = lists_all ? grid->size() : kTriesMax;
  Rng rng(1);
  while (share.tried < tries && share.allowed < kHitsEnough) {
    const search::Point point = lists_all ? grid->At(share.tried) : space.RandomPoint(rng);
    share.allowed += space.IsAllowed(point) ? 1 : 0;
    ++share.tried;
  }
  return share;
}

void CheckConstraints(const SweepConfig& config, const ParameterSpace& space, bool has_good_start,
                      ProblemList& problems) {
  if (!space.has_constraints() || has_good_start || problems.has_errors()) {
    return;
  }
  const Share share = MeasureShare(config, space);
  // A grid finds its points however rare they are.
  const bool is_found_by_listing = config.method == SearchMethod::kGrid && share.allowed > 0;
  if (share.allowed * 10'000 >= share.tried || is_found_by_listing) {
    return;
  }
  problems.Error("regatta.constraints", config.regatta.constraints.front().position,
                 fmt::format("{} of {} points tried satisfy the constraints; at least 1 in 10,000 "
                             "is needed",
                             share.allowed, share.tried),
                 "loosen a constraint, or give an initial point that satisfies all of them");
}

// Reads the initial points; whether one of them satisfies the constraints.
bool CheckInitialPoints(const SweepConfig& config, const ParameterSpace& space,
                        ProblemList& problems) {
  bool has_good_start = false;
  for (std::size_t i = 0; i < config.regatta.initial_points.size(); ++i) {
    const Value& given = config.regatta.initial_points[i];
    const std::string path = fmt::format("regatta.initial_points[{}]", i);
    const Result<search::Point> point = space.ReadInitialPoint(given);
    if (!point) {
      problems.Error(path, given.position, point.error().message);
    } else if (!space.IsAllowed(*point)) {
      problems.Warn(path, given.position, "this point violates a constraint and is skipped");
    } else {
      has_good_start = true;
    }
  }
  return has_good_start;
}

void CheckSampler(const SweepConfig& config, const ParameterSpace& space, ProblemList& problems) {
  if (config.regatta.sampler.empty() || problems.has_errors()) {
    return;
  }
  std::vector<std::string_view> names;
  for (const search::SamplerInfo& info : search::AllSamplers()) {
    names.push_back(info.name);
  }
  if (std::ranges::find(names, config.regatta.sampler) == names.end()) {
    problems.Error("regatta.sampler", config.regatta.sampler_options.position,
                   fmt::format("there is no sampler \"{}\"", config.regatta.sampler),
                   SpellingSuggestion(config.regatta.sampler, names));
    return;
  }
  const Result<search::SamplerOptions> options = MakeSamplerOptions(config, space, 0);
  if (!options) {
    problems.Error("regatta.sampler", config.regatta.sampler_options.position,
                   options.error().message);
    return;
  }
  const auto sampler = search::MakeSampler(config.regatta.sampler, space.search_space(), *options);
  if (!sampler) {
    problems.Error("regatta.sampler", config.regatta.sampler_options.position,
                   sampler.error().message);
  }
}

// Every leaf at once, active or not, so that each parameter's macro is known.
Value AllParameters(const ParameterSpace& space) {
  Value all = Value::OfMap({});
  for (const Leaf& leaf : space.leaves()) {
    Value* place = &all;
    for (std::size_t i = 0; i + 1 < leaf.path.size(); ++i) {
      if (place->Find(leaf.path[i]) == nullptr) {
        place->Set(leaf.path[i], Value::OfMap({}));
      }
      for (Member& member : place->as_map()) {
        if (member.key == leaf.path[i]) {
          place = &member.value;
          break;
        }
      }
    }
    const ParameterConfig& config = leaf.config;
    place->Set(leaf.path.back(), config.kind == ParameterKind::kConstant ? config.value
                                 : !config.values.empty()                ? config.values.front()
                                                                         : Value::Float(0.5));
  }
  return all;
}

}  // namespace

void CheckSpace(const SweepConfig& config, ProblemList& problems) {
  // Half a space would only give errors that are not there.
  if (config.parameters.empty() || problems.has_errors()) {
    return;
  }
  std::vector<Problem> found;
  const std::optional<ParameterSpace> space = ParameterSpace::Inspect(config, &found);
  for (Problem& problem : found) {
    problems.Add(problem.severity, std::move(problem.path), problem.position,
                 std::move(problem.message), std::move(problem.suggestion));
  }
  if (!space) {
    return;
  }
  CheckMethod(config, *space, problems);
  const bool has_good_start = CheckInitialPoints(config, *space, problems);
  CheckConstraints(config, *space, has_good_start, problems);
  CheckSampler(config, *space, problems);
}

void CheckCommand(const SweepConfig& config, const Value* items, ProblemList& problems) {
  if (config.command.empty() || items == nullptr || !items->is_list() ||
      items->as_list().size() != config.command.size()) {
    return;
  }
  const Result<ParameterSpace> space = ParameterSpace::Build(config);
  if (!space) {
    return;
  }
  const nlohmann::ordered_json parameters = ToLibraryJson(AllParameters(*space));
  command::CommandContext context;
  context.program = config.program;
  context.args_json_file = "args.json";
  context.variables["repeat"] = "0";
  const auto environment = [](std::string_view) { return std::optional<std::string>("value"); };
  for (std::size_t i = 0; i < config.command.size(); ++i) {
    // With a first item of its own no single item can leave the command empty.
    const std::vector<std::string> pair = {"true", config.command[i]};
    const Result<command::CommandLine> line =
        command::ExpandCommand(pair, parameters, context, environment);
    const std::string path = fmt::format("command[{}]", i);
    const Position position = items->as_list()[i].position;
    if (!line) {
      problems.Error(path, position, line.error().message);
      continue;
    }
    for (const std::string& warning : line->warnings) {
      problems.Warn(path, position, warning);
    }
  }
}

std::string CommandItemText(const Value& item) { return command::PythonStr(ToLibraryJson(item)); }

}  // namespace regatta::sweeps
