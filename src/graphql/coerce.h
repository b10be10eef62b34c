// Input coercion (specification of October 2021, sections 3.5 to 3.12 "Input Coercion" and 6.1.2).
//
// Pure functions over the schema's types; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "regatta/base/result.h"
#include "regatta/graphql/document.h"
#include "regatta/graphql/engine.h"
#include "regatta/graphql/schema.h"
#include "regatta/graphql/value.h"

namespace regatta::graphql {

// Coerced values by variable name; a variable that was neither sent nor has a default is missing.
using Variables = std::unordered_map<std::string_view, Value>;

class Coercer {
 public:
  // `scalars` is by the name of a custom scalar; both outlive the coercer.
  Coercer(const std::unordered_map<std::string, ScalarParser>& scalars,
          bool ignore_unknown_input_fields)
      : scalars_(scalars), ignore_unknown_input_fields_(ignore_unknown_input_fields) {}

  bool ignores_unknown_input_fields() const { return ignore_unknown_input_fields_; }

  // A value sent as JSON. Errors name the place inside the value: `In field "x": ...`.
  Result<Value> FromJson(const Value& value, TypeRef type) const;

  // A literal whose variables are replaced by their values. Empty without error: the literal is a
  // variable that has no value, so the argument counts as not given.
  Result<std::optional<Value>> FromLiteral(const ValueNode& node, TypeRef type,
                                           const Variables& variables) const;

 private:
  Result<Value> FromJsonObject(const Value& value, const TypeDef& type) const;
  Result<Value> FromLiteralObject(const ValueNode& node, const TypeDef& type,
                                  const Variables& variables) const;
  Result<Value> FromLiteralPresent(const ValueNode& node, TypeRef type,
                                   const Variables& variables) const;
  Result<Value> FromLiteralList(const ValueNode& node, TypeRef type,
                                const Variables& variables) const;
  Result<Value> ParseScalar(const Value& value, const TypeDef& type) const;
  Result<Value> ParseEnum(const Value& value, const TypeDef& type, bool is_literal) const;

  const std::unordered_map<std::string, ScalarParser>& scalars_;
  bool ignore_unknown_input_fields_;
};

// The literal as it is, with variables replaced; one without a value reads as null.
Value LiteralToValue(const ValueNode& node, const Variables& variables);

// Whether a variable's value, coerced to its own type, is null where `type` allows none.
// Empty if it fits, else what is wrong.
std::optional<std::string> FindForbiddenNull(const Value& value, TypeRef type);

// A short JSON rendering for messages.
std::string Shown(const Value& value);

}  // namespace regatta::graphql
