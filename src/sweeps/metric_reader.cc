#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "sections.h"

namespace regatta::sweeps {
namespace {

constexpr std::array<std::string_view, 2> kGoals = {"minimize", "maximize"};
constexpr std::array<std::string_view, 3> kImputes = {"latest", "best", "worst"};
constexpr std::array<std::string_view, 4> kImputesWhileRunning = {"false", "latest", "best",
                                                                  "worst"};

// A wrong goal would silently search the wrong way: the one mistake of `metric` that refuses.
Goal ReadGoal(MapReader& reader) {
  return static_cast<Goal>(reader.Word("goal", kGoals, Severity::kError).value_or(0));
}

ImputeWhileRunning ReadImputeWhileRunning(MapReader& reader) {
  const Value* value = reader.Find("impute_while_running");
  if (value != nullptr && value->is_bool() && !value->as_bool()) {
    return ImputeWhileRunning::kNo;
  }
  return static_cast<ImputeWhileRunning>(
      reader
          .Word("impute_while_running", kImputesWhileRunning, Severity::kWarning, "; false is used")
          .value_or(0));
}

}  // namespace

void ReadMetric(const Value& value, SweepConfig& sweep, ProblemList& problems) {
  if (!value.is_map()) {
    problems.Warn("metric", value.position,
                  fmt::format("metric is {}, not a mapping", KindName(value.kind())),
                  value.is_string()
                      ? fmt::format("write metric: {{name: {}, goal: minimize}}", value.as_string())
                      : "write metric: {name: NAME, goal: minimize}");
    return;
  }
  MapReader reader(value, "metric", problems);
  MetricConfig metric;
  metric.name = reader.Text("name", Severity::kWarning).value_or("");
  metric.goal = ReadGoal(reader);
  metric.target = reader.Number("target", Severity::kWarning);
  metric.impute =
      static_cast<Impute>(reader.Word("impute", kImputes, Severity::kWarning, "; worst is used")
                              .value_or(static_cast<std::size_t>(Impute::kWorst)));
  metric.impute_while_running = ReadImputeWhileRunning(reader);
  reader.ReportUnknown(Severity::kWarning, "metric");
  if (!reader.Has("name")) {
    problems.Warn("metric", value.position, "metric has no name", "add name: the key you log");
  }
  if (!metric.name.empty()) {
    sweep.metric = std::move(metric);
  }
}

void ReadMetrics(const Value& value, SweepConfig& sweep, ProblemList& problems) {
  if (!value.is_list() || value.as_list().size() < 2) {
    problems.Error("metrics", value.position, "metrics is no list of at least two metrics",
                   "for a single one write metric: {name: NAME, goal: minimize}");
    return;
  }
  std::size_t objectives = 0;
  for (std::size_t i = 0; i < value.as_list().size(); ++i) {
    const Value& item = value.as_list()[i];
    const std::string path = fmt::format("metrics[{}]", i);
    if (!item.is_map()) {
      problems.Error(path, item.position,
                     fmt::format("an entry of metrics is {}, not a mapping", KindName(item.kind())),
                     "write {name: NAME, goal: minimize}, or {name: NAME, max: X}");
      continue;
    }
    MapReader reader(item, path, problems);
    MetricEntry entry;
    entry.name = reader.Text("name", Severity::kError).value_or("");
    entry.goal = ReadGoal(reader);
    entry.min = reader.Number("min", Severity::kError);
    entry.max = reader.Number("max", Severity::kError);
    for (const std::string_view key : {"target", "impute", "impute_while_running"}) {
      reader.Find(key);
    }
    reader.ReportUnknown(Severity::kError, "an entry of metrics");
    if (!reader.Has("name")) {
      problems.Error(path, item.position, "an entry of metrics has no name");
    }
    if (!entry.is_objective() && reader.Has("goal")) {
      reader.Report(Severity::kError, "goal",
                    "an entry is either an objective (goal) or a bound (min, max), not both");
    }
    if (entry.min && entry.max && *entry.min > *entry.max) {
      reader.Report(Severity::kError, "min", "min is above max");
    }
    objectives += entry.is_objective() ? 1 : 0;
    sweep.metrics.push_back(std::move(entry));
  }
  if (objectives == 0) {
    problems.Error("metrics", value.position, "metrics holds only bounds and no objective",
                   "add an entry {name: NAME, goal: minimize}");
  }
}

}  // namespace regatta::sweeps
