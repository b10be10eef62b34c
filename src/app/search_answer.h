// How the answers of `regatta search --stdio` look. Fields may be added, never renamed or removed:
// docs/search-stdio.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "journaled_search.h"
#include "regatta/search/promotion.h"
#include "regatta/search/stopper.h"
#include "regatta/search/trial.h"
#include "regatta/sweeps/value.h"

namespace regatta::app {

sweeps::Value Map();  // empty
sweeps::Value Text(std::string_view text);
sweeps::Value Count(std::uint64_t number);

// The facts behind a proposal and behind a decision to stop or not, each with a sentence "text".
sweeps::Value WhyProposed(const search::Explanation& why);
sweeps::Value WhyStopped(const search::StopDecision& decision);

// {"name":{"value":v}} as {"name":v}, and back.
sweeps::Value WithoutWrapping(const sweeps::Value& run_config);
sweeps::Value WithWrapping(const sweeps::Value& parameters);

// The answer to `open`.
sweeps::Value DescribeSearch(const JournaledSearch& search);
// A finished trial, as `best` shows it.
sweeps::Value DescribeOutcome(const JournaledSearch& search, const search::Trial& trial);
// A paused trial that is to go on, as `ask` shows it.
sweeps::Value DescribeResumed(const JournaledSearch& search, const search::Promotion& promotion);

}  // namespace regatta::app
