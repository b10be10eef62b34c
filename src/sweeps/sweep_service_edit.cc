// Creating sweeps and changing what was asked for.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "live_sweep.h"
#include "regatta/base/rng.h"
#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/space_point_source.h"
#include "regatta/sweeps/sweep_service.h"
#include "regatta/tracking/extended_json.h"
#include "regatta/tracking/run_rules.h"

namespace regatta::sweeps {
namespace {

constexpr std::size_t kNameLength = 8;

struct CheckedConfig {
  SweepConfig config;
  Value document;
  std::vector<std::string> warnings;
};

// A file that can be run from here on. Errors: kInvalidArgument, complete.
Result<CheckedConfig> CheckConfig(const tracking::Tables& tables, const std::string& text,
                                  const SweepRow& row, const SweepTiming& timing) {
  Result<ParsedSweep> parsed = ParseSweepConfig(text);
  if (!parsed) {
    return parsed.error();
  }
  const Result<std::vector<EarlierSweep>> earlier = ReadEarlierSweeps(tables, parsed->config, row);
  if (!earlier) {
    return earlier.error();
  }
  const Result<SweepParts> parts = MakeSweepParts(parsed->config, row, timing, {}, *earlier);
  if (!parts) {
    return InvalidArgument("Invalid sweep config: " + parts.error().message);
  }
  CheckedConfig checked{std::move(parsed->config), std::move(parsed->document), {}};
  for (const Problem& problem : parsed->problems) {
    checked.warnings.push_back(ProblemText(problem));
  }
  return checked;
}

void Describe(SweepRow& row, const std::string& text, const CheckedConfig& checked) {
  row.config_text = text;
  row.method = std::string(SearchMethodName(checked.config.method));
  row.runs_expected = ExpectedRuns(checked.config);
}

// What may change while runs are going on: names, and how many.
Value WithoutLimits(const Value& document) {
  Value rest = Value::OfMap({});
  if (!document.is_map()) {
    return rest;
  }
  constexpr std::array<std::string_view, 3> kFree = {"name", "description", "run_cap"};
  for (const Member& member : document.as_map()) {
    if (std::ranges::find(kFree, member.key) == kFree.end()) {
      rest.Set(member.key, member.value);
    }
  }
  return rest;
}

void CollectNames(const nlohmann::json& filter, std::vector<std::string>& names) {
  if (filter.is_array()) {
    for (const nlohmann::json& part : filter) {
      CollectNames(part, names);
    }
  } else if (filter.is_string()) {
    names.push_back(filter.get<std::string>());
  } else if (filter.is_object()) {
    for (const char* key : {"$or", "$in", "name"}) {
      if (const auto found = filter.find(key); found != filter.end()) {
        CollectNames(*found, names);
      }
    }
  }
}

Error InvalidState(std::string_view state) {
  return InvalidArgument(
      fmt::format("\"{}\" is no state of a sweep: use RUNNING, PAUSED, FINISHED or CANCELED",
                  state.substr(0, 40)));
}

}  // namespace

Result<SweepOutcome> SweepService::Create(tracking::Tables& tables,
                                          const tracking::Project& project, tracking::UserId user,
                                          const SweepInput& input, Timestamp now) {
  if (!input.config_text) {
    return InvalidArgument("Invalid sweep config: there is none; send the file's text as config");
  }
  SweepRow row{.project = project.id,
               .name = RandomId(kNameLength),
               .display_name = "",
               .config_text = "",
               .method = "",
               .description = input.description.value_or(""),
               .controller_json = "",
               .controller_run_name = "",
               .user = user,
               .seed = EntropySeed(),
               .run_id_salt = EntropySeed(),
               .runs_expected = {},
               .created_at = now,
               .updated_at = now};
  Result<CheckedConfig> checked = CheckConfig(tables, *input.config_text, row, options_.timing);
  if (!checked) {
    return checked.error();
  }
  Describe(row, *input.config_text, *checked);
  if (row.description.empty()) {
    row.description = checked->config.description;
  }
  if (IsSearchExternal(checked->config) && checked->config.scheduler.is_map()) {
    row.controller_run_name = RandomId(kNameLength);
    tracking::Run reserved{.project = project.id,
                           .name = row.controller_run_name,
                           .display_name = "scheduler of sweep " + row.name,
                           .state = tracking::RunState::kPending,
                           .user = user,
                           .is_hidden = true,
                           .created_at = now,
                           .updated_at = now,
                           .heartbeat_at = now};
    if (Result<void> done = tables.runs().Insert(reserved); !done) {
      return done.error();
    }
  }
  if (Result<void> done = SweepsOf(tables).Insert(row); !done) {
    return done.error();
  }
  if (Result<void> done = SweepsOf(tables).Put(row.id, SweepRecord{}); !done) {
    return done.error();
  }
  if (Result<void> done = ApplyInput(tables, row, user, input, now); !done) {
    return done.error();
  }
  return SweepOutcome{std::move(row), std::move(checked->warnings)};
}

Result<SweepOutcome> SweepService::Update(tracking::Tables& tables, SweepRow row,
                                          tracking::UserId user, const SweepInput& input,
                                          Timestamp now) {
  std::vector<std::string> warnings;
  if (input.config_text && *input.config_text != row.config_text) {
    if (Result<void> done = Replace(tables, row, *input.config_text, warnings); !done) {
      return done.error();
    }
  }
  if (input.description) {
    row.description = *input.description;
  }
  row.updated_at = now;
  if (Result<void> done = ApplyInput(tables, row, user, input, now); !done) {
    return done.error();
  }
  return SweepOutcome{std::move(row), std::move(warnings)};
}

Result<void> SweepService::Replace(tracking::Tables& tables, SweepRow& row,
                                   const std::string& config_text,
                                   std::vector<std::string>& warnings) {
  Result<CheckedConfig> checked = CheckConfig(tables, config_text, row, options_.timing);
  if (!checked) {
    return checked.error();
  }
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  const Sweep& sweep = *(*live)->sweep;
  const bool has_started = sweep.state() != SweepState::kPending || !sweep.points().empty();
  if (has_started) {
    const Value before = InspectSweepConfig(row.config_text).document;
    if (!SameValue(WithoutLimits(before), WithoutLimits(checked->document))) {
      return FailedPrecondition(fmt::format(
          "sweep {}: cannot reconfigure a sweep which has already started, except for its name, "
          "description and run_cap; create a new sweep, with this one's runs as prior runs",
          row.name));
    }
  }
  warnings = std::move(checked->warnings);
  Describe(row, config_text, *checked);
  // Rebuilt from the new file when it is wanted next.
  Touch(row.id);
  live_.erase(tracking::ToInt(row.id));
  return Ok();
}

Result<void> SweepService::ApplyInput(tracking::Tables& tables, SweepRow& row,
                                      tracking::UserId user, const SweepInput& input,
                                      Timestamp now) {
  if (input.display_name) {
    row.display_name = *input.display_name;
  }
  if (input.controller_json) {
    row.controller_json = *input.controller_json;
  }
  if (Result<void> done = SweepsOf(tables).Update(row); !done) {
    return done;
  }
  if (input.prior_runs_filter) {
    Result<void> done = TakePriorRuns(tables, row, *input.prior_runs_filter, now);
    if (!done) {
      return done;
    }
  }
  if (input.controller_json) {
    Result<void> done = TakeSchedule(tables, row, user, *input.controller_json, now);
    if (!done) {
      return done;
    }
  }
  tables.Notify({.project = row.project,
                 .run_name = "",
                 .sweep_name = row.name,
                 .kinds = tracking::Change::kSweep});
  return input.state ? SetState(tables, row, *input.state, now) : Ok();
}

Result<void> SweepService::SetState(tracking::Tables& tables, const SweepRow& row,
                                    std::string_view state, Timestamp now) {
  const std::optional<SweepState> wanted = ParseSweepState(state);
  if (!wanted) {
    return InvalidState(state);
  }
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  Sweep& sweep = *(*live)->sweep;
  if (sweep.state() == *wanted) {
    return Ok();
  }
  const auto change = [&]() -> Result<Transition> {
    switch (*wanted) {
      case SweepState::kPending:
      case SweepState::kRunning:
        return sweep.Resume(now);
      case SweepState::kPaused:
        return sweep.Pause(now);
      case SweepState::kFinished:
        return sweep.Stop(now);
      case SweepState::kCanceled:
        return sweep.Cancel(now);
      case SweepState::kFailed:
      case SweepState::kCrashed:
        return sweep.Crash("The scheduler outside of this server said that it failed.", now);
    }
    return InvalidState(state);
  };
  Result<Transition> changed = change();
  return changed ? Apply(tables, row, nullptr, *changed, now) : Result<void>(changed.error());
}

Result<void> SweepService::TakeSchedule(tracking::Tables& tables, const SweepRow& row,
                                        tracking::UserId user, std::string_view controller_json,
                                        Timestamp now) {
  const Result<Value> controller = ParseJson(controller_json);
  if (!controller || !controller->is_map()) {
    return InvalidArgument(fmt::format("sweep {}: controller is no JSON object", row.name));
  }
  std::vector<ScheduleEntry> schedule;
  if (const Value* list = controller->Find("schedule"); list != nullptr && list->is_list()) {
    for (const Value& item : list->as_list()) {
      const Value* id = item.Find("id");
      const Value* data = item.Find("data");
      const Value* args = data == nullptr ? nullptr : data->Find("args");
      if (id == nullptr || !id->is_string()) {
        return InvalidArgument(
            fmt::format("sweep {}: an entry of controller.schedule has no id", row.name));
      }
      ScheduleEntry entry{id->as_string(), std::nullopt};
      if (args != nullptr && args->is_map()) {
        Result<std::string> run_config = ArgsOf(ToJson(*args));
        if (!run_config) {
          return run_config.error();
        }
        entry.args_json = *std::move(run_config);
      }
      schedule.push_back(std::move(entry));
    }
  }
  std::vector<std::string> stops;
  if (const Value* list = controller->Find("earlystop"); list != nullptr && list->is_list()) {
    for (const Value& name : list->as_list()) {
      if (name.is_string()) {
        stops.push_back(name.as_string());
      }
    }
  }
  if (schedule.empty() && stops.empty()) {
    return Ok();
  }
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  Transition taken = (*live)->sweep->ControllerSchedule(schedule, stops, now);
  return Apply(tables, row, user, nullptr, taken.changes, now);
}

Result<void> SweepService::TakePriorRuns(tracking::Tables& tables, const SweepRow& row,
                                         std::string_view filter_json, Timestamp now) {
  if (filter_json.empty()) {
    return Ok();
  }
  const std::optional<nlohmann::json> filter = tracking::ParseStrictJson(filter_json);
  if (!filter) {
    return InvalidArgument(
        "priorRunsFilters: not a JSON document, or nested deeper than 200 levels");
  }
  std::vector<std::string> names;
  CollectNames(*filter, names);
  if (names.empty()) {
    return Ok();
  }
  const Result<Live*> live = Open(tables, row);
  if (!live) {
    return live.error();
  }
  std::vector<AttachedRun> attached;
  for (const std::string& name : names) {
    Result<std::optional<tracking::Run>> found = tables.runs().FindByName(row.project, name);
    if (!found) {
      return found.error();
    }
    if (!*found) {
      return NotFound(fmt::format("prior run \"{}\" is not in this project", name));
    }
    tracking::Run& run = **found;
    Result<AttachedRun> read = ReadAttachedRun(tables, run, (*live)->keys);
    if (!read) {
      return read.error();
    }
    attached.push_back(*std::move(read));
    if (run.sweep_name.empty()) {
      run.sweep_name = row.name;
      if (Result<void> done = tables.runs().Update(run); !done) {
        return done;
      }
    }
  }
  Transition added = (*live)->sweep->AddPriorRuns(attached, now);
  return Apply(tables, row, nullptr, added, now);
}

}  // namespace regatta::sweeps
