#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "regatta/sweeps/records.h"

namespace regatta::sweeps {
namespace {

constexpr std::array<std::string_view, 7> kSweepStates = {
    "PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED", "FAILED", "CRASHED"};
constexpr std::array<std::string_view, 7> kPointOrigins = {
    "grid", "search", "initial", "enqueued", "controller", "prior", "attached"};
constexpr std::array<std::string_view, 6> kPointStates = {"open",   "active", "finished",
                                                          "failed", "killed", "deleted"};
constexpr std::array<std::string_view, 12> kAttemptStates = {
    "waiting",       "offered", "running", "preempting", "preempted",  "finished",
    "stopped_early", "failed",  "lost",    "killed",     "superseded", "deleted"};

}  // namespace

std::string_view SweepStateName(SweepState state) {
  return kSweepStates.at(static_cast<std::size_t>(state));
}

std::optional<SweepState> ParseSweepState(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](unsigned char letter) {
    return static_cast<char>(std::toupper(letter));
  });
  if (upper == "CANCELLED") {
    return SweepState::kCanceled;
  }
  if (upper == "STOPPED") {
    return SweepState::kFinished;
  }
  const auto found = std::ranges::find(kSweepStates, upper);
  if (found == kSweepStates.end()) {
    return std::nullopt;
  }
  return static_cast<SweepState>(found - kSweepStates.begin());
}

bool IsTerminal(SweepState state) { return state >= SweepState::kFinished; }

std::string_view PointOriginName(PointOrigin origin) {
  return kPointOrigins.at(static_cast<std::size_t>(origin));
}

std::string_view PointStateName(PointState state) {
  return kPointStates.at(static_cast<std::size_t>(state));
}

std::string_view AttemptStateName(AttemptState state) {
  return kAttemptStates.at(static_cast<std::size_t>(state));
}

std::string WhySpared(const StopFacts& facts) {
  if (!facts.is_audit) {
    return "";
  }
  std::string text = fmt::format("{} would have stopped it", facts.rule);
  if (facts.rung) {
    text += fmt::format(" at {}", *facts.rung);
  }
  if (facts.value && facts.threshold) {
    const bool is_chance = facts.rule == "curve";
    text += fmt::format(", {} {:.6g} against {:.6g}",
                        is_chance ? "a chance of" : "with a best value of", *facts.value,
                        *facts.threshold);
  }
  return text + "; it was spared to test the rule";
}

}  // namespace regatta::sweeps
