// Runs: what their streams, their agents and people say of them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "regatta/sweeps/sweep.h"
#include "sweep_rules.h"

namespace regatta::sweeps {

Result<std::uint32_t> Sweep::Lookup(std::string_view run_id) const {
  const auto found = run_index_.find(run_id);
  if (found == run_index_.end()) {
    return NotFound(fmt::format("sweep {} has no run {}", settings_.name, run_id));
  }
  return found->second;
}

bool Sweep::IsStale(const AttemptRecord& attempt, std::uint64_t token) const {
  return token != 0 && token != attempt.token;
}

Result<Transition> Sweep::RunStarted(std::string_view run_id, Timestamp now, std::uint64_t token) {
  return HeardFrom(run_id, now, token, true);
}

Result<Transition> Sweep::RunHeartbeat(std::string_view run_id, Timestamp now,
                                       std::uint64_t token) {
  return HeardFrom(run_id, now, token, false);
}

Result<Transition> Sweep::HeardFrom(std::string_view run_id, Timestamp now, std::uint64_t token,
                                    bool is_start) {
  const Result<std::uint32_t> serial = Lookup(run_id);
  if (!serial) {
    return serial.error();
  }
  Begin(now);
  if (!IsStale(attempts_[*serial], token)) {
    Hear(*serial, is_start);
  }
  return EndAndFinish();
}

// The run lives. `is_start`: its process has just begun, so it may come back after an end.
void Sweep::Hear(std::uint32_t serial, bool is_start) {
  const AttemptRecord& attempt = attempts_[serial];
  const PointRecord& point = points_[attempt.point];
  const bool is_current = point.state == PointState::kOpen && point.attempt == serial;
  if (attempt.state == AttemptState::kOffered) {
    Start(serial);
  } else if (IsLeased(attempt.state)) {
    RenewLease(serial);
  } else if (attempt.state == AttemptState::kLost) {
    Revive(serial);
  } else if (is_current && (attempt.state == AttemptState::kWaiting ||
                            attempt.state == AttemptState::kPreempted)) {
    if (is_start || !attempt.exit_code) {
      Start(serial);
    }
  }
}

Result<Transition> Sweep::RunPreempting(std::string_view run_id, Timestamp now,
                                        std::uint64_t token) {
  const Result<std::uint32_t> serial = Lookup(run_id);
  if (!serial) {
    return serial.error();
  }
  Begin(now);
  if (IsStale(attempts_[*serial], token)) {
    return End();
  }
  if (attempts_[*serial].state == AttemptState::kLost) {
    Revive(*serial);
  }
  AttemptRecord& attempt = attempts_[*serial];
  if (attempt.state == AttemptState::kOffered || attempt.state == AttemptState::kRunning) {
    EditAttempt(*serial).state = AttemptState::kPreempting;
    RenewLease(*serial);
    TellStopperState(attempt);
    Emit(SetRunState{attempt.run_id, RunState::kPreempting, ""});
  }
  return EndAndFinish();
}

Result<Transition> Sweep::RunFinished(std::string_view run_id, std::int64_t exit_code,
                                      Timestamp now, std::uint64_t token, bool is_out_of_memory) {
  const Result<std::uint32_t> serial = Lookup(run_id);
  if (!serial) {
    return serial.error();
  }
  Begin(now);
  const AttemptRecord& attempt = attempts_[*serial];
  if (IsStale(attempt, token)) {
    return End();
  }
  const PointRecord& point = points_[attempt.point];
  const bool is_waiting =
      attempt.state == AttemptState::kWaiting || attempt.state == AttemptState::kPreempted;
  if (attempt.state == AttemptState::kLost) {
    if (Revive(*serial)) {
      Finish(*serial, exit_code, is_out_of_memory);
    } else {
      FinishLate(*serial, exit_code);
    }
  } else if (IsLeased(attempt.state)) {
    Finish(*serial, exit_code, is_out_of_memory);
  } else if (is_waiting && exit_code == 0 && point.state == PointState::kOpen &&
             point.attempt == *serial) {
    Start(*serial);
    Finish(*serial, exit_code, false);
  } else if (attempt.state == AttemptState::kSuperseded && !attempt.exit_code) {
    AttemptRecord& late = EditAttempt(*serial);
    late.exit_code = exit_code;
    late.is_late = true;
    Emit(SetRunState{late.run_id, exit_code == 0 ? RunState::kFinished : RunState::kKilled,
                     late.why});
  }
  return EndAndFinish();
}

// Requires: the attempt has its lease.
void Sweep::Finish(std::uint32_t serial, std::int64_t exit_code, bool is_out_of_memory) {
  AttemptRecord& attempt = EditAttempt(serial);
  attempt.exit_code = exit_code;
  const bool is_stopped_early = attempt.stop == StopCause::kEarlyTermination;
  if (exit_code == 0 || is_stopped_early) {
    const std::string why = is_stopped_early ? attempt.why : "";
    Emit(
        SetRunState{attempt.run_id, exit_code == 0 ? RunState::kFinished : RunState::kKilled, why});
    Win(serial, is_stopped_early ? AttemptState::kStoppedEarly : AttemptState::kFinished, why);
  } else if (attempt.stop != StopCause::kNone) {
    Kill(serial, attempt.why);
  } else if (attempt.state == AttemptState::kPreempting) {
    Preempted(serial, "It was taken away after having announced it.");
  } else if (is_out_of_memory) {
    Fail(serial, AttemptState::kFailed, FailureCause::kOom, "It ran out of memory.");
  } else {
    Fail(serial, AttemptState::kFailed, FailureCause::kFailed,
         fmt::format("It ended with exit code {}.", exit_code));
  }
}

// The result of a lost attempt whose point was handed out again, or given up, since. The first one
// to finish well has the point; everybody else is kept and not counted.
void Sweep::FinishLate(std::uint32_t serial, std::int64_t exit_code) {
  AttemptRecord& attempt = EditAttempt(serial);
  attempt.exit_code = exit_code;
  attempt.is_late = true;
  if (exit_code != 0) {
    return;
  }
  PointRecord& point = points_[attempt.point];
  std::string reason;
  if (point.state == PointState::kFinished) {
    attempt.state = AttemptState::kSuperseded;
    attempt.why = fmt::format("It finished late, after run {} had finished the same point.",
                              attempts_[*point.result].run_id);
    Emit(SetRunState{attempt.run_id, RunState::kFinished, attempt.why});
  } else if (point.state == PointState::kActive || point.is_counted || CanCreate(&reason)) {
    if (point.state != PointState::kDeleted) {
      Count(EditPoint(point.index));
      attempt.cause = FailureCause::kNone;
      Emit(SetRunState{attempt.run_id, RunState::kFinished, ""});
      Win(serial, AttemptState::kFinished, "It finished after its lease had expired.");
    }
  } else {
    attempt.why = "It finished late, when its number of run_cap had gone to another run.";
    Emit(SetRunState{attempt.run_id, RunState::kFinished, attempt.why});
  }
}

Result<Transition> Sweep::StopRun(std::string_view run_id, Timestamp now) {
  const Result<std::uint32_t> serial = Lookup(run_id);
  if (!serial) {
    return serial.error();
  }
  Begin(now);
  const AttemptRecord& attempt = attempts_[*serial];
  const PointRecord& point = points_[attempt.point];
  const std::string why = "A person stopped the run.";
  if (IsLeased(attempt.state)) {
    SetStop(*serial, StopCause::kUser, why);
  } else if (point.state == PointState::kOpen && point.attempt == *serial &&
             attempt.state != AttemptState::kFailed) {
    SetStop(*serial, StopCause::kUser, why);
    Kill(*serial, why);
  }
  return EndAndFinish();
}

Result<Transition> Sweep::DeleteRun(std::string_view run_id, Timestamp now) {
  const Result<std::uint32_t> serial = Lookup(run_id);
  if (!serial) {
    return serial.error();
  }
  Begin(now);
  if (attempts_[*serial].state == AttemptState::kDeleted) {
    return End();
  }
  CloseAttempt(attempts_[*serial], AttemptState::kDeleted, "Its run was deleted.");
  if (stopper_) {
    stopper_->Forget(*serial);
  }
  PointRecord& point = EditPoint(attempts_[*serial].point);
  if (point.attempt != *serial && point.result != *serial) {
    return EndAndFinish();
  }
  Uncount(point);
  const bool is_own = point.origin == PointOrigin::kGrid || point.origin == PointOrigin::kInitial;
  const bool is_free = point.grid_index && source_->grid_size() &&
                       *point.grid_index < sweep_.grid_next &&
                       (is_own || grid_covered_[*point.grid_index] == 1);
  if (is_free) {
    point.origin = PointOrigin::kGrid;
    point.args_json = source_->GridPoint(*point.grid_index).args_json;
    OpenPoint(point, kRankFreed, "Its run was deleted, the grid point is free again.");
  } else {
    UncoverGrid(point);
    MovePoint(point, PointState::kDeleted, "Its run was deleted.");
  }
  return EndAndFinish();
}

// --- metrics -------------------------------------------------------------------------------------

Result<Transition> Sweep::Metrics(const MetricUpdate& update, Timestamp now) {
  const Result<std::uint32_t> found = Lookup(update.run_id);
  if (!found) {
    return found.error();
  }
  const std::uint32_t serial = *found;
  Begin(now);
  const AttemptState state = attempts_[serial].state;
  if (IsStale(attempts_[serial], update.token) || state == AttemptState::kDeleted) {
    return End();
  }
  Hear(serial, false);
  TakeValues(serial, update);
  JudgeTarget(attempts_[serial]);
  JudgeEarly(serial);
  return EndAndFinish();
}

void Sweep::TakeValues(std::uint32_t serial, const MetricUpdate& update) {
  AttemptRecord& attempt = attempts_[serial];
  ValuesRecord rows{serial, history_[serial].size(), {}, {}};
  for (const MetricUpdate::Value& value : update.values) {
    if (value.line < attempt.lines_seen) {
      continue;  // sent again
    }
    EditAttempt(serial).lines_seen = value.line + 1;
    const std::int64_t step =
        value.step.value_or(history_[serial].empty() ? 0 : history_[serial].back().step);
    rows.steps.push_back(step);
    rows.values.push_back(value.value);
    history_[serial].push_back({step, value.value});
    if (std::isfinite(value.value)) {
      ++attempt.values;
      attempt.last = value.value;
      TakeValue(attempt, value.value);
    } else {
      ++attempt.values_invalid;
    }
    if (stopper_) {
      const std::uint64_t count =
          std::isfinite(value.value) ? attempt.values : attempt.values_invalid;
      stopper_->Report(serial, settings_.counts_steps ? step : static_cast<std::int64_t>(count),
                       value.value);
      // The first report makes a trial running; one that ended stays ended.
      TellStopperState(attempt);
    }
  }
  if (!rows.values.empty()) {
    Emit(std::move(rows));
  }
  const bool has_summary = update.has_summary || update.summary || update.lines_end > 0;
  if (update.lines_end > attempt.lines_seen || (has_summary && !attempt.has_summary)) {
    EditAttempt(serial).has_summary = attempt.has_summary || has_summary;
    attempt.lines_seen = std::max(attempt.lines_seen, update.lines_end);
  }
  if (update.summary && std::isfinite(*update.summary) && attempt.summary != update.summary) {
    EditAttempt(serial).summary = update.summary;
    TakeValue(attempt, *update.summary);
  }
  if (!update.outcomes.empty() && attempt.outcomes != update.outcomes) {
    EditAttempt(serial).outcomes = update.outcomes;
  }
}

void Sweep::TakeValue(AttemptRecord& attempt, double value) {
  if (!attempt.best || IsBetter(value, *attempt.best)) {
    attempt.best = value;
  }
  if (!attempt.worst || IsBetter(*attempt.worst, value)) {
    attempt.worst = value;
  }
}

void Sweep::JudgeTarget(const AttemptRecord& attempt) {
  if (!settings_.metric || !settings_.metric->target || !attempt.best || sweep_.is_target_reached) {
    return;
  }
  if (!IsBetter(*settings_.metric->target, *attempt.best)) {
    EditSweep().is_target_reached = true;
  }
}

// The search speaks of groups, the stopper of attempts.
void Sweep::TakeExpectations() {
  const PointSource::ExpectedEnds expected = source_->Expected();
  if (expected == nullptr || expected == expected_) {
    return;
  }
  expected_ = expected;
  std::vector<search::ExpectedEnd> ends;
  for (const search::ExpectedEnd& end : *expected) {
    // Of each of its points the attempt that counts: the others came to no end of their own.
    for (std::size_t point = end.trial; point < points_.size() && points_[point].group == end.trial;
         ++point) {
      const PointRecord& record = points_[point];
      if (const auto serial = record.result ? record.result : record.attempt) {
        ends.push_back({.trial = *serial, .value = end.value});
      }
    }
  }
  stopper_->Expect(ends);
}

void Sweep::JudgeEarly(std::uint32_t serial) {
  const AttemptRecord& attempt = attempts_[serial];
  if (!stopper_ || attempt.state != AttemptState::kRunning || attempt.stop != StopCause::kNone) {
    return;
  }
  // A run that was spared once is a test until its end, whatever the rule, its seed or its file say
  // by then.
  if (attempt.stop_facts && attempt.stop_facts->is_audit) {
    return;
  }
  if (stopper_->wants_expectations()) {
    TakeExpectations();
  }
  search::StopDecision decision = stopper_->Decide(serial);
  if (!decision.stop && !decision.is_audit) {
    return;
  }
  EditAttempt(serial).stop_facts = StopFacts{decision.rule, decision.rung, decision.value,
                                             decision.threshold, decision.is_audit};
  if (decision.stop) {
    SetStop(serial, StopCause::kEarlyTermination, std::move(decision.reason));
  }
}

// --- runs from elsewhere -------------------------------------------------------------------------

void Sweep::LoadHistory(std::uint32_t serial, const AttachedRun& run) {
  MetricUpdate update;
  update.summary = run.summary;
  update.outcomes = run.outcomes;
  update.has_summary = run.summary.has_value();
  for (const MetricValue& value : run.history) {
    update.values.push_back({update.lines_end++, value.step, value.value});
  }
  TakeValues(serial, update);
  // Lines were counted from 0 here, and will be again by the run's own stream.
  EditAttempt(serial).lines_seen = 0;
}

Result<Transition> Sweep::AttachRun(const AttachedRun& run, Timestamp now) {
  if (run_index_.contains(run.run_id)) {
    return AlreadyExists(fmt::format("sweep {} has a run {} already", settings_.name, run.run_id));
  }
  Begin(now);
  const std::uint32_t index =
      AddPoint(PointOrigin::kAttached,
               {run.args_json, source_->FindGridPoint(run.args_json), "It joined on its own."});
  std::string why;
  if (CanCreate(&why)) {
    Count(points_[index]);
  }
  const std::uint32_t serial = AddAttempt(index, run.run_id);
  Start(serial);
  LoadHistory(serial, run);
  if (tracking::IsTerminal(run.state)) {
    Finish(serial, run.state == RunState::kFinished ? 0 : 1, false);
  }
  return EndAndFinish();
}

Transition Sweep::AddPriorRuns(std::span<const AttachedRun> runs, Timestamp now) {
  Begin(now);
  for (const AttachedRun& run : runs) {
    if (run_index_.contains(run.run_id)) {
      continue;
    }
    const std::uint32_t index = AddPoint(
        PointOrigin::kPrior,
        {run.args_json, source_->FindGridPoint(run.args_json), "It was there before the sweep."});
    const std::uint32_t serial = AddAttempt(index, run.run_id);
    const bool is_finished = run.state == RunState::kFinished;
    AttemptRecord& attempt = attempts_[serial];
    attempt.state = is_finished ? AttemptState::kFinished : AttemptState::kFailed;
    LoadHistory(serial, run);
    MovePoint(points_[index], is_finished ? PointState::kFinished : PointState::kFailed, "");
    if (is_finished) {
      points_[index].result = serial;
    }
  }
  return End();
}

}  // namespace regatta::sweeps
