// Tree-structured Parzen estimator (Bergstra et al. 2011), in its multivariate form: two mixtures
// of product kernels, one around good trials and one around the others; the point drawn from the
// first that is likeliest under it relative to the second is proposed.
//
// The good ones are the best tenth, 25 at most (Watanabe 2023, "Tree-structured Parzen estimator:
// understanding its algorithm components and their roles"); of many others an even choice
// by rank stands for all. Open trials count among the others, so that workers spread ("constant
// liar"). A suggestion takes the same time after 1,000 trials and after a million.
#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <utility>

#include "book_sampler.h"
#include "encoder.h"
#include "parzen.h"
#include "samplers.h"
#include "sobol.h"

namespace regatta::search {
namespace {

constexpr std::size_t kBadMax = 1000;
constexpr std::size_t kGoodMax = 25;

class TpeSampler : public BookSampler {
 public:
  TpeSampler(const SearchSpace& space, const SamplerOptions& options)
      : BookSampler(space, options),
        encoder_(space_),
        sobol_(space_.size(), options_.seed),
        sign_(options_.objectives.front().goal == Goal::kMaximize ? -1.0 : 1.0),
        start_(static_cast<std::size_t>(SettingOr(options_, "start", 10))),
        candidates_(static_cast<std::size_t>(SettingOr(options_, "candidates", 64))),
        good_(space_, encoder_),
        bad_(space_, encoder_) {}

  void Refresh() override {
    const std::vector<TrialId>& settled = book_.settled();
    if (TakeRewritten()) {
      units_.clear();
      ranked_.clear();
    } else if (units_.size() == settled.size()) {
      return;
    }
    const std::size_t known = ranked_.size();
    for (std::size_t i = units_.size(); i < settled.size(); ++i) {
      const Trial& trial = book_.trial(settled[i]);
      const bool failed = !HasResult(trial, 1);
      ranked_.push_back({failed, failed ? 0 : Shortfall(trial),
                         failed ? 0.0 : sign_ * trial.objectives.front(), i});
      units_.push_back(encoder_.ToUnit(trial.values));
    }
    if (ranked_.size() - known > 8) {
      std::sort(ranked_.begin(), ranked_.end());
    } else {
      for (std::size_t i = known; i < ranked_.size(); ++i) {
        const auto end = ranked_.begin() + static_cast<std::ptrdiff_t>(i);
        std::rotate(std::upper_bound(ranked_.begin(), end, *end), end, end + 1);
      }
    }
    // Failures rank last and are never good, however few results there are.
    const auto results = static_cast<std::size_t>(
        std::partition_point(ranked_.begin(), ranked_.end(),
                             [](const Rank& rank) { return !rank.failed; }) -
        ranked_.begin());
    const auto good = std::min({(ranked_.size() + 9) / 10, kGoodMax, results});
    const std::size_t rest = ranked_.size() - good;
    const std::size_t bad = std::min(rest, kBadMax);
    std::vector<const Unit*> centres;
    for (std::size_t i = 0; i < good; ++i) {
      centres.push_back(&units_[ranked_[i].place]);
    }
    good_.Set(centres);
    centres.clear();
    for (std::size_t i = 0; i < bad; ++i) {
      centres.push_back(&units_[ranked_[good + i * rest / bad].place]);
    }
    bad_.Set(centres);
  }

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    Refresh();
    const std::size_t settled = bad_.size();
    for (const auto& [id, open] : book_.open()) {
      bad_.Add(encoder_.ToUnit(book_.trial(id).values));
    }
    auto suggestions = InTurn(first_id, count, [this](TrialId id, const Batch& batch) {
      Result<std::optional<Suggestion>> one = One(id, batch);
      if (one && *one) {
        bad_.Add(encoder_.ToUnit((*one)->values));
      }
      return one;
    });
    bad_.Truncate(settled);
    return suggestions;
  }

 private:
  // Of two trials, the one that compares as less is better.
  struct Rank {
    bool failed = false;
    std::int64_t shortfall = 0;
    double loss = 0;
    std::size_t place = 0;  // in units_

    friend auto operator<=>(const Rank&, const Rank&) = default;
  };

  // By how much a trial ended short of its full length: those that came further rank first, as in
  // Optuna. 0 where lengths do not matter.
  std::int64_t Shortfall(const Trial& trial) const {
    if (!options_.fidelity || options_.objectives.size() > 1 || trial.observations.empty()) {
      return 0;
    }
    const std::int64_t last = std::max<std::int64_t>(trial.observations.back().step, 0);
    return options_.fidelity->max ? std::max<std::int64_t>(*options_.fidelity->max - last, 0)
                                  : -last;
  }

  Result<std::optional<Suggestion>> One(TrialId id, const Batch& batch) {
    if (std::optional<Suggestion> initial = NextInitial(batch)) {
      return initial;
    }
    Suggestion suggestion = Blank(batch);
    Rng rng = StreamOf(options_.seed, Stream::kPoint, id);
    const bool modelled = book_.settled().size() >= start_ && space_.size() > 0;
    if (modelled) {
      double best = -std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < candidates_; ++i) {
        const Unit unit = good_.Draw(rng);
        const double score = good_.LogDensity(unit) - bad_.LogDensity(unit);
        if (score > best) {
          Point point = encoder_.ToPoint(unit);
          if (picker_.IsFree(point, book_, batch)) {
            best = score;
            suggestion.values = std::move(point);
          }
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
    suggestion.why.rule = modelled ? "random" : "start";
    suggestion.values = std::move(**point);
    return std::optional(std::move(suggestion));
  }

  const Encoder encoder_;
  const Sobol sobol_;
  const double sign_;
  const std::size_t start_;
  const std::size_t candidates_;
  std::vector<Unit> units_;   // of the settled trials, in their order
  std::vector<Rank> ranked_;  // best first
  Parzen good_;
  Parzen bad_;
};

}  // namespace

// Settings: start (10) points before the model; candidates (64) drawn for each suggestion.
Result<std::unique_ptr<Sampler>> MakeTpeSampler(const SearchSpace& space,
                                                const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {{"start", 2, 1e6}, {"candidates", 1, 1e4}});
      !known) {
    return known.error();
  }
  if (options.objectives.size() > 1 || !options.constraints.empty()) {
    return InvalidArgument(
        "sampler \"tpe\" has one objective and no outcome constraints; use \"bayes\"");
  }
  return std::unique_ptr<Sampler>(std::make_unique<TpeSampler>(space, options));
}

}  // namespace regatta::search
