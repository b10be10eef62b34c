#include "leaf.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "regatta/base/json_string.h"
#include "regatta/graphql/json.h"

namespace regatta::graphql {
namespace {

std::optional<std::string_view> Text(const Resolved::Payload& payload) {
  if (const auto* text = std::get_if<std::string>(&payload)) {
    return *text;
  }
  if (const auto* borrowed = std::get_if<Resolved::BorrowedText>(&payload)) {
    return borrowed->text;
  }
  if (const auto* value = std::get_if<Value>(&payload); value != nullptr && value->is_text()) {
    return value->AsString();
  }
  return std::nullopt;
}

std::optional<std::int64_t> Integer(const Resolved::Payload& payload) {
  if (const auto* number = std::get_if<std::int64_t>(&payload)) {
    return *number;
  }
  if (const auto* value = std::get_if<Value>(&payload); value != nullptr && value->is_int()) {
    return value->AsInt();
  }
  return std::nullopt;
}

std::optional<double> Number(const Resolved::Payload& payload) {
  if (const auto* number = std::get_if<double>(&payload)) {
    return *number;
  }
  if (const auto* value = std::get_if<Value>(&payload); value != nullptr && value->is_number()) {
    return value->AsDouble();
  }
  if (const auto integer = Integer(payload)) {
    return static_cast<double>(*integer);
  }
  return std::nullopt;
}

std::optional<bool> Boolean(const Resolved::Payload& payload) {
  if (const auto* value = std::get_if<bool>(&payload)) {
    return *value;
  }
  if (const auto* value = std::get_if<Value>(&payload); value != nullptr && value->is_bool()) {
    return value->AsBool();
  }
  return std::nullopt;
}

Error Misfit(const TypeDef& type, std::string_view why) {
  return Internal(fmt::format("a value of type {} {}", type.name, why));
}

Result<bool> AppendText(const Resolved::Payload& payload, const TypeDef& type, std::string& out) {
  if (const auto text = Text(payload)) {
    AppendJsonString(*text, out);
    return true;
  }
  if (const auto integer = Integer(payload)) {
    out += '"';
    AppendJsonInt(*integer, out);
    out += '"';
    return true;
  }
  return Misfit(type, "is not text");
}

Result<bool> AppendBuiltIn(const Resolved::Payload& payload, const TypeDef& type,
                           std::string& out) {
  if (type.name == "Int") {
    const auto integer = Integer(payload);
    if (!integer) {
      return Misfit(type, "is not an integer");
    }
    if (*integer < std::numeric_limits<std::int32_t>::min() ||
        *integer > std::numeric_limits<std::int32_t>::max()) {
      return Misfit(type, fmt::format("does not fit 32 bits: {}", *integer));
    }
    AppendJsonInt(*integer, out);
    return true;
  }
  if (type.name == "Float") {
    const auto number = Number(payload);
    if (!number) {
      return Misfit(type, "is not a number");
    }
    if (!std::isfinite(*number)) {
      return false;
    }
    AppendJsonDouble(*number, out);
    return true;
  }
  if (type.name == "Boolean") {
    const auto boolean = Boolean(payload);
    if (!boolean) {
      return Misfit(type, "is not true or false");
    }
    out += *boolean ? "true" : "false";
    return true;
  }
  return AppendText(payload, type, out);
}

}  // namespace

void AppendAny(const Resolved& value, std::string& out) {
  const Resolved::Payload& payload = value.payload();
  if (const auto text = Text(payload)) {
    AppendJsonString(*text, out);
  } else if (const auto* json = std::get_if<Resolved::JsonText>(&payload)) {
    out += json->text;
  } else if (const auto* any = std::get_if<Value>(&payload)) {
    AppendJson(*any, out);
  } else if (const auto boolean = Boolean(payload)) {
    out += *boolean ? "true" : "false";
  } else if (const auto integer = Integer(payload)) {
    AppendJsonInt(*integer, out);
  } else if (const auto number = Number(payload)) {
    AppendJsonDouble(*number, out);
  } else if (const auto* items = std::get_if<Resolved::Items>(&payload)) {
    out += '[';
    for (std::size_t i = 0; i < items->size(); ++i) {
      out += i == 0 ? "" : ",";
      AppendAny((*items)[i], out);
    }
    out += ']';
  } else {
    out += "null";
  }
}

Result<bool> AppendLeaf(const Resolved& value, const TypeDef& type, std::string& out) {
  const Resolved::Payload& payload = value.payload();
  if (std::holds_alternative<Resolved::ObjectRef>(payload) ||
      std::holds_alternative<Resolved::RecordRef>(payload)) {
    return Misfit(type, "was given as an object");
  }
  if (const auto* json = std::get_if<Resolved::JsonText>(&payload)) {
    out += json->text;
    return true;
  }
  if (type.kind == TypeKind::kEnum) {
    const auto text = Text(payload);
    if (!text || type.FindEnumValue(*text) == nullptr) {
      return Misfit(type, fmt::format("is not one of its values: {}", text.value_or("not a name")));
    }
    AppendJsonString(*text, out);
    return true;
  }
  if (type.is_built_in) {
    return AppendBuiltIn(payload, type, out);
  }
  AppendAny(value, out);
  return true;
}

}  // namespace regatta::graphql
