#include "regatta/base/utf8.h"

#include <array>

namespace regatta {
namespace {

bool IsSurrogate(char32_t character) { return character >= 0xD800 && character <= 0xDFFF; }

}  // namespace

Utf8Step ReadUtf8(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const Utf8Step broken{.length = 1, .character = lead, .is_valid = false};
  if (lead < 0x80) {
    return {.length = 1, .character = lead, .is_valid = true};
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) {
    return broken;
  }
  char32_t character = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xC0U) != 0x80U) {
      return broken;
    }
    character = (character << 6U) | (byte & 0x3FU);
  }
  // The smallest character that needs this many bytes: anything below is an overlong form.
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (character < kSmallest[length] || character > 0x10FFFF || IsSurrogate(character)) {
    return broken;
  }
  return {.length = length, .character = character, .is_valid = true};
}

std::optional<char32_t> JoinSurrogates(char32_t high, char32_t low) {
  if (!IsHighSurrogate(high) || low < 0xDC00 || low > 0xDFFF) {
    return std::nullopt;
  }
  return 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
}

void AppendUtf8(char32_t character, std::string& out) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | ((character >> shift) & 0x3FU));
  };
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += static_cast<char>(0xC0U | (character >> 6U));
    tail(0);
  } else if (character > 0x10FFFF || IsSurrogate(character)) {
    out += kUtf8Replacement;
  } else if (character < 0x10000) {
    out += static_cast<char>(0xE0U | (character >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (character >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace regatta
