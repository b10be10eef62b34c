#include "distribution_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace regatta::search {
namespace {

using Kind = DistributionKind;

bool HasRange(Kind kind) {
  switch (kind) {
    case Kind::kUniform:
    case Kind::kQUniform:
    case Kind::kLogUniform:
    case Kind::kLogUniformValues:
    case Kind::kInvLogUniform:
    case Kind::kInvLogUniformValues:
    case Kind::kQLogUniform:
    case Kind::kQLogUniformValues:
      return true;
    default:
      return false;
  }
}

bool IsNormal(Kind kind) {
  return kind == Kind::kNormal || kind == Kind::kQNormal || kind == Kind::kLogNormal ||
         kind == Kind::kQLogNormal;
}

// No draw of a normal is farther from its mean: the smallest u has a quantile of -8.2.
constexpr double kSigmasMax = 9;

bool NeedsPositiveMin(Kind kind) {
  return kind == Kind::kLogUniformValues || kind == Kind::kInvLogUniformValues ||
         kind == Kind::kQLogUniformValues;
}

Result<void> CheckCategories(const DistributionSpec& spec) {
  if (spec.categories < 1) {
    return InvalidArgument("values: the list is empty; give at least one value");
  }
  const auto count = static_cast<std::size_t>(spec.categories);
  if (!spec.levels.empty() && spec.levels.size() != count) {
    return InvalidArgument("values: as many numeric levels as items are needed");
  }
  for (const double level : spec.levels) {
    if (!std::isfinite(level)) {
      return InvalidArgument("values: a numeric level is not finite");
    }
  }
  if (!spec.first_equal.empty() && spec.first_equal.size() != count) {
    return InvalidArgument("values: first_equal must name one item for each item");
  }
  for (std::size_t i = 0; i < spec.first_equal.size(); ++i) {
    const std::int64_t first = spec.first_equal[i];
    if (first < 0 || first > static_cast<std::int64_t>(i) ||
        spec.first_equal[static_cast<std::size_t>(first)] != first) {
      return InvalidArgument(fmt::format("values: item {} is said to equal item {}", i, first));
    }
  }
  if (spec.probabilities.empty()) {
    return Ok();
  }
  if (spec.probabilities.size() != count) {
    return InvalidArgument(
        fmt::format("probabilities: {} given for {} values", spec.probabilities.size(), count));
  }
  double sum = 0;
  for (const double probability : spec.probabilities) {
    if (!(probability >= 0) || !std::isfinite(probability)) {
      return InvalidArgument(fmt::format(
          "probabilities: {} is not a probability; each must be at least 0", probability));
    }
    sum += probability;
  }
  if (std::abs(sum - 1) > 1e-8 + 1e-5) {
    return InvalidArgument(fmt::format("probabilities: they sum to {}, not to 1", sum));
  }
  return Ok();
}

}  // namespace

bool IsQuantized(Kind kind) {
  return kind == Kind::kQUniform || kind == Kind::kQLogUniform ||
         kind == Kind::kQLogUniformValues || kind == Kind::kQNormal || kind == Kind::kQLogNormal ||
         kind == Kind::kQBeta;
}

std::pair<double, double> RangeOf(const DistributionSpec& spec) {
  switch (spec.kind) {
    case Kind::kLogUniform:
    case Kind::kQLogUniform:
      return {std::exp(spec.min), std::exp(spec.max)};
    case Kind::kInvLogUniform:
      return {std::exp(-spec.max), std::exp(-spec.min)};
    case Kind::kBeta:
    case Kind::kQBeta:
      return {0.0, 1.0};
    case Kind::kNormal:
    case Kind::kQNormal:
      return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    case Kind::kLogNormal:
    case Kind::kQLogNormal:
      return {0.0, std::numeric_limits<double>::infinity()};
    default:
      return {spec.min, spec.max};
  }
}

namespace {

// Whether every value is a multiple of q that can be counted, and fits its type.
Result<void> CheckMultiples(const DistributionSpec& spec) {
  auto [low, high] = RangeOf(spec);
  if (spec.kind == Kind::kQNormal) {
    low = spec.mu - kSigmasMax * spec.sigma;
    high = spec.mu + kSigmasMax * spec.sigma;
  }
  const double largest = std::isfinite(high) ? std::max(std::abs(low), std::abs(high)) : 0;
  if (!std::isfinite(largest / spec.q)) {
    return InvalidArgument(
        fmt::format("q {}: {} has too many multiples of it; raise q", spec.q, largest));
  }
  if (spec.q == std::floor(spec.q) && largest > kInt64Edge) {
    return InvalidArgument(
        fmt::format("q {}: multiples of a whole q are whole numbers, which end at 9.2e18; search "
                    "for less and multiply in the program",
                    spec.q));
  }
  return Ok();
}

}  // namespace

Result<void> CheckSpec(const DistributionSpec& spec) {
  if (spec.kind == Kind::kCategorical) {
    return CheckCategories(spec);
  }
  if (spec.kind == Kind::kIntUniform) {
    if (spec.int_min >= spec.int_max) {
      return InvalidArgument(
          fmt::format("min {} must be below max {}", spec.int_min, spec.int_max));
    }
    if (static_cast<double>(spec.int_max) - static_cast<double>(spec.int_min) >= kLevelsMax) {
      return InvalidArgument("min ... max: more than 2^53 integers; use a float distribution");
    }
    if (spec.int_min < -static_cast<std::int64_t>(kLevelsMax) ||
        spec.int_max > static_cast<std::int64_t>(kLevelsMax)) {
      return InvalidArgument(
          fmt::format("min {} ... max {}: a search cannot tell integers beyond 2^53 apart; search "
                      "for the distance to min and add min in the program",
                      spec.int_min, spec.int_max));
    }
    return Ok();
  }
  if (HasRange(spec.kind)) {
    if (!std::isfinite(spec.min) || !std::isfinite(spec.max)) {
      return InvalidArgument("min and max must be finite numbers");
    }
    if (!(spec.min < spec.max)) {
      return InvalidArgument(fmt::format("min {} must be below max {}", spec.min, spec.max));
    }
    if (!std::isfinite(spec.max - spec.min)) {
      return InvalidArgument("min ... max: the range is too wide for a double");
    }
    if (NeedsPositiveMin(spec.kind) && !(spec.min > 0)) {
      return InvalidArgument(
          fmt::format("min {} must be above 0 for a logarithmic range", spec.min));
    }
    if (!std::isfinite(RangeOf(spec).second)) {
      return InvalidArgument(
          fmt::format("min and max are exponents of e: e^{} is too large; use log_uniform_values "
                      "to give the values themselves",
                      spec.max));
    }
  }
  if (IsNormal(spec.kind)) {
    if (!std::isfinite(spec.mu) || !std::isfinite(spec.sigma) || spec.sigma < 0) {
      return InvalidArgument("mu and sigma must be finite numbers and sigma at least 0");
    }
    const bool is_log = spec.kind == Kind::kLogNormal || spec.kind == Kind::kQLogNormal;
    if (!is_log && !std::isfinite(std::abs(spec.mu) + kSigmasMax * spec.sigma)) {
      return InvalidArgument(fmt::format("mu {} and sigma {}: most draws are beyond every number",
                                         spec.mu, spec.sigma));
    }
  }
  if ((spec.kind == Kind::kBeta || spec.kind == Kind::kQBeta) &&
      !(spec.a > 0 && spec.b > 0 && std::isfinite(spec.a) && std::isfinite(spec.b))) {
    return InvalidArgument("a and b must be above 0");
  }
  if (IsQuantized(spec.kind) && !(spec.q > 0 && std::isfinite(spec.q))) {
    return InvalidArgument(fmt::format("q {} must be above 0", spec.q));
  }
  return IsQuantized(spec.kind) ? CheckMultiples(spec) : Ok();
}

std::string_view DistributionName(DistributionKind kind) {
  switch (kind) {
    case Kind::kCategorical:
      return "categorical";
    case Kind::kIntUniform:
      return "int_uniform";
    case Kind::kUniform:
      return "uniform";
    case Kind::kQUniform:
      return "q_uniform";
    case Kind::kLogUniform:
      return "log_uniform";
    case Kind::kLogUniformValues:
      return "log_uniform_values";
    case Kind::kInvLogUniform:
      return "inv_log_uniform";
    case Kind::kInvLogUniformValues:
      return "inv_log_uniform_values";
    case Kind::kQLogUniform:
      return "q_log_uniform";
    case Kind::kQLogUniformValues:
      return "q_log_uniform_values";
    case Kind::kNormal:
      return "normal";
    case Kind::kQNormal:
      return "q_normal";
    case Kind::kLogNormal:
      return "log_normal";
    case Kind::kQLogNormal:
      return "q_log_normal";
    case Kind::kBeta:
      return "beta";
    case Kind::kQBeta:
      return "q_beta";
  }
  return "unknown";
}

}  // namespace regatta::search
