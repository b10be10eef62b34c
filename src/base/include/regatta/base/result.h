// A value or an Error.
//
//   Result<Run> run = runs.Find(id);
//   if (!run) return run.error();
//   Use(*run);
//
// The member names are std::expected's. Reading the side that is not there is a programming error
// and stops the process (see check.h).
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "regatta/base/check.h"
#include "regatta/base/error.h"

namespace regatta {

template <typename T = void>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  template <typename U = T>
    requires(!std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> && std::is_constructible_v<T, U &&>)
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): constrained above.
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    Check(has_value(), "Result holds an error where a value was read");
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    Check(has_value(), "Result holds an error where a value was read");
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    Check(has_value(), "Result holds an error where a value was read");
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  template <typename U>
  T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

  const Error& error() const& {
    Check(!has_value(), "Result holds a value where an error was read");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    Check(!has_value(), "Result holds a value where an error was read");
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)), has_value_(false) {}

  bool has_value() const { return has_value_; }
  explicit operator bool() const { return has_value_; }

  const Error& error() const& {
    Check(!has_value_, "Result holds success where an error was read");
    return error_;
  }
  Error&& error() && {
    Check(!has_value_, "Result holds success where an error was read");
    return std::move(error_);
  }

 private:
  Error error_;
  bool has_value_ = true;
};

// Success.
inline Result<void> Ok() { return {}; }

}  // namespace regatta
