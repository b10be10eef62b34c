// Where sweeps are kept: one row for what a person asked for, and the records of sweep.h beside it.
//
// A store that knows sweeps hands out Tables that are sweeps::Tables; SweepsOf gets there from the
// tracking::Tables of a Read or Write. The same rules hold: const members read the snapshot, the
// others belong to a Write and are undone with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/sweeps/records.h"
#include "regatta/tracking/ids.h"
#include "regatta/tracking/store.h"

namespace regatta::sweeps {

enum class SweepId : std::int64_t {};

// What a person asked for. Changes seldom; what happens to it is in the records.
struct SweepRow {
  SweepId id{};
  tracking::ProjectId project{};
  std::string name;          // 8 lower-case letters and digits, unique in the project
  std::string display_name;  // empty: never edited
  std::string config_text;   // the YAML as it was uploaded
  std::string method;
  std::string description;
  std::string controller_json;      // of a local controller, as it sent it; empty: none
  std::string controller_run_name;  // the run reserved for a scheduler at the client; empty: none
  tracking::UserId user{};
  std::uint64_t seed = 0;         // of the search, for a file without one
  std::uint64_t run_id_salt = 0;  // see SweepSettings
  std::optional<std::uint64_t> runs_expected;
  Timestamp created_at;
  Timestamp updated_at;
};

// An attempt with what only its run's row or its point knows.
struct ScheduledRun {
  std::string schedule_id;
  std::string run_id;
};

class SweepTables {
 public:
  virtual ~SweepTables() = default;

  virtual Result<std::optional<SweepRow>> Find(SweepId id) const = 0;
  virtual Result<std::optional<SweepRow>> FindByName(tracking::ProjectId project,
                                                     std::string_view name) const = 0;
  // Newest first.
  virtual Result<std::vector<SweepRow>> List(tracking::ProjectId project) const = 0;
  virtual Result<std::int64_t> Count(tracking::ProjectId project) const = 0;
  // Runs that name the sweep, hidden ones left out.
  virtual Result<std::int64_t> CountRuns(tracking::ProjectId project,
                                         std::string_view sweep_name) const = 0;

  // The sweep's own record; a fresh one if none was put yet.
  virtual Result<SweepRecord> FindRecord(SweepId id) const = 0;
  // The sweep of an agent, by the agent's id.
  virtual Result<std::optional<SweepId>> FindSweepOfAgent(std::string_view agent_id) const = 0;
  virtual Result<std::vector<PointRecord>> ListPoints(SweepId id) const = 0;
  // The point that one of the sweep's runs is an attempt at.
  virtual Result<std::optional<PointRecord>> FindPointOfRun(SweepId id,
                                                            std::string_view run_id) const = 0;
  virtual Result<std::vector<AttemptRecord>> ListAttempts(SweepId id) const = 0;
  // The attempt that one of the sweep's runs is.
  virtual Result<std::optional<AttemptRecord>> FindAttemptOfRun(SweepId id,
                                                                std::string_view run_id) const = 0;
  virtual Result<std::vector<AgentRecord>> ListAgents(SweepId id) const = 0;
  // The attempt that Sweep::Best would name.
  virtual Result<std::optional<AttemptRecord>> FindBest(SweepId id, bool maximize) const = 0;
  // Of a local controller, in the order of scheduling.
  virtual Result<std::vector<ScheduledRun>> ListScheduled(SweepId id) const = 0;
  // Everything that Sweep::Restore wants.
  virtual Result<SweepRecords> Load(SweepId id) const = 0;
  // Sweeps with attempts whose leases may expire.
  virtual Result<std::vector<SweepId>> ListLeased() const = 0;

  // Fills in `id`. Errors: kAlreadyExists.
  virtual Result<void> Insert(SweepRow& row) = 0;
  virtual Result<void> Update(const SweepRow& row) = 0;

  // Each replaces the record with the same key.
  virtual Result<void> Put(SweepId id, const SweepRecord& record) = 0;
  virtual Result<void> Put(SweepId id, const PointRecord& record) = 0;
  virtual Result<void> Put(SweepId id, const AttemptRecord& record) = 0;
  virtual Result<void> Put(SweepId id, const AgentRecord& record) = 0;
  virtual Result<void> Put(SweepId id, const ValuesRecord& record) = 0;
};

class Tables : public tracking::Tables {
 public:
  virtual SweepTables& sweeps() = 0;
  const SweepTables& sweeps() const { return const_cast<Tables*>(this)->sweeps(); }
};

// Requires: `tables` comes from a store that knows sweeps.
inline SweepTables& SweepsOf(tracking::Tables& tables) {
  return dynamic_cast<Tables&>(tables).sweeps();
}
inline const SweepTables& SweepsOf(const tracking::Tables& tables) {
  return dynamic_cast<const Tables&>(tables).sweeps();
}

}  // namespace regatta::sweeps
