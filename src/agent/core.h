// The agent's decisions, without processes, sockets or a clock of their own.
//
// Something happens (a reply, an end, a signal, time passing) and the core answers with actions,
// which the loop carries out in their order. Everything is a function of the calls and their times,
// so every ending can be tested to the microsecond.
//
// Life: working -> [draining: no new runs, wait for those there are] -> [marking: the server is
// told that the runs are being preempted] -> [terminating: SIGTERM was sent] -> [killing: SIGKILL
// was sent] -> closing: last report -> Finish. It only ever moves to the right; what first made it
// move names the exit code.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "brakes.h"
#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "wire.h"

namespace regatta::agent {

// Exit codes of the agent; 128 + n after signal n.
inline constexpr int kExitDone = 0;          // sweep complete, or count reached
inline constexpr int kExitError = 1;         // anything else
inline constexpr int kExitUsage = 2;         // wrong arguments
inline constexpr int kExitBrake = 3;         // too many runs failed, or the server says so
inline constexpr int kExitNoSweep = 4;       // no such sweep, or deleted
inline constexpr int kExitCredentials = 5;   // the key is missing or refused
inline constexpr int kExitUnreachable = 75;  // no heartbeat got through for the time of the lease

struct CoreOptions {
  int slots = 1;
  std::optional<int> count;  // runs to finish
  // Or a quarter of the lease, if that is shorter.
  Duration heartbeat_interval = std::chrono::seconds(5);
  Duration term_timeout = std::chrono::seconds(10);  // SIGTERM to SIGKILL when the agent ends
  Duration kill_delay = std::chrono::seconds(30);    // the same when a run was told to stop
  Duration lease = std::chrono::seconds(300);
  bool marks_preempting = true;  // on SIGTERM; SIGUSR1 always does
  BrakeOptions brakes;
};

// Answered by RunEnded, also when it could not be started.
struct StartRun {
  Command command;
  int slot = 0;
};
struct SignalRun {
  std::string run_id;
  int signal = 0;
};
struct KillEverything {};
// Answered by HeartbeatAnswered.
struct SendHeartbeat {
  HeartbeatReport report;  // `ended` is `ended_runs`
  std::vector<EndedRun> ended_runs;
};
// Answered by MarkAnswered.
struct MarkPreempting {
  std::string run_id;
};
// Find out whether the run reported for itself, and report for it if not. Answered by RunSettled.
struct SettleRun {
  EndedRun run;
};
struct Finish {
  int exit_code = 0;
  std::string reason;  // a sentence
};
using Action = std::variant<StartRun, SignalRun, KillEverything, SendHeartbeat, MarkPreempting,
                            SettleRun, Finish>;

class AgentCore {
 public:
  // `now`: the agent has just been registered.
  AgentCore(CoreOptions options, Timestamp now);

  // What to do now, in this order. Empties the list.
  std::vector<Action> TakeActions();
  // When Tick has to be called at the latest.
  Timestamp NextDeadline() const;

  void Tick(Timestamp now);
  void HeartbeatAnswered(Timestamp now, const Result<std::vector<Command>>& reply);
  void RunEnded(Timestamp now, const EndedRun& run);
  // `is_settled` false: the server was not reached, try again.
  void RunSettled(Timestamp now, const std::string& run_id, bool is_settled);
  void MarkAnswered(Timestamp now, const std::string& run_id);
  void Signalled(Timestamp now, int signal);

  bool is_finished() const { return phase_ == Phase::kFinished; }
  // When it is finished at the latest; nothing unless a signal ends it.
  std::optional<Timestamp> ends_by() const { return ends_by_; }

 private:
  enum class Phase { kWorking, kDraining, kMarking, kTerminating, kKilling, kClosing, kFinished };

  struct Live {
    int slot = 0;
    bool is_running = true;  // else its end is being settled
    bool is_preempting = false;
    bool is_mark_open = false;  // MarkPreempting is not answered yet
    std::optional<Timestamp> stopped_at;
    bool is_killed = false;
    EndedRun ended;
    bool is_settling = false;  // SettleRun is not answered yet
  };

  void Obey(Timestamp now, const Command& command);
  void BeginRun(const Command& command);
  void StopRun(Timestamp now, const std::string& run_id);
  void End(Phase phase, int exit_code, std::string reason);
  void BeginMarking(Timestamp now);
  void BeginTerminating(Timestamp now, Duration grace);
  void BeginKilling(Timestamp now);
  void CheckLease(Timestamp now);
  void CheckStops(Timestamp now);
  void CheckPhase(Timestamp now);
  void CheckHeartbeat(Timestamp now);
  void Settle(Live& live);
  Duration HeartbeatInterval() const;
  void WantHeartbeat(Timestamp at);
  void BeginClosing(Timestamp now);
  // `deadline`, or `rest` before the end if that comes first.
  Timestamp Bounded(Timestamp deadline, Duration rest) const;

  int Running() const;
  int FreeSlots() const;
  bool IsLeaseAtRisk() const { return Running() > 0; }
  bool IsLeaseWatched() const;
  bool HasLostLease() const;
  Timestamp LeaseEnd() const;
  HeartbeatReport Report() const;

  const CoreOptions options_;
  FailureBrakes brakes_;

  Phase phase_ = Phase::kWorking;
  int exit_code_ = kExitDone;
  std::string reason_;
  int finished_runs_ = 0;
  std::map<std::string, Live> runs_;
  std::vector<EndedRun> unreported_;
  std::deque<Action> actions_;

  Duration lease_;
  bool has_lease_command_ = false;  // the server is one of ours: it understands `ended` and `free`
  Timestamp last_contact_;          // when the last heartbeat that got through was sent
  Timestamp heartbeat_sent_at_;
  bool is_heartbeat_open_ = false;
  std::size_t ended_in_open_heartbeat_ = 0;
  Timestamp next_heartbeat_at_;
  int failed_heartbeats_ = 0;
  bool was_refused_ = false;  // the last failure was about credentials
  Timestamp phase_deadline_;  // of marking, terminating, killing, closing
  std::optional<Timestamp> ends_by_;
  int tier_ = 0;  // how far the signals have climbed
};

}  // namespace regatta::agent
