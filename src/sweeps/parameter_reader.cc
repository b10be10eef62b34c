#include "parameter_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "parameter_fields.h"
#include "parameter_place.h"
#include "parameter_shape.h"
#include "regatta/sweeps/problem.h"

namespace regatta::sweeps {
namespace {

bool IsNameCharacter(char character, bool is_first) {
  const bool is_letter = (character >= 'a' && character <= 'z') ||
                         (character >= 'A' && character <= 'Z') || character == '_';
  const bool is_other =
      (character >= '0' && character <= '9') || character == '.' || character == '-';
  return is_letter || (!is_first && is_other);
}

bool IsParameterName(std::string_view name) {
  if (name.empty() || !IsNameCharacter(name.front(), true)) {
    return false;
  }
  return std::ranges::all_of(name,
                             [](char character) { return IsNameCharacter(character, false); });
}

// One parameter's mapping. Every upstream refusal is named for the person and placed.
class ParameterReader {
 public:
  ParameterReader(const Member& member, std::string path, ProblemList& problems)
      : place_(member, std::move(path), problems) {
    parameter_.name = member.key;
    parameter_.position = member.key_position;
  }

  std::optional<ParameterConfig> Read() {
    if (place_.Has("parameters")) {
      ReadGroup();
    } else {
      ReadLeaf();
    }
    ReadWhen();
    ReadPrior();
    if (place_.has_errors()) {
      return std::nullopt;
    }
    return std::move(parameter_);
  }

 private:
  void ReadGroup() {
    parameter_.kind = ParameterKind::kGroup;
    const Value* children = place_.Find("parameters");
    if (!children->is_map() || children->as_map().empty()) {
      place_.FailAt("parameters", "a nested group needs a mapping of at least one parameter");
    } else {
      const std::size_t errors_before = place_.problems().error_count();
      parameter_.children =
          ReadParameters(*children, JoinPath(place_.path(), "parameters"), place_.problems());
      if (place_.problems().error_count() != errors_before) {
        place_.CountError();
      }
    }
    constexpr std::array<std::string_view, 2> kGroupKeys = {"parameters", "when"};
    RefuseOtherKeys(kGroupKeys, "a nested group");
  }

  void ReadLeaf() {
    const Shape* shape = ChooseShape(place_);
    if (shape == nullptr) {
      return;
    }
    parameter_.kind = shape->kind;
    std::vector<std::string_view> keys = KeysOf(*shape);
    keys.insert(keys.end(), {"when", "prior", "prior_confidence"});
    RefuseOtherKeys(keys, fmt::format("a parameter of distribution {}", shape->name));
    ReadFields(place_, *shape, parameter_);
  }

  void RefuseOtherKeys(std::span<const std::string_view> keys, const std::string& what) {
    for (const Member& key : place_.member().value.as_map()) {
      if (std::ranges::find(keys, std::string_view(key.key)) == keys.end()) {
        place_.Fail(key.key_position, JoinPath(place_.path(), key.key),
                    fmt::format("invalid hyperparameter configuration: {}: {} has no key \"{}\"",
                                place_.member().key, what, key.key),
                    SpellingSuggestion(key.key, keys));
      }
    }
  }

  void ReadWhen() {
    const Value* when = place_.Find("when");
    if (when == nullptr) {
      return;
    }
    if (!when->is_map() || when->as_map().empty()) {
      place_.FailAt("when",
                    fmt::format("when is {}, not a mapping of parents", KindName(when->kind())),
                    "write when: {parent: value}");
      return;
    }
    for (const Member& parent : when->as_map()) {
      ReadWhenClause(parent);
    }
  }

  void ReadWhenClause(const Member& parent) {
    WhenClause clause;
    clause.parent = parent.key;
    clause.position = parent.key_position;
    const std::string path = JoinPath(JoinPath(place_.path(), "when"), parent.key);
    if (parent.value.is_map()) {
      const Value* min = parent.value.Find("min");
      const Value* max = parent.value.Find("max");
      clause.is_range = true;
      clause.min = min != nullptr && min->is_number() ? min->as_number() : -HUGE_VAL;
      clause.max = max != nullptr && max->is_number() ? max->as_number() : HUGE_VAL;
      const std::size_t bounds = (min != nullptr && min->is_number() ? 1U : 0U) +
                                 (max != nullptr && max->is_number() ? 1U : 0U);
      if (bounds == 0 || bounds != parent.value.as_map().size() || !(clause.min <= clause.max)) {
        place_.Fail(parent.value.position, path,
                    "a range needs min, max or both, as numbers with min "
                    "not above max",
                    "write {min: a, max: b}");
        return;
      }
    } else if (parent.value.is_list()) {
      clause.values = parent.value.as_list();
      if (clause.values.empty()) {
        place_.Fail(parent.value.position, path, "an empty list matches nothing");
        return;
      }
    } else {
      clause.values = {parent.value};
    }
    parameter_.when.push_back(std::move(clause));
  }

  void ReadPrior() {
    const Value* prior = place_.Find("prior");
    const Value* confidence = place_.Find("prior_confidence");
    if (prior != nullptr) {
      CheckPrior(*prior);
      parameter_.prior = *prior;
    }
    if (confidence == nullptr) {
      return;
    }
    constexpr std::array<std::string_view, 3> kWords = {"low", "medium", "high"};
    const auto* const found =
        confidence->is_string() ? std::ranges::find(kWords, confidence->as_string()) : kWords.end();
    if (found == kWords.end()) {
      place_.FailAt(
          "prior_confidence",
          fmt::format("{} is not one of low, medium, high", Excerpt(*confidence)),
          confidence->is_string() ? SpellingSuggestion(confidence->as_string(), kWords) : "");
    } else {
      parameter_.prior_confidence = static_cast<PriorConfidence>(found - kWords.begin());
    }
    if (prior == nullptr) {
      place_.FailAt("prior_confidence", "prior_confidence says nothing without prior");
    }
  }

  void CheckPrior(const Value& prior) {
    if (place_.has_errors() || parameter_.kind == ParameterKind::kGroup) {
      return;
    }
    if (parameter_.kind == ParameterKind::kConstant) {
      place_.FailAt("prior", "a constant needs no prior");
    } else if (!parameter_.values.empty()) {
      const bool is_listed = std::ranges::any_of(
          parameter_.values, [&prior](const Value& value) { return SameValue(value, prior); });
      if (!is_listed) {
        place_.FailAt("prior", fmt::format("{} is not among the values", Excerpt(prior)));
      }
    } else if (!prior.is_number() || !std::isfinite(prior.as_number())) {
      place_.FailAt("prior", fmt::format("{} is no finite number", Excerpt(prior)));
    } else if (parameter_.kind == ParameterKind::kIntUniform && !WholeNumber(prior)) {
      place_.FailAt("prior", fmt::format("{} is no whole number", Excerpt(prior)));
    } else if (HasValueBounds() && (prior.as_number() < parameter_.min.as_number() ||
                                    prior.as_number() > parameter_.max.as_number())) {
      place_.FailAt("prior", fmt::format("{} lies outside of min {} and max {}", Excerpt(prior),
                                         Excerpt(parameter_.min), Excerpt(parameter_.max)));
    }
  }

  bool HasValueBounds() const {
    return ShapeOf(parameter_.kind).fields == Fields::kBounds &&
           parameter_.kind != ParameterKind::kLogUniform &&
           parameter_.kind != ParameterKind::kQLogUniform &&
           parameter_.kind != ParameterKind::kInvLogUniform;
  }

  ParameterPlace place_;
  ParameterConfig parameter_;
};

std::string FixForBareValue(const Member& member) {
  if (member.value.is_list()) {
    return fmt::format("write {}: {{values: {}}}", member.key, Excerpt(member.value));
  }
  return fmt::format("write {}: {{value: {}}}", member.key, Excerpt(member.value));
}

}  // namespace

std::vector<ParameterConfig> ReadParameters(const Value& map, const std::string& path,
                                            ProblemList& problems) {
  std::vector<ParameterConfig> parameters;
  for (const Member& member : map.as_map()) {
    const std::string member_path = JoinPath(path, member.key);
    if (!IsParameterName(member.key)) {
      problems.Warn(member_path, member.key_position,
                    fmt::format("\"{}\" is no parameter name", member.key),
                    "begin with a letter or _, go on with letters, digits, _ . and -");
    }
    if (!member.value.is_map()) {
      problems.Error(member_path, member.value.position,
                     fmt::format("Invalid configuration for hyperparameter '{}': it is {}, not a "
                                 "mapping",
                                 member.key, KindName(member.value.kind())),
                     FixForBareValue(member));
      continue;
    }
    std::optional<ParameterConfig> parameter =
        ParameterReader(member, member_path, problems).Read();
    if (parameter) {
      parameters.push_back(*std::move(parameter));
    }
  }
  return parameters;
}

}  // namespace regatta::sweeps
