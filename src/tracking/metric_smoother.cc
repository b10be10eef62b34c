#include "regatta/tracking/metric_smoother.h"

#include <cmath>
#include <utility>

namespace regatta::tracking {

MetricSmoother::MetricSmoother(std::string key, double weight)
    : picker_({std::move(key)}), weight_(weight) {}

std::optional<double> MetricSmoother::Add(std::string_view row) {
  if (!picker_.Find(row, values_)) return std::nullopt;
  const double value = NumberOf(values_.front());
  if (!std::isfinite(value)) return std::nullopt;
  sum_ = weight_ * sum_ + (1 - weight_) * value;
  unseen_ *= weight_;
  return sum_ / (1 - unseen_);
}

}  // namespace regatta::tracking
