// An executable GraphQL document as a tree: what a client sent, parsed but not yet checked against
// a schema.
//
// Immutable after ParseDocument. Every string_view in the tree points into the Document's own copy
// of the text or of its unescaped strings, and lives as long as the Document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::graphql {

// Line and column count from 1; columns in bytes.
struct SourceLocation {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct ParseLimits {
  std::size_t max_bytes = std::size_t{1} << 20;
  std::size_t max_tokens = 100'000;
  // Of selections and of values, each.
  std::size_t max_depth = 64;
};

// A value as written, which may hold variables.
struct ValueNode {
  enum class Kind : std::uint8_t {
    kVariable,
    kInt,
    kFloat,
    kString,
    kBool,
    kNull,
    kEnum,
    kList,
    kObject
  };
  struct Field;

  Kind kind = Kind::kNull;
  bool bool_value = false;
  SourceLocation location;
  // The variable's name without $, the digits, the unescaped string, or the enum's name.
  std::string_view text;
  std::vector<ValueNode> items;
  std::vector<Field> fields;
};

struct ValueNode::Field {
  std::string_view name;
  SourceLocation location;
  ValueNode value;
};

// A type as written: its name and wrappers, encoded as in TypeRef.
struct TypeNode {
  std::string_view name;
  std::uint32_t wrappers = 0;
  SourceLocation location;
};

struct ArgumentNode {
  std::string_view name;
  SourceLocation location;
  ValueNode value;
};

struct DirectiveNode {
  std::string_view name;
  SourceLocation location;
  std::vector<ArgumentNode> arguments;
};

struct SelectionNode {
  enum class Kind : std::uint8_t { kField, kFragmentSpread, kInlineFragment };

  Kind kind = Kind::kField;
  SourceLocation location;
  // Of the field or of the fragment; empty for an inline fragment.
  std::string_view name;
  // The alias, or the field's name.
  std::string_view response_key;
  // Of an inline fragment, empty if it has none.
  std::string_view type_condition;
  std::vector<ArgumentNode> arguments;
  std::vector<DirectiveNode> directives;
  std::vector<SelectionNode> selections;
};

struct VariableNode {
  std::string_view name;
  SourceLocation location;
  TypeNode type;
  std::optional<ValueNode> default_value;
  std::vector<DirectiveNode> directives;
};

enum class OperationKind : std::uint8_t { kQuery, kMutation, kSubscription };

struct OperationNode {
  OperationKind kind = OperationKind::kQuery;
  // Empty if it has none.
  std::string_view name;
  SourceLocation location;
  std::vector<VariableNode> variables;
  std::vector<DirectiveNode> directives;
  std::vector<SelectionNode> selections;
};

struct FragmentNode {
  std::string_view name;
  SourceLocation location;
  std::string_view type_condition;
  std::vector<DirectiveNode> directives;
  std::vector<SelectionNode> selections;
};

struct Document {
  std::vector<OperationNode> operations;
  std::vector<FragmentNode> fragments;
  std::size_t token_count = 0;

  const FragmentNode* FindFragment(std::string_view name) const;

  // What the views point into.
  std::shared_ptr<const void> storage;
};

// Parses operations and fragments. `#` comments, block strings and commas are as in the
// specification (October 2021, sections 2 and 3.13 aside: type definitions are refused here).
// Errors: kInvalidArgument "Syntax Error (line:column): ...", kResourceExhausted naming the limit.
// When `location` is given it is set to the place of the error.
Result<Document> ParseDocument(std::string_view text, const ParseLimits& limits = {},
                               SourceLocation* location = nullptr);

}  // namespace regatta::graphql
