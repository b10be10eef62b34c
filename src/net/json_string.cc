#include <cstdint>

#include "regatta/base/utf8.h"
#include "regatta/net/http.h"

namespace regatta::net {
namespace {

void AppendAscii(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<std::uint8_t>(c);
  if (byte < 0x20 || byte == 0x7f) {
    out += "\\u00";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  } else {
    out += c;
  }
}

}  // namespace

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text, at);
    if (!step.is_valid) {
      out += kUtf8Replacement;
    } else if (step.length == 1) {
      AppendAscii(out, text[at]);
    } else {
      out += text.substr(at, step.length);
    }
    at += step.length;
  }
  out += '"';
  return out;
}

}  // namespace regatta::net
