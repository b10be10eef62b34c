#include "lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "regatta/base/utf8.h"

namespace regatta::graphql {
namespace {

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Printable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F ? fmt::format("\"{}\"", c)
                                     : fmt::format("byte 0x{:02X}", byte);
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') {
      lines.push_back(text.substr(begin, i - begin));
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
        ++i;
      }
      begin = i + 1;
    }
  }
  lines.push_back(text.substr(begin));
  return lines;
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

// BlockStringValue() of the specification: the common indentation and the blank ends go.
std::string Dedent(std::string_view raw) {
  std::vector<std::string_view> lines = SplitLines(raw);
  std::size_t indent = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!IsBlank(lines[i])) {
      indent = std::min(indent, lines[i].find_first_not_of(" \t"));
    }
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    lines[i].remove_prefix(std::min(indent, lines[i].size()));
  }
  const auto first =
      std::find_if(lines.begin(), lines.end(), [](std::string_view l) { return !IsBlank(l); });
  auto last = lines.end();
  while (last != first && IsBlank(*(last - 1))) {
    --last;
  }
  std::string text;
  for (auto line = first; line != last; ++line) {
    if (line != first) {
      text += '\n';
    }
    text += *line;
  }
  return text;
}

}  // namespace

SourceLocation Lexer::LocationOf(std::size_t at) const {
  return {line_, static_cast<std::uint32_t>(at - line_begin_ + 1)};
}

Token Lexer::Make(TokenKind kind, std::size_t begin) const {
  return {kind, source_.substr(begin, at_ - begin), LocationOf(begin)};
}

Token Lexer::Fail(std::string_view why, std::size_t at) {
  error_location_ = LocationOf(at);
  error_ = InvalidArgument(
      fmt::format("Syntax Error ({}:{}): {}", error_location_.line, error_location_.column, why));
  at_ = source_.size();
  return {TokenKind::kEnd, {}, error_location_};
}

void Lexer::SkipIgnored() {
  if (at_ == 0 && StartsWith("\xEF\xBB\xBF")) {
    at_ = 3;
  }
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == '\n' || c == '\r') {
      at_ += c == '\r' && Peek(1) == '\n' ? 2 : 1;
      ++line_;
      line_begin_ = at_;
    } else if (c == ' ' || c == '\t' || c == ',') {
      ++at_;
    } else if (c == '#') {
      at_ = std::min(source_.find_first_of("\r\n", at_), source_.size());
    } else {
      return;
    }
  }
}

Token Lexer::Next() {
  SkipIgnored();
  if (error_ || at_ >= source_.size()) {
    return {TokenKind::kEnd, {}, LocationOf(std::max(at_, line_begin_))};
  }
  const char c = source_[at_];
  if (IsNameStart(c)) {
    const std::size_t begin = at_;
    while (IsNameStart(Peek()) || IsDigit(Peek())) {
      ++at_;
    }
    return Make(TokenKind::kName, begin);
  }
  if (IsDigit(c) || c == '-') {
    return LexNumber();
  }
  if (c == '"') {
    return StartsWith("\"\"\"") ? LexBlockString() : LexString();
  }
  return LexPunctuator();
}

Token Lexer::LexPunctuator() {
  constexpr std::string_view kSingle = "!$&()[]{}:=@|";
  const std::size_t begin = at_;
  if (StartsWith("...")) {
    at_ += 3;
    return Make(TokenKind::kPunctuator, begin);
  }
  if (kSingle.find(source_[at_]) == std::string_view::npos) {
    return Fail(fmt::format("Unexpected character {}.", Printable(source_[at_])), at_);
  }
  ++at_;
  return Make(TokenKind::kPunctuator, begin);
}

Token Lexer::LexNumber() {
  const std::size_t begin = at_;
  const auto digits = [this] {
    const std::size_t first = at_;
    while (IsDigit(Peek())) {
      ++at_;
    }
    return at_ > first;
  };
  at_ += Peek() == '-' ? 1 : 0;
  const bool has_leading_zero = Peek() == '0';
  const std::size_t first = at_;
  if (!digits() || (has_leading_zero && at_ - first > 1)) {
    return Fail("Invalid number.", begin);
  }
  TokenKind kind = TokenKind::kInt;
  if (Peek() == '.') {
    kind = TokenKind::kFloat;
    ++at_;
    if (!digits()) {
      return Fail("Invalid number, expected a digit after the point.", begin);
    }
  }
  if (Peek() == 'e' || Peek() == 'E') {
    kind = TokenKind::kFloat;
    ++at_;
    at_ += Peek() == '+' || Peek() == '-' ? 1 : 0;
    if (!digits()) {
      return Fail("Invalid number, expected a digit in the exponent.", begin);
    }
  }
  if (IsNameStart(Peek()) || Peek() == '.') {
    return Fail(fmt::format("Invalid number, unexpected {}.", Printable(Peek())), at_);
  }
  return Make(kind, begin);
}

std::optional<std::uint32_t> Lexer::ReadHex4() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = Peek();
    std::uint32_t digit = 0;
    if (IsDigit(c)) {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
    ++at_;
  }
  return value;
}

// Reads what follows `\u`, pairs of surrogates included.
bool Lexer::UnescapeUnicode(std::string& out, std::size_t escape_begin) {
  std::optional<std::uint32_t> point = ReadHex4();
  if (point && IsHighSurrogate(*point) && StartsWith("\\u")) {
    at_ += 2;
    const std::optional<std::uint32_t> low = ReadHex4();
    point = low ? JoinSurrogates(*point, *low) : std::nullopt;
  } else if (point && *point >= 0xD800 && *point <= 0xDFFF) {
    point = std::nullopt;
  }
  if (!point) {
    Fail("Invalid Unicode escape sequence.", escape_begin);
    return false;
  }
  AppendUtf8(*point, out);
  return true;
}

bool Lexer::Unescape(std::string& out) {
  constexpr std::string_view kCodes = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const std::size_t begin = at_;
  const char code = Peek(1);
  at_ = std::min(at_ + 2, source_.size());
  if (code == 'u') {
    return UnescapeUnicode(out, begin);
  }
  const std::size_t place = code == '\0' ? std::string_view::npos : kCodes.find(code);
  if (place == std::string_view::npos) {
    Fail("Invalid character escape sequence.", begin);
    return false;
  }
  out += kMeant[place];
  return true;
}

Token Lexer::LexString() {
  const std::size_t begin = at_++;
  const std::size_t text_begin = at_;
  std::size_t plain_begin = at_;
  std::string* unescaped = nullptr;
  while (at_ < source_.size() && Peek() != '"') {
    const char c = Peek();
    if (c == '\n' || c == '\r') {
      break;
    }
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
      return Fail("Invalid character within String.", at_);
    }
    if (c != '\\') {
      ++at_;
      continue;
    }
    if (unescaped == nullptr) {
      unescaped = &pool_.emplace_back();
    }
    unescaped->append(source_, plain_begin, at_ - plain_begin);
    if (!Unescape(*unescaped)) {
      return {TokenKind::kEnd, {}, error_location_};
    }
    plain_begin = at_;
  }
  if (Peek() != '"') {
    return Fail("Unterminated string.", begin);
  }
  Token token{TokenKind::kString, source_.substr(text_begin, at_ - text_begin), LocationOf(begin)};
  if (unescaped != nullptr) {
    unescaped->append(source_, plain_begin, at_ - plain_begin);
    token.text = *unescaped;
  }
  ++at_;
  return token;
}

Token Lexer::LexBlockString() {
  const std::size_t begin = at_;
  const SourceLocation location = LocationOf(begin);
  at_ += 3;
  std::string raw;
  while (at_ < source_.size() && !StartsWith("\"\"\"")) {
    if (StartsWith("\\\"\"\"")) {
      raw += "\"\"\"";
      at_ += 4;
      continue;
    }
    const char c = source_[at_];
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      return Fail("Invalid character within String.", at_);
    }
    raw += c;
    ++at_;
    if (c == '\n' || (c == '\r' && Peek() != '\n')) {
      ++line_;
      line_begin_ = at_;
    }
  }
  if (at_ >= source_.size()) {
    return Fail("Unterminated string.", at_);
  }
  at_ += 3;
  return {TokenKind::kBlockString, pool_.emplace_back(Dedent(raw)), location};
}

}  // namespace regatta::graphql
