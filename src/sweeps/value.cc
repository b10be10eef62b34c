#include "regatta/sweeps/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "regatta/base/check.h"
#include "regatta/base/json_string.h"

namespace regatta::sweeps {
namespace {

// Whether a float is an integer that 64 bits hold exactly.
bool IsWhole(double value) {
  return std::isfinite(value) && std::trunc(value) == value && value >= -9.2233720368547758e18 &&
         value < 9.2233720368547758e18;
}

void AppendFloat(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) {
    out += ".0";
  }
}

void AppendJson(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      out += "null";
      return;
    case Value::Kind::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Value::Kind::kInt:
      out += std::to_string(value.as_int());
      return;
    case Value::Kind::kFloat:
      AppendFloat(value.as_number(), out);
      return;
    case Value::Kind::kString:
      AppendJsonString(value.as_string(), out);
      return;
    case Value::Kind::kList: {
      char separator = '[';
      for (const Value& item : value.as_list()) {
        out += separator;
        AppendJson(item, out);
        separator = ',';
      }
      out += separator == '[' ? "[]" : "]";
      return;
    }
    case Value::Kind::kMap: {
      char separator = '{';
      for (const Member& member : value.as_map()) {
        out += separator;
        AppendJsonString(member.key, out);
        out += ':';
        AppendJson(member.value, out);
        separator = ',';
      }
      out += separator == '{' ? "{}" : "}";
      return;
    }
  }
}

// The same text for the same value: whole floats as integers, keys sorted.
void AppendCanonical(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::kFloat:
      if (IsWhole(value.as_number())) {
        out += std::to_string(static_cast<std::int64_t>(value.as_number()));
      } else {
        AppendFloat(value.as_number(), out);
      }
      return;
    case Value::Kind::kList:
      out += '[';
      for (const Value& item : value.as_list()) {
        AppendCanonical(item, out);
        out += ',';
      }
      out += ']';
      return;
    case Value::Kind::kMap: {
      std::vector<const Member*> members;
      for (const Member& member : value.as_map()) {
        members.push_back(&member);
      }
      std::ranges::sort(members, {}, &Member::key);
      out += '{';
      for (const Member* member : members) {
        AppendJsonString(member->key, out);
        out += ':';
        AppendCanonical(member->value, out);
        out += ',';
      }
      out += '}';
      return;
    }
    case Value::Kind::kNull:
    case Value::Kind::kBool:
    case Value::Kind::kInt:
    case Value::Kind::kString:
      AppendJson(value, out);
      return;
  }
}

bool SameMap(const Value::Map& left, const Value& right) {
  if (left.size() != right.as_map().size()) {
    return false;
  }
  return std::ranges::all_of(left, [&right](const Member& member) {
    const Value* other = right.Find(member.key);
    return other != nullptr && SameValue(member.value, *other);
  });
}

}  // namespace

Value::Value() = default;
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

Value Value::Null() { return {}; }

Value Value::Bool(bool value) {
  Value result;
  result.data_ = value;
  return result;
}

Value Value::Int(std::int64_t value) {
  Value result;
  result.data_ = value;
  return result;
}

Value Value::Float(double value) {
  Value result;
  result.data_ = value;
  return result;
}

Value Value::String(std::string value) {
  Value result;
  result.data_ = std::move(value);
  return result;
}

Value Value::OfList(List items) {
  Value result;
  result.data_ = std::move(items);
  return result;
}

Value Value::OfMap(Map members) {
  Value result;
  result.data_ = std::move(members);
  return result;
}

bool Value::as_bool() const {
  Check(is_bool(), "a value that is no boolean was read as one");
  return *std::get_if<bool>(&data_);
}

std::int64_t Value::as_int() const {
  Check(is_int(), "a value that is no integer was read as one");
  return *std::get_if<std::int64_t>(&data_);
}

double Value::as_number() const {
  if (is_int()) {
    return static_cast<double>(as_int());
  }
  Check(is_float(), "a value that is no number was read as one");
  return *std::get_if<double>(&data_);
}

const std::string& Value::as_string() const {
  Check(is_string(), "a value that is no string was read as one");
  return *std::get_if<std::string>(&data_);
}

const Value::List& Value::as_list() const {
  Check(is_list(), "a value that is no list was read as one");
  return *std::get_if<List>(&data_);
}

Value::List& Value::as_list() {
  Check(is_list(), "a value that is no list was read as one");
  return *std::get_if<List>(&data_);
}

const Value::Map& Value::as_map() const {
  Check(is_map(), "a value that is no map was read as one");
  return *std::get_if<Map>(&data_);
}

Value::Map& Value::as_map() {
  Check(is_map(), "a value that is no map was read as one");
  return *std::get_if<Map>(&data_);
}

const Value* Value::Find(std::string_view key) const {
  if (!is_map()) {
    return nullptr;
  }
  for (const Member& member : as_map()) {
    if (member.key == key) {
      return &member.value;
    }
  }
  return nullptr;
}

void Value::Set(std::string_view key, Value value) {
  for (Member& member : as_map()) {
    if (member.key == key) {
      member.value = std::move(value);
      return;
    }
  }
  as_map().push_back(Member{std::string(key), {}, std::move(value)});
}

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return "a boolean";
    case Value::Kind::kInt:
      return "an integer";
    case Value::Kind::kFloat:
      return "a float";
    case Value::Kind::kString:
      return "a string";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "a mapping";
  }
  return "nothing";
}

bool SameValue(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    if (left.is_int() && right.is_int()) {
      return left.as_int() == right.as_int();
    }
    if (left.is_float() && right.is_float()) {
      return left.as_number() == right.as_number() ||
             (std::isnan(left.as_number()) && std::isnan(right.as_number()));
    }
    const double number = left.is_float() ? left.as_number() : right.as_number();
    const std::int64_t whole = left.is_int() ? left.as_int() : right.as_int();
    return IsWhole(number) && static_cast<std::int64_t>(number) == whole;
  }
  if (left.kind() != right.kind()) {
    return false;
  }
  switch (left.kind()) {
    case Value::Kind::kNull:
      return true;
    case Value::Kind::kBool:
      return left.as_bool() == right.as_bool();
    case Value::Kind::kString:
      return left.as_string() == right.as_string();
    case Value::Kind::kList:
      return std::ranges::equal(left.as_list(), right.as_list(), SameValue);
    case Value::Kind::kMap:
      return SameMap(left.as_map(), right);
    case Value::Kind::kInt:
    case Value::Kind::kFloat:
      break;
  }
  return false;
}

std::string CanonicalKey(const Value& value) {
  std::string out;
  AppendCanonical(value, out);
  return out;
}

std::string ToJson(const Value& value) {
  std::string out;
  AppendJson(value, out);
  return out;
}

}  // namespace regatta::sweeps
