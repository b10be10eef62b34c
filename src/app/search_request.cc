#include "search_request.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "regatta/sweeps/problem.h"

namespace regatta::app {
namespace {

using search::TrialState;
using sweeps::Value;

// The keys that a request may have besides "op".
struct Operation {
  std::string_view name;
  std::vector<std::string_view> keys;
};

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> kOperations = {
      {"open", {"config", "seed", "state", "resumable"}},
      {"ask", {"n"}},
      {"tell", {"id", "value", "values", "state", "cost"}},
      {"report", {"id", "step", "value"}},
      {"exploit", {"id", "interval"}},
      {"add", {"parameters", "value", "values", "state", "cost"}},
      {"best", {}},
      {"importance", {}},
      {"state", {}}};
  return kOperations;
}

Result<std::string> CheckRequest(const Value& request) {
  if (!request.is_map()) return InvalidArgument("a request is a JSON object with an \"op\"");
  std::vector<std::string_view> names;
  for (const Operation& operation : Operations()) names.push_back(operation.name);
  const Value* op = request.Find("op");
  if (op == nullptr || !op->is_string()) {
    return InvalidArgument(
        fmt::format("the request has no \"op\"; {}", sweeps::SpellingSuggestion("", names)));
  }
  const auto found = std::find(names.begin(), names.end(), op->as_string());
  if (found == names.end()) {
    return InvalidArgument(fmt::format("there is no op \"{}\"; {}", op->as_string(),
                                       sweeps::SpellingSuggestion(op->as_string(), names)));
  }
  const Operation& operation = Operations()[static_cast<std::size_t>(found - names.begin())];
  for (const sweeps::Member& member : request.as_map()) {
    if (member.key == "op") continue;
    if (std::find(operation.keys.begin(), operation.keys.end(), member.key) !=
        operation.keys.end()) {
      continue;
    }
    const std::string suggestion = operation.keys.empty()
                                       ? "it takes none"
                                       : sweeps::SpellingSuggestion(member.key, operation.keys);
    return InvalidArgument(
        fmt::format("op \"{}\" has no key \"{}\"; {}", operation.name, member.key, suggestion));
  }
  return op->as_string();
}

Result<void> ReadValues(const JournaledSearch& search, const Value& values, JournalEntry& entry) {
  std::vector<std::string_view> known(search.metric_names().begin(), search.metric_names().end());
  known.insert(known.end(), search.constraint_names().begin(), search.constraint_names().end());
  if (!values.is_map()) return InvalidArgument("\"values\" is an object of metrics");
  for (const sweeps::Member& member : values.as_map()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return InvalidArgument(fmt::format("the sweep has no metric \"{}\"; {}", member.key,
                                         sweeps::SpellingSuggestion(member.key, known)));
    }
  }
  for (const std::string& name : search.metric_names()) {
    Result<std::optional<double>> number = Number(values, name);
    if (!number) return number.error();
    if (!*number) return InvalidArgument(fmt::format("\"values\" has no \"{}\"", name));
    entry.objectives.push_back(**number);
  }
  for (const std::string& name : search.constraint_names()) {
    Result<std::optional<double>> number = Number(values, name);
    if (!number) return number.error();
    entry.constraints.push_back((*number).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return Ok();
}

}  // namespace

Result<SearchRequest> ParseRequest(std::string_view line) {
  // What is wrong with a line is quoted in its answer, which has to be JSON.
  if (!simdjson::validate_utf8(line)) return InvalidArgument("the line is not UTF-8, as JSON is");
  Result<Value> fields = sweeps::ParseJsonStrict(line);
  if (!fields) return fields.error();
  Result<std::string> op = CheckRequest(*fields);
  if (!op) return op.error();
  return SearchRequest{*std::move(op), *std::move(fields)};
}

Result<std::optional<std::int64_t>> WholeNumber(const Value& request, std::string_view key,
                                                std::int64_t min, std::int64_t max) {
  const Value* found = request.Find(key);
  if (found == nullptr) return std::optional<std::int64_t>();
  if (!found->is_int() || found->as_int() < min || found->as_int() > max) {
    return InvalidArgument(fmt::format("\"{}\" is no whole number from {} to {}", key, min, max));
  }
  return std::optional(found->as_int());
}

Result<std::optional<double>> Number(const Value& request, std::string_view key) {
  const Value* found = request.Find(key);
  if (found == nullptr) return std::optional<double>();
  const std::optional<double> number = NumberFromValue(*found);
  if (!number) return InvalidArgument(fmt::format("\"{}\" is no number", key));
  return number;
}

Result<void> ReadOutcome(const JournaledSearch& search, const Value& request, JournalEntry& entry) {
  if (const Value* state = request.Find("state"); state != nullptr) {
    const std::string name = state->is_string() ? state->as_string() : "";
    if (name == "failed") {
      entry.state = TrialState::kFailed;
    } else if (name == "lost") {
      entry.state = TrialState::kLost;
    } else if (name != "finished") {
      return InvalidArgument(
          "\"state\" is not \"finished\", \"failed\", \"lost\" or, in \"tell\", \"stopped\"");
    }
  }
  const Result<std::optional<double>> cost = Number(request, "cost");
  if (!cost) return cost.error();
  if (*cost && !(std::isfinite(**cost) && **cost >= 0)) {
    return InvalidArgument("\"cost\" is no number from 0");
  }
  entry.cost = *cost;
  const Result<std::optional<double>> value = Number(request, "value");
  if (!value) return value.error();
  const Value* values = request.Find("values");
  if (*value && values != nullptr) {
    return InvalidArgument("give \"value\" or \"values\", not both");
  }
  if (entry.state != TrialState::kFinished) {
    if (*value || values != nullptr) {
      return InvalidArgument("a trial that is not finished has no \"value\"");
    }
    return Ok();
  }
  if (values != nullptr) {
    if (Result<void> read = ReadValues(search, *values, entry); !read) return read;
  } else if (!*value) {
    return InvalidArgument("a finished trial needs \"value\" or \"values\"; else say \"state\"");
  } else if (search.metric_names().size() != 1) {
    return InvalidArgument("the sweep has several metrics: give \"values\", by their names");
  } else {
    entry.objectives.push_back(**value);
  }
  const bool is_finite = std::all_of(entry.objectives.begin(), entry.objectives.end(),
                                     [](double number) { return std::isfinite(number); });
  if (!is_finite) {
    entry.state = TrialState::kFailed;
    entry.objectives.clear();
  }
  return Ok();
}

Result<void> ReadStopped(const JournaledSearch& search, const Value& request,
                         const search::Trial& trial, JournalEntry& entry) {
  Value finished = Value::OfMap({});
  for (const sweeps::Member& member : request.as_map()) {
    if (member.key != "state") finished.Set(member.key, member.value);
  }
  if (request.Find("value") == nullptr && request.Find("values") == nullptr) {
    std::optional<double> best;
    const bool is_maximized = search.options().objectives.front().goal == search::Goal::kMaximize;
    for (const search::Observation& observation : search.ReportedSinceChange(trial)) {
      const bool is_better =
          !best || (is_maximized ? observation.value > *best : observation.value < *best);
      if (std::isfinite(observation.value) && is_better) best = observation.value;
    }
    if (!best) {
      return InvalidArgument(fmt::format(
          "trial {} reported no finite value {}before it was stopped: give \"value\", or "
          "\"state\":\"failed\"",
          trial.id, search.HasExploited(trial.id) ? "since `exploit` changed it and " : ""));
    }
    finished.Set("value", NumberToValue(*best));
  }
  return ReadOutcome(search, finished, entry);
}

}  // namespace regatta::app
