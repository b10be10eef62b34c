#include "rung_curve.h"

#include <algorithm>
#include <cmath>

namespace regatta::sweeps {

const std::vector<search::Observation>& RungCurve::Read(const CurveRules& rules,
                                                        std::uint32_t serial,
                                                        const std::vector<MetricValue>& history,
                                                        bool is_open) {
  if (serial_ != serial || history.size() < values_read_) {
    *this = RungCurve();
    serial_ = serial;
  }
  for (; values_read_ < history.size(); ++values_read_) {
    const MetricValue& value = history[values_read_];
    if (std::isfinite(value.value)) {
      reached_ = rules.counts_steps ? std::max(reached_, value.step) : reached_ + 1;
    }
  }
  if (is_open && static_cast<double>(reached_) < next_rung_) {
    return curve_;
  }
  std::vector<search::Observation> values;
  values.reserve(history.size());
  for (const MetricValue& value : history) {
    values.push_back({value.step, value.value});
  }
  curve_ = search::AtRungs(rules.fidelity, rules.is_maximized,
                           rules.counts_steps ? values : search::Counted(values), !is_open);
  next_rung_ = search::RungAbove(rules.fidelity, reached_);
  return curve_;
}

}  // namespace regatta::sweeps
