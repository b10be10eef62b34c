// Whether a document fits a schema (specification of October 2021, section 5, with the tolerance
// that engine.h states).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "coerce.h"
#include "regatta/base/error.h"
#include "regatta/graphql/document.h"
#include "regatta/graphql/schema.h"

namespace regatta::graphql {

struct LocatedError {
  Error error;
  std::vector<SourceLocation> locations;
};

struct ValidationLimits {
  // Nested fields, fragments expanded.
  std::size_t max_depth = 64;
  // Visits while looking for conflicting fields: bounds the work that a small document can ask for.
  std::size_t max_visits = 500'000;
  std::size_t max_errors = 50;
};

struct Validation {
  // Empty: the document may run.
  std::vector<LocatedError> errors;
  // For each operation the variables that decide a @skip or @include: they may not be null.
  std::vector<std::vector<std::string_view>> condition_variables;
};

Validation Validate(const Schema& schema, const Document& document, const Coercer& coercer,
                    const ValidationLimits& limits);

// The field `name` of a composite type, `__typename`, `__schema` and `__type` included.
const FieldDef* FindSelectableField(const Schema& schema, const TypeDef& parent,
                                    std::string_view name);

// Conflicts among the selected fields: "Overlapping fields can be merged". Requires: no fragment
// cycles.
std::vector<LocatedError> FindConflicts(const Schema& schema, const Document& document,
                                        std::size_t max_visits);

}  // namespace regatta::graphql
