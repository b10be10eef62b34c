// `regatta sweep ...` and `regatta watch`: sweeps checked, created, read and steered.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "command_line.h"
#include "insight_command.h"
#include "person_command.h"
#include "regatta/sweeps/explain.h"
#include "regatta/sweeps/sweep_config.h"
#include "sweep_view.h"
#include "table.h"
#include "watch.h"

namespace regatta::app {
namespace {

using nlohmann::json;

struct SweepOptions : PersonOptions {
  std::string path;
  std::string file;
  std::string name;
  std::vector<std::string> runs;
  std::uint64_t seed = 0;
  bool strict_yaml = false;
  bool is_sure = false;
  bool is_once = false;
  bool takes_failed = false;
  bool shows_reasons = false;
};

// The file's text; "-" is standard input. Errors: kNotFound.
Result<std::string> ReadSweepFile(const std::string& path) {
  if (path == "-") {
    return std::string((std::istreambuf_iterator<char>(std::cin)),
                       std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  std::string text;
  // A folder opens like a file, and reading it throws.
  std::error_code failed;
  const bool is_readable = file && !std::filesystem::is_directory(path, failed);
  if (is_readable) {
    text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (!is_readable || file.bad()) {
    return NotFound(fmt::format("cannot read {}: is it a file, and may you read it?", path));
  }
  return text;
}

// --- check and create ----------------------------------------------------------------------------

int Check(const SweepOptions& options) {
  const Result<std::string> text = ReadSweepFile(options.file);
  if (!text) return Fail(text.error());
  const sweeps::SweepExplanation explanation =
      sweeps::ExplainSweep(*text, {.strict_yaml = options.strict_yaml, .seed = options.seed});
  if (options.as_json) {
    fmt::print("{}\n", sweeps::ExplanationJson(explanation));
  } else {
    fmt::print("{}", sweeps::ExplanationText(explanation));
  }
  return explanation.has_errors ? kExitUsage : kExitOk;
}

std::string FirstOf(std::string first, const std::string& second, const std::string& third) {
  if (!first.empty()) return first;
  return second.empty() ? third : second;
}

constexpr std::string_view kCreate = R"(
mutation CreateSweep($config: String, $entity: String, $project: String, $name: String) {
  upsertSweep(input: {config: $config, entityName: $entity, projectName: $project, displayName: $name}) {
    sweep { id name displayName project { name entity { name } } }
    configValidationWarnings
  }
})";

void PrintCreated(const std::string& server, const ItemPath& path) {
  fmt::print(
      "sweep {0} created\n"
      "  page    {1}/{2}/{3}/sweeps/{4}\n"
      "  agent   regatta agent {0}      (or: wandb agent {0})\n"
      "  follow  regatta watch {0}\n",
      path.text(), server, path.entity, path.project, path.name);
}

int Create(const SweepOptions& options) {
  const Result<std::string> text = ReadSweepFile(options.file);
  if (!text) return Fail(text.error());
  const sweeps::ParsedSweep parsed =
      sweeps::InspectSweepConfig(*text, {.strict_yaml = options.strict_yaml});
  if (parsed.has_errors()) {
    for (const sweeps::Problem& problem : parsed.problems) {
      fmt::print(stderr, "regatta: {}: {}\n", options.file, sweeps::ProblemText(problem));
    }
    fmt::print(stderr, "regatta: no sweep was created; `regatta sweep check {}` shows more\n",
               options.file);
    return kExitUsage;
  }
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return Fail(client.error());
  const Environment environment = ProcessEnvironment();
  const std::string entity =
      FirstOf(options.entity, environment("WANDB_ENTITY"), parsed.config.entity);
  const std::string project =
      FirstOf(options.project, environment("WANDB_PROJECT"), parsed.config.project);
  const auto or_null = [](const std::string& name) { return name.empty() ? json() : json(name); };
  const Result<json> answer = (*client)->Ask(kCreate, {{"config", *text},
                                                       {"entity", or_null(entity)},
                                                       {"project", or_null(project)},
                                                       {"name", or_null(options.name)}});
  if (!answer) return Fail(answer.error());
  const json sweep = answer->value("/upsertSweep/sweep"_json_pointer, json::object());
  const json owner = sweep.value("project", json::object());
  const ItemPath path{TextOf(owner.value("entity", json()), "name"), TextOf(owner, "name"),
                      TextOf(sweep, "name")};
  const json warnings =
      answer->value("/upsertSweep/configValidationWarnings"_json_pointer, json::array());
  if (options.as_json) {
    PrintJson({{"name", path.name}, {"path", path.text()}, {"warnings", warnings}});
    return kExitOk;
  }
  if (warnings.is_array()) {
    for (const json& warning : warnings) {
      fmt::print(stderr, "warning: {}\n", PrintableLine(ShortText(warning)));
    }
  }
  PrintCreated((*client)->credentials().server, path);
  return kExitOk;
}

// --- ls ------------------------------------------------------------------------------------------

constexpr std::string_view kListQuery = R"(
query Sweeps($entity: String, $project: String) {
  project(name: $project, entityName: $entity) { sweeps(first: 10000) { edges { node {
    name displayName method state why runCount runCountExpected bestLoss createdAt
  } } } }
})";

int List(const SweepOptions& options) {
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return Fail(client.error());
  const Result<ItemPath> path =
      LocateProject(**client, options.path, options.defaults(), "sweep ls");
  if (!path) return Fail(path.error());
  const Result<json> answer =
      (*client)->Ask(kListQuery, {{"entity", path->entity}, {"project", path->project}});
  if (!answer) return Fail(answer.error());
  const json project = answer->value("project", json());
  if (!project.is_object()) {
    return Fail(
        NotFound(fmt::format("there is no project {}/{}, or you may not see it: `regatta "
                             "status` shows who you are",
                             path->entity, path->project)));
  }
  const std::vector<json> sweeps = NodesOf(project.value("sweeps", json()));
  if (options.as_json) {
    PrintJson(sweeps);
    return kExitOk;
  }
  if (sweeps.empty()) {
    fmt::print("no sweeps in {}/{}\n", path->entity, path->project);
    return kExitOk;
  }
  Table table(
      {{"SWEEP"}, {"STATE"}, {"METHOD"}, {"RUNS", true}, {"BEST", true}, {"CREATED"}, {"NAME"}});
  for (const json& sweep : sweeps) {
    const std::string state = TextOf(sweep, "state");
    std::string runs = fmt::format("{}", CountOf(sweep, "runCount"));
    if (sweep.value("runCountExpected", json()).is_number()) {
      runs += fmt::format("/{}", CountOf(sweep, "runCountExpected"));
    }
    table.Add({{TextOf(sweep, "name")},
               {state, ColourOfState(state)},
               {TextOf(sweep, "method")},
               {std::move(runs)},
               {ShortText(sweep.value("bestLoss", json()))},
               {AgeText(TextOf(sweep, "createdAt"))},
               {TextOf(sweep, "displayName")}});
  }
  fmt::print("{}", table.Render(StandardOutput()));
  return kExitOk;
}

// --- one sweep -----------------------------------------------------------------------------------

struct FoundSweep {
  std::unique_ptr<ApiClient> client;
  SweepView sweep;
};

Result<std::unique_ptr<ApiClient>> ConnectTo(const SweepOptions& options, ItemPath* path) {
  Result<ItemPath> given = ParseItemPath(options.path, options.defaults());
  if (!given) return given.error();
  Result<std::unique_ptr<ApiClient>> client = Connect(options);
  if (!client) return client.error();
  Result<ItemPath> located = Locate(**client, ItemKind::kSweep, *std::move(given));
  if (!located) return located.error();
  *path = *std::move(located);
  return client;
}

Result<FoundSweep> FindSweep(const SweepOptions& options, std::int64_t runs_max,
                             bool with_reasons = false) {
  ItemPath path;
  Result<std::unique_ptr<ApiClient>> client = ConnectTo(options, &path);
  if (!client) return client.error();
  Result<SweepView> sweep = ReadSweep(**client, path, runs_max, with_reasons);
  if (!sweep) return sweep.error();
  return FoundSweep{*std::move(client), *std::move(sweep)};
}

int Show(const SweepOptions& options) {
  constexpr std::int64_t kRunsMax = 10'000;
  const Result<FoundSweep> found =
      FindSweep(options, kRunsMax, options.shows_reasons || options.as_json);
  if (!found) return Fail(found.error());
  if (options.as_json) {
    PrintJson(SweepJson(found->sweep));
    return kExitOk;
  }
  const Terminal terminal = StandardOutput();
  fmt::print("{}", SweepText(found->sweep, terminal, 0));
  if (found->sweep.agents.empty()) return kExitOk;
  Table table({{"AGENT"}, {"HOST"}, {"STATE"}, {"RUNS", true}, {"LAST SEEN"}, {"WHY"}});
  for (const json& agent : found->sweep.agents) {
    table.Add({{TextOf(agent, "name")},
               {TextOf(agent, "host")},
               {TextOf(agent, "state"), ColourOfState(TextOf(agent, "state"))},
               {fmt::format("{}", CountOf(agent, "totalRuns"))},
               {AgeText(TextOf(agent, "heartbeatAt"))},
               {TextOf(agent, "why")}});
  }
  fmt::print("\n{}", table.Render(terminal));
  return kExitOk;
}

int Best(const SweepOptions& options) {
  const Result<FoundSweep> found = FindSweep(options, 1);
  if (!found) return Fail(found.error());
  const SweepView& sweep = found->sweep;
  if (!sweep.best) {
    return Fail(NotFound(
        sweep.metric.empty()
            ? fmt::format("sweep {} has no metric, so no run is the best", sweep.path.text())
            : fmt::format("no run of sweep {} has a value of {} yet", sweep.path.text(),
                          sweep.metric)));
  }
  json document = SweepRunJson(*sweep.best);
  document["metric"] = sweep.metric;
  document["path"] =
      fmt::format("{}/{}/{}", sweep.path.entity, sweep.path.project, sweep.best->name);
  if (options.as_json) {
    PrintJson(document);
    return kExitOk;
  }
  fmt::print("{:<9}{}\n{:<9}{} ({})\n", "run", TextOf(document, "path"), "value",
             sweep.best->value ? NumberText(*sweep.best->value) : "", sweep.metric);
  for (const auto& [name, value] : sweep.best->parameters.items()) {
    fmt::print("  {} {}\n", PrintableLine(name), PrintableLine(ShortText(value)));
  }
  if (!sweep.best->why.empty()) {
    fmt::print("{:<9}{}\n", "why", PrintableLine(sweep.best->why));
  }
  return kExitOk;
}

// --- steering ------------------------------------------------------------------------------------

struct Verb {
  const char* name;
  const char* state;
  const char* help;
  const char* done;
  const char* question;  // null: nothing to ask
};

constexpr Verb kVerbs[] = {
    {"pause", "PAUSED", "Hand out no new runs; those that run go on", "paused", nullptr},
    {"resume", "RUNNING", "Hand out runs again", "resumed", nullptr},
    {"stop", "FINISHED", "Hand out no new runs; the sweep ends when those that run have ended",
     "stopped: it ends when its running runs have ended", nullptr},
    {"cancel", "CANCELED", "End the sweep and kill its running runs", "canceled",
     "Cancel sweep {} and kill its running runs?"},
};

constexpr std::string_view kSetState = R"(
mutation SetSweepState($id: ID, $state: String, $entity: String, $project: String) {
  upsertSweep(input: {id: $id, state: $state, entityName: $entity, projectName: $project}) {
    sweep { name state why }
  }
})";

int Steer(const SweepOptions& options, const Verb& verb) {
  const Result<FoundSweep> found = FindSweep(options, 1);
  if (!found) return Fail(found.error());
  const ItemPath& path = found->sweep.path;
  if (verb.question != nullptr &&
      !Confirm(fmt::format(fmt::runtime(verb.question), path.text()), options.is_sure)) {
    return kExitUsage;
  }
  const Result<json> answer = found->client->Ask(kSetState, {{"id", found->sweep.id},
                                                             {"state", verb.state},
                                                             {"entity", path.entity},
                                                             {"project", path.project}});
  if (!answer) return Fail(answer.error());
  const json sweep = answer->value("/upsertSweep/sweep"_json_pointer, json::object());
  if (options.as_json) {
    PrintJson({{"path", path.text()}, {"state", TextOf(sweep, "state")}});
  } else {
    fmt::print("sweep {} {}\n", path.text(), verb.done);
  }
  return kExitOk;
}

constexpr std::string_view kRequeue = R"(
mutation Requeue($sweep: ID!, $run: String!) {
  requeueSweepRun(input: {sweepID: $sweep, runName: $run}) { success }
})";

int Requeue(const SweepOptions& options) {
  constexpr std::int64_t kRunsMax = 10'000;
  if (options.runs.empty() != options.takes_failed) {
    return Fail(InvalidArgument("name the runs whose points to hand out again, or say --failed"));
  }
  const Result<FoundSweep> found = FindSweep(options, options.takes_failed ? kRunsMax : 1);
  if (!found) return Fail(found.error());
  std::vector<std::string> runs = options.runs;
  if (options.takes_failed) {
    for (const SweepRunView& run : found->sweep.runs) {
      if (run.state == "failed" || run.state == "crashed" || run.state == "killed") {
        runs.push_back(run.name);
      }
    }
  }
  int exit_code = kExitOk;
  json done = json::array();
  for (const std::string& run : runs) {
    const Result<json> answer =
        found->client->Ask(kRequeue, {{"sweep", found->sweep.id}, {"run", run}});
    if (!answer) {
      exit_code = Fail(WithContext("run " + run, answer.error()));
      continue;
    }
    done.push_back(run);
    if (!options.as_json) fmt::print("the point of run {} will be handed out again\n", run);
  }
  if (options.as_json) PrintJson({{"requeued", done}});
  if (!options.as_json && runs.empty()) fmt::print("no run of the sweep has failed\n");
  return exit_code;
}

int Watch(const SweepOptions& options) {
  ItemPath path;
  const Result<std::unique_ptr<ApiClient>> client = ConnectTo(options, &path);
  if (!client) return Fail(client.error());
  return WatchSweep(**client, path, {.as_json = options.as_json, .is_once = options.is_once});
}

using Shared = std::shared_ptr<SweepOptions>;

CLI::App* AddOne(CLI::App& sweep, const char* name, const char* help, const Shared& options) {
  CLI::App* command = sweep.add_subcommand(name, help);
  AddPersonOptions(*command, options, true);
  command->add_option("sweep", options->path, "ID, PROJECT/ID or ENTITY/PROJECT/ID")->required();
  return command;
}

void AddFileCommands(CLI::App& sweep, const Shared& options, int& exit_code) {
  CLI::App* check =
      sweep.add_subcommand("check", "What a sweep file will do, or everything wrong with it");
  check->add_option("file", options->file, "sweep.yaml, or - for standard input")->required();
  check->add_flag("--json", options->as_json, "Print JSON");
  check->add_flag("--strict-yaml", options->strict_yaml, "Read 1e-5 as YAML 1.1 does: a text");
  check->add_option("--seed", options->seed, "Of the sample, for a file without a seed");
  check->callback([options, &exit_code] { exit_code = Check(*options); });

  CLI::App* create = sweep.add_subcommand("create", "Create a sweep on the server");
  AddPersonOptions(*create, options, true);
  create->add_option("file", options->file, "sweep.yaml, or - for standard input")->required();
  create->add_option("--name", options->name, "Name for people");
  create->add_flag("--strict-yaml", options->strict_yaml, "Read 1e-5 as YAML 1.1 does: a text");
  create->callback([options, &exit_code] { exit_code = Create(*options); });
}

}  // namespace

void AddSweepCommands(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<SweepOptions>();
  CLI::App* sweep =
      app.add_subcommand("sweep", "Check, create, read and steer sweeps")->require_subcommand(1);
  AddFileCommands(*sweep, options, exit_code);

  CLI::App* list = sweep->add_subcommand("ls", "The sweeps of a project");
  AddPersonOptions(*list, options, true);
  list->add_option("path", options->path, "[ENTITY/]PROJECT; without it, WANDB_PROJECT");
  list->callback([options, &exit_code] { exit_code = List(*options); });

  CLI::App* show = AddOne(*sweep, "show", "One sweep: progress, best run, runs, agents", options);
  show->add_flag("--why", options->shows_reasons,
                 "Why each run has its point, or why it was stopped");
  show->callback([options, &exit_code] { exit_code = Show(*options); });
  AddOne(*sweep, "best", "The run with the best value of the metric", options)
      ->callback([options, &exit_code] { exit_code = Best(*options); });
  AddInsightCommand(*sweep, exit_code);
  for (const Verb& verb : kVerbs) {
    CLI::App* command = AddOne(*sweep, verb.name, verb.help, options);
    if (verb.question != nullptr) command->add_flag("-y,--yes", options->is_sure, "Do not ask");
    command->callback([options, &exit_code, &verb] { exit_code = Steer(*options, verb); });
  }
  CLI::App* requeue =
      AddOne(*sweep, "requeue", "Hand out the points of failed or killed runs again", options);
  requeue->add_option("runs", options->runs, "Names of runs of the sweep");
  requeue->add_flag("--failed", options->takes_failed, "All that failed, crashed or were killed");
  requeue->callback([options, &exit_code] { exit_code = Requeue(*options); });

  CLI::App* watch = app.add_subcommand("watch", "Follow a sweep live until it ends");
  AddPersonOptions(*watch, options, true);
  watch->add_option("sweep", options->path, "ID, PROJECT/ID or ENTITY/PROJECT/ID")->required();
  watch->add_flag("--once", options->is_once, "Show it once and end");
  watch->callback([options, &exit_code] { exit_code = Watch(*options); });
}

}  // namespace regatta::app
