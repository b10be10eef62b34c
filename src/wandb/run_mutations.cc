// Mutations on runs.
#include <fmt/format.h>

#include "regatta/base/log.h"
#include "regatta/tracking/artifact_rules.h"
#include "regatta/tracking/run_rules.h"
#include "request_context.h"
#include "resolvers.h"
#include "storage_ids.h"

namespace regatta::wandb {

using graphql::Arguments;
using graphql::FieldContext;
using graphql::Record;
using graphql::Resolved;
using graphql::ResolverMap;
using tracking::Run;
using tracking::RunState;
using tracking::Tables;
using tracking::User;

namespace {

std::optional<std::string> Given(const Arguments& input, std::string_view name) {
  const auto text = input.String(name);
  if (!text) return std::nullopt;
  return std::string(*text);
}

// Null and absent both mean "leave unchanged".
Result<tracking::RunUpsert> ReadUpsert(const Arguments& input) {
  tracking::RunUpsert upsert{.display_name = Given(input, "displayName"),
                             .config_json = Given(input, "config"),
                             .summary_json = Given(input, "summaryMetrics"),
                             .notes = Given(input, "notes"),
                             .description = Given(input, "description"),
                             .group = Given(input, "groupName"),
                             .job_type = Given(input, "jobType"),
                             .commit = Given(input, "commit"),
                             .host = Given(input, "host"),
                             .program = Given(input, "jobProgram"),
                             .repo = Given(input, "jobRepo"),
                             .tags = input.StringList("tags"),
                             .sweep_name = Given(input, "sweep")};
  if (upsert.sweep_name && upsert.sweep_name->empty()) upsert.sweep_name.reset();
  if (const auto state = input.String("state"); state && !state->empty()) {
    const Result<RunState> parsed = tracking::ParseRunState(*state);
    if (!parsed) return parsed.error();
    upsert.state = *parsed;
  }
  return upsert;
}

Result<Resolved> UpsertBucket(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<User> viewer = context.RequireViewer();
  if (!viewer) return viewer.error();
  const Arguments input = field.input();
  Result<tracking::RunUpsert> upsert = ReadUpsert(input);
  if (!upsert) return upsert.error();
  const std::string id = input.StringOr("id", "");
  const std::string name = input.StringOr("name", "");
  tracking::UpsertedRun outcome;
  std::shared_ptr<const ProjectNode> project;
  const Result<void> written = context.Write([&](Tables& tables) -> Result<void> {
    if (!id.empty()) {
      const Result<std::shared_ptr<const RunNode>> known = RequireRun(tables, context, id);
      if (!known) return known.error();
      // The public API edits runs by their id alone; that does not bring one back to life.
      upsert->is_metadata_only = name.empty();
      Result<Run> run = tracking::UpdateRun(tables, context.services.observer, (*known)->run,
                                            *upsert, context.Now());
      if (!run) return run.error();
      outcome = {.run = *std::move(run), .is_new = false};
      project = (*known)->project;
      return Ok();
    }
    const Result<tracking::Entity> entity =
        RequireEntity(tables, context, input.StringOr("entityName", ""));
    if (!entity) return entity.error();
    const std::string project_name = input.StringOr("modelName", "");
    Result<tracking::Project> owner = tracking::FindOrCreateProject(
        tables, *entity, project_name.empty() ? kUncategorized : std::string_view(project_name),
        viewer->id, context.Now());
    if (!owner) return owner.error();
    Result<tracking::UpsertedRun> done = tracking::UpsertRun(
        tables, context.services.observer, *owner, name, viewer->id, *upsert, context.Now());
    if (!done) return done.error();
    outcome = *std::move(done);
    project = std::make_shared<const ProjectNode>(ProjectNode{*owner, true});
    return Ok();
  });
  if (!written) return written.error();
  return Resolved(Record("UpsertBucketPayload")
                      .Set("bucket", Resolved::Own("Run", RunNode{outcome.run, project}))
                      .Set("inserted", outcome.is_new)
                      .Set("serverSettings",
                           Record("ServerSettings").Set("serverMessages", Resolved::Items())));
}

// One write to the run with the storage id of the input.
template <typename Work>
Result<void> WriteRun(const FieldContext& field, Work work) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const std::string id = field.input().StringOr("id", "");
  return context.Write([&](Tables& tables) -> Result<void> {
    const Result<std::shared_ptr<const RunNode>> run = RequireRun(tables, context, id);
    if (!run) return run.error();
    return work(tables, (*run)->run);
  });
}

Result<Resolved> DeleteRun(const FieldContext& field) {
  RequestContext& context = Context(field);
  const bool with_artifacts = field.input().BoolOr("deleteArtifacts", false);
  const Result<void> written = WriteRun(field, [&](Tables& tables, const Run& run) -> Result<void> {
    if (with_artifacts) {
      Result<void> deleted = tracking::DeleteOutputs(tables, run.id, context.Now());
      if (!deleted) return deleted;
    }
    return tracking::DeleteRun(tables, context.services.observer, run.id, context.Now());
  });
  // Deleted already, or never there: what was wanted is so. A client whose answer got lost asks
  // again.
  if (!written && written.error().code != ErrorCode::kNotFound) return written.error();
  return Resolved(Record("DeleteRunPayload").Set("success", written.has_value()));
}

Result<Resolved> StopRun(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<void> written = WriteRun(field, [&](Tables& tables, const Run& run) {
    const std::string reason = fmt::format("stopped by {}", context.viewer->name);
    if (!run.sweep_name.empty() && context.services.sweeps != nullptr) {
      return context.services.sweeps->StopRun(tables, run, reason, context.Now());
    }
    return tracking::RequestStop(tables, run.id, reason, context.Now());
  });
  if (!written) return written.error();
  return Resolved(Record("StopRunPayload").Set("success", true));
}

Result<Resolved> UpdateRunState(const FieldContext& field) {
  RequestContext& context = Context(field);
  const Result<RunState> state = tracking::ParseRunState(field.input().StringOr("state", ""));
  if (!state) return state.error();
  const Result<void> written = WriteRun(field, [&](Tables& tables, const Run& run) {
    return tracking::ChangeState(tables, run.id, *state, context.Now());
  });
  if (!written) return written.error();
  return Resolved(Record("UpdateRunStatePayload").Set("success", true));
}

Result<Resolved> RewindRun(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const Arguments input = field.input();
  if (input.StringOr("metricName", "") != "_step") {
    return InvalidArgument("runs can be rewound by _step only");
  }
  const auto step = static_cast<std::int64_t>(input.Double("metricValue").value_or(0));
  Run run;
  std::shared_ptr<const ProjectNode> project;
  const auto find_project = [&](const Tables& tables) -> Result<void> {
    const Result<std::shared_ptr<const ProjectNode>> found = FindProject(
        tables, context, input.StringOr("entityName", ""), input.StringOr("projectName", ""));
    if (!found) return found.error();
    if (*found == nullptr) return NotFound("project not found: nothing to rewind");
    if (Result<void> allowed = RequireWrite(**found); !allowed) return allowed;
    project = *found;
    return Ok();
  };
  // Read outside of the Write, for which everybody waits. A run that logs meanwhile is read again.
  constexpr int kAttempts = 3;
  Result<void> written = Ok();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    tracking::RewindPoint point;
    const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
      if (Result<void> found = find_project(tables); !found) return found;
      Result<tracking::RewindPoint> made =
          tracking::FindRewindPoint(tables, project->project, input.StringOr("runName", ""), step);
      if (!made) return made.error();
      point = *std::move(made);
      return Ok();
    });
    if (!read) return read.error();
    written = context.Write([&](Tables& tables) -> Result<void> {
      if (Result<void> found = find_project(tables); !found) return found;
      Result<Run> rewound = tracking::RewindRun(tables, point, context.Now());
      if (!rewound) return rewound.error();
      run = *std::move(rewound);
      return Ok();
    });
    if (written || written.error().code != ErrorCode::kConflict) break;
  }
  if (!written) return written.error();
  return Resolved(
      Record("RewindRunPayload").Set("rewoundRun", Resolved::Own("Run", RunNode{run, project})));
}

Result<Resolved> Alert(const FieldContext& field) {
  RequestContext& context = Context(field);
  if (const Result<User> viewer = context.RequireViewer(); !viewer) return viewer.error();
  const Arguments input = field.input();
  std::shared_ptr<const RunNode> run;
  const Result<void> read = context.Read([&](const Tables& tables) -> Result<void> {
    const auto found = FindRun(tables, context, input.StringOr("entityName", ""),
                               input.StringOr("projectName", ""), input.StringOr("runName", ""));
    if (!found) return found.error();
    run = *found;
    return Ok();
  });
  if (!read) return read.error();
  if (run == nullptr) {
    return NotFound(fmt::format("run \"{}\" not found: the alert has nowhere to go",
                                input.StringOr("runName", "")));
  }
  if (Result<void> allowed = RequireWrite(*run->project); !allowed) return allowed.error();
  Log(LogLevel::kInfo, "alert", "run {}/{}/{} [{}] {}: {}", run->project->project.entity_name,
      run->project->project.name, run->run.name, input.StringOr("severity", "INFO"),
      input.StringOr("title", ""), input.StringOr("text", ""));
  return Resolved(Record("NotifyScriptableRunAlertPayload").Set("success", true));
}

}  // namespace

void AddRunMutations(ResolverMap& resolvers) {
  resolvers.Add("Mutation", "upsertBucket", UpsertBucket);
  resolvers.Add("Mutation", "deleteRun", DeleteRun);
  resolvers.Add("Mutation", "stopRun", StopRun);
  resolvers.Add("Mutation", "updateRunState", UpdateRunState);
  resolvers.Add("Mutation", "rewindRun", RewindRun);
  resolvers.Add("Mutation", "notifyScriptableRunAlert", Alert);
  resolvers.Record("UpsertBucketPayload",
                   {"bucket", "inserted", "serverSettings", "clientMutationId"});
  resolvers.Record("ServerSettings", {"serverMessages"});
  resolvers.Record("ServerMessage",
                   {"utfText", "plainText", "htmlText", "messageType", "messageLevel"});
  resolvers.Record("DeleteRunPayload", {"success", "clientMutationId"});
  resolvers.Record("StopRunPayload", {"success", "clientMutationId"});
  resolvers.Record("UpdateRunStatePayload", {"success", "clientMutationId"});
  resolvers.Record("RewindRunPayload", {"rewoundRun", "clientMutationId"});
  resolvers.Record("NotifyScriptableRunAlertPayload", {"success", "clientMutationId"});
}

}  // namespace regatta::wandb
