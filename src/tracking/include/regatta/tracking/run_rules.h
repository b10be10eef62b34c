// How runs come to be, go on and end. Functions of the tables alone, to be called inside a write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/run.h"
#include "regatta/tracking/run_observer.h"
#include "regatta/tracking/store.h"

namespace regatta::tracking {

// "" if `name` may name a run; else what is wrong with it.
std::string RunNameProblem(std::string_view name);
// "" if `name` may name a project; else what is wrong with it.
std::string ProjectNameProblem(std::string_view name);

// The project of that name, created if the entity has none.
Result<Project> FindOrCreateProject(Tables& tables, const Entity& entity, std::string_view name,
                                    UserId creator, Timestamp now);

// Gives `project` another name, here and in its row; without effect if that is its name. Listeners
// hear Change::kRenamed. Errors: kInvalidArgument for a name that cannot be, kAlreadyExists for one
// that another project of the entity has; nothing is changed then.
Result<void> RenameProject(Tables& tables, Project& project, std::string_view name, Timestamp now);

// What a client says of a run. Absent means "leave it as it is".
struct RunUpsert {
  std::optional<std::string> display_name;
  std::optional<std::string> config_json;   // the whole config
  std::optional<std::string> summary_json;  // the whole summary
  std::optional<std::string> notes;
  std::optional<std::string> description;
  std::optional<std::string> group;
  std::optional<std::string> job_type;
  std::optional<std::string> commit;
  std::optional<std::string> host;
  std::optional<std::string> program;
  std::optional<std::string> repo;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::string> sweep_name;
  std::optional<RunState> state;
  // Only data about the run: its process has not spoken, so it is not running because of this.
  bool is_metadata_only = false;
};

struct UpsertedRun {
  Run run;
  bool is_new = false;
};

// Creates or updates the run `name` of `project`; an empty name gets a generated one.
// Errors: kInvalidArgument for a name that cannot be, or texts that are not JSON objects.
Result<UpsertedRun> UpsertRun(Tables& tables, RunObserver* observer, const Project& project,
                              std::string_view name, UserId user, const RunUpsert& upsert,
                              Timestamp now);
// Updates an existing run.
Result<Run> UpdateRun(Tables& tables, RunObserver* observer, Run run, const RunUpsert& upsert,
                      Timestamp now);

// One request of a run's stream.
struct StreamRequest {
  StreamAppend append;  // `run` and `at` are filled in
  bool preempting = false;
  bool complete = false;
  std::optional<std::int64_t> exit_code;
};

// Stores the request and moves the run's state: it is alive, preempting or ended. Answers the run
// as it stands afterwards.
Result<Run> ApplyStream(Tables& tables, RunObserver* observer, RunId run, StreamRequest request,
                        Timestamp now);

// Asks the run's process to stop; without effect on a run that has ended.
Result<void> RequestStop(Tables& tables, RunId run, std::string_view reason, Timestamp now);

// The public API's change of state. Errors: kInvalidArgument "invalid state transition ...".
Result<void> ChangeState(Tables& tables, RunId run, RunState state, Timestamp now);

Result<void> DeleteRun(Tables& tables, RunObserver* observer, RunId run, Timestamp now);

// Marks runs that have been silent since `before` as crashed, or preempted if they had announced
// it, and answers how many. Runs that wait for their process (pending) are left to their sweep.
// Each run gets a Write of its own, so that one whose sweep cannot be read stops no other; the
// first error is answered when all were looked at.
Result<int> MarkSilentRuns(Store& store, RunObserver* observer, Timestamp before, Timestamp now);

// Where a rewind cuts the history of a run.
struct RewindPoint {
  RunId run{};
  StreamInfo seen;  // of the run, when its history was read
  std::int64_t line_count = 0;
  std::optional<std::int64_t> last_step;
  std::string summary_json;  // the last value of each key up to there
};

// Reads the history up to the last row with `_step` <= `step`, which takes as long as it is: so it
// belongs into a Read. Errors: kNotFound.
Result<RewindPoint> FindRewindPoint(const Tables& tables, const Project& project,
                                    std::string_view name, std::int64_t step);

// Cuts the history there and brings the summary to that row. Errors: kNotFound if the run was
// deleted; kConflict if it has logged since, and the point has to be found again.
Result<Run> RewindRun(Tables& tables, const RewindPoint& point, Timestamp now);

// "calm-tree-7".
std::string GeneratedRunName(std::int64_t number, std::uint64_t seed);

}  // namespace regatta::tracking
