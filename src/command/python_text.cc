#include "regatta/command/python_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

#include "python_printable.h"
#include "regatta/base/check.h"
#include "regatta/base/utf8.h"

namespace regatta::command {
namespace {

void AppendRepr(std::string& out, const auto& value);

void AppendCharacterEscape(std::string& out, char32_t character) {
  const auto number = static_cast<std::uint32_t>(character);
  if (number < 0x100) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", number);
  } else if (number < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", number);
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", number);
  }
}

void AppendNumber(std::string& out, const auto& value) {
  if (value.is_number_float()) {
    out += PythonFloat(value.template get<double>());
  } else {
    out += value.dump();
  }
}

void AppendListRepr(std::string& out, const auto& list) {
  out += '[';
  const char* separator = "";
  for (const auto& item : list) {
    out += separator;
    AppendRepr(out, item);
    separator = ", ";
  }
  out += ']';
}

void AppendMappingRepr(std::string& out, const auto& mapping) {
  out += '{';
  const char* separator = "";
  for (const auto& [key, item] : mapping.items()) {
    out += separator;
    out += PythonQuoted(key);
    out += ": ";
    AppendRepr(out, item);
    separator = ", ";
  }
  out += '}';
}

void AppendRepr(std::string& out, const auto& value) {
  if (value.is_boolean()) {
    out += value.template get<bool>() ? "True" : "False";
  } else if (value.is_number()) {
    AppendNumber(out, value);
  } else if (value.is_string()) {
    out += PythonQuoted(value.template get_ref<const std::string&>());
  } else if (value.is_array()) {
    AppendListRepr(out, value);
  } else if (value.is_object()) {
    AppendMappingRepr(out, value);
  } else {
    out += "None";
  }
}

void AppendUtf16Escape(std::string& out, char32_t character) {
  auto number = static_cast<std::uint32_t>(character);
  if (number >= 0x10000) {
    number -= 0x10000;
    fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (number >> 10U),
                   0xDC00 + (number & 0x3FFU));
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", number);
  }
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text, at);
    at += step.length;
    switch (step.character) {
      case U'"':
        out += "\\\"";
        break;
      case U'\\':
        out += "\\\\";
        break;
      case U'\n':
        out += "\\n";
        break;
      case U'\r':
        out += "\\r";
        break;
      case U'\t':
        out += "\\t";
        break;
      case U'\f':
        out += "\\f";
        break;
      case U'\b':
        out += "\\b";
        break;
      default:
        if (step.character >= 0x20 && step.character < 0x7F) {
          out += static_cast<char>(step.character);
        } else {
          AppendUtf16Escape(out, step.character);
        }
    }
  }
  out += '"';
}

std::string JsonFloat(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "Infinity" : "-Infinity";
  }
  return PythonFloat(value);
}

void AppendJson(std::string& out, const auto& value) {
  if (value.is_string()) {
    AppendJsonString(out, value.template get_ref<const std::string&>());
  } else if (value.is_number_float()) {
    out += JsonFloat(value.template get<double>());
  } else if (value.is_array()) {
    out += '[';
    const char* separator = "";
    for (const auto& item : value) {
      out += separator;
      AppendJson(out, item);
      separator = ", ";
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, item] : value.items()) {
      out += separator;
      AppendJsonString(out, key);
      out += ": ";
      AppendJson(out, item);
      separator = ", ";
    }
    out += '}';
  } else {
    out += value.dump();
  }
}

std::string Str(const auto& value) {
  if (value.is_string()) {
    return value.template get<std::string>();
  }
  std::string out;
  AppendRepr(out, value);
  return out;
}

std::string Repr(const auto& value) {
  std::string out;
  AppendRepr(out, value);
  return out;
}

std::string Json(const auto& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

// `digits` has the point `point` digits from its left end, as 0.00123 is digits 123 with point -2.
std::string PlainDecimal(std::string_view digits, int point) {
  const int length = static_cast<int>(digits.size());
  if (point <= 0) {
    return "0." + std::string(static_cast<std::size_t>(-point), '0') + std::string(digits);
  }
  if (point >= length) {
    return std::string(digits) + std::string(static_cast<std::size_t>(point - length), '0') + ".0";
  }
  const auto split = static_cast<std::size_t>(point);
  return std::string(digits.substr(0, split)) + "." + std::string(digits.substr(split));
}

}  // namespace

std::string PythonFloat(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  // The shortest digits that read back, in the one form that is easy to take apart: d.ddde+xx.
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                          std::abs(value), std::chars_format::scientific);
  Check(error == std::errc(), "a double did not fit in 32 characters");
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t mark = text.find('e');
  int exponent = 0;
  const char* exponent_start = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_start, end, exponent);
  std::string digits(1, text[0]);
  if (mark > 2) {
    digits += text.substr(2, mark - 2);
  }

  const std::string sign = std::signbit(value) ? "-" : "";
  if (exponent >= -4 && exponent < 16) {
    return sign + PlainDecimal(digits, exponent + 1);
  }
  const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
  return fmt::format("{}{}{}e{}{:02d}", sign, digits[0], fraction, exponent < 0 ? '-' : '+',
                     std::abs(exponent));
}

std::string PythonQuoted(std::string_view text) {
  const bool use_double = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = use_double ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text, at);
    if (!step.is_valid) {
      AppendCharacterEscape(out, step.character);
    } else if (step.character == U'\\' || step.character == static_cast<char32_t>(quote)) {
      out += '\\';
      out += static_cast<char>(step.character);
    } else if (step.character == U'\n') {
      out += "\\n";
    } else if (step.character == U'\r') {
      out += "\\r";
    } else if (step.character == U'\t') {
      out += "\\t";
    } else if (IsPythonPrintable(step.character)) {
      out += text.substr(at, step.length);
    } else {
      AppendCharacterEscape(out, step.character);
    }
    at += step.length;
  }
  out += quote;
  return out;
}

std::string PythonStr(const nlohmann::json& value) { return Str(value); }
std::string PythonStr(const nlohmann::ordered_json& value) { return Str(value); }
std::string PythonRepr(const nlohmann::json& value) { return Repr(value); }
std::string PythonRepr(const nlohmann::ordered_json& value) { return Repr(value); }
std::string PythonJson(const nlohmann::json& value) { return Json(value); }
std::string PythonJson(const nlohmann::ordered_json& value) { return Json(value); }

}  // namespace regatta::command
