// What a resolver answers: a scalar, a list, or an object whose own fields are resolved next.
//
//   return Resolved(run.state);                                  a string, number, bool, optional,
//   vector return nullptr;                                              null return
//   Resolved::Json(run.config_json);                      JSON text, spliced in as it is return
//   Resolved::Object("Run", run);                         shared_ptr<const Run> return
//   Record("PageInfo").Set("hasNextPage", false).Set("endCursor", cursor);
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "regatta/graphql/value.h"

namespace regatta::graphql {

class Record;

// A name known when the program is built, so it never dangles.
class StaticName {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to convert.
  consteval StaticName(const char* text) : text_(text) {}
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A value of its own; copies of lists are deep, so move them.
class Resolved {
 public:
  // An object of the schema: its type's name and what its resolvers get as parent.
  struct ObjectRef {
    std::string_view type;
    const std::type_info* cpp_type = nullptr;
    std::shared_ptr<const void> object;
  };
  // Valid JSON text.
  struct JsonText {
    std::string text;
  };
  // Text that somebody else owns.
  struct BorrowedText {
    std::string_view text;
  };
  struct RecordData {
    std::string_view type;
    std::vector<std::pair<std::string_view, Resolved>> fields;
  };
  using RecordRef = std::shared_ptr<const RecordData>;
  using Items = std::vector<Resolved>;
  using Payload = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string,
                               BorrowedText, JsonText, Value, Items, ObjectRef, RecordRef>;

  Resolved() = default;
  Resolved(std::nullptr_t) {}
  Resolved(std::nullopt_t) {}
  template <std::same_as<bool> T>
  Resolved(T value) : payload_(value) {}
  // Requires: an unsigned value fits 63 bits.
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Resolved(T value) : payload_(static_cast<std::int64_t>(value)) {}
  template <std::floating_point T>
  Resolved(T value) : payload_(static_cast<double>(value)) {}
  Resolved(std::string text) : payload_(std::move(text)) {}
  Resolved(std::string_view text) : payload_(std::string(text)) {}
  Resolved(const char* text) : payload_(std::string(text)) {}
  // The answer of a JSON scalar.
  Resolved(Value value) : payload_(std::move(value)) {}
  // Null when empty.
  template <typename T>
  Resolved(std::optional<T> value) {
    if (value) {
      *this = Resolved(*std::move(value));
    }
  }
  // A list, item by item.
  template <typename T>
    requires(std::is_constructible_v<Resolved, T> && !std::same_as<T, Resolved>)
  Resolved(std::vector<T> items) {
    Items list;
    list.reserve(items.size());
    for (auto&& item : items) {
      list.emplace_back(static_cast<T>(std::move(item)));
    }
    payload_ = std::move(list);
  }
  Resolved(Items items) : payload_(std::move(items)) {}
  Resolved(Record&& record);

  // Text spliced into the response without a copy of its meaning. Requires: `text` is one valid
  // JSON value (no bare NaN): it is not checked again.
  static Resolved Json(std::string text);
  // Text that the parent object or the request context owns, so it need not be copied. Requires: it
  // stays alive and unchanged until the whole response is written.
  static Resolved Borrow(std::string_view text);
  // An object of the schema type `type`; null if `object` is. The type of T is checked when a
  // resolver of that schema type asks for its parent.
  template <typename T>
  static Resolved Object(StaticName type, std::shared_ptr<T> object) {
    if (object == nullptr) {
      return nullptr;
    }
    return Resolved(ObjectRef{type.text(), &typeid(std::remove_cv_t<T>), std::move(object)});
  }
  // The same for a value, which is moved to shared memory.
  template <typename T>
    requires(!std::is_reference_v<T>)
  static Resolved Own(StaticName type, T&& object) {
    return Object(type, std::make_shared<const std::remove_cv_t<T>>(std::forward<T>(object)));
  }

  const Payload& payload() const { return payload_; }
  bool is_null() const;

 private:
  friend class Record;
  explicit Resolved(ObjectRef object) : payload_(std::move(object)) {}

  Payload payload_ = nullptr;
};

// An object given field by field, for the many small types that are only carried to the client
// (payloads, connections, edges). Its type is registered with ResolverMap::Record; a field that is
// not set reads as null.
class Record {
 public:
  explicit Record(StaticName type);

  // Requires: `field` is not set yet.
  Record& Set(StaticName field, Resolved value) &;
  Record&& Set(StaticName field, Resolved value) &&;

 private:
  friend class Resolved;
  std::shared_ptr<Resolved::RecordData> data_;
};

}  // namespace regatta::graphql
