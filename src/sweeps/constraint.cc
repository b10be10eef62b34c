#include "regatta/sweeps/constraint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "constraint_node.h"

namespace regatta::sweeps {
namespace {

// A value while an expression is computed. Views point into the tree or the point.
struct Operand {
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kString, kValue };
  Kind kind = Kind::kNull;
  double number = 0;  // kBoolean: 0 or 1
  std::string_view text;
  const Value* value = nullptr;  // kValue: a list or mapping

  bool is_numeric() const { return kind == Kind::kNumber || kind == Kind::kBoolean; }
  bool is_true() const {
    return is_numeric() ? number != 0 : kind == Kind::kString ? !text.empty() : kind != Kind::kNull;
  }
};

Operand NumberOperand(double number) { return {Operand::Kind::kNumber, number, {}, nullptr}; }
Operand BooleanOperand(bool value) {
  return {Operand::Kind::kBoolean, value ? 1.0 : 0.0, {}, nullptr};
}

Operand OperandOf(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return {};
    case Value::Kind::kBool:
      return BooleanOperand(value.as_bool());
    case Value::Kind::kInt:
    case Value::Kind::kFloat:
      return NumberOperand(value.as_number());
    case Value::Kind::kString:
      return {Operand::Kind::kString, 0, value.as_string(), nullptr};
    case Value::Kind::kList:
    case Value::Kind::kMap:
      break;
  }
  return {Operand::Kind::kValue, 0, {}, &value};
}

bool AreEqual(const Operand& left, const Operand& right) {
  if (left.is_numeric() && right.is_numeric()) {
    return left.number == right.number;
  }
  if (left.kind != right.kind) {
    return false;
  }
  switch (left.kind) {
    case Operand::Kind::kString:
      return left.text == right.text;
    case Operand::Kind::kValue:
      return SameValue(*left.value, *right.value);
    default:
      return true;
  }
}

class Evaluator {
 public:
  explicit Evaluator(std::span<const Value* const> values) : values_(values) {}

  const std::string& why() const { return why_; }

  bool Evaluate(const ConstraintNode& node, Operand& out) {
    switch (node.op) {
      case ConstraintOp::kNumber:
        out = NumberOperand(node.number);
        return true;
      case ConstraintOp::kText:
        out = {Operand::Kind::kString, 0, node.text, nullptr};
        return true;
      case ConstraintOp::kBoolean:
        out = BooleanOperand(node.number != 0);
        return true;
      case ConstraintOp::kNull:
        out = {};
        return true;
      case ConstraintOp::kName:
        out = OperandOf(*values_[node.name]);
        return true;
      case ConstraintOp::kList:
        return Fail(node, "a list stands where a value is needed");
      case ConstraintOp::kCall:
        return Call(node, out);
      case ConstraintOp::kNot: {
        const bool is_known = Evaluate(*node.children[0], out);
        out = BooleanOperand(!out.is_true());
        return is_known;
      }
      case ConstraintOp::kAnd:
      case ConstraintOp::kOr: {
        if (!Evaluate(*node.children[0], out)) {
          return false;
        }
        const bool is_decided = out.is_true() == (node.op == ConstraintOp::kOr);
        return is_decided || Evaluate(*node.children[1], out);
      }
      case ConstraintOp::kCompare:
        return Compare(node, out);
      default:
        return Arithmetic(node, out);
    }
  }

 private:
  bool Fail(const ConstraintNode& node, std::string_view why) {
    why_ = fmt::format("character {}: {}", node.column, why);
    return false;
  }

  bool Number(const ConstraintNode& node, double& out) {
    Operand operand;
    if (!Evaluate(node, operand)) {
      return false;
    }
    if (!operand.is_numeric()) {
      return Fail(node, "a number is needed");
    }
    out = operand.number;
    return true;
  }

  bool Finish(const ConstraintNode& node, double number, Operand& out) {
    if (!std::isfinite(number)) {
      return Fail(node, "the result is no finite number");
    }
    out = NumberOperand(number);
    return true;
  }

  bool Arithmetic(const ConstraintNode& node, Operand& out) {
    double left = 0;
    double right = 0;
    if (!Number(*node.children[0], left) ||
        (node.children.size() > 1 && !Number(*node.children[1], right))) {
      return false;
    }
    const bool divides = node.op == ConstraintOp::kDivide ||
                         node.op == ConstraintOp::kFloorDivide || node.op == ConstraintOp::kModulo;
    if (divides && right == 0) {
      return Fail(node, "division by zero");
    }
    switch (node.op) {
      case ConstraintOp::kNegate:
        return Finish(node, -left, out);
      case ConstraintOp::kPlus:
        return Finish(node, left, out);
      case ConstraintOp::kAdd:
        return Finish(node, left + right, out);
      case ConstraintOp::kSubtract:
        return Finish(node, left - right, out);
      case ConstraintOp::kMultiply:
        return Finish(node, left * right, out);
      case ConstraintOp::kDivide:
        return Finish(node, left / right, out);
      case ConstraintOp::kFloorDivide:
        return Finish(node, std::floor(left / right), out);
      case ConstraintOp::kModulo: {
        // The result has the sign of the divisor, as in Python.
        const double rest = std::fmod(left, right);
        return Finish(node, rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest, out);
      }
      default:
        return Finish(node, std::pow(left, right), out);
    }
  }

  bool Call(const ConstraintNode& node, Operand& out) {
    if (node.text == "len") {
      return Length(node, out);
    }
    if (node.text == "min" || node.text == "max") {
      return Extreme(node, node.text == "max", out);
    }
    double x = 0;
    if (!Number(*node.children[0], x)) {
      return false;
    }
    const std::string& name = node.text;
    const double result = name == "abs"     ? std::abs(x)
                          : name == "sqrt"  ? std::sqrt(x)
                          : name == "log"   ? std::log(x)
                          : name == "log2"  ? std::log2(x)
                          : name == "log10" ? std::log10(x)
                          : name == "exp"   ? std::exp(x)
                          : name == "floor" ? std::floor(x)
                          : name == "ceil"  ? std::ceil(x)
                                            : std::nearbyint(x);
    return Finish(node, result, out);
  }

  bool Length(const ConstraintNode& node, Operand& out) {
    const ConstraintNode& child = *node.children[0];
    if (child.op == ConstraintOp::kList) {
      out = NumberOperand(static_cast<double>(child.children.size()));
      return true;
    }
    Operand operand;
    if (!Evaluate(child, operand)) {
      return false;
    }
    if (operand.kind == Operand::Kind::kString) {
      // Characters, not bytes: UTF-8 continuation bytes do not count.
      const auto count = std::ranges::count_if(operand.text, [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
      });
      out = NumberOperand(static_cast<double>(count));
      return true;
    }
    if (operand.kind != Operand::Kind::kValue) {
      return Fail(node, "len takes a string or a list");
    }
    out = NumberOperand(static_cast<double>(operand.value->is_list()
                                                ? operand.value->as_list().size()
                                                : operand.value->as_map().size()));
    return true;
  }

  bool Extreme(const ConstraintNode& node, bool is_max, Operand& out) {
    std::optional<double> extreme;
    const auto take = [&](const ConstraintNode& item) {
      double x = 0;
      if (!Number(item, x)) {
        return false;
      }
      extreme = !extreme ? x : is_max ? std::max(*extreme, x) : std::min(*extreme, x);
      return true;
    };
    for (const auto& child : node.children) {
      if (child->op != ConstraintOp::kList) {
        if (!take(*child)) {
          return false;
        }
        continue;
      }
      for (const auto& item : child->children) {
        if (!take(*item)) {
          return false;
        }
      }
    }
    if (!extreme) {
      return Fail(node, "the list is empty");
    }
    out = NumberOperand(*extreme);
    return true;
  }

  bool Compare(const ConstraintNode& node, Operand& out) {
    Operand left;
    if (!Evaluate(*node.children[0], left)) {
      return false;
    }
    for (std::size_t i = 0; i < node.compares.size(); ++i) {
      bool holds = false;
      const ConstraintNode& right_node = *node.children[i + 1];
      if (right_node.op == ConstraintOp::kList) {
        if (!Listed(node, node.compares[i], left, right_node, holds)) {
          return false;
        }
        left = {};
      } else {
        Operand right;
        if (!Evaluate(right_node, right) || !Holds(node, node.compares[i], left, right, holds)) {
          return false;
        }
        left = right;
      }
      if (!holds) {
        out = BooleanOperand(false);
        return true;
      }
    }
    out = BooleanOperand(true);
    return true;
  }

  bool Listed(const ConstraintNode& node, CompareOp op, const Operand& left,
              const ConstraintNode& list, bool& holds) {
    if (op != CompareOp::kIn && op != CompareOp::kNotIn) {
      return Fail(node, "a list can only follow in");
    }
    bool is_in = false;
    for (const auto& item : list.children) {
      Operand right;
      if (!Evaluate(*item, right)) {
        return false;
      }
      is_in = is_in || AreEqual(left, right);
    }
    holds = is_in == (op == CompareOp::kIn);
    return true;
  }

  bool Contains(const ConstraintNode& node, const Operand& left, const Operand& right,
                bool& is_in) {
    if (left.kind == Operand::Kind::kString && right.kind == Operand::Kind::kString) {
      is_in = right.text.find(left.text) != std::string_view::npos;
      return true;
    }
    if (right.kind != Operand::Kind::kValue) {
      return Fail(node, "after in stands a list or a string");
    }
    if (right.value->is_list()) {
      is_in = std::ranges::any_of(right.value->as_list(), [&left](const Value& item) {
        return AreEqual(left, OperandOf(item));
      });
    } else {
      is_in = left.kind == Operand::Kind::kString && right.value->Find(left.text) != nullptr;
    }
    return true;
  }

  bool Holds(const ConstraintNode& node, CompareOp op, const Operand& left, const Operand& right,
             bool& holds) {
    switch (op) {
      case CompareOp::kEqual:
        holds = AreEqual(left, right);
        return true;
      case CompareOp::kNotEqual:
        holds = !AreEqual(left, right);
        return true;
      case CompareOp::kIn:
      case CompareOp::kNotIn: {
        bool is_in = false;
        if (!Contains(node, left, right, is_in)) {
          return false;
        }
        holds = is_in == (op == CompareOp::kIn);
        return true;
      }
      default:
        break;
    }
    int order = 0;
    if (left.is_numeric() && right.is_numeric()) {
      order = left.number < right.number ? -1 : left.number > right.number ? 1 : 0;
    } else if (left.kind == Operand::Kind::kString && right.kind == Operand::Kind::kString) {
      order = left.text.compare(right.text);
    } else {
      return Fail(node, "these two cannot be ordered");
    }
    holds = op == CompareOp::kLess        ? order < 0
            : op == CompareOp::kLessEqual ? order <= 0
            : op == CompareOp::kGreater   ? order > 0
                                          : order >= 0;
    return true;
  }

  std::span<const Value* const> values_;
  std::string why_;
};

}  // namespace

Result<Constraint> Constraint::Parse(std::string_view text, ConstraintError* error) {
  ConstraintError failure;
  ParsedConstraint parsed = ParseConstraintText(text, &failure);
  if (parsed.root == nullptr) {
    if (error != nullptr) {
      *error = failure;
    }
    return InvalidArgument(fmt::format("column {}: {}{}{}", failure.column, failure.message,
                                       failure.suggestion.empty() ? "" : "; ", failure.suggestion));
  }
  Constraint constraint;
  constraint.text_ = std::string(text);
  constraint.names_ = std::move(parsed.names);
  constraint.root_ = std::shared_ptr<const ConstraintNode>(std::move(parsed.root));
  return constraint;
}

std::optional<ConstraintError> Constraint::CheckTypes(
    FunctionRef<std::optional<ConstraintTypes>(std::string_view)> types,
    std::span<const std::string_view> known) const {
  ConstraintError error = CheckConstraintTree(*root_, types, known);
  if (error.message.empty()) {
    return std::nullopt;
  }
  return error;
}

Result<bool> Constraint::IsSatisfied(FunctionRef<const Value*(std::string_view)> lookup) const {
  std::vector<const Value*> values;
  values.reserve(names_.size());
  for (const std::string& name : names_) {
    const Value* value = lookup(name);
    if (value == nullptr) {
      return true;
    }
    values.push_back(value);
  }
  Evaluator evaluator(values);
  Operand result;
  if (!evaluator.Evaluate(*root_, result)) {
    return InvalidArgument(fmt::format("\"{}\", {}", text_, evaluator.why()));
  }
  return result.is_true();
}

}  // namespace regatta::sweeps
