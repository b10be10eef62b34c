// Finds points that are allowed and not yet taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "regatta/base/function_ref.h"
#include "regatta/base/result.h"
#include "regatta/base/rng.h"
#include "regatta/search/grid.h"
#include "regatta/search/sampler.h"
#include "trial_book.h"

namespace regatta::search {

// Purposes of chance, so that no two of them ever share a stream.
enum class Stream : std::uint64_t {
  kPoint = 1,
  kInitial = 2,
  kScramble = 3,
  kModel = 4,
  kAcquisition = 5,
  kChoice = 6,
};

// The generator of one purpose at one place (a trial's number, say) of the search with `seed`.
Rng StreamOf(std::uint64_t seed, Stream stream, std::uint64_t place);

// The points handed out within one Suggest, not yet told.
using Batch = std::unordered_set<std::string>;

// Not thread-safe. Borrows space and options, which outlive it.
class PointPicker {
 public:
  PointPicker(const SearchSpace& space, const SamplerOptions& options);

  // The number of points that sampling can yield, when that is finite and fits a 64-bit number.
  std::optional<std::uint64_t> points() const { return points_; }
  bool IsAllowed(const Point& point) const {
    return !options_->allowed || options_->allowed(point);
  }
  // Whether the point may be proposed as long as it is not taken.
  bool IsOpen(const Point& point) const { return IsReachable(point) && IsAllowed(point); }
  // Open to proposals, and neither told nor in the batch.
  bool IsFree(const Point& point, const TrialBook& book, const Batch& batch) const;

  // The first initial point that was not handed out yet.
  std::optional<Point> NextInitial(const TrialBook& book, const Batch& batch) const;

  // A free point. `draw` fills coordinates for try number n; when it keeps missing, a finite space
  // is walked in random order. Absent: every point is taken. Errors: kFailedPrecondition if no
  // allowed point was found at all.
  Result<std::optional<Point>> Pick(
      const TrialBook& book, const Batch& batch, Rng& rng,
      FunctionRef<void(std::size_t, std::vector<double>&)> draw) const;
  // The same from independent uniform draws.
  Result<std::optional<Point>> PickRandom(const TrialBook& book, const Batch& batch,
                                          Rng& rng) const;

 private:
  bool IsReachable(const Point& point) const;

  const SearchSpace* space_;
  const SamplerOptions* options_;
  std::optional<Grid> grid_;
  std::optional<std::uint64_t> points_;
  std::vector<Point> initial_;
};

}  // namespace regatta::search
