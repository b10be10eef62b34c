// The type system of one GraphQL service, read from a single SDL text.
//
// Immutable after Parse, so safe from any thread. Everything it hands out by pointer lives as long
// as the Schema (moving it keeps the pointers valid).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/graphql/value.h"

namespace regatta::graphql {

struct TypeDef;

enum class TypeKind : std::uint8_t { kScalar, kObject, kInterface, kUnion, kEnum, kInputObject };

// A named type in its wrappers, such as [String!]!. A value: cheap to copy.
struct TypeRef {
  const TypeDef* named = nullptr;
  // Two bits for each wrapper, the outermost lowest: 1 is "!", 2 is "[]".
  std::uint32_t wrappers = 0;

  bool is_non_null() const { return (wrappers & 3U) == 1U; }
  bool is_list() const { return (wrappers & 3U) == 2U; }
  // Without the outermost wrapper. Requires one.
  TypeRef inner() const { return {named, wrappers >> 2U}; }
  // Without an outermost "!".
  TypeRef nullable() const { return is_non_null() ? inner() : *this; }
  // As in SDL: "[String!]!".
  std::string ToString() const;

  friend bool operator==(const TypeRef&, const TypeRef&) = default;
};

// An argument of a field or directive, or a field of an input object.
struct InputDef {
  std::string name;
  std::string description;
  TypeRef type;
  // Coerced to `type`. An explicit null default is a Value that is null.
  std::optional<Value> default_value;
  std::optional<std::string> deprecation;

  // The caller has to give it.
  bool is_required() const { return type.is_non_null() && !default_value; }
};

struct FieldDef {
  std::string name;
  std::string description;
  TypeRef type;
  std::vector<InputDef> args;
  // The reason, when deprecated.
  std::optional<std::string> deprecation;
  const TypeDef* parent = nullptr;
  // Dense over all fields of the schema.
  std::size_t index = 0;

  const InputDef* FindArg(std::string_view arg_name) const;
};

struct EnumValueDef {
  std::string name;
  std::string description;
  std::optional<std::string> deprecation;
};

struct TypeDef {
  TypeKind kind = TypeKind::kScalar;
  std::string name;
  std::string description;
  // Of objects and interfaces, in the order of the SDL.
  std::vector<FieldDef> fields;
  // Of input objects.
  std::vector<InputDef> input_fields;
  std::vector<EnumValueDef> enum_values;
  // That an object or interface implements.
  std::vector<const TypeDef*> interfaces;
  // Objects that a value of this interface or union can be; of an object itself.
  std::vector<const TypeDef*> possible_types;
  std::optional<std::string> specified_by_url;
  // Int, Float, String, Boolean, ID and the types of introspection.
  bool is_built_in = false;

  bool is_leaf() const { return kind == TypeKind::kScalar || kind == TypeKind::kEnum; }
  bool is_composite() const {
    return kind == TypeKind::kObject || kind == TypeKind::kInterface || kind == TypeKind::kUnion;
  }
  bool is_abstract() const { return kind == TypeKind::kInterface || kind == TypeKind::kUnion; }
  bool is_input() const { return is_leaf() || kind == TypeKind::kInputObject; }

  const FieldDef* FindField(std::string_view field_name) const;
  const InputDef* FindInputField(std::string_view field_name) const;
  const EnumValueDef* FindEnumValue(std::string_view value_name) const;
  bool CanBe(const TypeDef* object) const;

  // Position in `fields` by name.
  std::unordered_map<std::string_view, std::size_t> field_positions;
};

struct DirectiveDef {
  std::string name;
  std::string description;
  std::vector<InputDef> args;
  // As in SDL: "FIELD", "FRAGMENT_SPREAD", ...
  std::vector<std::string> locations;
  bool is_repeatable = false;
};

class Schema {
 public:
  // Reads type definitions, extensions (`extend type ...`), directive definitions and an optional
  // `schema { ... }` block; without it the roots are the types Query and Mutation. Checks the
  // whole: all named types exist, inputs are input types, interfaces are implemented, defaults fit
  // their types. Errors: kInvalidArgument with line and column.
  static Result<Schema> Parse(std::string_view sdl);

  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  // Null if there is none.
  const TypeDef* FindType(std::string_view name) const;
  const DirectiveDef* FindDirective(std::string_view name) const;

  // Never null.
  const TypeDef* query_type() const { return query_type_; }
  // Null if the service has no mutations.
  const TypeDef* mutation_type() const { return mutation_type_; }
  const std::string& description() const { return description_; }

  // In the order of the SDL, the built-in ones last.
  const std::vector<std::unique_ptr<TypeDef>>& types() const { return types_; }
  const std::vector<std::unique_ptr<DirectiveDef>>& directives() const { return directives_; }
  // How many FieldDef::index values there are.
  std::size_t field_count() const { return field_count_; }

  // The fields that every query type and every composite type have without listing them.
  const FieldDef& schema_field() const { return *schema_field_; }
  const FieldDef& type_field() const { return *type_field_; }
  const FieldDef& typename_field() const { return *typename_field_; }

 private:
  friend class SchemaBuilder;
  Schema();

  std::vector<std::unique_ptr<TypeDef>> types_;
  std::unordered_map<std::string_view, TypeDef*> types_by_name_;
  std::vector<std::unique_ptr<DirectiveDef>> directives_;
  std::string description_;
  const TypeDef* query_type_ = nullptr;
  const TypeDef* mutation_type_ = nullptr;
  std::size_t field_count_ = 0;
  std::unique_ptr<FieldDef> schema_field_;
  std::unique_ptr<FieldDef> type_field_;
  std::unique_ptr<FieldDef> typename_field_;
};

}  // namespace regatta::graphql
