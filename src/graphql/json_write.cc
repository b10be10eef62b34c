#include <array>
#include <charconv>
#include <cmath>

#include "regatta/base/json_string.h"
#include "regatta/graphql/json.h"

namespace regatta::graphql {

void AppendJsonInt(std::int64_t value, std::string& out) {
  std::array<char, 24> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), result.ptr);
}

void AppendJsonDouble(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) {
    out += ".0";
  }
}

void AppendJson(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      out += "null";
      return;
    case Value::Kind::kBool:
      out += value.AsBool() ? "true" : "false";
      return;
    case Value::Kind::kInt:
      AppendJsonInt(value.AsInt(), out);
      return;
    case Value::Kind::kDouble:
      AppendJsonDouble(value.AsDouble(), out);
      return;
    case Value::Kind::kString:
    case Value::Kind::kEnum:
      AppendJsonString(value.AsString(), out);
      return;
    case Value::Kind::kList: {
      char separator = '[';
      for (const Value& item : value.AsList()) {
        out += separator;
        AppendJson(item, out);
        separator = ',';
      }
      out += separator == '[' ? "[]" : "]";
      return;
    }
    case Value::Kind::kObject: {
      char separator = '{';
      for (const auto& [name, field] : value.AsObject()) {
        out += separator;
        AppendJsonString(name, out);
        out += ':';
        AppendJson(field, out);
        separator = ',';
      }
      out += separator == '{' ? "{}" : "}";
      return;
    }
  }
}

std::string ToJson(const Value& value) {
  std::string out;
  AppendJson(value, out);
  return out;
}

}  // namespace regatta::graphql
