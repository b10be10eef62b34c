// What a search over --stdio was told, in order: all that is needed to go on identically.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/trial.h"
#include "regatta/sweeps/value.h"

namespace regatta::app {

// One change of a trial. kExploited: it goes on with the parameters `point`; with `interval`, which
// a search whose population explores by a bandit keeps for all its members, it may also go on as it
// was. Points are kept as they were made, so nothing is computed again.
struct JournalEntry {
  enum class Kind : std::uint8_t { kAsked, kAdded, kTold, kReported, kResumed, kExploited };
  Kind kind = Kind::kAsked;
  search::TrialId id = 0;
  search::Point point;                                       // kAsked, kAdded, kExploited
  std::optional<std::uint64_t> grid_index;                   // kAsked
  search::TrialState state = search::TrialState::kFinished;  // kAdded, kTold
  std::vector<double> objectives;                            // kAdded, kTold
  std::vector<double> constraints;                           // kAdded, kTold; NaN: unknown
  std::optional<double> cost;                                // kAdded, kTold
  std::int64_t step = 0;                                     // kReported
  double value = 0;                                          // kReported
  std::optional<std::uint64_t> interval;                     // kExploited: the one that has ended
  std::optional<search::TrialId> parent;                     // kExploited: absent: its own
  std::string why;                                           // kExploited
};

struct SearchState {
  sweeps::Value config;  // as it was given: a mapping or a text
  std::uint64_t seed = 0;
  bool is_resumable = false;  // trials pause at rungs and go on later
  std::vector<JournalEntry> journal;
};

// A finite number as it is; the others as "NaN", "Infinity", "-Infinity", since JSON has no such
// numbers.
sweeps::Value NumberToValue(double number);
// Reads both forms, and bare NaN and Infinity; nothing if `value` is no number.
std::optional<double> NumberFromValue(const sweeps::Value& value);

// {"version":1,...}: numbers survive bit for bit.
sweeps::Value StateToValue(const SearchState& state);
// Errors: kInvalidArgument naming the place, e.g. "state.log[3]".
Result<SearchState> StateFromValue(const sweeps::Value& value);

}  // namespace regatta::app
