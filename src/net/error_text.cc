#include "error_text.h"

#include <cstdint>
#include <optional>

#include "regatta/base/utf8.h"
#include "regatta/codec/hex.h"

namespace regatta::net {
namespace {

std::optional<std::uint32_t> TakeUnit(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  const auto bytes = codec::DecodeHex(rest.substr(0, 4));
  if (!bytes) return std::nullopt;
  rest.remove_prefix(4);
  const auto byte = [&](std::size_t i) {
    return std::uint32_t{static_cast<std::uint8_t>((*bytes)[i])};
  };
  return byte(0) << 8 | byte(1);
}

// The JSON string whose text begins at `rest`, behind its quote; nothing when it is not whole.
std::optional<std::string> Unquote(std::string_view rest) {
  std::string out;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return out;
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    if (rest.empty()) return std::nullopt;
    const char escape = rest.front();
    rest.remove_prefix(1);
    if (escape == 'u') {
      std::optional<std::uint32_t> point = TakeUnit(rest);
      if (!point) return std::nullopt;
      if (IsHighSurrogate(*point) && rest.starts_with("\\u")) {
        std::string_view after = rest.substr(2);
        const std::optional<std::uint32_t> low = TakeUnit(after);
        if (!low) return std::nullopt;
        if (const std::optional<char32_t> joined = JoinSurrogates(*point, *low)) {
          point = *joined;
          rest = after;
        }
      }
      AppendUtf8(*point, out);
    } else {
      constexpr std::string_view kNames = "nrtbf";
      constexpr std::string_view kValues = "\n\r\t\b\f";
      const std::size_t index = kNames.find(escape);
      out.push_back(index == std::string_view::npos ? escape : kValues[index]);
    }
  }
  return std::nullopt;
}

std::optional<std::string> TextUnder(std::string_view key, std::string_view body) {
  const std::string quoted = '"' + std::string(key) + '"';
  std::size_t at = body.find(quoted);
  while (at != std::string_view::npos) {
    std::size_t next = body.find_first_not_of(" \t\r\n", at + quoted.size());
    if (next != std::string_view::npos && body[next] == ':') {
      next = body.find_first_not_of(" \t\r\n", next + 1);
      if (next != std::string_view::npos && body[next] == '"')
        return Unquote(body.substr(next + 1));
    }
    at = body.find(quoted, at + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string ErrorTextOf(std::string_view body) {
  if (body.starts_with('{')) {
    if (const auto text = TextUnder("message", body)) return *text;
    if (const auto text = TextUnder("error", body)) return *text;
  }
  constexpr std::size_t kTextMax = 300;
  return std::string(body.substr(0, kTextMax));
}

}  // namespace regatta::net
