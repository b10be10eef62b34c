#include "coerce.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "regatta/base/json_string.h"
#include "regatta/graphql/json.h"

namespace regatta::graphql {
namespace {

constexpr double kInt64Limit = 9223372036854775808.0;

Error Unexpected(TypeRef type, const Value& value) {
  return InvalidArgument(
      fmt::format("Expected type \"{}\", found {}.", type.ToString(), Shown(value)));
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

// An integer, or a double without a fraction.
std::optional<std::int64_t> Integral(const Value& value) {
  if (value.is_int()) {
    return value.AsInt();
  }
  if (value.is_double()) {
    const double number = value.AsDouble();
    if (std::trunc(number) == number && number >= -kInt64Limit && number < kInt64Limit) {
      return static_cast<std::int64_t>(number);
    }
  }
  return std::nullopt;
}

Result<Value> ParseInt32(const Value& value) {
  const std::optional<std::int64_t> number = Integral(value);
  if (!number) {
    return InvalidArgument(fmt::format("Expected type \"Int\", found {}.", Shown(value)));
  }
  if (*number < std::numeric_limits<std::int32_t>::min() ||
      *number > std::numeric_limits<std::int32_t>::max()) {
    return InvalidArgument(
        fmt::format("Expected type \"Int\", found {}: it does not fit 32 bits.", *number));
  }
  return Value::Int(*number);
}

Result<Value> ParseInt64(const Value& value) {
  std::optional<std::int64_t> number = Integral(value);
  if (!number && value.kind() == Value::Kind::kString) {
    number = ParseInteger(value.AsString());
  }
  if (!number) {
    return InvalidArgument(fmt::format("Expected type \"Int64\", found {}.", Shown(value)));
  }
  return Value::Int(*number);
}

Result<Value> ParseId(const Value& value) {
  if (value.kind() == Value::Kind::kString) {
    return value;
  }
  if (value.is_int()) {
    return Value::String(fmt::format("{}", value.AsInt()));
  }
  return InvalidArgument(fmt::format("Expected type \"ID\", found {}.", Shown(value)));
}

Error MissingField(const TypeDef& type, const InputDef& field) {
  return InvalidArgument(fmt::format("Field \"{}.{}\" of required type \"{}\" was not provided.",
                                     type.name, field.name, field.type.ToString()));
}

Error UnknownField(const TypeDef& type, std::string_view name) {
  return InvalidArgument(
      fmt::format("In field \"{}\": Unknown field. Field \"{}\" is not defined by type \"{}\".",
                  name, name, type.name));
}

Error InField(std::string_view name, Error error) {
  return WithContext(fmt::format("In field \"{}\"", name), std::move(error));
}

Error InElement(std::size_t index, Error error) {
  return WithContext(fmt::format("In element #{}", index + 1), std::move(error));
}

}  // namespace

std::string Shown(const Value& value) {
  constexpr std::size_t kShown = 80;
  // A large value is not rendered only to be cut.
  if (value.is_text() && value.AsString().size() > kShown) {
    std::string text;
    AppendJsonString(std::string_view(value.AsString()).substr(0, kShown), text);
    return text + "...";
  }
  if (value.is_list()) {
    return fmt::format("a list of {}", value.AsList().size());
  }
  if (value.is_object()) {
    return fmt::format("an object of {} fields", value.AsObject().size());
  }
  if (value.kind() == Value::Kind::kEnum) {
    return value.AsString();
  }
  return ToJson(value);
}

Value LiteralToValue(const ValueNode& node, const Variables& variables) {
  switch (node.kind) {
    case ValueNode::Kind::kVariable: {
      const auto found = variables.find(node.text);
      return found == variables.end() ? Value() : found->second;
    }
    case ValueNode::Kind::kInt:
      if (const auto number = ParseInteger(node.text)) {
        return Value::Int(*number);
      }
      [[fallthrough]];
    case ValueNode::Kind::kFloat: {
      double number = 0;
      const char* end = node.text.data() + node.text.size();
      const auto parsed = std::from_chars(node.text.data(), end, number);
      if (parsed.ec == std::errc::result_out_of_range) {
        // Too large or too small for a double; only the former is refused by the scalars.
        number = node.text.find("e-") == std::string_view::npos &&
                         node.text.find("E-") == std::string_view::npos
                     ? std::numeric_limits<double>::infinity()
                     : 0.0;
      }
      return Value::Double(number);
    }
    case ValueNode::Kind::kString:
      return Value::String(std::string(node.text));
    case ValueNode::Kind::kBool:
      return Value::Bool(node.bool_value);
    case ValueNode::Kind::kNull:
      return {};
    case ValueNode::Kind::kEnum:
      return Value::Enum(std::string(node.text));
    case ValueNode::Kind::kList: {
      std::vector<Value> items;
      items.reserve(node.items.size());
      for (const ValueNode& item : node.items) {
        items.push_back(LiteralToValue(item, variables));
      }
      return Value::List(std::move(items));
    }
    case ValueNode::Kind::kObject: {
      std::vector<Value::Field> fields;
      fields.reserve(node.fields.size());
      for (const ValueNode::Field& field : node.fields) {
        fields.emplace_back(std::string(field.name), LiteralToValue(field.value, variables));
      }
      return Value::Object(std::move(fields));
    }
  }
  return {};
}

std::optional<std::string> FindForbiddenNull(const Value& value, TypeRef type) {
  if (value.is_null()) {
    if (!type.is_non_null()) {
      return std::nullopt;
    }
    return fmt::format("Expected \"{}\", found null.", type.ToString());
  }
  type = type.nullable();
  if (type.is_list() && value.is_list()) {
    for (std::size_t i = 0; i < value.AsList().size(); ++i) {
      if (auto wrong = FindForbiddenNull(value.AsList()[i], type.inner())) {
        return fmt::format("In element #{}: {}", i + 1, *wrong);
      }
    }
  }
  return std::nullopt;
}

Result<Value> Coercer::ParseScalar(const Value& value, const TypeDef& type) const {
  if (type.is_built_in) {
    if (type.name == "Int") {
      return ParseInt32(value);
    }
    if (type.name == "ID") {
      return ParseId(value);
    }
    if (type.name == "String" && value.kind() == Value::Kind::kString) {
      return value;
    }
    if (type.name == "Boolean" && value.is_bool()) {
      return value;
    }
    if (type.name == "Float" && value.is_number() && std::isfinite(value.AsDouble())) {
      return Value::Double(value.AsDouble());
    }
    return Unexpected({&type, 0}, value);
  }
  if (const auto hook = scalars_.find(type.name); hook != scalars_.end()) {
    return hook->second(value);
  }
  return type.name == "Int64" ? ParseInt64(value) : Result<Value>(value);
}

Result<Value> Coercer::ParseEnum(const Value& value, const TypeDef& type, bool is_literal) const {
  const Value::Kind wanted = is_literal ? Value::Kind::kEnum : Value::Kind::kString;
  if (value.kind() != wanted && value.kind() != Value::Kind::kEnum) {
    return Unexpected({&type, 0}, value);
  }
  if (type.FindEnumValue(value.AsString()) == nullptr) {
    return InvalidArgument(fmt::format("Value {} does not exist in \"{}\" enum.",
                                       Shown(Value::String(value.AsString())), type.name));
  }
  return Value::Enum(value.AsString());
}

Result<Value> Coercer::FromJson(const Value& value, TypeRef type) const {
  if (value.is_null()) {
    if (type.is_non_null()) {
      return InvalidArgument(fmt::format("Expected \"{}\", found null.", type.ToString()));
    }
    return value;
  }
  type = type.nullable();
  if (type.is_list()) {
    std::vector<Value> items;
    if (!value.is_list()) {
      Result<Value> item = FromJson(value, type.inner());
      if (!item) {
        return item;
      }
      items.push_back(*std::move(item));
      return Value::List(std::move(items));
    }
    items.reserve(value.AsList().size());
    for (const Value& element : value.AsList()) {
      Result<Value> item = FromJson(element, type.inner());
      if (!item) {
        return InElement(items.size(), item.error());
      }
      items.push_back(*std::move(item));
    }
    return Value::List(std::move(items));
  }
  switch (type.named->kind) {
    case TypeKind::kScalar:
      return ParseScalar(value, *type.named);
    case TypeKind::kEnum:
      return ParseEnum(value, *type.named, false);
    case TypeKind::kInputObject:
      return value.is_object() ? FromJsonObject(value, *type.named)
                               : Result<Value>(Unexpected(type, value));
    case TypeKind::kObject:
    case TypeKind::kInterface:
    case TypeKind::kUnion:
      break;
  }
  return Internal("an output type is used as input: " + type.ToString());
}

Result<Value> Coercer::FromJsonObject(const Value& value, const TypeDef& type) const {
  if (!ignore_unknown_input_fields_) {
    for (const auto& [name, ignored] : value.AsObject()) {
      if (type.FindInputField(name) == nullptr) {
        return UnknownField(type, name);
      }
    }
  }
  std::vector<Value::Field> fields;
  for (const InputDef& field : type.input_fields) {
    const Value* given = value.Find(field.name);
    if (given == nullptr) {
      if (field.is_required()) {
        return MissingField(type, field);
      }
      if (field.default_value) {
        fields.emplace_back(field.name, *field.default_value);
      }
      continue;
    }
    Result<Value> coerced = FromJson(*given, field.type);
    if (!coerced) {
      return InField(field.name, coerced.error());
    }
    fields.emplace_back(field.name, *std::move(coerced));
  }
  return Value::Object(std::move(fields));
}

Result<std::optional<Value>> Coercer::FromLiteral(const ValueNode& node, TypeRef type,
                                                  const Variables& variables) const {
  if (node.kind == ValueNode::Kind::kVariable && !variables.contains(node.text)) {
    return std::optional<Value>();
  }
  Result<Value> value = FromLiteralPresent(node, type, variables);
  if (!value) {
    return std::move(value).error();
  }
  return std::optional<Value>(*std::move(value));
}

Result<Value> Coercer::FromLiteralPresent(const ValueNode& node, TypeRef type,
                                          const Variables& variables) const {
  if (node.kind == ValueNode::Kind::kVariable) {
    const auto found = variables.find(node.text);
    const Value value = found == variables.end() ? Value() : found->second;
    if (const auto wrong = FindForbiddenNull(value, type)) {
      return InvalidArgument(fmt::format("Variable \"${}\": {}", node.text, *wrong));
    }
    // The variable was coerced to its own type; what is left is a single value in a list's place.
    return type.nullable().is_list() && !value.is_list() && !value.is_null() ? FromJson(value, type)
                                                                             : Result<Value>(value);
  }
  if (node.kind == ValueNode::Kind::kNull) {
    if (type.is_non_null()) {
      return InvalidArgument(fmt::format("Expected \"{}\", found null.", type.ToString()));
    }
    return Value();
  }
  type = type.nullable();
  if (type.is_list()) {
    return FromLiteralList(node, type, variables);
  }
  switch (type.named->kind) {
    case TypeKind::kScalar: {
      const Value value = LiteralToValue(node, variables);
      // An enum name is no string: only custom scalars may take it.
      if (type.named->is_built_in && value.kind() == Value::Kind::kEnum) {
        return Unexpected(type, value);
      }
      return ParseScalar(value, *type.named);
    }
    case TypeKind::kEnum:
      return ParseEnum(LiteralToValue(node, variables), *type.named, true);
    case TypeKind::kInputObject:
      if (node.kind != ValueNode::Kind::kObject) {
        return Unexpected(type, LiteralToValue(node, variables));
      }
      return FromLiteralObject(node, *type.named, variables);
    case TypeKind::kObject:
    case TypeKind::kInterface:
    case TypeKind::kUnion:
      break;
  }
  return Internal("an output type is used as input: " + type.ToString());
}

Result<Value> Coercer::FromLiteralList(const ValueNode& node, TypeRef type,
                                       const Variables& variables) const {
  std::vector<Value> items;
  if (node.kind != ValueNode::Kind::kList) {
    Result<Value> item = FromLiteralPresent(node, type.inner(), variables);
    if (!item) {
      return item;
    }
    items.push_back(*std::move(item));
    return Value::List(std::move(items));
  }
  items.reserve(node.items.size());
  for (const ValueNode& element : node.items) {
    Result<Value> item = FromLiteralPresent(element, type.inner(), variables);
    if (!item) {
      return InElement(items.size(), item.error());
    }
    items.push_back(*std::move(item));
  }
  return Value::List(std::move(items));
}

Result<Value> Coercer::FromLiteralObject(const ValueNode& node, const TypeDef& type,
                                         const Variables& variables) const {
  std::unordered_map<std::string_view, const ValueNode*> given;
  for (const ValueNode::Field& field : node.fields) {
    if (!ignore_unknown_input_fields_ && type.FindInputField(field.name) == nullptr) {
      return UnknownField(type, field.name);
    }
    given.emplace(field.name, &field.value);
  }
  std::vector<Value::Field> fields;
  for (const InputDef& field : type.input_fields) {
    const auto found = given.find(field.name);
    std::optional<Value> value;
    if (found != given.end()) {
      Result<std::optional<Value>> coerced = FromLiteral(*found->second, field.type, variables);
      if (!coerced) {
        return InField(field.name, coerced.error());
      }
      value = *std::move(coerced);
    }
    if (!value) {
      if (field.is_required()) {
        return MissingField(type, field);
      }
      value = field.default_value;
    }
    if (value) {
      fields.emplace_back(field.name, *std::move(value));
    }
  }
  return Value::Object(std::move(fields));
}

}  // namespace regatta::graphql
