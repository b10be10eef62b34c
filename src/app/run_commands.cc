// `regatta run ...`: what was recorded, read back.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "command_line.h"
#include "run_command.h"
#include "table.h"

namespace regatta::app {
namespace {

using nlohmann::json;

constexpr std::int64_t kPage = 500;

constexpr std::string_view kListQuery = R"(
query Runs($entity: String, $project: String, $filters: JSONString, $order: String, $first: Int, $after: String) {
  project(name: $project, entityName: $entity) {
    runCount(filters: $filters)
    runs(filters: $filters, order: $order, first: $first, after: $after) {
      edges { node {
        id name displayName state createdAt heartbeatAt historyLineCount sweepName tags group config summaryMetrics
      } }
      pageInfo { endCursor hasNextPage }
    }
  }
})";

Error NoProject(const ItemPath& path) {
  return NotFound(fmt::format(
      "there is no project {}/{}, or you may not see it: `regatta status` shows who you are",
      path.entity, path.project));
}

// The values people set, without the client's own block: {"lr":{"value":1}} -> {"lr":1}.
json PlainConfig(const json& run) {
  json plain = json::object();
  const json config = DocumentOf(run, "config");
  for (const auto& [key, value] : config.items()) {
    if (key == "_wandb") continue;
    plain[key] = value.is_object() && value.contains("value") ? value["value"] : value;
  }
  return plain;
}

// The run with its documents parsed, as --json shows it.
json ForPrograms(json run) {
  run["config"] = PlainConfig(run);
  run["summary"] = DocumentOf(run, "summaryMetrics");
  run.erase("summaryMetrics");
  return run;
}

// --- ls ------------------------------------------------------------------------------------------

// Errors also: kNotFound for the project.
Result<json> ListRuns(ApiClient& client, const RunOptions& options, const ItemPath& path,
                      std::int64_t* total) {
  json runs = json::array();
  json cursor;
  while (static_cast<std::int64_t>(runs.size()) < options.limit) {
    const std::int64_t missing = options.limit - static_cast<std::int64_t>(runs.size());
    const Result<json> answer = client.Ask(kListQuery, {{"entity", path.entity},
                                                        {"project", path.project},
                                                        {"filters", options.filter},
                                                        {"order", options.order},
                                                        {"first", std::min(missing, kPage)},
                                                        {"after", cursor}});
    if (!answer) return answer.error();
    const json project = answer->value("project", json());
    if (!project.is_object()) return NoProject(path);
    *total = CountOf(project, "runCount");
    const json page = project.value("runs", json::object());
    for (json& run : NodesOf(page)) runs.push_back(ForPrograms(std::move(run)));
    const json info = page.value("pageInfo", json::object());
    if (info.value("hasNextPage", json()) != json(true)) break;
    cursor = info.value("endCursor", json());
  }
  return runs;
}

// `summary.loss`, `config.lr`, or a bare name, looked for in the summary and then in the config.
json ValueAt(const json& run, const std::string& key) {
  const auto find = [&run](const char* part, const std::string& name) {
    const json& document = run[part];
    const auto whole = document.find(name);
    if (whole != document.end()) return *whole;
    const json* at = &document;
    std::size_t from = 0;
    while (at->is_object()) {
      const std::size_t dot = name.find('.', from);
      const auto next = at->find(name.substr(from, dot - from));
      if (next == at->end()) return json();
      if (dot == std::string::npos) return *next;
      at = &*next;
      from = dot + 1;
    }
    return json();
  };
  if (key.starts_with("summary.")) return find("summary", key.substr(8));
  if (key.starts_with("config.")) return find("config", key.substr(7));
  const json found = find("summary", key);
  return found.is_null() ? find("config", key) : found;
}

void PrintRuns(const json& runs, const std::vector<std::string>& keys) {
  std::vector<Column> columns = {
      {"RUN", false, 20}, {"NAME"}, {"STATE"}, {"CREATED"}, {"ROWS", true}};
  const bool has_sweeps = std::any_of(
      runs.begin(), runs.end(), [](const json& run) { return !TextOf(run, "sweepName").empty(); });
  if (has_sweeps) columns.push_back({"SWEEP"});
  for (const std::string& key : keys) columns.push_back({PrintableLine(key), true});
  Table table(std::move(columns));
  for (const json& run : runs) {
    const std::string state = TextOf(run, "state");
    std::vector<Cell> cells = {{TextOf(run, "name")},
                               {TextOf(run, "displayName")},
                               {state, ColourOfState(state)},
                               {AgeText(TextOf(run, "createdAt"))},
                               {fmt::format("{}", CountOf(run, "historyLineCount"))}};
    if (has_sweeps) cells.push_back({TextOf(run, "sweepName")});
    for (const std::string& key : keys) cells.push_back({ShortText(ValueAt(run, key))});
    table.Add(std::move(cells));
  }
  fmt::print("{}", table.Render(StandardOutput()));
}

int List(const RunOptions& options) {
  const json filter = json::parse(options.filter, nullptr, false);
  if (!filter.is_object()) {
    return Fail(InvalidArgument(
        "--filter is no JSON object: write for example --filter '{\"state\":\"running\"}'"));
  }
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return Fail(client.error());
  const Result<ItemPath> path = LocateProject(**client, options.path, options.defaults(), "run ls");
  if (!path) return Fail(path.error());
  std::int64_t total = 0;
  const Result<json> runs = ListRuns(**client, options, *path, &total);
  if (!runs) return Fail(runs.error());
  const auto shown = static_cast<std::int64_t>(runs->size());
  if (options.as_json) {
    PrintJson(*runs);
  } else if (runs->empty()) {
    fmt::print("no runs in {}/{}{}\n", path->entity, path->project,
               filter.empty() ? "" : " pass the filter");
  } else {
    PrintRuns(*runs, options.keys);
  }
  if (shown < total) {
    fmt::print(stderr, "{} of {} runs; --limit {} shows all\n", shown, total, total);
  }
  return kExitOk;
}

// --- one run -------------------------------------------------------------------------------------

void PrintDocument(const char* title, const json& document) {
  std::size_t width = 0;
  for (const auto& [key, value] : document.items()) width = std::max(width, DisplayWidth(key));
  if (width == 0) return;
  const Terminal terminal = StandardOutput();
  fmt::print("\n{}\n", Coloured(terminal, Colour::kBold, title));
  for (const auto& [key, value] : document.items()) {
    const std::string name = PrintableLine(key);
    std::string line = "  " + name +
                       std::string(width - std::min(width, DisplayWidth(name)) + 2, ' ') +
                       PrintableLine(ShortText(value));
    fmt::print("{}\n", terminal.width == 0 ? line : CutToWidth(line, terminal.width));
  }
}

int Show(const RunOptions& options) {
  const Result<FoundRun> found = FindRun(options, options.path);
  if (!found) return Fail(found.error());
  if (options.as_json) {
    json document = ForPrograms(found->run);
    document["path"] = found->path.text();
    PrintJson(document);
    return kExitOk;
  }
  const Terminal terminal = StandardOutput();
  const json& run = found->run;
  const auto line = [](const char* title, const std::string& value) {
    if (!value.empty()) fmt::print("{:<9}{}\n", title, PrintableLine(value));
  };
  line("run", found->path.text());
  line("name", TextOf(run, "displayName"));
  const std::string state = TextOf(run, "state");
  fmt::print("{:<9}{}{}\n", "state", Coloured(terminal, ColourOfState(state), state),
             run.value("exitcode", json()).is_number()
                 ? fmt::format(", exit code {}", CountOf(run, "exitcode"))
                 : "");
  line("why", TextOf(run, "why"));
  line("created",
       fmt::format("{} ({})", TextOf(run, "createdAt"), AgeText(TextOf(run, "createdAt"))));
  line("ran", DurationText(static_cast<double>(CountOf(run, "computeSeconds"))));
  line("user", TextOf(run.value("user", json()), "username"));
  line("host", TextOf(run, "host"));
  line("sweep", TextOf(run, "sweepName"));
  line("group", TextOf(run, "group"));
  line("notes", TextOf(run, "notes"));
  line("rows", fmt::format("{} of metrics, {} of console output", CountOf(run, "historyLineCount"),
                           CountOf(run, "logLineCount")));
  PrintDocument("config", PlainConfig(run));
  PrintDocument("summary", DocumentOf(run, "summaryMetrics"));
  return kExitOk;
}

// --- rm ------------------------------------------------------------------------------------------

int Remove(const RunOptions& options) {
  const std::string question =
      options.paths.size() == 1
          ? fmt::format("Delete run {} with its metrics, files and logs?", options.paths[0])
          : fmt::format("Delete {} runs with their metrics, files and logs?", options.paths.size());
  if (!Confirm(question, options.is_sure)) return kExitUsage;
  json deleted = json::array();
  int exit_code = kExitOk;
  for (const std::string& text : options.paths) {
    Result<FoundRun> found = FindRun(options, text);
    if (!found) {
      exit_code = Fail(found.error());
      continue;
    }
    const Result<json> answer = found->client->Ask(
        "mutation DeleteRun($id: ID!) { deleteRun(input: {id: $id}) { success } }",
        {{"id", TextOf(found->run, "id")}});
    if (!answer) {
      exit_code = Fail(answer.error());
      continue;
    }
    deleted.push_back(found->path.text());
    if (!options.as_json) fmt::print("run {} deleted\n", found->path.text());
  }
  if (options.as_json) PrintJson({{"deleted", deleted}});
  return exit_code;
}

CLI::App* AddOne(CLI::App& run, const char* name, const char* help,
                 const std::shared_ptr<RunOptions>& options) {
  CLI::App* command = run.add_subcommand(name, help);
  AddPersonOptions(*command, options, true);
  command->add_option("run", options->path, "ID, PROJECT/ID or ENTITY/PROJECT/ID")->required();
  return command;
}

}  // namespace

void AddRunCommands(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* run = app.add_subcommand("run", "List, read and delete runs")->require_subcommand(1);

  CLI::App* list = run->add_subcommand("ls", "The runs of a project");
  AddPersonOptions(*list, options, true);
  list->add_option("path", options->path, "[ENTITY/]PROJECT; without it, WANDB_PROJECT");
  list->add_option("--filter", options->filter,
                   "JSON, e.g. '{\"state\":\"running\",\"summary_metrics.loss\":{\"$lt\":0.5}}'");
  list->add_option("--order", options->order,
                   "Key with + or - before it, e.g. +summary_metrics.loss")
      ->capture_default_str();
  list->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}))
      ->capture_default_str();
  list->add_option("--columns", options->keys, "More columns: summary or config keys, a,b")
      ->delimiter(',');
  list->callback([options, &exit_code] { exit_code = List(*options); });

  AddOne(*run, "show", "One run: state, config, summary", options)->callback([options, &exit_code] {
    exit_code = Show(*options);
  });

  CLI::App* history = AddOne(*run, "history", "The metrics of a run, step by step", options);
  history->add_option("--keys", options->keys, "Only these metrics: a,b")->delimiter(',');
  history->callback([options, &exit_code] { exit_code = RunHistory(*options); });

  CLI::App* logs = AddOne(*run, "logs", "What a run wrote to its console", options);
  logs->add_flag("-f,--follow", options->follows, "Go on until the run has ended");
  logs->callback([options, &exit_code] { exit_code = RunLogs(*options); });

  CLI::App* remove = run->add_subcommand("rm", "Delete runs with everything they recorded");
  AddPersonOptions(*remove, options, true);
  remove->add_option("runs", options->paths, "ID, PROJECT/ID or ENTITY/PROJECT/ID")->required();
  remove->add_flag("-y,--yes", options->is_sure, "Do not ask");
  remove->callback([options, &exit_code] { exit_code = Remove(*options); });
}

}  // namespace regatta::app
