#include "regatta/tracking/metric_smoother.h"

#include <cmath>
#include <utility>

namespace regatta::tracking {

MetricSmoother::MetricSmoother(std::string key, double weight)
    : picker_({std::move(key)}), weight_(weight) {}

std::optional<double> MetricSmoother::Add(std::string_view row) {
  return AddFound(picker_.Find(row, values_) ? values_.front() : std::string_view());
}

std::optional<double> MetricSmoother::AddFound(std::string_view value) {
  const double number = NumberOf(value);
  if (!std::isfinite(number)) return std::nullopt;
  sum_ = weight_ * sum_ + (1 - weight_) * number;
  unseen_ *= weight_;
  return sum_ / (1 - unseen_);
}

}  // namespace regatta::tracking
