// Choosing and ordering artifacts and collections as listings ask for it.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "regatta/base/result.h"

namespace regatta::wandb {

// The value of a named field of the item at hand; null if it has none of that name.
using FieldOf = std::function<nlohmann::json(std::string_view name)>;

// Whether the item passes `filter`: an object of fields and of $and, $or and $not, where a field is
// compared by equality or by $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $exists. A list field
// passes if one of its items does. Errors: kInvalidArgument naming what it does not know.
Result<bool> MatchesFilter(const nlohmann::json& filter, const FieldOf& field);

// The filter of a listing; an empty text passes everything. Errors: kInvalidArgument.
Result<nlohmann::json> ParseFilter(std::string_view text);

}  // namespace regatta::wandb
