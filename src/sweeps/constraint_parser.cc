#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "constraint_lexer.h"
#include "constraint_node.h"
#include "regatta/sweeps/problem.h"

namespace regatta::sweeps {
namespace {

constexpr std::size_t kTextMax = 2000;
constexpr int kDepthMax = 60;
constexpr std::size_t kNodesMax = 500;

constexpr std::array kFunctions = {
    ConstraintFunction{"min", 1, 0},   ConstraintFunction{"max", 1, 0},
    ConstraintFunction{"abs", 1, 1},   ConstraintFunction{"sqrt", 1, 1},
    ConstraintFunction{"log", 1, 1},   ConstraintFunction{"log2", 1, 1},
    ConstraintFunction{"log10", 1, 1}, ConstraintFunction{"exp", 1, 1},
    ConstraintFunction{"floor", 1, 1}, ConstraintFunction{"ceil", 1, 1},
    ConstraintFunction{"round", 1, 1}, ConstraintFunction{"len", 1, 1},
};

class Parser {
 public:
  Parser(std::string_view text, ConstraintError& error)
      : text_(text), error_(error), lexer_(text) {}

  ParsedConstraint Parse() {
    if (text_.size() > kTextMax) {
      Fail(1, fmt::format("the constraint has {} characters; the limit is {}", text_.size(),
                          kTextMax));
      return {};
    }
    Advance();
    ConstraintTree root = Or();
    if (root != nullptr && token_.kind != ConstraintToken::Kind::kEnd) {
      Unexpected("an operator or the end");
    }
    if (failed_) {
      return {};
    }
    return {std::move(root), std::move(names_)};
  }

 private:
  std::nullptr_t Fail(int column, std::string message, std::string suggestion = {}) {
    if (!failed_) {
      failed_ = true;
      error_ = {column, std::move(message), std::move(suggestion)};
    }
    token_ = {};
    token_.column = column;
    return nullptr;
  }

  std::nullptr_t Unexpected(std::string_view wanted) {
    const std::string found =
        token_.kind == ConstraintToken::Kind::kEnd ? "the end" : fmt::format("\"{}\"", token_.text);
    std::string suggestion;
    if (token_.text == "=") {
      suggestion = "to compare write ==";
    } else if (token_.text == "&&" || token_.text == "&") {
      suggestion = "write and";
    } else if (token_.text == "||" || token_.text == "|") {
      suggestion = "write or";
    } else if (token_.text == "!") {
      suggestion = "write not";
    }
    return Fail(token_.column, fmt::format("expected {}, found {}", wanted, found),
                std::move(suggestion));
  }

  void Advance() {
    if (failed_) {
      token_ = {};
      return;
    }
    token_ = lexer_.Next();
    if (const std::optional<ConstraintError>& problem = lexer_.problem(); problem) {
      Fail(problem->column, problem->message);
    }
  }

  bool IsSign(std::string_view sign) const {
    return token_.kind == ConstraintToken::Kind::kSign && token_.text == sign;
  }
  bool IsWord(std::string_view word) const {
    return token_.kind == ConstraintToken::Kind::kName && token_.text == word;
  }
  bool TakeSign(std::string_view sign) {
    if (!IsSign(sign)) {
      return false;
    }
    Advance();
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!IsWord(word)) {
      return false;
    }
    Advance();
    return true;
  }

  ConstraintTree Node(ConstraintOp op, int column) {
    if (++nodes_ > kNodesMax) {
      return Fail(column, fmt::format("more than {} parts; split the constraint", kNodesMax));
    }
    auto node = std::make_unique<ConstraintNode>();
    node->op = op;
    node->column = column;
    return node;
  }

  ConstraintTree Binary(ConstraintOp op, int column, ConstraintTree left, ConstraintTree right) {
    ConstraintTree node = Node(op, column);
    if (node == nullptr || left == nullptr || right == nullptr) {
      return nullptr;
    }
    node->children.push_back(std::move(left));
    node->children.push_back(std::move(right));
    return node;
  }

  ConstraintTree Unary(ConstraintOp op, int column, ConstraintTree operand) {
    ConstraintTree node = Node(op, column);
    if (node == nullptr || operand == nullptr) {
      return nullptr;
    }
    node->children.push_back(std::move(operand));
    return node;
  }

  // Every path into deeper nesting passes here.
  ConstraintTree Or() {
    if (++depth_ > kDepthMax) {
      return Fail(token_.column, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    ConstraintTree left = And();
    while (left != nullptr && IsWord("or")) {
      const int column = token_.column;
      Advance();
      left = Binary(ConstraintOp::kOr, column, std::move(left), And());
    }
    --depth_;
    return left;
  }

  ConstraintTree And() {
    ConstraintTree left = Not();
    while (left != nullptr && IsWord("and")) {
      const int column = token_.column;
      Advance();
      left = Binary(ConstraintOp::kAnd, column, std::move(left), Not());
    }
    return left;
  }

  ConstraintTree Not() {
    const int column = token_.column;
    if (!TakeWord("not")) {
      return Comparison();
    }
    if (++depth_ > kDepthMax) {
      return Fail(column, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    ConstraintTree node = Unary(ConstraintOp::kNot, column, Not());
    --depth_;
    return node;
  }

  std::optional<CompareOp> TakeCompare() {
    constexpr std::array<std::pair<std::string_view, CompareOp>, 6> kSigns = {
        {{"==", CompareOp::kEqual},
         {"!=", CompareOp::kNotEqual},
         {"<", CompareOp::kLess},
         {"<=", CompareOp::kLessEqual},
         {">", CompareOp::kGreater},
         {">=", CompareOp::kGreaterEqual}}};
    for (const auto& [sign, op] : kSigns) {
      if (TakeSign(sign)) {
        return op;
      }
    }
    if (TakeWord("in")) {
      return CompareOp::kIn;
    }
    if (TakeWord("not")) {
      if (!TakeWord("in")) {
        Unexpected("in after not");
      }
      return CompareOp::kNotIn;
    }
    return std::nullopt;
  }

  ConstraintTree Comparison() {
    ConstraintTree first = Sum();
    ConstraintTree node;
    while (first != nullptr || node != nullptr) {
      const int column = token_.column;
      const std::optional<CompareOp> op = TakeCompare();
      if (!op || failed_) {
        break;
      }
      if (node == nullptr) {
        node = Node(ConstraintOp::kCompare, column);
        if (node == nullptr) {
          return nullptr;
        }
        node->children.push_back(std::move(first));
      }
      ConstraintTree right = Sum();
      if (right == nullptr) {
        return nullptr;
      }
      node->compares.push_back(*op);
      node->children.push_back(std::move(right));
    }
    return node != nullptr ? std::move(node) : std::move(first);
  }

  ConstraintTree Sum() {
    ConstraintTree left = Product();
    while (left != nullptr && (IsSign("+") || IsSign("-"))) {
      const ConstraintOp op = IsSign("+") ? ConstraintOp::kAdd : ConstraintOp::kSubtract;
      const int column = token_.column;
      Advance();
      left = Binary(op, column, std::move(left), Product());
    }
    return left;
  }

  ConstraintTree Product() {
    ConstraintTree left = Signed();
    while (left != nullptr) {
      ConstraintOp op = ConstraintOp::kMultiply;
      if (IsSign("/")) {
        op = ConstraintOp::kDivide;
      } else if (IsSign("//")) {
        op = ConstraintOp::kFloorDivide;
      } else if (IsSign("%")) {
        op = ConstraintOp::kModulo;
      } else if (!IsSign("*")) {
        break;
      }
      const int column = token_.column;
      Advance();
      left = Binary(op, column, std::move(left), Signed());
    }
    return left;
  }

  ConstraintTree Signed() {
    const int column = token_.column;
    const bool is_minus = IsSign("-");
    if (!is_minus && !IsSign("+")) {
      return Power();
    }
    Advance();
    if (++depth_ > kDepthMax) {
      return Fail(column, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    ConstraintTree node =
        Unary(is_minus ? ConstraintOp::kNegate : ConstraintOp::kPlus, column, Signed());
    --depth_;
    return node;
  }

  // ** binds tighter than a sign on its left, looser than one on its right, and groups to the
  // right.
  ConstraintTree Power() {
    ConstraintTree base = Atom();
    if (base == nullptr || !IsSign("**")) {
      return base;
    }
    const int column = token_.column;
    Advance();
    if (++depth_ > kDepthMax) {
      return Fail(column, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    ConstraintTree node = Binary(ConstraintOp::kPower, column, std::move(base), Signed());
    --depth_;
    return node;
  }

  ConstraintTree Atom() {
    const ConstraintToken token = token_;
    switch (token.kind) {
      case ConstraintToken::Kind::kNumber: {
        Advance();
        ConstraintTree node = Node(ConstraintOp::kNumber, token.column);
        if (node != nullptr) {
          node->number = token.number;
        }
        return node;
      }
      case ConstraintToken::Kind::kText: {
        Advance();
        ConstraintTree node = Node(ConstraintOp::kText, token.column);
        if (node != nullptr) {
          node->text = token.text;
        }
        return node;
      }
      case ConstraintToken::Kind::kName:
        return NamedAtom(token);
      case ConstraintToken::Kind::kQuotedName:
        Advance();
        return NameNode(token);
      case ConstraintToken::Kind::kSign:
        if (IsSign("(") || IsSign("[")) {
          return Bracketed();
        }
        return Unexpected("a value");
      case ConstraintToken::Kind::kEnd:
        return Unexpected("a value");
    }
    return nullptr;
  }

  ConstraintTree NamedAtom(const ConstraintToken& token) {
    constexpr std::array<std::string_view, 4> kOperators = {"and", "or", "not", "in"};
    if (std::ranges::find(kOperators, token.text) != kOperators.end()) {
      return Unexpected("a value");
    }
    Advance();
    const std::string& word = token.text;
    if (word == "True" || word == "true" || word == "False" || word == "false") {
      ConstraintTree node = Node(ConstraintOp::kBoolean, token.column);
      if (node != nullptr) {
        node->number = word == "True" || word == "true" ? 1 : 0;
      }
      return node;
    }
    if (word == "None" || word == "null") {
      return Node(ConstraintOp::kNull, token.column);
    }
    return IsSign("(") ? Call(token) : NameNode(token);
  }

  ConstraintTree NameNode(const ConstraintToken& token) {
    ConstraintTree node = Node(ConstraintOp::kName, token.column);
    if (node == nullptr) {
      return nullptr;
    }
    node->text = token.text;
    const auto found = std::ranges::find(names_, token.text);
    node->name = static_cast<std::size_t>(found - names_.begin());
    if (found == names_.end()) {
      names_.push_back(token.text);
    }
    return node;
  }

  ConstraintTree Call(const ConstraintToken& token) {
    const ConstraintFunction* function = FindConstraintFunction(token.text);
    if (function == nullptr) {
      return Fail(token.column, fmt::format("there is no function \"{}\"", token.text),
                  SpellingSuggestion(token.text, ConstraintFunctionNames()));
    }
    Advance();
    ConstraintTree node = Node(ConstraintOp::kCall, token.column);
    if (node == nullptr || !Items(")", *node)) {
      return nullptr;
    }
    node->text = token.text;
    const std::size_t count = node->children.size();
    if (count < function->least || (function->most != 0 && count > function->most)) {
      return Fail(token.column, fmt::format("{} takes {} value, not {}", token.text,
                                            function->most == 0 ? "at least one" : "one", count));
    }
    return node;
  }

  // Expressions up to `close`, which is taken; a trailing comma is fine.
  bool Items(std::string_view close, ConstraintNode& node) {
    while (!TakeSign(close)) {
      ConstraintTree item = Or();
      if (item == nullptr) {
        return false;
      }
      node.children.push_back(std::move(item));
      if (!TakeSign(",") && !IsSign(close)) {
        Unexpected(fmt::format("\",\" or \"{}\"", close));
        return false;
      }
    }
    return true;
  }

  ConstraintTree Bracketed() {
    const int column = token_.column;
    const bool is_list = IsSign("[");
    Advance();
    ConstraintTree node = Node(ConstraintOp::kList, column);
    if (node == nullptr) {
      return nullptr;
    }
    if (is_list) {
      return Items("]", *node) ? std::move(node) : nullptr;
    }
    ConstraintTree inner = Or();
    if (inner == nullptr || TakeSign(")")) {
      return inner;
    }
    if (!TakeSign(",")) {
      return Unexpected("\")\"");
    }
    node->children.push_back(std::move(inner));
    return Items(")", *node) ? std::move(node) : nullptr;
  }

  std::string_view text_;
  ConstraintError& error_;
  ConstraintLexer lexer_;
  ConstraintToken token_;
  int depth_ = 0;
  std::size_t nodes_ = 0;
  bool failed_ = false;
  std::vector<std::string> names_;
};

}  // namespace

const ConstraintFunction* FindConstraintFunction(std::string_view name) {
  const auto* const found = std::ranges::find(kFunctions, name, &ConstraintFunction::name);
  return found == kFunctions.end() ? nullptr : found;
}

std::vector<std::string_view> ConstraintFunctionNames() {
  std::vector<std::string_view> names;
  for (const ConstraintFunction& function : kFunctions) {
    names.push_back(function.name);
  }
  return names;
}

ParsedConstraint ParseConstraintText(std::string_view text, ConstraintError* error) {
  ConstraintError ignored;
  return Parser(text, error != nullptr ? *error : ignored).Parse();
}

}  // namespace regatta::sweeps
