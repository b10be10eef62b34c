// Bayesian optimisation: a model of the objective proposes the points that promise most.
//
// The recipe: an ensemble of Gaussian processes (surrogate.h) over all parameters, conditional ones
// included; trials alternate between expected improvement (log scale, averaged over the ensemble)
// and a confidence bound, both inside a trust region that opens as results come in; open trials
// narrow the variance where they are; failures of the configuration lower a separate chance of
// success.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "acquisition.h"
#include "candidate_search.h"
#include "encoder.h"
#include "point_picker.h"
#include "samplers.h"
#include "sobol.h"
#include "surrogate.h"
#include "trial_book.h"

namespace regatta::search {
namespace {

// A model is worth asking from this many results on.
constexpr std::size_t kModelMin = 4;
// Up to this many failures are imputed; more get a model of their own.
constexpr std::size_t kImputedMax = 4;
constexpr std::uint64_t kEnumerateMax = 4096;
// μ - 1.8 σ (Song et al. 2024, "The Vizier Gaussian process bandit algorithm").
constexpr double kConfidence = 1.8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum class Rule : std::uint8_t { kImprovement, kConfidenceBound, kExplore, kOneMember };

double Setting(const SamplerOptions& options, const char* name, double fallback) {
  const auto found = options.settings.find(name);
  return found == options.settings.end() ? fallback : found->second;
}

SurrogateSettings SurrogateSettingsOf(const SamplerOptions& options) {
  SurrogateSettings settings;
  settings.particles =
      static_cast<std::size_t>(std::clamp(Setting(options, "particles", 8), 1.0, 64.0));
  settings.warps = Setting(options, "warps", 1) != 0;
  return settings;
}

class BayesSampler : public Sampler {
 public:
  BayesSampler(const SearchSpace& space, const SamplerOptions& options)
      : space_(space),
        options_(options),
        picker_(space_, options_),
        encoder_(space_),
        book_(space_, options_.objectives.size()),
        sobol_(space_.size(), options_.seed),
        surrogate_(encoder_, options_.seed, 0, SurrogateSettingsOf(options_)),
        sign_(options_.objectives.front().goal == Goal::kMaximize ? -1.0 : 1.0) {}

  Result<void> Tell(const Trial& trial) override {
    Result<TrialBook::Change> change = book_.Tell(trial);
    if (!change) {
      return change.error();
    }
    rewritten_ = rewritten_ || change->rewrote_history;
    return Ok();
  }

  void Forget(TrialId id) override { rewritten_ = book_.Forget(id).rewrote_history || rewritten_; }

  void Refresh() override {
    if (rewritten_) {
      modelled_ = 0;
      settled_units_.clear();
    }
    const std::vector<TrialId>& settled = book_.settled();
    for (std::size_t i = settled_units_.size(); i < settled.size(); ++i) {
      settled_units_.push_back(encoder_.ToUnit(book_.trial(settled[i]).values));
    }
    if (modelled_ == settled.size() && !rewritten_) {
      return;
    }
    BuildHistory();
    if (y_.size() >= kModelMin && space_.size() > 0) {
      surrogate_.Update(units_, y_, rewritten_ || imputation_changed_);
      FitFailures();
    }
    modelled_ = settled.size();
    rewritten_ = false;
  }

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    Refresh();
    std::vector<Suggestion> suggestions;
    Batch batch;
    pending_.clear();
    const bool modelled = HasModel();
    if (modelled) {
      ResetBests();
      for (const auto& [id, open] : book_.open()) {
        AddPending(encoder_.ToUnit(book_.trial(id).values));
      }
    }
    for (std::size_t n = 0; n < count; ++n) {
      Result<std::optional<Suggestion>> one = One(first_id + n, batch, modelled);
      if (!one) {
        surrogate_.DropPending();
        return one.error();
      }
      if (!*one) {
        break;
      }
      batch.insert(space_.Key((*one)->values));
      if (modelled && n + 1 < count) {
        AddPending(encoder_.ToUnit((*one)->values));
      }
      suggestions.push_back(std::move(**one));
    }
    surrogate_.DropPending();
    return suggestions;
  }

 private:
  bool HasModel() const {
    return y_.size() >= kModelMin && surrogate_.ready() && space_.size() > 0;
  }

  // units_ and y_ from the settled trials: results, and a few failures at a value that warns.
  void BuildHistory() {
    units_.clear();
    y_.clear();
    failed_units_.clear();
    double best = kInfinity;
    double worst = -kInfinity;
    const std::vector<TrialId>& settled = book_.settled();
    std::vector<std::size_t> failed;
    for (std::size_t i = 0; i < settled.size(); ++i) {
      const Trial& trial = book_.trial(settled[i]);
      if (HasResult(trial, options_.objectives.size())) {
        const double y = sign_ * trial.objectives.front();
        units_.push_back(settled_units_[i]);
        y_.push_back(y);
        best = std::min(best, y);
        worst = std::max(worst, y);
      } else {
        failed.push_back(i);
      }
    }
    results_ = y_.size();
    for (const std::size_t i : failed) {
      failed_units_.push_back(settled_units_[i]);
    }
    // As Vizier does: below the worst by half of the range.
    std::vector<double> imputed;
    if (failed.size() <= kImputedMax && !y_.empty() && results_ >= 2) {
      imputed.assign(failed.size(), worst + 0.5 * (worst - best));
      for (const std::size_t i : failed) {
        units_.push_back(settled_units_[i]);
      }
      y_.insert(y_.end(), imputed.begin(), imputed.end());
    }
    // Imputed rows stand at the end and move as results come in: then the past is another one.
    imputation_changed_ = imputed != imputed_ || !imputed.empty();
    imputed_ = std::move(imputed);
  }

  // The chance of success: a process on -1 (worked) and +1 (failed) with the objective's length
  // scales.
  void FitFailures() {
    has_failure_model_ = false;
    if (failed_units_.size() <= kImputedMax || !surrogate_.ready()) {
      return;
    }
    std::vector<Unit> units = units_;
    std::vector<double> labels(units.size(), -1.0);
    units.insert(units.end(), failed_units_.begin(), failed_units_.end());
    labels.insert(labels.end(), failed_units_.size(), 1.0);
    constexpr std::size_t kRowsMax = 512;
    if (units.size() > kRowsMax) {
      std::vector<Unit> fewer;
      std::vector<double> fewer_labels;
      for (std::size_t i = 0; i < kRowsMax; ++i) {
        const std::size_t k = i * units.size() / kRowsMax;
        fewer.push_back(units[k]);
        fewer_labels.push_back(labels[k]);
      }
      units = std::move(fewer);
      labels = std::move(fewer_labels);
    }
    Hyper hyper = surrogate_.member(0).hyper();
    hyper.log_signal = 0;
    hyper.log_noise = std::log(0.05);
    has_failure_model_ = failures_.Fit(encoder_, Rows(encoder_, units), labels, hyper);
  }

  void ResetBests() {
    bests_.clear();
    for (std::size_t i = 0; i < surrogate_.size(); ++i) {
      bests_.push_back(surrogate_.best(i));
    }
  }

  // An open trial is believed to give what each member predicts for it.
  void AddPending(const Unit& unit) {
    const Rows point(encoder_, {&unit, 1});
    for (std::size_t i = 0; i < surrogate_.size(); ++i) {
      double mean = 0;
      double variance = 0;
      surrogate_.member(i).Predict(point, &mean, &variance, scratch_);
      bests_[i] = std::min(bests_[i], mean);
    }
    surrogate_.AppendPending(unit);
    pending_.push_back(unit);
  }

  Rule ChooseRule(TrialId id) const {
    if (pending_.size() >= 4) {
      Rng rng = StreamOf(options_.seed, Stream::kChoice, id);
      const double u = rng.Uniform();
      return u < 0.5 ? Rule::kExplore : u < 0.75 ? Rule::kOneMember : Rule::kImprovement;
    }
    return id % 2 == 0 ? Rule::kImprovement : Rule::kConfidenceBound;
  }

  // Half the side of the boxes around seen points that proposals stay in; unlimited above 0.5.
  double TrustRadius() const {
    const auto n = static_cast<double>(y_.size());
    const auto d = static_cast<double>(space_.size());
    const double radius = 0.2 + 0.3 * n / (5 * (d + 1));
    return radius > 0.5 ? kInfinity : radius;
  }

  bool IsTrusted(const Unit& unit, double radius) const {
    if (radius == kInfinity) {
      return true;
    }
    const auto near = [&](const Unit& seen) {
      for (std::size_t d = 0; d < unit.size(); ++d) {
        if (encoder_.kind(d) != DimensionKind::kCategory && unit[d] >= 0 && seen[d] >= 0 &&
            std::abs(unit[d] - seen[d]) > radius) {
          return false;
        }
      }
      return true;
    };
    return std::any_of(units_.begin(), units_.end(), near) ||
           std::any_of(pending_.begin(), pending_.end(), near);
  }

  void Score(std::span<const Unit> units, bool coarse, Rule rule, std::size_t chosen,
             double explore_limit, std::vector<double>& scores) {
    const std::size_t m = units.size();
    scores.assign(m, 0.0);
    if (m == 0) {
      return;
    }
    const Rows points(encoder_, units);
    std::vector<std::size_t> members;
    const std::size_t count = surrogate_.size();
    if (rule == Rule::kOneMember) {
      members = {chosen % count};
    } else if (coarse && count > 2) {
      members = {chosen % count, (chosen + 1 + count / 2) % count};
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        members.push_back(i);
      }
    }
    std::vector<double> mean(m);
    std::vector<double> variance(m);
    std::vector<double> log_ei(m * members.size());
    for (std::size_t k = 0; k < members.size(); ++k) {
      surrogate_.member(members[k]).Predict(points, mean.data(), variance.data(), scratch_);
      for (std::size_t i = 0; i < m; ++i) {
        const double sigma = std::sqrt(variance[i]);
        if (rule == Rule::kConfidenceBound) {
          scores[i] -= mean[i] - kConfidence * sigma;
        } else if (rule == Rule::kExplore) {
          scores[i] += std::log(sigma) - 10 * std::max(0.0, mean[i] - 0.5 * sigma - explore_limit);
        } else {
          log_ei[i * members.size() + k] =
              LogExpectedImprovement(mean[i], variance[i], bests_[members[k]]);
        }
      }
    }
    for (std::size_t i = 0; i < m; ++i) {
      if (rule == Rule::kImprovement || rule == Rule::kOneMember) {
        scores[i] =
            LogMeanExp(log_ei.data() + i * members.size(), static_cast<int>(members.size()));
      } else {
        scores[i] /= static_cast<double>(members.size());
      }
    }
    if (has_failure_model_) {
      failures_.Predict(points, mean.data(), variance.data(), scratch_);
      for (std::size_t i = 0; i < m; ++i) {
        scores[i] += LogNormalCdf(-mean[i] / std::sqrt(variance[i] + 0.25));
      }
    }
  }

  std::vector<Candidate> Propose(TrialId id, Rule rule, const Batch& batch) {
    Rng rng = StreamOf(options_.seed, Stream::kAcquisition, id);
    const std::size_t chosen = rng.Below(surrogate_.size());
    const double explore_limit = rule == Rule::kExplore ? ExploreLimit() : 0;
    const auto score = [&](std::span<const Unit> units, bool coarse, std::vector<double>& scores) {
      Score(units, coarse, rule, chosen, explore_limit, scores);
    };
    if (picker_.points() && *picker_.points() <= kEnumerateMax) {
      return Enumerate(batch, score);
    }
    std::vector<std::size_t> order(results_);
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    const std::size_t tops = std::min<std::size_t>(5, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(tops), order.end(),
                      [this](std::size_t a, std::size_t b) {
                        return y_[a] < y_[b] || (y_[a] == y_[b] && a < b);
                      });
    std::vector<Unit> seeds;
    for (std::size_t i = 0; i < tops; ++i) {
      seeds.push_back(units_[order[i]]);
    }
    std::vector<double> scale;
    for (const double log_scale : surrogate_.member(chosen).hyper().log_scale) {
      scale.push_back(std::exp(log_scale));
    }
    const double radius = TrustRadius();
    const auto admit = [&](const Unit& unit) {
      return IsTrusted(unit, radius) &&
             (!options_.allowed || options_.allowed(encoder_.ToPoint(unit)));
    };
    SearchSettings settings;
    return SearchCandidates(encoder_, sobol_, 1'000'000 + id * settings.candidates, seeds, scale,
                            settings, admit, score, rng);
  }

  // The prediction at the best seen point, which exploration must not fall behind.
  double ExploreLimit() {
    double limit = 0;
    for (const double best : bests_) {
      limit += best / static_cast<double>(bests_.size());
    }
    return limit;
  }

  std::vector<Candidate> Enumerate(const Batch& batch, ScoreFunction score) {
    std::vector<Unit> units;
    const Result<Grid> grid = Grid::Create(space_, GridValues::kLevels);
    for (std::uint64_t i = 0; grid && i < grid->size(); ++i) {
      const Point point = grid->At(i);
      if (picker_.IsFree(point, book_, batch)) {
        units.push_back(encoder_.ToUnit(point));
      }
    }
    std::vector<double> scores;
    score(units, false, scores);
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < units.size(); ++i) {
      candidates.push_back({std::move(units[i]), scores[i]});
    }
    SortByScore(candidates);
    return candidates;
  }

  Result<std::optional<Suggestion>> One(TrialId id, const Batch& batch, bool modelled) {
    Suggestion suggestion;
    suggestion.why.trials_known = book_.settled().size();
    suggestion.why.trials_pending = book_.open().size() + batch.size();
    if (std::optional<Point> initial = picker_.NextInitial(book_, batch)) {
      suggestion.why.rule = "initial point";
      suggestion.values = std::move(*initial);
      return std::optional(std::move(suggestion));
    }
    const std::size_t start =
        static_cast<std::size_t>(std::max(2.0, Setting(options_, "start", DefaultStart())));
    const bool starting = book_.trials().size() + batch.size() < start;
    if (!starting && modelled) {
      const Rule rule = ChooseRule(id);
      for (Candidate& candidate : Propose(id, rule, batch)) {
        Point point = encoder_.ToPoint(candidate.unit);
        if (picker_.IsFree(point, book_, batch)) {
          suggestion.values = std::move(point);
          Explain(rule, candidate.unit, suggestion.why);
          return std::optional(std::move(suggestion));
        }
      }
    }
    Rng rng = StreamOf(options_.seed, Stream::kPoint, id);
    Result<std::optional<Point>> point =
        picker_.Pick(book_, batch, rng, [&](std::size_t attempt, std::vector<double>& u) {
          if (attempt == 0) {
            sobol_.At(id, u);
            return;
          }
          for (double& coordinate : u) {
            coordinate = rng.UniformOpen();
          }
        });
    if (!point) {
      return point.error();
    }
    if (!*point) {
      return std::optional<Suggestion>();
    }
    suggestion.why.rule = modelled && !starting ? "random" : "start";
    suggestion.values = std::move(**point);
    return std::optional(std::move(suggestion));
  }

  double DefaultStart() const {
    return std::clamp(1 + static_cast<double>(space_.size()) / 2, 4.0, 8.0);
  }

  void Explain(Rule rule, const Unit& unit, Explanation& why) {
    switch (rule) {
      case Rule::kImprovement:
        why.rule = "expected improvement";
        break;
      case Rule::kConfidenceBound:
        why.rule = "confidence bound";
        break;
      case Rule::kExplore:
        why.rule = "exploration beside the open trials";
        break;
      case Rule::kOneMember:
        why.rule = "expected improvement of one model";
        break;
    }
    const Surrogate::Belief belief = surrogate_.At(unit);
    why.predicted_value = sign_ * belief.mean;
    why.predicted_spread = belief.spread;
    const Rows point(encoder_, {&unit, 1});
    double success = 0;
    double improvement = 0;
    for (std::size_t i = 0; i < surrogate_.size(); ++i) {
      double mean = 0;
      double variance = 0;
      surrogate_.member(i).Predict(point, &mean, &variance, scratch_);
      const double best = surrogate_.best(i);
      success += NormalCdf((best - mean) / std::sqrt(variance));
      improvement +=
          std::exp(LogExpectedImprovement(mean, variance, best)) * surrogate_.warp(i).Slope(best);
    }
    why.success_probability = success / static_cast<double>(surrogate_.size());
    why.expected_improvement = improvement / static_cast<double>(surrogate_.size());
    double nearest = kInfinity;
    for (std::size_t i = 0; i < settled_units_.size(); ++i) {
      const double distance = UnitDistance(encoder_, settled_units_[i], unit);
      if (distance < nearest) {
        nearest = distance;
        why.nearest_trial = book_.settled()[i];
        why.nearest_distance = distance;
      }
    }
  }

  const SearchSpace space_;
  const SamplerOptions options_;
  const PointPicker picker_;
  const Encoder encoder_;
  TrialBook book_;
  const Sobol sobol_;
  Surrogate surrogate_;
  const double sign_;

  // The model's view of the settled trials, brought up to date by Refresh.
  std::vector<Unit> settled_units_;
  std::vector<Unit> units_;
  std::vector<double> y_;  // lower is better
  std::size_t results_ = 0;
  std::vector<double> imputed_;
  bool imputation_changed_ = false;
  std::vector<Unit> failed_units_;
  Posterior failures_;
  bool has_failure_model_ = false;
  std::size_t modelled_ = 0;
  bool rewritten_ = false;

  // Within one Suggest.
  std::vector<Unit> pending_;
  std::vector<double> bests_;
  Posterior::Scratch scratch_;
};

}  // namespace

Result<std::unique_ptr<Sampler>> MakeBayesSampler(const SearchSpace& space,
                                                  const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {"particles", "warps", "start"}); !known) {
    return known.error();
  }
  return std::unique_ptr<Sampler>(std::make_unique<BayesSampler>(space, options));
}

}  // namespace regatta::search
