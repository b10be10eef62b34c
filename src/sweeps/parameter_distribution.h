// From one parameter of a sweep file to search's distribution.
#pragma once

#include <cstdint>
#include <optional>

#include "regatta/base/result.h"
#include "regatta/search/distribution.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// Requires: neither a constant nor a group.
Result<search::Distribution> MakeDistribution(const ParameterConfig& parameter);

// The place of `value` among the values, by typed equality.
std::optional<std::int64_t> FindCategory(const std::vector<Value>& values, const Value& value);

// A plain value as search holds it; nothing if it cannot be one of this parameter's.
std::optional<search::ParameterValue> ToParameterValue(const ParameterConfig& parameter,
                                                       const search::Distribution& distribution,
                                                       const Value& value);

}  // namespace regatta::sweeps
