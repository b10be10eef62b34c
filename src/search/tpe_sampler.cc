// Multivariate tree-structured Parzen estimator (Bergstra et al. 2011; Watanabe 2023,
// "Tree-structured Parzen estimator: understanding its algorithm components").
//
// The best γ(n) = min(⌈n/10⌉, 25) results make the good density l, the rest the bad density g; of
// 24 draws from l the one with the largest l/g is proposed. Each density is a mixture of one
// product kernel a trial and a uniform one. Open trials and failures count as bad. Costs O(n·d) a
// suggestion, so it also serves for very many trials.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "acquisition.h"
#include "encoder.h"
#include "point_picker.h"
#include "samplers.h"
#include "sobol.h"
#include "trial_book.h"

namespace regatta::search {
namespace {

constexpr std::size_t kStart = 10;
constexpr std::size_t kCandidates = 24;
constexpr std::size_t kBadMax = 1000;
constexpr std::size_t kGoodMax = 25;

// A mixture of product kernels over coordinates.
class Parzen {
 public:
  Parzen(const Encoder& encoder, std::vector<Unit> centres)
      : encoder_(encoder), centres_(std::move(centres)) {
    const auto n = static_cast<double>(centres_.size());
    const auto d = static_cast<double>(encoder.dimensions());
    // Scott's rule on the unit range, never below one part in 100.
    width_ = std::max(0.25 * std::pow(std::max(n, 1.0), -1.0 / (d + 4)), 0.01);
    category_ = std::max(0.1, 1 / (1 + std::sqrt(n)));
  }

  Unit Draw(Rng& rng) const {
    const std::size_t which = rng.Below(centres_.size() + 1);
    Unit unit(encoder_.dimensions());
    for (std::size_t d = 0; d < unit.size(); ++d) {
      const double fresh = encoder_.FromUniform(d, rng.UniformOpen());
      const double centre = which < centres_.size() ? centres_[which][d] : kInactive;
      if (centre == kInactive) {
        unit[d] = fresh;
      } else if (encoder_.kind(d) == DimensionKind::kCategory) {
        unit[d] = rng.Uniform() < category_ ? fresh : centre;
      } else {
        double moved = centre + width_ * rng.Normal();
        for (int i = 0; i < 16 && (moved < 0 || moved > 1); ++i) {
          moved = centre + width_ * rng.Normal();
        }
        unit[d] = std::clamp(moved, 0.0, 1.0);
      }
    }
    encoder_.Snap(unit);
    return unit;
  }

  double LogDensity(const Unit& unit) const {
    std::vector<double> logs = {0.0};
    for (const Unit& centre : centres_) {
      double sum = 0;
      for (std::size_t d = 0; d < unit.size(); ++d) {
        sum += LogKernel(d, unit[d], centre[d]);
      }
      logs.push_back(sum);
    }
    return LogMeanExp(logs.data(), static_cast<int>(logs.size()));
  }

 private:
  // Relative to the uniform density.
  double LogKernel(std::size_t d, double x, double centre) const {
    if ((x == kInactive) != (centre == kInactive)) {
      return -2;  // another branch
    }
    if (x == kInactive) {
      return 0;
    }
    if (encoder_.kind(d) == DimensionKind::kCategory) {
      const auto levels = static_cast<double>(encoder_.levels(d));
      return std::log(x == centre ? category_ + (1 - category_) * levels : category_);
    }
    const double inside = NormalCdf((1 - centre) / width_) - NormalCdf((0 - centre) / width_);
    const double z = (x - centre) / width_;
    return -0.5 * z * z - 0.91893853320467274 - std::log(width_ * inside);
  }

  const Encoder& encoder_;
  std::vector<Unit> centres_;
  double width_ = 0.1;
  double category_ = 0.2;
};

class TpeSampler : public Sampler {
 public:
  TpeSampler(const SearchSpace& space, const SamplerOptions& options)
      : space_(space),
        options_(options),
        picker_(space_, options_),
        encoder_(space_),
        book_(space_, 1),
        sobol_(space_.size(), options_.seed),
        sign_(options_.objectives.front().goal == Goal::kMaximize ? -1.0 : 1.0) {}

  Result<void> Tell(const Trial& trial) override {
    Result<TrialBook::Change> change = book_.Tell(trial);
    if (!change) {
      return change.error();
    }
    stale_ = stale_ || change->appended_result || change->rewrote_history;
    return Ok();
  }

  void Forget(TrialId id) override {
    book_.Forget(id);
    stale_ = true;
  }

  void Refresh() override {
    if (!stale_) {
      return;
    }
    stale_ = false;
    std::vector<Ranked> ranked;
    for (const TrialId id : book_.settled()) {
      const Trial& trial = book_.trial(id);
      const double loss = HasResult(trial, 1) ? sign_ * trial.objectives.front()
                                              : std::numeric_limits<double>::infinity();
      ranked.push_back({Missing(trial), loss, id});
    }
    std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
      return std::tie(a.missing, a.loss, a.id) < std::tie(b.missing, b.loss, b.id);
    });
    const auto good = std::min<std::size_t>((ranked.size() + 9) / 10, kGoodMax);
    good_.clear();
    bad_.clear();
    const std::size_t rest = ranked.size() - good;
    for (std::size_t i = 0; i < good; ++i) {
      good_.push_back(encoder_.ToUnit(book_.trial(ranked[i].id).values));
    }
    const std::size_t bad = std::min(rest, kBadMax);
    for (std::size_t i = 0; i < bad; ++i) {
      const std::size_t k = good + i * rest / bad;
      bad_.push_back(encoder_.ToUnit(book_.trial(ranked[k].id).values));
    }
  }

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    Refresh();
    std::vector<Suggestion> suggestions;
    Batch batch;
    std::vector<Unit> bad = bad_;
    for (const auto& [id, open] : book_.open()) {
      bad.push_back(encoder_.ToUnit(book_.trial(id).values));
    }
    for (std::size_t n = 0; n < count; ++n) {
      Result<std::optional<Suggestion>> one = One(first_id + n, batch, bad);
      if (!one) {
        return one.error();
      }
      if (!*one) {
        break;
      }
      batch.insert(space_.Key((*one)->values));
      bad.push_back(encoder_.ToUnit((*one)->values));
      suggestions.push_back(std::move(**one));
    }
    return suggestions;
  }

 private:
  struct Ranked {
    std::int64_t missing = 0;
    double loss = 0;
    TrialId id = 0;
  };

  // How much of the full length the trial was stopped short of: the farthest come first, as in
  // Optuna's sampler.
  std::int64_t Missing(const Trial& trial) const {
    if (!options_.fidelity || trial.observations.empty() || !HasResult(trial, 1)) {
      return 0;
    }
    const std::int64_t last = std::max<std::int64_t>(trial.observations.back().step, 0);
    return options_.fidelity->max ? std::max<std::int64_t>(*options_.fidelity->max - last, 0)
                                  : std::numeric_limits<std::int64_t>::max() - last;
  }

  Result<std::optional<Suggestion>> One(TrialId id, const Batch& batch,
                                        const std::vector<Unit>& bad) {
    Suggestion suggestion;
    suggestion.why.trials_known = book_.settled().size();
    suggestion.why.trials_pending = book_.open().size() + batch.size();
    if (std::optional<Point> initial = picker_.NextInitial(book_, batch)) {
      suggestion.why.rule = "initial point";
      suggestion.values = std::move(*initial);
      return std::optional(std::move(suggestion));
    }
    Rng rng = StreamOf(options_.seed, Stream::kPoint, id);
    if (book_.settled().size() >= kStart && !good_.empty() && space_.size() > 0) {
      const Parzen good(encoder_, good_);
      const Parzen worse(encoder_, bad);
      double best = -std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < kCandidates; ++i) {
        const Unit unit = good.Draw(rng);
        const double score = good.LogDensity(unit) - worse.LogDensity(unit);
        Point point = encoder_.ToPoint(unit);
        if (score > best && picker_.IsFree(point, book_, batch)) {
          best = score;
          suggestion.values = std::move(point);
        }
      }
      if (std::isfinite(best)) {
        suggestion.why.rule = "density ratio";
        return std::optional(std::move(suggestion));
      }
    }
    const auto draw = [&](std::size_t attempt, std::vector<double>& u) {
      if (attempt == 0) {
        sobol_.At(id, u);
        return;
      }
      for (double& coordinate : u) {
        coordinate = rng.UniformOpen();
      }
    };
    Result<std::optional<Point>> point = picker_.Pick(book_, batch, rng, draw);
    if (!point) {
      return point.error();
    }
    if (!*point) {
      return std::optional<Suggestion>();
    }
    suggestion.why.rule = book_.settled().size() >= kStart ? "random" : "start";
    suggestion.values = std::move(**point);
    return std::optional(std::move(suggestion));
  }

  const SearchSpace space_;
  const SamplerOptions options_;
  const PointPicker picker_;
  const Encoder encoder_;
  TrialBook book_;
  const Sobol sobol_;
  const double sign_;
  std::vector<Unit> good_;
  std::vector<Unit> bad_;
  bool stale_ = false;
};

}  // namespace

Result<std::unique_ptr<Sampler>> MakeTpeSampler(const SearchSpace& space,
                                                const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {}); !known) {
    return known.error();
  }
  if (options.objectives.size() > 1 || !options.constraints.empty()) {
    return InvalidArgument(
        "sampler \"tpe\" has one objective and no outcome constraints; use \"bayes\"");
  }
  return std::unique_ptr<Sampler>(std::make_unique<TpeSampler>(space, options));
}

}  // namespace regatta::search
