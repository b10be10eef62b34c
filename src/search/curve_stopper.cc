// Extrapolates each learning curve and stops a trial that is very unlikely to become the best.
//
// A curve is y(t) = a + b·g(t) + noise for 14 shapes g: powers t^-c, exponentials e^(-ct/T), and
// powers of the logarithm 1/(1 + (t/(sT))^c). For each shape the floor a and b have a weak normal
// prior and are integrated out exactly (Bayesian linear regression); shapes are weighted by their
// marginal likelihood (after Domhan et al. 2015, "Speeding up automatic hyperparameter optimization
// of deep neural networks by extrapolation of learning curves").
//
// The prior of the shapes, and how far extrapolations are to be trusted, are learned from the
// search's own curves of full length, each predicted from its first third (empirical Bayes). Until
// ten of them exist a trial is stopped only if successive halving would stop it too.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "regatta/base/count_text.h"

#include "normal.h"
#include "stoppers.h"

namespace regatta::search {
namespace {

constexpr std::size_t kPointsMin = 3;
// Curves are thinned to this many points, later ones denser.
constexpr std::size_t kPointsMax = 64;
// The extrapolation is trusted alone from this many curves of full length on, and learns from no
// more than kTeachersMax of them.
constexpr std::size_t kTrustedFrom = 10;
constexpr std::size_t kTeachersMax = 32;

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

enum class Family : std::uint8_t { kPower, kExponential, kLogPower };

struct Shape {
  Family family;
  double rate;
  double place = 0;  // of the logarithm's bend, as a share of the horizon
};

constexpr std::array<Shape, 14> kShapes = {{{Family::kPower, 0.25},
                                            {Family::kPower, 0.5},
                                            {Family::kPower, 1.0},
                                            {Family::kPower, 2.0},
                                            {Family::kExponential, 0.1},
                                            {Family::kExponential, 1.0},
                                            {Family::kExponential, 2.0},
                                            {Family::kExponential, 4.0},
                                            {Family::kExponential, 8.0},
                                            {Family::kExponential, 24.0},
                                            {Family::kLogPower, 1.0, 0.05},
                                            {Family::kLogPower, 2.0, 0.05},
                                            {Family::kLogPower, 1.0, 0.25},
                                            {Family::kLogPower, 2.0, 0.25}}};

double ShapeAt(const Shape& shape, double t, double first, double horizon) {
  switch (shape.family) {
    case Family::kPower:
      return std::pow(t / first, -shape.rate);
    case Family::kExponential:
      return std::exp(-shape.rate * (t - first) / horizon);
    case Family::kLogPower:
      return 1 / (1 + std::pow(t / (shape.place * horizon), shape.rate));
  }
  return 0;
}

// What the search's finished curves say about curves.
struct Wisdom {
  std::array<double, kShapes.size()> log_prior = {};
  double inflation = 1;  // of the variance of extrapolations
};

// The value at the horizon in each shape's eyes, in units of `scale` from `centre`.
struct Extrapolation {
  double centre = 0;
  double scale = 1;
  std::array<Prediction, kShapes.size()> shapes;
  std::array<double, kShapes.size()> weights;  // sum 1
};

Extrapolation Extrapolate(std::span<const CurvePoint> curve, double horizon, const Wisdom& wisdom) {
  const auto [low, high] =
      std::minmax_element(curve.begin(), curve.end(),
                          [](const CurvePoint& p, const CurvePoint& q) { return p.y < q.y; });
  Extrapolation result;
  result.centre = curve.back().y;
  result.scale = std::max(high->y - low->y, 1e-12 * std::max(1.0, std::abs(result.centre)));
  std::vector<double> y;
  for (const CurvePoint& point : curve) {
    y.push_back((point.y - result.centre) / result.scale);
  }
  std::vector<double> x(curve.size());
  double top = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < kShapes.size(); ++k) {
    const double first = curve.front().t;
    for (std::size_t i = 0; i < curve.size(); ++i) {
      x[i] = ShapeAt(kShapes[k], curve[i].t, first, horizon);
    }
    Prediction& prediction = result.shapes[k];
    prediction = FitShape(x, y, ShapeAt(kShapes[k], horizon, first, horizon));
    prediction.variance = prediction.variance * wisdom.inflation + 1e-8;
    prediction.log_weight += wisdom.log_prior[k];
    top = std::max(top, prediction.log_weight);
  }
  double total = 0;
  for (std::size_t k = 0; k < kShapes.size(); ++k) {
    result.weights[k] = std::exp(result.shapes[k].log_weight - top);
    total += result.weights[k];
  }
  for (double& weight : result.weights) {
    weight /= total;
  }
  return result;
}

// P(the curve's value at `horizon` < target).
double ChanceBelow(std::span<const CurvePoint> curve, double horizon, double target,
                   const Wisdom& wisdom) {
  const Extrapolation found = Extrapolate(curve, horizon, wisdom);
  const double scaled_target = (target - found.centre) / found.scale;
  double chance = 0;
  for (std::size_t k = 0; k < kShapes.size(); ++k) {
    chance += found.weights[k] * NormalCdf((scaled_target - found.shapes[k].mean) /
                                           std::sqrt(found.shapes[k].variance));
  }
  return chance;
}

// Predicts the end of each curve from its first third, which says which shapes to believe and how
// much. One pseudo-curve a shape, and four that were predicted as well as promised, keep the first
// few from deciding everything.
Wisdom Learn(const std::vector<std::vector<CurvePoint>>& finished, double horizon) {
  constexpr double kPromised = 4;
  const Wisdom blank;
  std::array<double, kShapes.size()> counts;
  counts.fill(1);
  double squares = kPromised;
  double taught = kPromised;
  for (const std::vector<CurvePoint>& curve : finished) {
    const auto seen = static_cast<std::size_t>(
        std::count_if(curve.begin(), curve.end(),
                      [horizon](const CurvePoint& point) { return 3 * point.t <= horizon; }));
    const std::size_t part = std::max(seen, kPointsMin);
    if (part >= curve.size()) {
      continue;
    }
    const Extrapolation found = Extrapolate(std::span(curve).first(part), horizon, blank);
    const double end = (curve.back().y - found.centre) / found.scale;
    double mean = 0;
    double square = 0;
    double total = 0;
    std::array<double, kShapes.size()> likely;
    for (std::size_t k = 0; k < kShapes.size(); ++k) {
      const Prediction& shape = found.shapes[k];
      mean += found.weights[k] * shape.mean;
      square += found.weights[k] * (shape.variance + shape.mean * shape.mean);
      const double gap = end - shape.mean;
      likely[k] = found.weights[k] * std::exp(-0.5 * gap * gap / shape.variance) /
                  std::sqrt(shape.variance);
      total += likely[k];
    }
    const double variance = std::max(square - mean * mean, 1e-8);
    if (!std::isfinite(mean) || !std::isfinite(variance)) {
      continue;  // all its points lie at one resource, say: it teaches nothing
    }
    squares += std::min((end - mean) * (end - mean) / variance, 100.0);
    taught += 1;
    for (std::size_t k = 0; k < kShapes.size() && total > 0; ++k) {
      counts[k] += likely[k] / total;
    }
  }
  Wisdom wisdom;
  for (std::size_t k = 0; k < kShapes.size(); ++k) {
    wisdom.log_prior[k] = std::log(counts[k]);
  }
  wisdom.inflation = std::max(squares / taught, 1.0);
  return wisdom;
}

class CurveStopper : public EarlyStopper {
 public:
  CurveStopper(const StopperOptions& options, std::unique_ptr<EarlyStopper> halving)
      : halving_(std::move(halving)),
        sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        min_iter_(options.min_iter.value_or(1)),
        max_iter_(options.max_iter),
        chance_min_(1 - options.confidence) {}

  void Report(TrialId id, std::int64_t resource, double value) override {
    halving_->Report(id, resource, value);
    Run& run = runs_[id];
    if (!run.running) {
      known_.reset();
    }
    run.resource = std::max(run.resource, resource);
    if (!std::isfinite(value)) {
      ++run.invalid;
      return;
    }
    run.curve.push_back({static_cast<double>(std::max<std::int64_t>(resource, 1)), sign_ * value});
  }

  void SetRunning(TrialId id, bool running) override {
    halving_->SetRunning(id, running);
    Run& run = runs_[id];
    if (run.running != running) {
      run.running = running;
      known_.reset();
    }
  }

  void Forget(TrialId id) override {
    halving_->Forget(id);
    runs_.erase(id);
    known_.reset();
  }

  StopDecision Decide(TrialId id) const override {
    StopDecision decision;
    decision.trial = id;
    const auto found = runs_.find(id);
    if (found == runs_.end() || !found->second.running) {
      return decision;
    }
    const Run& run = found->second;
    decision.rule = "curve";
    if (run.curve.empty()) {
      if (run.invalid >= std::max<std::int64_t>(min_iter_, 1) && run.invalid > 0) {
        decision.stop = true;
        decision.reason = fmt::format("none of its {} is a finite number",
                                      CountText(static_cast<std::uint64_t>(run.invalid), "value"));
      }
      return decision;
    }
    const Known& known = Knowledge();
    const double horizon = known.horizon;
    if (run.resource < min_iter_ || run.curve.size() < kPointsMin ||
        run.curve.back().t >= horizon) {
      return decision;
    }
    const double best = known.best;
    if (!std::isfinite(best)) {
      return decision;
    }
    for (const CurvePoint& point : run.curve) {
      if (point.y <= best) {
        return decision;  // it is the best already
      }
    }
    const double chance = ChanceBelow(Thinned(run.curve), horizon, best, known.wisdom);
    decision.rung = run.resource;
    decision.value = chance;
    decision.threshold = chance_min_;
    decision.stop = chance < chance_min_;
    decision.reason =
        fmt::format("the chance that it beats {:.6g} by {:g} is {:.3g}, {} {:.3g}", sign_ * best,
                    horizon, chance, decision.stop ? "below" : "not below", chance_min_);
    if (decision.stop && known.finished < kTrustedFrom && !halving_->Decide(id).stop) {
      decision.stop = false;
      decision.reason += fmt::format(
          "; with {} curves of full length to learn from, {} are needed to stop it for that alone",
          known.finished, kTrustedFrom);
    }
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

  struct Known {
    double horizon = 0;  // where curves are compared: max_iter, or the longest an ended trial got
    double best = std::numeric_limits<double>::infinity();  // of ended trials
    std::size_t finished = 0;                               // ended at the horizon, or nearly
    Wisdom wisdom;
  };

  const Known& Knowledge() const {
    if (known_) {
      return *known_;
    }
    Known known;
    known.horizon = max_iter_ ? static_cast<double>(*max_iter_) : 0;
    for (const auto& [id, run] : runs_) {
      if (!run.running && !run.curve.empty()) {
        known.horizon = max_iter_ ? known.horizon : std::max(known.horizon, run.curve.back().t);
        for (const CurvePoint& point : run.curve) {
          known.best = std::min(known.best, point.y);
        }
      }
    }
    std::vector<const Run*> finished;
    for (const auto& [id, run] : runs_) {
      if (!run.running && !run.curve.empty() && run.curve.back().t >= 0.9 * known.horizon) {
        finished.push_back(&run);
      }
    }
    known.finished = finished.size();
    std::vector<std::vector<CurvePoint>> teachers;
    const std::size_t count = std::min(finished.size(), kTeachersMax);
    for (std::size_t k = 0; k < count; ++k) {
      teachers.push_back(Thinned(finished[k * finished.size() / count]->curve));
    }
    known.wisdom = Learn(teachers, known.horizon);
    known_ = std::move(known);
    return *known_;
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

  const std::unique_ptr<EarlyStopper> halving_;
  const double sign_;
  const std::int64_t min_iter_;
  const std::optional<std::int64_t> max_iter_;
  const double chance_min_;
  std::map<TrialId, Run> runs_;
  mutable std::optional<Known> known_;  // of runs_, when it was asked for
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
  Result<std::unique_ptr<EarlyStopper>> halving = MakeAsha(options);
  if (!halving) {
    return halving.error();
  }
  return std::unique_ptr<EarlyStopper>(
      std::make_unique<CurveStopper>(options, *std::move(halving)));
}

}  // namespace regatta::search
