// What a search of `regatta search --stdio` has found: the answers to `best` and `importance`.
#pragma once

#include "journaled_search.h"
#include "regatta/base/result.h"
#include "regatta/sweeps/value.h"

namespace regatta::app {

// The finished trial with the best value or, of several objectives, those that none beats in all of
// them. Trials that break a constraint are left out.
Result<sweeps::Value> Best(const JournaledSearch& search);

// How much each parameter matters, the predicted optimum, and whether going on promises anything.
// Errors: as search::Analysis::Create, when there are too few results.
Result<sweeps::Value> Importance(const JournaledSearch& search);

}  // namespace regatta::app
