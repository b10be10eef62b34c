#include "regatta/base/json_string.h"

#include "regatta/base/utf8.h"

namespace regatta {
namespace {

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

void AppendEscaped(char c, std::string& out) {
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
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\u00";
      out += kHex[(static_cast<unsigned char>(c) >> 4U) & 0xFU];
      out += kHex[static_cast<unsigned char>(c) & 0xFU];
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (IsPlain(text[at])) {
      ++at;
      continue;
    }
    if (static_cast<unsigned char>(text[at]) >= 0x80) {
      const Utf8Step step = ReadUtf8(text, at);
      if (step.is_valid) {
        at += step.length;
        continue;
      }
      out.append(text, begin, at - begin);
      out += kUtf8Replacement;
    } else {
      out.append(text, begin, at - begin);
      AppendEscaped(text[at], out);
    }
    begin = ++at;
  }
  out.append(text, begin, at - begin);
  out += '"';
}

std::string JsonString(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  AppendJsonString(text, out);
  return out;
}

}  // namespace regatta
