// The running average of one key of a run's rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/tracking/row_picker.h"

namespace regatta::tracking {

// Exponential moving average without the pull towards zero at the start (the bias correction of
// Kingma & Ba, 2015): s_i = w s_(i-1) + (1 - w) y_i, told as s_i / (1 - w^i).
class MetricSmoother {
 public:
  // `weight`: of what came before, in [0, 1). `key` is dotted as FindAtPath has it.
  MetricSmoother(std::string key, double weight);

  // The average up to and with this row. Nothing, and the average stays as it is, if the row lacks
  // the key or holds no finite number there.
  std::optional<double> Add(std::string_view row);
  // The same for the key's value, as RowPicker::Find gives it; empty if the row lacks it.
  std::optional<double> AddFound(std::string_view value);

 private:
  const RowPicker picker_;
  const double weight_;
  std::vector<std::string_view> values_;
  double sum_ = 0;
  double unseen_ = 1;  // w^i
};

}  // namespace regatta::tracking
