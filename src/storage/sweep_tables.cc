// The reading half of SweepTables; the other one is sweep_writes.cc.
#include "sweep_tables.h"

#include "graveyard.h"
#include "rows.h"
#include "sweep_columns.h"

namespace regatta::storage {

using sweeps::AgentRecord;
using sweeps::AttemptRecord;
using sweeps::PointRecord;
using sweeps::ScheduledRun;
using sweeps::SweepId;
using sweeps::SweepRecord;
using sweeps::SweepRecords;
using sweeps::SweepRow;
using sweeps::ValuesRecord;
using tracking::ProjectId;
using tracking::ToInt;
using tracking::UserId;

namespace {

#define REGATTA_SELECT_SWEEP                                                                     \
  "SELECT id, project_id, name, display_name, config, method, description, controller, "         \
  "controller_run_name, user_id, seed, run_id_salt, runs_expected, created_us, updated_us FROM " \
  "sweeps "

SweepRow ReadSweep(const Statement& row) {
  return {.id = SweepId{row.Int(0)},
          .project = ProjectId{row.Int(1)},
          .name = row.Text(2),
          .display_name = row.Text(3),
          .config_text = row.Text(4),
          .method = row.Text(5),
          .description = row.Text(6),
          .controller_json = row.Text(7),
          .controller_run_name = row.Text(8),
          .user = UserId{row.Int(9)},
          .seed = FromBits(row.Int(10)),
          .run_id_salt = FromBits(row.Int(11)),
          .runs_expected = BitsAt(row, 12),
          .created_at = FromMicros(row.Int(13)),
          .updated_at = FromMicros(row.Int(14))};
}

SweepRecord ReadRecord(const Statement& row) {
  return {.state = static_cast<sweeps::SweepState>(row.Int(0)),
          .why = row.Text(1),
          .time = Duration(row.Int(2)),
          .clock_at = TimeAt(row, 3),
          .started = DurationAt(row, 4),
          .grid_next = FromBits(row.Int(5)),
          .search_next = FromBits(row.Int(6)),
          .initial_next = Small(row.Int(7)),
          .queue_next = FromBits(row.Int(8)),
          .token_next = FromBits(row.Int(9)),
          .attempts_issued = FromBits(row.Int(10)),
          .gpu_seconds_ended = row.Double(11),
          .is_source_exhausted = row.Bool(12),
          .is_controller_done = row.Bool(13),
          .is_target_reached = row.Bool(14)};
}

PointRecord ReadPoint(const Statement& row) {
  return {.index = Small(row.Int(0)),
          .origin = static_cast<sweeps::PointOrigin>(row.Int(1)),
          .grid_index = BitsAt(row, 2),
          .group = Small(row.Int(3)),
          .repeat = Small(row.Int(4)),
          .args_json = row.Text(5),
          .schedule_id = row.Text(6),
          .display_name = row.Text(7),
          .state = static_cast<sweeps::PointState>(row.Int(8)),
          .queue_rank = static_cast<std::uint8_t>(row.Int(9)),
          .queue_order = FromBits(row.Int(10)),
          .attempts = Small(row.Int(11)),
          .attempt = SmallAt(row, 12),
          .result = SmallAt(row, 13),
          .ended_order = FromBits(row.Int(14)),
          .is_counted = row.Bool(15),
          .is_returned = row.Bool(16),
          .lost = Small(row.Int(17)),
          .oom = Small(row.Int(18)),
          .failed = Small(row.Int(19)),
          .why = row.Text(20),
          .ended_why = row.Text(21)};
}

#define REGATTA_ATTEMPT_COLUMNS                                                              \
  "a.serial, a.point, a.number, a.run_id, a.agent_id, a.state, a.token, a.lease_until_us, "  \
  "a.is_acknowledged, a.is_gone, a.is_late, a.commands_lost, a.resumes, a.gpus, "            \
  "a.started_us, a.offered_us, a.ended_us, a.exit_code, a.stop, a.cause, "                   \
  "a.is_quick_failure, a.why, a.has_summary, a.lines_seen, a.value_count, a.invalid_count, " \
  "a.best, a.worst, a.last, a.summary, a.outcomes, a.stop_rule, a.stop_rung, a.stop_value, " \
  "a.stop_threshold, a.is_stop_audit "

std::optional<sweeps::StopFacts> StopFactsAt(const Statement& row, int column) {
  if (row.View(column).empty()) return std::nullopt;
  return sweeps::StopFacts{.rule = row.Text(column),
                           .rung = row.OptionalInt(column + 1),
                           .value = DoubleAt(row, column + 2),
                           .threshold = DoubleAt(row, column + 3),
                           .is_audit = row.Bool(column + 4)};
}

AttemptRecord ReadAttempt(const Statement& row) {
  return {.serial = Small(row.Int(0)),
          .point = Small(row.Int(1)),
          .number = Small(row.Int(2)),
          .run_id = row.Text(3),
          .agent_id = row.Text(4),
          .state = static_cast<sweeps::AttemptState>(row.Int(5)),
          .token = FromBits(row.Int(6)),
          .lease_until = Duration(row.Int(7)),
          .is_acknowledged = row.Bool(8),
          .is_gone = row.Bool(9),
          .is_late = row.Bool(10),
          .commands_lost = Small(row.Int(11)),
          .resumes = Small(row.Int(12)),
          .gpus = Small(row.Int(13)),
          .started = DurationAt(row, 14),
          .offered_at = TimeAt(row, 15),
          .ended_at = TimeAt(row, 16),
          .exit_code = row.OptionalInt(17),
          .stop = static_cast<sweeps::StopCause>(row.Int(18)),
          .cause = static_cast<sweeps::FailureCause>(row.Int(19)),
          .is_quick_failure = row.Bool(20),
          .why = row.Text(21),
          .has_summary = row.Bool(22),
          .lines_seen = FromBits(row.Int(23)),
          .values = FromBits(row.Int(24)),
          .values_invalid = FromBits(row.Int(25)),
          .best = DoubleAt(row, 26),
          .worst = DoubleAt(row, 27),
          .last = DoubleAt(row, 28),
          .summary = DoubleAt(row, 29),
          .outcomes = OutcomesOf(row.View(30)),
          .stop_facts = StopFactsAt(row, 31)};
}

AgentRecord ReadAgent(const Statement& row) {
  return {.id = row.Text(0),
          .name = row.Text(1),
          .host = row.Text(2),
          .slots = Small(row.Int(3)),
          .gpus = Small(row.Int(4)),
          .order = FromBits(row.Int(5)),
          .created_at = FromMicros(row.Int(6)),
          .heartbeat_at = FromMicros(row.Int(7)),
          .runs_total = Small(row.Int(8)),
          .failure_streak = Small(row.Int(9)),
          .streak_attempts = Split(row.View(10)),
          .is_quarantined = row.Bool(11),
          .quarantine_why = row.Text(12)};
}

Result<std::int64_t> OneNumber(Statement statement) {
  const Result<bool> row = statement.Step();
  if (!row) return row.error();
  return statement.Int(0);
}

}  // namespace

Result<std::optional<SweepRow>> SqlSweepTables::Find(SweepId id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_SWEEP "WHERE id = ? AND " REGATTA_IS_KEPT(project_id));
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadSweep);
}

Result<std::optional<SweepRow>> SqlSweepTables::FindByName(ProjectId project,
                                                           std::string_view name) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_SWEEP "WHERE project_id = ? AND name = ?");
  statement.Bind(ToInt(project), name);
  return One(std::move(statement), ReadSweep);
}

Result<std::vector<SweepRow>> SqlSweepTables::List(ProjectId project) const {
  Statement statement =
      context_.connection->Prepare(REGATTA_SELECT_SWEEP "WHERE project_id = ? ORDER BY id DESC");
  statement.Bind(ToInt(project));
  return All(std::move(statement), ReadSweep);
}

Result<std::int64_t> SqlSweepTables::Count(ProjectId project) const {
  Statement statement =
      context_.connection->Prepare("SELECT count(*) FROM sweeps WHERE project_id = ?");
  statement.Bind(ToInt(project));
  return OneNumber(std::move(statement));
}

Result<std::int64_t> SqlSweepTables::CountRuns(ProjectId project,
                                               std::string_view sweep_name) const {
  Statement statement = context_.connection->Prepare(
      "SELECT count(*) FROM runs WHERE project_id = ? AND sweep_name = ? AND sweep_name <> '' AND "
      "is_hidden = 0");
  statement.Bind(ToInt(project), sweep_name);
  return OneNumber(std::move(statement));
}

Result<SweepRecord> SqlSweepTables::FindRecord(SweepId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT state, why, time_us, clock_us, started_us, grid_next, search_next, initial_next, "
      "queue_next, token_next, attempts_issued, gpu_seconds_ended, is_source_exhausted, "
      "is_controller_done, is_target_reached FROM sweep_records WHERE sweep_id = ?");
  statement.Bind(ToInt(id));
  Result<std::optional<SweepRecord>> found = One(std::move(statement), ReadRecord);
  if (!found) return found.error();
  return found->value_or(SweepRecord{});
}

Result<std::optional<SweepId>> SqlSweepTables::FindSweepOfAgent(std::string_view agent_id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT a.sweep_id FROM sweep_agents a JOIN sweeps s ON s.id = a.sweep_id "
      "WHERE a.id = ? AND " REGATTA_IS_KEPT(s.project_id));
  statement.Bind(agent_id);
  return One(std::move(statement), [](const Statement& row) { return SweepId{row.Int(0)}; });
}

#define REGATTA_SELECT_POINT                                                                  \
  "SELECT number, origin, grid_index, same_as, repetition, args, schedule_id, display_name, " \
  "state, queue_rank, queue_order, attempts, attempt, result, ended_order, is_counted, "      \
  "is_returned, lost, oom, failed, why, ended_why FROM sweep_points WHERE sweep_id = ? "

Result<std::vector<PointRecord>> SqlSweepTables::ListPoints(SweepId id) const {
  Statement statement = context_.connection->Prepare(REGATTA_SELECT_POINT "ORDER BY number");
  statement.Bind(ToInt(id));
  return All(std::move(statement), ReadPoint);
}

Result<std::optional<PointRecord>> SqlSweepTables::FindPointOfRun(SweepId id,
                                                                  std::string_view run_id) const {
  Statement statement = context_.connection->Prepare(
      REGATTA_SELECT_POINT
      "AND number = (SELECT point FROM sweep_attempts WHERE sweep_id = ? AND run_id = ?)");
  statement.Bind(ToInt(id), ToInt(id), run_id);
  const Result<bool> found = statement.Step();
  if (!found) return found.error();
  return *found ? std::optional(ReadPoint(statement)) : std::optional<PointRecord>();
}

#undef REGATTA_SELECT_POINT

Result<std::vector<AttemptRecord>> SqlSweepTables::ListAttempts(SweepId id) const {
  Statement statement =
      context_.connection->Prepare("SELECT " REGATTA_ATTEMPT_COLUMNS
                                   "FROM sweep_attempts a WHERE a.sweep_id = ? ORDER BY a.serial");
  statement.Bind(ToInt(id));
  return All(std::move(statement), ReadAttempt);
}

Result<std::optional<AttemptRecord>> SqlSweepTables::FindAttemptOfRun(
    SweepId id, std::string_view run_id) const {
  Statement statement =
      context_.connection->Prepare("SELECT " REGATTA_ATTEMPT_COLUMNS
                                   "FROM sweep_attempts a WHERE a.sweep_id = ? AND a.run_id = ?");
  statement.Bind(ToInt(id), run_id);
  return One(std::move(statement), ReadAttempt);
}

Result<std::vector<AgentRecord>> SqlSweepTables::ListAgents(SweepId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT id, name, host, slots, gpus, number, created_us, heartbeat_us, runs_total, "
      "failure_streak, streak_attempts, is_quarantined, quarantine_why FROM sweep_agents WHERE "
      "sweep_id = ? ORDER BY number");
  statement.Bind(ToInt(id));
  return All(std::move(statement), ReadAgent);
}

Result<std::optional<AttemptRecord>> SqlSweepTables::FindBest(SweepId id, bool maximize) const {
  // 2 is AttemptState::kRunning.
  Statement statement = context_.connection->Prepare(
      maximize ? "SELECT " REGATTA_ATTEMPT_COLUMNS
                 "FROM sweep_attempts a JOIN sweep_points p ON p.sweep_id = a.sweep_id AND "
                 "p.number = a.point WHERE a.sweep_id = ? AND a.best IS NOT NULL AND (p.result = "
                 "a.serial OR a.state = 2) ORDER BY a.best DESC, a.serial LIMIT 1"
               : "SELECT " REGATTA_ATTEMPT_COLUMNS
                 "FROM sweep_attempts a JOIN sweep_points p ON p.sweep_id = a.sweep_id AND "
                 "p.number = a.point WHERE a.sweep_id = ? AND a.best IS NOT NULL AND (p.result = "
                 "a.serial OR a.state = 2) ORDER BY a.best, a.serial LIMIT 1");
  statement.Bind(ToInt(id));
  return One(std::move(statement), ReadAttempt);
}

Result<std::vector<ScheduledRun>> SqlSweepTables::ListScheduled(SweepId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT p.schedule_id, (SELECT a.run_id FROM sweep_attempts a WHERE a.sweep_id = p.sweep_id "
      "AND a.point = p.number ORDER BY a.serial LIMIT 1) FROM sweep_points p WHERE p.sweep_id = ? "
      "AND p.schedule_id <> '' ORDER BY p.number");
  statement.Bind(ToInt(id));
  return All(std::move(statement), [](const Statement& row) {
    return ScheduledRun{.schedule_id = row.Text(0), .run_id = row.Text(1)};
  });
}

Result<std::vector<ValuesRecord>> SqlSweepTables::ListValues(SweepId id) const {
  Statement statement = context_.connection->Prepare(
      "SELECT attempt, first, steps, numbers FROM sweep_values WHERE sweep_id = ? ORDER BY "
      "attempt, first");
  statement.Bind(ToInt(id));
  return All(std::move(statement), [](const Statement& row) {
    return ValuesRecord{.attempt = Small(row.Int(0)),
                        .first = FromBits(row.Int(1)),
                        .steps = Unpacked<std::int64_t>(row.View(2)),
                        .values = Unpacked<double>(row.View(3))};
  });
}

Result<SweepRecords> SqlSweepTables::Load(SweepId id) const {
  Result<SweepRecord> record = FindRecord(id);
  if (!record) return record.error();
  Result<std::vector<PointRecord>> points = ListPoints(id);
  if (!points) return points.error();
  Result<std::vector<AttemptRecord>> attempts = ListAttempts(id);
  if (!attempts) return attempts.error();
  Result<std::vector<AgentRecord>> agents = ListAgents(id);
  if (!agents) return agents.error();
  Result<std::vector<ValuesRecord>> values = ListValues(id);
  if (!values) return values.error();
  return SweepRecords{*std::move(record), *std::move(points), *std::move(attempts),
                      *std::move(agents), *std::move(values)};
}

Result<std::vector<SweepId>> SqlSweepTables::ListLeased() const {
  // The condition is that of the index, so that nothing else is looked at.
  return All(context_.connection->Prepare(
                 "SELECT DISTINCT sweep_id FROM sweep_attempts WHERE state IN (1, 2, 3)"),
             [](const Statement& row) { return SweepId{row.Int(0)}; });
}

}  // namespace regatta::storage
