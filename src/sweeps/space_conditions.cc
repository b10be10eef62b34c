// The part of SpaceBuilder that makes each parameter's `when` into conditions on dimensions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "config_reader.h"
#include "parameter_distribution.h"
#include "space_builder.h"

namespace regatta::sweeps {
namespace {

bool IsCategorical(const ParameterConfig& config) { return !config.values.empty(); }

bool Matches(const WhenClause& clause, const Value& value) {
  if (clause.is_range) {
    return value.is_number() && value.as_number() >= clause.min && value.as_number() <= clause.max;
  }
  return FindCategory(clause.values, value).has_value();
}

}  // namespace

// A parent by its dotted name, or a sibling in the same group by its own.
std::optional<std::size_t> SpaceBuilder::FindParent(const Leaf& leaf,
                                                    const std::string& name) const {
  if (const auto found = state_->leaf_places.find(name); found != state_->leaf_places.end()) {
    return found->second;
  }
  std::vector<std::string> path(leaf.path.begin(), leaf.path.end() - 1);
  while (!path.empty()) {
    const auto found = state_->leaf_places.find(Dotted(path) + "." + name);
    if (found != state_->leaf_places.end()) {
      return found->second;
    }
    path.pop_back();
  }
  return std::nullopt;
}

void SpaceBuilder::ResolveConditions() {
  is_possible_.assign(state_->leaves.size(), true);
  conditions_.resize(state_->leaves.size());
  visits_.assign(state_->leaves.size(), Visit::kNew);
  for (std::size_t i = 0; i < state_->leaves.size(); ++i) {
    Resolve(i, 0);
    state_->leaves[i].conditions = conditions_[i];
  }
}

bool SpaceBuilder::Resolve(std::size_t index, int depth) {
  constexpr int kDepthMax = 100;
  const Leaf& leaf = state_->leaves[index];
  if (visits_[index] == Visit::kDone) {
    return true;
  }
  if (visits_[index] == Visit::kOpen || depth > kDepthMax) {
    Fail(leaf.config_path, leaf.config.position,
         depth > kDepthMax
             ? fmt::format("the `when` of \"{}\" is nested deeper than {}", leaf.dotted, kDepthMax)
             : fmt::format("the `when` of \"{}\" leads back to itself", leaf.dotted),
         "break the cycle");
    return false;
  }
  visits_[index] = Visit::kOpen;
  for (const WhenClause& clause : leaf.when) {
    ResolveParent(index, clause, depth);
  }
  visits_[index] = Visit::kDone;
  return true;
}

void SpaceBuilder::ResolveParent(std::size_t index, const WhenClause& clause, int depth) {
  const Leaf& leaf = state_->leaves[index];
  const std::optional<std::size_t> parent = FindParent(leaf, clause.parent);
  if (!parent) {
    std::vector<std::string_view> known;
    for (const Leaf& other : state_->leaves) {
      known.push_back(other.dotted);
    }
    Fail(JoinPath(leaf.config_path, "when"), clause.position,
         fmt::format("there is no parameter \"{}\"", clause.parent),
         SpellingSuggestion(clause.parent, known));
    return;
  }
  if (!Resolve(*parent, depth + 1)) {
    return;
  }
  is_possible_[index] = is_possible_[index] && is_possible_[*parent];
  const Leaf& above = state_->leaves[*parent];
  std::vector<search::Condition>& conditions = conditions_[index];
  if (above.config.kind != ParameterKind::kConstant) {
    ResolveClause(leaf, clause, *parent, conditions);
    return;
  }
  // A constant is no dimension: its own conditions stand for it.
  is_possible_[index] = is_possible_[index] && Matches(clause, above.config.value);
  constexpr std::size_t kConditionsMax = 1000;
  const std::vector<search::Condition>& more = conditions_[*parent];
  if (conditions.size() + more.size() > kConditionsMax) {
    Fail(JoinPath(leaf.config_path, "when"), clause.position, "too many conditions");
    return;
  }
  conditions.insert(conditions.end(), more.begin(), more.end());
}

bool SpaceBuilder::ResolveClause(const Leaf& leaf, const WhenClause& clause, std::size_t parent,
                                 std::vector<search::Condition>& conditions) {
  const Leaf& above = state_->leaves[parent];
  search::Condition condition;
  condition.parent = DimensionName(*above.dimension);
  const bool is_resolved = IsCategorical(above.config)
                               ? ResolveCategories(leaf, clause, above, condition)
                               : ResolveNumbers(leaf, clause, above, condition);
  if (is_resolved) {
    conditions.push_back(std::move(condition));
  }
  return is_resolved;
}

bool SpaceBuilder::ResolveCategories(const Leaf& leaf, const WhenClause& clause, const Leaf& parent,
                                     search::Condition& condition) {
  for (const Value& value : clause.values) {
    if (!FindCategory(parent.config.values, value)) {
      std::vector<std::string_view> words;
      for (const Value& item : parent.config.values) {
        if (item.is_string()) {
          words.push_back(item.as_string());
        }
      }
      Fail(JoinPath(JoinPath(leaf.config_path, "when"), clause.parent), value.position,
           fmt::format("{} is never a value of \"{}\"", Excerpt(value), clause.parent),
           value.is_string() ? SpellingSuggestion(value.as_string(), words) : "");
      return false;
    }
  }
  for (std::size_t i = 0; i < parent.config.values.size(); ++i) {
    if (Matches(clause, parent.config.values[i])) {
      condition.categories.push_back(static_cast<std::int64_t>(i));
    }
  }
  if (condition.categories.empty()) {
    Fail(JoinPath(leaf.config_path, "when"), clause.position,
         fmt::format("no value of \"{}\" lies in the range", clause.parent));
    return false;
  }
  return true;
}

bool SpaceBuilder::ResolveNumbers(const Leaf& leaf, const WhenClause& clause, const Leaf& parent,
                                  search::Condition& condition) {
  const std::string path = JoinPath(JoinPath(leaf.config_path, "when"), clause.parent);
  if (clause.is_range) {
    if (std::isfinite(clause.min)) {
      condition.min = clause.min;
    }
    if (std::isfinite(clause.max)) {
      condition.max = clause.max;
    }
    return true;
  }
  std::vector<std::int64_t> numbers;
  for (const Value& value : clause.values) {
    const std::optional<std::int64_t> whole = WholeNumber(value);
    if (!whole || parent.config.kind != ParameterKind::kIntUniform) {
      Fail(path, value.position,
           fmt::format("\"{}\" is {}; single values work for lists and integers alone",
                       clause.parent, ParameterKindName(parent.config.kind)),
           "write a range: {min: a, max: b}");
      return false;
    }
    numbers.push_back(*whole);
  }
  std::ranges::sort(numbers);
  const auto is_gap = [](std::int64_t low, std::int64_t high) { return high - low > 1; };
  if (std::ranges::adjacent_find(numbers, is_gap) != numbers.end()) {
    Fail(path, clause.position,
         fmt::format("the numbers for \"{}\" have gaps; a numeric parent takes one range",
                     clause.parent),
         fmt::format("write \"{}\" as values: [...], or use {{min: a, max: b}}", clause.parent));
    return false;
  }
  condition.min = static_cast<double>(numbers.front());
  condition.max = static_cast<double>(numbers.back());
  return true;
}

}  // namespace regatta::sweeps
