#include "lbfgs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace regatta::search {
namespace {

constexpr std::size_t kMemory = 8;
constexpr double kArmijo = 1e-4;
constexpr int kShrinks = 8;
constexpr double kFlat = 1e-4;
constexpr double kLeastGain = 1e-6;
// A step that the curvature asks for, but that leaves the region where it was measured.
constexpr double kLongest = 1;

double Product(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double Largest(std::span<const double> x) {
  double largest = 0;
  for (const double value : x) {
    largest = std::max(largest, std::abs(value));
  }
  return largest;
}

}  // namespace

ProjectedLbfgs::ProjectedLbfgs(std::vector<double> start, std::vector<double> low,
                               std::vector<double> high)
    : low_(std::move(low)),
      high_(std::move(high)),
      at_(start),
      trial_(std::move(start)),
      direction_(at_.size()),
      slope_(at_.size()) {}

// At a bound that the function falls towards.
bool ProjectedLbfgs::IsHeld(std::size_t d) const {
  return (at_[d] <= low_[d] && slope_[d] > 0) || (at_[d] >= high_[d] && slope_[d] < 0);
}

void ProjectedLbfgs::Take(double value, std::span<const double> slope) {
  if (!started_) {
    started_ = true;
    Accept(value, slope);
    return;
  }
  double promised = 0;  // the change if the function were linear
  for (std::size_t d = 0; d < at_.size(); ++d) {
    promised += slope_[d] * (trial_[d] - at_[d]);
  }
  if (std::isfinite(value) && value <= value_ + kArmijo * promised && promised < 0) {
    const double gain = value_ - value;
    Pair pair{trial_, {slope.begin(), slope.end()}, 0};
    for (std::size_t d = 0; d < at_.size(); ++d) {
      pair.step[d] -= at_[d];
      pair.change[d] -= slope_[d];
    }
    pair.product = Product(pair.step, pair.change);
    if (pair.product > 1e-10 * Product(pair.change, pair.change)) {
      pairs_.push_back(std::move(pair));
      if (pairs_.size() > kMemory) {
        pairs_.pop_front();
      }
    } else if (shrinks_ == 0) {
      stride_ = std::min(2 * stride_, kLongest);
    }
    Accept(value, slope);
    done_ = done_ || gain < kLeastGain;
    return;
  }
  if (++shrinks_ > kShrinks || !(promised < 0)) {
    done_ = true;
    return;
  }
  // The parabola through what is known has its minimum here.
  const double curve = value - value_ - promised;
  const double share = std::isfinite(curve) && curve > 0 ? -0.5 * promised / curve : 0.5;
  length_ *= std::clamp(share, 0.1, 0.5);
  Project();
}

void ProjectedLbfgs::Accept(double value, std::span<const double> slope) {
  at_ = trial_;
  value_ = value;
  slope_.assign(slope.begin(), slope.end());
  shrinks_ = 0;
  Aim();
  if (!std::isfinite(value) || !(Largest(direction_) > 0)) {
    done_ = true;
    return;
  }
  Project();
}

// The two-loop recursion over the coordinates that are free.
void ProjectedLbfgs::Aim() {
  std::vector<double>& q = direction_;
  std::vector<char> free(at_.size());
  for (std::size_t d = 0; d < at_.size(); ++d) {
    free[d] = IsHeld(d) ? 0 : 1;
    q[d] = free[d] != 0 ? slope_[d] : 0.0;
  }
  length_ = 1;
  const double steepest = Largest(q);
  if (!(steepest > kFlat)) {
    std::fill(q.begin(), q.end(), 0.0);
    return;
  }
  const std::vector<double> downhill = q;
  const auto masked = [&](std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (std::size_t d = 0; d < a.size(); ++d) {
      sum += free[d] != 0 ? a[d] * b[d] : 0.0;
    }
    return sum;
  };
  std::vector<double> weights(pairs_.size());
  std::vector<double> products(pairs_.size());
  double scale = 0;
  for (std::size_t k = pairs_.size(); k-- > 0;) {
    const Pair& pair = pairs_[k];
    products[k] = masked(pair.step, pair.change);
    const double size = masked(pair.change, pair.change);
    if (!(products[k] > 1e-10 * size)) {
      products[k] = 0;  // tells nothing about what is free
      continue;
    }
    scale = scale == 0 ? products[k] / size : scale;
    weights[k] = masked(pair.step, q) / products[k];
    for (std::size_t d = 0; d < q.size(); ++d) {
      q[d] -= free[d] != 0 ? weights[k] * pair.change[d] : 0.0;
    }
  }
  if (scale == 0) {
    scale = stride_ / steepest;
  }
  for (double& coordinate : q) {
    coordinate *= scale;
  }
  for (std::size_t k = 0; k < pairs_.size(); ++k) {
    const Pair& pair = pairs_[k];
    if (products[k] > 0) {
      const double back = weights[k] - masked(pair.change, q) / products[k];
      for (std::size_t d = 0; d < q.size(); ++d) {
        q[d] += free[d] != 0 ? back * pair.step[d] : 0.0;
      }
    }
  }
  const double largest = Largest(q);
  const bool descends = Product(q, downhill) > 0 && std::isfinite(largest);
  if (!descends) {
    pairs_.clear();
    q = downhill;
  }
  const double longest = descends ? kLongest : stride_;
  const double reach = descends ? largest : steepest;
  const double factor = descends && reach <= longest ? 1 : longest / reach;
  for (double& coordinate : q) {
    coordinate *= -factor;
  }
}

void ProjectedLbfgs::Project() {
  for (std::size_t d = 0; d < at_.size(); ++d) {
    trial_[d] = std::clamp(at_[d] + length_ * direction_[d], low_[d], high_[d]);
  }
}

}  // namespace regatta::search
