#include "hypervolume.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "acquisition.h"

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Areas whose logarithms differ by less count as this far apart.
constexpr double kLeastGap = -1e-300;

// ln(e^a - e^b), a >= b.
double LogDifference(double a, double b) {
  return b == -kInfinity ? a : a + std::log(-std::expm1(std::min(b - a, kLeastGap)));
}

// A column over the first two objectives that is not dominated from `start` of the third on.
struct Strip {
  double low0, high0;  // of the first objective
  double high1;        // of the second; below, it has no end
  double start;
};

std::size_t PlaceOf(const std::vector<double>& edges, double value) {
  return static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), value) -
                                  edges.begin());
}

}  // namespace

bool Dominates(const Outcome& a, const Outcome& b) {
  bool better = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) {
      return false;
    }
    better = better || a[k] < b[k];
  }
  return better;
}

std::vector<Outcome> Front(const std::vector<Outcome>& outcomes) {
  std::vector<Outcome> front;
  for (const Outcome& outcome : outcomes) {
    const bool beaten = std::any_of(front.begin(), front.end(), [&outcome](const Outcome& other) {
      return other == outcome || Dominates(other, outcome);
    });
    if (!beaten) {
      std::erase_if(front, [&outcome](const Outcome& other) { return Dominates(outcome, other); });
      front.push_back(outcome);
    }
  }
  std::sort(front.begin(), front.end());
  return front;
}

Outcome ReferencePoint(const std::vector<Outcome>& front, const Outcome& margins) {
  Outcome reference(margins.size(), 1.0);
  for (std::size_t k = 0; k < margins.size() && !front.empty(); ++k) {
    double low = kInfinity;
    double high = -kInfinity;
    for (const Outcome& outcome : front) {
      low = std::min(low, outcome[k]);
      high = std::max(high, outcome[k]);
    }
    reference[k] = high + std::max(0.1 * (high - low), margins[k]);
  }
  return reference;
}

double Hypervolume(const std::vector<Outcome>& front, const Outcome& reference) {
  const std::size_t m = reference.size();
  if (m == 1) {
    double best = reference[0];
    for (const Outcome& outcome : front) {
      best = std::min(best, outcome[0]);
    }
    return reference[0] - best;
  }
  // Slices along the last objective.
  std::vector<Outcome> sorted;
  for (const Outcome& outcome : front) {
    bool inside = true;
    for (std::size_t k = 0; k < m; ++k) {
      inside = inside && outcome[k] < reference[k];
    }
    if (inside) {
      sorted.push_back(outcome);
    }
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Outcome& a, const Outcome& b) { return a.back() < b.back(); });
  const Outcome rest(reference.begin(), reference.end() - 1);
  std::vector<Outcome> slice;
  double volume = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    slice.emplace_back(sorted[i].begin(), sorted[i].end() - 1);
    slice = Front(slice);
    const double end = i + 1 < sorted.size() ? sorted[i + 1].back() : reference.back();
    if (end > sorted[i].back()) {
      volume += (end - sorted[i].back()) * Hypervolume(slice, rest);
    }
  }
  return volume;
}

ExpectedHypervolumeImprovement::ExpectedHypervolumeImprovement(const std::vector<Outcome>& front,
                                                               const Outcome& reference) {
  const std::size_t m = reference.size();
  std::vector<Outcome> sorted;
  for (const Outcome& outcome : front) {
    bool inside = true;
    for (std::size_t k = 0; k < m; ++k) {
      inside = inside && outcome[k] < reference[k];
    }
    if (inside) {
      sorted.push_back(outcome);
      sorted.back().resize(3, 0.0);  // two objectives are three with one that never differs
    }
  }
  Outcome end = reference;
  end.resize(3, 0.0);
  std::sort(sorted.begin(), sorted.end(),
            [](const Outcome& a, const Outcome& b) { return a[2] < b[2]; });
  for (std::size_t k = 0; k < m; ++k) {
    std::vector<double>& edges = edges_.emplace_back();
    edges = {-kInfinity, reference[k]};
    for (const Outcome& outcome : sorted) {
      edges.push_back(outcome[k]);
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  }
  const auto close = [&](double low0, const Strip& strip, double at) {
    const bool flat = m == 2 ? false : !(at > strip.start);
    if (flat || !(strip.high0 > low0)) {
      return;
    }
    Box box{};
    box.low0 = PlaceOf(edges_[0], low0);
    box.high0 = PlaceOf(edges_[0], strip.high0);
    box.high1 = PlaceOf(edges_[1], strip.high1);
    if (m == 3) {
      box.low2 = PlaceOf(edges_[2], strip.start);
      box.high2 = PlaceOf(edges_[2], at);
    }
    boxes_.push_back(box);
  };
  // Strips ascend in the first objective and descend in the second.
  std::vector<Strip> strips = {{-kInfinity, end[0], end[1], -kInfinity}};
  for (const Outcome& outcome : sorted) {
    std::vector<Strip> next;
    Strip fresh{outcome[0], outcome[0], outcome[1], outcome[2]};
    for (const Strip& strip : strips) {
      if (strip.high0 <= outcome[0] || strip.high1 <= outcome[1]) {
        if (fresh.high0 > fresh.low0 && strip.low0 >= fresh.high0) {
          next.push_back(fresh);
          fresh.high0 = fresh.low0;
        }
        next.push_back(strip);
        continue;
      }
      // From this outcome on, what lies right of it is dominated above it.
      if (m == 3) {
        close(std::max(strip.low0, outcome[0]), strip, outcome[2]);
      }
      if (strip.low0 < outcome[0]) {
        next.push_back({strip.low0, outcome[0], strip.high1, strip.start});
      }
      fresh.high0 = strip.high0;
    }
    if (fresh.high0 > fresh.low0) {
      next.push_back(fresh);
    }
    strips = std::move(next);
  }
  for (const Strip& strip : strips) {
    close(strip.low0, strip, end[2]);
  }
}

double ExpectedHypervolumeImprovement::LogOfBoxes(const std::vector<double>* areas,
                                                  std::vector<double>& boxes) const {
  boxes.clear();
  double top = -kInfinity;
  for (const Box& box : boxes_) {
    double log = LogDifference(areas[0][box.high0], areas[0][box.low0]) + areas[1][box.high1];
    if (edges_.size() == 3) {
      log += LogDifference(areas[2][box.high2], areas[2][box.low2]);
    }
    boxes.push_back(log);
    top = std::max(top, log);
  }
  if (!(top > -kInfinity)) {
    return -kInfinity;
  }
  double sum = 0;
  for (const double log : boxes) {
    sum += std::exp(log - top);
  }
  return top + std::log(sum);
}

double ExpectedHypervolumeImprovement::Log(const double* mean, const double* variance) const {
  // ln ∫_{-∞}^{t} P(Y <= z) dz is a logarithmic expected improvement.
  thread_local std::vector<double> areas[3];
  thread_local std::vector<double> boxes;
  for (std::size_t k = 0; k < edges_.size(); ++k) {
    areas[k].assign(1, -kInfinity);
    for (std::size_t i = 1; i < edges_[k].size(); ++i) {
      areas[k].push_back(LogExpectedImprovement(mean[k], variance[k], edges_[k][i]));
    }
  }
  return LogOfBoxes(areas, boxes);
}

double ExpectedHypervolumeImprovement::LogSlopes(const double* mean, const double* variance,
                                                 double* by_mean, double* by_variance) const {
  thread_local std::vector<double> areas[3];
  thread_local std::vector<Slope> slopes[3];
  thread_local std::vector<double> shares[3];  // ∂ ln E / ∂ ln A at each edge
  thread_local std::vector<double> boxes;
  const std::size_t m = edges_.size();
  for (std::size_t k = 0; k < m; ++k) {
    areas[k].assign(1, -kInfinity);
    slopes[k].assign(1, {});
    for (std::size_t i = 1; i < edges_[k].size(); ++i) {
      slopes[k].push_back(LogExpectedImprovementSlope(mean[k], variance[k], edges_[k][i]));
      areas[k].push_back(slopes[k].back().value);
    }
    shares[k].assign(edges_[k].size(), 0.0);
    by_mean[k] = by_variance[k] = 0;
  }
  const double total = LogOfBoxes(areas, boxes);
  if (!(total > -kInfinity)) {
    return total;
  }
  const auto add = [&](std::size_t k, std::size_t high, std::size_t low, double share) {
    const double gap = areas[k][low] - areas[k][high];
    // Where rounding leaves no difference, LogDifference follows the higher edge.
    const double above = low == 0 || gap > kLeastGap ? 1.0 : -1 / std::expm1(gap);
    shares[k][high] += share * above;
    shares[k][low] -= share * (above - 1);
  };
  for (std::size_t b = 0; b < boxes_.size(); ++b) {
    const Box& box = boxes_[b];
    const double share = std::exp(boxes[b] - total);
    add(0, box.high0, box.low0, share);
    shares[1][box.high1] += share;
    if (m == 3) {
      add(2, box.high2, box.low2, share);
    }
  }
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 1; i < edges_[k].size(); ++i) {
      by_mean[k] += shares[k][i] * slopes[k][i].by_mean;
      by_variance[k] += shares[k][i] * slopes[k][i].by_variance;
    }
  }
  return total;
}

double LogChebyshevImprovement(const std::vector<Outcome>& front,
                               const std::vector<double>& weights, const double* mean,
                               const double* variance, std::span<const double> draws) {
  const std::size_t m = weights.size();
  double best = kInfinity;
  for (const Outcome& outcome : front) {
    double value = -kInfinity;
    for (std::size_t k = 0; k < m; ++k) {
      value = std::max(value, weights[k] * outcome[k]);
    }
    best = std::min(best, value);
  }
  const std::size_t count = draws.size() / m;
  double improvement = 0;
  double closeness = 0;
  for (std::size_t s = 0; s < count; ++s) {
    double value = -kInfinity;
    for (std::size_t k = 0; k < m; ++k) {
      value = std::max(value, weights[k] * (mean[k] + std::sqrt(variance[k]) * draws[s * m + k]));
    }
    improvement += std::max(0.0, best - value);
    closeness -= value;
  }
  // Where no draw improves, being close still ranks.
  return std::log(improvement / static_cast<double>(count) + 1e-12) +
         1e-3 * closeness / static_cast<double>(count);
}

}  // namespace regatta::search
