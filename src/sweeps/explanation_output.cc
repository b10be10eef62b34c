// An explanation as text and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "regatta/sweeps/explain.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {
namespace {

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
