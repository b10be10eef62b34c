// Reads `parameters:` at every depth.
#pragma once

#include <string>
#include <vector>

#include "config_reader.h"
#include "regatta/sweeps/sweep_config.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

// The parameters of `map` (a mapping at `path`) that could be understood, in file order.
std::vector<ParameterConfig> ReadParameters(const Value& map, const std::string& path,
                                            ProblemList& problems);

}  // namespace regatta::sweeps
