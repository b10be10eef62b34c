// Rows for a chart of one key: few, and yet no spike is lost.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/tracking/row_picker.h"

namespace regatta::tracking {

// The member that holds a row's running average in a sample.
inline constexpr std::string_view kSmoothedKey = "_smoothed";

// A picked row with that member, if there is an average.
std::string WithSmoothed(std::string picked, std::optional<double> smoothed);

// Of each stretch of rows it keeps the one with the lowest value of a key, the one with the highest
// and the first whose value is no finite number; and the first and the last row of all. A line
// through them touches what the line through all rows touches (the inner pair of M4; Jugel et al.
// 2014). The stretches are of equal length and grow as rows come, so memory does not.
class ExtremeSampler {
 public:
  // `key`: which of the picker's keys to look at. `kept_max`: how many rows TakeSample answers at
  // most, at least 8. The picker outlives the sampler.
  ExtremeSampler(const RowPicker& picker, std::size_t key, std::size_t kept_max);

  // A row that lacks one of the picker's keys is passed over. `smoothed`: what the sample shall
  // tell beside the row, as WithSmoothed does.
  void Add(std::string_view row, std::optional<double> smoothed = std::nullopt);
  // The same for values that were found already, as RowPicker::Find gives them.
  void AddFound(std::span<const std::string_view> values,
                std::optional<double> smoothed = std::nullopt);

  // What the picker picks of the kept rows, in the order in which they came.
  std::vector<std::string> TakeSample();

 private:
  struct Kept {
    std::size_t index = 0;
    double value = 0;
    std::string text;
  };
  struct Stretch {
    std::optional<Kept> low;
    std::optional<Kept> high;
    std::optional<Kept> odd;  // no finite number
  };

  static void Join(Stretch& into, Stretch&& next);
  Kept Keep(double value, std::span<const std::string_view> values,
            std::optional<double> smoothed) const;

  const RowPicker& picker_;
  const std::size_t key_;
  const std::size_t stretches_max_;
  std::vector<Stretch> stretches_;
  std::optional<Kept> first_;
  std::string last_text_;
  std::optional<double> last_smoothed_;
  std::vector<std::string_view> values_;
  std::size_t seen_ = 0;
  std::size_t length_ = 1;  // rows of a stretch
};

}  // namespace regatta::tracking
