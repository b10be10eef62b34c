// Carries out the requests of `regatta search --stdio`.
#pragma once

#include <memory>

#include "journaled_search.h"
#include "regatta/base/result.h"
#include "regatta/sweeps/value.h"
#include "search_request.h"

namespace regatta::app {

// The search of an `open`: from a sweep file, or from a state. Errors: kInvalidArgument.
Result<std::unique_ptr<JournaledSearch>> OpenSearch(const sweeps::Value& request);

// The answer to any other op. A request that fails changes nothing.
Result<sweeps::Value> Perform(JournaledSearch& search, const SearchRequest& request);

}  // namespace regatta::app
