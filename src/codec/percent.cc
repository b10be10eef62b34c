#include "regatta/codec/percent.h"

#include <fmt/format.h>

#include "hex_digit.h"

namespace regatta::codec {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string Encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || (keep_slash && c == '/')) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kDigits[byte >> 4]);
    encoded.push_back(kDigits[byte & 15]);
  }
  return encoded;
}

Result<std::string> Decode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      const int high = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return InvalidArgument(fmt::format(
            "percent-encoded text has a '%' without two hexadecimal digits at position {}", i));
      }
      decoded.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

std::string EncodePercent(std::string_view text) { return Encode(text, false); }

std::string EncodePath(std::string_view path) { return Encode(path, true); }

Result<std::string> DecodePercent(std::string_view text) { return Decode(text, false); }

Result<FormFields> ParseForm(std::string_view text, std::size_t field_count_max) {
  FormFields fields;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (field.empty()) continue;
    if (fields.size() == field_count_max) {
      return InvalidArgument(fmt::format("query or form has more than {} fields", field_count_max));
    }
    const std::size_t equals = field.find('=');
    Result<std::string> key = Decode(field.substr(0, equals), true);
    if (!key) return key.error();
    Result<std::string> value = std::string();
    if (equals != std::string_view::npos) value = Decode(field.substr(equals + 1), true);
    if (!value) return value.error();
    fields.emplace_back(*std::move(key), *std::move(value));
  }
  return fields;
}

std::string EncodeForm(const FormFields& fields) {
  std::string text;
  for (const auto& [key, value] : fields) {
    if (!text.empty()) text.push_back('&');
    text += EncodePercent(key) + "=" + EncodePercent(value);
  }
  return text;
}

}  // namespace regatta::codec
