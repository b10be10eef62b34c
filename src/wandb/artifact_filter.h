// Choosing and ordering artifacts and collections as listings ask for it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/graphql/arguments.h"

namespace regatta::wandb {

// The value of a named field of the item at hand; null if it has none of that name.
using FieldOf = std::function<nlohmann::json(std::string_view name)>;

// Whether the item passes `filter`: an object of fields and of $and, $or and $not, where a field is
// compared by equality or by $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $exists. A list field
// passes if one of its items does. Errors: kInvalidArgument naming what it does not know.
Result<bool> MatchesFilter(const nlohmann::json& filter, const FieldOf& field);

// The filter of a listing; an empty text passes everything. Errors: kInvalidArgument.
Result<nlohmann::json> ParseFilter(std::string_view text);

// How a listing is ordered.
struct ListingOrder {
  std::string field;  // empty: as it is
  bool is_descending = false;
};

// The first field of the argument `order`, "-createdAt,name".
ListingOrder OrderOf(const graphql::Arguments& args);

// Keeps the items that pass the argument `filters` and orders them as `order` asks, equals as they
// stood. `field_of(item, name)` is the JSON value of a named field. Errors: those of ParseFilter
// and MatchesFilter, after which `items` are of no use.
template <typename Item, typename Fields>
Result<void> Choose(std::vector<Item>& items, const graphql::Arguments& args, Fields field_of) {
  const Result<nlohmann::json> filter = ParseFilter(args.StringOr("filters", ""));
  if (!filter) return filter.error();
  if (!filter->empty()) {
    std::vector<Item> kept;
    for (Item& item : items) {
      const Result<bool> passes = MatchesFilter(
          *filter, [&](std::string_view name) { return nlohmann::json(field_of(item, name)); });
      if (!passes) return passes.error();
      if (*passes) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  const ListingOrder order = OrderOf(args);
  if (order.field.empty()) return Ok();
  std::vector<std::pair<nlohmann::json, std::size_t>> keys;
  for (std::size_t i = 0; i < items.size(); ++i)
    keys.emplace_back(field_of(items[i], order.field), i);
  std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return order.is_descending ? b.first < a.first : a.first < b.first;
    return a.second < b.second;
  });
  std::vector<Item> sorted;
  for (const auto& [key, at] : keys) sorted.push_back(std::move(items[at]));
  items = std::move(sorted);
  return Ok();
}

}  // namespace regatta::wandb
