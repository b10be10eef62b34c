// CMA-ES for all kinds of parameters: numbers by a normal distribution whose covariance follows the
// landscape (cma_gaussian.h), unordered lists by categorical ones (cma_categorical.h), with
// restarts that alternate between large and small populations (Hansen 2009, "Benchmarking a
// BI-population CMA-ES on the BBOB-2009 function testbed"; Auger and Hansen 2005 for growing ones
// alone).
//
// Asynchronous: every settled trial, whoever proposed it, belongs to the generation that is being
// filled when it arrives, in the order told; a full generation moves the distribution. So the state
// is a function of seed and told results, and any number of trials may be open.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "book_sampler.h"
#include "cma_categorical.h"
#include "cma_gaussian.h"
#include "encoder.h"
#include "samplers.h"

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A run whose values differ by less than this share of themselves has converged.
constexpr double kFlat = 1e-9;
constexpr std::size_t kTries = 64;
// A population is never larger, however many restarts there were.
constexpr std::size_t kLargestPopulation = 4096;

// Lower is better; the first that differs decides. A result that meets the constraints comes before
// those that do not (by how much they miss), and those before failures (Deb 2000, "An efficient
// constraint handling method for genetic algorithms").
struct Rank {
  int kind = 0;  // 0: meets the constraints, 1: does not, 2: no result
  double value = 0;

  bool operator<(const Rank& other) const {
    return kind != other.kind ? kind < other.kind : value < other.value;
  }
};

Rank RankOf(const Trial& trial, const SamplerOptions& options) {
  if (!HasResult(trial, 1)) {
    return {2, 0};
  }
  double violation = 0;
  for (std::size_t c = 0; c < options.constraints.size(); ++c) {
    const OutcomeConstraint& bound = options.constraints[c];
    const double value = c < trial.constraints.size() ? trial.constraints[c] : std::nan("");
    if (!std::isfinite(value)) {
      return {1, kInfinity};
    }
    violation += std::max(
        {0.0, value - bound.max.value_or(kInfinity), bound.min.value_or(-kInfinity) - value});
  }
  if (violation > 0) {
    return {1, violation};
  }
  const bool maximize = options.objectives.front().goal == Goal::kMaximize;
  return {0, maximize ? -trial.objectives.front() : trial.objectives.front()};
}

// Positions of the ranks, best first; equal ones stay in order.
std::vector<std::size_t> Order(const std::vector<Rank>& ranks) {
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&ranks](std::size_t a, std::size_t b) {
    return ranks[a] < ranks[b] || (!(ranks[b] < ranks[a]) && a < b);
  });
  return order;
}

// Cells of a dimension that has levels.
CellFunction CellsOf(const SearchSpace& space, const Encoder& encoder, std::size_t d) {
  const Distribution& distribution = space[d].distribution;
  const auto between = [](auto place, std::int64_t level, std::int64_t count) {
    return LevelCell{level == 0 ? -kInfinity : 0.5 * (place(level - 1) + place(level)),
                     level + 1 >= count ? kInfinity : 0.5 * (place(level) + place(level + 1))};
  };
  if (encoder.kind(d) == DimensionKind::kLattice) {
    return [&encoder, d, between](double x) {
      const auto place = [&](std::int64_t level) { return encoder.LevelUnit(d, level); };
      return between(place, encoder.UnitLevel(d, x), encoder.levels(d));
    };
  }
  if (!distribution.level_count()) {
    return {};
  }
  // Many levels, which the encoder rounds to.
  const std::int64_t count = *distribution.level_count();
  const double shift =
      distribution.kind() == DistributionKind::kIntUniform ? 0.5 / static_cast<double>(count) : 0.0;
  return [&distribution, count, shift, between](double x) {
    const auto place = [&](std::int64_t level) {
      return distribution.Cdf(distribution.Level(level)) - shift;
    };
    const double inside = std::clamp(x, 0.0, 1.0);
    return between(place, distribution.LevelOf(distribution.Quantile(inside)), count);
  };
}

class CmaesSampler : public BookSampler {
 public:
  CmaesSampler(const SearchSpace& space, const SamplerOptions& options)
      : BookSampler(space, options),
        encoder_(space_),
        restarts_(static_cast<int>(SettingOr(options_, "restarts", 2))),
        first_sigma_(SettingOr(options_, "sigma", 0.3)) {
    for (std::size_t d = 0; d < space_.size(); ++d) {
      if (encoder_.kind(d) == DimensionKind::kCategory) {
        categories_.push_back(d);
      } else {
        numbers_.push_back(d);
        cells_.push_back(CellsOf(space_, encoder_, d));
      }
    }
    const double usual =
        4 + std::floor(3 * std::log(std::max<double>(1, static_cast<double>(space_.size()))));
    first_population_ = static_cast<std::size_t>(SettingOr(options_, "population", usual));
    Reset();
  }

  void Refresh() override {
    if (TakeRewritten()) {
      Reset();
    }
    for (; seen_ < book_.settled().size(); ++seen_) {
      generation_.push_back(book_.settled()[seen_]);
      if (generation_.size() >= population_) {
        Step();
        generation_.clear();
      }
    }
  }

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    Refresh();
    return InTurn(first_id, count,
                  [this](TrialId id, const Batch& batch) { return One(id, batch); });
  }

 private:
  // Where the first run starts: around what the user believes, else around the best of earlier
  // searches, else the middle.
  CmaGaussian::Start FirstStart() const {
    CmaGaussian::Start start;
    start.sigma = first_sigma_;
    start.mean.assign(numbers_.size(), 0.5);
    start.scale.assign(numbers_.size(), 1.0);
    WarmStart(start);
    for (std::size_t k = 0; k < numbers_.size(); ++k) {
      const auto& prior = space_[numbers_[k]].prior;
      if (prior) {
        Point point(space_.size());
        point[numbers_[k]] = prior->value;
        start.mean[k] = std::clamp(encoder_.ToUnit(point)[numbers_[k]], 0.0, 1.0);
        start.scale[k] = prior->spread / first_sigma_;
      }
    }
    return start;
  }

  // Mean and spread of the best tenth of each earlier search (after Nomura et al. 2021, "Warm
  // starting CMA-ES for hyperparameter optimization", with a diagonal covariance).
  void WarmStart(CmaGaussian::Start& start) const {
    std::vector<Unit> best;
    for (const EarlierSearch& search : options_.earlier) {
      std::vector<Rank> ranks;
      std::vector<const Trial*> trials;
      for (const Trial& trial : search.trials) {
        if (HasResult(trial, 1) && trial.values.size() == space_.size()) {
          // Constraints of this search were nothing to an earlier one.
          const bool maximize = options_.objectives.front().goal == Goal::kMaximize;
          ranks.push_back(trial.constraints.empty() ? Rank{0, maximize ? -trial.objectives.front()
                                                                       : trial.objectives.front()}
                                                    : RankOf(trial, options_));
          trials.push_back(&trial);
        }
      }
      const std::vector<std::size_t> order = Order(ranks);
      for (std::size_t i = 0; i < (order.size() + 9) / 10; ++i) {
        best.push_back(encoder_.ToUnit(trials[order[i]]->values));
      }
    }
    constexpr double kBlur = 0.1;
    for (std::size_t k = 0; k < numbers_.size(); ++k) {
      double sum = 0;
      double squares = 0;
      double count = 0;
      for (const Unit& unit : best) {
        if (unit[numbers_[k]] >= 0) {
          sum += unit[numbers_[k]];
          squares += unit[numbers_[k]] * unit[numbers_[k]];
          ++count;
        }
      }
      if (count > 0) {
        start.mean[k] = sum / count;
        const double variance = std::max(0.0, squares / count - start.mean[k] * start.mean[k]);
        start.scale[k] = std::min(1.0, std::sqrt(variance + kBlur * kBlur) / first_sigma_);
      }
    }
  }

  std::vector<std::vector<double>> FirstProbabilities(bool with_priors) const {
    std::vector<std::vector<double>> lists;
    for (const std::size_t d : categories_) {
      const Distribution& distribution = space_[d].distribution;
      const auto& given = distribution.spec().probabilities;
      auto& list = lists.emplace_back(static_cast<std::size_t>(encoder_.levels(d)), 0.0);
      double sum = 0;
      for (std::size_t k = 0; k < list.size(); ++k) {
        const auto& equal = distribution.spec().first_equal;
        const bool repeated = !equal.empty() && equal[k] != static_cast<std::int64_t>(k);
        list[k] = repeated ? 0 : given.empty() ? 1.0 : given[k];
        const auto& prior = space_[d].prior;
        if (with_priors && prior && AsNumber(prior->value) == static_cast<double>(k)) {
          list[k] *= prior->odds;
        }
        sum += list[k];
      }
      for (double& probability : list) {
        probability /= sum;
      }
    }
    return lists;
  }

  void Reset() {
    seen_ = 0;
    generation_.clear();
    run_ = 0;
    large_ = 0;
    large_budget_ = 0;
    small_budget_ = 0;
    small_limit_ = 0;
    small_ = false;
    StartRun(first_population_, FirstStart(), true);
  }

  void StartRun(std::size_t population, const CmaGaussian::Start& start, bool first) {
    population_ = population;
    generations_ = 0;
    history_.clear();
    gaussian_.emplace(cells_, population, start);
    categorical_.emplace(FirstProbabilities(first));
    weights_ = RecombinationWeights(population, numbers_.size()).weights;
  }

  void Restart() {
    ++run_;
    Rng rng = StreamOf(options_.seed, Stream::kModel, run_).Split(1);
    CmaGaussian::Start start;
    start.sigma = first_sigma_;
    for (std::size_t k = 0; k < numbers_.size(); ++k) {
      start.mean.push_back(rng.Uniform());
    }
    const auto grown = [this] {
      const auto factor = std::size_t{1} << std::min<std::size_t>(large_, 12);
      return std::min(first_population_ * factor, kLargestPopulation);
    };
    // The regime that has used less goes next.
    small_ = restarts_ >= 2 && large_ > 0 && small_budget_ < large_budget_;
    if (!small_) {
      ++large_;
      small_limit_ = 0;
      StartRun(grown(), start, false);
      return;
    }
    const double u = rng.Uniform();
    const double ratio =
        0.5 * static_cast<double>(grown()) / static_cast<double>(first_population_);
    const double population =
        static_cast<double>(first_population_) * std::pow(std::max(1.0, ratio), u * u);
    start.sigma = first_sigma_ * std::pow(10.0, -2 * rng.Uniform());
    small_limit_ = large_budget_ / 2;
    StartRun(static_cast<std::size_t>(population), start, false);
  }

  // One generation of the told trials.
  void Step() {
    std::vector<Rank> ranks;
    for (const TrialId id : generation_) {
      ranks.push_back(RankOf(book_.trial(id), options_));
    }
    const std::vector<std::size_t> order = Order(ranks);
    (small_ ? small_budget_ : large_budget_) += order.size();
    if (ranks[order.front()].kind == 2) {
      return;  // nothing but failures tells no direction
    }
    std::vector<CmaGaussian::Row> rows;
    std::vector<CmaCategorical::Row> items;
    for (const std::size_t place : order) {
      const TrialId id = generation_[place];
      const Unit unit = encoder_.ToUnit(book_.trial(id).values);
      CmaGaussian::Row& row = rows.emplace_back();
      for (const std::size_t d : numbers_) {
        row.x.push_back(unit[d]);
        row.active.push_back(unit[d] != kInactive);
      }
      Rng rng = StreamOf(options_.seed, Stream::kModel, id);
      gaussian_->Complete(row, rng);
      CmaCategorical::Row& item = items.emplace_back();
      for (const std::size_t d : categories_) {
        item.push_back(unit[d] == kInactive ? std::nullopt
                                            : std::optional(static_cast<std::size_t>(unit[d])));
      }
    }
    gaussian_->Update(rows);
    categorical_->Update(items, weights_);
    ++generations_;
    history_.push_back({ranks[order.front()], ranks[order[order.size() / 2]]});
    // A distribution that cannot be sampled any more is over whatever the settings say.
    if (gaussian_->is_spent() || (restarts_ > 0 && IsRunOver())) {
      Restart();
    }
  }

  // Hansen 2009, section 2.1: flat, stagnant, or spent.
  bool IsRunOver() const {
    if (gaussian_->is_spent() ||
        (small_ && small_limit_ > 0 && generations_ * population_ > small_limit_)) {
      return true;
    }
    const double share =
        30.0 * static_cast<double>(space_.size()) / static_cast<double>(population_);
    const auto flat = static_cast<std::size_t>(10 + std::ceil(share));
    if (history_.size() >= flat) {
      Rank low = history_.back().best;
      Rank high = low;
      for (std::size_t i = history_.size() - flat; i < history_.size(); ++i) {
        low = std::min(low, history_[i].best);
        high = std::max(high, history_[i].best);
      }
      high = std::max(high, history_.back().median);
      if (low.kind == high.kind &&
          (low.value == high.value || high.value - low.value <= kFlat * std::abs(low.value))) {
        return true;
      }
    }
    const auto generations = static_cast<double>(history_.size());
    const auto window = static_cast<std::size_t>(120 + share + 0.2 * generations);
    if (history_.size() < window) {
      return false;
    }
    const auto middle = [&](std::size_t from, std::size_t count, Rank Generation::* member) {
      std::vector<Rank> ranks;
      for (std::size_t i = from; i < from + count; ++i) {
        ranks.push_back(history_[i].*member);
      }
      std::nth_element(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(count / 2),
                       ranks.end());
      return ranks[count / 2];
    };
    const std::size_t third = window * 3 / 10;
    const std::size_t old = history_.size() - window;
    const std::size_t fresh = history_.size() - third;
    return !(middle(fresh, third, &Generation::best) < middle(old, third, &Generation::best)) &&
           !(middle(fresh, third, &Generation::median) < middle(old, third, &Generation::median));
  }

  Result<std::optional<Suggestion>> One(TrialId id, const Batch& batch) {
    if (std::optional<Suggestion> initial = NextInitial(batch)) {
      return initial;
    }
    Suggestion suggestion = Blank(batch);
    Rng rng = StreamOf(options_.seed, Stream::kPoint, id);
    for (std::size_t attempt = 0; attempt < kTries; ++attempt) {
      const std::vector<double> numbers = gaussian_->Draw(rng);
      const std::vector<std::size_t> items = categorical_->Draw(rng);
      Unit unit(space_.size());
      for (std::size_t k = 0; k < numbers_.size(); ++k) {
        unit[numbers_[k]] = std::clamp(numbers[k], 0.0, 1.0);
      }
      for (std::size_t k = 0; k < categories_.size(); ++k) {
        unit[categories_[k]] = static_cast<double>(items[k]);
      }
      encoder_.Snap(unit);
      Point point = encoder_.ToPoint(unit);
      if (picker_.IsFree(point, book_, batch)) {
        suggestion.why.rule = "evolution strategy";
        suggestion.why.note =
            fmt::format("run {}, generation {} of {} trials, step {:.3g}", run_ + 1,
                        generations_ + 1, population_, gaussian_->sigma());
        suggestion.values = std::move(point);
        return std::optional(std::move(suggestion));
      }
    }
    Result<std::optional<Point>> point = picker_.PickRandom(book_, batch, rng);
    if (!point) {
      return point.error();
    }
    if (!*point) {
      return std::optional<Suggestion>();
    }
    suggestion.why.rule = "random";
    suggestion.values = std::move(**point);
    return std::optional(std::move(suggestion));
  }

  struct Generation {
    Rank best;
    Rank median;
  };

  const Encoder encoder_;
  const int restarts_;
  const double first_sigma_;
  std::size_t first_population_ = 4;
  std::vector<std::size_t> numbers_;  // dimensions of the space, by kind
  std::vector<std::size_t> categories_;
  std::vector<CellFunction> cells_;

  std::optional<CmaGaussian> gaussian_;
  std::optional<CmaCategorical> categorical_;
  std::vector<double> weights_;
  std::size_t population_ = 4;
  std::size_t generations_ = 0;  // of this run
  std::vector<Generation> history_;
  std::uint64_t run_ = 0;
  std::size_t large_ = 0;         // restarts with a grown population
  bool small_ = false;            // this run is one of the small regime
  std::size_t large_budget_ = 0;  // trials used by each regime
  std::size_t small_budget_ = 0;
  std::size_t small_limit_ = 0;

  std::vector<TrialId> generation_;  // the one being filled
  std::size_t seen_ = 0;             // settled trials that the state knows
};

}  // namespace

// Settings: population (4 + 3 ln d) trials a generation; sigma (0.3) first step as a share of the
// range; restarts (2): 0 never, 1 with growing populations, 2 alternating with small ones.
Result<std::unique_ptr<Sampler>> MakeCmaesSampler(const SearchSpace& space,
                                                  const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(
          options, {{"population", 4, kLargestPopulation}, {"sigma", 1e-6, 1}, {"restarts", 0, 2}});
      !known) {
    return known.error();
  }
  if (options.objectives.size() > 1) {
    return InvalidArgument("sampler \"cmaes\" has one objective; use \"bayes\"");
  }
  return std::unique_ptr<Sampler>(std::make_unique<CmaesSampler>(space, options));
}

}  // namespace regatta::search
