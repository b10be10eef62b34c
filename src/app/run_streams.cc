// What a run streamed, read back: its metrics and its console.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "command_line.h"
#include "regatta/base/function_ref.h"
#include "regatta/tracking/extended_json.h"
#include "run_command.h"
#include "table.h"

namespace regatta::app {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kFollowPause{1};

constexpr std::string_view kHistoryQuery = R"(
query History($entity: String, $project: String, $name: String!, $min: Int64, $max: Int64, $samples: Int) {
  project(name: $project, entityName: $entity) { run(name: $name) {
    historyLineCount historyKeys history(minStep: $min, maxStep: $max, samples: $samples)
  } }
})";

// Calls `on_row` for every row, oldest first. A long history comes in pieces of about kRowsAtOnce.
Result<void> ReadHistory(FoundRun& found, FunctionRef<void(json row)> on_row) {
  constexpr std::int64_t kRowsAtOnce = 20'000;
  constexpr std::int64_t kAllSamples = 2'000'000'000;
  const std::int64_t rows = CountOf(found.run, "historyLineCount");
  const json base = {{"entity", found.path.entity},
                     {"project", found.path.project},
                     {"name", found.path.name},
                     {"samples", kAllSamples}};
  std::int64_t pieces = 1;
  std::int64_t last = 0;
  if (rows > kRowsAtOnce) {
    json first = base;
    first["min"] = 0;
    first["max"] = 0;
    const Result<json> answer = found.client->Ask(kHistoryQuery, first);
    if (!answer) return answer.error();
    last = CountOf(answer->value("/project/run/historyKeys"_json_pointer, json()), "lastStep");
    pieces = rows / kRowsAtOnce + 1;
  }
  const std::int64_t steps = last / pieces + 1;
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    json variables = base;
    if (pieces > 1) {
      variables["min"] = piece * steps;
      variables["max"] = (piece + 1) * steps;
    }
    const Result<json> answer = found.client->Ask(kHistoryQuery, variables);
    if (!answer) return answer.error();
    const json lines = answer->value("/project/run/history"_json_pointer, json());
    if (!lines.is_array()) continue;
    for (const json& line : lines) {
      if (!line.is_string()) continue;
      std::optional<json> row = tracking::ParseExtendedJson(line.get<std::string>());
      if (row && row->is_object()) on_row(*std::move(row));
    }
  }
  return Ok();
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::string_view kLogQuery = R"(
query Logs($entity: String, $project: String, $name: String!, $first: Int, $after: String) {
  project(name: $project, entityName: $entity) { run(name: $name) {
    state
    logLines(first: $first, after: $after, useImprovedPagination: true) {
      edges { node { number timestamp level label line } cursor }
      pageInfo { endCursor hasNextPage }
    }
  } }
})";

bool IsOver(const std::string& state) {
  return state != "running" && state != "pending" && state != "preempting";
}

}  // namespace

int RunHistory(const RunOptions& options) {
  Result<FoundRun> found = FindRun(options, options.path);
  if (!found) return Fail(found.error());
  json rows = json::array();
  std::vector<std::string> names = options.keys;
  const Result<void> read = ReadHistory(*found, [&](json row) {
    if (!options.keys.empty()) {
      json chosen = json::object();
      for (const std::string& key : options.keys) {
        if (row.contains(key)) chosen[key] = row[key];
      }
      if (chosen.empty()) return;
      if (row.contains("_step")) chosen["_step"] = row["_step"];
      row = std::move(chosen);
    } else {
      for (const auto& [key, value] : row.items()) {
        if (!key.starts_with('_') && !Contains(names, key)) names.push_back(key);
      }
    }
    rows.push_back(std::move(row));
  });
  if (!read) return Fail(read.error());
  if (options.as_json) {
    PrintJson(rows);
    return kExitOk;
  }
  if (rows.empty()) {
    fmt::print(stderr, "no rows{}\n", options.keys.empty() ? "" : " with these keys");
    return kExitOk;
  }
  std::vector<Column> columns = {{"_step", true, 5}};
  std::erase(names, "_step");
  for (const std::string& name : names) columns.push_back({PrintableLine(name), true});
  Table table(std::move(columns));
  for (const json& row : rows) {
    std::vector<Cell> cells = {{ShortText(row.value("_step", json()))}};
    for (const std::string& name : names) cells.push_back({ShortText(row.value(name, json()))});
    table.Add(std::move(cells));
  }
  fmt::print("{}", table.Render(StandardOutput()));
  return kExitOk;
}

int RunLogs(const RunOptions& options) {
  Result<FoundRun> found = FindRun(options, options.path);
  if (!found) return Fail(found.error());
  const Terminal terminal = StandardOutput();
  json cursor;
  json all = json::array();
  while (true) {
    const Result<json> answer = found->client->Ask(kLogQuery, {{"entity", found->path.entity},
                                                               {"project", found->path.project},
                                                               {"name", found->path.name},
                                                               {"first", 5000},
                                                               {"after", cursor}});
    if (!answer) return Fail(answer.error());
    const json run = answer->value("/project/run"_json_pointer, json());
    if (!run.is_object()) return Fail(NoRun(found->path));
    const json page = run.value("logLines", json::object());
    for (json& node : NodesOf(page)) {
      if (!options.as_json) {
        fmt::print("{}\n", ConsoleLine(terminal, TextOf(node, "line")));
      } else if (options.follows) {
        fmt::print("{}\n", node.dump(-1, ' ', false, json::error_handler_t::replace));
      } else {
        all.push_back(std::move(node));
      }
    }
    std::fflush(stdout);
    const json info = page.value("pageInfo", json::object());
    if (info.value("endCursor", json()).is_string()) cursor = info["endCursor"];
    if (info.value("hasNextPage", json()) == json(true)) continue;
    if (!options.follows || IsOver(TextOf(run, "state"))) break;
    std::this_thread::sleep_for(kFollowPause);
  }
  if (options.as_json && !options.follows) PrintJson(all);
  return kExitOk;
}

}  // namespace regatta::app
