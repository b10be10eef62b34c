// A value as sweep files and run configs hold it: JSON's kinds, with integers and floats told
// apart, keys in file order, and the place in the text where each value and key stood.
//
// NaN and the infinities are values. A plain value type: copy it, move it; const use is
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "regatta/base/result.h"

namespace regatta::sweeps {

// A place in a text, both counted from 1. Line 0 means that the value never stood in a text.
struct Position {
  int line = 0;
  int column = 0;
};

struct Member;

class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kFloat, kString, kList, kMap };
  using List = std::vector<Value>;
  using Map = std::vector<Member>;

  // Out of line: a Value can hold Members, which are complete only after it.
  Value();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  static Value Null();
  static Value Bool(bool value);
  static Value Int(std::int64_t value);
  static Value Float(double value);
  static Value String(std::string value);
  static Value OfList(List items);
  static Value OfMap(Map members);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_int() const { return kind() == Kind::kInt; }
  bool is_float() const { return kind() == Kind::kFloat; }
  // An integer or a float; a boolean is not a number.
  bool is_number() const { return is_int() || is_float(); }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_list() const { return kind() == Kind::kList; }
  bool is_map() const { return kind() == Kind::kMap; }

  // Each requires the kind it names.
  bool as_bool() const;
  std::int64_t as_int() const;
  // Of an integer or a float.
  double as_number() const;
  const std::string& as_string() const;
  const List& as_list() const;
  List& as_list();
  const Map& as_map() const;
  Map& as_map();

  // The value under `key`, or null if this is no map or has no such key. Valid until this map
  // changes.
  const Value* Find(std::string_view key) const;
  // Puts `value` under `key`, in place of what was there or after all others. Requires: a map.
  void Set(std::string_view key, Value value);

  // Where the value began in its text.
  Position position;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> data_;
};

struct Member {
  std::string key;
  Position key_position;
  Value value;
};

// The kind in a person's words: "an integer", "a list".
std::string_view KindName(Value::Kind kind);

// Typed equality, as the grid compares points: a whole float equals the integer at every depth; a
// boolean is no number; a string is no number; the order of keys does not matter; NaN equals NaN;
// positions do not count.
bool SameValue(const Value& left, const Value& right);

// A text that is equal exactly for values that are the same by SameValue, for use as a key.
std::string CanonicalKey(const Value& value);

// The value as JSON on one line, without spaces, keys as they stand, strings as base/json_string.h
// says. NaN, Infinity and -Infinity
// are written as those bare words; floats keep a ".0".
std::string ToJson(const Value& value);

// Reads one JSON document; bare NaN, Infinity and -Infinity are numbers. An integer beyond 64 bits
// becomes a float. Errors: kInvalidArgument with line and column; nesting deeper than 100 is
// refused.
Result<Value> ParseJson(std::string_view text);

// As ParseJson, and refuses a key that stands twice in one object.
Result<Value> ParseJsonStrict(std::string_view text);

}  // namespace regatta::sweeps
