// One pass over a history or events row, as clients write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "regatta/base/function_ref.h"

namespace regatta::tracking {

// A member of the row's top level. Both views lie inside the row.
struct RowMember {
  std::string_view key;    // as written between the quotes, escapes and all
  std::string_view value;  // JSON text of the value, or NaN, Infinity, -Infinity
};

// Visits the members of a row, a JSON object that may also hold the bare numbers NaN, Infinity and
// -Infinity, in any order of keys. False if the text is no such object; the visitor may have been
// called then. Nesting deeper than 200 is refused. Touches each byte once.
bool ScanRow(std::string_view row, FunctionRef<void(const RowMember&)> visit);

// True if `text` is one JSON value in that wider sense.
bool IsExtendedJson(std::string_view text);

// `_step` of the row if it is written as an integer.
// `is_valid` tells whether the row is an object at all.
struct RowStep {
  bool is_valid = false;
  std::optional<std::int64_t> step;
};
RowStep ScanStep(std::string_view row);

// The number that `value` writes: a finite double, or nothing for NaN, infinities, texts, booleans.
std::optional<double> FiniteNumber(std::string_view value);

}  // namespace regatta::tracking
