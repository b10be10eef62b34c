#include "artifact_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "regatta/tracking/extended_json.h"

namespace regatta::wandb {
namespace {

using nlohmann::json;

bool Contains(const json& list, const json& value) {
  return list.is_array() && std::find(list.begin(), list.end(), value) != list.end();
}

// One comparison with one value, which is no list.
Result<bool> Compare(const json& value, const std::string& op, const json& operand) {
  if (op == "$eq") return value == operand;
  if (op == "$in") return Contains(operand, value);
  const bool comparable =
      (value.is_number() && operand.is_number()) || (value.is_string() && operand.is_string());
  if (op == "$gt") return comparable && value > operand;
  if (op == "$gte") return comparable && value >= operand;
  if (op == "$lt") return comparable && value < operand;
  if (op == "$lte") return comparable && value <= operand;
  return InvalidArgument(fmt::format(
      "filter: {} is not known here; use $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte or $exists",
      op));
}

Result<bool> Test(const json& value, const std::string& op, const json& operand) {
  if (op == "$exists") {
    if (!operand.is_boolean()) return InvalidArgument("filter: $exists takes true or false");
    return value.is_null() != operand.get<bool>();
  }
  if (op == "$ne" || op == "$nin") {
    Result<bool> is = Test(value, op == "$ne" ? "$eq" : "$in", operand);
    if (!is) return is;
    return !*is;
  }
  if (!value.is_array()) return Compare(value, op, operand);
  for (const json& item : value) {
    const Result<bool> passes = Compare(item, op, operand);
    if (!passes || *passes) return passes;
  }
  return false;
}

Result<bool> TestField(const json& value, const json& condition) {
  if (!condition.is_object()) return Test(value, "$eq", condition);
  for (const auto& [op, operand] : condition.items()) {
    const Result<bool> passes = Test(value, op, operand);
    if (!passes || !*passes) return passes;
  }
  return true;
}

// `wanted` ends the search: true for "any of", false for "all of".
Result<bool> Combine(const json& filters, const FieldOf& field, bool wanted) {
  if (!filters.is_array()) return InvalidArgument("filter: $and and $or take a list");
  for (const json& filter : filters) {
    const Result<bool> passes = MatchesFilter(filter, field);
    if (!passes || *passes == wanted) return passes;
  }
  return !wanted;
}

}  // namespace

Result<bool> MatchesFilter(const json& filter, const FieldOf& field) {
  if (!filter.is_object()) return InvalidArgument("filter: expected an object");
  for (const auto& [name, condition] : filter.items()) {
    Result<bool> passes = false;
    if (name == "$and" || name == "$or") {
      passes = Combine(condition, field, name == "$or");
    } else if (name == "$not") {
      passes = MatchesFilter(condition, field);
      if (passes) passes = !*passes;
    } else {
      passes = TestField(field(name), condition);
    }
    if (!passes || !*passes) return passes;
  }
  return true;
}

Result<json> ParseFilter(std::string_view text) {
  if (text.empty() || text == "null") return json::object();
  std::optional<json> filter = tracking::ParseStrictJson(text);
  if (!filter || !filter->is_object()) {
    return InvalidArgument("filter: not a JSON object, or nested deeper than 200 levels");
  }
  return *std::move(filter);
}

ListingOrder OrderOf(const graphql::Arguments& args) {
  std::string text = args.StringOr("order", "");
  text = text.substr(0, text.find(','));
  const bool descending = text.starts_with('-');
  if (descending || text.starts_with('+')) text.erase(0, 1);
  return {text, descending};
}

}  // namespace regatta::wandb
