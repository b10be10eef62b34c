// The writing half of SweepTables.
#include <fmt/format.h>

#include "rows.h"
#include "sweep_columns.h"
#include "sweep_tables.h"

namespace regatta::storage {

using sweeps::AgentRecord;
using sweeps::AttemptRecord;
using sweeps::PointRecord;
using sweeps::SweepId;
using sweeps::SweepRecord;
using sweeps::SweepRow;
using sweeps::ValuesRecord;
using tracking::ToInt;

Result<void> SqlSweepTables::Insert(SweepRow& row) {
  Statement statement = context_.connection->Prepare(
      "INSERT INTO sweeps (project_id, name, display_name, config, method, description, "
      "controller, controller_run_name, user_id, seed, run_id_salt, runs_expected, created_us, "
      "updated_us) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(row.project), row.name, row.display_name, row.config_text, row.method,
                 row.description, row.controller_json, row.controller_run_name, ToInt(row.user),
                 Bits(row.seed), Bits(row.run_id_salt), Bits(row.runs_expected),
                 ToMicros(row.created_at), ToMicros(row.updated_at));
  if (Result<void> done = statement.Run(); !done) {
    if (done.error().code == ErrorCode::kAlreadyExists) {
      return AlreadyExists(fmt::format("sweep \"{}\" exists already in this project", row.name));
    }
    return done;
  }
  row.id = SweepId{context_.connection->last_insert_id()};
  return Ok();
}

Result<void> SqlSweepTables::Update(const SweepRow& row) {
  Statement statement = context_.connection->Prepare(
      "UPDATE sweeps SET display_name = ?, config = ?, method = ?, description = ?, controller = "
      "?, controller_run_name = ?, seed = ?, runs_expected = ?, updated_us = ? WHERE id = ?");
  statement.Bind(row.display_name, row.config_text, row.method, row.description,
                 row.controller_json, row.controller_run_name, Bits(row.seed),
                 Bits(row.runs_expected), ToMicros(row.updated_at), ToInt(row.id));
  return statement.Run();
}

Result<void> SqlSweepTables::Put(SweepId id, const SweepRecord& record) {
  Statement statement = context_.connection->Prepare(
      "INSERT OR REPLACE INTO sweep_records (sweep_id, state, why, time_us, clock_us, started_us, "
      "grid_next, search_next, initial_next, queue_next, token_next, attempts_issued, "
      "gpu_seconds_ended, is_source_exhausted, is_controller_done, is_target_reached) VALUES "
      "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(id), static_cast<int>(record.state), record.why, record.time.count(),
                 Micros(record.clock_at), Micros(record.started), Bits(record.grid_next),
                 Bits(record.search_next), static_cast<std::int64_t>(record.initial_next),
                 Bits(record.queue_next), Bits(record.token_next), Bits(record.attempts_issued),
                 record.gpu_seconds_ended, record.is_source_exhausted, record.is_controller_done,
                 record.is_target_reached);
  return statement.Run();
}

Result<void> SqlSweepTables::Put(SweepId id, const PointRecord& record) {
  const auto wide = [](std::uint32_t number) { return static_cast<std::int64_t>(number); };
  Statement statement = context_.connection->Prepare(
      "INSERT OR REPLACE INTO sweep_points (sweep_id, number, origin, grid_index, same_as, "
      "repetition, args, schedule_id, display_name, state, queue_rank, queue_order, attempts, "
      "attempt, result, ended_order, is_counted, is_returned, lost, oom, failed, why, ended_why) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(id), wide(record.index), static_cast<int>(record.origin),
                 Bits(record.grid_index), wide(record.group), wide(record.repeat), record.args_json,
                 record.schedule_id, record.display_name, static_cast<int>(record.state),
                 static_cast<int>(record.queue_rank), Bits(record.queue_order),
                 wide(record.attempts), Wide(record.attempt), Wide(record.result),
                 Bits(record.ended_order), record.is_counted, record.is_returned, wide(record.lost),
                 wide(record.oom), wide(record.failed), record.why, record.ended_why);
  return statement.Run();
}

Result<void> SqlSweepTables::Put(SweepId id, const AttemptRecord& record) {
  const auto wide = [](std::uint32_t number) { return static_cast<std::int64_t>(number); };
  const std::string outcomes = PackedOutcomes(record.outcomes);
  Statement statement = context_.connection->Prepare(
      "INSERT OR REPLACE INTO sweep_attempts (sweep_id, serial, point, number, run_id, agent_id, "
      "state, token, lease_until_us, is_acknowledged, is_gone, is_late, commands_lost, resumes, "
      "gpus, started_us, offered_us, ended_us, exit_code, stop, cause, is_quick_failure, why, "
      "has_summary, lines_seen, value_count, invalid_count, best, worst, last, summary, "
      "outcomes, stop_rule, stop_rung, stop_value, stop_threshold, is_stop_audit) VALUES "
      "(?,?,?,?,?,"
      "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const sweeps::StopFacts stop = record.stop_facts.value_or(sweeps::StopFacts{});
  statement.Bind(ToInt(id), wide(record.serial), wide(record.point), wide(record.number),
                 record.run_id, record.agent_id, static_cast<int>(record.state), Bits(record.token),
                 record.lease_until.count(), record.is_acknowledged, record.is_gone, record.is_late,
                 wide(record.commands_lost), wide(record.resumes), wide(record.gpus),
                 Micros(record.started), Micros(record.offered_at), Micros(record.ended_at),
                 record.exit_code, static_cast<int>(record.stop), static_cast<int>(record.cause),
                 record.is_quick_failure, record.why, record.has_summary, Bits(record.lines_seen),
                 Bits(record.values), Bits(record.values_invalid), record.best, record.worst,
                 record.last, record.summary, BlobView{outcomes}, stop.rule, stop.rung, stop.value,
                 stop.threshold, stop.is_audit);
  return statement.Run();
}

Result<void> SqlSweepTables::Put(SweepId id, const AgentRecord& record) {
  const auto wide = [](std::uint32_t number) { return static_cast<std::int64_t>(number); };
  const std::string streak = Joined(record.streak_attempts);
  Statement statement = context_.connection->Prepare(
      "INSERT OR REPLACE INTO sweep_agents (sweep_id, number, id, name, host, slots, gpus, "
      "created_us, heartbeat_us, runs_total, failure_streak, streak_attempts, is_quarantined, "
      "quarantine_why) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  statement.Bind(ToInt(id), Bits(record.order), record.id, record.name, record.host,
                 wide(record.slots), wide(record.gpus), ToMicros(record.created_at),
                 ToMicros(record.heartbeat_at), wide(record.runs_total),
                 wide(record.failure_streak), streak, record.is_quarantined, record.quarantine_why);
  return statement.Run();
}

Result<void> SqlSweepTables::Put(SweepId id, const ValuesRecord& record) {
  const std::string steps = Packed(record.steps);
  const std::string numbers = Packed(record.values);
  Statement statement = context_.connection->Prepare(
      "INSERT INTO sweep_values (sweep_id, attempt, first, steps, numbers) VALUES (?,?,?,?,?)");
  statement.Bind(ToInt(id), static_cast<std::int64_t>(record.attempt), Bits(record.first),
                 BlobView{steps}, BlobView{numbers});
  return statement.Run();
}

}  // namespace regatta::storage
