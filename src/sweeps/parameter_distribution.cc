#include "parameter_distribution.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <utility>

#include "config_reader.h"
#include "regatta/base/check.h"

namespace regatta::sweeps {
namespace {

using search::DistributionKind;

DistributionKind KindOf(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::kCategorical:
    case ParameterKind::kCategoricalWithProbabilities:
      return DistributionKind::kCategorical;
    case ParameterKind::kIntUniform:
      return DistributionKind::kIntUniform;
    case ParameterKind::kUniform:
      return DistributionKind::kUniform;
    case ParameterKind::kQUniform:
      return DistributionKind::kQUniform;
    case ParameterKind::kLogUniform:
      return DistributionKind::kLogUniform;
    case ParameterKind::kLogUniformValues:
      return DistributionKind::kLogUniformValues;
    case ParameterKind::kInvLogUniform:
      return DistributionKind::kInvLogUniform;
    case ParameterKind::kInvLogUniformValues:
      return DistributionKind::kInvLogUniformValues;
    case ParameterKind::kQLogUniform:
      return DistributionKind::kQLogUniform;
    case ParameterKind::kQLogUniformValues:
      return DistributionKind::kQLogUniformValues;
    case ParameterKind::kNormal:
      return DistributionKind::kNormal;
    case ParameterKind::kQNormal:
      return DistributionKind::kQNormal;
    case ParameterKind::kLogNormal:
      return DistributionKind::kLogNormal;
    case ParameterKind::kQLogNormal:
      return DistributionKind::kQLogNormal;
    case ParameterKind::kBeta:
      return DistributionKind::kBeta;
    case ParameterKind::kQBeta:
      return DistributionKind::kQBeta;
    case ParameterKind::kConstant:
    case ParameterKind::kGroup:
      break;
  }
  Check(false, "a constant or group has no distribution");
  return DistributionKind::kCategorical;
}

void SetCategories(const ParameterConfig& parameter, search::DistributionSpec& spec) {
  spec.categories = static_cast<std::int64_t>(parameter.values.size());
  spec.probabilities = parameter.probabilities;
  const bool are_numbers = std::ranges::all_of(parameter.values, [](const Value& value) {
    return value.is_number() && std::isfinite(value.as_number());
  });
  bool has_repeats = false;
  std::unordered_map<std::string, std::int64_t> first;
  for (std::size_t i = 0; i < parameter.values.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto [found, is_new] = first.try_emplace(CanonicalKey(parameter.values[i]), index);
    has_repeats = has_repeats || !is_new;
    spec.first_equal.push_back(found->second);
    if (are_numbers) {
      spec.levels.push_back(parameter.values[i].as_number());
    }
  }
  if (!has_repeats) {
    spec.first_equal.clear();
  }
}

}  // namespace

Result<search::Distribution> MakeDistribution(const ParameterConfig& parameter) {
  search::DistributionSpec spec;
  spec.kind = KindOf(parameter.kind);
  if (spec.kind == DistributionKind::kCategorical) {
    SetCategories(parameter, spec);
    return search::Distribution::Create(std::move(spec));
  }
  if (spec.kind == DistributionKind::kIntUniform) {
    spec.int_min = parameter.min.as_int();
    spec.int_max = parameter.max.as_int();
  } else if (parameter.min.is_number() && parameter.max.is_number()) {
    spec.min = parameter.min.as_number();
    spec.max = parameter.max.as_number();
  }
  spec.q = parameter.q.as_number();
  spec.mu = parameter.mu;
  spec.sigma = parameter.sigma;
  spec.a = parameter.a;
  spec.b = parameter.b;
  spec.clamp_quantized = true;
  return search::Distribution::Create(std::move(spec));
}

std::optional<std::int64_t> FindCategory(const std::vector<Value>& values, const Value& value) {
  const auto found =
      std::ranges::find_if(values, [&value](const Value& item) { return SameValue(item, value); });
  if (found == values.end()) {
    return std::nullopt;
  }
  return found - values.begin();
}

std::optional<search::ParameterValue> ToParameterValue(const ParameterConfig& parameter,
                                                       const search::Distribution& distribution,
                                                       const Value& value) {
  if (distribution.is_categorical()) {
    if (const std::optional<std::int64_t> index = FindCategory(parameter.values, value); index) {
      return search::CategoryIndex{*index};
    }
    return std::nullopt;
  }
  if (!value.is_number() || !std::isfinite(value.as_number())) {
    return std::nullopt;
  }
  if (!distribution.is_integer()) {
    return value.as_number();
  }
  if (const std::optional<std::int64_t> whole = WholeNumber(value); whole) {
    return *whole;
  }
  return std::nullopt;
}

}  // namespace regatta::sweeps
