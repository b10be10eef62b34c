// What can be said about a sweep when all of its file is read: is there a point to try, and a
// command to run?
#pragma once

#include <string>

#include "config_reader.h"
#include "regatta/sweeps/sweep_config.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

// The search space: parents, zips, constraints, method, initial points, sampler.
void CheckSpace(const SweepConfig& config, ProblemList& problems);

// The items of `command`: macros that nobody knows, ${program} without a program. `items` is the
// list in the file, or null.
void CheckCommand(const SweepConfig& config, const Value* items, ProblemList& problems);

// An item of `command` as text: 5 is "5", true is "True".
std::string CommandItemText(const Value& item);

}  // namespace regatta::sweeps
