#include "regatta/sweeps/sweep_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "config_reader.h"
#include "parameter_reader.h"
#include "regatta/search/sampler.h"
#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/yaml_reader.h"
#include "sections.h"
#include "space_checks.h"

namespace regatta::sweeps {
namespace {

constexpr std::array<std::string_view, 4> kMethods = {"grid", "random", "bayes", "custom"};
constexpr std::array<std::string_view, 2> kGoalNames = {"minimize", "maximize"};

// "line 3, column 7: message" back into its parts.
Problem UnreadableProblem(const Error& error) {
  Problem problem;
  problem.message = error.message;
  std::string_view text = error.message;
  constexpr std::string_view kLine = "line ";
  constexpr std::string_view kColumn = ", column ";
  if (!text.starts_with(kLine)) {
    return problem;
  }
  text.remove_prefix(kLine.size());
  const auto line = std::from_chars(text.data(), text.data() + text.size(), problem.position.line);
  text.remove_prefix(static_cast<std::size_t>(line.ptr - text.data()));
  if (!text.starts_with(kColumn)) {
    problem.position = {};
    return problem;
  }
  text.remove_prefix(kColumn.size());
  const auto column =
      std::from_chars(text.data(), text.data() + text.size(), problem.position.column);
  text.remove_prefix(static_cast<std::size_t>(column.ptr - text.data()));
  problem.message = text.starts_with(": ") ? text.substr(2) : text;
  return problem;
}

class SweepReader {
 public:
  SweepReader(const Value& root, const SweepConfigOptions& options, ProblemList& problems)
      : root_(root), options_(options), problems_(problems), top_(root, "", problems) {}

  SweepConfig Read() {
    ReadMethod();
    ReadTexts();
    ReadCommand();
    ReadScheduler();
    ReadController();
    ReadSpace();
    ReadMetricSections();
    if (const Value* block = top_.Find("regatta"); block != nullptr) {
      ReadRegattaBlock(*block, config_, problems_);
    }
    // The hidden `--settings` flag of the stock client puts this key here.
    top_.Find("settings");
    CheckTogether();
    top_.ReportUnknown(Severity::kWarning,
                       "Additional properties are not allowed: a sweep configuration");
    return std::move(config_);
  }

 private:
  void ReadMethod() {
    if (!top_.Has("method")) {
      problems_.Error("method", root_.position,
                      "`method` is a required property: one of bayes, random, grid, custom",
                      Misspelt("method"));
    }
    const std::optional<std::size_t> method =
        top_.Word("method", kMethods, Severity::kError, "", SamplerAsMethod());
    config_.method =
        static_cast<SearchMethod>(method.value_or(static_cast<std::size_t>(SearchMethod::kRandom)));
    is_method_known_ = method.has_value();
  }

  // What to write where `method` names a sampler that is no method of W&B's; else nothing.
  std::string SamplerAsMethod() const {
    const Value* method = root_.Find("method");
    if (method == nullptr || !method->is_string()) {
      return "";
    }
    const std::vector<search::SamplerInfo> samplers = search::AllSamplers();
    if (std::ranges::find(samplers, method->as_string(), &search::SamplerInfo::name) ==
        samplers.end()) {
      return "";
    }
    return fmt::format("write method: bayes, and regatta: {{sampler: {}}}", method->as_string());
  }

  // A top-level key that is nearly `key`, as a suggestion.
  std::string Misspelt(std::string_view key) const {
    const std::array<std::string_view, 1> wanted = {key};
    for (const Member& member : root_.as_map()) {
      if (!NearestWord(member.key, wanted).empty()) {
        return fmt::format("rename \"{}\" on line {}", member.key, member.key_position.line);
      }
    }
    return fmt::format("add {}", key == "method" ? "method: random" : key);
  }

  void ReadTexts() {
    const auto text = [this](std::string_view key) {
      return top_.Text(key, Severity::kWarning).value_or("");
    };
    config_.name = text("name");
    config_.description = text("description");
    config_.program = text("program");
    config_.project = text("project");
    config_.entity = text("entity");
    config_.job = text("job");
    config_.image_uri = text("image_uri");
    text("apiVersion");
    constexpr std::array<std::string_view, 1> kKinds = {"sweep"};
    top_.Word("kind", kKinds, Severity::kWarning);
    if (!config_.job.empty() && !config_.image_uri.empty()) {
      top_.Report(Severity::kWarning, "image_uri", "job and image_uri exclude each other",
                  "remove one of the two");
    }
    config_.run_cap = top_.Whole("run_cap", 1, Severity::kWarning);
  }

  void ReadCommand() {
    const Value* command = top_.Find("command");
    if (command == nullptr || command->is_null()) {
      return;
    }
    if (!command->is_list()) {
      top_.Report(Severity::kWarning, "command",
                  fmt::format("command is {}, not a list; it is not split and the default command "
                              "is used",
                              KindName(command->kind())),
                  "write [\"${env}\", \"${interpreter}\", \"${program}\", \"${args}\"]");
      return;
    }
    for (std::size_t i = 0; i < command->as_list().size(); ++i) {
      const Value& item = command->as_list()[i];
      if (item.is_list() || item.is_map()) {
        problems_.Error(fmt::format("command[{}]", i), item.position,
                        fmt::format("an item of command is {}", KindName(item.kind())),
                        "write it in quotes");
      } else {
        config_.command.push_back(CommandItemText(item));
      }
    }
  }

  void ReadScheduler() {
    const Value* scheduler = top_.Map("scheduler", Severity::kWarning);
    if (scheduler == nullptr) {
      return;
    }
    config_.scheduler = *scheduler;
    MapReader reader(*scheduler, "scheduler", problems_);
    constexpr std::array<std::string_view, 3> kEngines = {"optuna", "ax", "wandb"};
    if (!reader.Has("engine")) {
      problems_.Error("scheduler", scheduler->position, "scheduler needs an engine",
                      "add engine: wandb, or remove scheduler");
    }
    const std::optional<std::size_t> engine = reader.Word("engine", kEngines, Severity::kError);
    const bool has_source = reader.Text("source", Severity::kWarning).has_value();
    for (const std::string_view key : {"optimizer", "search_space"}) {
      if (reader.Text(key, Severity::kWarning) && !has_source) {
        reader.Report(Severity::kWarning, key,
                      fmt::format("scheduler.{} requires scheduler.source", key));
      }
    }
    reader.ReportUnknown(Severity::kWarning, "scheduler");
    // The engines all run at the client (`wandb sweep-scheduler`); only wandb's own knows methods.
    if (engine && kEngines[*engine] == "wandb" && config_.method == SearchMethod::kCustom) {
      reader.Report(Severity::kError, "engine",
                    "scheduler.engine wandb works with method grid, random or bayes, not custom");
    }
    if (top_.Has("early_terminate")) {
      problems_.Error("scheduler", scheduler->position,
                      "`scheduler` and `early_terminate` cannot both be set");
    }
  }

  void ReadController() {
    const Value* controller = top_.Map("controller", Severity::kWarning);
    if (controller == nullptr) {
      return;
    }
    MapReader reader(*controller, "controller", problems_);
    constexpr std::array<std::string_view, 2> kTypes = {"cloud", "local"};
    if (!reader.Has("type")) {
      problems_.Warn("controller", controller->position, "controller needs a type",
                     "add type: cloud");
    }
    config_.controller = static_cast<ControllerType>(
        reader.Word("type", kTypes, Severity::kWarning, "; cloud is used").value_or(0));
    reader.ReportUnknown(Severity::kWarning, "controller");
    if (config_.controller == ControllerType::kLocal && top_.Has("scheduler")) {
      reader.Report(Severity::kError, "type",
                    "`scheduler` and `controller.type: local` cannot both be set");
    }
  }

  void ReadSpace() {
    const Value* parameters = top_.Find("parameters");
    if (parameters == nullptr) {
      const Value* search_space = config_.scheduler.Find("search_space");
      if (search_space == nullptr) {
        problems_.Error("parameters", root_.position,
                        "`parameters` is required unless `scheduler.search_space` is set.",
                        Misspelt("parameters"));
      }
      return;
    }
    if (!parameters->is_map()) {
      top_.Report(Severity::kError, "parameters",
                  fmt::format("parameters is {}, not a mapping", KindName(parameters->kind())),
                  "write parameters: {name: {values: [a, b]}}");
      return;
    }
    if (parameters->as_map().empty()) {
      top_.Report(Severity::kError, "parameters", "parameters {} does not have enough properties",
                  "add at least one parameter");
      return;
    }
    config_.parameters = ReadParameters(*parameters, "parameters", problems_);
  }

  void ReadMetricSections() {
    if (const Value* metric = top_.Find("metric"); metric != nullptr) {
      ReadMetric(*metric, config_, problems_);
    }
    if (const Value* metrics = top_.Find("metrics"); metrics != nullptr) {
      ReadMetrics(*metrics, config_, problems_);
    }
    if (const Value* stop = top_.Find("early_terminate"); stop != nullptr) {
      ReadEarlyTerminate(*stop, config_, problems_);
    }
  }

  // What only shows when the sections are seen together.
  void CheckTogether() {
    if (top_.Has("metric") && top_.Has("metrics")) {
      top_.Report(Severity::kError, "metrics", "`metric` and `metrics` cannot both be set",
                  "remove one of the two");
    } else if (top_.Has("metrics") && is_method_known_ && config_.method != SearchMethod::kCustom) {
      top_.Report(Severity::kWarning, "metrics",
                  "`metrics` requires `method: custom` in W&B; Regatta searches with it");
    }
    const bool has_metric = config_.metric || !config_.metrics.empty();
    if (is_method_known_ && config_.method == SearchMethod::kBayes && !has_metric) {
      top_.Report(Severity::kError, "method", "method bayes needs a metric",
                  "add metric: {name: NAME, goal: minimize}");
    }
    if (top_.Has("early_terminate") && !has_metric) {
      top_.Report(Severity::kError, "early_terminate", "early_terminate needs a metric",
                  "add metric: {name: NAME, goal: minimize}");
    }
    if (config_.early_terminate && config_.early_terminate->type == EarlyTerminateType::kModel &&
        is_method_known_ && SamplerName(config_) != "bayes") {
      top_.Report(Severity::kWarning, "early_terminate",
                  fmt::format("type model asks the model of bayes, and {} has none: runs are "
                              "stopped by rank alone",
                              SamplerName(config_)),
                  "use method: bayes, or type: asha");
    }
    if (options_.strict_yaml && config_.method == SearchMethod::kBayes) {
      RefuseProbabilities(config_.parameters, "parameters");
    }
  }

  void RefuseProbabilities(const std::vector<ParameterConfig>& parameters,
                           const std::string& path) {
    for (const ParameterConfig& parameter : parameters) {
      const std::string own = JoinPath(path, parameter.name);
      if (parameter.kind == ParameterKind::kCategoricalWithProbabilities) {
        problems_.Error(own, parameter.position,
                        "W&B's bayes fails on probabilities, and strict mode is on",
                        "remove the probabilities");
      }
      RefuseProbabilities(parameter.children, JoinPath(own, "parameters"));
    }
  }

  const Value& root_;
  const SweepConfigOptions& options_;
  ProblemList& problems_;
  MapReader top_;
  SweepConfig config_;
  bool is_method_known_ = false;
};

}  // namespace

std::string_view SearchMethodName(SearchMethod method) {
  return kMethods[static_cast<std::size_t>(method)];
}

std::string_view GoalName(Goal goal) { return kGoalNames[static_cast<std::size_t>(goal)]; }

const std::vector<std::string>& DefaultCommand() {
  static const std::vector<std::string> command = {"${env}", "${interpreter}", "${program}",
                                                   "${args}"};
  return command;
}

ParsedSweep InspectSweepConfig(std::string_view text, const SweepConfigOptions& options) {
  ParsedSweep parsed;
  ProblemList problems;
  YamlOptions yaml;
  yaml.strict_yaml = options.strict_yaml;
  Result<YamlDocument> document = ReadYaml(text, yaml);
  if (!document) {
    parsed.problems.push_back(UnreadableProblem(document.error()));
    return parsed;
  }
  for (Problem& problem : document->problems) {
    problems.Add(problem.severity, std::move(problem.path), problem.position,
                 std::move(problem.message), std::move(problem.suggestion));
  }
  parsed.document = std::move(document->root);
  if (parsed.document.is_null()) {
    problems.Error("", parsed.document.position, "Configuration file is empty");
  } else if (!parsed.document.is_map()) {
    problems.Error("", parsed.document.position,
                   fmt::format("a sweep configuration is a mapping, not {}",
                               KindName(parsed.document.kind())));
  } else {
    parsed.config = SweepReader(parsed.document, options, problems).Read();
    CheckSpace(parsed.config, problems);
    CheckCommand(parsed.config, parsed.document.Find("command"), problems);
  }
  parsed.problems = problems.Take();
  return parsed;
}

Result<ParsedSweep> ParseSweepConfig(std::string_view text, const SweepConfigOptions& options) {
  ParsedSweep parsed = InspectSweepConfig(text, options);
  if (!parsed.has_errors()) {
    return parsed;
  }
  std::string message = "Invalid sweep config: ";
  std::string_view separator;
  // Warnings too: who mends the errors wants to see everything at once.
  for (const Problem& problem : parsed.problems) {
    message += separator;
    message += ProblemText(problem);
    separator = "\n";
  }
  return InvalidArgument(std::move(message));
}

}  // namespace regatta::sweeps
