#include "regatta/tracking/run_rules.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "last_values.h"
#include "regatta/base/rng.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {
namespace {

constexpr std::size_t kNameLengthMax = 128;
constexpr std::size_t kRunIdLength = 8;

Result<void> RequireObject(const std::optional<std::string>& json, std::string_view what,
                           std::string_view run) {
  if (!json || ScanRow(*json, [](const RowMember&) {})) return Ok();
  return InvalidArgument(fmt::format("run \"{}\": the {} is not a JSON object", run, what));
}

template <typename T>
void Assign(T& target, const std::optional<T>& value) {
  if (value) target = *value;
}

void AssignAll(Run& run, const RunUpsert& upsert) {
  Assign(run.display_name, upsert.display_name);
  Assign(run.config_json, upsert.config_json);
  Assign(run.summary_json, upsert.summary_json);
  Assign(run.notes, upsert.notes);
  Assign(run.description, upsert.description);
  Assign(run.group, upsert.group);
  Assign(run.job_type, upsert.job_type);
  Assign(run.commit, upsert.commit);
  Assign(run.host, upsert.host);
  Assign(run.program, upsert.program);
  Assign(run.repo, upsert.repo);
  Assign(run.tags, upsert.tags);
  Assign(run.sweep_name, upsert.sweep_name);
  Assign(run.state, upsert.state);
}

bool IsAlive(RunState state) {
  return state == RunState::kRunning || state == RunState::kPreempting;
}

// The process of `run` has spoken.
Result<void> Wake(Tables& tables, RunObserver* observer, Run& run, bool is_new, Timestamp now) {
  const bool was_alive = IsAlive(run.state) && !is_new;
  run.heartbeat_at = now;
  if (was_alive && run.is_started) return Ok();
  run.is_started = true;
  if (!was_alive) {
    run.state = RunState::kRunning;
    run.exit_code.reset();
    run.preempting = false;
    run.stop_requested = run.stop_requested && is_new;
  }
  if (observer != nullptr && !run.sweep_name.empty()) return observer->OnStarted(tables, run, now);
  return Ok();
}

struct BranchPoint {
  std::string run;
  std::int64_t step = 0;
};

std::optional<BranchPoint> BranchPointOf(const std::string& config_json) {
  if (config_json.find("branch_point") == std::string::npos) return std::nullopt;
  const std::optional<nlohmann::json> config = ParseExtendedJson(config_json);
  if (!config) return std::nullopt;
  const nlohmann::json* run = FindMember(*config, {"_wandb", "value", "branch_point", "run_id"});
  const nlohmann::json* step = FindMember(*config, {"_wandb", "value", "branch_point", "step"});
  if (run == nullptr || !run->is_string() || step == nullptr) return std::nullopt;
  if (step->is_number_integer()) {
    return BranchPoint{run->get<std::string>(), step->get<std::int64_t>()};
  }
  // Up to here a double names one step.
  constexpr double kExactMax = 9007199254740992.0;
  if (!step->is_number_float() || !(std::abs(step->get<double>()) <= kExactMax)) {
    return std::nullopt;
  }
  return BranchPoint{run->get<std::string>(), static_cast<std::int64_t>(step->get<double>())};
}

struct HistoryPrefix {
  std::vector<std::string> rows;
  std::optional<std::int64_t> last_step;
};

// The rows of `run` up to and including `step`.
Result<HistoryPrefix> ReadPrefix(const Tables& tables, RunId run, std::int64_t step) {
  HistoryPrefix prefix;
  const Result<void> read = tables.streams().ReadLines(
      run, StreamKind::kHistory, 0, std::numeric_limits<std::int64_t>::max(),
      [&](const StreamLine& line) {
        const std::optional<std::int64_t> at = ScanStep(line.text).step;
        if (at && *at > step) return false;
        if (at) prefix.last_step = at;
        prefix.rows.emplace_back(line.text);
        return true;
      });
  if (!read) return read.error();
  return prefix;
}

Result<void> CopyBranch(Tables& tables, Run& run, const Project& project, Timestamp now) {
  const std::optional<BranchPoint> point = BranchPointOf(run.config_json);
  if (!point || point->run == run.name) return Ok();
  const Result<std::optional<Run>> origin = tables.runs().FindByName(project.id, point->run);
  if (!origin) return origin.error();
  if (!*origin) return Ok();
  Result<HistoryPrefix> prefix = ReadPrefix(tables, (*origin)->id, point->step);
  if (!prefix) return prefix.error();
  run.branch_of = fmt::format("{}?_step={}", point->run, point->step);
  LastValues values;
  for (const std::string& row : prefix->rows) values.Add(row);
  run.summary_json = values.Summary();
  if (prefix->rows.empty()) return Ok();
  StreamAppend append{.run = run.id, .at = now};
  append.pieces.push_back({.kind = StreamKind::kHistory,
                           .first_line = 0,
                           .lines = std::move(prefix->rows),
                           .step_min = 0,
                           .step_max = prefix->last_step.value_or(0)});
  return tables.streams().Append(append);
}

RunState StateAtEnd(const Run& run) {
  const bool failed = run.exit_code.value_or(0) != 0;
  if (run.preempting && failed) return RunState::kPreempted;
  if (!failed) return RunState::kFinished;
  return run.stop_requested ? RunState::kKilled : RunState::kFailed;
}

}  // namespace

std::string RunNameProblem(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kNameLengthMax) return "is longer than 128 bytes";
  // Names are parts of addresses, where these two mean folders.
  if (name == "." || name == "..") return "is the name of a folder";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || std::string_view("/\\#?%:").find(c) != name.npos) {
      return "holds one of / \\ # ? % : or a control character";
    }
  }
  return "";
}

std::string ProjectNameProblem(std::string_view name) { return RunNameProblem(name); }

Result<Project> FindOrCreateProject(Tables& tables, const Entity& entity, std::string_view name,
                                    UserId creator, Timestamp now) {
  if (const std::string problem = ProjectNameProblem(name); !problem.empty()) {
    return InvalidArgument(fmt::format("project name \"{}\" {}", name.substr(0, 80), problem));
  }
  Result<std::optional<Project>> found = tables.projects().FindByName(entity.id, name);
  if (!found) return found.error();
  if (*found) return **found;
  Project project{.entity = entity.id,
                  .entity_name = entity.name,
                  .name = std::string(name),
                  .creator = creator,
                  .created_at = now,
                  .updated_at = now};
  if (Result<void> inserted = tables.projects().Insert(project); !inserted) {
    return inserted.error();
  }
  return project;
}

Result<void> RenameProject(Tables& tables, Project& project, std::string_view name, Timestamp now) {
  if (name == project.name) return Ok();
  if (const std::string problem = ProjectNameProblem(name); !problem.empty()) {
    return InvalidArgument(fmt::format("project name \"{}\" {}", name.substr(0, 80), problem));
  }
  const Result<std::optional<Project>> other = tables.projects().FindByName(project.entity, name);
  if (!other) return other.error();
  if (*other) {
    return AlreadyExists(
        fmt::format("\"{}\" has a project \"{}\" already: choose another name for \"{}\"",
                    project.entity_name, name, project.name));
  }
  Project renamed = project;
  renamed.name = std::string(name);
  renamed.updated_at = now;
  if (Result<void> done = tables.projects().Update(renamed); !done) return done;
  project = std::move(renamed);
  tables.Notify({.project = project.id, .kinds = Change::kRenamed});
  return Ok();
}

Result<UpsertedRun> UpsertRun(Tables& tables, RunObserver* observer, const Project& project,
                              std::string_view name, UserId user, const RunUpsert& upsert,
                              Timestamp now) {
  const std::string run_name = name.empty() ? RandomId(kRunIdLength) : std::string(name);
  if (const std::string problem = RunNameProblem(run_name); !problem.empty()) {
    return InvalidArgument(fmt::format("run id \"{}\" {}", run_name.substr(0, 80), problem));
  }
  Result<std::optional<Run>> found = tables.runs().FindByName(project.id, run_name);
  if (!found) return found.error();
  if (*found) {
    Result<Run> updated = UpdateRun(tables, observer, **std::move(found), upsert, now);
    if (!updated) return updated.error();
    return UpsertedRun{.run = *std::move(updated), .is_new = false};
  }
  for (const auto& [json, what] :
       {std::pair(&upsert.config_json, "config"), std::pair(&upsert.summary_json, "summary")}) {
    if (Result<void> valid = RequireObject(*json, what, run_name); !valid) return valid.error();
  }
  Project counted = project;
  Run run{.project = project.id,
          .name = run_name,
          .user = user,
          .created_at = now,
          .updated_at = now,
          .heartbeat_at = now};
  AssignAll(run, upsert);
  if (run.display_name.empty()) {
    run.display_name = GeneratedRunName(counted.next_run_number, EntropySeed());
  }
  counted.next_run_number += 1;
  counted.updated_at = now;
  if (Result<void> done = tables.projects().Update(counted); !done) return done.error();
  if (Result<void> done = tables.runs().Insert(run); !done) return done.error();
  if (Result<void> done = CopyBranch(tables, run, project, now); !done) return done.error();
  if (!upsert.state || *upsert.state == RunState::kRunning) {
    if (Result<void> done = Wake(tables, observer, run, true, now); !done) return done.error();
  }
  if (Result<void> done = tables.runs().Update(run); !done) return done.error();
  return UpsertedRun{.run = std::move(run), .is_new = true};
}

Result<Run> UpdateRun(Tables& tables, RunObserver* observer, Run run, const RunUpsert& upsert,
                      Timestamp now) {
  for (const auto& [json, what] :
       {std::pair(&upsert.config_json, "config"), std::pair(&upsert.summary_json, "summary")}) {
    if (Result<void> valid = RequireObject(*json, what, run.name); !valid) return valid.error();
  }
  AssignAll(run, upsert);
  run.updated_at = now;
  if (!upsert.is_metadata_only && !upsert.state) {
    if (Result<void> done = Wake(tables, observer, run, false, now); !done) return done.error();
  }
  if (upsert.summary_json && observer != nullptr && !run.sweep_name.empty()) {
    if (Result<void> done = observer->OnRows(tables, run, {}, true, now); !done) {
      return done.error();
    }
  }
  if (Result<void> done = tables.runs().Update(run); !done) return done.error();
  return run;
}

Result<Run> ApplyStream(Tables& tables, RunObserver* observer, RunId id, StreamRequest request,
                        Timestamp now) {
  Result<std::optional<Run>> found = tables.runs().Find(id);
  if (!found) return found.error();
  if (!*found) return NotFound("the run was deleted");
  request.append.run = id;
  request.append.at = now;
  if (Result<void> done = tables.streams().Append(request.append); !done) return done.error();
  Run run = **std::move(found);
  const bool has_data = !request.append.pieces.empty() || request.append.summary_json.has_value();
  if (request.append.summary_json) run.summary_json = *request.append.summary_json;
  // The last word of a process that has announced its end, after somebody else has told it: what it
  // says is kept, and it wakes nobody.
  const bool is_end_of_preempted =
      request.complete && run.state == RunState::kPreempted && request.exit_code.value_or(0) != 0;
  const bool is_repeated_end =
      is_end_of_preempted || (request.complete && IsTerminal(run.state) && !has_data);
  if (!is_repeated_end) {
    if (Result<void> done = Wake(tables, observer, run, false, now); !done) return done.error();
  }
  const bool is_observed = observer != nullptr && !run.sweep_name.empty();
  if (is_observed && !is_repeated_end) {
    Result<void> done = observer->OnRows(tables, run, request.append.pieces,
                                         request.append.summary_json.has_value(), now);
    if (!done) return done.error();
  }
  if (request.preempting && !run.preempting) {
    run.preempting = true;
    run.state = RunState::kPreempting;
    if (is_observed) {
      if (Result<void> done = observer->OnPreempting(tables, run, now); !done) return done.error();
    }
  }
  if (request.complete && !is_repeated_end) {
    run.exit_code = request.exit_code.value_or(0);
    run.state = StateAtEnd(run);
    if (is_observed) {
      if (Result<void> done = observer->OnEnded(tables, run, now); !done) return done.error();
    }
  }
  run.updated_at = now;
  if (Result<void> done = tables.runs().Update(run); !done) return done.error();
  return run;
}

Result<void> RequestStop(Tables& tables, RunId id, std::string_view reason, Timestamp now) {
  Result<std::optional<Run>> found = tables.runs().Find(id);
  if (!found) return found.error();
  if (!*found) return NotFound("no such run: it may have been deleted");
  Run run = **std::move(found);
  if (IsTerminal(run.state) || run.stop_requested) return Ok();
  run.stop_requested = true;
  run.stop_reason = std::string(reason);
  run.updated_at = now;
  return tables.runs().Update(run);
}

Result<void> ChangeState(Tables& tables, RunId id, RunState state, Timestamp now) {
  Result<std::optional<Run>> found = tables.runs().Find(id);
  if (!found) return found.error();
  if (!*found) return NotFound("no such run: it may have been deleted");
  Run run = **std::move(found);
  if (!run.sweep_name.empty()) {
    return FailedPrecondition(fmt::format(
        "invalid state transition: run \"{}\" belongs to sweep \"{}\", which moves its runs itself",
        run.name, run.sweep_name));
  }
  const RunState from = run.state;
  const bool to_pending =
      state == RunState::kPending && (from == RunState::kRunning || from == RunState::kFailed ||
                                      from == RunState::kCrashed || from == RunState::kPreempted);
  const bool to_failed =
      state == RunState::kFailed && (from == RunState::kPending || from == RunState::kRunning);
  if (!to_pending && !to_failed) {
    return InvalidArgument(fmt::format("invalid state transition of run \"{}\": {} to {}", run.name,
                                       RunStateName(from), RunStateName(state)));
  }
  run.state = state;
  run.updated_at = now;
  return tables.runs().Update(run);
}

Result<void> DeleteRun(Tables& tables, RunObserver* observer, RunId id, Timestamp now) {
  const Result<std::optional<Run>> found = tables.runs().Find(id);
  if (!found) return found.error();
  if (!*found) return NotFound("no such run: it may have been deleted");
  if (observer != nullptr && !(*found)->sweep_name.empty()) {
    if (Result<void> done = observer->OnDeleting(tables, **found, now); !done) return done;
  }
  return tables.runs().Delete(id);
}

namespace {

// False if the run has spoken since, or ended.
Result<bool> MarkIfSilent(Tables& tables, RunObserver* observer, RunId id, Timestamp before,
                          Timestamp now) {
  Result<std::optional<Run>> found = tables.runs().Find(id);
  if (!found) return found.error();
  if (!*found) return false;
  Run run = **std::move(found);
  if (!IsAlive(run.state) || run.is_hidden || run.heartbeat_at >= before) return false;
  run.state = run.preempting ? RunState::kPreempted : RunState::kCrashed;
  run.updated_at = now;
  if (observer != nullptr && !run.sweep_name.empty()) {
    if (Result<void> done = observer->OnEnded(tables, run, now); !done) {
      return WithContext(fmt::format("run \"{}\" fell silent", run.name), done.error());
    }
  }
  if (Result<void> done = tables.runs().Update(run); !done) return done.error();
  return true;
}

}  // namespace

Result<int> MarkSilentRuns(Store& store, RunObserver* observer, Timestamp before, Timestamp now) {
  std::vector<RunId> silent;
  const Result<void> read = store.Read([&](const Tables& tables) -> Result<void> {
    const Result<std::vector<Run>> listed = tables.runs().ListSilent(before);
    if (!listed) return listed.error();
    for (const Run& run : *listed) {
      if (IsAlive(run.state) && !run.is_hidden) silent.push_back(run.id);
    }
    return Ok();
  });
  if (!read) return read.error();
  int marked = 0;
  std::optional<Error> first_error;
  for (const RunId id : silent) {
    const Result<void> done = store.Write([&](Tables& tables) -> Result<void> {
      const Result<bool> is_marked = MarkIfSilent(tables, observer, id, before, now);
      if (!is_marked) return is_marked.error();
      marked += *is_marked ? 1 : 0;
      return Ok();
    });
    if (!done && !first_error) first_error = done.error();
  }
  if (first_error) return *first_error;
  return marked;
}

std::string GeneratedRunName(std::int64_t number, std::uint64_t seed) {
  static constexpr std::array<std::string_view, 48> kAdjectives = {
      "amber",   "bold",   "brave", "breezy", "bright", "brisk",  "calm",   "clear",
      "cool",    "crisp",  "deep",  "eager",  "early",  "even",   "fair",   "fast",
      "fine",    "firm",   "fresh", "gentle", "glad",   "golden", "good",   "grand",
      "green",   "handy",  "happy", "honest", "keen",   "kind",   "light",  "lively",
      "lucky",   "mellow", "merry", "mild",   "neat",   "nimble", "noble",  "open",
      "patient", "quick",  "quiet", "rapid",  "silver", "smooth", "steady", "swift"};
  static constexpr std::array<std::string_view, 48> kNouns = {
      "anchor", "bay",    "beacon", "boat",    "breeze", "bridge", "bow",    "buoy",
      "canal",  "cape",   "coast",  "compass", "coral",  "cove",   "crew",   "current",
      "deck",   "delta",  "dinghy", "dock",    "eddy",   "fjord",  "flag",   "gale",
      "gull",   "harbor", "heron",  "island",  "jetty",  "keel",   "lagoon", "lake",
      "mast",   "oar",    "pier",   "port",    "quay",   "reef",   "river",  "rudder",
      "sail",   "shore",  "sky",    "sound",   "strait", "tide",   "wake",   "wave"};
  Rng rng(seed);
  return fmt::format("{}-{}-{}", kAdjectives[rng.Below(kAdjectives.size())],
                     kNouns[rng.Below(kNouns.size())], number);
}

}  // namespace regatta::tracking
