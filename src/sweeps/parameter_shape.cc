#include "parameter_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace regatta::sweeps {
namespace {

constexpr std::array kShapes = {
    Shape{ParameterKind::kConstant, "constant", Fields::kValue, false},
    Shape{ParameterKind::kCategorical, "categorical", Fields::kValues, false},
    Shape{ParameterKind::kCategoricalWithProbabilities, "categorical_w_probabilities",
          Fields::kProbabilities, false},
    Shape{ParameterKind::kIntUniform, "int_uniform", Fields::kBounds, false},
    Shape{ParameterKind::kUniform, "uniform", Fields::kBounds, false},
    Shape{ParameterKind::kQUniform, "q_uniform", Fields::kBounds, true},
    Shape{ParameterKind::kLogUniform, "log_uniform", Fields::kBounds, false},
    Shape{ParameterKind::kLogUniformValues, "log_uniform_values", Fields::kBounds, false},
    Shape{ParameterKind::kInvLogUniform, "inv_log_uniform", Fields::kBounds, false},
    Shape{ParameterKind::kInvLogUniformValues, "inv_log_uniform_values", Fields::kBounds, false},
    Shape{ParameterKind::kQLogUniform, "q_log_uniform", Fields::kBounds, true},
    Shape{ParameterKind::kQLogUniformValues, "q_log_uniform_values", Fields::kBounds, true},
    Shape{ParameterKind::kNormal, "normal", Fields::kNormal, false},
    Shape{ParameterKind::kQNormal, "q_normal", Fields::kNormal, true},
    Shape{ParameterKind::kLogNormal, "log_normal", Fields::kNormal, false},
    Shape{ParameterKind::kQLogNormal, "q_log_normal", Fields::kNormal, true},
    Shape{ParameterKind::kBeta, "beta", Fields::kBeta, false},
    Shape{ParameterKind::kQBeta, "q_beta", Fields::kBeta, true},
};

const Shape* FindShape(std::string_view name) {
  const auto* const found = std::ranges::find(kShapes, name, &Shape::name);
  return found == kShapes.end() ? nullptr : found;
}

const Shape* NamedShape(ParameterPlace& place, const Value& name) {
  std::vector<std::string_view> names;
  for (const Shape& shape : kShapes) {
    names.push_back(shape.name);
  }
  const Shape* shape = name.is_string() ? FindShape(name.as_string()) : nullptr;
  if (shape == nullptr) {
    place.FailAt(
        "distribution",
        fmt::format("invalid hyperparameter configuration: {}: there is no distribution {}",
                    place.member().key, Excerpt(name)),
        name.is_string() ? SpellingSuggestion(name.as_string(), names) : "");
    return nullptr;
  }
  if (shape->kind == ParameterKind::kCategorical && place.Has("probabilities")) {
    place.FailAt("distribution", "categorical takes no probabilities",
                 "write categorical_w_probabilities, or leave distribution out");
    return nullptr;
  }
  return shape;
}

const Shape* BoundsShape(ParameterPlace& place) {
  const Value* min = place.Find("min");
  const Value* max = place.Find("max");
  const auto is_int = [](const Value* bound) { return bound == nullptr || bound->is_int(); };
  const bool is_mixed = min != nullptr && max != nullptr && min->is_number() && max->is_number() &&
                        min->is_int() != max->is_int();
  if (is_mixed) {
    place.problems().Warn(
        place.path(), place.member().key_position,
        "one bound is an integer and one a float; it is read as uniform over floats",
        "write both as floats, or both as integers for whole numbers");
  }
  return &ShapeOf(is_int(min) && is_int(max) ? ParameterKind::kIntUniform
                                             : ParameterKind::kUniform);
}

std::string KeyList(const ParameterPlace& place) {
  std::string list;
  for (const Member& key : place.member().value.as_map()) {
    list += list.empty() ? "" : ", ";
    list += key.key;
  }
  return list.empty() ? "(none)" : list;
}

// A key that is nearly one that would have chosen a shape.
std::string NearMissSuggestion(const ParameterPlace& place) {
  constexpr std::array<std::string_view, 6> kDeciding = {"value", "values",       "min",
                                                         "max",   "distribution", "parameters"};
  for (const Member& key : place.member().value.as_map()) {
    if (const std::string_view near = NearestWord(key.key, kDeciding); !near.empty()) {
      return fmt::format("did you mean \"{}\" instead of \"{}\"?", near, key.key);
    }
  }
  return {};
}

}  // namespace

const Shape& ShapeOf(ParameterKind kind) { return *std::ranges::find(kShapes, kind, &Shape::kind); }

std::vector<std::string_view> KeysOf(const Shape& shape) {
  std::vector<std::string_view> keys = {"distribution"};
  switch (shape.fields) {
    case Fields::kValue:
      keys.push_back("value");
      break;
    case Fields::kValues:
      keys.push_back("values");
      break;
    case Fields::kProbabilities:
      keys.insert(keys.end(), {"values", "probabilities"});
      break;
    case Fields::kBounds:
      keys.insert(keys.end(), {"min", "max"});
      break;
    case Fields::kNormal:
      keys.insert(keys.end(), {"mu", "sigma"});
      break;
    case Fields::kBeta:
      keys.insert(keys.end(), {"a", "b"});
      break;
  }
  if (shape.has_q) {
    keys.push_back("q");
  }
  return keys;
}

const Shape* ChooseShape(ParameterPlace& place) {
  if (const Value* name = place.Find("distribution"); name != nullptr) {
    return NamedShape(place, *name);
  }
  if (place.Has("value")) {
    return &ShapeOf(ParameterKind::kConstant);
  }
  if (place.Has("values") || place.Has("probabilities")) {
    return &ShapeOf(place.Has("probabilities") ? ParameterKind::kCategoricalWithProbabilities
                                               : ParameterKind::kCategorical);
  }
  if (place.Has("min") || place.Has("max")) {
    return BoundsShape(place);
  }
  std::string suggestion = NearMissSuggestion(place);
  if (suggestion.empty()) {
    suggestion = place.Has("mu") || place.Has("sigma")
                     ? "add distribution: normal"
                     : "give value, values, min and max, or a distribution";
  }
  place.FailWhole(
      fmt::format("invalid hyperparameter configuration: {}: no distribution fits the keys "
                  "{}",
                  place.member().key, KeyList(place)),
      std::move(suggestion));
  return nullptr;
}

std::string_view ParameterKindName(ParameterKind kind) {
  return kind == ParameterKind::kGroup ? "parameters" : ShapeOf(kind).name;
}

}  // namespace regatta::sweeps
