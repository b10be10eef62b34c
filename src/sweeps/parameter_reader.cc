#include "parameter_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "regatta/sweeps/problem.h"

namespace regatta::sweeps {
namespace {

// What a distribution is written with.
enum class Fields : std::uint8_t { kValue, kValues, kProbabilities, kBounds, kNormal, kBeta };

struct Shape {
  ParameterKind kind;
  std::string_view name;
  Fields fields;
  bool has_q;
};

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

double RoundToMultiple(double value, double q) { return std::nearbyint(value / q) * q; }

// One parameter's mapping. Every upstream refusal is named for the person and placed.
class ParameterReader {
 public:
  ParameterReader(const Member& member, std::string path, ProblemList& problems)
      : member_(member),
        path_(std::move(path)),
        problems_(problems),
        reader_(member.value, path_, problems) {
    parameter_.name = member.key;
    parameter_.position = member.key_position;
  }

  std::optional<ParameterConfig> Read() {
    if (reader_.Has("parameters")) {
      ReadGroup();
    } else {
      ReadLeaf();
    }
    ReadWhen();
    ReadPrior();
    if (errors_ > 0) {
      return std::nullopt;
    }
    return std::move(parameter_);
  }

 private:
  void Fail(Position position, std::string path, std::string message, std::string suggestion = {}) {
    ++errors_;
    problems_.Error(std::move(path), position, std::move(message), std::move(suggestion));
  }

  void FailAt(std::string_view key, std::string message, std::string suggestion = {}) {
    const Value* value = member_.value.Find(key);
    Fail(value != nullptr ? value->position : member_.key_position, JoinPath(path_, key),
         std::move(message), std::move(suggestion));
  }

  void FailWhole(std::string message, std::string suggestion = {}) {
    Fail(member_.key_position, path_, std::move(message), std::move(suggestion));
  }

  void ReadGroup() {
    parameter_.kind = ParameterKind::kGroup;
    const Value* children = reader_.Find("parameters");
    if (!children->is_map() || children->as_map().empty()) {
      FailAt("parameters", "a nested group needs a mapping of at least one parameter");
    } else {
      const std::size_t errors_before = problems_.error_count();
      parameter_.children = ReadParameters(*children, JoinPath(path_, "parameters"), problems_);
      if (problems_.error_count() != errors_before) {
        ++errors_;
      }
    }
    constexpr std::array<std::string_view, 2> kGroupKeys = {"parameters", "when"};
    RefuseOtherKeys(kGroupKeys, "a nested group");
  }

  void ReadLeaf() {
    const Shape* shape = ChooseShape();
    if (shape == nullptr) {
      return;
    }
    parameter_.kind = shape->kind;
    std::vector<std::string_view> keys = KeysOf(*shape);
    keys.insert(keys.end(), {"when", "prior", "prior_confidence"});
    RefuseOtherKeys(keys, fmt::format("a parameter of distribution {}", shape->name));
    switch (shape->fields) {
      case Fields::kValue:
        ReadConstant();
        break;
      case Fields::kValues:
        ReadValues();
        break;
      case Fields::kProbabilities:
        ReadValues();
        ReadProbabilities();
        break;
      case Fields::kBounds:
        ReadBounds(*shape);
        break;
      case Fields::kNormal:
        parameter_.mu = ReadNumber("mu", 0.0);
        parameter_.sigma = ReadNumber("sigma", 1.0);
        if (parameter_.sigma < 0) {
          FailAt("sigma", fmt::format("sigma {} is below 0", parameter_.sigma));
        }
        break;
      case Fields::kBeta:
        ReadShape("a", parameter_.a);
        ReadShape("b", parameter_.b);
        break;
    }
    if (shape->has_q) {
      ReadQuantum(*shape);
    }
  }

  // The distribution that is written, or the one that the keys stand for.
  const Shape* ChooseShape() {
    if (const Value* name = member_.value.Find("distribution"); name != nullptr) {
      return NamedShape(*name);
    }
    const bool has_values = reader_.Has("values");
    if (reader_.Has("value")) {
      return &ShapeOf(ParameterKind::kConstant);
    }
    if (has_values || reader_.Has("probabilities")) {
      return &ShapeOf(reader_.Has("probabilities") ? ParameterKind::kCategoricalWithProbabilities
                                                   : ParameterKind::kCategorical);
    }
    if (reader_.Has("min") || reader_.Has("max")) {
      return BoundsShape();
    }
    std::string suggestion = NearMissSuggestion();
    if (suggestion.empty()) {
      suggestion = reader_.Has("mu") || reader_.Has("sigma")
                       ? "add distribution: normal"
                       : "give value, values, min and max, or a distribution";
    }
    FailWhole(fmt::format("invalid hyperparameter configuration: {}: no distribution fits the keys "
                          "{}",
                          member_.key, KeyList()),
              std::move(suggestion));
    return nullptr;
  }

  const Shape* NamedShape(const Value& name) {
    std::vector<std::string_view> names;
    for (const Shape& shape : kShapes) {
      names.push_back(shape.name);
    }
    const Shape* shape = name.is_string() ? FindShape(name.as_string()) : nullptr;
    if (shape == nullptr) {
      FailAt("distribution",
             fmt::format("invalid hyperparameter configuration: {}: there is no distribution {}",
                         member_.key, Excerpt(name)),
             name.is_string() ? SpellingSuggestion(name.as_string(), names) : "");
      return nullptr;
    }
    if (shape->kind == ParameterKind::kCategorical && reader_.Has("probabilities")) {
      FailAt("distribution", "categorical takes no probabilities",
             "write categorical_w_probabilities, or leave distribution out");
      return nullptr;
    }
    return shape;
  }

  const Shape* BoundsShape() {
    const Value* min = member_.value.Find("min");
    const Value* max = member_.value.Find("max");
    const auto is_int = [](const Value* bound) { return bound == nullptr || bound->is_int(); };
    const bool is_mixed = min != nullptr && max != nullptr && min->is_number() &&
                          max->is_number() && min->is_int() != max->is_int();
    if (is_mixed) {
      problems_.Warn(path_, member_.key_position,
                     "one bound is an integer and one a float; it is read as uniform over floats",
                     "write both as floats, or both as integers for whole numbers");
    }
    return &ShapeOf(is_int(min) && is_int(max) ? ParameterKind::kIntUniform
                                               : ParameterKind::kUniform);
  }

  std::string KeyList() const {
    std::string list;
    for (const Member& key : member_.value.as_map()) {
      list += list.empty() ? "" : ", ";
      list += key.key;
    }
    return list.empty() ? "(none)" : list;
  }

  // A key that is nearly one that would have chosen a shape.
  std::string NearMissSuggestion() const {
    constexpr std::array<std::string_view, 6> kDeciding = {"value", "values",       "min",
                                                           "max",   "distribution", "parameters"};
    for (const Member& key : member_.value.as_map()) {
      if (const std::string_view near = NearestWord(key.key, kDeciding); !near.empty()) {
        return fmt::format("did you mean \"{}\" instead of \"{}\"?", near, key.key);
      }
    }
    return {};
  }

  void RefuseOtherKeys(std::span<const std::string_view> keys, const std::string& what) {
    for (const Member& key : member_.value.as_map()) {
      if (std::ranges::find(keys, std::string_view(key.key)) == keys.end()) {
        Fail(key.key_position, JoinPath(path_, key.key),
             fmt::format("invalid hyperparameter configuration: {}: {} has no key \"{}\"",
                         member_.key, what, key.key),
             SpellingSuggestion(key.key, keys));
      }
    }
  }

  void ReadConstant() {
    if (const Value* value = member_.value.Find("value"); value != nullptr) {
      parameter_.value = *value;
    } else {
      FailWhole("a constant needs a value");
    }
  }

  void ReadValues() {
    const Value* values = member_.value.Find("values");
    if (values == nullptr) {
      FailWhole("a categorical parameter needs values", "write values: [a, b]");
    } else if (!values->is_list()) {
      FailAt("values", fmt::format("values is {}, not a list", KindName(values->kind())),
             fmt::format("write values: [{}]",
                         values->is_string() ? values->as_string() : Excerpt(*values)));
    } else if (values->as_list().empty()) {
      FailAt("values", "values is empty", "list at least one value");
    } else {
      parameter_.values = values->as_list();
    }
  }

  void ReadProbabilities() {
    const Value* list = member_.value.Find("probabilities");
    if (list == nullptr || !list->is_list()) {
      FailAt("probabilities", "categorical_w_probabilities needs a list of probabilities");
      return;
    }
    double sum = 0;
    for (const Value& item : list->as_list()) {
      if (!item.is_number() || !std::isfinite(item.as_number()) || item.as_number() < 0) {
        Fail(item.position, JoinPath(path_, "probabilities"),
             fmt::format("{} is no probability: a number of at least 0", Excerpt(item)));
        return;
      }
      parameter_.probabilities.push_back(item.as_number());
      sum += item.as_number();
    }
    if (!parameter_.values.empty() && parameter_.values.size() != parameter_.probabilities.size()) {
      FailAt("probabilities",
             fmt::format("{}: values and probabilities are not the same length ({} and {})",
                         member_.key, parameter_.values.size(), parameter_.probabilities.size()));
    }
    // numpy's isclose(sum, 1.0).
    if (std::abs(sum - 1.0) > 1e-8 + 1e-5) {
      FailAt("probabilities",
             fmt::format("{}: probabilities do not sum to 1 but to {}", member_.key, sum));
    }
  }

  std::optional<double> ReadBound(std::string_view key, bool must_be_int, Value& out) {
    const Value* bound = member_.value.Find(key);
    if (bound == nullptr) {
      FailWhole(fmt::format("{} is missing", key), fmt::format("add {}: NUMBER", key));
      return std::nullopt;
    }
    if (!bound->is_number() || !std::isfinite(bound->as_number())) {
      const bool is_quoted_number = bound->is_string() && ReadsAsNumber(bound->as_string());
      FailAt(key, fmt::format("{} is {}, not a finite number", key, Describe(*bound)),
             is_quoted_number ? fmt::format("write {}: {} without quotes", key, bound->as_string())
                              : "");
      return std::nullopt;
    }
    if (must_be_int && !bound->is_int()) {
      FailAt(key, fmt::format("int_uniform needs whole bounds, and {} is {}", key, Excerpt(*bound)),
             "write an integer, or use distribution: uniform");
      return std::nullopt;
    }
    out = *bound;
    return bound->as_number();
  }

  static std::string Describe(const Value& value) {
    return value.is_null() ? "null"
                           : fmt::format("{} ({})", KindName(value.kind()), Excerpt(value));
  }

  static bool ReadsAsNumber(const std::string& text) {
    Result<Value> value = ParseJson(text);
    return value && value->is_number();
  }

  void ReadBounds(const Shape& shape) {
    const bool must_be_int = shape.kind == ParameterKind::kIntUniform;
    const std::optional<double> min = ReadBound("min", must_be_int, parameter_.min);
    const std::optional<double> max = ReadBound("max", must_be_int, parameter_.max);
    if (!min || !max) {
      return;
    }
    if (*min >= *max) {
      FailAt("min",
             fmt::format("{}: min {} is not less than max {}", member_.key, Excerpt(parameter_.min),
                         Excerpt(parameter_.max)),
             *min == *max
                 ? fmt::format("for one fixed value write value: {}", Excerpt(parameter_.min))
                 : "exchange min and max");
      return;
    }
    CheckLogBounds(shape, *min, *max);
  }

  void CheckLogBounds(const Shape& shape, double min, double max) {
    switch (shape.kind) {
      case ParameterKind::kLogUniformValues:
      case ParameterKind::kInvLogUniformValues:
      case ParameterKind::kQLogUniformValues:
        if (min <= 0) {
          FailAt("min",
                 fmt::format("{} needs min above 0, not {}", shape.name, Excerpt(parameter_.min)));
        }
        break;
      case ParameterKind::kLogUniform:
      case ParameterKind::kQLogUniform:
        WarnExponents(shape, "log_uniform_values", std::exp(min), std::exp(max));
        break;
      case ParameterKind::kInvLogUniform:
        WarnExponents(shape, "inv_log_uniform_values", std::exp(-max), std::exp(-min));
        break;
      default:
        break;
    }
  }

  void WarnExponents(const Shape& shape, std::string_view better, double low, double high) {
    if (!std::isfinite(low) || !std::isfinite(high)) {
      FailAt("max",
             fmt::format("{} bounds are exponents of e, and e to the power of {} is beyond "
                         "every number",
                         shape.name, Excerpt(parameter_.max)),
             fmt::format("use distribution: {}", shape.has_q ? "q_log_uniform_values" : better));
      return;
    }
    problems_.Warn(
        JoinPath(path_, "distribution"), PositionOf("distribution"),
        fmt::format("{} bounds are exponents of e: min {} and max {} mean {:.5g} ... "
                    "{:.5g}",
                    shape.name, Excerpt(parameter_.min), Excerpt(parameter_.max), low, high),
        fmt::format("for bounds as values use distribution: {}",
                    shape.has_q ? "q_log_uniform_values" : better));
  }

  Position PositionOf(std::string_view key) const {
    const Value* value = member_.value.Find(key);
    return value != nullptr ? value->position : member_.key_position;
  }

  double ReadNumber(std::string_view key, double fallback) {
    const Value* value = member_.value.Find(key);
    if (value == nullptr) {
      return fallback;
    }
    if (!value->is_number() || !std::isfinite(value->as_number())) {
      FailAt(key, fmt::format("{} is {}, not a finite number", key, Describe(*value)));
      return fallback;
    }
    return value->as_number();
  }

  void ReadShape(std::string_view key, double& out) {
    out = ReadNumber(key, 1.0);
    if (out <= 0) {
      FailAt(key, fmt::format("{} {} is not above 0", key, out));
    }
  }

  void ReadQuantum(const Shape& shape) {
    if (const Value* q = member_.value.Find("q"); q != nullptr) {
      const double number = ReadNumber("q", 1.0);
      if (number <= 0) {
        FailAt("q", fmt::format("q {} is not above 0", Excerpt(*q)));
        return;
      }
      if (q->is_number()) {
        parameter_.q = *q;
      }
    }
    if (errors_ == 0) {
      WarnOutside(shape);
    }
  }

  // Rounding to a multiple can step over the bounds; the file's author rarely means that.
  void WarnOutside(const Shape& shape) {
    if (shape.fields != Fields::kBounds) {
      return;
    }
    const bool is_exponent = shape.kind == ParameterKind::kQLogUniform;
    const double min =
        is_exponent ? std::exp(parameter_.min.as_number()) : parameter_.min.as_number();
    const double max =
        is_exponent ? std::exp(parameter_.max.as_number()) : parameter_.max.as_number();
    const double q = parameter_.q.as_number();
    const double low = RoundToMultiple(min, q);
    const double high = RoundToMultiple(max, q);
    const double slack = 1e-9 * q;
    if (low >= min - slack && high <= max + slack) {
      return;
    }
    const double first = std::ceil((min - slack) / q) * q;
    const double last = std::floor((max + slack) / q) * q;
    const std::string kept = first <= last
                                 ? fmt::format("values stay in {:.10g} ... {:.10g}", first, last)
                                 : std::string("no multiple of q lies between min and max");
    problems_.Warn(
        JoinPath(path_, "q"), PositionOf("q"),
        fmt::format("rounding to multiples of {:.10g} gives {:.10g} ... {:.10g}, outside "
                    "of min and max; {}",
                    q, low, high, kept));
  }

  void ReadWhen() {
    const Value* when = member_.value.Find("when");
    if (when == nullptr) {
      return;
    }
    if (!when->is_map() || when->as_map().empty()) {
      FailAt("when", fmt::format("when is {}, not a mapping of parents", KindName(when->kind())),
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
    const std::string path = JoinPath(JoinPath(path_, "when"), parent.key);
    if (parent.value.is_map()) {
      const Value* min = parent.value.Find("min");
      const Value* max = parent.value.Find("max");
      clause.is_range = true;
      clause.min = min != nullptr && min->is_number() ? min->as_number() : -HUGE_VAL;
      clause.max = max != nullptr && max->is_number() ? max->as_number() : HUGE_VAL;
      const std::size_t bounds = (min != nullptr && min->is_number() ? 1U : 0U) +
                                 (max != nullptr && max->is_number() ? 1U : 0U);
      if (bounds == 0 || bounds != parent.value.as_map().size() || !(clause.min <= clause.max)) {
        Fail(parent.value.position, path,
             "a range needs min, max or both, as numbers with min "
             "not above max",
             "write {min: a, max: b}");
        return;
      }
    } else if (parent.value.is_list()) {
      clause.values = parent.value.as_list();
      if (clause.values.empty()) {
        Fail(parent.value.position, path, "an empty list matches nothing");
        return;
      }
    } else {
      clause.values = {parent.value};
    }
    parameter_.when.push_back(std::move(clause));
  }

  void ReadPrior() {
    const Value* prior = member_.value.Find("prior");
    const Value* confidence = member_.value.Find("prior_confidence");
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
      FailAt("prior_confidence",
             fmt::format("{} is not one of low, medium, high", Excerpt(*confidence)),
             confidence->is_string() ? SpellingSuggestion(confidence->as_string(), kWords) : "");
    } else {
      parameter_.prior_confidence = static_cast<PriorConfidence>(found - kWords.begin());
    }
    if (prior == nullptr) {
      FailAt("prior_confidence", "prior_confidence says nothing without prior");
    }
  }

  void CheckPrior(const Value& prior) {
    if (errors_ > 0 || parameter_.kind == ParameterKind::kGroup) {
      return;
    }
    if (parameter_.kind == ParameterKind::kConstant) {
      FailAt("prior", "a constant needs no prior");
    } else if (!parameter_.values.empty()) {
      const bool is_listed = std::ranges::any_of(
          parameter_.values, [&prior](const Value& value) { return SameValue(value, prior); });
      if (!is_listed) {
        FailAt("prior", fmt::format("{} is not among the values", Excerpt(prior)));
      }
    } else if (!prior.is_number() || !std::isfinite(prior.as_number())) {
      FailAt("prior", fmt::format("{} is no finite number", Excerpt(prior)));
    } else if (parameter_.kind == ParameterKind::kIntUniform && !WholeNumber(prior)) {
      FailAt("prior", fmt::format("{} is no whole number", Excerpt(prior)));
    } else if (HasValueBounds() && (prior.as_number() < parameter_.min.as_number() ||
                                    prior.as_number() > parameter_.max.as_number())) {
      FailAt("prior", fmt::format("{} lies outside of min {} and max {}", Excerpt(prior),
                                  Excerpt(parameter_.min), Excerpt(parameter_.max)));
    }
  }

  bool HasValueBounds() const {
    return ShapeOf(parameter_.kind).fields == Fields::kBounds &&
           parameter_.kind != ParameterKind::kLogUniform &&
           parameter_.kind != ParameterKind::kQLogUniform &&
           parameter_.kind != ParameterKind::kInvLogUniform;
  }

  const Member& member_;
  std::string path_;
  ProblemList& problems_;
  MapReader reader_;
  ParameterConfig parameter_;
  std::size_t errors_ = 0;
};

std::string FixForBareValue(const Member& member) {
  if (member.value.is_list()) {
    return fmt::format("write {}: {{values: {}}}", member.key, Excerpt(member.value));
  }
  return fmt::format("write {}: {{value: {}}}", member.key, Excerpt(member.value));
}

}  // namespace

std::string_view ParameterKindName(ParameterKind kind) {
  return kind == ParameterKind::kGroup ? "parameters" : ShapeOf(kind).name;
}

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
