// UTF-8, read and written character by character.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace regatta {

struct Utf8Step {
  // Bytes read, at least 1. A byte that starts no valid sequence (overlong forms and surrogates are
  // none, RFC 3629) is one step with `is_valid` false and its value in `character`.
  std::size_t length = 1;
  char32_t character = 0;
  bool is_valid = false;
};

// Requires: `at` < text.size().
Utf8Step ReadUtf8(std::string_view text, std::size_t at);

// What stands for bytes or numbers that are no character, U+FFFD.
inline constexpr std::string_view kUtf8Replacement = "\xEF\xBF\xBD";

// The first half of a pair of UTF-16 surrogates.
constexpr bool IsHighSurrogate(char32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }

// The character of a pair of UTF-16 surrogates, as JSON's \u escapes write it; nothing if these two
// are no pair.
std::optional<char32_t> JoinSurrogates(char32_t high, char32_t low);

// Surrogates and numbers beyond U+10FFFF are written as kUtf8Replacement.
void AppendUtf8(char32_t character, std::string& out);

}  // namespace regatta
