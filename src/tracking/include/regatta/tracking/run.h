// Runs: one tracked execution each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/tracking/ids.h"

namespace regatta::tracking {

enum class RunState : std::uint8_t {
  kPending,  // created ahead of its process
  kRunning,
  kFinished,
  kFailed,   // ended with a non-zero exit code
  kCrashed,  // went silent
  kKilled,   // told to stop, and ended
  kPreempting,
  kPreempted,
};

// The state's name on the wire, lower case.
std::string_view RunStateName(RunState state);
// Errors: kInvalidArgument naming the known states.
Result<RunState> ParseRunState(std::string_view name);
// Finished, failed, crashed or killed: nothing more is expected.
bool IsTerminal(RunState state);

// A run as stored. Texts that hold JSON are kept as the client wrote them, bare NaN and Infinity
// included.
struct Run {
  RunId id{};
  ProjectId project{};
  std::string name;  // the run id that people see, unique in the project
  std::string display_name;
  RunState state = RunState::kRunning;
  UserId user{};
  std::string config_json = "{}";
  std::string summary_json = "{}";
  std::string notes;
  std::string description;
  std::string group;
  std::string job_type;
  std::string commit;
  std::string host;
  std::string program;
  std::string repo;
  std::vector<std::string> tags;
  std::string sweep_name;  // empty: in no sweep
  std::string agent_id;    // the sweep agent that it was handed to, or empty
  std::optional<std::int64_t> exit_code;
  bool stop_requested = false;
  std::string stop_reason;  // why, in one sentence
  bool preempting = false;  // the process announced a preemption
  bool is_hidden = false;   // a sweep controller's own run: no trial, not listed
  bool is_started = false;  // its process has spoken: a config came, or a stream
  std::string branch_of;    // "run?_step=N" of a fork, or empty
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp heartbeat_at;
};

// The runs of a project, in the order of creation unless said otherwise.
class RunTables {
 public:
  virtual ~RunTables() = default;

  virtual Result<std::optional<Run>> Find(RunId id) const = 0;
  virtual Result<std::optional<Run>> FindByName(ProjectId project, std::string_view name) const = 0;
  // Calls `visit` for each run that is not hidden until it answers false. `newest_first` turns the
  // order.
  virtual Result<void> ForEach(ProjectId project, bool newest_first,
                               FunctionRef<bool(const Run&)> visit) const = 0;
  // The same for `count` runs after the first `offset` ones, without reading those.
  virtual Result<void> ForEachFrom(ProjectId project, bool newest_first, std::int64_t offset,
                                   std::int64_t count,
                                   FunctionRef<bool(const Run&)> visit) const = 0;
  // The same for one sweep's runs, oldest first.
  virtual Result<void> ForEachOfSweep(ProjectId project, std::string_view sweep_name,
                                      FunctionRef<bool(const Run&)> visit) const = 0;
  // Runs that are pending, running or preempting, whose last sign of life is older than `before`.
  virtual Result<std::vector<Run>> ListSilent(Timestamp before) const = 0;
  virtual Result<std::int64_t> Count(ProjectId project) const = 0;

  // Fills in `id`. Errors: kAlreadyExists.
  virtual Result<void> Insert(Run& run) = 0;
  // Replaces every field of the stored run.
  virtual Result<void> Update(const Run& run) = 0;
  // Deletes the run with its streams and files: with this write nothing finds them any more. What
  // they take on the disk is given back after it, a little at a time.
  virtual Result<void> Delete(RunId id) = 0;
};

}  // namespace regatta::tracking
