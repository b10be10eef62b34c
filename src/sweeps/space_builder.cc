#include "space_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "config_reader.h"
#include "parameter_distribution.h"

namespace regatta::sweeps {

std::string Dotted(const std::vector<std::string>& path) {
  std::string dotted;
  for (const std::string& part : path) {
    dotted += dotted.empty() ? "" : ".";
    dotted += part;
  }
  return dotted;
}

SpaceBuilder::SpaceBuilder(const SweepConfig& config, std::vector<Problem>& problems)
    : config_(config), problems_(problems), state_(std::make_shared<ParameterSpace::State>()) {
  state_->wandb_numbers = config.regatta.wandb_numbers;
}

std::optional<ParameterSpace> SpaceBuilder::Build() {
  AddLeaves(config_.parameters, {}, "parameters", {});
  constexpr std::size_t kLeavesMax = 10'000;
  if (state_->leaves.size() > kLeavesMax) {
    Fail("parameters", {},
         fmt::format("{} parameters; the limit is {}", state_->leaves.size(), kLeavesMax));
    return std::nullopt;
  }
  CheckPlaces();
  ReadZip();
  AddDimensions();
  ResolveConditions();
  ReadConstraints();
  if (!has_failed_) {
    MakeSearchSpace();
  }
  if (has_failed_) {
    return std::nullopt;
  }
  return ParameterSpace(state_);
}

void SpaceBuilder::Fail(std::string path, Position position, std::string message,
                        std::string suggestion) {
  has_failed_ = true;
  problems_.push_back(
      {Severity::kError, std::move(path), position, std::move(message), std::move(suggestion)});
}

void SpaceBuilder::AddLeaves(const std::vector<ParameterConfig>& parameters,
                             const std::vector<std::string>& prefix, const std::string& config_path,
                             const std::vector<WhenClause>& when) {
  std::vector<const ParameterConfig*> sorted;
  for (const ParameterConfig& parameter : parameters) {
    sorted.push_back(&parameter);
  }
  // UTF-8 sorts by bytes as by code points; std::string compares bytes unsigned.
  std::ranges::sort(sorted, {},
                    [](const ParameterConfig* p) -> const std::string& { return p->name; });
  for (const ParameterConfig* parameter : sorted) {
    std::vector<std::string> path = prefix;
    path.push_back(parameter->name);
    std::vector<WhenClause> all = when;
    all.insert(all.end(), parameter->when.begin(), parameter->when.end());
    const std::string own_path = JoinPath(config_path, parameter->name);
    if (parameter->kind == ParameterKind::kGroup) {
      AddLeaves(parameter->children, path, JoinPath(own_path, "parameters"), all);
      continue;
    }
    Leaf leaf;
    leaf.dotted = Dotted(path);
    leaf.path = std::move(path);
    leaf.config_path = own_path;
    leaf.config = *parameter;
    leaf.when = std::move(all);
    state_->leaves.push_back(std::move(leaf));
  }
}

// A nested a: {b} and a flat "a.b" are different parameters; their dotted names are the same, so
// neither can be named by `when`, zip or a constraint. Real clashes cannot be written: keys are
// unique.
void SpaceBuilder::CheckPlaces() {
  for (std::size_t i = 0; i < state_->leaves.size(); ++i) {
    const Leaf& leaf = state_->leaves[i];
    const auto [found, is_new] = state_->leaf_places.try_emplace(leaf.dotted, i);
    if (!is_new && leaf.path.size() == 1) {
      found->second = i;
    }
  }
}

void SpaceBuilder::ReadZip() {
  for (std::size_t group = 0; group < config_.regatta.zip.size(); ++group) {
    if (!CheckZipGroup(config_.regatta.zip[group])) {
      continue;
    }
    for (const std::string& name : config_.regatta.zip[group]) {
      if (!zip_of_.try_emplace(name, group).second) {
        Fail("regatta.zip", state_->leaves[state_->leaf_places.at(name)].config.position,
             fmt::format("\"{}\" stands in a zip twice", name));
      }
    }
  }
}

bool SpaceBuilder::CheckZipGroup(const std::vector<std::string>& names) {
  std::size_t length = 0;
  std::vector<std::string_view> known;
  for (const Leaf& leaf : state_->leaves) {
    known.push_back(leaf.dotted);
  }
  for (const std::string& name : names) {
    const auto place = state_->leaf_places.find(name);
    if (place == state_->leaf_places.end()) {
      Fail("regatta.zip", {}, fmt::format("there is no parameter \"{}\"", name),
           SpellingSuggestion(name, known));
      return false;
    }
    const ParameterConfig& config = state_->leaves[place->second].config;
    if (config.kind != ParameterKind::kCategorical) {
      Fail("regatta.zip", config.position,
           fmt::format("zip joins lists of values, and \"{}\" is {}", name,
                       ParameterKindName(config.kind)));
      return false;
    }
    if (length != 0 && config.values.size() != length) {
      Fail("regatta.zip", config.position,
           fmt::format("zip joins lists of one length: \"{}\" has {} values and \"{}\" has {}",
                       names.front(), length, name, config.values.size()));
      return false;
    }
    length = config.values.size();
  }
  return true;
}

void SpaceBuilder::AddDimensions() {
  std::map<std::size_t, std::size_t> dimension_of_zip;
  for (std::size_t i = 0; i < state_->leaves.size(); ++i) {
    Leaf& leaf = state_->leaves[i];
    if (leaf.config.kind == ParameterKind::kConstant) {
      continue;
    }
    if (const auto zip = zip_of_.find(leaf.dotted); zip != zip_of_.end()) {
      const auto [found, is_new] =
          dimension_of_zip.try_emplace(zip->second, state_->dimensions.size());
      if (!is_new) {
        state_->dimensions[found->second].leaves.push_back(i);
        leaf.dimension = found->second;
        continue;
      }
    }
    leaf.dimension = state_->dimensions.size();
    state_->dimensions.push_back({{i}});
  }
}

std::string SpaceBuilder::DimensionName(std::size_t dimension) const {
  std::string name;
  for (const std::size_t leaf : state_->dimensions[dimension].leaves) {
    name += name.empty() ? "" : "+";
    // The path with a byte that no parameter name holds keeps a -> b and "a.b" apart.
    const std::vector<std::string>& path = state_->leaves[leaf].path;
    for (std::size_t i = 0; i < path.size(); ++i) {
      name += i == 0 ? "" : "/";
      name += path[i];
    }
  }
  return name;
}

std::optional<search::Prior> SpaceBuilder::MakePrior(
    const Leaf& leaf, const search::Distribution& distribution) const {
  if (!leaf.config.prior) {
    return std::nullopt;
  }
  const std::optional<search::ParameterValue> value =
      ToParameterValue(leaf.config, distribution, *leaf.config.prior);
  if (!value) {
    return std::nullopt;
  }
  constexpr double kSpreads[] = {0.35, 0.2, 0.1};
  constexpr double kOdds[] = {2, 4, 8};
  const auto confidence = static_cast<std::size_t>(leaf.config.prior_confidence);
  return search::Prior{*value, kSpreads[confidence], kOdds[confidence]};
}

void SpaceBuilder::MakeSearchSpace() {
  std::vector<search::Parameter> parameters;
  std::vector<ParameterSpace::State::Dimension> kept;
  for (std::size_t d = 0; d < state_->dimensions.size(); ++d) {
    const std::size_t first = state_->dimensions[d].leaves.front();
    Leaf& leaf = state_->leaves[first];
    if (!is_possible_[first]) {
      for (const std::size_t member : state_->dimensions[d].leaves) {
        state_->leaves[member].dimension.reset();
      }
      continue;
    }
    ParameterConfig config = leaf.config;
    if (state_->dimensions[d].leaves.size() > 1) {
      // Equal items of one list differ in the other: all places count.
      for (std::size_t i = 0; i < config.values.size(); ++i) {
        Value::List row;
        for (const std::size_t member : state_->dimensions[d].leaves) {
          row.push_back(state_->leaves[member].config.values[i]);
        }
        config.values[i] = Value::OfList(std::move(row));
      }
    }
    Result<search::Distribution> distribution = MakeDistribution(config);
    if (!distribution) {
      Fail(leaf.config_path, leaf.config.position, distribution.error().message);
      continue;
    }
    std::optional<search::Prior> prior = MakePrior(leaf, *distribution);
    parameters.push_back(
        {DimensionName(d), *std::move(distribution), conditions_[first], std::move(prior)});
    for (const std::size_t member : state_->dimensions[d].leaves) {
      state_->leaves[member].dimension = kept.size();
    }
    kept.push_back(state_->dimensions[d]);
  }
  if (has_failed_) {
    return;
  }
  state_->dimensions = std::move(kept);
  Result<search::SearchSpace> space = search::SearchSpace::Create(std::move(parameters));
  if (!space) {
    Fail("parameters", {}, space.error().message);
    return;
  }
  state_->space = *std::move(space);
  for (std::size_t i = 0; i < state_->leaves.size(); ++i) {
    Leaf& leaf = state_->leaves[i];
    if (!is_possible_[i] && leaf.config.kind == ParameterKind::kConstant) {
      // Never there: a condition that nothing meets.
      leaf.conditions = {search::Condition{}};
    }
  }
}

void SpaceBuilder::ReadConstraints() {
  std::vector<std::string_view> known;
  for (const Leaf& leaf : state_->leaves) {
    known.push_back(leaf.dotted);
  }
  const auto types = [this](std::string_view name) -> std::optional<ConstraintTypes> {
    const auto found = state_->leaf_places.find(name);
    if (found == state_->leaf_places.end()) {
      return std::nullopt;
    }
    const ParameterConfig& config = state_->leaves[found->second].config;
    ConstraintTypes result;
    const auto add = [&result](const Value& value) {
      result.number = result.number || value.is_number();
      result.boolean = result.boolean || value.is_bool();
      result.string = result.string || value.is_string();
      result.other = result.other || value.is_null() || value.is_list() || value.is_map();
    };
    if (config.kind == ParameterKind::kConstant) {
      add(config.value);
    } else if (config.values.empty()) {
      result.number = true;
    } else {
      std::ranges::for_each(config.values, add);
      result.values = config.values;
    }
    return result;
  };
  for (std::size_t i = 0; i < config_.regatta.constraints.size(); ++i) {
    const ConstraintText& given = config_.regatta.constraints[i];
    const std::string path = fmt::format("regatta.constraints[{}]", i);
    Result<Constraint> constraint = Constraint::Parse(given.text);
    if (!constraint) {
      Fail(path, given.position, constraint.error().message);
      continue;
    }
    if (std::optional<ConstraintError> error = constraint->CheckTypes(types, known); error) {
      Fail(path, given.position,
           fmt::format("\"{}\", character {}: {}", given.text, error->column, error->message),
           error->suggestion);
      continue;
    }
    state_->constraints.push_back(*std::move(constraint));
  }
}

}  // namespace regatta::sweeps
