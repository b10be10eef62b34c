// The part of Execution that reads selections: what is asked for, before anything is answered.

#include <fmt/format.h>

#include <algorithm>

#include "execution.h"
#include "regatta/base/json_string.h"
#include "regatta/graphql/json.h"
#include "validator.h"

namespace regatta::graphql {

struct Execution::Walk {
  std::unordered_set<std::string_view> fragments;
  std::unordered_set<const FieldDef*> reported;
  std::vector<ResponseError> errors;
};

bool Execution::Condition(const DirectiveNode& directive) const {
  for (const ArgumentNode& argument : directive.arguments) {
    if (argument.name == "if") {
      const Value value = LiteralToValue(argument.value, setup_.variables);
      return value.is_bool() && value.AsBool();
    }
  }
  return false;
}

bool Execution::IsIncluded(const SelectionNode& node) const {
  for (const DirectiveNode& directive : node.directives) {
    if ((directive.name == "skip" && Condition(directive)) ||
        (directive.name == "include" && !Condition(directive))) {
      return false;
    }
  }
  return true;
}

const FragmentNode* Execution::FindFragment(std::string_view name) const {
  return setup_.document.FindFragment(name);
}

Plan Execution::MakePlan(const std::vector<const std::vector<SelectionNode>*>& sets,
                         const TypeDef& type) {
  Plan plan;
  std::unordered_map<std::string_view, std::size_t> by_key;
  std::unordered_set<std::string_view> seen;
  for (const std::vector<SelectionNode>* selections : sets) {
    Collect(*selections, type, plan, by_key, seen);
  }
  for (PlannedField& planned : plan.fields) {
    AppendJsonString(planned.nodes.front()->response_key, planned.key_json);
    planned.key_json += ':';
    CoerceArguments(planned);
  }
  return plan;
}

// CollectFields() of the specification, section 6.3.2.
void Execution::Collect(const std::vector<SelectionNode>& selections, const TypeDef& type,
                        Plan& plan, std::unordered_map<std::string_view, std::size_t>& by_key,
                        std::unordered_set<std::string_view>& seen) {
  const auto applies = [&](std::string_view condition) {
    if (condition.empty() || condition == type.name) {
      return true;
    }
    const TypeDef* wanted = setup_.schema.FindType(condition);
    return wanted != nullptr && wanted->CanBe(&type);
  };
  for (const SelectionNode& node : selections) {
    if (!IsIncluded(node)) {
      continue;
    }
    if (node.kind == SelectionNode::Kind::kInlineFragment) {
      if (applies(node.type_condition)) {
        Collect(node.selections, type, plan, by_key, seen);
      }
      continue;
    }
    if (node.kind == SelectionNode::Kind::kFragmentSpread) {
      const FragmentNode* fragment = FindFragment(node.name);
      if (fragment != nullptr && seen.insert(node.name).second &&
          applies(fragment->type_condition)) {
        Collect(fragment->selections, type, plan, by_key, seen);
      }
      continue;
    }
    const auto [place, is_new] = by_key.emplace(node.response_key, plan.fields.size());
    if (is_new) {
      PlannedField& planned = plan.fields.emplace_back();
      planned.field = FindSelectableField(setup_.schema, type, node.name);
      Check(planned.field != nullptr, "a validated document selects an unknown field");
      planned.parent = &type;
      planned.slot = &setup_.slots[planned.field->index];
    }
    plan.fields[place->second].nodes.push_back(&node);
  }
}

// CoerceArgumentValues() of the specification, section 6.4.1.
void Execution::CoerceArguments(PlannedField& planned) {
  std::vector<Value::Field> args;
  const std::vector<ArgumentNode>& given = planned.nodes.front()->arguments;
  for (const InputDef& input : planned.field->args) {
    const auto found = std::find_if(given.begin(), given.end(), [&](const ArgumentNode& argument) {
      return argument.name == input.name;
    });
    std::optional<Value> value;
    if (found != given.end()) {
      auto coerced = setup_.coercer.FromLiteral(found->value, input.type, setup_.variables);
      if (!coerced) {
        planned.args_error = WithContext(
            fmt::format("Argument \"{}\" has invalid value", input.name), coerced.error());
        return;
      }
      value = *std::move(coerced);
    }
    if (!value && input.is_required()) {
      planned.args_error =
          InvalidArgument(fmt::format("Argument \"{}\" of required type \"{}\" was provided a "
                                      "variable which was not provided a runtime value.",
                                      input.name, input.type.ToString()));
      return;
    }
    if (!value) {
      value = input.default_value;
    }
    if (value) {
      args.emplace_back(input.name, *std::move(value));
    }
  }
  planned.args = Value::Object(std::move(args));
}

Plan& Execution::PlanFor(PlannedField& planned, const TypeDef& type) {
  for (const auto& [known, plan] : planned.plans) {
    if (known == &type) {
      return *plan;
    }
  }
  std::vector<const std::vector<SelectionNode>*> sets;
  sets.reserve(planned.nodes.size());
  for (const SelectionNode* node : planned.nodes) {
    sets.push_back(&node->selections);
  }
  planned.plans.emplace_back(&type, std::make_unique<Plan>(MakePlan(sets, type)));
  return *planned.plans.back().second;
}

bool Execution::Selects(const PlannedField& field, std::string_view path) const {
  // Fragments may be entered again on every level; more than this is no selection that a client
  // writes.
  std::size_t budget = 10'000;
  return std::any_of(field.nodes.begin(), field.nodes.end(), [&](const SelectionNode* node) {
    return SelectsIn(node->selections, path, budget);
  });
}

bool Execution::SelectsIn(const std::vector<SelectionNode>& selections, std::string_view path,
                          std::size_t& budget) const {
  const std::size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  for (const SelectionNode& node : selections) {
    if (budget == 0) {
      return true;  // the safe answer: compute it
    }
    --budget;
    if (!IsIncluded(node)) {
      continue;
    }
    if (node.kind == SelectionNode::Kind::kField) {
      if (node.name == name && (dot == std::string_view::npos ||
                                SelectsIn(node.selections, path.substr(dot + 1), budget))) {
        return true;
      }
      continue;
    }
    const FragmentNode* fragment =
        node.kind == SelectionNode::Kind::kFragmentSpread ? FindFragment(node.name) : nullptr;
    if (SelectsIn(fragment == nullptr ? node.selections : fragment->selections, path, budget)) {
      return true;
    }
  }
  return false;
}

std::vector<ResponseError> Execution::FindUnsupported(const OperationNode& operation) const {
  Walk walk;
  FindUnsupportedIn(operation.selections,
                    operation.kind == OperationKind::kMutation ? *setup_.schema.mutation_type()
                                                               : *setup_.schema.query_type(),
                    walk);
  return std::move(walk.errors);
}

void Execution::FindUnsupportedIn(const std::vector<SelectionNode>& selections,
                                  const TypeDef& parent, Walk& walk) const {
  for (const SelectionNode& node : selections) {
    if (!IsIncluded(node)) {
      continue;
    }
    if (node.kind == SelectionNode::Kind::kFragmentSpread) {
      const FragmentNode* fragment = FindFragment(node.name);
      if (fragment != nullptr && walk.fragments.insert(node.name).second) {
        FindUnsupportedIn(fragment->selections, *setup_.schema.FindType(fragment->type_condition),
                          walk);
      }
      continue;
    }
    if (node.kind == SelectionNode::Kind::kInlineFragment) {
      FindUnsupportedIn(
          node.selections,
          node.type_condition.empty() ? parent : *setup_.schema.FindType(node.type_condition),
          walk);
      continue;
    }
    const FieldDef* field = FindSelectableField(setup_.schema, parent, node.name);
    if (field == &setup_.schema.typename_field()) {
      continue;
    }
    // A field of an interface is answered if one of the objects behind it answers it.
    const bool is_answered = std::any_of(
        parent.possible_types.begin(), parent.possible_types.end(), [&](const TypeDef* object) {
          const FieldDef* own = FindSelectableField(setup_.schema, *object, node.name);
          return own != nullptr && setup_.slots[own->index].is_answered();
        });
    if (!is_answered && walk.reported.insert(field).second) {
      walk.errors.push_back({Unsupported(fmt::format("{}.{} is not supported by this server yet",
                                                     parent.name, node.name)),
                             "",
                             {node.location}});
    }
    FindUnsupportedIn(node.selections, *field->type.named, walk);
  }
}

}  // namespace regatta::graphql
