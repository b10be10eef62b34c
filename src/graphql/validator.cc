#include "validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace regatta::graphql {
namespace {

// Where a variable is used.
struct Usage {
  std::string_view variable;
  // Without a named type: anything goes (inside a custom scalar).
  TypeRef expected;
  SourceLocation location;
  bool is_condition = false;
};

// What one operation or fragment uses directly.
struct Scope {
  std::vector<Usage> usages;
  std::vector<std::string_view> spreads;
};

std::string_view RootName(OperationKind kind) {
  switch (kind) {
    case OperationKind::kQuery:
      return "QUERY";
    case OperationKind::kMutation:
      return "MUTATION";
    case OperationKind::kSubscription:
      break;
  }
  return "SUBSCRIPTION";
}

bool TypesOverlap(const TypeDef& a, const TypeDef& b) {
  return &a == &b || std::any_of(a.possible_types.begin(), a.possible_types.end(),
                                 [&](const TypeDef* object) { return b.CanBe(object); });
}

// Equal but for "!": whether a null is really there is checked when the request runs.
bool IsAllowedPosition(TypeRef variable, TypeRef expected) {
  variable = variable.nullable();
  expected = expected.nullable();
  if (variable.is_list() != expected.is_list()) {
    return false;
  }
  return variable.is_list() ? IsAllowedPosition(variable.inner(), expected.inner())
                            : variable.named == expected.named;
}

class Validator {
 public:
  Validator(const Schema& schema, const Document& document, const Coercer& coercer,
            const ValidationLimits& limits)
      : schema_(schema), document_(document), coercer_(coercer), limits_(limits) {}

  Validation Run() {
    CheckNames();
    for (const FragmentNode& fragment : document_.fragments) {
      CheckFragment(fragment);
    }
    std::vector<Scope> scopes;
    for (const OperationNode& operation : document_.operations) {
      scopes.push_back(CheckOperation(operation));
    }
    if (!HasCycle()) {
      for (std::size_t i = 0; i < scopes.size(); ++i) {
        CheckVariableUsages(document_.operations[i], scopes[i]);
      }
      CheckDepth();
      if (errors_.empty()) {
        errors_ = FindConflicts(schema_, document_, limits_.max_visits);
      }
    }
    return {std::move(errors_), std::move(condition_variables_)};
  }

 private:
  template <typename... Args>
  void Report(SourceLocation at, fmt::format_string<Args...> format, Args&&... args) {
    if (errors_.size() < limits_.max_errors) {
      errors_.push_back({InvalidArgument(fmt::format(format, std::forward<Args>(args)...)), {at}});
    }
  }

  void CheckNames() {
    std::unordered_set<std::string_view> names;
    if (document_.operations.empty()) {
      Report({1, 1}, "The document has no operation.");
    }
    for (const OperationNode& operation : document_.operations) {
      if (operation.name.empty()) {
        if (document_.operations.size() > 1) {
          Report(operation.location,
                 "This anonymous operation must be the only defined operation.");
        }
      } else if (!names.insert(operation.name).second) {
        Report(operation.location, "There can be only one operation named \"{}\".", operation.name);
      }
    }
    for (const FragmentNode& fragment : document_.fragments) {
      if (!fragments_.emplace(fragment.name, &fragment).second) {
        Report(fragment.location, "There can be only one fragment named \"{}\".", fragment.name);
      }
    }
  }

  const TypeDef* RootType(OperationKind kind) const {
    switch (kind) {
      case OperationKind::kQuery:
        return schema_.query_type();
      case OperationKind::kMutation:
        return schema_.mutation_type();
      case OperationKind::kSubscription:
        break;
    }
    return nullptr;
  }

  Scope CheckOperation(const OperationNode& operation) {
    Scope scope;
    std::unordered_set<std::string_view> names;
    for (const VariableNode& variable : operation.variables) {
      if (!names.insert(variable.name).second) {
        Report(variable.location, "There can be only one variable named \"{}\".", variable.name);
      }
      CheckVariable(variable, scope);
    }
    CheckDirectives(operation.directives, RootName(operation.kind), scope);
    const TypeDef* root = RootType(operation.kind);
    if (root == nullptr) {
      Report(operation.location, "Schema is not configured for {}.",
             operation.kind == OperationKind::kMutation ? "mutations" : "subscriptions");
    } else {
      CheckSelections(operation.selections, *root, scope);
    }
    return scope;
  }

  void CheckVariable(const VariableNode& variable, Scope& scope) {
    const TypeDef* named = schema_.FindType(variable.type.name);
    if (named == nullptr) {
      Report(variable.type.location, "Unknown type \"{}\".", variable.type.name);
      return;
    }
    const TypeRef type{named, variable.type.wrappers};
    if (!named->is_input()) {
      Report(variable.type.location, "Variable \"${}\" cannot be non-input type \"{}\".",
             variable.name, type.ToString());
      return;
    }
    if (variable.default_value) {
      // `$x: Int! = null` is accepted: whether the null matters shows when it is used.
      const TypeRef loose =
          variable.default_value->kind == ValueNode::Kind::kNull ? type.nullable() : type;
      if (auto value = coercer_.FromLiteral(*variable.default_value, loose, {}); !value) {
        Report(variable.location, "Variable \"${}\" has invalid default value: {}", variable.name,
               value.error().message);
      }
    }
    CheckDirectives(variable.directives, "VARIABLE_DEFINITION", scope);
  }

  void CheckFragment(const FragmentNode& fragment) {
    Scope& scope = fragment_scopes_[fragment.name];
    CheckDirectives(fragment.directives, "FRAGMENT_DEFINITION", scope);
    if (const TypeDef* type = FindCondition(fragment.type_condition, fragment.location)) {
      CheckSelections(fragment.selections, *type, scope);
    }
  }

  const TypeDef* FindCondition(std::string_view name, SourceLocation at) {
    const TypeDef* type = schema_.FindType(name);
    if (type == nullptr) {
      Report(at, "Unknown type \"{}\".", name);
      return nullptr;
    }
    if (!type->is_composite()) {
      Report(at, "Fragment cannot condition on non composite type \"{}\".", name);
      return nullptr;
    }
    return type;
  }

  void CheckSelections(const std::vector<SelectionNode>& selections, const TypeDef& parent,
                       Scope& scope) {
    for (const SelectionNode& selection : selections) {
      switch (selection.kind) {
        case SelectionNode::Kind::kField:
          CheckField(selection, parent, scope);
          break;
        case SelectionNode::Kind::kFragmentSpread:
          CheckSpread(selection, parent, scope);
          break;
        case SelectionNode::Kind::kInlineFragment:
          CheckInlineFragment(selection, parent, scope);
          break;
      }
    }
  }

  void CheckField(const SelectionNode& node, const TypeDef& parent, Scope& scope) {
    CheckDirectives(node.directives, "FIELD", scope);
    const FieldDef* field = FindSelectableField(schema_, parent, node.name);
    if (field == nullptr) {
      Report(node.location, "Cannot query field \"{}\" on type \"{}\".", node.name, parent.name);
      return;
    }
    CheckArguments(node.arguments, field->args, scope,
                   fmt::format("field \"{}\" of type \"{}\"", node.name, parent.name),
                   fmt::format("Field \"{}\"", node.name), node.location);
    const TypeDef& type = *field->type.named;
    if (type.is_leaf() && !node.selections.empty()) {
      Report(node.location, "Field \"{}\" of type \"{}\" must not have a sub selection.", node.name,
             field->type.ToString());
    } else if (type.is_composite() && node.selections.empty()) {
      Report(node.location, "Field \"{}\" of type \"{}\" must have a sub selection.", node.name,
             field->type.ToString());
    } else if (type.is_composite()) {
      CheckSelections(node.selections, type, scope);
    }
  }

  void CheckSpread(const SelectionNode& node, const TypeDef& parent, Scope& scope) {
    CheckDirectives(node.directives, "FRAGMENT_SPREAD", scope);
    scope.spreads.push_back(node.name);
    const auto fragment = fragments_.find(node.name);
    if (fragment == fragments_.end()) {
      Report(node.location, "Unknown fragment \"{}\".", node.name);
      return;
    }
    const TypeDef* type = schema_.FindType(fragment->second->type_condition);
    if (type != nullptr && type->is_composite() && !TypesOverlap(parent, *type)) {
      Report(node.location,
             "Fragment \"{}\" cannot be spread here as objects of type \"{}\" can never be of type "
             "\"{}\".",
             node.name, parent.name, type->name);
    }
  }

  void CheckInlineFragment(const SelectionNode& node, const TypeDef& parent, Scope& scope) {
    CheckDirectives(node.directives, "INLINE_FRAGMENT", scope);
    if (node.type_condition.empty()) {
      CheckSelections(node.selections, parent, scope);
      return;
    }
    const TypeDef* type = FindCondition(node.type_condition, node.location);
    if (type == nullptr) {
      return;
    }
    if (!TypesOverlap(parent, *type)) {
      Report(
          node.location,
          "Fragment cannot be spread here as objects of type \"{}\" can never be of type \"{}\".",
          parent.name, type->name);
    }
    CheckSelections(node.selections, *type, scope);
  }

  void CheckDirectives(const std::vector<DirectiveNode>& directives, std::string_view place,
                       Scope& scope) {
    for (std::size_t i = 0; i < directives.size(); ++i) {
      const DirectiveNode& node = directives[i];
      const DirectiveDef* directive = schema_.FindDirective(node.name);
      if (directive == nullptr) {
        Report(node.location, "Unknown directive \"{}\".", node.name);
        continue;
      }
      const auto& places = directive->locations;
      if (std::find(places.begin(), places.end(), place) == places.end()) {
        Report(node.location, "Directive \"{}\" may not be used on {}.", node.name, place);
      }
      const auto end = directives.begin() + static_cast<std::ptrdiff_t>(i);
      if (!directive->is_repeatable &&
          std::any_of(directives.begin(), end,
                      [&](const DirectiveNode& other) { return other.name == node.name; })) {
        Report(node.location, "The directive \"{}\" can only be used once at this location.",
               node.name);
      }
      const std::size_t first = scope.usages.size();
      CheckArguments(node.arguments, directive->args, scope,
                     fmt::format("directive \"@{}\"", node.name),
                     fmt::format("Directive \"@{}\"", node.name), node.location);
      if (node.name == "skip" || node.name == "include") {
        for (std::size_t j = first; j < scope.usages.size(); ++j) {
          scope.usages[j].is_condition = true;
        }
      }
    }
  }

  void CheckArguments(const std::vector<ArgumentNode>& given, const std::vector<InputDef>& known,
                      Scope& scope, const std::string& owner, const std::string& subject,
                      SourceLocation at) {
    std::unordered_set<std::string_view> names;
    for (const ArgumentNode& argument : given) {
      if (!names.insert(argument.name).second) {
        Report(argument.location, "There can be only one argument named \"{}\".", argument.name);
      }
      const auto found = std::find_if(known.begin(), known.end(), [&](const InputDef& input) {
        return input.name == argument.name;
      });
      if (found == known.end()) {
        Report(argument.location, "Unknown argument \"{}\" on {}.", argument.name, owner);
        continue;
      }
      place_ = fmt::format("Argument \"{}\" has invalid value", argument.name);
      CheckLiteral(argument.value, found->type, scope);
    }
    for (const InputDef& input : known) {
      if (input.is_required() && !names.contains(input.name)) {
        Report(at, "{} argument \"{}\" of type \"{}\" is required but not provided.", subject,
               input.name, input.type.ToString());
      }
    }
  }

  void CheckLiteral(const ValueNode& node, TypeRef type, Scope& scope) {
    if (node.kind == ValueNode::Kind::kVariable) {
      scope.usages.push_back({node.text, type, node.location});
      return;
    }
    if (node.kind == ValueNode::Kind::kNull) {
      if (type.is_non_null()) {
        Report(node.location, "{}: Expected \"{}\", found null.", place_, type.ToString());
      }
      return;
    }
    type = type.nullable();
    if (type.is_list()) {
      if (node.kind != ValueNode::Kind::kList) {
        CheckLiteral(node, type.inner(), scope);
      }
      for (const ValueNode& item : node.items) {
        CheckLiteral(item, type.inner(), scope);
      }
      return;
    }
    if (type.named->kind == TypeKind::kInputObject && node.kind == ValueNode::Kind::kObject) {
      CheckObjectLiteral(node, *type.named, scope);
      return;
    }
    if (type.named->kind == TypeKind::kScalar && !type.named->is_built_in &&
        (node.kind == ValueNode::Kind::kList || node.kind == ValueNode::Kind::kObject)) {
      CollectVariables(node, scope);  // what a scalar makes of them is known when they have values
      return;
    }
    if (auto value = coercer_.FromLiteral(node, type, {}); !value) {
      Report(node.location, "{}: {}", place_, value.error().message);
    }
  }

  void CheckObjectLiteral(const ValueNode& node, const TypeDef& type, Scope& scope) {
    std::unordered_set<std::string_view> names;
    for (const ValueNode::Field& field : node.fields) {
      if (!names.insert(field.name).second) {
        Report(field.location, "There can be only one input field named \"{}\".", field.name);
      }
      const InputDef* input = type.FindInputField(field.name);
      if (input != nullptr) {
        CheckLiteral(field.value, input->type, scope);
      } else if (!coercer_.ignores_unknown_input_fields()) {
        Report(field.location,
               "{}: In field \"{}\": Unknown field. Field \"{}\" is not defined by "
               "type \"{}\".",
               place_, field.name, field.name, type.name);
      }
    }
    for (const InputDef& input : type.input_fields) {
      if (input.is_required() && !names.contains(input.name)) {
        Report(node.location, "{}: Field \"{}.{}\" of required type \"{}\" was not provided.",
               place_, type.name, input.name, input.type.ToString());
      }
    }
  }

  void CollectVariables(const ValueNode& node, Scope& scope) {
    if (node.kind == ValueNode::Kind::kVariable) {
      scope.usages.push_back({node.text, {}, node.location});
    }
    for (const ValueNode& item : node.items) {
      CollectVariables(item, scope);
    }
    for (const ValueNode::Field& field : node.fields) {
      CollectVariables(field.value, scope);
    }
  }

  bool HasCycle() {
    enum class Mark : std::uint8_t { kOpen, kDone };
    std::unordered_map<std::string_view, Mark> marks;
    struct Frame {
      std::string_view name;
      std::size_t next = 0;
    };
    bool has_cycle = false;
    for (const FragmentNode& start : document_.fragments) {
      std::vector<Frame> stack;
      if (marks.emplace(start.name, Mark::kOpen).second) {
        stack.push_back({start.name});
      }
      while (!stack.empty()) {
        const std::vector<std::string_view>& spreads = fragment_scopes_[stack.back().name].spreads;
        if (stack.back().next == spreads.size()) {
          marks[stack.back().name] = Mark::kDone;
          stack.pop_back();
          continue;
        }
        const std::string_view target = spreads[stack.back().next++];
        const auto [mark, is_new] = marks.emplace(target, Mark::kOpen);
        if (is_new && fragments_.contains(target)) {
          stack.push_back({target});
        } else if (is_new) {
          mark->second = Mark::kDone;
        } else if (mark->second == Mark::kOpen) {
          has_cycle = true;
          Report(fragments_[target]->location, "Cannot spread fragment \"{}\" within itself.",
                 target);
        }
      }
    }
    return has_cycle;
  }

  // Every scope that `scope` reaches through fragments, itself first.
  std::vector<const Scope*> Reachable(const Scope& scope) const {
    std::vector<const Scope*> reached{&scope};
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < reached.size(); ++i) {
      for (const std::string_view name : reached[i]->spreads) {
        const auto found = fragment_scopes_.find(name);
        if (found != fragment_scopes_.end() && seen.insert(name).second) {
          reached.push_back(&found->second);
        }
      }
    }
    return reached;
  }

  void CheckVariableUsages(const OperationNode& operation, const Scope& scope) {
    std::unordered_map<std::string_view, const VariableNode*> declared;
    for (const VariableNode& variable : operation.variables) {
      declared.emplace(variable.name, &variable);
    }
    std::vector<std::string_view>& conditions = condition_variables_.emplace_back();
    for (const Scope* reached : Reachable(scope)) {
      for (const Usage& usage : reached->usages) {
        const auto found = declared.find(usage.variable);
        if (found == declared.end()) {
          ReportUndefined(operation, usage);
          continue;
        }
        CheckPosition(*found->second, usage);
        if (usage.is_condition) {
          conditions.push_back(usage.variable);
        }
      }
    }
  }

  void ReportUndefined(const OperationNode& operation, const Usage& usage) {
    if (operation.name.empty()) {
      Report(usage.location, "Variable \"${}\" is not defined.", usage.variable);
    } else {
      Report(usage.location, "Variable \"${}\" is not defined by operation \"{}\".", usage.variable,
             operation.name);
    }
  }

  void CheckPosition(const VariableNode& variable, const Usage& usage) {
    const TypeRef type{schema_.FindType(variable.type.name), variable.type.wrappers};
    if (type.named != nullptr && usage.expected.named != nullptr &&
        !IsAllowedPosition(type, usage.expected)) {
      Report(usage.location,
             "Variable \"${}\" of type \"{}\" used in position expecting type \"{}\".",
             variable.name, type.ToString(), usage.expected.ToString());
    }
  }

  std::size_t DepthOf(const std::vector<SelectionNode>& selections) {
    std::size_t deepest = 0;
    for (const SelectionNode& node : selections) {
      std::size_t depth = 0;
      if (node.kind == SelectionNode::Kind::kFragmentSpread) {
        depth = DepthOfFragment(node.name);
      } else {
        depth = DepthOf(node.selections) + (node.kind == SelectionNode::Kind::kField ? 1 : 0);
      }
      deepest = std::max(deepest, depth);
    }
    return deepest;
  }

  std::size_t DepthOfFragment(std::string_view name) {
    const auto known = fragment_depths_.find(name);
    if (known != fragment_depths_.end()) {
      return known->second;
    }
    const auto fragment = fragments_.find(name);
    // A chain of fragments recurses here as deep as it is long.
    if (fragment == fragments_.end() || ++fragment_nesting_ > kMaxFragmentNesting) {
      too_nested_ = too_nested_ || fragment != fragments_.end();
      return 0;
    }
    const std::size_t depth = DepthOf(fragment->second->selections);
    --fragment_nesting_;
    fragment_depths_.emplace(name, depth);
    return depth;
  }

  void CheckDepth() {
    for (const OperationNode& operation : document_.operations) {
      const std::size_t depth = DepthOf(operation.selections);
      if (depth > limits_.max_depth || too_nested_) {
        errors_.push_back(
            {ResourceExhausted(fmt::format(
                 "The operation nests deeper than the limit of {} fields.", limits_.max_depth)),
             {operation.location}});
        return;
      }
    }
  }

  static constexpr std::size_t kMaxFragmentNesting = 100;

  const Schema& schema_;
  const Document& document_;
  const Coercer& coercer_;
  const ValidationLimits& limits_;
  std::vector<LocatedError> errors_;
  std::vector<std::vector<std::string_view>> condition_variables_;
  std::unordered_map<std::string_view, const FragmentNode*> fragments_;
  std::unordered_map<std::string_view, Scope> fragment_scopes_;
  std::unordered_map<std::string_view, std::size_t> fragment_depths_;
  std::size_t fragment_nesting_ = 0;
  bool too_nested_ = false;
  // The start of messages about the argument being checked.
  std::string place_;
};

}  // namespace

const FieldDef* FindSelectableField(const Schema& schema, const TypeDef& parent,
                                    std::string_view name) {
  if (const FieldDef* field = parent.FindField(name)) {
    return field;
  }
  if (name == "__typename") {
    return &schema.typename_field();
  }
  if (&parent == schema.query_type()) {
    if (name == "__schema") {
      return &schema.schema_field();
    }
    if (name == "__type") {
      return &schema.type_field();
    }
  }
  return nullptr;
}

Validation Validate(const Schema& schema, const Document& document, const Coercer& coercer,
                    const ValidationLimits& limits) {
  return Validator(schema, document, coercer, limits).Run();
}

}  // namespace regatta::graphql
