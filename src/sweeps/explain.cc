#include "regatta/sweeps/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "config_reader.h"
#include "regatta/base/rng.h"
#include "regatta/command/command.h"
#include "regatta/search/sampler.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/space_point_source.h"
#include "regatta/sweeps/sweep_config.h"
#include "value_json.h"

namespace regatta::sweeps {
namespace {

std::string ListText(const std::vector<Value>& values) {
  constexpr std::size_t kShownMax = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kShownMax); ++i) {
    text += text.empty() ? "" : ", ";
    text += Excerpt(values[i]);
  }
  if (values.size() > kShownMax) {
    text += fmt::format(", ... ({} values)", values.size());
  }
  return text;
}

std::string RangeText(const ParameterConfig& config) {
  std::string text;
  bool has_q = false;
  switch (config.kind) {
    case ParameterKind::kConstant:
      return Excerpt(config.value);
    case ParameterKind::kCategorical:
    case ParameterKind::kCategoricalWithProbabilities:
      return ListText(config.values);
    case ParameterKind::kNormal:
    case ParameterKind::kLogNormal:
    case ParameterKind::kQNormal:
    case ParameterKind::kQLogNormal:
      text = fmt::format("mu {}, sigma {}", config.mu, config.sigma);
      has_q = config.kind == ParameterKind::kQNormal || config.kind == ParameterKind::kQLogNormal;
      break;
    case ParameterKind::kBeta:
    case ParameterKind::kQBeta:
      text = fmt::format("a {}, b {}", config.a, config.b);
      has_q = config.kind == ParameterKind::kQBeta;
      break;
    case ParameterKind::kLogUniform:
    case ParameterKind::kQLogUniform:
      text = fmt::format("{:.5g} ... {:.5g}", std::exp(config.min.as_number()),
                         std::exp(config.max.as_number()));
      has_q = config.kind == ParameterKind::kQLogUniform;
      break;
    case ParameterKind::kInvLogUniform:
      return fmt::format("{:.5g} ... {:.5g}", std::exp(-config.max.as_number()),
                         std::exp(-config.min.as_number()));
    case ParameterKind::kQUniform:
    case ParameterKind::kQLogUniformValues:
      has_q = true;
      [[fallthrough]];
    default:
      text = fmt::format("{} ... {}", Excerpt(config.min), Excerpt(config.max));
  }
  return has_q ? fmt::format("{}, multiples of {}", text, Excerpt(config.q)) : text;
}

std::string WhenText(const std::vector<WhenClause>& clauses) {
  std::string text;
  for (const WhenClause& clause : clauses) {
    text += text.empty() ? "" : " and ";
    if (!clause.is_range) {
      text += fmt::format("{} is {}", clause.parent, ListText(clause.values));
    } else if (std::isinf(clause.min)) {
      text += fmt::format("{} <= {}", clause.parent, clause.max);
    } else if (std::isinf(clause.max)) {
      text += fmt::format("{} >= {}", clause.parent, clause.min);
    } else {
      text += fmt::format("{} <= {} <= {}", clause.min, clause.parent, clause.max);
    }
  }
  return text;
}

std::string PriorText(const ParameterConfig& config) {
  if (!config.prior) {
    return "";
  }
  constexpr std::string_view kNames[] = {"low", "medium", "high"};
  return fmt::format("{}, {} confidence", Excerpt(*config.prior),
                     kNames[static_cast<std::size_t>(config.prior_confidence)]);
}

std::string MetricText(const SweepConfig& config) {
  if (config.metric) {
    return fmt::format("{} ({})", config.metric->name, GoalName(config.metric->goal));
  }
  std::string text;
  for (const MetricEntry& entry : config.metrics) {
    text += text.empty() ? "" : ", ";
    if (entry.is_objective()) {
      text += fmt::format("{} ({})", entry.name, GoalName(entry.goal));
    } else if (entry.max) {
      text += fmt::format("{} <= {}", entry.name, *entry.max);
    } else {
      text += fmt::format("{} >= {}", entry.name, *entry.min);
    }
  }
  return text;
}

std::string EarlyTerminateText(const EarlyTerminateConfig& config) {
  std::string text(EarlyTerminateTypeName(config.type));
  const auto add = [&text](std::string_view name, const auto& value) {
    if (value) {
      text += fmt::format(", {} {}", name, *value);
    }
  };
  add("min_iter", config.min_iter);
  add("max_iter", config.max_iter);
  add("s", config.s);
  text += config.resource.empty() ? "; counts the metric's values" : "; counts " + config.resource;
  return text;
}

std::string SamplerText(const SweepConfig& config) {
  std::string name = SamplerName(config);
  for (const search::SamplerInfo& info : search::AllSamplers()) {
    if (info.name == name) {
      return fmt::format("{}: {}", name, info.summary);
    }
  }
  return name;
}

std::string PopulationText(const PopulationConfig& config) {
  const bool learns = config.explore == PopulationExplore::kPb2;
  return fmt::format(
      "pbt: the worst {:g} % copy from the best and go on with {}; asked for by `exploit` of "
      "regatta search --stdio",
      100 * config.share,
      learns ? "what pb2 chooses"
             : fmt::format("perturbed parameters (step {:g}, {:g} % drawn afresh)", config.step,
                           100 * config.resample));
}

std::string JoinedText(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, "; "));
}

std::string CostText(const SweepConfig& config) {
  const std::string& cost = config.regatta.cost;
  if (cost.empty()) {
    return "";
  }
  if (SamplerName(config) != "bayes") {
    return "no effect: only bayes looks at " + cost;
  }
  const std::optional<std::uint64_t> trials = TrialsPlanned(config);
  return fmt::format("cheap runs of equal promise first, by {}{}", cost,
                     trials ? fmt::format(", ever less until the last of {} trials", *trials) : "");
}

// What the file asks for beside its parameters; defaults are left out, but for the sampler.
std::vector<ExplainedSetting> ExplainSettings(const SweepConfig& config) {
  std::vector<ExplainedSetting> settings;
  const auto add = [&settings](std::string name, std::string meaning) {
    if (!meaning.empty()) {
      settings.push_back({std::move(name), std::move(meaning)});
    }
  };
  const RegattaConfig& block = config.regatta;
  if (config.run_cap) {
    add("run_cap", fmt::format("{} runs at most", *config.run_cap));
  }
  if (config.early_terminate) {
    add("early_terminate", EarlyTerminateText(*config.early_terminate));
  }
  add("sampler", IsSearchExternal(config) ? "outside of the server" : SamplerText(config));
  add("regatta.population", block.population ? PopulationText(*block.population) : "");
  if (block.seed) {
    add("regatta.seed", fmt::format("{}", *block.seed));
  }
  add("regatta.order", block.order == PointOrder::kShuffled ? "shuffled" : "");
  std::vector<std::string> zips;
  for (const std::vector<std::string>& zip : block.zip) {
    zips.push_back(fmt::format("{} move together", fmt::join(zip, ", ")));
  }
  add("regatta.zip", JoinedText(zips));
  std::vector<std::string> constraints;
  for (const ConstraintText& constraint : block.constraints) {
    constraints.push_back(constraint.text);
  }
  add("regatta.constraints", JoinedText(constraints));
  if (!block.initial_points.empty()) {
    add("regatta.initial_points", fmt::format("{} tried first", block.initial_points.size()));
  }
  add("regatta.prior_sweeps", JoinedText(block.prior_sweeps));
  const RetryConfig usual;
  const bool is_usual = block.retry.lost == usual.lost && block.retry.oom == usual.oom &&
                        block.retry.failed == usual.failed;
  if (!is_usual) {
    add("regatta.retry", fmt::format("a point again after {} lost machines, {} times out of "
                                     "memory, {} failures",
                                     block.retry.lost, block.retry.oom, block.retry.failed));
  }
  std::vector<std::string> budget;
  if (block.budget.runs) {
    budget.push_back(fmt::format("{} runs", *block.budget.runs));
  }
  if (block.budget.hours) {
    budget.push_back(fmt::format("{} hours", *block.budget.hours));
  }
  if (block.budget.gpu_hours) {
    budget.push_back(fmt::format("{} GPU hours", *block.budget.gpu_hours));
  }
  add("regatta.budget", JoinedText(budget));
  add("regatta.cost", CostText(config));
  return settings;
}

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

// The way a person would type the argument.
std::string ShellQuoted(const std::string& argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%${}";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) {
    return argument;
  }
  std::string quoted = "'";
  for (const char character : argument) {
    quoted += character == '\'' ? std::string("'\\''") : std::string(1, character);
  }
  return quoted + "'";
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

Value TextValue(const std::string& text) { return Value::String(text); }

Value ProblemValue(const Problem& problem) {
  Value value = Value::OfMap({});
  value.Set("severity", TextValue(problem.severity == Severity::kError ? "error" : "warning"));
  value.Set("path", TextValue(problem.path));
  value.Set("line", Value::Int(problem.position.line));
  value.Set("column", Value::Int(problem.position.column));
  value.Set("message", TextValue(problem.message));
  value.Set("suggestion", TextValue(problem.suggestion));
  return value;
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

std::string ExplanationText(const SweepExplanation& explanation) {
  std::string text;
  const auto errors =
      std::ranges::count(explanation.problems, Severity::kError, &Problem::severity);
  const auto warnings = static_cast<std::ptrdiff_t>(explanation.problems.size()) - errors;
  for (const Problem& problem : explanation.problems) {
    text += fmt::format("{}: {}\n", problem.severity == Severity::kError ? "error" : "warning",
                        ProblemText(problem));
  }
  if (!explanation.problems.empty()) {
    text += fmt::format("{} error{}, {} warning{}\n\n", errors, errors == 1 ? "" : "s", warnings,
                        warnings == 1 ? "" : "s");
  }
  if (explanation.has_errors) {
    return text;
  }
  text += fmt::format("method: {}\n", explanation.method);
  if (!explanation.metric.empty()) {
    text += fmt::format("metric: {}\n", explanation.metric);
  }
  text += "parameters:\n";
  std::size_t name_width = 0;
  std::size_t kind_width = 0;
  for (const ExplainedParameter& parameter : explanation.parameters) {
    name_width = std::max(name_width, parameter.name.size());
    kind_width = std::max(kind_width, parameter.distribution.size());
  }
  for (const ExplainedParameter& parameter : explanation.parameters) {
    text += fmt::format("  {:<{}}  {:<{}}  {}{}{}{}{}\n", parameter.name, name_width,
                        parameter.distribution, kind_width, parameter.range,
                        parameter.when.empty() ? "" : "  when ", parameter.when,
                        parameter.prior.empty() ? "" : "  prior ", parameter.prior);
  }
  for (const ExplainedSetting& setting : explanation.settings) {
    text += fmt::format("{}: {}\n", setting.name, setting.meaning);
  }
  text += fmt::format("points: {}\n",
                      explanation.points ? std::to_string(*explanation.points) : "no end");
  if (explanation.repeats > 1) {
    text += fmt::format("repeats: {} runs of each point\n", explanation.repeats);
  }
  if (!explanation.bands.empty()) {
    text += fmt::format("bands: {}\n", fmt::join(explanation.bands, ", "));
  }
  if (!explanation.commands.empty()) {
    text += "command lines:\n";
  }
  for (const std::vector<std::string>& command : explanation.commands) {
    text += " ";
    for (const std::string& argument : command) {
      text += " " + ShellQuoted(argument);
    }
    text += "\n";
  }
  return text;
}

std::string ExplanationJson(const SweepExplanation& explanation) {
  Value root = Value::OfMap({});
  root.Set("ok", Value::Bool(!explanation.has_errors));
  Value problems = Value::OfList({});
  for (const Problem& problem : explanation.problems) {
    problems.as_list().push_back(ProblemValue(problem));
  }
  root.Set("problems", std::move(problems));
  root.Set("method", TextValue(explanation.method));
  root.Set("metric", TextValue(explanation.metric));
  Value parameters = Value::OfList({});
  for (const ExplainedParameter& parameter : explanation.parameters) {
    Value entry = Value::OfMap({});
    entry.Set("name", TextValue(parameter.name));
    entry.Set("distribution", TextValue(parameter.distribution));
    entry.Set("range", TextValue(parameter.range));
    entry.Set("when", TextValue(parameter.when));
    entry.Set("prior", TextValue(parameter.prior));
    parameters.as_list().push_back(std::move(entry));
  }
  root.Set("parameters", std::move(parameters));
  Value settings = Value::OfMap({});
  for (const ExplainedSetting& setting : explanation.settings) {
    settings.Set(setting.name, TextValue(setting.meaning));
  }
  root.Set("settings", std::move(settings));
  root.Set("points", explanation.points ? Value::Int(static_cast<std::int64_t>(*explanation.points))
                                        : Value::Null());
  root.Set("repeats", Value::Int(explanation.repeats));
  Value bands = Value::OfList({});
  for (const std::int64_t band : explanation.bands) {
    bands.as_list().push_back(Value::Int(band));
  }
  root.Set("bands", std::move(bands));
  Value commands = Value::OfList({});
  for (std::size_t i = 0; i < explanation.commands.size(); ++i) {
    Value arguments = Value::OfList({});
    for (const std::string& argument : explanation.commands[i]) {
      arguments.as_list().push_back(TextValue(argument));
    }
    Value entry = Value::OfMap({});
    entry.Set("arguments", std::move(arguments));
    entry.Set("config", ParseJson(explanation.run_configs[i]).value_or(Value::Null()));
    commands.as_list().push_back(std::move(entry));
  }
  root.Set("commands", std::move(commands));
  return ToJson(root);
}

}  // namespace regatta::sweeps
