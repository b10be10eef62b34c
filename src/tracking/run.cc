#include "regatta/tracking/run.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace regatta::tracking {
namespace {

constexpr std::array<std::pair<RunState, std::string_view>, 8> kNames = {{
    {RunState::kPending, "pending"},
    {RunState::kRunning, "running"},
    {RunState::kFinished, "finished"},
    {RunState::kFailed, "failed"},
    {RunState::kCrashed, "crashed"},
    {RunState::kKilled, "killed"},
    {RunState::kPreempting, "preempting"},
    {RunState::kPreempted, "preempted"},
}};

}  // namespace

std::string_view RunStateName(RunState state) {
  for (const auto& [value, name] : kNames) {
    if (value == state) return name;
  }
  return "unknown";
}

Result<RunState> ParseRunState(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  return InvalidArgument(fmt::format(
      "\"{}\" is no run state: use pending, running, finished, failed, crashed, killed, "
      "preempting or preempted",
      name.substr(0, 40)));
}

bool IsTerminal(RunState state) {
  return state == RunState::kFinished || state == RunState::kFailed ||
         state == RunState::kCrashed || state == RunState::kKilled;
}

}  // namespace regatta::tracking
