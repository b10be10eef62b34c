// The learning curve of a run as a search is told it: its values at rungs, read while they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "regatta/search/fidelity.h"
#include "regatta/sweeps/point_source.h"

namespace regatta::sweeps {

struct CurveRules {
  search::Fidelity fidelity;
  bool is_maximized = false;
  bool counts_steps = false;  // a resource is a step, not the number of values
};

// Remembers how far it has read, so that a value between two rungs costs nothing but itself. For
// the runs of one point, one after the other.
class RungCurve {
 public:
  // The curve of the attempt `serial`, whose values so far are `history`. Between two rungs an open
  // run's curve is what it was at the lower one.
  const std::vector<search::Observation>& Read(const CurveRules& rules, std::uint32_t serial,
                                               const std::vector<MetricValue>& history,
                                               bool is_open);

 private:
  std::optional<std::uint32_t> serial_;
  std::vector<search::Observation> curve_;
  std::size_t values_read_ = 0;
  std::int64_t reached_ = 0;  // the highest resource among them
  double next_rung_ = 0;
};

}  // namespace regatta::sweeps
