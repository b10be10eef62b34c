#include "grammar.h"

#include <fmt/format.h>

#include <utility>

namespace regatta::graphql {
namespace {

// More wrappers than any schema needs, and as many as a TypeRef holds.
constexpr std::size_t kMaxTypeDepth = 8;

}  // namespace

std::string DescribeToken(const Token& token) {
  constexpr std::size_t kShown = 60;
  const std::string_view text = token.text.substr(0, kShown);
  switch (token.kind) {
    case TokenKind::kEnd:
      return "<EOF>";
    case TokenKind::kPunctuator:
      return fmt::format("\"{}\"", text);
    case TokenKind::kName:
      return fmt::format("Name \"{}\"", text);
    case TokenKind::kInt:
      return fmt::format("Int \"{}\"", text);
    case TokenKind::kFloat:
      return fmt::format("Float \"{}\"", text);
    case TokenKind::kString:
    case TokenKind::kBlockString:
      return fmt::format("String \"{}\"", text);
  }
  return "token";
}

Grammar::Grammar(std::string_view text, StringPool& pool, const ParseLimits& limits)
    : lexer_(text, pool), limits_(limits) {
  if (text.size() > limits.max_bytes) {
    Fail(ResourceExhausted(
             fmt::format("the document of {} bytes is longer than the limit of {}: send large "
                         "values as variables",
                         text.size(), limits.max_bytes)),
         {1, 1});
    return;
  }
  Advance();
}

void Grammar::Advance() {
  if (failed()) {
    return;
  }
  token_ = lexer_.Next();
  if (lexer_.error()) {
    Fail(*lexer_.error(), lexer_.error_location());
    return;
  }
  if (++token_count_ > limits_.max_tokens) {
    Fail(ResourceExhausted(fmt::format("the document has more than {} tokens", limits_.max_tokens)),
         token_.location);
  }
}

bool Grammar::Accept(std::string_view punctuator) {
  if (!At(punctuator)) {
    return false;
  }
  Advance();
  return !failed();
}

bool Grammar::AcceptKeyword(std::string_view word) {
  if (!AtKeyword(word)) {
    return false;
  }
  Advance();
  return !failed();
}

void Grammar::Expect(std::string_view punctuator) {
  if (At(punctuator)) {
    Advance();
  } else {
    Fail(fmt::format("Expected \"{}\", found {}.", punctuator, DescribeToken(token_)),
         token_.location);
  }
}

std::string_view Grammar::ExpectName() {
  if (!AtName()) {
    Fail(fmt::format("Expected Name, found {}.", DescribeToken(token_)), token_.location);
    return {};
  }
  const std::string_view name = token_.text;
  Advance();
  return name;
}

void Grammar::Unexpected() {
  Fail(fmt::format("Unexpected {}.", DescribeToken(token_)), token_.location);
}

void Grammar::Fail(Error error, SourceLocation at) {
  if (!failed()) {
    error_ = std::move(error);
    error_location_ = at;
  }
  token_ = {TokenKind::kEnd, {}, at};
}

void Grammar::Fail(std::string_view why, SourceLocation at) {
  Fail(InvalidArgument(fmt::format("Syntax Error ({}:{}): {}", at.line, at.column, why)), at);
}

Grammar::Nesting::Nesting(Grammar& grammar, std::size_t& depth, std::string_view what)
    : depth_(depth) {
  if (++depth_ > grammar.limits_.max_depth) {
    grammar.Fail(
        ResourceExhausted(fmt::format("{} nest deeper than the limit of {} levels at {}:{}", what,
                                      grammar.limits_.max_depth, grammar.location().line,
                                      grammar.location().column)),
        grammar.location());
  }
}

ValueNode Grammar::ParseNameValue(ValueNode node) {
  node.text = token_.text;
  if (node.text == "true" || node.text == "false") {
    node.kind = ValueNode::Kind::kBool;
    node.bool_value = node.text == "true";
  } else {
    node.kind = node.text == "null" ? ValueNode::Kind::kNull : ValueNode::Kind::kEnum;
  }
  Advance();
  return node;
}

void Grammar::ParseListValue(ValueNode& node, bool is_const) {
  const Nesting nesting(*this, value_depth_, "values");
  node.kind = ValueNode::Kind::kList;
  Expect("[");
  while (!AtEnd() && !At("]")) {
    node.items.push_back(ParseValue(is_const));
  }
  Expect("]");
}

void Grammar::ParseObjectValue(ValueNode& node, bool is_const) {
  const Nesting nesting(*this, value_depth_, "values");
  node.kind = ValueNode::Kind::kObject;
  Expect("{");
  while (!AtEnd() && !At("}")) {
    ValueNode::Field& field = node.fields.emplace_back();
    field.location = location();
    field.name = ExpectName();
    Expect(":");
    field.value = ParseValue(is_const);
  }
  Expect("}");
}

ValueNode Grammar::ParseValue(bool is_const) {
  ValueNode node;
  node.location = location();
  node.text = token_.text;
  switch (token_.kind) {
    case TokenKind::kInt:
      node.kind = ValueNode::Kind::kInt;
      Advance();
      return node;
    case TokenKind::kFloat:
      node.kind = ValueNode::Kind::kFloat;
      Advance();
      return node;
    case TokenKind::kString:
    case TokenKind::kBlockString:
      node.kind = ValueNode::Kind::kString;
      Advance();
      return node;
    case TokenKind::kName:
      return ParseNameValue(std::move(node));
    case TokenKind::kPunctuator:
    case TokenKind::kEnd:
      break;
  }
  if (At("[")) {
    ParseListValue(node, is_const);
  } else if (At("{")) {
    ParseObjectValue(node, is_const);
  } else if (At("$") && !is_const) {
    node.kind = ValueNode::Kind::kVariable;
    Advance();
    node.text = ExpectName();
  } else {
    Unexpected();
  }
  return node;
}

std::uint32_t Grammar::ParseTypeWrappers(TypeNode& type, std::size_t depth) {
  if (depth > kMaxTypeDepth - 1) {
    Fail(fmt::format("The type nests deeper than {} lists.", kMaxTypeDepth - 1), location());
    return 0;
  }
  std::uint32_t wrappers = 0;
  if (Accept("[")) {
    wrappers = (ParseTypeWrappers(type, depth + 1) << 2U) | 2U;
    Expect("]");
  } else {
    type.name = ExpectName();
  }
  if (Accept("!")) {
    wrappers = (wrappers << 2U) | 1U;
  }
  return wrappers;
}

TypeNode Grammar::ParseType() {
  TypeNode type;
  type.location = location();
  type.wrappers = ParseTypeWrappers(type, 0);
  return type;
}

std::vector<ArgumentNode> Grammar::ParseArguments(bool is_const) {
  std::vector<ArgumentNode> arguments;
  if (!Accept("(")) {
    return arguments;
  }
  do {
    ArgumentNode& argument = arguments.emplace_back();
    argument.location = location();
    argument.name = ExpectName();
    Expect(":");
    argument.value = ParseValue(is_const);
  } while (!AtEnd() && !At(")"));
  Expect(")");
  return arguments;
}

std::vector<DirectiveNode> Grammar::ParseDirectives(bool is_const) {
  std::vector<DirectiveNode> directives;
  while (At("@")) {
    DirectiveNode& directive = directives.emplace_back();
    directive.location = location();
    Advance();
    directive.name = ExpectName();
    directive.arguments = ParseArguments(is_const);
  }
  return directives;
}

}  // namespace regatta::graphql
