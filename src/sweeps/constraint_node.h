// The syntax tree of a constraint.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/sweeps/constraint.h"

namespace regatta::sweeps {

enum class ConstraintOp : std::uint8_t {
  kNumber,   // number
  kText,     // text
  kBoolean,  // number 0 or 1
  kNull,
  kName,  // text; index into Constraint::names()
  kList,  // children
  kCall,  // text, children
  kNegate,
  kPlus,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kCompare,  // children[0] ops[0] children[1] ops[1] children[2] ...
  kNot,
  kAnd,
  kOr,
};

enum class CompareOp : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

struct ConstraintNode {
  ConstraintOp op = ConstraintOp::kNull;
  int column = 1;
  double number = 0;
  std::string text;
  std::size_t name = 0;
  std::vector<CompareOp> compares;
  std::vector<std::unique_ptr<ConstraintNode>> children;
};

using ConstraintTree = std::unique_ptr<ConstraintNode>;

// What a function takes; `most` 0: any number.
struct ConstraintFunction {
  std::string_view name;
  std::size_t least;
  std::size_t most;
};

// The function called `name`, or null.
const ConstraintFunction* FindConstraintFunction(std::string_view name);
// All function names, for suggestions.
std::vector<std::string_view> ConstraintFunctionNames();

struct ParsedConstraint {
  ConstraintTree root;
  std::vector<std::string> names;
};

// Reads `text`; a null root and a filled `error` if it cannot.
ParsedConstraint ParseConstraintText(std::string_view text, ConstraintError* error);

// What is wrong with the tree's names and types; an empty message if nothing is.
ConstraintError CheckConstraintTree(
    const ConstraintNode& root, FunctionRef<std::optional<ConstraintTypes>(std::string_view)> types,
    std::span<const std::string_view> known);

}  // namespace regatta::sweeps
