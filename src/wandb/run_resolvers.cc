// A run's own fields. Reading streams, listing runs and what hangs on them stand in other files.
#include <nlohmann/json.hpp>

#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/run_rules.h"
#include "request_context.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Run;
using tracking::RunState;
using tracking::StreamKind;
using tracking::Tables;
using tracking::ToInt;

namespace {

Resolved NullIfEmpty(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

bool IsAlive(RunState state) {
  return state == RunState::kRunning || state == RunState::kPreempting ||
         state == RunState::kPending;
}

// `config._wandb.value`, restricted to the keys asked for. A run whose process has not spoken has
// none: clients take the key "t" as the sign that it has (trap 5 of the wire).
std::string WandbConfig(const Run& run, const std::optional<std::vector<std::string>>& keys) {
  nlohmann::json chosen = nlohmann::json::object();
  const std::optional<nlohmann::json> config = tracking::ParseExtendedJson(run.config_json);
  const nlohmann::json* all = config ? tracking::FindMember(*config, {"_wandb", "value"}) : nullptr;
  if (all != nullptr && all->is_object()) {
    for (const auto& [key, value] : all->items()) {
      if (!keys || std::find(keys->begin(), keys->end(), key) != keys->end()) chosen[key] = value;
    }
  }
  return chosen.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Resolved> ResolveUser(const RunNode& node, const FieldContext& field) {
  Resolved user = nullptr;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    Result<std::optional<tracking::User>> found = tables.accounts().FindUser(node.run.user);
    if (!found) return found.error();
    if (*found) user = Resolved::Own("User", **std::move(found));
    return Ok();
  });
  if (!read) return read.error();
  return user;
}

Result<Resolved> ResolveLineCount(const RunNode& node, const FieldContext& field, StreamKind kind) {
  std::int64_t lines = 0;
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
    if (!info) return info.error();
    lines = info->lines(kind);
    return Ok();
  });
  if (!read) return read.error();
  return Resolved(lines);
}

// A JSON array, as a string, of the last lines, as strings.
Result<Resolved> ResolveTail(const RunNode& node, const FieldContext& field, StreamKind kind) {
  nlohmann::json tail = nlohmann::json::array();
  const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
    const Result<tracking::StreamInfo> info = tables.streams().Info(node.run.id);
    if (!info) return info.error();
    return tables.streams().ReadLines(node.run.id, kind, info->lines(kind) - 1, 1,
                                      [&](const tracking::StreamLine& line) {
                                        tail.push_back(std::string(line.text));
                                        return true;
                                      });
  });
  if (!read) return read.error();
  return Resolved(tail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void AddPlainFields(ResolverMap& resolvers) {
  const auto add = [&](const char* name, auto read) {
    resolvers.Field<RunNode>("Run", name,
                             [read](const RunNode& node) { return Resolved(read(node.run)); });
  };
  add("name", [](const Run& r) { return r.name; });
  add("displayName", [](const Run& r) { return r.display_name; });
  add("description", [](const Run& r) { return NullIfEmpty(r.description); });
  add("notes", [](const Run& r) { return NullIfEmpty(r.notes); });
  add("config", [](const Run& r) { return r.config_json; });
  add("summaryMetrics", [](const Run& r) { return r.summary_json; });
  add("sweepName", [](const Run& r) { return NullIfEmpty(r.sweep_name); });
  add("state", [](const Run& r) { return tracking::RunStateName(r.state); });
  add("tags", [](const Run& r) { return r.tags; });
  add("group", [](const Run& r) { return NullIfEmpty(r.group); });
  add("jobType", [](const Run& r) { return NullIfEmpty(r.job_type); });
  add("commit", [](const Run& r) { return NullIfEmpty(r.commit); });
  add("host", [](const Run& r) { return NullIfEmpty(r.host); });
  add("repo", [](const Run& r) { return NullIfEmpty(r.repo); });
  add("program", [](const Run& r) { return NullIfEmpty(r.program); });
  add("createdAt", [](const Run& r) { return FormatTime(r.created_at); });
  add("updatedAt", [](const Run& r) { return FormatTime(r.updated_at); });
  add("heartbeatAt", [](const Run& r) { return FormatTime(r.heartbeat_at); });
  add("stopped", [](const Run& r) { return r.stop_requested; });
  add("shouldStop", [](const Run& r) { return r.stop_requested && IsAlive(r.state); });
  add("failed",
      [](const Run& r) { return r.state == RunState::kFailed || r.state == RunState::kCrashed; });
  add("running", [](const Run& r) { return r.state == RunState::kRunning; });
  add("exitcode", [](const Run& r) { return r.exit_code; });
  add("branchPoint", [](const Run&) { return Resolved(nullptr); });
  add("computeSeconds", [](const Run& r) {
    return std::chrono::duration_cast<std::chrono::seconds>(r.heartbeat_at - r.created_at).count();
  });
}

}  // namespace

void AddRunResolvers(ResolverMap& resolvers) {
  AddPlainFields(resolvers);
  resolvers.Field<RunNode>("Run", "id", [](const RunNode& node) {
    return EncodeRunId(node.run.name, node.project->project.name,
                       node.project->project.entity_name);
  });
  resolvers.Field<RunNode>("Run", "projectId",
                           [](const RunNode& node) { return ToInt(node.run.project); });
  resolvers.Field<RunNode>("Run", "project", [](const RunNode& node) {
    return Resolved::Object("Project", node.project);
  });
  resolvers.Field<RunNode>("Run", "readOnly",
                           [](const RunNode& node) { return !node.project->may_write; });
  resolvers.Field<RunNode>("Run", "user", ResolveUser);
  resolvers.Field<RunNode>("Run", "wandbConfig",
                           [](const RunNode& node, const FieldContext& field) {
                             return WandbConfig(node.run, field.args().StringList("keys"));
                           });
  resolvers.Field<RunNode>("Run", "historyLineCount",
                           [](const RunNode& node, const FieldContext& field) {
                             return ResolveLineCount(node, field, StreamKind::kHistory);
                           });
  resolvers.Field<RunNode>("Run", "eventsLineCount",
                           [](const RunNode& node, const FieldContext& field) {
                             return ResolveLineCount(node, field, StreamKind::kEvents);
                           });
  resolvers.Field<RunNode>("Run", "logLineCount",
                           [](const RunNode& node, const FieldContext& field) {
                             return ResolveLineCount(node, field, StreamKind::kConsole);
                           });
  resolvers.Field<RunNode>("Run", "historyTail",
                           [](const RunNode& node, const FieldContext& field) {
                             return ResolveTail(node, field, StreamKind::kHistory);
                           });
  resolvers.Field<RunNode>("Run", "eventsTail", [](const RunNode& node, const FieldContext& field) {
    return ResolveTail(node, field, StreamKind::kEvents);
  });

  const auto find_run = [](const ProjectNode& project,
                           const FieldContext& field) -> Result<Resolved> {
    Resolved found = nullptr;
    const auto owner = field.shared_parent<ProjectNode>();
    const Result<void> read = Context(field).Read([&](const Tables& tables) -> Result<void> {
      Result<std::optional<Run>> run =
          tables.runs().FindByName(project.project.id, field.args().StringOr("name", ""));
      if (!run) return run.error();
      if (*run) found = Resolved::Own("Run", RunNode{**std::move(run), owner});
      return Ok();
    });
    if (!read) return read.error();
    return found;
  };
  resolvers.Field<ProjectNode>("Project", "run", find_run);
  resolvers.Field<ProjectNode>("Project", "bucket", find_run);
}

}  // namespace regatta::wandb
