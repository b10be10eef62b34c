// Numbers out of the text that people and other programs write.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace regatta::bench {

// All of `text` as a number; none where it is anything else or does not fit.
template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace regatta::bench
