// A sweep's parts as people read them.
#pragma once

#include <string>
#include <vector>

#include "regatta/sweeps/explain.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// The values or the bounds, as values of the parameter even where the file has exponents.
std::string RangeText(const ParameterConfig& config);

// "optimizer is sgd and depth >= 3"; empty without clauses.
std::string WhenText(const std::vector<WhenClause>& clauses);

// "0.01, high confidence"; empty without a prior.
std::string PriorText(const ParameterConfig& config);

// Objectives and outcome constraints.
std::string MetricText(const SweepConfig& config);

// What the file asks for beside its parameters; defaults are left out, but for the sampler.
std::vector<ExplainedSetting> ExplainSettings(const SweepConfig& config);

}  // namespace regatta::sweeps
