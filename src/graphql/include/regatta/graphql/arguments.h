// The arguments of a field, or an input object inside them, with getters that resolvers want.
//
// A borrowed view: valid for the resolver call. Values are already coerced to the schema's types
// and defaults are filled in, so a getter of the right kind never meets another one; asked for the
// wrong kind it answers as if nothing were there.
//
// "Absent" and "null" differ for the caller who needs it (null may mean "leave unchanged", too):
//   args.Has("tags")     given, perhaps as null
//   args.IsNull("tags")  given as null
//   args.IsSet("tags")   given and not null
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/graphql/value.h"

namespace regatta::graphql {

class Arguments {
 public:
  // Without any argument.
  Arguments() = default;
  // A view of `object`, which outlives it. Anything but an object reads as empty.
  explicit Arguments(const Value* object) : object_(object) {}

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  bool IsNull(std::string_view name) const;
  bool IsSet(std::string_view name) const;

  // The value itself, null pointer when absent.
  const Value* Find(std::string_view name) const;

  // Empty when absent or null. Text is a string, an ID or the name of an enum value.
  std::optional<std::string_view> String(std::string_view name) const;
  std::optional<std::int64_t> Int(std::string_view name) const;
  // An int, too.
  std::optional<double> Double(std::string_view name) const;
  std::optional<bool> Bool(std::string_view name) const;
  // Nulls among the items are skipped.
  std::optional<std::vector<std::string>> StringList(std::string_view name) const;
  std::optional<std::vector<std::int64_t>> IntList(std::string_view name) const;

  // The input object `name`; an empty one when absent or null.
  Arguments Object(std::string_view name) const;
  // The input objects of the list `name`; none when absent or null. Null items become empty
  // objects.
  std::vector<Arguments> ObjectList(std::string_view name) const;

  // With a fallback, for the common case.
  std::string StringOr(std::string_view name, std::string_view fallback) const;
  std::int64_t IntOr(std::string_view name, std::int64_t fallback) const;
  bool BoolOr(std::string_view name, bool fallback) const;

  bool empty() const;

 private:
  const Value* object_ = nullptr;
};

}  // namespace regatta::graphql
