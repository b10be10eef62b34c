// Tokens of GraphQL text (specification of October 2021, section 2.1).
//
// Not thread-safe. Token texts point into the source, or into the strings that the lexer unescaped
// and keeps in `StringPool`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "regatta/base/error.h"
#include "regatta/graphql/document.h"

namespace regatta::graphql {

enum class TokenKind : std::uint8_t {
  kEnd,
  kPunctuator,
  kName,
  kInt,
  kFloat,
  kString,
  kBlockString
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  // The punctuator ("{", "..."), name, digits, or unescaped string.
  std::string_view text;
  SourceLocation location;
};

using StringPool = std::deque<std::string>;

class Lexer {
 public:
  // Both outlive the lexer and its tokens.
  Lexer(std::string_view source, StringPool& pool) : source_(source), pool_(pool) {}

  // The next token; after an error, and at the end, kEnd for ever.
  Token Next();

  const std::optional<Error>& error() const { return error_; }
  SourceLocation error_location() const { return error_location_; }

 private:
  void SkipIgnored();
  Token Make(TokenKind kind, std::size_t begin) const;
  Token Fail(std::string_view why, std::size_t at);
  SourceLocation LocationOf(std::size_t at) const;
  Token LexPunctuator();
  Token LexNumber();
  Token LexString();
  Token LexBlockString();
  bool Unescape(std::string& out);
  bool UnescapeUnicode(std::string& out, std::size_t escape_begin);
  std::optional<std::uint32_t> ReadHex4();
  bool StartsWith(std::string_view text) const { return source_.substr(at_, text.size()) == text; }
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  std::string_view source_;
  StringPool& pool_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_begin_ = 0;
  std::optional<Error> error_;
  SourceLocation error_location_;
};

}  // namespace regatta::graphql
