#include "regatta/tracking/extended_json.h"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "regatta/base/utf8.h"
#include "regatta/tracking/row_scanner.h"

namespace regatta::tracking {
namespace {

// Reads a text that IsExtendedJson has accepted, so its shape needs no second check.
class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  nlohmann::json Value() {
    SkipBlanks();
    switch (*at_) {
      case '{': {
        nlohmann::json object = nlohmann::json::object();
        ++at_;
        SkipBlanks();
        while (*at_ != '}') {
          std::string key = String();
          SkipBlanks();
          ++at_;  // :
          object[std::move(key)] = Value();
          SkipBlanks();
          if (*at_ == ',') ++at_;
          SkipBlanks();
        }
        ++at_;
        return object;
      }
      case '[': {
        nlohmann::json array = nlohmann::json::array();
        ++at_;
        SkipBlanks();
        while (*at_ != ']') {
          array.push_back(Value());
          SkipBlanks();
          if (*at_ == ',') ++at_;
          SkipBlanks();
        }
        ++at_;
        return array;
      }
      case '"':
        return String();
      case 't':
        at_ += 4;
        return true;
      case 'f':
        at_ += 5;
        return false;
      case 'n':
        at_ += 4;
        return nullptr;
      case 'N':
        at_ += 3;
        return std::numeric_limits<double>::quiet_NaN();
      case 'I':
        at_ += 8;
        return std::numeric_limits<double>::infinity();
      default:
        return Number();
    }
  }

 private:
  void SkipBlanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  nlohmann::json Number() {
    if (*at_ == '-' && at_[1] == 'I') {
      at_ += 9;
      return -std::numeric_limits<double>::infinity();
    }
    const char* start = at_;
    bool is_integer = true;
    while (at_ < end_ && (std::isdigit(static_cast<unsigned char>(*at_)) != 0 || *at_ == '-' ||
                          *at_ == '+' || *at_ == '.' || *at_ == 'e' || *at_ == 'E')) {
      is_integer = is_integer && *at_ != '.' && *at_ != 'e' && *at_ != 'E';
      ++at_;
    }
    if (is_integer) {
      std::int64_t whole = 0;
      if (std::from_chars(start, at_, whole).ec == std::errc()) return whole;
      std::uint64_t large = 0;
      if (std::from_chars(start, at_, large).ec == std::errc()) return large;
    }
    double number = 0;
    if (std::from_chars(start, at_, number).ec == std::errc::result_out_of_range) {
      // Too large or too small for a double: what strtod says, an infinity or zero.
      number = std::strtod(std::string(start, at_).c_str(), nullptr);
    }
    return number;
  }

  std::uint32_t Hex4() {
    std::uint32_t code = 0;
    std::from_chars(at_, at_ + 4, code, 16);
    at_ += 4;
    return code;
  }

  std::string String() {
    std::string text;
    ++at_;
    while (*at_ != '"') {
      if (*at_ != '\\') {
        text += *at_++;
        continue;
      }
      const char escape = at_[1];
      at_ += 2;
      switch (escape) {
        case 'b':
          text += '\b';
          break;
        case 'f':
          text += '\f';
          break;
        case 'n':
          text += '\n';
          break;
        case 'r':
          text += '\r';
          break;
        case 't':
          text += '\t';
          break;
        case 'u': {
          std::uint32_t code = Hex4();
          if (IsHighSurrogate(code) && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
            const char* before = at_;
            at_ += 2;
            if (const std::optional<char32_t> joined = JoinSurrogates(code, Hex4())) {
              code = *joined;
            } else {
              at_ = before;
            }
          }
          AppendUtf8(code, text);
          break;
        }
        default:
          text += escape;
      }
    }
    ++at_;
    return text;
  }

  const char* at_;
  const char* end_;
};

template <typename Json>
std::optional<Json> ParseStrict(std::string_view text) {
  if (!IsExtendedJson(text)) return std::nullopt;
  Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return std::nullopt;
  return document;
}

}  // namespace

std::optional<nlohmann::json> ParseExtendedJson(std::string_view text) {
  if (!IsExtendedJson(text)) return std::nullopt;
  return Reader(text).Value();
}

std::optional<nlohmann::json> ParseStrictJson(std::string_view text) {
  return ParseStrict<nlohmann::json>(text);
}

std::optional<nlohmann::ordered_json> ParseOrderedJson(std::string_view text) {
  return ParseStrict<nlohmann::ordered_json>(text);
}

const nlohmann::json* FindMember(const nlohmann::json& document,
                                 std::initializer_list<const char*> path) {
  const nlohmann::json* at = &document;
  for (const char* name : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string QuoteBareNumbers(std::string_view text) {
  if (text.find_first_of("NI") == std::string_view::npos) return std::string(text);
  std::string strict;
  strict.reserve(text.size() + 16);
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      const std::size_t start = at++;
      while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
      ++at;
      strict.append(text, start, at - start);
      continue;
    }
    std::string_view word;
    for (const std::string_view bare : {"NaN", "Infinity", "-Infinity"}) {
      if (text.substr(at, bare.size()) == bare) word = bare;
    }
    if (word.empty()) {
      strict += c;
      ++at;
    } else {
      strict += '"';
      strict += word;
      strict += '"';
      at += word.size();
    }
  }
  return strict;
}

}  // namespace regatta::tracking
