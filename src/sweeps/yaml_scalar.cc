// YAML 1.1's reading of plain scalars, as PyYAML's resolver and constructors have it.
#include "yaml_scalar.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace regatta::sweeps {
namespace {

bool IsDigit(char character) { return character >= '0' && character <= '9'; }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) {
      return true;
    }
  }
  return false;
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out;
  for (const char character : text) {
    if (character != '_') {
      out += character;
    }
  }
  return out;
}

// The length of the run of characters of `allowed` at the start.
std::size_t Span(std::string_view text, std::string_view allowed) {
  const std::size_t end = text.find_first_not_of(allowed);
  return end == std::string_view::npos ? text.size() : end;
}

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kDigitsAndUnderscore = "0123456789_";

// [eE][-+][0-9]+ and nothing else; with `loose`, the sign may be missing.
bool IsExponent(std::string_view text, bool loose) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) {
    return false;
  }
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    text.remove_prefix(1);
  } else if (!loose) {
    return false;
  }
  return !text.empty() && Span(text, kDigits) == text.size();
}

// (:[0-5]?[0-9])+ at the start: its length, or 0.
std::size_t SexagesimalSpan(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == ':') {
    const std::size_t digits = Span(text.substr(at + 1), kDigits);
    if (digits == 0 || digits > 2 || (digits == 2 && text[at + 1] > '5')) {
      return 0;
    }
    at += digits + 1;
  }
  return at;
}

std::string_view WithoutSign(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    text.remove_prefix(1);
  }
  return text;
}

double ToDouble(std::string_view digits) {
  if (!digits.empty() && digits[0] == '+') {
    digits.remove_prefix(1);
  }
  double value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    const std::size_t exponent = digits.find_first_of("eE");
    const bool is_tiny =
        exponent != std::string_view::npos && digits.substr(exponent + 1).starts_with('-');
    value = is_tiny ? 0.0 : std::numeric_limits<double>::infinity();
    return !digits.empty() && digits[0] == '-' ? -value : value;
  }
  return value;
}

// Parts of a base-60 number, most significant first.
double Sexagesimal(std::string_view text) {
  const bool is_negative = !text.empty() && text[0] == '-';
  std::string_view rest = WithoutSign(text);
  double value = 0;
  while (true) {
    const std::size_t colon = rest.find(':');
    value = value * 60 + ToDouble(rest.substr(0, colon));
    if (colon == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(colon + 1);
  }
  return is_negative ? -value : value;
}

bool IsFloat11(std::string_view text) {
  const std::string_view body = WithoutSign(text);
  if (IsOneOf(body, {".inf", ".Inf", ".INF"}) || IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return true;
  }
  if (!body.empty() && IsDigit(body[0])) {
    std::size_t at = Span(body, kDigitsAndUnderscore);
    if (at < body.size() && body[at] == '.') {
      at += 1 + Span(body.substr(at + 1), kDigitsAndUnderscore);
      return at == body.size() || IsExponent(body.substr(at), false);
    }
    const std::size_t parts = SexagesimalSpan(body.substr(at));
    at += parts;
    return parts > 0 && at < body.size() && body[at] == '.' &&
           Span(body.substr(at + 1), kDigitsAndUnderscore) == body.size() - at - 1;
  }
  // A leading dot takes no sign in YAML 1.1.
  if (text.size() > 1 && text[0] == '.' && IsDigit(text[1])) {
    const std::size_t at = 1 + Span(text.substr(1), kDigitsAndUnderscore);
    return at == text.size() || IsExponent(text.substr(at), false);
  }
  return false;
}

// YAML 1.2's core schema: a float that is no integer.
bool IsFloat12(std::string_view text) {
  std::string_view body = WithoutSign(text);
  const std::size_t whole = Span(body, kDigits);
  body.remove_prefix(whole);
  std::size_t fraction = 0;
  const bool has_dot = !body.empty() && body[0] == '.';
  if (has_dot) {
    fraction = Span(body.substr(1), kDigits);
    body.remove_prefix(1 + fraction);
  }
  if (whole + fraction == 0 || (whole == 0 && !has_dot)) {
    return false;
  }
  return (has_dot && body.empty()) || IsExponent(body, true);
}

// The digits of an integer and their base, sexagesimal as base 60; base 0 if it is no integer.
struct IntegerShape {
  std::string_view digits;
  int base = 0;
};

IntegerShape IntegerShapeOf(std::string_view text) {
  const std::string_view body = WithoutSign(text);
  if (body.empty() || !IsDigit(body[0])) {
    return {};
  }
  // "0x_" has no digit: PyYAML fails on it, and here it stays a string.
  const bool has_digit =
      body.size() > 2 && body.find_first_not_of('_', 2) != std::string_view::npos;
  if (has_digit && body.starts_with("0b") && Span(body.substr(2), "01_") == body.size() - 2) {
    return {body.substr(2), 2};
  }
  if (has_digit && body.starts_with("0x") &&
      Span(body.substr(2), "0123456789abcdefABCDEF_") == body.size() - 2) {
    return {body.substr(2), 16};
  }
  if (body == "0") {
    return {body, 10};
  }
  if (body[0] == '0') {
    return Span(body, "01234567_") == body.size() ? IntegerShape{body, 8} : IntegerShape{};
  }
  const std::size_t digits = Span(body, kDigitsAndUnderscore);
  if (digits == body.size()) {
    return {body, 10};
  }
  const std::size_t parts = SexagesimalSpan(body.substr(digits));
  return parts > 0 && digits + parts == body.size() ? IntegerShape{body, 60} : IntegerShape{};
}

Value ReadInteger(std::string_view text, const IntegerShape& shape, bool* is_beyond_64_bits) {
  const std::string digits = WithoutUnderscores(shape.digits);
  const bool is_negative = text[0] == '-';
  if (shape.base == 60) {
    const double value = Sexagesimal(digits);
    if (std::abs(value) < 9e15) {
      const auto whole = static_cast<std::int64_t>(value);
      return Value::Int(is_negative ? -whole : whole);
    }
    *is_beyond_64_bits = true;
    return Value::Float(is_negative ? -value : value);
  }
  const std::string signed_digits = (is_negative ? "-" : "") + digits;
  std::int64_t value = 0;
  const auto read = std::from_chars(signed_digits.data(),
                                    signed_digits.data() + signed_digits.size(), value, shape.base);
  if (read.ec == std::errc{}) {
    return Value::Int(value);
  }
  *is_beyond_64_bits = true;
  double wide = 0;
  for (const char digit : digits) {
    int worth = 0;
    std::from_chars(&digit, &digit + 1, worth, shape.base);
    wide = wide * shape.base + worth;
  }
  if (shape.base == 10) {
    wide = ToDouble(digits);
  }
  return Value::Float(is_negative ? -wide : wide);
}

Value ReadFloat(std::string_view text) {
  const bool is_negative = text[0] == '-';
  const std::string_view body = WithoutSign(text);
  if (IsOneOf(body, {".inf", ".Inf", ".INF"})) {
    const double infinity = std::numeric_limits<double>::infinity();
    return Value::Float(is_negative ? -infinity : infinity);
  }
  if (IsOneOf(body, {".nan", ".NaN", ".NAN"})) {
    return Value::Float(std::numeric_limits<double>::quiet_NaN());
  }
  const std::string digits = WithoutUnderscores(text);
  return Value::Float(digits.find(':') == std::string::npos ? ToDouble(digits)
                                                            : Sexagesimal(digits));
}

// \d+ of a length in [from, to] at the start; moves `text` past it.
bool TakeDigits(std::string_view& text, std::size_t from, std::size_t to) {
  const std::size_t digits = Span(text, kDigits);
  const std::size_t taken = digits < to ? digits : to;
  if (taken < from) {
    return false;
  }
  text.remove_prefix(taken);
  return true;
}

bool TakeCharacter(std::string_view& text, char character) {
  if (text.empty() || text[0] != character) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

bool IsTimeOfDay(std::string_view text) {
  if (!TakeDigits(text, 1, 2) || !TakeCharacter(text, ':') || !TakeDigits(text, 2, 2) ||
      !TakeCharacter(text, ':') || !TakeDigits(text, 2, 2)) {
    return false;
  }
  if (TakeCharacter(text, '.')) {
    text.remove_prefix(Span(text, kDigits));
  }
  text.remove_prefix(Span(text, " \t"));
  if (text.empty() || text == "Z") {
    return true;
  }
  if (text[0] != '+' && text[0] != '-') {
    return false;
  }
  text.remove_prefix(1);
  if (!TakeDigits(text, 1, 2)) {
    return false;
  }
  return text.empty() || (TakeCharacter(text, ':') && TakeDigits(text, 2, 2) && text.empty());
}

bool IsTimestamp(std::string_view text) {
  const std::size_t length = text.size();
  if (!TakeDigits(text, 4, 4) || !TakeCharacter(text, '-')) {
    return false;
  }
  if (!TakeDigits(text, 1, 2) || !TakeCharacter(text, '-') || !TakeDigits(text, 1, 2)) {
    return false;
  }
  if (text.empty()) {
    return length == 10;
  }
  if (text[0] == 'T' || text[0] == 't') {
    text.remove_prefix(1);
  } else {
    const std::size_t spaces = Span(text, " \t");
    if (spaces == 0) {
      return false;
    }
    text.remove_prefix(spaces);
  }
  return IsTimeOfDay(text);
}

}  // namespace

PlainScalar TypePlainScalar(std::string_view text, bool strict_yaml) {
  PlainScalar scalar;
  if (text.empty() || IsOneOf(text, {"~", "null", "Null", "NULL"})) {
    return scalar;
  }
  if (IsOneOf(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
    scalar.value = Value::Bool(true);
  } else if (IsOneOf(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    scalar.value = Value::Bool(false);
  } else if (IsFloat11(text)) {
    scalar.value = ReadFloat(text);
  } else if (const IntegerShape shape = IntegerShapeOf(text); shape.base != 0) {
    scalar.value = ReadInteger(text, shape, &scalar.is_beyond_64_bits);
  } else if (IsTimestamp(text)) {
    scalar.is_timestamp = true;
    scalar.value = Value::String(std::string(text));
  } else if (!strict_yaml && IsFloat12(text)) {
    scalar.is_widened = true;
    scalar.value = Value::Float(ToDouble(text));
  } else {
    scalar.value = Value::String(std::string(text));
  }
  return scalar;
}

}  // namespace regatta::sweeps
