// What a sweep remembers: plain rows, one struct for each table, and the changes that a transition
// makes to them.
//
// A Sweep (sweep.h) is rebuilt from its rows alone and then behaves as if it had never been away.
// Storage is mechanical: each record is one row under the key its comment names, written whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/tracking/run.h"

namespace regatta::sweeps {

using tracking::RunState;

enum class SweepState : std::uint8_t {
  kPending,  // created, nothing handed out yet
  kRunning,
  kPaused,
  kFinished,
  kCanceled,
  kFailed,   // the search itself cannot go on; `why` says what is wrong
  kCrashed,  // a scheduler outside of the server died and said so
};
// The name on the wire, upper case: "PENDING", "CANCELED", ...
std::string_view SweepStateName(SweepState state);
// Accepts any case, and "CANCELLED" and "STOPPED" beside the spellings above.
std::optional<SweepState> ParseSweepState(std::string_view name);
// Finished, canceled, failed or crashed: nothing new is handed out until somebody resumes it.
bool IsTerminal(SweepState state);

enum class PointOrigin : std::uint8_t {
  kGrid,
  kSearch,      // random, bayes and every other sampler
  kInitial,     // regatta.initial_points
  kEnqueued,    // enqueueSweepRun
  kController,  // the schedule of a local controller
  kPrior,       // a run that was there before the sweep; never handed out, never counted
  kAttached,    // a run that joined on its own
};
std::string_view PointOriginName(PointOrigin origin);

enum class PointState : std::uint8_t {
  kOpen,      // waits for an agent, first time or again
  kActive,    // an attempt holds it
  kFinished,  // has its result
  kFailed,    // its attempts failed, and retries are used up
  kKilled,    // a person, or the cancelled sweep, ended its run
  kDeleted,   // its run was deleted; a grid point is free again
};
std::string_view PointStateName(PointState state);

enum class AttemptState : std::uint8_t {
  kWaiting,       // its run exists as pending, no agent has it yet
  kOffered,       // its command went to an agent, its run has not shown itself
  kRunning,       // its run has shown itself
  kPreempting,    // running, and announced that it may be taken away
  kPreempted,     // taken away; to be resumed under the same run id
  kFinished,      // ended well
  kStoppedEarly,  // ended by early termination; its values count
  kFailed,        // ended with a non-zero exit code, or never started
  kLost,          // lease expired; may still answer late
  kKilled,        // ended because a person or the cancelled sweep said so
  kSuperseded,    // another attempt finished the point first; kept, not counted
  kDeleted,       // its run was deleted
};
std::string_view AttemptStateName(AttemptState state);

// Why a run was told to stop.
enum class StopCause : std::uint8_t { kNone, kUser, kEarlyTermination, kCancel, kSuperseded };

// What an attempt ended from, as the retry limits count it.
enum class FailureCause : std::uint8_t {
  kNone,
  kLost,    // the agent went silent, and so did the run: the machine is to blame
  kOom,     // the process vanished without a word while its agent lived, or is known to be out of
            // memory
  kFailed,  // the program ended with a non-zero exit code, or never called wandb.init
};

// Key: none, one row for each sweep.
struct SweepRecord {
  SweepState state = SweepState::kPending;
  std::string why;  // of the state, one sentence

  // The sweep's own time (see Sweep): advances with the wall clock, but never jumps.
  Duration time{0};
  std::optional<Timestamp> clock_at;  // the wall time of the last advance
  std::optional<Duration> started;    // own time of the first command

  std::uint64_t grid_next = 0;     // every grid number below was looked at
  std::uint64_t search_next = 0;   // how many points the search gave
  std::uint32_t initial_next = 0;  // how many initial points were taken
  std::uint64_t queue_next = 1;    // order of waiting
  std::uint64_t token_next = 1;    // fencing tokens
  std::uint64_t attempts_issued = 0;
  double gpu_seconds_ended = 0;

  bool is_source_exhausted = false;
  bool is_controller_done = false;
  bool is_target_reached = false;

  friend bool operator==(const SweepRecord&, const SweepRecord&) = default;
};

// Key: index.
struct PointRecord {
  std::uint32_t index = 0;  // from 0, without gaps
  PointOrigin origin = PointOrigin::kGrid;
  std::optional<std::uint64_t> grid_index;
  std::uint32_t group = 0;   // index of the first point with the same values
  std::uint32_t repeat = 0;  // 0 ... repeats-1
  std::string args_json;     // {"name":{"value":v}}
  std::string schedule_id;   // kController: the entry's id
  std::string display_name;
  PointState state = PointState::kOpen;
  std::uint8_t queue_rank = 0;    // kOpen: lower goes first
  std::uint64_t queue_order = 0;  // kOpen: order within the rank
  std::uint32_t attempts = 0;
  std::optional<std::uint32_t> attempt;  // the newest one
  std::optional<std::uint32_t> result;   // kFinished: the attempt whose values count
  std::uint64_t ended_order = 0;         // closed: search was told in this order
  bool is_counted = false;               // holds one of run_cap's numbers
  bool is_returned = false;              // went back once from a quarantined agent
  std::uint32_t lost = 0;                // retries used, by cause
  std::uint32_t oom = 0;
  std::uint32_t failed = 0;
  std::string why;  // why this point, one sentence
  std::string ended_why;

  friend bool operator==(const PointRecord&, const PointRecord&) = default;
};

// The comparison by which a rule stopped a run early, or would have; see search::StopDecision.
struct StopFacts {
  std::string rule;                  // a type of early_terminate
  std::optional<std::int64_t> rung;  // number of values, or early_terminate.resource
  std::optional<double> value;       // finite
  std::optional<double> threshold;   // finite
  bool is_audit = false;             // the run went on, to test the rule

  friend bool operator==(const StopFacts&, const StopFacts&) = default;
};
// Of a run that a rule spared to test itself, what it would have said: one sentence, made of the
// facts, which are all that is kept. Empty for a run that was stopped, whose sentence is in
// AttemptRecord::why.
std::string WhySpared(const StopFacts& facts);

// Key: serial.
struct AttemptRecord {
  std::uint32_t serial = 0;  // from 0, without gaps
  std::uint32_t point = 0;
  std::uint32_t number = 1;  // within its point, from 1
  std::string run_id;
  std::string agent_id;  // empty: none has it, or the run joined on its own
  AttemptState state = AttemptState::kWaiting;
  std::uint64_t token = 0;          // fencing token of the newest lease; grows from lease to lease
  Duration lease_until{0};          // own time of the sweep; meaningful while leased
  bool is_acknowledged = false;     // the agent listed it since the newest command
  bool is_gone = false;             // the agent lives and lists it no more
  bool is_late = false;             // answered after its lease had expired
  std::uint32_t commands_lost = 0;  // how often the newest command had to be repeated
  std::uint32_t resumes = 0;
  std::uint32_t gpus = 1;
  std::optional<Duration> started;  // own time of the newest offer
  std::optional<Timestamp> offered_at;
  std::optional<Timestamp> ended_at;
  std::optional<std::int64_t> exit_code;
  StopCause stop = StopCause::kNone;
  FailureCause cause = FailureCause::kNone;
  bool is_quick_failure = false;  // failed at once, with nothing logged
  std::string why;                // of the state or of the stop, one sentence

  bool has_summary = false;          // anything at all in history or summary
  std::uint64_t lines_seen = 0;      // history lines below were taken in
  std::uint64_t values = 0;          // finite values of the metric in history
  std::uint64_t values_invalid = 0;  // NaN and infinities
  std::optional<double> best;        // history and summary
  std::optional<double> worst;
  std::optional<double> last;
  std::optional<double> summary;
  // What the summary holds of each entry of `metrics`, in their order, and then of the logged key
  // that `regatta.cost` names; empty before it does.
  std::vector<std::optional<double>> outcomes = {};
  std::optional<StopFacts> stop_facts = {};  // the first audit, or the stop

  friend bool operator==(const AttemptRecord&, const AttemptRecord&) = default;
};

// Key: id.
struct AgentRecord {
  std::string id;
  std::string name;
  std::string host;
  std::uint32_t slots = 1;  // runs at once
  std::uint32_t gpus = 1;   // for each run
  std::uint64_t order = 0;  // of registration, from 0
  Timestamp created_at{};
  Timestamp heartbeat_at{};
  std::uint32_t runs_total = 0;
  std::uint32_t failure_streak = 0;
  std::vector<std::uint32_t> streak_attempts;  // what the streak is made of
  bool is_quarantined = false;
  std::string quarantine_why;

  friend bool operator==(const AgentRecord&, const AgentRecord&) = default;
};

// Append-only. The metric's values of one attempt in history, for early stopping and search.
// Key: attempt, first.
struct ValuesRecord {
  std::uint32_t attempt = 0;
  std::uint64_t first = 0;  // number of the first value, counting invalid ones, from 0
  std::vector<std::int64_t> steps;
  std::vector<double> values;  // as many as steps

  friend bool operator==(const ValuesRecord&, const ValuesRecord&) = default;
};

// Everything there is to know about one sweep.
struct SweepRecords {
  SweepRecord sweep;
  std::vector<PointRecord> points;      // by index
  std::vector<AttemptRecord> attempts;  // by serial
  std::vector<AgentRecord> agents;      // by order
  std::vector<ValuesRecord> values;     // by attempt, then first
};

// A run to create in state pending, with its config and its place in the sweep.
struct CreateRun {
  std::string run_id;
  std::string args_json;
  std::string display_name;
  std::string agent_id;
};
// A run goes to another agent.
struct AssignRun {
  std::string run_id;
  std::string agent_id;
};
struct SetRunState {
  std::string run_id;
  RunState state = RunState::kPending;
  std::string why;
};
// A run's stop flag is set: its stream and its agent tell it so.
struct SetRunStop {
  std::string run_id;
  std::string why;
};

// Records replace the row with their key; the others act on runs. In the order given.
using Change = std::variant<SweepRecord, PointRecord, AttemptRecord, AgentRecord, ValuesRecord,
                            CreateRun, AssignRun, SetRunState, SetRunStop>;

}  // namespace regatta::sweeps
