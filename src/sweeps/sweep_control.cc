// What people and outside controllers ask of a sweep.
#include <fmt/format.h>

#include <utility>

#include "regatta/sweeps/sweep.h"
#include "sweep_rules.h"

namespace regatta::sweeps {
namespace {

std::string_view InWords(SweepState state) {
  switch (state) {
    case SweepState::kPending:
      return "pending";
    case SweepState::kRunning:
      return "running";
    case SweepState::kPaused:
      return "paused";
    case SweepState::kFinished:
      return "finished";
    case SweepState::kCanceled:
      return "canceled";
    case SweepState::kFailed:
      return "failed";
    case SweepState::kCrashed:
      return "crashed";
  }
  return "unknown";
}

}  // namespace

Result<Transition> Sweep::Pause(Timestamp now) {
  if (sweep_.state != SweepState::kRunning && sweep_.state != SweepState::kPaused) {
    return FailedPrecondition(
        fmt::format("sweep {}: Cannot pause a {} sweep.", settings_.name, InWords(sweep_.state)));
  }
  Begin(now);
  if (sweep_.state == SweepState::kRunning) {
    SetState(SweepState::kPaused, "A person paused the sweep.");
  }
  return End();
}

Result<Transition> Sweep::Resume(Timestamp now) {
  Begin(now);
  if (sweep_.state != SweepState::kRunning && sweep_.state != SweepState::kPending) {
    SetState(sweep_.started ? SweepState::kRunning : SweepState::kPending,
             "A person resumed the sweep.");
  }
  return End();
}

Result<Transition> Sweep::Stop(Timestamp now) {
  if (IsTerminal(sweep_.state) && sweep_.state != SweepState::kFinished) {
    return FailedPrecondition(
        fmt::format("sweep {}: Sweep already {}.", settings_.name, InWords(sweep_.state)));
  }
  Begin(now);
  if (sweep_.state != SweepState::kFinished) {
    SetState(SweepState::kFinished, "A person stopped the sweep.");
  }
  return End();
}

Result<Transition> Sweep::Cancel(Timestamp now) {
  if (sweep_.state == SweepState::kFailed || sweep_.state == SweepState::kCrashed) {
    return FailedPrecondition(
        fmt::format("sweep {}: Sweep already {}.", settings_.name, InWords(sweep_.state)));
  }
  Begin(now);
  if (sweep_.state == SweepState::kCanceled) {
    return End();
  }
  const std::string why = "A person canceled the sweep.";
  SetState(SweepState::kCanceled, why);
  std::vector<std::uint32_t> leased;
  for (const auto& [until, serial] : leases_) {
    leased.push_back(serial);
  }
  for (const std::uint32_t serial : leased) {
    SetStop(serial, StopCause::kCancel, why);
    if (attempts_[serial].state == AttemptState::kOffered) {
      Kill(serial, why);
    }
  }
  std::vector<std::uint32_t> waiting;
  for (const QueueEntry& entry : queue_) {
    const std::optional<std::uint32_t> serial = points_[entry.point].attempt;
    if (serial && (attempts_[*serial].state == AttemptState::kWaiting ||
                   attempts_[*serial].state == AttemptState::kPreempted)) {
      waiting.push_back(*serial);
    }
  }
  for (const std::uint32_t serial : waiting) {
    SetStop(serial, StopCause::kCancel, why);
    Kill(serial, why);
  }
  return End();
}

Result<Transition> Sweep::Crash(std::string why, Timestamp now) {
  if (IsTerminal(sweep_.state)) {
    return FailedPrecondition(
        fmt::format("sweep {}: Sweep already {}.", settings_.name, InWords(sweep_.state)));
  }
  Begin(now);
  SetState(SweepState::kCrashed, std::move(why));
  return End();
}

Result<Transition> Sweep::Enqueue(std::string args_json, std::string display_name, Timestamp now) {
  if (IsTerminal(sweep_.state)) {
    return FailedPrecondition(fmt::format("Sweep {} is not running", settings_.name));
  }
  std::string why;
  if (!CanCreate(&why)) {
    return ResourceExhausted(
        fmt::format("sweep {}: no more runs: {} Raise it, or stop.", settings_.name, why));
  }
  Begin(now);
  const std::optional<std::uint64_t> number = source_->FindGridPoint(args_json);
  const std::uint32_t index =
      AddPoint(PointOrigin::kEnqueued, {std::move(args_json), number, "It was asked for by name."});
  const std::uint32_t serial = AddAttempt(index, "");
  PointRecord& point = points_[index];
  point.display_name = std::move(display_name);
  Count(point);
  OpenPoint(point, kRankWaiting, "");
  Emit(CreateRun{attempts_[serial].run_id, point.args_json, point.display_name, ""});
  transition_.run_id = attempts_[serial].run_id;
  return End();
}

Transition Sweep::ControllerSchedule(std::span<const ScheduleEntry> schedule,
                                     std::span<const std::string> stop_run_ids, Timestamp now) {
  Begin(now);
  for (const ScheduleEntry& entry : schedule) {
    std::string why;
    if (!entry.args_json) {
      if (!sweep_.is_controller_done) {
        EditSweep().is_controller_done = true;
      }
      continue;
    }
    if (schedule_index_.contains(entry.id) || IsTerminal(sweep_.state) || !CanCreate(&why)) {
      continue;
    }
    const std::uint32_t index = AddPoint(
        PointOrigin::kController,
        {*entry.args_json, source_->FindGridPoint(*entry.args_json), "The controller chose it."});
    const std::uint32_t serial = AddAttempt(index, "");
    PointRecord& point = points_[index];
    point.schedule_id = entry.id;
    schedule_index_.emplace(entry.id, index);
    Count(point);
    OpenPoint(point, kRankWaiting, "");
    Emit(CreateRun{attempts_[serial].run_id, point.args_json, "", ""});
  }
  for (const std::string& run_id : stop_run_ids) {
    const auto found = run_index_.find(run_id);
    if (found != run_index_.end() && IsLeased(attempts_[found->second].state)) {
      SetStop(found->second, StopCause::kEarlyTermination, "The controller stopped it early.");
    }
  }
  return EndAndFinish();
}

Result<Transition> Sweep::Requeue(std::uint32_t index, Timestamp now) {
  if (index >= points_.size()) {
    return NotFound(fmt::format("sweep {} has no point {}", settings_.name, index));
  }
  if (IsTerminal(sweep_.state) && sweep_.state != SweepState::kFinished) {
    return FailedPrecondition(
        fmt::format("sweep {} is {}: resume it first, then its points can be handed out again",
                    settings_.name, InWords(sweep_.state)));
  }
  const PointRecord& point = points_[index];
  if (point.origin == PointOrigin::kPrior ||
      (point.state != PointState::kFailed && point.state != PointState::kKilled)) {
    return FailedPrecondition(
        fmt::format("sweep {}: point {} is {}; only failed and killed points can be handed out "
                    "again. To redo a finished one, delete its run.",
                    settings_.name, index, PointStateName(point.state)));
  }
  std::string why;
  if (!CanIssue(&why) || (!point.is_counted && !CanCreate(&why))) {
    return ResourceExhausted(fmt::format("sweep {}: {} Raise it first.", settings_.name, why));
  }
  Begin(now);
  Count(EditPoint(index));
  OpenPoint(points_[index], kRankRetry, "A person asked for it again.");
  if (sweep_.state == SweepState::kFinished) {
    SetState(SweepState::kRunning, "A person asked for a point again.");
  }
  return End();
}

}  // namespace regatta::sweeps
