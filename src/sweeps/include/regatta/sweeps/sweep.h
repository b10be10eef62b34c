// One sweep's bookkeeping: which point is whose, what is handed out next, what ends.
//
// A Sweep is a deterministic machine without I/O, clock, thread or database. Each event comes with
// its time and answers with the changes that it makes. The caller commits all changes of one event
// in one transaction and only then sends the answer. If that commit fails, this object is ahead of
// its records: drop it and Restore. Not thread-safe: its owner serialises the calls.
//
// What holds at all times:
// - A point has at most one attempt with a lease, and at most one result.
// - Points that hold a number of `run_cap` never exceed it. A rerun shares the number of the
//   attempt it replaces; a point that ended crashed or killed without having logged anything gives
//   its number back (sweep-config 13.4), for good.
// - A lost attempt opens its point once, and its successor has another run id and a larger fencing
//   token. Only a preempted run is handed out again under its own id.
// - Each decision says why.
//
// Time. Leases are measured in the sweep's own time: it follows the wall clock in steps of at least
// a second, stands still when the clock goes back, and advances by at most `clock_step_max` from
// one event to the next, so neither a clock that jumps nor a server that was down makes leases
// expire in a crowd. It follows that Tick has to come more often than that.
//
// Cost. A heartbeat is logarithmic in the number of points, plus one call of the PointSource.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/point_source.h"
#include "regatta/sweeps/records.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

struct SweepTiming {
  // A started run whose agent and stream are both silent that long is lost.
  Duration lease = std::chrono::minutes(5);
  // The same for a run that has not shown itself yet.
  Duration lease_start = std::chrono::minutes(2);
  // How long a run may go on in silence once its living agent has ceased to list it.
  Duration lease_gone = std::chrono::seconds(90);
  // The same for one that was told to stop: it has, and only its last rows may be on their way.
  Duration lease_stopped = std::chrono::seconds(10);
  Duration clock_step_max = std::chrono::minutes(1);
  // A failure that fast, without a value logged, is a quick one; so many in a row quarantine.
  Duration failure_quick = std::chrono::minutes(1);
  std::uint32_t failures_quick_max = 3;
};

struct SweepSettings {
  std::string name;  // the sweep id on the wire
  std::uint64_t seed = 0;
  // Distinguishes the run ids of sweeps with one seed. Any number of the sweep's own.
  std::uint64_t run_id_salt = 0;
  std::optional<MetricConfig> metric;
  std::optional<std::int64_t> run_cap;
  std::int64_t repeats = 1;
  RetryConfig retry;
  BudgetConfig budget;
  // The stopper counts the steps of the values instead of the values: they are a logged resource.
  bool counts_steps = false;
  // method custom, a local controller, scheduler.engine: only what others enqueue is handed out.
  bool is_search_external = false;
  SweepTiming timing;
};

// What an agent says of one run it has, queued or running.
struct ReportedRun {
  std::string run_id;
  std::uint64_t token = 0;  // 0: the agent knows no tokens
};

// What an agent says of itself. Absent: as it was, or as many as it has slots.
struct AgentCapacity {
  std::optional<std::uint32_t> slots;  // runs at once
  std::optional<std::uint32_t> free;   // how many more it takes now
};

struct Command {
  enum class Type : std::uint8_t { kRun, kResume, kStop, kExit };
  Type type = Type::kExit;
  std::string run_id;     // all but kExit
  std::string args_json;  // kRun, kResume
  std::uint64_t token = 0;
  std::uint32_t repeat = 0;  // which repetition of its point
  std::string why;
  bool is_quarantine = false;  // kExit: for what its runs did, while the sweep goes on
};

struct Transition {
  std::vector<Change> changes;    // to commit together
  std::vector<Command> commands;  // Heartbeat: to send after the commit
  std::string run_id;             // Enqueue: of the new run
};

// New lines of one run's history, and what its summary says.
struct MetricUpdate {
  std::string run_id;
  std::uint64_t token = 0;
  std::uint64_t lines_end = 0;  // the run's history has lines 0 ... lines_end-1 now
  struct Value {
    std::uint64_t line = 0;
    // Or the resource that early termination counts. Absent: as at the value before, 0 at first.
    std::optional<std::int64_t> step;
    double value = 0;  // NaN and infinities too
  };
  std::vector<Value> values;      // of the metric, by line
  std::optional<double> summary;  // of the metric
  bool has_summary = false;       // the summary holds anything at all
  // What the summary holds of each entry of `metrics`; empty: nothing new.
  std::vector<std::optional<double>> outcomes = {};
};

struct ScheduleEntry {
  std::string id;
  std::optional<std::string> args_json;  // nothing: the search is over
};

struct AttachedRun {
  std::string run_id;
  std::string args_json;
  RunState state = RunState::kRunning;
  std::vector<MetricValue> history;
  std::optional<double> summary;
  std::vector<std::optional<double>> outcomes = {};  // of `metrics`, as in MetricUpdate
};

struct SweepCounts {
  std::uint64_t points = 0;  // all but prior runs and deleted ones
  std::uint64_t open = 0;
  std::uint64_t active = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t killed = 0;
  std::uint64_t counted = 0;  // numbers of run_cap in use
  std::uint64_t failed_quickly =
      0;  // failed in `failure_quick` without a value: look at the program
  double gpu_hours = 0;
};

class Sweep {
 public:
  // `source` outlives nothing but this object. `stopper` may be null: nobody is stopped early.
  // Requires: settings.repeats >= 1; a metric if there is a stopper.
  static std::unique_ptr<Sweep> Create(SweepSettings settings, std::unique_ptr<PointSource> source,
                                       std::unique_ptr<search::EarlyStopper> stopper);
  // The sweep as it was when `records` were its rows; `source` and `stopper` are fresh and are told
  // all of it. Errors: kInternal if the records contradict themselves, naming the record.
  static Result<std::unique_ptr<Sweep>> Restore(SweepSettings settings,
                                                std::unique_ptr<PointSource> source,
                                                std::unique_ptr<search::EarlyStopper> stopper,
                                                SweepRecords records);

  // --- agents ------------------------------------------------------------------------------------

  // Errors: kFailedPrecondition "Sweep <name> is not running" in a terminal state; kAlreadyExists.
  Result<Transition> RegisterAgent(AgentRecord agent, Timestamp now);
  // Errors: kNotFound if the agent is unknown (HTTP 404 on the wire).
  Result<Transition> Heartbeat(std::string_view agent_id, std::span<const ReportedRun> runs,
                               Timestamp now, const AgentCapacity& capacity = {});
  // Ends an agent's quarantine. Errors: kNotFound.
  Result<Transition> ReleaseAgent(std::string_view agent_id, Timestamp now);

  // --- runs --------------------------------------------------------------------------------------
  // Errors of all: kNotFound if the run is not in this sweep. Events of a run that has ended, or of
  // a lease that was taken away (`token` is not 0 and not the newest), change nothing that counts.

  Result<Transition> RunStarted(std::string_view run_id, Timestamp now, std::uint64_t token = 0);
  Result<Transition> RunHeartbeat(std::string_view run_id, Timestamp now, std::uint64_t token = 0);
  Result<Transition> Metrics(const MetricUpdate& update, Timestamp now);
  Result<Transition> RunPreempting(std::string_view run_id, Timestamp now, std::uint64_t token = 0);
  Result<Transition> RunFinished(std::string_view run_id, std::int64_t exit_code, Timestamp now,
                                 std::uint64_t token = 0, bool is_out_of_memory = false);
  Result<Transition> StopRun(std::string_view run_id, Timestamp now);
  Result<Transition> DeleteRun(std::string_view run_id, Timestamp now);
  // A run that joins on its own. Errors: kAlreadyExists if it is in the sweep.
  Result<Transition> AttachRun(const AttachedRun& run, Timestamp now);
  // Runs that were there before; those already in the sweep are left as they are.
  Transition AddPriorRuns(std::span<const AttachedRun> runs, Timestamp now);

  // --- people and controllers --------------------------------------------------------------------

  // Errors: kFailedPrecondition, e.g. "Cannot pause a finished sweep."
  Result<Transition> Pause(Timestamp now);
  Result<Transition> Resume(Timestamp now);
  Result<Transition> Stop(Timestamp now);
  Result<Transition> Cancel(Timestamp now);
  // A scheduler outside of the server died. Errors: kFailedPrecondition in a terminal state.
  Result<Transition> Crash(std::string why, Timestamp now);
  // Errors: kFailedPrecondition in a terminal state, kResourceExhausted at the cap.
  Result<Transition> Enqueue(std::string args_json, std::string display_name, Timestamp now);
  // The whole schedule as the controller sent it; entries seen before are left as they are.
  Transition ControllerSchedule(std::span<const ScheduleEntry> schedule,
                                std::span<const std::string> stop_run_ids, Timestamp now);
  // Hands a failed or killed point out again; a finished sweep goes on for it. Errors: kNotFound;
  // kFailedPrecondition for another point, and in any other terminal state; kResourceExhausted at
  // the cap or with the budget used up.
  Result<Transition> Requeue(std::uint32_t point, Timestamp now);

  // Expires leases and finishes what has nothing left to do.
  Transition Tick(Timestamp now);

  // --- queries -----------------------------------------------------------------------------------

  const SweepSettings& settings() const { return settings_; }
  const SweepRecord& record() const { return sweep_; }
  SweepState state() const { return sweep_.state; }
  // Of a search that works in the background; null: none does.
  std::shared_ptr<Readiness> readiness() const { return source_->readiness(); }
  const std::vector<PointRecord>& points() const { return points_; }
  const std::vector<AttemptRecord>& attempts() const { return attempts_; }
  const std::vector<AgentRecord>& agents() const { return agents_; }
  const AttemptRecord* FindRun(std::string_view run_id) const;
  const AgentRecord* FindAgent(std::string_view agent_id) const;
  // Whether the run is told to stop, in answers to its stream.
  bool ShouldStop(std::string_view run_id) const;
  SweepCounts Counts() const;
  // How many results there will be, if that is known: of a grid within its cap.
  std::optional<std::uint64_t> ExpectedRuns() const;
  // The attempt with the best value among the points' results and running attempts.
  const AttemptRecord* Best() const;
  // (schedule entry, run id) in the order in which they were scheduled.
  std::vector<std::pair<std::string, std::string>> Scheduled() const;
  // Everything, as Restore takes it.
  SweepRecords Records() const;

 private:
  struct QueueEntry {
    std::uint8_t rank;
    std::uint64_t order;
    std::uint32_t point;
    friend auto operator<=>(const QueueEntry&, const QueueEntry&) = default;
  };
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <typename T>
  using ByName = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

  Sweep(SweepSettings settings, std::unique_ptr<PointSource> source,
        std::unique_ptr<search::EarlyStopper> stopper);

  // Transitions: Begin, changes through the Edit functions, End.
  void Begin(Timestamp now);
  Transition End();
  Transition EndAndFinish();
  SweepRecord& EditSweep();
  PointRecord& EditPoint(std::uint32_t index);
  AttemptRecord& EditAttempt(std::uint32_t serial);
  AgentRecord& EditAgent(std::uint32_t index);
  void Emit(Change change) { transition_.changes.push_back(std::move(change)); }

  // Restoring.
  Result<void> Load(SweepRecords records);
  void IndexPoint(const PointRecord& point);
  void IndexAttempt(const AttemptRecord& attempt);

  // Leases.
  void TakeLease(AttemptRecord& attempt, Duration length);
  void RenewLease(std::uint32_t serial);
  void MoveLease(AttemptRecord& attempt, Duration until);
  void DropLease(AttemptRecord& attempt);
  void TrackLease(const AttemptRecord& attempt);
  void Expire(std::uint32_t serial);

  // Points.
  std::uint32_t AddPoint(PointOrigin origin, ProposedPoint proposed);
  void AddRepeats(std::uint32_t first);
  void Count(PointRecord& point);
  void Uncount(PointRecord& point);
  void MovePoint(PointRecord& point, PointState state, std::string why);
  void OpenPoint(PointRecord& point, std::uint8_t rank, std::string why);
  void CoverGrid(const PointRecord& point);
  void UncoverGrid(PointRecord& point);
  void Tell(std::uint32_t group);
  void TellChanged();

  // Attempts.
  std::uint32_t AddAttempt(std::uint32_t point, std::string run_id);
  std::string NewRunId(std::uint32_t serial);
  void CloseAttempt(AttemptRecord& attempt, AttemptState state, std::string why);
  // Whether the attempt runs, and whether it was the stopper that ended it.
  void TellStopperState(const AttemptRecord& attempt);
  void Win(std::uint32_t serial, AttemptState state, std::string why);
  void Supersede(std::uint32_t serial, std::uint32_t winner);
  void Kill(std::uint32_t serial, std::string why);
  void Finish(std::uint32_t serial, std::int64_t exit_code, bool is_out_of_memory);
  void Fail(std::uint32_t serial, AttemptState state, FailureCause cause, std::string why);
  void Preempted(std::uint32_t serial, std::string why);
  bool Revive(std::uint32_t serial);
  void Start(std::uint32_t serial);
  Result<Transition> HeardFrom(std::string_view run_id, Timestamp now, std::uint64_t token,
                               bool is_start);
  void Hear(std::uint32_t serial, bool is_start);
  void FinishLate(std::uint32_t serial, std::int64_t exit_code);
  void SetStop(std::uint32_t serial, StopCause cause, std::string why);
  bool IsStale(const AttemptRecord& attempt, std::uint64_t token) const;
  Result<std::uint32_t> Lookup(std::string_view run_id) const;
  void TakeValues(std::uint32_t serial, const MetricUpdate& update);
  void TakeValue(AttemptRecord& attempt, double value);
  void TakeExpectations();
  void JudgeEarly(std::uint32_t serial);
  void JudgeTarget(const AttemptRecord& attempt);
  void LoadHistory(std::uint32_t serial, const AttachedRun& run);

  // Agents.
  void NoteOutcome(const AttemptRecord& attempt);
  void Quarantine(std::uint32_t agent);
  void ReadReport(std::uint32_t agent, std::span<const ReportedRun> runs);
  void StopReported(std::uint32_t agent, std::span<const ReportedRun> runs);
  std::size_t Reissue(std::uint32_t agent, std::span<const ReportedRun> runs, std::size_t places);
  void Serve(std::uint32_t agent, std::span<const ReportedRun> runs, const AgentCapacity& capacity);
  bool HandOut(std::uint32_t agent, std::span<const ReportedRun> runs);
  void Offer(std::uint32_t serial, std::uint32_t agent, bool is_resume);
  void SendCommand(const AttemptRecord& attempt, bool is_resume);

  // What there is to hand out.
  bool CanIssue(std::string* why) const;
  bool CanCreate(std::string* why) const;
  std::optional<std::uint32_t> NextPoint();
  std::optional<std::uint32_t> NextNewPoint();
  std::optional<ProposedPoint> NextGridPoint();
  void PrepareNext();
  void SkipGrid();
  bool IsSourceDone() const;
  void FinishIfDone(bool is_agent_asking = false);
  void SetState(SweepState state, std::string why);
  double GpuSeconds() const;
  bool IsBetter(double left, double right) const;

  // Constant after construction.
  SweepSettings settings_;
  std::unique_ptr<PointSource> source_;
  std::unique_ptr<search::EarlyStopper> stopper_;
  PointSource::ExpectedEnds expected_;  // what the stopper was last told

  // Records.
  SweepRecord sweep_;
  std::vector<PointRecord> points_;
  std::vector<AttemptRecord> attempts_;
  std::vector<AgentRecord> agents_;
  std::vector<std::vector<MetricValue>> history_;  // by attempt, invalid values too

  // Derived from the records.
  ByName<std::uint32_t> run_index_;
  ByName<std::uint32_t> agent_index_;
  ByName<std::uint32_t> schedule_index_;
  std::vector<std::set<std::uint32_t>> agent_attempts_;     // leased ones, by agent
  std::vector<std::vector<std::uint32_t>> point_attempts_;  // by point, oldest first
  std::set<QueueEntry> queue_;
  std::set<std::pair<Duration, std::uint32_t>> leases_;
  std::unordered_map<std::uint64_t, std::uint32_t> grid_covered_;  // number -> points there
  std::map<std::string, std::uint32_t, std::less<>> quarantined_hosts_;
  std::uint64_t counted_ = 0;
  std::uint64_t active_ = 0;
  std::uint32_t slots_max_ = 1;      // of all agents
  std::int64_t gpus_active_ = 0;     // over leased attempts, to sum GPU time in one step
  Duration gpus_active_started_{0};  // sum of gpus * started

  // Of the transition under way.
  Timestamp now_{};
  Transition transition_;
  std::set<std::uint32_t> changed_groups_;  // search has not been told yet
  bool sweep_dirty_ = false;
  std::vector<std::uint32_t> dirty_points_;
  std::vector<std::uint32_t> dirty_attempts_;
  std::vector<std::uint32_t> dirty_agents_;
  std::vector<bool> is_point_dirty_;
  std::vector<bool> is_attempt_dirty_;
  std::vector<bool> is_agent_dirty_;
};

}  // namespace regatta::sweeps
