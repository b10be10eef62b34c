// Type definitions as written: the tree of an SDL text before its names are looked up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "lexer.h"
#include "regatta/base/result.h"
#include "regatta/graphql/document.h"
#include "regatta/graphql/schema.h"

namespace regatta::graphql {

struct SdlInput {
  std::string_view name;
  std::string_view description;
  SourceLocation location;
  TypeNode type;
  std::optional<ValueNode> default_value;
  std::vector<DirectiveNode> directives;
};

struct SdlField {
  std::string_view name;
  std::string_view description;
  SourceLocation location;
  std::vector<SdlInput> args;
  TypeNode type;
  std::vector<DirectiveNode> directives;
};

struct SdlEnumValue {
  std::string_view name;
  std::string_view description;
  SourceLocation location;
  std::vector<DirectiveNode> directives;
};

// A name used in `implements`, a union, or `schema { }` (there with its operation).
struct SdlName {
  std::string_view name;
  SourceLocation location;
};

struct SdlType {
  TypeKind kind = TypeKind::kScalar;
  bool is_extension = false;
  std::string_view name;
  std::string_view description;
  SourceLocation location;
  std::vector<SdlName> interfaces;
  std::vector<SdlName> members;
  std::vector<SdlField> fields;
  std::vector<SdlInput> input_fields;
  std::vector<SdlEnumValue> values;
  std::vector<DirectiveNode> directives;
};

struct SdlDirective {
  std::string_view name;
  std::string_view description;
  SourceLocation location;
  std::vector<SdlInput> args;
  bool is_repeatable = false;
  std::vector<SdlName> locations;
};

struct SdlRoot {
  OperationKind operation = OperationKind::kQuery;
  SdlName type;
};

struct SdlDocument {
  std::vector<SdlType> types;
  std::vector<SdlDirective> directives;
  std::vector<SdlRoot> roots;
  std::string_view description;
};

// Parses `text`, which outlives the tree, as does `pool`.
// Errors: kInvalidArgument with line and column.
Result<SdlDocument> ParseSdl(std::string_view text, StringPool& pool);

}  // namespace regatta::graphql
