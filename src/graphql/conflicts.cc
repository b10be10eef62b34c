// "Overlapping fields can be merged" (specification of October 2021, section 5.3.2), in the form
// that compares whole groups of fields instead of pairs, so that its cost does not square.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "validator.h"

namespace regatta::graphql {
namespace {

struct FieldUse {
  const SelectionNode* node = nullptr;
  const FieldDef* field = nullptr;
  const TypeDef* parent = nullptr;
};

using Group = std::vector<FieldUse>;

bool SameLiteral(const ValueNode& a, const ValueNode& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size() || a.fields.size() != b.fields.size()) {
    return false;
  }
  const bool has_text = a.kind != ValueNode::Kind::kList && a.kind != ValueNode::Kind::kObject;
  if (has_text && a.text != b.text) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!SameLiteral(a.items[i], b.items[i])) {
      return false;
    }
  }
  return std::all_of(a.fields.begin(), a.fields.end(), [&](const ValueNode::Field& field) {
    return std::any_of(b.fields.begin(), b.fields.end(), [&](const ValueNode::Field& other) {
      return other.name == field.name && SameLiteral(field.value, other.value);
    });
  });
}

bool SameArguments(const SelectionNode& a, const SelectionNode& b) {
  return a.arguments.size() == b.arguments.size() &&
         std::all_of(a.arguments.begin(), a.arguments.end(), [&](const ArgumentNode& argument) {
           return std::any_of(
               b.arguments.begin(), b.arguments.end(), [&](const ArgumentNode& other) {
                 return other.name == argument.name && SameLiteral(argument.value, other.value);
               });
         });
}

bool SameShape(TypeRef a, TypeRef b) {
  if (a.wrappers != b.wrappers) {
    return false;
  }
  return a.named->is_leaf() || b.named->is_leaf() ? a.named == b.named : true;
}

class ConflictFinder {
 public:
  ConflictFinder(const Schema& schema, const Document& document, std::size_t max_visits)
      : schema_(schema), visits_left_(max_visits) {
    for (const FragmentNode& fragment : document.fragments) {
      fragments_.emplace(fragment.name, &fragment);
    }
  }

  void CheckRoot(const std::vector<SelectionNode>& selections, const TypeDef& type) {
    Groups groups;
    std::unordered_set<std::string_view> seen;
    Collect(selections, type, groups, seen);
    CheckSameFields(groups);
    CheckShapes(groups);
  }

  bool done() const { return is_exhausted_ || errors_.size() >= kMaxErrors; }
  std::vector<LocatedError> Take() { return std::move(errors_); }

 private:
  struct Groups {
    std::vector<Group> in_order;
    std::unordered_map<std::string_view, std::size_t> by_key;
  };

  bool Visit() {
    if (visits_left_ == 0) {
      if (!is_exhausted_) {
        errors_.push_back(
            {ResourceExhausted("The document selects too many overlapping fields to be checked."),
             {}});
      }
      is_exhausted_ = true;
      return false;
    }
    --visits_left_;
    return true;
  }

  void Collect(const std::vector<SelectionNode>& selections, const TypeDef& parent, Groups& groups,
               std::unordered_set<std::string_view>& seen) {
    for (const SelectionNode& node : selections) {
      if (done() || !Visit()) {
        return;
      }
      if (node.kind == SelectionNode::Kind::kField) {
        if (const FieldDef* field = FindSelectableField(schema_, parent, node.name)) {
          const auto [place, is_new] =
              groups.by_key.emplace(node.response_key, groups.in_order.size());
          if (is_new) {
            groups.in_order.emplace_back();
          }
          groups.in_order[place->second].push_back({&node, field, &parent});
        }
      } else if (node.kind == SelectionNode::Kind::kInlineFragment) {
        const TypeDef* type =
            node.type_condition.empty() ? &parent : schema_.FindType(node.type_condition);
        if (type != nullptr) {
          Collect(node.selections, *type, groups, seen);
        }
      } else if (seen.insert(node.name).second) {
        const auto fragment = fragments_.find(node.name);
        const TypeDef* type = fragment == fragments_.end()
                                  ? nullptr
                                  : schema_.FindType(fragment->second->type_condition);
        if (type != nullptr) {
          Collect(fragment->second->selections, *type, groups, seen);
        }
      }
    }
  }

  Groups Merge(const Group& group) {
    Groups merged;
    std::unordered_set<std::string_view> seen;
    for (const FieldUse& use : group) {
      Collect(use.node->selections, *use.field->type.named, merged, seen);
    }
    return merged;
  }

  void Report(const FieldUse& a, const FieldUse& b, const std::string& why) {
    errors_.push_back(
        {InvalidArgument(fmt::format("Fields \"{}\" conflict because {}. Use different aliases on "
                                     "the fields to fetch both if this was intentional.",
                                     a.node->response_key, why)),
         {a.node->location, b.node->location}});
  }

  // SameResponseShape(): all fields of one key, whatever their parents, have one shape.
  void CheckShapes(const Groups& groups) {
    for (const Group& group : groups.in_order) {
      if (done()) {
        return;
      }
      const FieldUse& first = group.front();
      for (const FieldUse& use : group) {
        if (!SameShape(first.field->type, use.field->type)) {
          Report(first, use,
                 fmt::format("they return conflicting types {} and {}",
                             first.field->type.ToString(), use.field->type.ToString()));
          return;
        }
      }
      if (first.field->type.named->is_composite()) {
        CheckShapes(Merge(group));
      }
    }
  }

  // FieldsInSetCanMerge(): fields of one key whose parents can be the same object are the same
  // field.
  void CheckSameFields(const Groups& groups) {
    for (const Group& group : groups.in_order) {
      for (const Group& part : ByParent(group)) {
        if (done()) {
          return;
        }
        const FieldUse& first = part.front();
        for (const FieldUse& use : part) {
          if (first.node->name != use.node->name) {
            Report(first, use,
                   fmt::format("{} and {} are different fields", first.node->name, use.node->name));
            return;
          }
          if (!SameArguments(*first.node, *use.node)) {
            Report(first, use, "they have differing arguments");
            return;
          }
        }
        if (first.field->type.named->is_composite()) {
          CheckSameFields(Merge(part));
        }
      }
    }
  }

  // One part for each object type among the parents, fields of abstract parents in every part.
  static std::vector<Group> ByParent(const Group& group) {
    std::vector<Group> parts;
    std::unordered_map<const TypeDef*, std::size_t> by_type;
    Group abstract;
    for (const FieldUse& use : group) {
      if (use.parent->is_abstract()) {
        abstract.push_back(use);
        continue;
      }
      const auto [place, is_new] = by_type.emplace(use.parent, parts.size());
      if (is_new) {
        parts.emplace_back();
      }
      parts[place->second].push_back(use);
    }
    for (Group& part : parts) {
      part.insert(part.end(), abstract.begin(), abstract.end());
    }
    if (parts.empty()) {
      parts.push_back(std::move(abstract));
    }
    return parts;
  }

  static constexpr std::size_t kMaxErrors = 20;

  const Schema& schema_;
  std::unordered_map<std::string_view, const FragmentNode*> fragments_;
  std::size_t visits_left_;
  bool is_exhausted_ = false;
  std::vector<LocatedError> errors_;
};

}  // namespace

std::vector<LocatedError> FindConflicts(const Schema& schema, const Document& document,
                                        std::size_t max_visits) {
  ConflictFinder finder(schema, document, max_visits);
  for (const OperationNode& operation : document.operations) {
    const TypeDef* root =
        operation.kind == OperationKind::kQuery ? schema.query_type() : schema.mutation_type();
    if (root != nullptr && !finder.done()) {
      finder.CheckRoot(operation.selections, *root);
    }
  }
  return finder.Take();
}

}  // namespace regatta::graphql
