#include "regatta/graphql/value.h"

#include <algorithm>

#include "regatta/base/check.h"

namespace regatta::graphql {

Value Value::Bool(bool value) { return {Kind::kBool, value}; }
Value Value::Int(std::int64_t value) { return {Kind::kInt, value}; }
Value Value::Double(double value) { return {Kind::kDouble, value}; }

Value Value::String(std::string value) {
  return {Kind::kString, std::make_shared<const std::string>(std::move(value))};
}

Value Value::Enum(std::string name) {
  return {Kind::kEnum, std::make_shared<const std::string>(std::move(name))};
}

Value Value::List(std::vector<Value> items) {
  return {Kind::kList, std::make_shared<const std::vector<Value>>(std::move(items))};
}

Value Value::Object(std::vector<Field> fields) {
  return {Kind::kObject, std::make_shared<const std::vector<Field>>(std::move(fields))};
}

bool Value::AsBool() const {
  Check(is_bool(), "a GraphQL value is read as a bool but is none");
  return std::get<bool>(payload_);
}

std::int64_t Value::AsInt() const {
  Check(is_int(), "a GraphQL value is read as an integer but is none");
  return std::get<std::int64_t>(payload_);
}

double Value::AsDouble() const {
  Check(is_number(), "a GraphQL value is read as a number but is none");
  return is_int() ? static_cast<double>(std::get<std::int64_t>(payload_))
                  : std::get<double>(payload_);
}

const std::string& Value::AsString() const {
  Check(is_text(), "a GraphQL value is read as text but is none");
  return *std::get<std::shared_ptr<const std::string>>(payload_);
}

const std::vector<Value>& Value::AsList() const {
  Check(is_list(), "a GraphQL value is read as a list but is none");
  return *std::get<std::shared_ptr<const std::vector<Value>>>(payload_);
}

const std::vector<Value::Field>& Value::AsObject() const {
  Check(is_object(), "a GraphQL value is read as an object but is none");
  return *std::get<std::shared_ptr<const std::vector<Field>>>(payload_);
}

const Value* Value::Find(std::string_view name) const {
  if (!is_object()) {
    return nullptr;
  }
  for (const Field& field : AsObject()) {
    if (field.first == name) {
      return &field.second;
    }
  }
  return nullptr;
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind_ != b.kind_) {
    return false;
  }
  switch (a.kind_) {
    case Value::Kind::kNull:
      return true;
    case Value::Kind::kBool:
      return a.AsBool() == b.AsBool();
    case Value::Kind::kInt:
      return a.AsInt() == b.AsInt();
    case Value::Kind::kDouble:
      return a.AsDouble() == b.AsDouble();
    case Value::Kind::kString:
    case Value::Kind::kEnum:
      return a.AsString() == b.AsString();
    case Value::Kind::kList:
      return a.AsList() == b.AsList();
    case Value::Kind::kObject:
      return a.AsObject().size() == b.AsObject().size() &&
             std::all_of(a.AsObject().begin(), a.AsObject().end(), [&](const Value::Field& field) {
               const Value* other = b.Find(field.first);
               return other != nullptr && *other == field.second;
             });
  }
  return false;
}

}  // namespace regatta::graphql
