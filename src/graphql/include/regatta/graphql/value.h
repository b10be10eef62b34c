// A JSON-like value as GraphQL sees it: arguments, variables, defaults, and answers of JSON
// scalars.
//
// Immutable; copies are cheap (strings, lists and objects are shared), so a value of 10 MB is
// handed around for the price of a pointer. Safe to read from several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace regatta::graphql {

class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kDouble, kString, kEnum, kList, kObject };
  // In the order in which they were written; names are unique.
  using Field = std::pair<std::string, Value>;

  // Null.
  Value() = default;

  static Value Bool(bool value);
  static Value Int(std::int64_t value);
  static Value Double(double value);
  static Value String(std::string value);
  // The name of an enum value. Reads like a string.
  static Value Enum(std::string name);
  static Value List(std::vector<Value> items);
  // Requires: names are unique.
  static Value Object(std::vector<Field> fields);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kBool; }
  bool is_int() const { return kind_ == Kind::kInt; }
  bool is_double() const { return kind_ == Kind::kDouble; }
  bool is_number() const { return is_int() || is_double(); }
  // A string or the name of an enum value.
  bool is_text() const { return kind_ == Kind::kString || kind_ == Kind::kEnum; }
  bool is_list() const { return kind_ == Kind::kList; }
  bool is_object() const { return kind_ == Kind::kObject; }

  // Each requires the kind of its name; AsDouble also takes an int, AsString an enum.
  bool AsBool() const;
  std::int64_t AsInt() const;
  double AsDouble() const;
  const std::string& AsString() const;
  const std::vector<Value>& AsList() const;
  const std::vector<Field>& AsObject() const;

  // The field `name` of an object, or null if there is none or this is no object. Linear in the
  // fields.
  const Value* Find(std::string_view name) const;

  // Equal kind and content; objects compare by name, whatever their order.
  friend bool operator==(const Value& a, const Value& b);

 private:
  using Payload =
      std::variant<std::monostate, bool, std::int64_t, double, std::shared_ptr<const std::string>,
                   std::shared_ptr<const std::vector<Value>>,
                   std::shared_ptr<const std::vector<Field>>>;
  Value(Kind kind, Payload payload) : payload_(std::move(payload)), kind_(kind) {}

  Payload payload_;
  Kind kind_ = Kind::kNull;
};

}  // namespace regatta::graphql
