// Reads the requests of `regatta search --stdio`. Every error is kInvalidArgument, names the field
// and says what would be right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journaled_search.h"
#include "regatta/base/result.h"
#include "regatta/search/trial.h"
#include "regatta/sweeps/value.h"
#include "search_journal.h"

namespace regatta::app {

struct SearchRequest {
  std::string op;
  sweeps::Value fields;  // a mapping, "op" included
};

// Errors: a line that is no JSON object, an unknown "op", or a key that this op does not have.
Result<SearchRequest> ParseRequest(std::string_view line);

// A whole number at `key`; nothing if it is not there.
Result<std::optional<std::int64_t>> WholeNumber(const sweeps::Value& request, std::string_view key,
                                                std::int64_t min, std::int64_t max);
// A number at `key`, in any form that NumberFromValue reads; nothing if it is not there.
Result<std::optional<double>> Number(const sweeps::Value& request, std::string_view key);

// How a trial ended: fills state, objectives, constraints and cost of `entry`. A finished trial
// with a value that is not finite has failed.
Result<void> ReadOutcome(const JournaledSearch& search, const sweeps::Value& request,
                         JournalEntry& entry);
// The same for a trial that ended before its full length: its best reported value counts unless the
// request gives another.
Result<void> ReadStopped(const JournaledSearch& search, const sweeps::Value& request,
                         const search::Trial& trial, JournalEntry& entry);

}  // namespace regatta::app
