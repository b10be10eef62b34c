// Reading the rows of a statement into values.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "sqlite.h"

namespace regatta::storage {

// The only row, or nothing.
template <typename Read>
auto One(Statement statement, Read read) -> Result<std::optional<decltype(read(statement))>> {
  const Result<bool> row = statement.Step();
  if (!row) return row.error();
  if (!*row) return std::optional<decltype(read(statement))>();
  return std::optional(read(statement));
}

template <typename Read>
auto All(Statement statement, Read read) -> Result<std::vector<decltype(read(statement))>> {
  std::vector<decltype(read(statement))> rows;
  while (true) {
    const Result<bool> row = statement.Step();
    if (!row) return row.error();
    if (!*row) return rows;
    rows.push_back(read(statement));
  }
}

}  // namespace regatta::storage
