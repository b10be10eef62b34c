#include <fmt/format.h>

#include <algorithm>

#include "constraint_node.h"
#include "regatta/sweeps/problem.h"

namespace regatta::sweeps {
namespace {

class TypeChecker {
 public:
  TypeChecker(FunctionRef<std::optional<ConstraintTypes>(std::string_view)> types,
              std::span<const std::string_view> known)
      : types_(types), known_(known) {}

  ConstraintError Check(const ConstraintNode& root) {
    const ConstraintTypes result = TypesOf(root);
    if (error_.message.empty() && !result.boolean) {
      Fail(root.column, "the constraint is no comparison, so it is neither true nor false",
           "compare it with something, e.g. <= 100");
    }
    return error_;
  }

 private:
  void Fail(int column, std::string message, std::string suggestion = {}) {
    if (error_.message.empty()) {
      error_ = {column, std::move(message), std::move(suggestion)};
    }
  }

  static ConstraintTypes Number() { return {.number = true}; }
  static ConstraintTypes Boolean() { return {.boolean = true}; }

  // Booleans calculate as 0 and 1, as in Python.
  ConstraintTypes NeedNumber(const ConstraintNode& node) {
    const ConstraintTypes types = TypesOf(node);
    if (!types.number && !types.boolean) {
      Fail(node.column, fmt::format("{} is {}, and a number is needed", Describe(node),
                                    types.string ? "a string" : "no number"));
    }
    return Number();
  }

  static std::string Describe(const ConstraintNode& node) {
    if (node.op == ConstraintOp::kName) {
      return fmt::format("\"{}\"", node.text);
    }
    return node.op == ConstraintOp::kText ? fmt::format("'{}'", node.text) : "this part";
  }

  ConstraintTypes TypesOf(const ConstraintNode& node) {
    switch (node.op) {
      case ConstraintOp::kNumber:
        return Number();
      case ConstraintOp::kText:
        return {.string = true};
      case ConstraintOp::kBoolean:
        return Boolean();
      case ConstraintOp::kNull:
        return {.other = true};
      case ConstraintOp::kName:
        return NameTypes(node);
      case ConstraintOp::kList:
        for (const auto& child : node.children) {
          TypesOf(*child);
        }
        return {.other = true};
      case ConstraintOp::kCall:
        return CallTypes(node);
      case ConstraintOp::kNot:
      case ConstraintOp::kAnd:
      case ConstraintOp::kOr:
        for (const auto& child : node.children) {
          TypesOf(*child);
        }
        return Boolean();
      case ConstraintOp::kCompare:
        CheckComparison(node);
        return Boolean();
      default:
        for (const auto& child : node.children) {
          NeedNumber(*child);
        }
        return Number();
    }
  }

  ConstraintTypes NameTypes(const ConstraintNode& node) {
    const std::optional<ConstraintTypes> types = types_(node.text);
    if (!types) {
      Fail(node.column, fmt::format("there is no parameter \"{}\"", node.text),
           SpellingSuggestion(node.text, known_));
      return {.number = true, .boolean = true, .string = true, .other = true};
    }
    return *types;
  }

  ConstraintTypes CallTypes(const ConstraintNode& node) {
    if (node.text == "len") {
      const ConstraintTypes types = TypesOf(*node.children.front());
      if (!types.string && !types.other) {
        Fail(node.column, "len takes a string or a list");
      }
      return Number();
    }
    for (const auto& child : node.children) {
      if (child->op == ConstraintOp::kList) {
        for (const auto& item : child->children) {
          NeedNumber(*item);
        }
      } else {
        NeedNumber(*child);
      }
    }
    return Number();
  }

  void CheckComparison(const ConstraintNode& node) {
    std::vector<ConstraintTypes> types;
    for (const auto& child : node.children) {
      types.push_back(TypesOf(*child));
    }
    for (std::size_t i = 0; i < node.compares.size(); ++i) {
      CheckPair(node, node.compares[i], *node.children[i], types[i], *node.children[i + 1],
                types[i + 1]);
    }
  }

  void CheckPair(const ConstraintNode& node, CompareOp op, const ConstraintNode& left,
                 const ConstraintTypes& left_types, const ConstraintNode& right,
                 const ConstraintTypes& right_types) {
    if (op == CompareOp::kIn || op == CompareOp::kNotIn) {
      if (right.op == ConstraintOp::kList) {
        for (const auto& item : right.children) {
          CheckListed(left, left_types, *item);
        }
      } else if (!right_types.string && !right_types.other) {
        Fail(right.column, "after in stands a list or a string", "write in [a, b]");
      }
      return;
    }
    const auto is_numeric = [](const ConstraintTypes& t) { return t.number || t.boolean; };
    const bool share_order = (is_numeric(left_types) && is_numeric(right_types)) ||
                             (left_types.string && right_types.string);
    const bool is_equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
    if (!share_order && !(is_equality && left_types.other && right_types.other)) {
      Fail(node.column, is_equality ? fmt::format("the two sides can never be equal: {} and {}",
                                                  KindsText(left_types), KindsText(right_types))
                                    : fmt::format("{} cannot be compared with {}",
                                                  KindsText(left_types), KindsText(right_types)));
      return;
    }
    if (is_equality) {
      CheckListed(left, left_types, right);
      CheckListed(right, right_types, left);
    }
  }

  static std::string KindsText(const ConstraintTypes& types) {
    std::string text;
    const auto add = [&text](bool is_kind, std::string_view kind) {
      if (is_kind) {
        text += text.empty() ? "" : " or ";
        text += kind;
      }
    };
    add(types.number, "a number");
    add(types.boolean, "a boolean");
    add(types.string, "a string");
    add(types.other, "null or a list");
    return text;
  }

  // A parameter with listed values, compared with a literal that is none of them.
  void CheckListed(const ConstraintNode& name, const ConstraintTypes& types,
                   const ConstraintNode& literal) {
    if (name.op != ConstraintOp::kName || types.values.empty()) {
      return;
    }
    Value value;
    if (literal.op == ConstraintOp::kText) {
      value = Value::String(literal.text);
    } else if (literal.op == ConstraintOp::kNumber) {
      value = Value::Float(literal.number);
    } else {
      return;
    }
    std::vector<std::string_view> words;
    for (const Value& item : types.values) {
      if (SameValue(item, value)) {
        return;
      }
      if (item.is_string()) {
        words.push_back(item.as_string());
      }
    }
    Fail(literal.column, fmt::format("{} is never a value of \"{}\"", ToJson(value), name.text),
         literal.op == ConstraintOp::kText ? SpellingSuggestion(literal.text, words) : "");
  }

  FunctionRef<std::optional<ConstraintTypes>(std::string_view)> types_;
  std::span<const std::string_view> known_;
  ConstraintError error_;
};

}  // namespace

ConstraintError CheckConstraintTree(
    const ConstraintNode& root, FunctionRef<std::optional<ConstraintTypes>(std::string_view)> types,
    std::span<const std::string_view> known) {
  return TypeChecker(types, known).Check(root);
}

}  // namespace regatta::sweeps
