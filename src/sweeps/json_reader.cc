// ParseJson: values that know their places, whole numbers apart from others, NaN and infinities.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "regatta/base/utf8.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {
namespace {

constexpr int kJsonDepthMax = 100;

class JsonReader {
 public:
  JsonReader(std::string_view text, bool refuses_repeats)
      : text_(text), refuses_repeats_(refuses_repeats) {}

  Result<Value> Document() {
    Value value;
    if (!ReadValue(0, value)) {
      return Failure();
    }
    SkipSpace();
    if (at_ != text_.size()) {
      Fail("text after the end of the JSON value");
      return Failure();
    }
    return value;
  }

 private:
  bool Fail(std::string why) {
    if (why_.empty()) {
      why_ = std::move(why);
    }
    return false;
  }

  Error Failure() const {
    const Position place = Here();
    return InvalidArgument(fmt::format("line {}, column {}: {}", place.line, place.column, why_));
  }

  Position Here() const {
    return {line_, static_cast<int>(std::min<std::size_t>(at_ - line_start_ + 1,
                                                          std::numeric_limits<int>::max()))};
  }

  void SkipSpace() {
    while (at_ < text_.size()) {
      const char character = text_[at_];
      if (character == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (character != ' ' && character != '\t' && character != '\r') {
        return;
      }
      ++at_;
    }
  }

  bool Take(char expected) {
    if (at_ < text_.size() && text_[at_] == expected) {
      ++at_;
      return true;
    }
    return false;
  }

  bool TakeWord(std::string_view word) {
    if (text_.substr(at_).starts_with(word)) {
      at_ += word.size();
      return true;
    }
    return false;
  }

  bool ReadValue(int depth, Value& out) {
    SkipSpace();
    if (depth > kJsonDepthMax) {
      return Fail("nested deeper than 100 levels");
    }
    if (at_ == text_.size()) {
      return Fail("the JSON text ends where a value is expected");
    }
    const Position begin = Here();
    const bool is_read = ReadAnyValue(depth, out);
    out.position = begin;
    return is_read;
  }

  bool ReadAnyValue(int depth, Value& out) {
    switch (text_[at_]) {
      case '{':
        return ReadMap(depth, out);
      case '[':
        return ReadList(depth, out);
      case '"': {
        std::string string;
        if (!ReadString(string)) {
          return false;
        }
        out = Value::String(std::move(string));
        return true;
      }
      default:
        return ReadWord(out) || ReadNumber(out);
    }
  }

  bool ReadWord(Value& out) {
    if (TakeWord("true")) {
      out = Value::Bool(true);
    } else if (TakeWord("false")) {
      out = Value::Bool(false);
    } else if (TakeWord("null")) {
      out = Value::Null();
    } else if (TakeWord("NaN")) {
      out = Value::Float(std::numeric_limits<double>::quiet_NaN());
    } else if (TakeWord("Infinity")) {
      out = Value::Float(std::numeric_limits<double>::infinity());
    } else if (TakeWord("-Infinity")) {
      out = Value::Float(-std::numeric_limits<double>::infinity());
    } else {
      return false;
    }
    return true;
  }

  bool ReadNumber(Value& out) {
    std::size_t end = at_;
    while (end < text_.size() &&
           std::string_view("+-0123456789.eE").find(text_[end]) != std::string_view::npos) {
      ++end;
    }
    const std::string_view digits = text_.substr(at_, end - at_);
    const char* const last = digits.data() + digits.size();
    if (digits.empty() || digits.front() == '+' || digits.front() == '.') {
      return Fail("no JSON value begins here");
    }
    std::int64_t whole = 0;
    const auto as_int = std::from_chars(digits.data(), last, whole);
    if (as_int.ec == std::errc{} && as_int.ptr == last) {
      out = Value::Int(whole);
      at_ = end;
      return true;
    }
    double number = 0;
    const auto as_float = std::from_chars(digits.data(), last, number);
    if (as_float.ptr != last || as_float.ec == std::errc::invalid_argument) {
      return Fail(fmt::format("\"{}\" is no number", digits));
    }
    if (as_float.ec == std::errc::result_out_of_range) {
      number = digits.front() == '-' ? -std::numeric_limits<double>::infinity()
                                     : std::numeric_limits<double>::infinity();
      const std::size_t exponent = digits.find_first_of("eE");
      if (exponent != std::string_view::npos && digits.substr(exponent + 1).starts_with('-')) {
        number = 0;
      }
    }
    out = Value::Float(number);
    at_ = end;
    return true;
  }

  bool ReadHex4(std::uint32_t& code) {
    const std::string_view digits = text_.substr(at_, 4);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || read.ptr != digits.data() + 4 || read.ec != std::errc{}) {
      return Fail("\\u needs four hexadecimal digits");
    }
    at_ += 4;
    return true;
  }

  bool ReadEscape(std::string& out) {
    if (at_ == text_.size()) {
      return Fail("the string is not closed");
    }
    const char escape = text_[at_++];
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const std::size_t found = kFrom.find(escape); found != std::string_view::npos) {
      out += kTo[found];
      return true;
    }
    if (escape != 'u') {
      return Fail(fmt::format("\\{} is no JSON escape", escape));
    }
    std::uint32_t code = 0;
    if (!ReadHex4(code)) {
      return false;
    }
    if (IsHighSurrogate(code) && text_.substr(at_).starts_with("\\u")) {
      const std::size_t next = at_;
      at_ += 2;
      std::uint32_t low = 0;
      if (!ReadHex4(low)) {
        return false;
      }
      if (const std::optional<char32_t> joined = JoinSurrogates(code, low)) {
        code = *joined;
      } else {
        at_ = next;
      }
    }
    AppendUtf8(code, out);
    return true;
  }

  bool ReadString(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char character = text_[at_++];
      if (character == '"') {
        return true;
      }
      if (static_cast<unsigned char>(character) < 0x20) {
        return Fail("a control character in a string");
      }
      if (character == '\\') {
        if (!ReadEscape(out)) {
          return false;
        }
        continue;
      }
      const Utf8Step step = ReadUtf8(text_, at_ - 1);
      if (!step.is_valid) {
        return Fail("the text is no UTF-8");
      }
      out += text_.substr(at_ - 1, step.length);
      at_ += step.length - 1;
    }
    return Fail("the string is not closed");
  }

  bool ReadList(int depth, Value& out) {
    ++at_;
    Value::List items;
    SkipSpace();
    if (!Take(']')) {
      do {
        Value item;
        if (!ReadValue(depth + 1, item)) {
          return false;
        }
        items.push_back(std::move(item));
        SkipSpace();
      } while (Take(','));
      if (!Take(']')) {
        return Fail("expected ',' or ']'");
      }
    }
    out = Value::OfList(std::move(items));
    return true;
  }

  bool ReadMap(int depth, Value& out) {
    ++at_;
    Value::Map members;
    SkipSpace();
    if (!Take('}')) {
      do {
        SkipSpace();
        Member member;
        member.key_position = Here();
        if (at_ == text_.size() || text_[at_] != '"') {
          return Fail("expected a key in double quotes");
        }
        if (!ReadString(member.key)) {
          return false;
        }
        SkipSpace();
        if (!Take(':')) {
          return Fail("expected ':'");
        }
        if (!ReadValue(depth + 1, member.value)) {
          return false;
        }
        members.push_back(std::move(member));
        SkipSpace();
      } while (Take(','));
      if (!Take('}')) {
        return Fail("expected ',' or '}'");
      }
    }
    if (!KeepLastOfEach(members) && refuses_repeats_) {
      return Fail("a key stands twice in one object");
    }
    out = Value::OfMap(std::move(members));
    return true;
  }

  // Of a repeated key the last value counts, as in every JSON reader that clients use. Returns
  // whether all keys were different.
  static bool KeepLastOfEach(Value::Map& members) {
    if (members.size() < 2) {
      return true;
    }
    std::unordered_map<std::string_view, std::size_t> last;
    last.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      last[members[i].key] = i;
    }
    if (last.size() == members.size()) {
      return true;
    }
    Value::Map kept;
    std::vector<bool> is_last(members.size(), false);
    for (const auto& [key, place] : last) {
      is_last[place] = true;
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (is_last[i]) {
        kept.push_back(std::move(members[i]));
      }
    }
    members = std::move(kept);
    return false;
  }

  std::string_view text_;
  bool refuses_repeats_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::size_t line_start_ = 0;
  std::string why_;
};

}  // namespace

Result<Value> ParseJson(std::string_view text) { return JsonReader(text, false).Document(); }

Result<Value> ParseJsonStrict(std::string_view text) { return JsonReader(text, true).Document(); }

}  // namespace regatta::sweeps
