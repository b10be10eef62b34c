#include "sweep_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "person_command.h"
#include "regatta/sweeps/sweep_config.h"
#include "table.h"

namespace regatta::app {
namespace {

using nlohmann::json;

constexpr std::string_view kSweepQuery = R"(
query Sweep($entity: String, $project: String, $name: String!, $runs: Int, $why: Boolean!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $name) {
    id name displayName method state why config createdAt runCount runCountExpected
    agents(first: 100) { edges { node { name host state totalRuns heartbeatAt why } } }
    bestRun { name displayName state createdAt historyLineCount config summaryMetrics sweepValue why }
    runs(first: $runs, order: "-created_at") { edges { node {
      name displayName state createdAt historyLineCount config summaryMetrics sweepValue
      why @include(if: $why)
    } } }
  } }
})";

// The metric in a summary: the key as a whole, else step by step along its dots.
std::optional<double> MetricOf(const json& summary, const std::string& metric) {
  const auto whole = summary.find(metric);
  const json* at = whole == summary.end() ? nullptr : &*whole;
  if (at == nullptr) {
    at = &summary;
    std::size_t from = 0;
    while (at != nullptr && from != std::string::npos) {
      const std::size_t dot = metric.find('.', from);
      const std::string part = metric.substr(from, dot == std::string::npos ? dot : dot - from);
      const auto next = at->is_object() ? at->find(part) : json::const_iterator();
      at = at->is_object() && next != at->end() ? &*next : nullptr;
      from = dot == std::string::npos ? dot : dot + 1;
    }
  }
  if (at == nullptr) return std::nullopt;
  if (at->is_number()) return at->get<double>();
  return std::nullopt;
}

SweepRunView RunViewOf(const json& run, const sweeps::SweepConfig& config,
                       const std::string& metric) {
  SweepRunView view;
  view.name = TextOf(run, "name");
  view.title = TextOf(run, "displayName");
  view.state = TextOf(run, "state");
  view.created_at = TextOf(run, "createdAt");
  view.why = TextOf(run, "why");
  view.rows = CountOf(run, "historyLineCount");
  if (config.metric) {
    // What the server ranks by: the best that the run has logged, which its summary may have left.
    const json ranked = run.value("sweepValue", json());
    if (ranked.is_number()) view.value = ranked.get<double>();
  } else if (!metric.empty()) {
    view.value = MetricOf(DocumentOf(run, "summaryMetrics"), metric);
  }
  const json values = DocumentOf(run, "config");
  view.parameters = json::object();
  for (const sweeps::ParameterConfig& parameter : config.parameters) {
    if (parameter.kind == sweeps::ParameterKind::kConstant) continue;
    const auto found = values.find(parameter.name);
    if (found == values.end()) continue;
    view.parameters[parameter.name] =
        found->is_object() && found->contains("value") ? (*found)["value"] : *found;
  }
  return view;
}

std::string ValueText(const SweepRunView& run) { return run.value ? NumberText(*run.value) : ""; }

std::string ProgressText(const SweepView& sweep) {
  std::map<std::string, int> states;
  for (const SweepRunView& run : sweep.runs) ++states[run.state];
  std::string text = fmt::format("{}", sweep.runs_total);
  if (sweep.runs_expected) text += fmt::format(" of {}", *sweep.runs_expected);
  text += " runs";
  // Only what was read was counted.
  if (static_cast<std::int64_t>(sweep.runs.size()) < sweep.runs_total) return text;
  for (const auto& [state, count] : states) text += fmt::format(", {} {}", count, state);
  return text;
}

std::string BestText(const SweepView& sweep) {
  if (sweep.metric.empty()) return "the sweep has no metric";
  if (!sweep.best) return fmt::format("no run has {} yet", sweep.metric);
  return fmt::format("{} {} by {} ({})", sweep.metric, ValueText(*sweep.best), sweep.best->name,
                     ParametersText(sweep.best->parameters));
}

}  // namespace

SweepView SweepViewOf(const ItemPath& path, const json& sweep) {
  SweepView view{.path = path};
  view.id = TextOf(sweep, "id");
  view.title = TextOf(sweep, "displayName");
  view.state = TextOf(sweep, "state");
  view.why = TextOf(sweep, "why");
  view.method = TextOf(sweep, "method");
  view.created_at = TextOf(sweep, "createdAt");
  view.config = TextOf(sweep, "config");
  view.runs_total = CountOf(sweep, "runCount");
  if (sweep.value("runCountExpected", json()).is_number()) {
    view.runs_expected = CountOf(sweep, "runCountExpected");
  }
  const sweeps::ParsedSweep parsed = sweeps::InspectSweepConfig(view.config);
  if (parsed.config.metric) {
    view.metric = parsed.config.metric->name;
    view.is_maximized = parsed.config.metric->goal == sweeps::Goal::kMaximize;
  } else {
    for (const sweeps::MetricEntry& entry : parsed.config.metrics) {
      if (!entry.is_objective() || !view.metric.empty()) continue;
      view.metric = entry.name;
      view.is_maximized = entry.goal == sweeps::Goal::kMaximize;
    }
  }
  for (const json& run : NodesOf(sweep.value("runs", json()))) {
    view.runs.push_back(RunViewOf(run, parsed.config, view.metric));
  }
  if (const json best = sweep.value("bestRun", json()); best.is_object()) {
    view.best = RunViewOf(best, parsed.config, view.metric);
  }
  for (json& agent : NodesOf(sweep.value("agents", json()))) {
    view.agents.push_back(std::move(agent));
  }
  return view;
}

Result<SweepView> ReadSweep(ApiClient& client, const ItemPath& path, std::int64_t runs_max,
                            bool with_reasons) {
  const Result<json> answer = client.Ask(kSweepQuery, {{"entity", path.entity},
                                                       {"project", path.project},
                                                       {"name", path.name},
                                                       {"runs", runs_max},
                                                       {"why", with_reasons}});
  if (!answer) return answer.error();
  const json sweep = answer->value("/project/sweep"_json_pointer, json());
  if (!sweep.is_object()) {
    return NotFound(
        fmt::format("there is no sweep {}: `regatta sweep ls {}/{}` lists those there are",
                    path.text(), path.entity, path.project));
  }
  return SweepViewOf(path, sweep);
}

json SweepRunJson(const SweepRunView& run) {
  return {{"name", run.name},
          {"displayName", run.title},
          {"state", run.state},
          {"createdAt", run.created_at},
          {"rows", run.rows},
          {"why", run.why},
          {"value", run.value ? json(*run.value) : json()},
          {"parameters", run.parameters}};
}

json SweepJson(const SweepView& sweep) {
  json runs = json::array();
  for (const SweepRunView& run : sweep.runs) runs.push_back(SweepRunJson(run));
  return {{"path", sweep.path.text()},
          {"name", sweep.path.name},
          {"displayName", sweep.title},
          {"state", sweep.state},
          {"why", sweep.why},
          {"method", sweep.method},
          {"createdAt", sweep.created_at},
          {"metric", sweep.metric},
          {"goal", sweep.is_maximized ? "maximize" : "minimize"},
          {"runCount", sweep.runs_total},
          {"runCountExpected", sweep.runs_expected ? json(*sweep.runs_expected) : json()},
          {"best", sweep.best ? SweepRunJson(*sweep.best) : json()},
          {"agents", sweep.agents},
          {"runs", runs},
          {"config", sweep.config}};
}

std::string ParametersText(const json& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters.items()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, ShortText(value));
  }
  return text;
}

std::string SweepText(const SweepView& sweep, const Terminal& terminal, std::size_t lines_max) {
  const auto line = [&](std::string_view title, const std::string& text, Colour colour) {
    std::string shown = PrintableLine(text);
    if (terminal.width > 10) shown = CutToWidth(shown, terminal.width - 9);
    return fmt::format("{:<9}{}\n", title, Coloured(terminal, colour, shown));
  };
  std::string text = line(
      "sweep", sweep.path.text() + (sweep.title.empty() ? "" : "  " + sweep.title), Colour::kBold);
  text += line("state", sweep.state + (sweep.why.empty() ? "" : ": " + sweep.why),
               ColourOfState(sweep.state));
  text += line("progress", ProgressText(sweep), Colour::kNone);
  text += line("best", BestText(sweep), Colour::kNone);
  if (sweep.runs.empty()) return text;
  std::vector<Column> columns = {{"RUN"}, {"STATE"}, {"STARTED"}, {"ROWS", true}};
  if (!sweep.metric.empty()) columns.push_back({PrintableLine(sweep.metric), true});
  columns.push_back({"PARAMETERS", false, 12});
  const bool has_reasons =
      std::ranges::any_of(sweep.runs, [](const SweepRunView& run) { return !run.why.empty(); });
  if (has_reasons) columns.push_back({"WHY", false, 20});
  Table table(std::move(columns));
  constexpr std::size_t kLinesAround = 8;  // the four above, blank, titles, the rest, the prompt
  const std::size_t rows =
      lines_max == 0
          ? sweep.runs.size()
          : std::min(sweep.runs.size(), lines_max > kLinesAround ? lines_max - kLinesAround : 1);
  for (std::size_t i = 0; i < rows; ++i) {
    const SweepRunView& run = sweep.runs[i];
    const bool is_best = sweep.best && sweep.best->name == run.name;
    std::vector<Cell> cells = {{run.name, is_best ? Colour::kGreen : Colour::kNone},
                               {run.state, ColourOfState(run.state)},
                               {AgeText(run.created_at)},
                               {fmt::format("{}", run.rows)}};
    if (!sweep.metric.empty()) cells.push_back({ValueText(run)});
    cells.push_back({ParametersText(run.parameters)});
    if (has_reasons) cells.push_back({PrintableLine(run.why)});
    table.Add(std::move(cells));
  }
  text += "\n" + table.Render(terminal);
  if (static_cast<std::int64_t>(rows) < sweep.runs_total) {
    text += fmt::format("and {} more\n", sweep.runs_total - static_cast<std::int64_t>(rows));
  }
  return text;
}

std::vector<SweepChange> ChangesBetween(const SweepView* before, const SweepView& after) {
  std::vector<SweepChange> changes;
  if (before == nullptr || before->state != after.state) {
    changes.push_back({"sweep",
                       fmt::format("sweep {} is {}{}", after.path.text(), after.state,
                                   after.why.empty() ? "" : ": " + after.why),
                       {{"state", after.state}, {"why", after.why}}});
  }
  for (auto run = after.runs.rbegin(); run != after.runs.rend(); ++run) {
    const SweepRunView* known = nullptr;
    if (before != nullptr) {
      const auto found = std::find_if(before->runs.begin(), before->runs.end(),
                                      [&](const auto& other) { return other.name == run->name; });
      if (found != before->runs.end()) known = &*found;
    }
    if (known != nullptr && known->state == run->state) continue;
    std::string text = fmt::format("run {} is {}", run->name, run->state);
    if (run->value && run->state != "running") {
      text += fmt::format(", {} {}", after.metric, NumberText(*run->value));
    }
    if (known == nullptr) text += fmt::format(" ({})", ParametersText(run->parameters));
    changes.push_back({"run", std::move(text), SweepRunJson(*run)});
  }
  const bool is_new_best =
      after.best && (before == nullptr || !before->best || before->best->name != after.best->name ||
                     before->best->value != after.best->value);
  if (is_new_best) {
    changes.push_back({"best", "best: " + BestText(after), SweepRunJson(*after.best)});
  }
  return changes;
}

}  // namespace regatta::app
