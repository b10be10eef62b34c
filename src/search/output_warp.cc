#include "output_warp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "normal.h"
#include "row_choice.h"
#include "unit_scale.h"

namespace regatta::search {
namespace {

// Of kAroundZero.
constexpr double kFarMax = 10;

// Where the bad side is cut off; infinite where numbers end before it.
double BadLimit(const std::vector<double>& sorted) {
  const double q25 = Quantile(sorted, 0.25);
  const double q50 = Quantile(sorted, 0.5);
  const double q75 = Quantile(sorted, 0.75);
  const double limit = std::max(q75 + 1.5 * (q75 - q25), q50 + 1.5 * (q50 - sorted.front()));
  return std::isnan(limit) ? std::numeric_limits<double>::infinity() : limit;
}

// `knots` are distinct and ascending; `counts` is how often each occurs.
std::vector<double> HalfRankLog(std::vector<double> sorted, std::vector<double> knots) {
  // The better half's unit: of the worse one ranks count.
  const double scale =
      UnitScale(std::max(std::abs(sorted.front()), std::abs(Quantile(sorted, 0.5))));
  for (std::vector<double>* values : {&sorted, &knots}) {
    for (double& value : *values) {
      value = Finite(value * scale);
    }
  }
  const double median = Quantile(sorted, 0.5);
  const double best = sorted.front();
  // The better half's spread about the median, as a normal's would be.
  double sum = 0;
  double count = 0;
  for (const double y : sorted) {
    if (y <= median) {
      sum += (median - y) * (median - y);
      ++count;
    }
  }
  const double spread = std::sqrt(sum / std::max(count, 1.0));
  std::vector<double> warped;
  for (const double y : knots) {
    if (y <= median || spread == 0) {
      warped.push_back(y);
      continue;
    }
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), y) - sorted.begin();
    const auto through = std::upper_bound(sorted.begin(), sorted.end(), y) - sorted.begin();
    const double rank =
        (static_cast<double>(below + through) / 2) / static_cast<double>(sorted.size());
    warped.push_back(median + spread * NormalQuantile(std::clamp(rank, 0.5, 1 - 1e-6)));
  }
  const double range = std::max(warped.back() - best, 1e-300);
  constexpr double kOffset = 1.5;
  for (double& y : warped) {
    // 0 at the worst, 1 at the best, steeper towards the best.
    const double badness = (y - best) / range;
    y = -(0.5 - std::log1p(badness * (kOffset - 1)) / std::log(kOffset));
  }
  return warped;
}

std::vector<double> AroundZero(const std::vector<double>& sorted,
                               const std::vector<double>& knots) {
  std::vector<double> distances;
  for (const double y : sorted) {
    if (y != 0) {
      distances.push_back(std::abs(y));
    }
  }
  const double limit = distances.empty() ? 0 : kFarMax * AtTenth(distances, 5);
  std::vector<double> clipped;
  for (const double y : knots) {
    clipped.push_back(std::clamp(y, -limit, limit));
  }
  return clipped;
}

// Shifts and scales `values` so that those at `place` have mean 0 and variance 1.
void Standardize(const std::vector<std::size_t>& place, std::vector<double>& values) {
  const auto n = static_cast<double>(place.size());
  double largest = 0;
  for (const std::size_t k : place) {
    largest = std::max(largest, std::abs(values[k]));
  }
  const double unit = UnitScale(largest);
  for (double& value : values) {
    value *= unit;
  }
  double mean = 0;
  for (const std::size_t k : place) {
    mean += values[k] / n;
  }
  double variance = 0;
  for (const std::size_t k : place) {
    const double deviation = values[k] - mean;
    variance += deviation * deviation / n;
  }
  const double scale = variance > 0 && std::isfinite(variance) ? 1 / std::sqrt(variance) : 0;
  for (double& value : values) {
    value = std::isfinite(value - mean) ? (value - mean) * scale : 0;
  }
}

}  // namespace

OutputWarp::OutputWarp(WarpKind kind, std::span<const double> y, double bend) {
  std::vector<double> sorted(y.begin(), y.end());
  std::sort(sorted.begin(), sorted.end());
  knots_y_ = sorted;
  if (kind == WarpKind::kAroundZero) {
    knots_y_.insert(std::lower_bound(knots_y_.begin(), knots_y_.end(), 0.0), 0.0);
  }
  knots_y_.erase(std::unique(knots_y_.begin(), knots_y_.end()), knots_y_.end());
  switch (kind) {
    case WarpKind::kAffine:
      knots_value_ = knots_y_;
      break;
    case WarpKind::kIdentity: {
      const double limit = BadLimit(sorted);
      for (const double knot : knots_y_) {
        knots_value_.push_back(std::min(knot, limit));
      }
      break;
    }
    case WarpKind::kHalfRankLog:
      knots_value_ = HalfRankLog(sorted, knots_y_);
      break;
    case WarpKind::kAroundZero:
      knots_value_ = AroundZero(sorted, knots_y_);
      break;
  }

  std::vector<std::size_t> place(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    place[i] = static_cast<std::size_t>(std::lower_bound(knots_y_.begin(), knots_y_.end(), y[i]) -
                                        knots_y_.begin());
  }
  Standardize(place, knots_value_);
  if (bend != 0) {
    for (double& value : knots_value_) {
      value = std::expm1(bend * value) / bend;
    }
    Standardize(place, knots_value_);
  }
  for (const std::size_t k : place) {
    values_.push_back(knots_value_[k]);
    const std::size_t low = k > 0 ? k - 1 : 0;
    const std::size_t high = std::min(k + 1, knots_y_.size() - 1);
    const double run = knots_y_[high] - knots_y_[low];
    const double rise = knots_value_[high] - knots_value_[low];
    log_jacobian_.push_back(run > 0 && std::isfinite(run) && rise > 0 ? std::log(rise / run)
                                                                      : -30.0);
  }
}

namespace {

double Interpolate(const std::vector<double>& from, const std::vector<double>& to, double x,
                   double* slope) {
  if (from.size() < 2) {
    *slope = 0;
    return to.front();
  }
  auto above = std::lower_bound(from.begin() + 1, from.end() - 1, x);
  auto k = static_cast<std::size_t>(above - from.begin());
  // A flat stretch (clipped values) has no inverse: use the last one that rises.
  while (k > 1 && !(from[k] > from[k - 1])) {
    --k;
  }
  // Halves, since differences of the largest numbers are none.
  const double run = 0.5 * from[k] - 0.5 * from[k - 1];
  *slope = run > 0 ? Finite((0.5 * to[k] - 0.5 * to[k - 1]) / run) : 0;
  return Finite(to[k - 1] + 2 * ((0.5 * x - 0.5 * from[k - 1]) * *slope));
}

}  // namespace

double OutputWarp::Warp(double y) const {
  double slope = 0;
  return Interpolate(knots_y_, knots_value_, y, &slope);
}

double OutputWarp::Unwarp(double value) const {
  double slope = 0;
  return Interpolate(knots_value_, knots_y_, value, &slope);
}

double OutputWarp::Slope(double value) const {
  double slope = 0;
  (void)Interpolate(knots_value_, knots_y_, value, &slope);
  return slope;
}

}  // namespace regatta::search
