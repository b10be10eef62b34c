// The sections of a sweep file, each with its own reader. Every reader reports what is wrong and
// fills in what it understood.
#pragma once

#include "config_reader.h"
#include "regatta/sweeps/sweep_config.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

void ReadMetric(const Value& value, SweepConfig& sweep, ProblemList& problems);
void ReadMetrics(const Value& value, SweepConfig& sweep, ProblemList& problems);
void ReadEarlyTerminate(const Value& value, SweepConfig& sweep, ProblemList& problems);
// The block `regatta:`.
void ReadRegattaBlock(const Value& value, SweepConfig& sweep, ProblemList& problems);

}  // namespace regatta::sweeps
