#include "regatta/sweeps/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "explain_words.h"
#include "regatta/base/rng.h"
#include "regatta/command/command.h"
#include "regatta/search/sampler.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/sweep_config.h"
#include "value_json.h"

namespace regatta::sweeps {
namespace {

// The points that the sweep's own sampler would hand out first; random ones where it cannot say.
std::vector<search::Point> FirstPoints(const SweepConfig& config, const ParameterSpace& space,
                                       const ExplainOptions& options) {
  std::vector<search::Point> points;
  const Result<search::SamplerOptions> asked = MakeSamplerOptions(config, space, options.seed);
  if (asked) {
    auto sampler = search::MakeSampler(SamplerName(config), space.search_space(), *asked);
    if (sampler) {
      auto suggestions = (*sampler)->Suggest(0, options.command_lines);
      if (suggestions) {
        for (const search::Suggestion& suggestion : *suggestions) {
          points.push_back(suggestion.values);
        }
        return points;
      }
    }
  }
  Rng rng(options.seed);
  while (points.size() < options.command_lines) {
    std::optional<search::Point> point = space.RandomAllowedPoint(rng);
    if (!point) {
      break;
    }
    points.push_back(*std::move(point));
  }
  return points;
}

std::vector<std::string> CommandOf(const SweepConfig& config, const Value& run_config) {
  command::CommandContext context;
  context.program = config.program;
  context.args_json_file = "config-RUN.json";
  context.variables["repeat"] = "0";
  std::vector<std::string> items = config.command;
  if (items.empty()) {
    items = DefaultCommand();
    if (config.program.empty()) {
      // Agents that call a function need no program.
      std::erase(items, "${program}");
    }
  }
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  for (const Member& member : run_config.as_map()) {
    parameters[member.key] = ToLibraryJson(*member.value.Find("value"));
  }
  // The agent's environment is not known here, so variables show their names.
  const auto environment = [](std::string_view name) {
    return std::optional<std::string>(fmt::format("${{{}}}", name));
  };
  const Result<command::CommandLine> line =
      command::ExpandCommand(items, parameters, context, environment);
  return line ? line->arguments : std::vector<std::string>{line.error().message};
}

void ExplainSpace(const SweepConfig& config, const ExplainOptions& options,
                  SweepExplanation& explanation) {
  const Result<ParameterSpace> space = ParameterSpace::Build(config);
  if (!space) {
    return;
  }
  for (const Leaf& leaf : space->leaves()) {
    explanation.parameters.push_back({leaf.dotted, std::string(ParameterKindName(leaf.config.kind)),
                                      RangeText(leaf.config), WhenText(leaf.when),
                                      PriorText(leaf.config)});
  }
  if (explanation.has_errors) {
    return;
  }
  explanation.points = CountGridPoints(config, *space);
  for (const search::Point& point : FirstPoints(config, *space, options)) {
    const Value run_config = space->ToRunConfig(point);
    explanation.commands.push_back(CommandOf(config, run_config));
    explanation.run_configs.push_back(ToJson(run_config));
  }
}

void ExplainBands(const SweepConfig& config, SweepExplanation& explanation) {
  if (!config.early_terminate || config.early_terminate->type != EarlyTerminateType::kHyperband) {
    return;
  }
  constexpr std::size_t kBandsShown = 8;
  Result<std::vector<std::int64_t>> bands = search::HyperbandBands(MakeStopperOptions(config));
  if (bands) {
    explanation.bands = *std::move(bands);
    explanation.bands.resize(std::min(explanation.bands.size(), kBandsShown));
  }
}

}  // namespace

SweepExplanation ExplainSweep(std::string_view text, const ExplainOptions& options) {
  ParsedSweep parsed = InspectSweepConfig(text, {options.strict_yaml});
  SweepExplanation explanation;
  explanation.has_errors = parsed.has_errors();
  explanation.problems = std::move(parsed.problems);
  if (!explanation.has_errors) {
    explanation.method = SearchMethodName(parsed.config.method);
  }
  explanation.metric = MetricText(parsed.config);
  explanation.repeats = parsed.config.regatta.repeats;
  ExplainSpace(parsed.config, options, explanation);
  if (!explanation.has_errors) {
    explanation.settings = ExplainSettings(parsed.config);
  }
  ExplainBands(parsed.config, explanation);
  return explanation;
}

}  // namespace regatta::sweeps
