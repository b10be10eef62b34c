#include "regatta/search/distribution.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "distribution_spec.h"
#include "normal.h"
#include "quiet_policy.h"
#include "regatta/base/check.h"

namespace regatta::search {
namespace {

using Kind = DistributionKind;

}  // namespace

double AsNumber(const ParameterValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*whole);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return *real;
  }
  return static_cast<double>(std::get_if<CategoryIndex>(&value)->index);
}

bool SameValue(const ParameterValue& left, const ParameterValue& right) {
  if (std::holds_alternative<CategoryIndex>(left) != std::holds_alternative<CategoryIndex>(right)) {
    return false;
  }
  if (left.index() == right.index()) {
    return left == right;
  }
  return AsNumber(left) == AsNumber(right);
}

Result<Distribution> Distribution::Create(DistributionSpec spec) {
  if (Result<void> valid = CheckSpec(spec); !valid) {
    return valid.error();
  }
  return Distribution(std::make_shared<const DistributionSpec>(std::move(spec)));
}

Distribution::Distribution(std::shared_ptr<const DistributionSpec> spec) : spec_(std::move(spec)) {
  if (spec_->kind == Kind::kCategorical) {
    level_count_ = spec_->categories;
    double sum = 0;
    for (const double probability : spec_->probabilities) {
      sum += probability;
      cumulative_.push_back(sum);
    }
    for (std::size_t i = 0; i < spec_->first_equal.size(); ++i) {
      if (spec_->first_equal[i] == static_cast<std::int64_t>(i)) {
        grid_categories_.push_back(static_cast<std::int64_t>(i));
      }
    }
    if (spec_->probabilities.empty()) {
      grid_count_ = grid_categories_.empty() ? spec_->categories
                                             : static_cast<std::int64_t>(grid_categories_.size());
    }
  } else if (spec_->kind == Kind::kIntUniform) {
    level_count_ = spec_->int_max - spec_->int_min + 1;
    grid_count_ = level_count_;
  } else if (is_quantized()) {
    const auto [low, high] = RangeOf(*spec_);
    if (std::isfinite(low) && std::isfinite(high)) {
      first_multiple_ = std::nearbyint(Rounded(low) / spec_->q);
      const double last = std::nearbyint(Rounded(high) / spec_->q);
      if (last - first_multiple_ < kLevelsMax) {
        level_count_ = static_cast<std::int64_t>(last - first_multiple_) + 1;
      }
    }
    if (spec_->kind == Kind::kQUniform) {
      const double count = std::ceil((spec_->max - spec_->min) / spec_->q);
      if (count < kLevelsMax) {
        grid_count_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(count));
      }
    }
  }
}

Result<Distribution> Distribution::Categorical(std::int64_t categories,
                                               std::vector<double> probabilities) {
  DistributionSpec spec;
  spec.kind = Kind::kCategorical;
  spec.categories = categories;
  spec.probabilities = std::move(probabilities);
  return Create(std::move(spec));
}

Result<Distribution> Distribution::Levels(std::vector<double> levels) {
  DistributionSpec spec;
  spec.kind = Kind::kCategorical;
  spec.categories = static_cast<std::int64_t>(levels.size());
  spec.levels = std::move(levels);
  return Create(std::move(spec));
}

Result<Distribution> Distribution::IntUniform(std::int64_t min, std::int64_t max) {
  DistributionSpec spec;
  spec.kind = Kind::kIntUniform;
  spec.int_min = min;
  spec.int_max = max;
  return Create(std::move(spec));
}

Result<Distribution> Distribution::Uniform(double min, double max) {
  DistributionSpec spec;
  spec.min = min;
  spec.max = max;
  return Create(std::move(spec));
}

Result<Distribution> Distribution::QUniform(double min, double max, double q) {
  DistributionSpec spec;
  spec.kind = Kind::kQUniform;
  spec.min = min;
  spec.max = max;
  spec.q = q;
  return Create(std::move(spec));
}

Result<Distribution> Distribution::LogUniformValues(double min, double max) {
  DistributionSpec spec;
  spec.kind = Kind::kLogUniformValues;
  spec.min = min;
  spec.max = max;
  return Create(std::move(spec));
}

Result<Distribution> Distribution::Normal(double mu, double sigma) {
  DistributionSpec spec;
  spec.kind = Kind::kNormal;
  spec.mu = mu;
  spec.sigma = sigma;
  return Create(std::move(spec));
}

bool Distribution::is_quantized() const { return IsQuantized(spec_->kind); }

bool Distribution::is_integer() const {
  return spec_->kind == Kind::kIntUniform || (is_quantized() && spec_->q == std::floor(spec_->q));
}

// The unquantised value at u.
double Distribution::RawQuantile(double u) const {
  const DistributionSpec& s = *spec_;
  switch (s.kind) {
    case Kind::kUniform:
    case Kind::kQUniform:
      return std::clamp(s.min + u * (s.max - s.min), s.min, s.max);
    case Kind::kLogUniform:
    case Kind::kQLogUniform:
      return std::exp(s.min + u * (s.max - s.min));
    case Kind::kLogUniformValues:
    case Kind::kInvLogUniformValues:
    case Kind::kQLogUniformValues: {
      const double low = std::log(s.min);
      return std::clamp(std::exp(low + u * (std::log(s.max) - low)), s.min, s.max);
    }
    case Kind::kInvLogUniform:
      return std::exp(-(s.min + (1 - u) * (s.max - s.min)));
    case Kind::kNormal:
    case Kind::kQNormal:
      return s.sigma == 0 ? s.mu : s.mu + s.sigma * NormalQuantile(u);
    case Kind::kLogNormal:
    case Kind::kQLogNormal: {
      const double scale = std::exp(s.mu);
      const double value = s.sigma == 0 ? scale : std::exp(s.sigma * NormalQuantile(u)) * scale;
      return std::min(value, std::numeric_limits<double>::max());
    }
    case Kind::kBeta:
    case Kind::kQBeta:
      return std::clamp(boost::math::ibeta_inv(s.a, s.b, u, QuietPolicy()), 0.0, 1.0);
    case Kind::kCategorical:
    case Kind::kIntUniform:
      break;
  }
  return 0;
}

double Distribution::RawCdf(double x) const {
  const DistributionSpec& s = *spec_;
  const auto uniform = [&s](double v) { return (v - s.min) / (s.max - s.min); };
  switch (s.kind) {
    case Kind::kUniform:
    case Kind::kQUniform:
      return uniform(x);
    case Kind::kLogUniform:
    case Kind::kQLogUniform:
      return x > 0 ? uniform(std::log(x)) : 0;
    case Kind::kLogUniformValues:
    case Kind::kInvLogUniformValues:
    case Kind::kQLogUniformValues: {
      const double low = std::log(s.min);
      return x > 0 ? (std::log(x) - low) / (std::log(s.max) - low) : 0;
    }
    case Kind::kInvLogUniform:
      return x > 0 ? 1 - uniform(-std::log(x)) : 0;
    case Kind::kNormal:
    case Kind::kQNormal:
      return s.sigma == 0 ? 0.5 : NormalCdf((x - s.mu) / s.sigma);
    case Kind::kLogNormal:
    case Kind::kQLogNormal:
      if (s.sigma == 0) {
        return 0.5;
      }
      return x > 0 ? NormalCdf((std::log(x) - s.mu) / s.sigma) : 0;
    case Kind::kBeta:
    case Kind::kQBeta:
      return boost::math::ibeta(s.a, s.b, std::clamp(x, 0.0, 1.0), QuietPolicy());
    case Kind::kCategorical:
    case Kind::kIntUniform:
      break;
  }
  return 0;
}

// q · roundHalfToEven(v / q), brought back into the range if the spec asks for it.
double Distribution::Rounded(double value) const {
  const DistributionSpec& s = *spec_;
  double multiple = std::nearbyint(value / s.q);
  if (s.clamp_quantized) {
    const auto [low, high] = RangeOf(s);
    const double first = std::ceil(low / s.q);
    const double last = std::floor(high / s.q);
    if (first <= last) {
      multiple = std::clamp(multiple, first, last);
    }
  }
  return s.q * multiple + 0.0;  // never -0
}

ParameterValue Distribution::FromNumber(double value) const {
  if (is_integer()) {
    return static_cast<std::int64_t>(std::clamp(value, -kInt64Edge, kInt64Edge));
  }
  return value;
}

ParameterValue Distribution::Quantile(double u_given) const {
  const double u = u_given >= 0 ? std::min(u_given, 1.0) : 0.0;  // NaN counts as 0
  if (!cumulative_.empty()) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < cumulative_.size(); ++i) {
      if (spec_->probabilities[i] > 0) {
        last = static_cast<std::int64_t>(i);
        if (u < cumulative_[i]) {
          break;
        }
      }
    }
    return CategoryIndex{last};
  }
  if (is_categorical() || spec_->kind == Kind::kIntUniform) {
    const std::int64_t count = *level_count_;
    const auto n = static_cast<double>(count);
    auto index =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(u * n)) - 1, 0, count - 1);
    // The smallest index whose cdf reaches u, whatever the product above was rounded to.
    if (index > 0 && static_cast<double>(index) / n >= u) {
      --index;
    } else if (index + 1 < count && static_cast<double>(index + 1) / n < u) {
      ++index;
    }
    return Level(index);
  }
  const double raw = RawQuantile(u);
  return FromNumber(is_quantized() ? Rounded(raw) : raw);
}

double Distribution::Cdf(const ParameterValue& value) const {
  if (const auto* category = std::get_if<CategoryIndex>(&value)) {
    if (!cumulative_.empty()) {
      const auto last = static_cast<std::int64_t>(cumulative_.size()) - 1;
      return std::min(1.0, cumulative_[static_cast<std::size_t>(
                               std::clamp<std::int64_t>(category->index, 0, last))]);
    }
    return std::clamp(
        static_cast<double>(category->index + 1) / static_cast<double>(level_count_.value_or(1)),
        0.0, 1.0);
  }
  const double x = AsNumber(value);
  if (std::isnan(x)) {
    return 0;
  }
  if (spec_->kind == Kind::kIntUniform) {
    const double below = std::floor(x) - static_cast<double>(spec_->int_min) + 1;
    return std::clamp(below / static_cast<double>(*level_count_), 0.0, 1.0);
  }
  return std::clamp(RawCdf(x), 0.0, 1.0);
}

bool Distribution::Contains(const ParameterValue& value) const {
  if (const auto* category = std::get_if<CategoryIndex>(&value)) {
    return is_categorical() && category->index >= 0 && category->index < spec_->categories;
  }
  if (is_categorical()) {
    return false;
  }
  const double x = AsNumber(value);
  if (!std::isfinite(x)) {
    return false;
  }
  if (spec_->kind == Kind::kIntUniform) {
    return x == std::floor(x) && x >= static_cast<double>(spec_->int_min) &&
           x <= static_cast<double>(spec_->int_max);
  }
  auto [low, high] = RangeOf(*spec_);
  if (is_quantized()) {
    if (std::isfinite(low)) {
      low = std::min(low, Rounded(low));
    }
    if (std::isfinite(high)) {
      high = std::max(high, Rounded(high));
    }
  }
  const double slack = 1e-12 * std::max(std::abs(std::isfinite(low) ? low : 0),
                                        std::abs(std::isfinite(high) ? high : 0));
  return x >= low - slack && x <= high + slack;
}

ParameterValue Distribution::Level(std::int64_t level) const {
  Check(level_count_ && level >= 0 && level < *level_count_, "a level outside the distribution");
  if (is_categorical()) {
    return CategoryIndex{level};
  }
  if (spec_->kind == Kind::kIntUniform) {
    return spec_->int_min + level;
  }
  return FromNumber(spec_->q * (first_multiple_ + static_cast<double>(level)) + 0.0);
}

std::int64_t Distribution::LevelOf(const ParameterValue& value) const {
  Check(level_count_.has_value(), "a distribution without levels was asked for one");
  double level = AsNumber(value);
  if (spec_->kind == Kind::kIntUniform) {
    level -= static_cast<double>(spec_->int_min);
  } else if (!is_categorical()) {
    level = level / spec_->q - first_multiple_;
  }
  const double last = static_cast<double>(*level_count_ - 1);
  return static_cast<std::int64_t>(level >= 0 ? std::min(std::nearbyint(level), last) : 0.0);
}

ParameterValue Distribution::GridLevel(std::int64_t level) const {
  Check(grid_count_ && level >= 0 && level < *grid_count_, "a level outside the grid");
  if (is_categorical()) {
    return CategoryIndex{
        grid_categories_.empty() ? level : grid_categories_[static_cast<std::size_t>(level)]};
  }
  if (spec_->kind == Kind::kIntUniform) {
    return spec_->int_min + level;
  }
  const double value = spec_->min + static_cast<double>(level) * spec_->q;
  if (is_integer() && spec_->min == std::floor(spec_->min)) {
    return static_cast<std::int64_t>(std::clamp(value, -kInt64Edge, kInt64Edge));
  }
  return value;
}

std::optional<std::int64_t> Distribution::GridLevelOf(const ParameterValue& value) const {
  if (!grid_count_) {
    return std::nullopt;
  }
  if (const auto* category = std::get_if<CategoryIndex>(&value)) {
    if (!Contains(value)) {
      return std::nullopt;
    }
    if (grid_categories_.empty()) {
      return category->index;
    }
    const std::int64_t first = spec_->first_equal[static_cast<std::size_t>(category->index)];
    const auto found = std::lower_bound(grid_categories_.begin(), grid_categories_.end(), first);
    return found - grid_categories_.begin();
  }
  const double low =
      spec_->kind == Kind::kIntUniform ? static_cast<double>(spec_->int_min) : spec_->min;
  const double step = spec_->kind == Kind::kIntUniform ? 1.0 : spec_->q;
  const double level = std::nearbyint((AsNumber(value) - low) / step);
  if (is_categorical() || !(level >= 0 && level < static_cast<double>(*grid_count_))) {
    return std::nullopt;
  }
  const auto index = static_cast<std::int64_t>(level);
  // A run that wrote 0.3 meant the grid's 0.30000000000000004.
  const double gap = std::abs(AsNumber(GridLevel(index)) - AsNumber(value));
  return gap <= 1e-9 * step ? std::optional(index) : std::nullopt;
}

}  // namespace regatta::search
