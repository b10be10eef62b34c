#include "core.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include "regatta/base/count_text.h"
#include "regatta/base/log.h"

namespace regatta::agent {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);
// For telling the server about a preemption before the runs hear of it themselves.
constexpr Duration kMarkTimeout = kSecond;
// For the last report. What is not delivered by then, the server finds out when the lease ends.
constexpr Duration kCloseTimeout = 5 * kSecond;
// A killed process that is still there after this is in the kernel's hands.
constexpr Duration kKillTimeout = 10 * kSecond;
// What may follow on the runs' own time once a signal ends the agent: killing and the last report.
// With the usual 10 s of the runs, a second for what they leave behind and one for the output, that
// is within the 15 s that a cloud leaves a machine which it takes back.
constexpr Duration kEndMargin = 3 * kSecond;
// Replies that start runs which end at once must not become a storm of requests.
constexpr Duration kHeartbeatGap = std::chrono::milliseconds(100);
constexpr Timestamp kNever = Timestamp::max();
// What the signals ask for; each further one asks for the next.
constexpr int kTierWait = 1;
constexpr int kTierTerminate = 2;
constexpr int kTierKill = 3;

bool IsUsableId(const std::string& id) {
  return !id.empty() && id.size() <= 128 && id != "." && id != ".." && id.find('/') == id.npos &&
         id.find('\0') == id.npos;
}

}  // namespace

AgentCore::AgentCore(CoreOptions options, Timestamp now)
    : options_(options),
      brakes_(now, options.brakes),
      lease_(options.lease),
      last_contact_(now),
      heartbeat_sent_at_(now - kHeartbeatGap),
      next_heartbeat_at_(now),
      phase_deadline_(kNever) {}

std::vector<Action> AgentCore::TakeActions() {
  std::vector<Action> taken(std::make_move_iterator(actions_.begin()),
                            std::make_move_iterator(actions_.end()));
  actions_.clear();
  return taken;
}

int AgentCore::Running() const {
  return static_cast<int>(
      std::ranges::count_if(runs_, [](const auto& entry) { return entry.second.is_running; }));
}

int AgentCore::FreeSlots() const {
  if (phase_ != Phase::kWorking) {
    return 0;
  }
  const int alive = static_cast<int>(runs_.size());
  int free = options_.slots - alive;
  if (options_.count) {
    free = std::min(free, *options_.count - finished_runs_ - Running());
  }
  return std::max(free, 0);
}

// The server gives the runs away when the lease ends, so they must be gone before: the last fifth
// is for that. Without runs there is nothing to lose, and the whole time is spent trying.
Timestamp AgentCore::LeaseEnd() const {
  return last_contact_ + (IsLeaseAtRisk() ? lease_ * 4 / 5 : lease_);
}

// A deleted sweep has nobody who would run its points again: what runs may end in peace.
bool AgentCore::IsLeaseWatched() const {
  return phase_ < Phase::kTerminating && exit_code_ != kExitNoSweep;
}

bool AgentCore::HasLostLease() const {
  return exit_code_ == kExitUnreachable || exit_code_ == kExitCredentials;
}

Timestamp AgentCore::NextDeadline() const {
  if (phase_ == Phase::kFinished) {
    return kNever;
  }
  Timestamp next = std::min(phase_deadline_, is_heartbeat_open_ ? kNever : next_heartbeat_at_);
  if (IsLeaseWatched()) {
    next = std::min(next, LeaseEnd());
  }
  for (const auto& [run_id, live] : runs_) {
    if (live.is_running && live.stopped_at && !live.is_killed) {
      next = std::min(next, *live.stopped_at + options_.kill_delay);
    }
  }
  return next;
}

void AgentCore::Tick(Timestamp now) {
  if (phase_ == Phase::kFinished) {
    return;
  }
  CheckLease(now);
  CheckStops(now);
  CheckPhase(now);
  CheckHeartbeat(now);
}

// A short lease wants several signs of life while it lasts.
Duration AgentCore::HeartbeatInterval() const {
  return std::min<Duration>(options_.heartbeat_interval, lease_ / 4);
}

void AgentCore::WantHeartbeat(Timestamp at) {
  next_heartbeat_at_ =
      std::min(next_heartbeat_at_, std::max(at, heartbeat_sent_at_ + kHeartbeatGap));
}

HeartbeatReport AgentCore::Report() const {
  HeartbeatReport report;
  report.slots = options_.slots;
  report.free = FreeSlots();
  for (const auto& [run_id, live] : runs_) {
    report.running.push_back(run_id);
    if (live.is_preempting) {
      report.preempting.push_back(run_id);
    }
  }
  return report;
}

void AgentCore::CheckHeartbeat(Timestamp now) {
  if (phase_ == Phase::kFinished || is_heartbeat_open_ || now < next_heartbeat_at_) {
    return;
  }
  is_heartbeat_open_ = true;
  heartbeat_sent_at_ = now;
  next_heartbeat_at_ = now + HeartbeatInterval();
  ended_in_open_heartbeat_ = unreported_.size();
  actions_.push_back(SendHeartbeat{.report = Report(), .ended_runs = unreported_});
}

void AgentCore::HeartbeatAnswered(Timestamp now, const Result<std::vector<Command>>& reply) {
  is_heartbeat_open_ = false;
  if (phase_ == Phase::kFinished) {
    return;
  }
  if (!reply) {
    was_refused_ = reply.error().code == ErrorCode::kUnauthenticated;
    if (reply.error().code == ErrorCode::kNotFound) {
      End(Phase::kDraining, kExitNoSweep,
          "the sweep was deleted, or the server does not know this agent: " +
              reply.error().message);
    } else {
      // Soon after the first failure, which may have been a connection that died of idleness.
      ++failed_heartbeats_;
      Log(failed_heartbeats_ == 1 ? LogLevel::kInfo : LogLevel::kWarning, "agent",
          "heartbeat failed ({}): {}", failed_heartbeats_, reply.error().message);
      WantHeartbeat(now + std::min<Duration>(kSecond * failed_heartbeats_, HeartbeatInterval()));
    }
    Tick(now);
    return;
  }
  failed_heartbeats_ = 0;
  was_refused_ = false;
  last_contact_ = heartbeat_sent_at_;
  unreported_.erase(unreported_.begin(),
                    unreported_.begin() + static_cast<std::ptrdiff_t>(ended_in_open_heartbeat_));
  for (const Command& command : *reply) {
    Obey(now, command);
  }
  for (auto& [run_id, live] : runs_) {
    if (!live.is_running && !live.is_settling) {
      Settle(live);
    }
  }
  Tick(now);
}

void AgentCore::Obey(Timestamp now, const Command& command) {
  switch (command.type) {
    case Command::Type::kRun:
    case Command::Type::kResume:
      BeginRun(command);
      break;
    case Command::Type::kStop:
      StopRun(now, command.run_id);
      break;
    case Command::Type::kExit:
      End(Phase::kDraining, command.is_quarantine ? kExitBrake : kExitDone,
          command.why.empty() ? "the sweep has no more work for this agent" : command.why);
      break;
    case Command::Type::kLease:
      if (command.lease_seconds >= 1 && command.lease_seconds <= 7 * 86400) {
        lease_ = std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(command.lease_seconds));
        has_lease_command_ = true;
        WantHeartbeat(now + HeartbeatInterval());
      }
      break;
    case Command::Type::kUnknown:
      Log(LogLevel::kWarning, "agent", "the server sent a command of unknown type \"{}\"",
          command.type_name);
      break;
  }
}

void AgentCore::BeginRun(const Command& command) {
  if (runs_.contains(command.run_id)) {
    return;  // the server repeats what it thinks was lost
  }
  if (!IsUsableId(command.run_id)) {
    Log(LogLevel::kWarning, "agent", "the server sent a run without a usable id; it is left out");
    return;
  }
  if (FreeSlots() == 0) {
    Log(LogLevel::kWarning, "agent", "run {} is left to others: no slot is free", command.run_id);
    return;
  }
  std::set<int> taken;
  for (const auto& [run_id, live] : runs_) {
    taken.insert(live.slot);
  }
  int slot = 0;
  while (taken.contains(slot)) {
    ++slot;
  }
  runs_[command.run_id].slot = slot;
  actions_.push_back(StartRun{.command = command, .slot = slot});
}

void AgentCore::StopRun(Timestamp now, const std::string& run_id) {
  const auto found = runs_.find(run_id);
  if (found == runs_.end() || !found->second.is_running || found->second.stopped_at) {
    return;
  }
  found->second.stopped_at = now;
  actions_.push_back(SignalRun{.run_id = run_id, .signal = SIGTERM});
}

void AgentCore::CheckStops(Timestamp now) {
  for (auto& [run_id, live] : runs_) {
    const bool is_due = live.is_running && live.stopped_at && !live.is_killed &&
                        now >= *live.stopped_at + options_.kill_delay;
    if (is_due) {
      live.is_killed = true;
      actions_.push_back(SignalRun{.run_id = run_id, .signal = SIGKILL});
    }
  }
}

void AgentCore::RunEnded(Timestamp now, const EndedRun& run) {
  const auto found = runs_.find(run.run_id);
  if (found == runs_.end()) {
    return;
  }
  Live& live = found->second;
  live.is_running = false;
  live.ended = run;
  ++finished_runs_;
  unreported_.push_back(run);
  const bool was_told = live.stopped_at || live.is_preempting || phase_ >= Phase::kTerminating;
  const auto why = was_told ? std::nullopt : brakes_.Note(now, run.exit_code);
  if (HasLostLease()) {
    runs_.erase(found);  // the run belongs to somebody else by now
  } else {
    Settle(live);
  }
  if (why && phase_ == Phase::kWorking) {
    End(Phase::kTerminating, kExitBrake, *why);
    BeginTerminating(now, options_.kill_delay);
  }
  WantHeartbeat(now);
  Tick(now);
}

void AgentCore::Settle(Live& live) {
  live.is_settling = true;
  actions_.push_back(SettleRun{.run = live.ended});
}

void AgentCore::RunSettled(Timestamp now, const std::string& run_id, bool is_settled) {
  const auto found = runs_.find(run_id);
  if (found == runs_.end() || found->second.is_running) {
    return;
  }
  found->second.is_settling = false;
  if (is_settled) {
    runs_.erase(found);
  }
  WantHeartbeat(now);
  Tick(now);
}

void AgentCore::MarkAnswered(Timestamp now, const std::string& run_id) {
  if (const auto found = runs_.find(run_id); found != runs_.end()) {
    found->second.is_mark_open = false;
  }
  Tick(now);
}

void AgentCore::End(Phase phase, int exit_code, std::string reason) {
  if (reason_.empty()) {
    exit_code_ = exit_code;
    reason_ = std::move(reason);
    Log(LogLevel::kInfo, "agent", "ending: {}", reason_);
  }
  phase_ = std::max(phase_, phase);
}

void AgentCore::Signalled(Timestamp now, int signal) {
  if (phase_ == Phase::kFinished) {
    return;
  }
  const int asked = signal == SIGQUIT ? kTierKill : signal == SIGINT ? kTierWait : kTierTerminate;
  tier_ = std::min(std::max(tier_ + 1, asked), kTierKill);
  const std::string reason = fmt::format("signal {} ({})", signal, ::strsignal(signal));
  if (tier_ == kTierWait) {
    End(Phase::kDraining, 128 + signal, reason);
    Log(LogLevel::kInfo, "agent",
        "waiting for {}; the next signal ends what runs, the one after that kills it",
        CountText(static_cast<std::uint64_t>(Running()), "run"));
    Tick(now);
    return;
  }
  if (Running() > 0 || reason_.empty()) {
    reason_.clear();  // the runs do not end as they would have: the signal is the cause
    End(Phase::kDraining, 128 + signal, reason);
  }
  if (!ends_by_) {
    ends_by_ = now + options_.term_timeout + kEndMargin;
  }
  if (tier_ == kTierKill) {
    BeginKilling(now);
  } else if (phase_ >= Phase::kMarking) {
    phase_deadline_ = std::min(phase_deadline_, now + options_.term_timeout);
  } else if (signal == SIGUSR1 || (signal == SIGTERM && options_.marks_preempting)) {
    BeginMarking(now);
  } else {
    BeginTerminating(now, options_.term_timeout);
  }
  Tick(now);
}

void AgentCore::BeginMarking(Timestamp now) {
  phase_ = Phase::kMarking;
  phase_deadline_ = now + std::min(kMarkTimeout, options_.term_timeout / 4);
  for (auto& [run_id, live] : runs_) {
    if (live.is_running) {
      live.is_preempting = true;
      live.is_mark_open = true;
      actions_.push_back(MarkPreempting{.run_id = run_id});
    }
  }
  WantHeartbeat(now);
}

void AgentCore::BeginTerminating(Timestamp now, Duration grace) {
  phase_ = Phase::kTerminating;
  phase_deadline_ = now + grace;
  for (auto& [run_id, live] : runs_) {
    if (live.is_running) {
      actions_.push_back(SignalRun{.run_id = run_id, .signal = SIGTERM});
    }
  }
}

void AgentCore::BeginKilling(Timestamp now) {
  phase_ = Phase::kKilling;
  phase_deadline_ = Bounded(now + kKillTimeout, kSecond);
  actions_.push_back(KillEverything{});
}

void AgentCore::CheckLease(Timestamp now) {
  if (!IsLeaseWatched() || now < LeaseEnd()) {
    return;
  }
  const std::string silence =
      fmt::format("no heartbeat got through for {} seconds",
                  std::chrono::duration_cast<std::chrono::seconds>(now - last_contact_).count());
  const int exit_code = was_refused_ ? kExitCredentials : kExitUnreachable;
  if (!IsLeaseAtRisk()) {
    End(Phase::kDraining, exit_code, silence);
    exit_code_ = exit_code;
    BeginClosing(now);
    return;
  }
  Log(LogLevel::kError, "agent", "{}: ending the runs before others are given them", silence);
  End(Phase::kTerminating, exit_code, silence + ", so its runs belong to others now");
  exit_code_ = exit_code;
  BeginTerminating(now, std::min(options_.kill_delay, lease_ * 3 / 20));
}

void AgentCore::BeginClosing(Timestamp now) {
  phase_ = Phase::kClosing;
  phase_deadline_ = Bounded(now + kCloseTimeout, Duration::zero());
}

Timestamp AgentCore::Bounded(Timestamp deadline, Duration rest) const {
  return ends_by_ ? std::min(deadline, *ends_by_ - rest) : deadline;
}

void AgentCore::CheckPhase(Timestamp now) {
  if (phase_ == Phase::kMarking) {
    const bool is_marked =
        std::ranges::none_of(runs_, [](const auto& entry) { return entry.second.is_mark_open; });
    if (is_marked || now >= phase_deadline_) {
      BeginTerminating(now, options_.term_timeout);
    }
  }
  if (phase_ == Phase::kTerminating && now >= phase_deadline_ && Running() > 0) {
    Log(LogLevel::kWarning, "agent", "the runs did not end in time: killing them");
    BeginKilling(now);
  }
  if (phase_ == Phase::kWorking && options_.count && finished_runs_ >= *options_.count) {
    End(Phase::kDraining, kExitDone, fmt::format("finished {} runs, as asked", finished_runs_));
  }
  const bool is_given_up = phase_ == Phase::kKilling && now >= phase_deadline_;
  const bool is_idle = Running() == 0 && phase_ != Phase::kWorking;
  if (phase_ < Phase::kClosing && (is_idle || is_given_up)) {
    BeginClosing(now);
    WantHeartbeat(now);
  }
  if (phase_ == Phase::kClosing) {
    // A server that is not ours would take a last heartbeat for a wish for more work.
    const bool wants_report = has_lease_command_ && !unreported_.empty();
    const bool is_told =
        runs_.empty() && (!has_lease_command_ || (!is_heartbeat_open_ && !wants_report));
    if (!has_lease_command_) {
      next_heartbeat_at_ = kNever;
    }
    if (is_told || HasLostLease() || now >= phase_deadline_) {
      phase_ = Phase::kFinished;
      phase_deadline_ = kNever;
      actions_.push_back(Finish{.exit_code = exit_code_, .reason = reason_});
    }
  }
}

}  // namespace regatta::agent
