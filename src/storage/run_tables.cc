#include "run_tables.h"

#include <fmt/format.h>

#include "graveyard.h"
#include "rows.h"
#include "text_list.h"

namespace regatta::storage {

using tracking::ProjectId;
using tracking::Run;
using tracking::RunId;
using tracking::RunState;
using tracking::ToInt;
using tracking::UserId;

namespace {

#define REGATTA_SELECT_RUN                                                                        \
  "SELECT id, project_id, name, display_name, state, user_id, job_group, job_type, commit_hash, " \
  "host, program, repo, tags, sweep_name, agent_id, exit_code, stop_requested, stop_reason, "     \
  "preempting, is_hidden, is_started, branch_of, created_us, updated_us, heartbeat_us, notes, "   \
  "description, config, summary FROM runs "

tracking::Change ChangeOf(const Run& run, std::uint32_t kinds) {
  return {
      .project = run.project, .run_name = run.name, .sweep_name = run.sweep_name, .kinds = kinds};
}

}  // namespace

Run SqlRunTables::ReadRun(const Statement& row) const {
  Run run{.id = RunId{row.Int(0)},
          .project = ProjectId{row.Int(1)},
          .name = row.Text(2),
          .display_name = row.Text(3),
          .state = static_cast<RunState>(row.Int(4)),
          .user = UserId{row.Int(5)},
          .config_json = row.Text(27),
          .summary_json = {},
          .notes = row.Text(25),
          .description = row.Text(26),
          .group = row.Text(6),
          .job_type = row.Text(7),
          .commit = row.Text(8),
          .host = row.Text(9),
          .program = row.Text(10),
          .repo = row.Text(11),
          .tags = TextsFromJson(row.View(12)),
          .sweep_name = row.Text(13),
          .agent_id = row.Text(14),
          .exit_code = row.OptionalInt(15),
          .stop_requested = row.Bool(16),
          .stop_reason = row.Text(17),
          .preempting = row.Bool(18),
          .is_hidden = row.Bool(19),
          .is_started = row.Bool(20),
          .branch_of = row.Text(21),
          .created_at = FromMicros(row.Int(22)),
          .updated_at = FromMicros(row.Int(23)),
          .heartbeat_at = FromMicros(row.Int(24))};
  const StreamIndex::Overlay overlay = context_.Overlay(run.id);
  run.summary_json = overlay.summary != nullptr ? *overlay.summary : row.Text(28);
  run.heartbeat_at = std::max(run.heartbeat_at, FromMicros(overlay.heartbeat_us));
  return run;
}

Result<std::optional<Run>> SqlRunTables::Find(RunId id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_RUN "WHERE id = ? AND " REGATTA_IS_KEPT(project_id));
  statement.Bind(ToInt(id));
  return One(std::move(statement), [this](const Statement& row) { return ReadRun(row); });
}

Result<std::optional<Run>> SqlRunTables::FindByName(ProjectId project,
                                                    std::string_view name) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_RUN "WHERE project_id = ? AND name = ?");
  statement.Bind(ToInt(project), name);
  return One(std::move(statement), [this](const Statement& row) { return ReadRun(row); });
}

Result<void> SqlRunTables::Visit(Statement statement, FunctionRef<bool(const Run&)> visit) const {
  while (true) {
    const Result<bool> row = statement.Step();
    if (!row) return row.error();
    if (!*row || !visit(ReadRun(statement))) return Ok();
  }
}

Result<void> SqlRunTables::ForEach(ProjectId project, bool newest_first,
                                   FunctionRef<bool(const Run&)> visit) const {
  return ForEachFrom(project, newest_first, 0, -1, visit);
}

Result<void> SqlRunTables::ForEachFrom(ProjectId project, bool newest_first, std::int64_t offset,
                                       std::int64_t count,
                                       FunctionRef<bool(const Run&)> visit) const {
  Statement statement = context_.connection->Prepare(
      newest_first ? REGATTA_SELECT_RUN
          "WHERE project_id = ? AND is_hidden = 0 ORDER BY id DESC LIMIT ? OFFSET ?"
                   : REGATTA_SELECT_RUN
          "WHERE project_id = ? AND is_hidden = 0 ORDER BY id LIMIT ? OFFSET ?");
  statement.Bind(ToInt(project), count, offset);
  return Visit(std::move(statement), visit);
}

Result<void> SqlRunTables::ForEachOfSweep(ProjectId project, std::string_view sweep_name,
                                          FunctionRef<bool(const Run&)> visit) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_RUN
      "WHERE project_id = ? AND sweep_name = ? AND sweep_name <> '' AND is_hidden = 0 ORDER BY id");
  statement.Bind(ToInt(project), sweep_name);
  return Visit(std::move(statement), visit);
}

Result<std::vector<Run>> SqlRunTables::ListSilent(Timestamp before) const {
  std::vector<Run> silent;
  Result<void> done =
      Visit(context_.connection->Prepare(
                REGATTA_SELECT_RUN "WHERE state IN (0, 1, 6) AND " REGATTA_IS_KEPT(project_id)),
            [&](const Run& run) {
              if (run.heartbeat_at < before) silent.push_back(run);
              return true;
            });
  if (!done) return done.error();
  return silent;
}

Result<std::int64_t> SqlRunTables::Count(ProjectId project) const {
  Statement statement = context_.connection->Prepare(
      "SELECT count(*) FROM runs WHERE project_id = ? AND is_hidden = 0");
  statement.Bind(ToInt(project));
  const Result<bool> row = statement.Step();
  if (!row) return row.error();
  return statement.Int(0);
}

Result<void> SqlRunTables::Insert(Run& run) {
  if (run.project == kGraveProject) return Internal("a new run has to name its project");
  Statement statement = context_.connection->Prepare(
      "INSERT INTO runs (project_id, name, display_name, state, user_id, job_group, job_type, "
      "commit_hash, host, program, repo, tags, sweep_name, agent_id, exit_code, stop_requested, "
      "stop_reason, preempting, is_hidden, is_started, branch_of, created_us, updated_us, "
      "heartbeat_us, summary_log_id, notes, description, config, summary) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,?,?,?,?)");
  const std::string tags = TextsToJson(run.tags);
  statement.Bind(ToInt(run.project), run.name, run.display_name, static_cast<int>(run.state),
                 ToInt(run.user), run.group, run.job_type, run.commit, run.host, run.program,
                 run.repo, tags, run.sweep_name, run.agent_id, run.exit_code, run.stop_requested,
                 run.stop_reason, run.preempting, run.is_hidden, run.is_started, run.branch_of,
                 ToMicros(run.created_at), ToMicros(run.updated_at), ToMicros(run.heartbeat_at),
                 run.notes, run.description, run.config_json, run.summary_json);
  if (Result<void> done = statement.Run(); !done) {
    if (done.error().code == ErrorCode::kAlreadyExists) {
      return AlreadyExists(fmt::format("run \"{}\" exists already in this project", run.name));
    }
    return done;
  }
  run.id = RunId{context_.connection->last_insert_id()};
  context_.changes.push_back(ChangeOf(run, tracking::Change::kState | tracking::Change::kConfig));
  return Ok();
}

Result<void> SqlRunTables::Update(const Run& run) {
  context_.changes.push_back(ChangeOf(
      run, tracking::Change::kState | tracking::Change::kConfig | tracking::Change::kSummary));
  return Fold(run);
}

Result<void> SqlRunTables::Fold(const Run& run) {
  // The row takes over the newest summary, so the log's copies up to here are settled.
  const std::int64_t folded_id = *context_.next_log_id - 1;
  Statement statement = context_.connection->Prepare(
      "UPDATE runs SET display_name = ?, state = ?, user_id = ?, job_group = ?, job_type = ?, "
      "commit_hash = ?, host = ?, program = ?, repo = ?, tags = ?, sweep_name = ?, agent_id = ?, "
      "exit_code = ?, stop_requested = ?, stop_reason = ?, preempting = ?, is_hidden = ?, "
      "is_started = ?, branch_of = ?, updated_us = ?, heartbeat_us = ?, summary_log_id = ?, "
      "notes = ?, description = ?, config = ?, summary = ? WHERE id = ?");
  const std::string tags = TextsToJson(run.tags);
  statement.Bind(run.display_name, static_cast<int>(run.state), ToInt(run.user), run.group,
                 run.job_type, run.commit, run.host, run.program, run.repo, tags, run.sweep_name,
                 run.agent_id, run.exit_code, run.stop_requested, run.stop_reason, run.preempting,
                 run.is_hidden, run.is_started, run.branch_of, ToMicros(run.updated_at),
                 ToMicros(run.heartbeat_at), folded_id, run.notes, run.description, run.config_json,
                 run.summary_json, ToInt(run.id));
  if (Result<void> done = statement.Run(); !done) return done;
  context_.pending.push_back({.log_id = folded_id, .run = run.id, .kind = LogKind::kSummaryFolded});
  return Ok();
}

Result<void> SqlRunTables::Delete(RunId id) { return Graveyard(context_).Bury(id); }

}  // namespace regatta::storage
