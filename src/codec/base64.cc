#include "regatta/codec/base64.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace regatta::codec {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xff;

using Table = std::array<std::uint8_t, 256>;

constexpr void Add(Table& table, std::string_view alphabet) {
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
}

constexpr Table MakeTable(bool standard, bool url_safe) {
  Table table{};
  table.fill(kNone);
  if (standard) Add(table, kStandard);
  if (url_safe) Add(table, kUrlSafe);
  return table;
}

constexpr Table kStandardTable = MakeTable(true, false);
constexpr Table kUrlTable = MakeTable(false, true);
constexpr Table kBothTable = MakeTable(true, true);

std::string Encode(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const std::size_t digits = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t digit = 0; digit < digits; ++digit) {
      text.push_back(alphabet[group >> (18 - 6 * digit) & 63]);
    }
    if (pad) text.append(4 - digits, '=');
  }
  return text;
}

// Decodes unpadded `text`; every character must be in `table`.
Result<std::string> Decode(std::string_view text, const Table& table, bool canonical) {
  if (text.size() % 4 == 1) {
    return InvalidArgument(
        fmt::format("base64 text of {} characters cannot be whole: it is cut off", text.size()));
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t digit = table[static_cast<unsigned char>(text[i])];
    if (digit == kNone) {
      return InvalidArgument(
          fmt::format("base64 text has a character outside its alphabet at position {}", i));
    }
    bits = bits << 6 | digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held & 0xff));
    }
  }
  if (canonical && (bits & ((1U << held) - 1)) != 0) {
    return InvalidArgument("base64 text has bits set after its last byte");
  }
  return bytes;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) { return Encode(bytes, kStandard, true); }

std::string EncodeBase64Url(std::string_view bytes) { return Encode(bytes, kUrlSafe, false); }

Result<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return InvalidArgument(
        fmt::format("base64 text has {} characters, not a multiple of 4", text.size()));
  }
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return Decode(text, kStandardTable, true);
}

Result<std::string> DecodeBase64Url(std::string_view text) { return Decode(text, kUrlTable, true); }

Result<std::string> DecodeBase64Lenient(std::string_view text) {
  std::string compact;
  compact.reserve(text.size());
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') compact.push_back(c);
  }
  for (int i = 0; i < 2 && compact.ends_with('='); ++i) compact.pop_back();
  return Decode(compact, kBothTable, false);
}

}  // namespace regatta::codec
