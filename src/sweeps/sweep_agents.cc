// Agents: their heartbeats, the commands they get, and the quarantine of bad machines.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "regatta/base/rng.h"
#include "regatta/sweeps/sweep.h"
#include "sweep_rules.h"

namespace regatta::sweeps {
namespace {

bool IsListed(std::span<const ReportedRun> runs, std::string_view run_id) {
  return std::ranges::any_of(runs, [&](const ReportedRun& run) { return run.run_id == run_id; });
}

}  // namespace

Result<Transition> Sweep::RegisterAgent(AgentRecord agent, Timestamp now) {
  if (IsTerminal(sweep_.state)) {
    return FailedPrecondition(fmt::format("Sweep {} is not running", settings_.name));
  }
  if (agent_index_.contains(agent.id)) {
    return AlreadyExists(fmt::format("sweep {}: there is an agent {}", settings_.name, agent.id));
  }
  Begin(now);
  const auto index = static_cast<std::uint32_t>(agents_.size());
  agent.order = index;
  agent.created_at = now;
  agent.heartbeat_at = now;
  agent.slots = std::max(agent.slots, 1U);
  slots_max_ = std::max(slots_max_, agent.slots);
  if (quarantined_hosts_.contains(agent.host)) {
    // The machine is suspect: one more quick failure is enough.
    agent.failure_streak = settings_.timing.failures_quick_max - 1;
  }
  agent_index_.emplace(agent.id, index);
  agents_.push_back(std::move(agent));
  is_agent_dirty_.push_back(false);
  agent_attempts_.emplace_back();
  EditAgent(index);
  return End();
}

Result<Transition> Sweep::ReleaseAgent(std::string_view agent_id, Timestamp now) {
  const auto found = agent_index_.find(agent_id);
  if (found == agent_index_.end()) {
    return NotFound(fmt::format("sweep {} has no agent {}", settings_.name, agent_id));
  }
  Begin(now);
  AgentRecord& agent = EditAgent(found->second);
  if (agent.is_quarantined && --quarantined_hosts_[agent.host] == 0) {
    quarantined_hosts_.erase(agent.host);
  }
  agent.is_quarantined = false;
  agent.quarantine_why.clear();
  agent.failure_streak = 0;
  agent.streak_attempts.clear();
  return End();
}

Result<Transition> Sweep::Heartbeat(std::string_view agent_id, std::span<const ReportedRun> runs,
                                    Timestamp now, const AgentCapacity& capacity) {
  const auto found = agent_index_.find(agent_id);
  if (found == agent_index_.end()) {
    return NotFound(fmt::format("sweep {} has no agent {}", settings_.name, agent_id));
  }
  const std::uint32_t agent = found->second;
  Begin(now);
  EditAgent(agent).heartbeat_at = now;
  agents_[agent].slots = std::max(capacity.slots.value_or(agents_[agent].slots), 1U);
  slots_max_ = std::max(slots_max_, agents_[agent].slots);
  ReadReport(agent, runs);
  StopReported(agent, runs);
  if (sweep_.state == SweepState::kPending || sweep_.state == SweepState::kRunning) {
    Serve(agent, runs, capacity);
  }
  FinishIfDone(true);
  const bool is_sent_away = IsTerminal(sweep_.state) ||
                            (agents_[agent].is_quarantined && sweep_.state != SweepState::kPaused);
  // `exit` kills whatever the agent still has, so it waits until there is nothing.
  if (is_sent_away && runs.empty() && transition_.commands.empty()) {
    Command command;
    command.type = Command::Type::kExit;
    command.is_quarantine = !IsTerminal(sweep_.state);
    command.why = command.is_quarantine ? agents_[agent].quarantine_why : sweep_.why;
    transition_.commands.push_back(std::move(command));
  }
  return End();
}

void Sweep::ReadReport(std::uint32_t agent, std::span<const ReportedRun> runs) {
  for (const ReportedRun& run : runs) {
    const auto found = run_index_.find(run.run_id);
    if (found == run_index_.end()) {
      continue;
    }
    const std::uint32_t serial = found->second;
    if (IsStale(attempts_[serial], run.token)) {
      continue;
    }
    if (attempts_[serial].agent_id.empty() && IsLeased(attempts_[serial].state)) {
      // Started by hand, or joined on its own: now its agent is known.
      EditAttempt(serial).agent_id = agents_[agent].id;
      agent_attempts_[agent].insert(serial);
    }
    if (attempts_[serial].agent_id != agents_[agent].id) {
      continue;
    }
    const AttemptState state = attempts_[serial].state;
    if (state == AttemptState::kLost || state == AttemptState::kPreempted) {
      Hear(serial, false);
    }
    if (!IsLeased(attempts_[serial].state)) {
      continue;
    }
    if (!attempts_[serial].is_acknowledged || attempts_[serial].is_gone) {
      EditAttempt(serial).is_acknowledged = true;
      attempts_[serial].is_gone = false;
    }
    RenewLease(serial);
  }
  std::vector<std::uint32_t> canceled;
  for (const std::uint32_t serial : agent_attempts_[agent]) {
    const AttemptRecord& attempt = attempts_[serial];
    if (attempt.state == AttemptState::kOffered || attempt.is_gone ||
        IsListed(runs, attempt.run_id)) {
      continue;
    }
    if (attempt.stop == StopCause::kCancel) {
      canceled.push_back(serial);
      continue;
    }
    AttemptRecord& gone = EditAttempt(serial);
    gone.is_gone = true;
    const SweepTiming& timing = settings_.timing;
    const Duration length =
        gone.stop == StopCause::kNone ? timing.lease_gone : timing.lease_stopped;
    MoveLease(gone, std::min(gone.lease_until, sweep_.time + length));
  }
  // Told to stop and gone: there is nothing left to wait for.
  for (const std::uint32_t serial : canceled) {
    Kill(serial, "Its agent ended it when the sweep was canceled.");
  }
}

void Sweep::StopReported(std::uint32_t agent, std::span<const ReportedRun> runs) {
  for (const ReportedRun& run : runs) {
    const auto found = run_index_.find(run.run_id);
    const AttemptRecord* attempt = found == run_index_.end() ? nullptr : &attempts_[found->second];
    std::string why;
    if (attempt == nullptr) {
      if (sweep_.state != SweepState::kCanceled) {
        continue;
      }
      why = sweep_.why;
    } else if (IsStale(*attempt, run.token) ||
               (IsLeased(attempt->state) && attempt->agent_id != agents_[agent].id)) {
      why = "The run was handed to another agent.";
    } else if (ShouldStop(run.run_id)) {
      why = attempt->why;
    } else {
      continue;
    }
    Command command;
    command.type = Command::Type::kStop;
    command.run_id = run.run_id;
    command.token = run.token;
    command.why = std::move(why);
    transition_.commands.push_back(std::move(command));
  }
}

void Sweep::Serve(std::uint32_t agent, std::span<const ReportedRun> runs,
                  const AgentCapacity& capacity) {
  std::size_t places = agents_[agent].slots;
  if (capacity.free) {
    places = std::min(places, runs.size() + *capacity.free);
  }
  std::size_t busy = runs.size();
  if (busy < places || busy == 0) {
    busy += Reissue(agent, runs, places);
  }
  while (busy < places && !agents_[agent].is_quarantined && HandOut(agent, runs)) {
    ++busy;
  }
}

// An offered run that its agent does not list and that never showed itself: the command was lost,
// or the program ended before it called wandb.init. The first time the command is repeated, the
// second time the run has failed. An agent that did list it has had its command.
std::size_t Sweep::Reissue(std::uint32_t agent, std::span<const ReportedRun> runs,
                           std::size_t places) {
  std::size_t sent = 0;
  const std::vector<std::uint32_t> held(agent_attempts_[agent].begin(),
                                        agent_attempts_[agent].end());
  for (const std::uint32_t serial : held) {
    const AttemptRecord& attempt = attempts_[serial];
    if (attempt.state != AttemptState::kOffered || IsListed(runs, attempt.run_id)) {
      continue;
    }
    if (attempt.is_acknowledged) {
      Fail(serial, AttemptState::kFailed, FailureCause::kFailed,
           "The program ended without calling wandb.init.");
    } else if (attempt.commands_lost > 0) {
      Fail(serial, AttemptState::kFailed, FailureCause::kFailed,
           "The run was handed out twice and never started: the program ended without calling "
           "wandb.init, or the agent could not start it.");
    } else if (runs.size() + sent < places && !agents_[agent].is_quarantined) {
      AttemptRecord& repeated = EditAttempt(serial);
      ++repeated.commands_lost;
      MoveLease(repeated, sweep_.time + settings_.timing.lease_start);
      SendCommand(repeated, repeated.resumes > 0);
      ++sent;
    }
  }
  return sent;
}

bool Sweep::HandOut(std::uint32_t agent, std::span<const ReportedRun> runs) {
  const std::optional<std::uint32_t> index = NextPoint();
  if (!index) {
    return false;
  }
  const std::optional<std::uint32_t> newest = points_[*index].attempt;
  if (newest && IsListed(runs, attempts_[*newest].run_id)) {
    return false;  // its last process is still on its way out there
  }
  if (newest && attempts_[*newest].state == AttemptState::kPreempted) {
    Offer(*newest, agent, true);
  } else if (newest && attempts_[*newest].state == AttemptState::kWaiting) {
    Offer(*newest, agent, false);
  } else {
    const std::uint32_t serial = AddAttempt(*index, "");
    const PointRecord& point = points_[*index];
    Emit(CreateRun{attempts_[serial].run_id, point.args_json, point.display_name,
                   agents_[agent].id});
    Offer(serial, agent, false);
  }
  return true;
}

void Sweep::Offer(std::uint32_t serial, std::uint32_t agent, bool is_resume) {
  if (sweep_.state == SweepState::kPending) {
    SetState(SweepState::kRunning, "An agent took the first run.");
  }
  if (!sweep_.started) {
    EditSweep().started = sweep_.time;
  }
  AttemptRecord& attempt = EditAttempt(serial);
  attempt.state = AttemptState::kOffered;
  attempt.agent_id = agents_[agent].id;
  attempt.gpus = agents_[agent].gpus;
  attempt.token = EditSweep().token_next++;
  attempt.is_acknowledged = false;
  attempt.is_gone = false;
  attempt.commands_lost = 0;
  attempt.offered_at = now_;
  attempt.ended_at.reset();
  attempt.exit_code.reset();
  attempt.why.clear();
  if (is_resume) {
    ++attempt.resumes;
  } else {
    ++sweep_.attempts_issued;
  }
  ++EditAgent(agent).runs_total;
  MovePoint(points_[attempt.point], PointState::kActive, "");
  TakeLease(attempt, settings_.timing.lease_start);
  Emit(AssignRun{attempt.run_id, attempt.agent_id});
  SendCommand(attempt, is_resume);
}

void Sweep::SendCommand(const AttemptRecord& attempt, bool is_resume) {
  const PointRecord& point = points_[attempt.point];
  Command command;
  command.type = is_resume ? Command::Type::kResume : Command::Type::kRun;
  command.run_id = attempt.run_id;
  command.args_json = point.args_json;
  command.token = attempt.token;
  command.repeat = point.repeat;
  command.why = point.why;
  transition_.commands.push_back(std::move(command));
}

// --- quarantine ----------------------------------------------------------------------------------

void Sweep::NoteOutcome(const AttemptRecord& attempt) {
  const auto found = agent_index_.find(attempt.agent_id);
  if (found == agent_index_.end()) {
    return;
  }
  if (attempt.is_quick_failure) {
    AgentRecord& agent = EditAgent(found->second);
    ++agent.failure_streak;
    agent.streak_attempts.push_back(attempt.serial);
    if (agent.failure_streak >= settings_.timing.failures_quick_max && !agent.is_quarantined) {
      Quarantine(found->second);
    }
    return;
  }
  // A machine that went silent says nothing about what it does to programs.
  const bool says_nothing =
      attempt.state == AttemptState::kLost && attempt.cause == FailureCause::kLost;
  const bool was_killed = attempt.state == AttemptState::kKilled && !HasLogged(attempt);
  if (!says_nothing && !was_killed && agents_[found->second].failure_streak > 0) {
    AgentRecord& agent = EditAgent(found->second);
    agent.failure_streak = 0;
    agent.streak_attempts.clear();
  }
}

void Sweep::Quarantine(std::uint32_t index) {
  AgentRecord& agent = EditAgent(index);
  agent.is_quarantined = true;
  const AttemptRecord& last = attempts_[agent.streak_attempts.back()];
  agent.quarantine_why = fmt::format(
      "{} runs in a row failed on {} within {} s and without logging anything; the last one: {}",
      agent.failure_streak, agent.host,
      std::chrono::duration_cast<std::chrono::seconds>(settings_.timing.failure_quick).count(),
      last.why);
  ++quarantined_hosts_[agent.host];
  for (const std::uint32_t serial : agent.streak_attempts) {
    PointRecord& point = points_[attempts_[serial].point];
    // Once only: a point that fails on a second machine as well has itself to blame.
    if (point.state == PointState::kFailed && !point.is_returned && point.attempt == serial) {
      point.is_returned = true;
      OpenPoint(point, kRankRetry,
                fmt::format("Agent {} is quarantined, the point goes to another one.",
                            agent.name.empty() ? agent.id : agent.name));
    }
  }
}

}  // namespace regatta::sweeps
