// The grammar that executable documents and SDL share: values, types, arguments, directives.
//
// Fails once: after the first error every token is the end of the text, so loops end by themselves
// and callers look at failed() when they are done. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lexer.h"
#include "regatta/base/error.h"
#include "regatta/graphql/document.h"

namespace regatta::graphql {

class Grammar {
 public:
  Grammar(std::string_view text, StringPool& pool, const ParseLimits& limits);

  bool failed() const { return error_.has_value(); }
  // Requires failed().
  const Error& error() const { return *error_; }
  SourceLocation error_location() const { return error_location_; }
  std::size_t token_count() const { return token_count_; }

 protected:
  const Token& token() const { return token_; }
  SourceLocation location() const { return token_.location; }
  bool AtEnd() const { return token_.kind == TokenKind::kEnd; }
  bool At(std::string_view punctuator) const {
    return token_.kind == TokenKind::kPunctuator && token_.text == punctuator;
  }
  bool AtName() const { return token_.kind == TokenKind::kName; }
  bool AtKeyword(std::string_view word) const { return AtName() && token_.text == word; }
  bool AtString() const {
    return token_.kind == TokenKind::kString || token_.kind == TokenKind::kBlockString;
  }

  void Advance();
  // Takes the token if it is there.
  bool Accept(std::string_view punctuator);
  bool AcceptKeyword(std::string_view word);
  void Expect(std::string_view punctuator);
  std::string_view ExpectName();
  void Unexpected();
  void Fail(Error error, SourceLocation at);
  void Fail(std::string_view why, SourceLocation at);

  // Counts nesting; on the limit fails with `what`.
  class Nesting {
   public:
    Nesting(Grammar& grammar, std::size_t& depth, std::string_view what);
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    std::size_t& depth_;
  };

  ValueNode ParseValue(bool is_const);
  TypeNode ParseType();
  std::vector<ArgumentNode> ParseArguments(bool is_const);
  std::vector<DirectiveNode> ParseDirectives(bool is_const);

  std::size_t selection_depth_ = 0;

 private:
  ValueNode ParseNameValue(ValueNode node);
  void ParseListValue(ValueNode& node, bool is_const);
  void ParseObjectValue(ValueNode& node, bool is_const);
  std::uint32_t ParseTypeWrappers(TypeNode& type, std::size_t depth);

  Lexer lexer_;
  ParseLimits limits_;
  Token token_;
  std::size_t token_count_ = 0;
  std::size_t value_depth_ = 0;
  std::optional<Error> error_;
  SourceLocation error_location_;
};

// "Unexpected ..." as messages name a token: `Name "x"`, `"{"`, `<EOF>`.
std::string DescribeToken(const Token& token);

}  // namespace regatta::graphql
