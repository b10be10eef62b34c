// What happens to runs, brought to their sweep.
#include <fmt/format.h>

#include <utility>

#include "live_sweep.h"
#include "regatta/sweeps/sweep_service.h"

namespace regatta::sweeps {
namespace {

bool IsHeld(const AttemptRecord& attempt) {
  return attempt.state == AttemptState::kOffered || attempt.state == AttemptState::kRunning ||
         attempt.state == AttemptState::kPreempting;
}

}  // namespace

Result<SweepService::Found> SweepService::OpenOf(tracking::Tables& tables,
                                                 const tracking::Run& run) {
  Found found;
  if (run.sweep_name.empty()) {
    return found;
  }
  Result<std::optional<SweepRow>> row = SweepsOf(tables).FindByName(run.project, run.sweep_name);
  if (!row) {
    return row.error();
  }
  if (!*row) {
    return found;
  }
  const Result<Live*> live = Open(tables, **row);
  if (!live) {
    return live.error();
  }
  found.row = *std::move(row);
  found.live = *live;
  return found;
}

Result<void> SweepService::Attach(tracking::Tables& tables, const Found& found, tracking::Run& run,
                                  Timestamp now) {
  const Result<AttachedRun> attached = ReadAttachedRun(tables, run, found.live->keys);
  if (!attached) {
    return attached.error();
  }
  Result<Transition> joined = found.live->sweep->AttachRun(*attached, now);
  if (!joined) {
    return joined.error();
  }
  return Apply(tables, *found.row, &run, *joined, now);
}

Result<void> SweepService::OnStarted(tracking::Tables& tables, tracking::Run& run, Timestamp now) {
  const Result<Found> found = OpenOf(tables, run);
  if (!found) {
    return found.error();
  }
  if (found->live == nullptr) {
    run.sweep_name.clear();
    return Ok();
  }
  if (run.name == found->row->controller_run_name) {
    // The log of the scheduler at the client: no trial.
    run.is_hidden = true;
    run.sweep_name.clear();
    return Ok();
  }
  Sweep& sweep = *found->live->sweep;
  if (sweep.FindRun(run.name) == nullptr) {
    return Attach(tables, *found, run, now);
  }
  Result<Transition> started = sweep.RunStarted(run.name, now);
  if (!started) {
    return started.error();
  }
  if (Result<void> done = Apply(tables, *found->row, &run, *started, now); !done) {
    return done;
  }
  run.stop_requested = run.stop_requested || sweep.ShouldStop(run.name);
  return Ok();
}

Result<void> SweepService::OnRows(tracking::Tables& tables, tracking::Run& run,
                                  std::span<const tracking::StreamLines> history,
                                  bool summary_changed, Timestamp now) {
  const Result<Found> found = OpenOf(tables, run);
  if (!found) {
    return found.error();
  }
  if (found->live == nullptr) {
    return Ok();
  }
  Sweep& sweep = *found->live->sweep;
  if (sweep.FindRun(run.name) == nullptr) {
    return Attach(tables, *found, run, now);  // which reads what was logged so far
  }
  MetricUpdate update;
  update.run_id = run.name;
  ReadMetric(found->live->keys, history, update);
  if (summary_changed) {
    ReadSummary(found->live->keys, run.summary_json, update);
  }
  const bool is_news = update.lines_end > 0 || summary_changed;
  Result<Transition> taken =
      is_news ? sweep.Metrics(update, now) : sweep.RunHeartbeat(run.name, now);
  if (!taken) {
    return taken.error();
  }
  if (Result<void> done = Apply(tables, *found->row, &run, *taken, now); !done) {
    return done;
  }
  run.stop_requested = run.stop_requested || sweep.ShouldStop(run.name);
  return Ok();
}

Result<void> SweepService::OnPreempting(tracking::Tables& tables, tracking::Run& run,
                                        Timestamp now) {
  const Result<Found> found = OpenOf(tables, run);
  if (!found) {
    return found.error();
  }
  if (found->live == nullptr || found->live->sweep->FindRun(run.name) == nullptr) {
    return Ok();
  }
  Result<Transition> noted = found->live->sweep->RunPreempting(run.name, now);
  return noted ? Apply(tables, *found->row, &run, *noted, now) : Result<void>(noted.error());
}

Result<void> SweepService::OnEnded(tracking::Tables& tables, tracking::Run& run, Timestamp now) {
  const Result<Found> found = OpenOf(tables, run);
  if (!found) {
    return found.error();
  }
  const AttemptRecord* attempt =
      found->live == nullptr ? nullptr : found->live->sweep->FindRun(run.name);
  if (attempt == nullptr) {
    return Ok();
  }
  if (!run.exit_code) {
    if (IsHeld(*attempt)) {
      run.state =
          attempt->state == AttemptState::kPreempting ? RunState::kPreempting : RunState::kRunning;
      run.heartbeat_at = now;
    }
    return Ok();
  }
  Result<Transition> ended = found->live->sweep->RunFinished(run.name, *run.exit_code, now);
  return ended ? Apply(tables, *found->row, &run, *ended, now) : Result<void>(ended.error());
}

Result<void> SweepService::OnDeleting(tracking::Tables& tables, const tracking::Run& run,
                                      Timestamp now) {
  const Result<Found> found = OpenOf(tables, run);
  if (!found) {
    return found.error();
  }
  if (found->live == nullptr || found->live->sweep->FindRun(run.name) == nullptr) {
    return Ok();
  }
  Result<Transition> deleted = found->live->sweep->DeleteRun(run.name, now);
  tracking::Run gone = run;
  return deleted ? Apply(tables, *found->row, &gone, *deleted, now) : Result<void>(deleted.error());
}

}  // namespace regatta::sweeps
