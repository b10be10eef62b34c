#include "regatta/search/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

namespace regatta::search {
namespace {

bool Holds(const Condition& condition, const Distribution& parent, const ParameterValue& value) {
  if (const auto* category = std::get_if<CategoryIndex>(&value)) {
    if (!condition.min && !condition.max) {
      return std::find(condition.categories.begin(), condition.categories.end(), category->index) !=
             condition.categories.end();
    }
    const auto& levels = parent.spec().levels;
    if (category->index < 0 || static_cast<std::size_t>(category->index) >= levels.size()) {
      return false;
    }
    const double level = levels[static_cast<std::size_t>(category->index)];
    return level >= condition.min.value_or(level) && level <= condition.max.value_or(level);
  }
  const double number = AsNumber(value);
  return number >= condition.min.value_or(number) && number <= condition.max.value_or(number);
}

Result<void> CheckCondition(const Parameter& child, const Condition& condition,
                            const Distribution& parent) {
  const bool has_range = condition.min || condition.max;
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(
        fmt::format("parameter \"{}\": when \"{}\": {}", child.name, condition.parent, why));
  };
  if (has_range && !condition.categories.empty()) {
    return wrong("give either values or a range, not both");
  }
  if (!has_range && condition.categories.empty()) {
    return wrong("no value and no range is given, so it could never be active");
  }
  if (!has_range && !parent.is_categorical()) {
    return wrong("the parent is numeric; give min and max");
  }
  if (has_range && parent.is_categorical() && parent.spec().levels.empty()) {
    return wrong("the parent's values are not numbers; list the values");
  }
  if (has_range &&
      (std::isnan(condition.min.value_or(0)) || std::isnan(condition.max.value_or(0)) ||
       condition.min.value_or(-1e308) > condition.max.value_or(1e308))) {
    return wrong("min must not exceed max");
  }
  for (const std::int64_t category : condition.categories) {
    if (category < 0 || category >= parent.spec().categories) {
      return wrong("one of the values is not among the parent's");
    }
  }
  return Ok();
}

void AppendBits(std::string& key, std::uint64_t bits) {
  char bytes[sizeof bits];
  std::memcpy(bytes, &bits, sizeof bits);
  key.append(bytes, sizeof bits);
}

}  // namespace

Result<SearchSpace> SearchSpace::Create(std::vector<Parameter> parameters) {
  SearchSpace space;
  std::map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!by_name.emplace(parameters[i].name, i).second) {
      return InvalidArgument(fmt::format("parameter \"{}\" is declared twice", parameters[i].name));
    }
  }
  space.parents_.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& child = parameters[i];
    for (const Condition& condition : child.conditions) {
      const auto parent = by_name.find(condition.parent);
      if (parent == by_name.end()) {
        return InvalidArgument(fmt::format("parameter \"{}\": when: there is no parameter \"{}\"",
                                           child.name, condition.parent));
      }
      if (Result<void> valid =
              CheckCondition(child, condition, parameters[parent->second].distribution);
          !valid) {
        return valid.error();
      }
      space.parents_[i].push_back(parent->second);
      space.has_conditions_ = true;
    }
    if (child.prior) {
      if (!child.distribution.Contains(child.prior->value)) {
        return InvalidArgument(
            fmt::format("parameter \"{}\": prior lies outside its range", child.name));
      }
      if (!(child.prior->spread > 0) || !(child.prior->odds >= 1)) {
        return InvalidArgument(fmt::format(
            "parameter \"{}\": prior: the spread must be above 0 and the odds at least 1",
            child.name));
      }
    }
  }
  // Repeatedly take the first parameter whose parents are all taken.
  std::vector<bool> taken(parameters.size());
  while (space.parents_first_.size() < parameters.size()) {
    bool advanced = false;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto& parents = space.parents_[i];
      if (!taken[i] && std::all_of(parents.begin(), parents.end(),
                                   [&taken](std::size_t parent) { return taken[parent]; })) {
        taken[i] = true;
        space.parents_first_.push_back(i);
        advanced = true;
      }
    }
    if (!advanced) {
      const auto left = std::find(taken.begin(), taken.end(), false) - taken.begin();
      return InvalidArgument(
          fmt::format("parameter \"{}\": when: its conditions lead back to itself",
                      parameters[static_cast<std::size_t>(left)].name));
    }
  }
  space.parameters_ = std::move(parameters);
  return space;
}

std::optional<std::size_t> SearchSpace::Find(std::string_view name) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].name == name) {
      return i;
    }
  }
  return std::nullopt;
}

bool SearchSpace::IsActive(std::size_t parameter, const Point& point) const {
  const auto& conditions = parameters_[parameter].conditions;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const std::size_t parent = parents_[parameter][i];
    if (!point[parent] || !Holds(conditions[i], parameters_[parent].distribution, *point[parent])) {
      return false;
    }
  }
  return true;
}

Point SearchSpace::At(const std::vector<double>& u) const {
  Point point(parameters_.size());
  for (const std::size_t i : parents_first_) {
    if (IsActive(i, point)) {
      point[i] = parameters_[i].distribution.Quantile(u[i]);
    }
  }
  return point;
}

Result<Point> SearchSpace::Normalize(Point point) const {
  if (point.size() != parameters_.size()) {
    return InvalidArgument(fmt::format("a point of {} values in a space of {} parameters",
                                       point.size(), parameters_.size()));
  }
  for (const std::size_t i : parents_first_) {
    if (!IsActive(i, point)) {
      point[i].reset();
      continue;
    }
    if (!point[i]) {
      return InvalidArgument(fmt::format("parameter \"{}\" has no value", parameters_[i].name));
    }
    if (!parameters_[i].distribution.Contains(*point[i])) {
      return InvalidArgument(fmt::format("parameter \"{}\": the value {} lies outside its range",
                                         parameters_[i].name, AsNumber(*point[i])));
    }
  }
  return point;
}

std::string SearchSpace::Key(const Point& point) const {
  std::string key;
  key.reserve(point.size() * 9);
  for (std::size_t i = 0; i < point.size() && i < parameters_.size(); ++i) {
    if (!point[i]) {
      key.push_back('-');
      continue;
    }
    const Distribution& distribution = parameters_[i].distribution;
    if (distribution.level_count() && distribution.Contains(*point[i])) {
      std::int64_t level = distribution.LevelOf(*point[i]);
      if (!distribution.spec().first_equal.empty()) {
        level = distribution.spec().first_equal[static_cast<std::size_t>(level)];
      }
      key.push_back('l');
      AppendBits(key, static_cast<std::uint64_t>(level));
    } else {
      key.push_back('x');
      AppendBits(key, std::bit_cast<std::uint64_t>(AsNumber(*point[i]) + 0.0));
    }
  }
  return key;
}

}  // namespace regatta::search
