// Small predicates that the parts of Sweep share.
#pragma once

#include "regatta/sweeps/sweep.h"

namespace regatta::sweeps {

// Order of waiting points: a preempted run is resumed first, what was lost or failed is next.
inline constexpr std::uint8_t kRankResume = 0;
inline constexpr std::uint8_t kRankRetry = 1;
inline constexpr std::uint8_t kRankWaiting = 2;
inline constexpr std::uint8_t kRankRepeat = 3;
// Gave its number of run_cap back, and needs one again.
inline constexpr std::uint8_t kRankFreed = 4;

inline bool IsLeased(AttemptState state) {
  return state == AttemptState::kOffered || state == AttemptState::kRunning ||
         state == AttemptState::kPreempting;
}

inline bool HasLogged(const AttemptRecord& attempt) {
  return attempt.has_summary || attempt.values > 0 || attempt.values_invalid > 0;
}

inline bool IsClosed(PointState state) {
  return state != PointState::kOpen && state != PointState::kActive;
}

}  // namespace regatta::sweeps
