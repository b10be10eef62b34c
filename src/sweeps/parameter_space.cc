#include "regatta/sweeps/parameter_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "config_reader.h"
#include "parameter_distribution.h"
#include "regatta/search/grid.h"
#include "space_builder.h"

namespace regatta::sweeps {
namespace {

// Whether `condition` holds for its parent's value; a default condition holds for nothing.
bool Holds(const search::SearchSpace& space, const search::Condition& condition,
           const search::Point& point) {
  const std::optional<std::size_t> parent = space.Find(condition.parent);
  if (!parent || !point[*parent]) {
    return false;
  }
  const search::ParameterValue& value = *point[*parent];
  if (const auto* category = std::get_if<search::CategoryIndex>(&value)) {
    return std::ranges::find(condition.categories, category->index) != condition.categories.end();
  }
  const double number = search::AsNumber(value);
  return (!condition.min || number >= *condition.min) &&
         (!condition.max || number <= *condition.max);
}

// Whole floats as integers, at every depth.
Value WithWholeIntegers(const Value& value) {
  if (value.is_float()) {
    const std::optional<std::int64_t> whole = WholeNumber(value);
    return whole ? Value::Int(*whole) : value;
  }
  Value copy = value;
  if (copy.is_list()) {
    for (Value& item : copy.as_list()) {
      item = WithWholeIntegers(item);
    }
  } else if (copy.is_map()) {
    for (Member& member : copy.as_map()) {
      member.value = WithWholeIntegers(member.value);
    }
  }
  return copy;
}

void SetAt(Value& root, const std::vector<std::string>& path, Value value) {
  Value* place = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (place->Find(path[i]) == nullptr) {
      place->Set(path[i], Value::OfMap({}));
    }
    for (Member& member : place->as_map()) {
      if (member.key == path[i]) {
        place = &member.value;
        break;
      }
    }
  }
  place->Set(path.back(), std::move(value));
}

const Value* FindAt(const Value& root, const std::vector<std::string>& path) {
  const Value* value = root.Find(path.front());
  if (value == nullptr) {
    return nullptr;
  }
  // The wrapper that run configs have around each top-level value.
  if (value->is_map() && value->as_map().size() <= 2 && value->Find("value") != nullptr &&
      (value->as_map().size() == 1 || value->Find("desc") != nullptr)) {
    value = value->Find("value");
  }
  for (std::size_t i = 1; i < path.size() && value != nullptr; ++i) {
    value = value->Find(path[i]);
  }
  return value;
}

const Value* FindPlain(const Value& root, const Leaf& leaf) {
  if (const Value* dotted = root.Find(leaf.dotted); dotted != nullptr) {
    return dotted;
  }
  const Value* value = &root;
  for (const std::string& key : leaf.path) {
    value = value->Find(key);
    if (value == nullptr) {
      return nullptr;
    }
  }
  return value;
}

// Dotted names of everything in `given` that is no group of the space.
void ListNames(const Value& given, const std::string& prefix, const ParameterSpace& space,
               std::vector<std::string>& names) {
  for (const Member& member : given.as_map()) {
    const std::string name = JoinPath(prefix, member.key);
    const bool is_group = std::ranges::any_of(
        space.leaves(), [&name](const Leaf& leaf) { return leaf.dotted.starts_with(name + "."); });
    if (space.FindLeaf(name) == nullptr && is_group && member.value.is_map()) {
      ListNames(member.value, name, space, names);
    } else {
      names.push_back(name);
    }
  }
}

}  // namespace

std::optional<ParameterSpace> ParameterSpace::Inspect(const SweepConfig& config,
                                                      std::vector<Problem>* problems) {
  return SpaceBuilder(config, *problems).Build();
}

Result<ParameterSpace> ParameterSpace::Build(const SweepConfig& config) {
  std::vector<Problem> problems;
  std::optional<ParameterSpace> space = Inspect(config, &problems);
  if (space) {
    return *std::move(space);
  }
  std::string message;
  for (const Problem& problem : problems) {
    message += message.empty() ? "" : "\n";
    message += ProblemText(problem);
  }
  return InvalidArgument(std::move(message));
}

const search::SearchSpace& ParameterSpace::search_space() const { return *state_->space; }
const std::vector<Leaf>& ParameterSpace::leaves() const { return state_->leaves; }

const Leaf* ParameterSpace::FindLeaf(std::string_view dotted) const {
  const auto found = state_->leaf_places.find(dotted);
  return found == state_->leaf_places.end() ? nullptr : &state_->leaves[found->second];
}

std::optional<Value> ParameterSpace::ValueOf(const Leaf& leaf, const search::Point& point) const {
  if (leaf.config.kind == ParameterKind::kConstant) {
    const bool is_active = std::ranges::all_of(leaf.conditions, [&](const auto& condition) {
      return Holds(*state_->space, condition, point);
    });
    return is_active ? std::optional<Value>(leaf.config.value) : std::nullopt;
  }
  if (!leaf.dimension || !point[*leaf.dimension]) {
    return std::nullopt;
  }
  const search::ParameterValue& value = *point[*leaf.dimension];
  if (const auto* category = std::get_if<search::CategoryIndex>(&value)) {
    return leaf.config.values[static_cast<std::size_t>(category->index)];
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return Value::Int(*whole);
  }
  return Value::Float(*std::get_if<double>(&value));
}

Value ParameterSpace::ToRunConfig(const search::Point& point) const {
  Value plain = Value::OfMap({});
  for (const Leaf& leaf : state_->leaves) {
    if (std::optional<Value> value = ValueOf(leaf, point); value) {
      SetAt(plain, leaf.path,
            state_->wandb_numbers ? WithWholeIntegers(*value) : *std::move(value));
    }
  }
  Value config = Value::OfMap({});
  for (Member& member : plain.as_map()) {
    Value::Map wrapper;
    wrapper.push_back(Member{"value", {}, std::move(member.value)});
    config.as_map().push_back(Member{member.key, {}, Value::OfMap(std::move(wrapper))});
  }
  std::ranges::sort(config.as_map(), {}, &Member::key);
  return config;
}

Result<std::optional<search::ParameterValue>> ParameterSpace::ValueIn(const Value& run_config,
                                                                      std::size_t dimension) const {
  const std::vector<std::size_t>& members = state_->dimensions[dimension].leaves;
  std::vector<const Value*> values;
  for (const std::size_t member : members) {
    const Leaf& leaf = state_->leaves[member];
    const Value* value = FindAt(run_config, leaf.path);
    if (value == nullptr) {
      return InvalidArgument(fmt::format("the run's config has no parameter \"{}\"", leaf.dotted));
    }
    values.push_back(value);
  }
  const Leaf& first = state_->leaves[members.front()];
  std::optional<search::ParameterValue> found;
  if (members.size() == 1) {
    found =
        ToParameterValue(first.config, (*state_->space)[dimension].distribution, *values.front());
  } else {
    for (std::size_t i = 0; i < first.config.values.size() && !found; ++i) {
      bool is_same = true;
      for (std::size_t m = 0; m < members.size(); ++m) {
        is_same = is_same && SameValue(state_->leaves[members[m]].config.values[i], *values[m]);
      }
      if (is_same) {
        found = search::CategoryIndex{static_cast<std::int64_t>(i)};
      }
    }
  }
  if (!found) {
    return InvalidArgument(
        fmt::format("{} is no value of parameter \"{}\"", Excerpt(*values.front()), first.dotted));
  }
  return found;
}

Result<search::Point> ParameterSpace::FromRunConfig(const Value& run_config) const {
  const search::SearchSpace& space = *state_->space;
  search::Point point(space.size());
  for (const std::size_t dimension : space.parents_first()) {
    if (!space.IsActive(dimension, point)) {
      continue;
    }
    Result<std::optional<search::ParameterValue>> value = ValueIn(run_config, dimension);
    if (!value) {
      return value.error();
    }
    point[dimension] = *std::move(value);
  }
  return point;
}

search::Point ParameterSpace::FromOtherConfig(const Value& run_config) const {
  const search::SearchSpace& space = *state_->space;
  search::Point point(space.size());
  for (const std::size_t dimension : space.parents_first()) {
    if (!space.IsActive(dimension, point)) {
      continue;
    }
    if (Result<std::optional<search::ParameterValue>> value = ValueIn(run_config, dimension)) {
      point[dimension] = *std::move(value);
    }
  }
  return point;
}

Result<search::Point> ParameterSpace::ReadInitialPoint(const Value& given) const {
  std::vector<std::string> names;
  ListNames(given, "", *this, names);
  std::vector<std::string_view> known;
  for (const Leaf& leaf : state_->leaves) {
    known.push_back(leaf.dotted);
  }
  for (const std::string& name : names) {
    if (FindLeaf(name) == nullptr) {
      const std::string suggestion = SpellingSuggestion(name, known);
      return InvalidArgument(fmt::format("there is no parameter \"{}\"; {}", name, suggestion));
    }
  }
  const search::SearchSpace& space = *state_->space;
  search::Point point(space.size());
  for (const Leaf& leaf : state_->leaves) {
    const Value* value = FindPlain(given, leaf);
    if (value == nullptr) {
      continue;
    }
    if (leaf.config.kind == ParameterKind::kConstant) {
      if (!SameValue(leaf.config.value, *value)) {
        return InvalidArgument(fmt::format("\"{}\" is the constant {}, not {}", leaf.dotted,
                                           Excerpt(leaf.config.value), Excerpt(*value)));
      }
      continue;
    }
    if (!leaf.dimension) {
      return InvalidArgument(fmt::format("\"{}\" is never active", leaf.dotted));
    }
    const search::Distribution& distribution = space[*leaf.dimension].distribution;
    const std::optional<search::ParameterValue> read =
        ToParameterValue(leaf.config, distribution, *value);
    if (!read || !distribution.Contains(*read)) {
      return InvalidArgument(
          fmt::format("{} is no value of parameter \"{}\"", Excerpt(*value), leaf.dotted));
    }
    if (point[*leaf.dimension] && !search::SameValue(*point[*leaf.dimension], *read)) {
      return InvalidArgument(
          fmt::format("\"{}\" does not move with the others of its zip here", leaf.dotted));
    }
    point[*leaf.dimension] = read;
  }
  return point;
}

bool ParameterSpace::has_constraints() const { return !state_->constraints.empty(); }

bool ParameterSpace::IsAllowed(const search::Point& point) const {
  for (const Constraint& constraint : state_->constraints) {
    std::vector<std::pair<std::string_view, std::optional<Value>>> values;
    for (const std::string& name : constraint.names()) {
      const Leaf* leaf = FindLeaf(name);
      values.emplace_back(name, leaf != nullptr ? ValueOf(*leaf, point) : std::nullopt);
    }
    const auto lookup = [&values](std::string_view name) -> const Value* {
      for (const auto& [known, value] : values) {
        if (known == name) {
          return value ? &*value : nullptr;
        }
      }
      return nullptr;
    };
    const Result<bool> is_satisfied = constraint.IsSatisfied(lookup);
    if (!is_satisfied || !*is_satisfied) {
      return false;
    }
  }
  return true;
}

std::function<bool(const search::Point&)> ParameterSpace::AllowedFunction() const {
  if (!has_constraints()) {
    return {};
  }
  return [space = *this](const search::Point& point) { return space.IsAllowed(point); };
}

search::Point ParameterSpace::RandomPoint(Rng& rng) const {
  std::vector<double> u(state_->space->size());
  for (double& coordinate : u) {
    coordinate = rng.UniformOpen();
  }
  return state_->space->At(u);
}

std::optional<search::Point> ParameterSpace::RandomAllowedPoint(Rng& rng, int tries_max) const {
  for (int i = 0; i < tries_max; ++i) {
    search::Point point = RandomPoint(rng);
    if (IsAllowed(point)) {
      return point;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> CountGridPoints(const SweepConfig& config, const ParameterSpace& space,
                                             std::uint64_t work_max) {
  if (config.method != SearchMethod::kGrid) {
    return std::nullopt;
  }
  const Result<search::Grid> grid = search::Grid::Create(space.search_space());
  if (!grid) {
    return std::nullopt;
  }
  if (!space.has_constraints()) {
    return grid->size();
  }
  if (grid->size() > work_max) {
    return std::nullopt;
  }
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < grid->size(); ++i) {
    count += space.IsAllowed(grid->At(i)) ? 1 : 0;
  }
  return count;
}

}  // namespace regatta::sweeps
