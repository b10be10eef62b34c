// What the intervals of a population teach a model: how much each gained, on one scale. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "encoder.h"
#include "regatta/search/pbt.h"
#include "regatta/search/sampler.h"
#include "regatta/search/search_space.h"

namespace regatta::search {

// `space` with two coordinates more: when an interval was, and how good the model was when it
// began.
SearchSpace WithTimeAndLevel(const SearchSpace& space);

// Intervals as rows of WithTimeAndLevel.
//
// The gain of an interval is how far the objective moved the better way. While a loss falls by
// orders of magnitude its gains do, too, and one member that blows up outweighs all others, so
//
//   y = (gain - median) / s(t), cut off at ±3 robust deviations, then mean 0 and variance 1,
//
// where a robust deviation is the distance from the median to the better quartile over 0.6745, and
// s(t) that among the gains of interval t, its logarithm smoothed over the neighbours of t. An
// interval that ended in a value that is not finite counts as the worst. Of intervals that began
// with an untrained model the gain is known up to a constant, which the median of their fellows
// takes off.
//
// The coordinate of time is 1 - (age in intervals) / kWindow, where intervals count in the order of
// their numbers; that of the level ½ + 0.15 · (robust deviations from the median of its interval),
// cut off at ±3.
class PopulationGains {
 public:
  // Older intervals, and results before the newest kRowsMax, are forgotten.
  static constexpr std::size_t kWindow = 20;
  static constexpr std::size_t kRowsMax = 160;

  // `next` is an interval that is to begin, whose values do not matter yet. Points outside the
  // space are left out. `encoder` is of the space as it is.
  PopulationGains(const SearchSpace& space, const Encoder& encoder, Goal goal,
                  std::span<const PopulationInterval> history, const PopulationInterval& next);

  // Of those that have ended, in the order of the history, and their y; higher is better.
  const std::vector<Unit>& ended() const { return ended_; }
  const std::vector<double>& gains() const { return gains_; }
  // Of those that have not.
  const std::vector<Unit>& open() const { return open_; }
  // The row of the next interval with parameters `unit`.
  Unit AtNext(const Unit& unit) const;

 private:
  struct Row;

  void Standardise(std::vector<Row>& rows);

  std::vector<Unit> ended_;
  std::vector<double> gains_;
  std::vector<Unit> open_;
  double next_level_ = 0.5;
};

}  // namespace regatta::search
