// Extrapolates each learning curve and stops a trial that is very unlikely to become the best.
//
// A curve is y(t) = a + b·g(t) + noise for a family of shapes g: powers t^-c and exponentials
// e^(-ct/T). For each shape a and b have a weak normal prior and are integrated out exactly
// (Bayesian linear regression); shapes are weighted by their marginal likelihood (after Domhan et
// al. 2015, "Speeding up automatic hyperparameter optimization of deep neural networks by
// extrapolation of learning curves").
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "acquisition.h"
#include "stoppers.h"

namespace regatta::search {
namespace {

constexpr std::size_t kPointsMin = 3;
// Curves are thinned to this many points, later ones denser.
constexpr std::size_t kPointsMax = 64;

struct CurvePoint {
  double t;
  double y;
};

struct Prediction {
  double mean = 0;
  double variance = 0;
  double log_weight = 0;
};

// Fits one shape, with x = g(t) at the points and `x_end` at the horizon. Values are scaled to a
// spread of about 1; the noise's variance is estimated from what the fit leaves.
Prediction FitShape(std::vector<double> x, const std::vector<double>& y, double x_end) {
  constexpr double kPriorPrecision = 0.01;
  // From 0 at the first point to 1 at the last, so that the prior on b means the same for every
  // shape.
  const double origin = x.front();
  const double range = x.back() - origin;
  for (double& value : x) {
    value = (value - origin) / range;
  }
  x_end = (x_end - origin) / range;
  const auto n = static_cast<double>(x.size());
  double sx = 0, sxx = 0, sy = 0, sxy = 0, syy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sx += x[i];
    sxx += x[i] * x[i];
    sy += y[i];
    sxy += x[i] * y[i];
    syy += y[i] * y[i];
  }
  // (XᵀX + p I) (a, b) = Xᵀy
  const double m00 = n + kPriorPrecision;
  const double m11 = sxx + kPriorPrecision;
  const double determinant = m00 * m11 - sx * sx;
  const double a = (m11 * sy - sx * sxy) / determinant;
  const double b = (m00 * sxy - sx * sy) / determinant;
  const double misfit = std::max(syy - a * sy - b * sxy, 0.0);
  // Inverse-gamma prior on the noise: one pseudo-observation of variance 1e-4.
  const double noise = (misfit + 1e-4) / (n - 1);
  Prediction prediction;
  prediction.mean = a + b * x_end;
  const double leverage = (m11 - 2 * sx * x_end + m00 * x_end * x_end) / determinant;
  // No shape is the true one: what it adds beyond the last value may be wrong by a tenth.
  const double extrapolated = 0.1 * (prediction.mean - y.back());
  prediction.variance = noise * std::max(leverage, 0.0) + noise / n + extrapolated * extrapolated;
  prediction.log_weight = -0.5 * (n - 1) * std::log(noise) - 0.5 * std::log(determinant);
  return prediction;
}

// P(the curve's value at `horizon` < target).
double ChanceBelow(const std::vector<CurvePoint>& curve, double horizon, double target) {
  const auto [low, high] =
      std::minmax_element(curve.begin(), curve.end(),
                          [](const CurvePoint& p, const CurvePoint& q) { return p.y < q.y; });
  const double centre = curve.back().y;
  const double scale = std::max(high->y - low->y, 1e-12 * std::max(1.0, std::abs(centre)));
  std::vector<double> y;
  for (const CurvePoint& point : curve) {
    y.push_back((point.y - centre) / scale);
  }
  std::vector<Prediction> predictions;
  std::vector<double> x(curve.size());
  for (const double power : {0.25, 0.5, 0.75, 1.0, 1.5, 2.0}) {
    for (std::size_t i = 0; i < curve.size(); ++i) {
      x[i] = std::pow(curve[i].t / curve.front().t, -power);
    }
    predictions.push_back(FitShape(x, y, std::pow(horizon / curve.front().t, -power)));
  }
  for (const double rate : {0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0}) {
    for (std::size_t i = 0; i < curve.size(); ++i) {
      x[i] = std::exp(-rate * (curve[i].t - curve.front().t) / horizon);
    }
    predictions.push_back(FitShape(x, y, std::exp(-rate * (horizon - curve.front().t) / horizon)));
  }
  double top = -std::numeric_limits<double>::infinity();
  for (const Prediction& prediction : predictions) {
    top = std::max(top, prediction.log_weight);
  }
  double total = 0;
  double chance = 0;
  const double scaled_target = (target - centre) / scale;
  for (const Prediction& prediction : predictions) {
    const double weight = std::exp(prediction.log_weight - top);
    total += weight;
    chance += weight *
              NormalCdf((scaled_target - prediction.mean) / std::sqrt(prediction.variance + 1e-8));
  }
  return chance / total;
}

class CurveStopper : public EarlyStopper {
 public:
  explicit CurveStopper(const StopperOptions& options)
      : sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        min_iter_(options.min_iter.value_or(1)),
        max_iter_(options.max_iter),
        chance_min_(1 - options.confidence) {}

  void Report(TrialId id, std::int64_t resource, double value) override {
    Run& run = runs_[id];
    run.resource = std::max(run.resource, resource);
    if (!std::isfinite(value)) {
      ++run.invalid;
      return;
    }
    run.curve.push_back({static_cast<double>(std::max<std::int64_t>(resource, 1)), sign_ * value});
  }

  void SetRunning(TrialId id, bool running) override { runs_[id].running = running; }
  void Forget(TrialId id) override { runs_.erase(id); }

  StopDecision Decide(TrialId id) const override {
    StopDecision decision;
    decision.trial = id;
    const auto found = runs_.find(id);
    if (found == runs_.end() || !found->second.running) {
      return decision;
    }
    const Run& run = found->second;
    if (run.curve.empty()) {
      if (run.invalid >= std::max<std::int64_t>(min_iter_, 1) && run.invalid > 0) {
        decision.stop = true;
        decision.reason = fmt::format("none of its {} values is a finite number", run.invalid);
      }
      return decision;
    }
    const double horizon = Horizon();
    if (run.resource < min_iter_ || run.curve.size() < kPointsMin ||
        run.curve.back().t >= horizon) {
      return decision;
    }
    double best = std::numeric_limits<double>::infinity();
    for (const auto& [other_id, other] : runs_) {
      if (other_id != id && !other.running) {
        for (const CurvePoint& point : other.curve) {
          best = std::min(best, point.y);
        }
      }
    }
    if (!std::isfinite(best)) {
      return decision;
    }
    for (const CurvePoint& point : run.curve) {
      if (point.y <= best) {
        return decision;  // it is the best already
      }
    }
    const double chance = ChanceBelow(Thinned(run.curve), horizon, best);
    decision.rung = run.resource;
    decision.value = chance;
    decision.threshold = chance_min_;
    decision.stop = chance < chance_min_;
    decision.reason =
        fmt::format("the chance that it beats {:.6g} by {:g} is {:.3g}, {} {:.3g}", sign_ * best,
                    horizon, chance, decision.stop ? "below" : "not below", chance_min_);
    return decision;
  }

  std::vector<StopDecision> DecideAll() const override {
    std::vector<StopDecision> stops;
    for (const auto& [id, run] : runs_) {
      if (StopDecision decision = Decide(id); decision.stop) {
        stops.push_back(std::move(decision));
      }
    }
    return stops;
  }

 private:
  struct Run {
    bool running = true;
    std::int64_t invalid = 0;
    std::int64_t resource = 0;
    std::vector<CurvePoint> curve;
  };

  // Where curves are compared: max_iter, or the longest that an ended trial got.
  double Horizon() const {
    if (max_iter_) {
      return static_cast<double>(*max_iter_);
    }
    double longest = 0;
    for (const auto& [id, run] : runs_) {
      if (!run.running && !run.curve.empty()) {
        longest = std::max(longest, run.curve.back().t);
      }
    }
    return longest;
  }

  static std::vector<CurvePoint> Thinned(const std::vector<CurvePoint>& curve) {
    if (curve.size() <= kPointsMax) {
      return curve;
    }
    std::vector<CurvePoint> thinned;
    const double last = static_cast<double>(curve.size() - 1);
    for (std::size_t k = 0; k < kPointsMax; ++k) {
      const double share = static_cast<double>(k) / static_cast<double>(kPointsMax - 1);
      thinned.push_back(curve[static_cast<std::size_t>(last * std::sqrt(share))]);
    }
    return thinned;
  }

  const double sign_;
  const std::int64_t min_iter_;
  const std::optional<std::int64_t> max_iter_;
  const double chance_min_;
  std::map<TrialId, Run> runs_;
};

}  // namespace

Result<std::unique_ptr<EarlyStopper>> MakeCurve(const StopperOptions& options) {
  if (!(options.confidence > 0.5 && options.confidence < 1)) {
    return InvalidArgument(fmt::format("early_terminate: confidence {} must lie between 0.5 and 1",
                                       options.confidence));
  }
  if (options.min_iter.value_or(1) < 1) {
    return InvalidArgument("early_terminate: min_iter must be at least 1");
  }
  return std::unique_ptr<EarlyStopper>(std::make_unique<CurveStopper>(options));
}

}  // namespace regatta::search
