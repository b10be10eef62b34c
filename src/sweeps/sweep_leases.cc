// Attempts and their leases: taken, renewed, expired, won, lost.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "regatta/base/rng.h"
#include "regatta/sweeps/sweep.h"
#include "sweep_rules.h"

namespace regatta::sweeps {
namespace {

constexpr std::size_t kRunIdLength = 8;
// A lease is written again only when that moves its end by at least this, or by a quarter of a
// short lease, so that a stream of heartbeats is not a stream of writes.
constexpr Duration kLeaseGrain = std::chrono::seconds(10);

}  // namespace

std::uint32_t Sweep::AddAttempt(std::uint32_t point, std::string run_id) {
  const auto serial = static_cast<std::uint32_t>(attempts_.size());
  AttemptRecord attempt;
  attempt.serial = serial;
  attempt.point = point;
  attempt.number = ++EditPoint(point).attempts;
  attempt.run_id = run_id.empty() ? NewRunId(serial) : std::move(run_id);
  points_[point].attempt = serial;
  run_index_.emplace(attempt.run_id, serial);
  attempts_.push_back(std::move(attempt));
  is_attempt_dirty_.push_back(false);
  history_.emplace_back();
  point_attempts_[point].push_back(serial);
  EditAttempt(serial);
  return serial;
}

std::string Sweep::NewRunId(std::uint32_t serial) {
  Rng rng = Rng(settings_.seed, settings_.run_id_salt).Split(serial);
  std::string id = RandomId(kRunIdLength, rng);
  while (run_index_.contains(id)) {
    id = RandomId(kRunIdLength, rng);
  }
  return id;
}

void Sweep::TrackLease(const AttemptRecord& attempt) {
  leases_.emplace(attempt.lease_until, attempt.serial);
  gpus_active_ += attempt.gpus;
  gpus_active_started_ += attempt.gpus * attempt.started.value_or(sweep_.time);
  const auto agent = agent_index_.find(attempt.agent_id);
  if (agent != agent_index_.end()) {
    agent_attempts_[agent->second].insert(attempt.serial);
  }
}

void Sweep::TakeLease(AttemptRecord& attempt, Duration length) {
  EditAttempt(attempt.serial);
  attempt.started = sweep_.time;
  attempt.lease_until = sweep_.time + length;
  TrackLease(attempt);
}

void Sweep::MoveLease(AttemptRecord& attempt, Duration until) {
  leases_.erase({attempt.lease_until, attempt.serial});
  attempt.lease_until = until;
  leases_.emplace(until, attempt.serial);
}

void Sweep::RenewLease(std::uint32_t serial) {
  const AttemptRecord& attempt = attempts_[serial];
  const SweepTiming& timing = settings_.timing;
  const Duration length = attempt.is_gone                           ? timing.lease_gone
                          : attempt.state == AttemptState::kOffered ? timing.lease_start
                                                                    : timing.lease;
  const Duration until = sweep_.time + length;
  if (until - attempt.lease_until >= std::min(kLeaseGrain, length / 4)) {
    MoveLease(EditAttempt(serial), until);
  }
}

void Sweep::DropLease(AttemptRecord& attempt) {
  leases_.erase({attempt.lease_until, attempt.serial});
  const Duration started = attempt.started.value_or(sweep_.time);
  gpus_active_ -= attempt.gpus;
  gpus_active_started_ -= attempt.gpus * started;
  EditSweep().gpu_seconds_ended +=
      attempt.gpus * std::chrono::duration<double>(sweep_.time - started).count();
  const auto agent = agent_index_.find(attempt.agent_id);
  if (agent != agent_index_.end()) {
    agent_attempts_[agent->second].erase(attempt.serial);
  }
}

void Sweep::CloseAttempt(AttemptRecord& attempt, AttemptState state, std::string why) {
  EditAttempt(attempt.serial);
  if (IsLeased(attempt.state)) {
    DropLease(attempt);
  }
  attempt.state = state;
  attempt.ended_at = now_;
  attempt.why = std::move(why);
  TellStopperState(attempt);
}

void Sweep::TellStopperState(const AttemptRecord& attempt) {
  if (!stopper_) {
    return;
  }
  stopper_->SetRunning(attempt.serial, attempt.state == AttemptState::kRunning);
  if (attempt.state == AttemptState::kStoppedEarly) {
    stopper_->MarkStopped(attempt.serial);
  }
}

void Sweep::Expire(std::uint32_t serial) {
  const AttemptRecord& attempt = attempts_[serial];
  const PointRecord& point = points_[attempt.point];
  if (attempt.stop == StopCause::kEarlyTermination) {
    Emit(SetRunState{attempt.run_id, RunState::kKilled, attempt.why});
    Win(serial, AttemptState::kStoppedEarly, attempt.why);
  } else if (attempt.stop != StopCause::kNone) {
    Kill(serial, attempt.why);
  } else if (attempt.state == AttemptState::kPreempting) {
    Preempted(serial, "It announced that it would be taken away, and went silent.");
  } else if (attempt.is_gone) {
    const std::string why = fmt::format(
        "Its process vanished without a word while agent {} lived: killed from outside, most often "
        "for want of memory.",
        attempt.agent_id);
    Fail(serial, AttemptState::kLost, FailureCause::kOom, why);
  } else if (attempt.state == AttemptState::kOffered && attempt.resumes > 0 &&
             point.lost < settings_.retry.lost) {
    ++EditPoint(point.index).lost;
    Preempted(serial, "Agent " + attempt.agent_id + " went silent before it resumed the run.");
  } else {
    const std::string who = attempt.agent_id.empty()
                                ? "The run went silent."
                                : "Agent " + attempt.agent_id + " and the run both went silent.";
    Fail(serial, AttemptState::kLost, FailureCause::kLost, who);
  }
}

void Sweep::Start(std::uint32_t serial) {
  AttemptRecord& attempt = EditAttempt(serial);
  const bool was_leased = IsLeased(attempt.state);
  attempt.state = AttemptState::kRunning;
  if (was_leased) {
    RenewLease(serial);
  } else {
    // Its process came by itself: started by hand, or restarted in its place.
    if (attempt.token == 0) {
      attempt.token = EditSweep().token_next++;
    }
    attempt.is_gone = false;
    MovePoint(points_[attempt.point], PointState::kActive, "");
    TakeLease(attempt, settings_.timing.lease);
  }
  if (stopper_) {
    stopper_->SetRunning(serial, true);
  }
  Emit(SetRunState{attempt.run_id, RunState::kRunning, ""});
}

bool Sweep::Revive(std::uint32_t serial) {
  const PointRecord& point = points_[attempts_[serial].point];
  if (point.state != PointState::kOpen || point.attempt != serial) {
    return false;
  }
  AttemptRecord& attempt = EditAttempt(serial);
  attempt.is_late = true;
  attempt.cause = FailureCause::kNone;
  attempt.ended_at.reset();
  attempt.why = "It was believed lost and came back before its point was handed out again.";
  Start(serial);
  if (sweep_.state == SweepState::kCanceled) {
    SetStop(serial, StopCause::kCancel, sweep_.why);
  }
  return true;
}

void Sweep::Win(std::uint32_t serial, AttemptState state, std::string why) {
  AttemptRecord& attempt = attempts_[serial];
  CloseAttempt(attempt, state, std::move(why));
  PointRecord& point = points_[attempt.point];
  for (const std::uint32_t other : point_attempts_[point.index]) {
    const AttemptState state_of_other = attempts_[other].state;
    if (other != serial && (IsLeased(state_of_other) || state_of_other == AttemptState::kWaiting ||
                            state_of_other == AttemptState::kPreempted)) {
      Supersede(other, serial);
    }
  }
  MovePoint(point, PointState::kFinished, "");
  point.result = serial;
  NoteOutcome(attempt);
}

void Sweep::Supersede(std::uint32_t serial, std::uint32_t winner) {
  const std::string why =
      fmt::format("Run {} finished the same point first.", attempts_[winner].run_id);
  SetStop(serial, StopCause::kSuperseded, why);
  CloseAttempt(attempts_[serial], AttemptState::kSuperseded, why);
  Emit(SetRunState{attempts_[serial].run_id, RunState::kKilled, why});
}

void Sweep::Kill(std::uint32_t serial, std::string why) {
  AttemptRecord& attempt = attempts_[serial];
  Emit(SetRunState{attempt.run_id, RunState::kKilled, why});
  CloseAttempt(attempt, AttemptState::kKilled, why);
  PointRecord& point = points_[attempt.point];
  MovePoint(point, PointState::kKilled, std::move(why));
  if (!HasLogged(attempt)) {
    Uncount(point);
  }
  NoteOutcome(attempt);
}

void Sweep::Preempted(std::uint32_t serial, std::string why) {
  AttemptRecord& attempt = attempts_[serial];
  Emit(SetRunState{attempt.run_id, RunState::kPreempted, why});
  CloseAttempt(attempt, AttemptState::kPreempted, why);
  OpenPoint(points_[attempt.point], kRankResume, std::move(why));
}

void Sweep::Fail(std::uint32_t serial, AttemptState state, FailureCause cause, std::string why) {
  AttemptRecord& attempt = attempts_[serial];
  const Duration age = sweep_.time - attempt.started.value_or(sweep_.time);
  const bool is_loss = cause == FailureCause::kLost;
  Emit(SetRunState{attempt.run_id,
                   state == AttemptState::kLost ? RunState::kCrashed : RunState::kFailed, why});
  CloseAttempt(attempt, state, why);
  attempt.cause = cause;
  attempt.is_quick_failure =
      !is_loss && !HasLogged(attempt) && age < settings_.timing.failure_quick;

  PointRecord& point = EditPoint(attempt.point);
  const RetryConfig& retry = settings_.retry;
  std::uint32_t& used = is_loss                       ? point.lost
                        : cause == FailureCause::kOom ? point.oom
                                                      : point.failed;
  // What joined on its own is not ours to hand out.
  const std::int64_t allowed = point.origin == PointOrigin::kAttached ? 0
                               : is_loss                              ? retry.lost
                               : cause == FailureCause::kOom          ? retry.oom
                                                                      : retry.failed;
  if (used < allowed) {
    ++used;
    OpenPoint(point, kRankRetry, std::move(why));
  } else {
    MovePoint(point, PointState::kFailed, std::move(why));
    const auto& all = point_attempts_[point.index];
    if (state == AttemptState::kLost && std::ranges::none_of(all, [&](std::uint32_t other) {
          return HasLogged(attempts_[other]) || attempts_[other].state == AttemptState::kFailed;
        })) {
      Uncount(point);
    }
  }
  NoteOutcome(attempt);
}

void Sweep::SetStop(std::uint32_t serial, StopCause cause, std::string why) {
  AttemptRecord& attempt = EditAttempt(serial);
  if (attempt.stop == StopCause::kNone) {
    attempt.stop = cause;
    Emit(SetRunStop{attempt.run_id, why});
    attempt.why = std::move(why);
  }
}

}  // namespace regatta::sweeps
