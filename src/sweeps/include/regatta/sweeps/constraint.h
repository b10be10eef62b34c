// The constraint language of sweep files: `batch_size * accumulate <= 4096` (sweep-config 22.4).
//
// Python's operators and precedence over numbers, strings and booleans: + - * / // % **, chained
// comparisons, `and or not in`, parentheses, and min max abs sqrt log log2 log10 exp floor ceil
// round len. No loops, no attributes, no calls of anything else; size and depth are bounded, so
// evaluating one costs microseconds at most. A Constraint is immutable and thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

struct ConstraintNode;

// The kinds of value a parameter can take, for checking a constraint before anything runs.
struct ConstraintTypes {
  bool number = false;
  bool boolean = false;
  bool string = false;
  bool other = false;  // null, lists and mappings
  // All values that it can take, where they are a list; empty otherwise. Borrowed.
  std::span<const Value> values = {};
};

struct ConstraintError {
  int column = 1;  // in the constraint's own text, from 1
  std::string message;
  std::string suggestion;
};

class Constraint {
 public:
  // Reads `text`. On failure returns kInvalidArgument "column N: ...", and tells `error` if it is
  // given.
  static Result<Constraint> Parse(std::string_view text, ConstraintError* error = nullptr);

  const std::string& text() const { return text_; }
  // The parameters that it names, each once, in order of appearance.
  const std::vector<std::string>& names() const { return names_; }

  // Checks names and types against the space: `types` gives a parameter's kinds, or nothing if
  // there is no such parameter; `known` are the names to suggest from. Nothing wrong: nullopt.
  std::optional<ConstraintError> CheckTypes(
      FunctionRef<std::optional<ConstraintTypes>(std::string_view)> types,
      std::span<const std::string_view> known) const;

  // Whether the point satisfies it. `lookup` gives a parameter's value or null where it is
  // inactive; a constraint that names an inactive parameter counts as satisfied. Errors:
  // kInvalidArgument where the expression has no value (division by zero, log of 0, a string
  // compared with a number).
  Result<bool> IsSatisfied(FunctionRef<const Value*(std::string_view)> lookup) const;

 private:
  std::string text_;
  std::vector<std::string> names_;
  std::shared_ptr<const ConstraintNode> root_;  // shared by copies, never changed
};

}  // namespace regatta::sweeps
