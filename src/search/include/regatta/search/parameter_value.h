// The value of one parameter, as search sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace regatta::search {

// An item of a categorical parameter, by its place in the list, from 0. What the item is (a string,
// a number, a mapping) only the owner of the space knows.
struct CategoryIndex {
  std::int64_t index = 0;

  friend bool operator==(const CategoryIndex&, const CategoryIndex&) = default;
};

using ParameterValue = std::variant<std::int64_t, double, CategoryIndex>;

// One place in a search space: the value of parameter i of the space at position i, absent where
// the parameter is inactive.
using Point = std::vector<std::optional<ParameterValue>>;

// The number behind an int64 or a double; the index of a category.
double AsNumber(const ParameterValue& value);

// Equal values: 1 and 1.0 are the same number, a category is never equal to a number.
bool SameValue(const ParameterValue& left, const ParameterValue& right);

}  // namespace regatta::search
