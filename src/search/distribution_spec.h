// Which specifications of distributions make sense, and what their kinds have in common.
#pragma once

#include <utility>

#include "regatta/base/result.h"
#include "regatta/search/distribution.h"

namespace regatta::search {

// 2^53 levels: above it neighbours cannot be told apart.
inline constexpr double kLevelsMax = 9007199254740992.0;
// No whole number that is proposed lies beyond.
inline constexpr double kInt64Edge = 9.2e18;

// Whether draws are rounded to multiples of a step.
bool IsQuantized(DistributionKind kind);

// The ends of the unquantised range.
std::pair<double, double> RangeOf(const DistributionSpec& spec);

// Errors: as Distribution::Create.
Result<void> CheckSpec(const DistributionSpec& spec);

}  // namespace regatta::search
