#include "constraint_lexer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace regatta::sweeps {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

ConstraintToken ConstraintLexer::Next() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
  token_ = {};
  token_.column = Column();
  if (problem_ || at_ == text_.size()) {
    return token_;
  }
  const char first = text_[at_];
  const bool is_fraction = first == '.' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1]);
  if (IsDigit(first) || is_fraction) {
    ReadNumber();
  } else if (IsLetter(first)) {
    ReadName();
  } else if (first == '"' || first == '\'' || first == '`') {
    ReadQuoted(first);
  } else {
    ReadSign();
  }
  return token_;
}

void ConstraintLexer::Fail(int column, std::string message) {
  problem_ = {column, std::move(message), {}};
  token_ = {};
  token_.column = column;
}

void ConstraintLexer::ReadNumber() {
  const char* const begin = text_.data() + at_;
  const auto read = std::from_chars(begin, text_.data() + text_.size(), token_.number);
  if (read.ec != std::errc{}) {
    Fail(Column(), "a number out of range");
    return;
  }
  token_.kind = ConstraintToken::Kind::kNumber;
  token_.text = std::string(begin, read.ptr);
  at_ = static_cast<std::size_t>(read.ptr - text_.data());
  if (at_ < text_.size() && IsLetter(text_[at_])) {
    Fail(Column(), "a letter right after a number");
  }
}

void ConstraintLexer::ReadName() {
  const std::size_t begin = at_;
  while (at_ < text_.size()) {
    const bool is_dot_inside =
        text_[at_] == '.' && at_ + 1 < text_.size() && IsLetter(text_[at_ + 1]);
    if (!IsLetter(text_[at_]) && !IsDigit(text_[at_]) && !is_dot_inside) {
      break;
    }
    ++at_;
  }
  token_.kind = ConstraintToken::Kind::kName;
  token_.text = std::string(text_.substr(begin, at_ - begin));
}

void ConstraintLexer::ReadQuoted(char quote) {
  const int column = Column();
  ++at_;
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && quote != '`') {
      ++at_;
    }
    token_.text += text_[at_++];
  }
  if (at_ == text_.size()) {
    Fail(column, fmt::format("the {} is not closed", quote == '`' ? "name" : "string"));
    return;
  }
  ++at_;
  token_.kind = quote == '`' ? ConstraintToken::Kind::kQuotedName : ConstraintToken::Kind::kText;
}

void ConstraintLexer::ReadSign() {
  constexpr std::array<std::string_view, 10> kLong = {
      "//", "**", "==", "!=", "<=", ">=", "&&", "||", "<>", "=>"};
  token_.kind = ConstraintToken::Kind::kSign;
  for (const std::string_view sign : kLong) {
    if (text_.substr(at_).starts_with(sign)) {
      token_.text = sign;
      at_ += sign.size();
      return;
    }
  }
  // A whole UTF-8 character, so that messages stay readable.
  do {
    token_.text += text_[at_++];
  } while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0) == 0x80);
}

}  // namespace regatta::sweeps
