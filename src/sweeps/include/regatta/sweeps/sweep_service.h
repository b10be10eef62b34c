// Sweeps on a store: brings each event to its Sweep and commits what that answers.
//
// A Sweep lives in memory as long as it has work, on the writer's thread alone, and is rebuilt from
// its rows when it is wanted again. Every operation belongs inside one Write: the rows it changes,
// the runs it creates and the answer it gives stand or fall together. When a Write is undone, the
// sweeps it touched are ahead of their rows and are thrown away: StepEnded and Rollback must be
// called by the store (storage::StoreOptions::on_step and on_rollback).
//
//   SweepService service({.timing = {.lease = std::chrono::minutes(5)}});
//   service.Tick(store, clock.Now());
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/sweeps/background.h"
#include "regatta/sweeps/store.h"
#include "regatta/sweeps/sweep.h"
#include "regatta/tracking/project.h"
#include "regatta/tracking/run_observer.h"

namespace regatta::sweeps {

// What a client says of a sweep. Absent: leave it as it is.
struct SweepInput {
  std::optional<std::string> config_text;  // YAML; needed to create one
  std::optional<std::string> display_name;
  std::optional<std::string> description;
  // A local controller's {"schedule": [{"id", "data": {"args"}}], "earlystop": [run name]}.
  std::optional<std::string> controller_json;
  // Runs to take over: {"$or": [{"name": run}, ...]}.
  std::optional<std::string> prior_runs_filter;
  std::optional<std::string> state;  // as on the wire
};

struct SweepOutcome {
  SweepRow row;
  std::vector<std::string> warnings;  // of the config, a sentence each
};

// What an agent says in a heartbeat.
struct AgentReport {
  struct Ended {
    std::string run_id;
    std::optional<std::int64_t> exit_code;
    std::optional<int> signal;
  };
  std::vector<ReportedRun> runs;
  // The rest comes from native agents only.
  bool is_native = false;
  std::vector<std::string> preempting;  // runs about to be taken away
  std::vector<Ended> ended;             // since the last heartbeat
  AgentCapacity capacity;
};

struct HeartbeatAnswer {
  std::vector<Command> commands;
  std::string program;            // of the sweep file
  std::optional<Duration> lease;  // told once to each native agent
};

// Not thread-safe: everything happens on the writer's thread, but for AwaitSearch.
class SweepService final : public tracking::RunObserver {
 public:
  struct Options {
    SweepTiming timing;
    // Where searches make their suggestions ahead of time; empty: where they are needed. May be
    // called until the service is gone, and then finishes what it has by itself.
    Background background;
  };
  explicit SweepService(Options options);
  ~SweepService() override;

  // --- people ------------------------------------------------------------------------------------

  // Errors: kInvalidArgument with every mistake of the file, and nothing is created.
  Result<SweepOutcome> Create(tracking::Tables& tables, const tracking::Project& project,
                              tracking::UserId user, const SweepInput& input, Timestamp now);
  // Errors: kInvalidArgument; kFailedPrecondition for a state that cannot be reached from the
  // present one, or another search for a sweep that has started.
  Result<SweepOutcome> Update(tracking::Tables& tables, SweepRow row, tracking::UserId user,
                              const SweepInput& input, Timestamp now);
  // Creates a run that waits for an agent and answers its name. `config_json` holds {"name":
  // {"value": v}} or plain values. Errors: those of Sweep::Enqueue.
  Result<std::string> Enqueue(tracking::Tables& tables, const SweepRow& row, tracking::UserId user,
                              std::string_view config_json, std::string_view display_name,
                              Timestamp now);
  // Asks a run of a sweep to stop; without effect on one that has ended.
  Result<void> StopRun(tracking::Tables& tables, const tracking::Run& run, std::string_view reason,
                       Timestamp now);
  // Hands the point of a run out again. Errors: kNotFound if the sweep has no such run; those of
  // Sweep::Requeue.
  Result<void> Requeue(tracking::Tables& tables, const SweepRow& row, std::string_view run_name,
                       Timestamp now);
  // Errors: those of Sweep::ReleaseAgent.
  Result<void> ReleaseAgent(tracking::Tables& tables, const SweepRow& row,
                            std::string_view agent_id, Timestamp now);

  // --- agents ------------------------------------------------------------------------------------

  // Errors: kFailedPrecondition "Sweep <name> is not running".
  Result<AgentRecord> RegisterAgent(tracking::Tables& tables, const SweepRow& row,
                                    std::string_view host, Timestamp now);
  // Runs that it hands out belong to `user`. Errors: kNotFound if the agent is unknown.
  Result<HeartbeatAnswer> Heartbeat(tracking::Tables& tables, const SweepRow& row,
                                    std::string_view agent_id, tracking::UserId user,
                                    const AgentReport& report, Timestamp now);

  // Waits a moment, before the Write of a heartbeat, for a search in the background that is about
  // to have the point that the agent will be given. Never more than 25 ms, and not at all where
  // others wait already. Thread-safe.
  void AwaitSearch(std::string_view agent_id, const AgentReport& report);

  // --- runs (tracking::RunObserver) --------------------------------------------------------------
  // A run that names an unknown sweep is in none. One that a sweep did not create joins it.

  Result<void> OnStarted(tracking::Tables& tables, tracking::Run& run, Timestamp now) override;
  Result<void> OnRows(tracking::Tables& tables, tracking::Run& run,
                      std::span<const tracking::StreamLines> history, bool summary_changed,
                      Timestamp now) override;
  Result<void> OnPreempting(tracking::Tables& tables, tracking::Run& run, Timestamp now) override;
  // A run that fell silent while its lease holds goes on: its sweep decides when it is lost.
  Result<void> OnEnded(tracking::Tables& tables, tracking::Run& run, Timestamp now) override;
  Result<void> OnDeleting(tracking::Tables& tables, const tracking::Run& run,
                          Timestamp now) override;

  // --- upkeep ------------------------------------------------------------------------------------

  // Expires leases. To be called more often than leases are long, and than SweepTiming's
  // clock_step_max, from one thread that is not the writer's. A sweep that cannot be read or stored
  // stops no other: each such one is logged once, and tried again by each call. Errors: if the
  // sweeps cannot even be listed.
  Result<void> Tick(tracking::Store& store, Timestamp now);
  // The work of a Write is over. If it was not kept, the sweeps it touched are forgotten.
  void StepEnded(bool kept);
  // A commit failed: everything in memory is forgotten.
  void Rollback();

 private:
  struct Live;
  class RunEditor;

  Result<Live*> Open(tracking::Tables& tables, const SweepRow& row);
  // The sweep that the run names, or null: then the run is in none.
  struct Found {
    std::optional<SweepRow> row;
    Live* live = nullptr;
  };
  Result<Found> OpenOf(tracking::Tables& tables, const tracking::Run& run);
  void Touch(SweepId id);
  // Stores what a transition changed. `current` is a run that the caller stores.
  Result<void> Apply(tracking::Tables& tables, const SweepRow& row, tracking::UserId user,
                     tracking::Run* current, const std::vector<Change>& changes, Timestamp now);
  Result<void> Apply(tracking::Tables& tables, const SweepRow& row, tracking::Run* current,
                     const Transition& transition, Timestamp now) {
    return Apply(tables, row, row.user, current, transition.changes, now);
  }
  Result<void> Attach(tracking::Tables& tables, const Found& found, tracking::Run& run,
                      Timestamp now);
  Result<void> Replace(tracking::Tables& tables, SweepRow& row, const std::string& config_text,
                       std::vector<std::string>& warnings);
  Result<void> ApplyInput(tracking::Tables& tables, SweepRow& row, tracking::UserId user,
                          const SweepInput& input, Timestamp now);
  Result<void> SetState(tracking::Tables& tables, const SweepRow& row, std::string_view state,
                        Timestamp now);
  Result<void> TakeSchedule(tracking::Tables& tables, const SweepRow& row, tracking::UserId user,
                            std::string_view controller_json, Timestamp now);
  Result<void> TakePriorRuns(tracking::Tables& tables, const SweepRow& row,
                             std::string_view filter_json, Timestamp now);
  // Those with leases, and those in memory; forgets in memory what has ended.
  Result<std::vector<SweepId>> ListDue(tracking::Tables& tables);
  Result<void> TickOne(tracking::Tables& tables, SweepId id, Timestamp now);
  void NoteReadiness(std::string_view agent_id, const Sweep& sweep);
  std::vector<Change> TakeEnds(Sweep& sweep, const AgentReport& report, Timestamp now) const;

  const Options options_;
  std::unordered_map<std::int64_t, std::unique_ptr<Live>> live_;  // by SweepId
  std::vector<SweepId> touched_;                                  // by the Write under way
  std::set<SweepId> ailing_;  // whose last tick failed; Tick's own

  std::atomic<int> search_waiters_ = 0;
  std::mutex readiness_mutex_;
  // Guarded by readiness_mutex_. By agent id; those of agents that are gone expire.
  std::unordered_map<std::string, std::weak_ptr<Readiness>> readiness_;
  std::size_t readiness_sweep_size_ = 1'000;
};

}  // namespace regatta::sweeps
