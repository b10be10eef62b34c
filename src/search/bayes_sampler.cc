// Bayesian optimisation: a model of the outcomes proposes the points that promise most.
//
// The recipe: an ensemble of Gaussian processes (surrogate.h) over all parameters, conditional ones
// included; trials alternate between expected improvement (log scale, averaged over the ensemble)
// and a confidence bound, both inside a trust region that opens as results come in and polished
// along their slopes; open trials narrow the variance where they are; failures of the configuration
// lower a separate chance of success.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "book_sampler.h"
#include "candidate_search.h"
#include "encoder.h"
#include "outcome_model.h"
#include "prior_draw.h"
#include "restarts.h"
#include "samplers.h"
#include "sobol.h"
#include "trust_region.h"

namespace regatta::search {
namespace {

constexpr std::uint64_t kEnumerateMax = 4096;
// Of more points than this, not all are looked at by the full model.
constexpr std::size_t kSiftedMin = 256;
// From this many open trials on, proposals are chosen to differ.
constexpr std::size_t kCrowd = 4;
constexpr std::size_t kManyRows = 256;
// The model sees no more open trials than this; what is asked for beside them is spread over the
// space. Each makes the next one dearer.
constexpr std::size_t kPendingMax = 512;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Earlier searches lend their best points, each search one in turn, as the first to be tried.
SamplerOptions WithEarlierBest(SamplerOptions options) {
  constexpr std::size_t kLentMax = 4;
  std::vector<std::vector<const Trial*>> ranked;
  for (const EarlierSearch& search : options.earlier) {
    std::vector<const Trial*> results;
    for (const Trial& trial : search.trials) {
      if (HasResult(trial, 1)) {
        results.push_back(&trial);
      }
    }
    const bool maximize = options.objectives.front().goal == Goal::kMaximize;
    std::sort(results.begin(), results.end(), [maximize](const Trial* a, const Trial* b) {
      const double left = maximize ? -a->objectives.front() : a->objectives.front();
      const double right = maximize ? -b->objectives.front() : b->objectives.front();
      return left < right || (left == right && a->id < b->id);
    });
    ranked.push_back(std::move(results));
  }
  std::size_t lent = 0;
  for (std::size_t rank = 0; rank < 2; ++rank) {
    for (const auto& results : ranked) {
      if (rank < results.size() && lent < kLentMax) {
        options.initial_points.push_back(results[rank]->values);
        ++lent;
      }
    }
  }
  return options;
}

class BayesSampler : public BookSampler {
 public:
  BayesSampler(const SearchSpace& space, const SamplerOptions& options)
      : BookSampler(space, WithEarlierBest(options)),
        encoder_(space_),
        sobol_(space_.size(), options_.seed),
        start_(static_cast<std::size_t>(SettingOr(
            options_, "start", std::clamp(1 + static_cast<double>(space_.size()) / 2, 4.0, 8.0)))),
        bound_share_(SettingOr(options_, "bound_share", 0.5)),
        restarting_(SettingOr(options_, "restarts", 1) != 0 && options_.objectives.size() == 1 &&
                    !options_.fidelity && !CanEnumerate()),
        restarts_(space_.size()),
        trust_(SettingOr(options_, "trust", 1) != 0),
        model_(space_, options_, encoder_,
               static_cast<std::size_t>(SettingOr(options_, "particles", 8)),
               SettingOr(options_, "warps", 0) != 0, SettingOr(options_, "bends", 1) != 0) {}

  Result<void> Tell(const Trial& trial) override {
    const bool had_curve = HasCurve(trial.id);
    if (Result<void> told = BookSampler::Tell(trial); !told) {
      return told;
    }
    curves_changed_ = curves_changed_ || had_curve || HasCurve(trial.id);
    return Ok();
  }

  void Forget(TrialId id) override {
    curves_changed_ = curves_changed_ || HasCurve(id);
    BookSampler::Forget(id);
  }

  void Refresh() override {
    const std::vector<TrialId>& settled = book_.settled();
    const bool rewritten = TakeRewritten();
    if (rewritten) {
      settled_units_.clear();
      restarts_ = Restarts(space_.size());
    } else if (settled_units_.size() == settled.size() && !released_ && !curves_changed_) {
      return;
    }
    released_ = false;
    curves_changed_ = false;
    for (std::size_t i = settled_units_.size(); i < settled.size(); ++i) {
      const Trial& trial = book_.trial(settled[i]);
      settled_units_.push_back(encoder_.ToUnit(trial.values));
      if (restarting_) {
        restarts_.Take(trial.id, model_.ValueOf(trial));
      }
    }
    model_.Update(book_, settled_units_, rewritten, restarts_.forgotten());
  }

  void Release() override {
    model_.Release();
    listed_ = {};
    released_ = true;
  }

  Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) override {
    Refresh();
    model_.DropPending();
    const bool modelled = model_.ready();
    if (modelled) {
      std::vector<Unit> open_units;
      for (const auto& [id, open] : book_.open()) {
        if (open_units.size() == kPendingMax) {
          break;
        }
        open_units.push_back(encoder_.ToUnit(book_.trial(id).values));
      }
      model_.AddPending(open_units);
    }
    return InTurn(first_id, count, [&](TrialId id, const Batch& batch) {
      Result<std::optional<Suggestion>> one = One(id, batch, modelled);
      const bool is_last = id - first_id + 1 == count;
      if (one && *one && modelled && !is_last && model_.pending().size() < kPendingMax) {
        const Unit unit = encoder_.ToUnit((*one)->values);
        model_.AddPending({&unit, 1});
      }
      return one;
    });
  }

  std::vector<ExpectedEnd> ExpectedEnds() override {
    Refresh();
    model_.DropPending();
    if (!options_.fidelity || options_.objectives.size() > 1 || !model_.ready()) {
      return {};
    }
    std::vector<ExpectedEnd> ends;
    std::vector<Unit> units;
    for (std::size_t i = 0; i < settled_units_.size(); ++i) {
      if (HasResult(book_.trial(book_.settled()[i]), 1)) {
        ends.push_back({.trial = book_.settled()[i]});
        units.push_back(settled_units_[i]);
      }
    }
    for (const auto& [id, open] : book_.open()) {
      ends.push_back({.trial = id});
      units.push_back(encoder_.ToUnit(book_.trial(id).values));
    }
    const std::vector<double> values = model_.ExpectedAtEnd(units);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      ends[i].value = values[i];
    }
    return ends;
  }

 private:
  struct Listed {
    Unit unit;
    std::string key;
  };

  // Whether observations of the trial are part of the model.
  bool HasCurve(TrialId id) const {
    const auto found = book_.trials().find(id);
    return options_.fidelity && found != book_.trials().end() &&
           !found->second.observations.empty();
  }

  // Whether each point of the space is looked at for each proposal.
  bool CanEnumerate() const { return picker_.points() && *picker_.points() <= kEnumerateMax; }

  Rule ChooseRule(TrialId id) const {
    Rng rng = StreamOf(options_.seed, Stream::kChoice, id);
    const double u = rng.Uniform();
    if (model_.pending().size() >= kCrowd) {
      if (options_.objectives.size() > 1) {
        return Rule::kOneMember;
      }
      return u < 0.5 ? Rule::kExplore : u < 0.75 ? Rule::kOneMember : Rule::kImprovement;
    }
    // Evenly spread over the trials: every (1 / share)-th is a confidence bound.
    const auto place = static_cast<double>(id);
    return std::floor((place + 1) * bound_share_) > std::floor(place * bound_share_)
               ? Rule::kConfidenceBound
               : Rule::kImprovement;
  }

  // Two open trials a hair's breadth apart would learn the same thing.
  bool IsBesidePending(const Unit& unit, double apart) const {
    return std::any_of(model_.pending().begin(), model_.pending().end(), [&](const Unit& other) {
      // Most differ much in the first number already.
      for (std::size_t d = 0; d < unit.size(); ++d) {
        if (unit[d] >= 0 && other[d] >= 0 && std::abs(unit[d] - other[d]) >= apart) {
          return false;
        }
      }
      return UnitDistance(encoder_, unit, other) < apart;
    });
  }

  std::vector<Candidate> Propose(TrialId id, Rule rule, const Batch& batch) {
    Rng rng = StreamOf(options_.seed, Stream::kAcquisition, id);
    const std::size_t chosen = rng.Below(64);
    const auto score = [&](std::span<const Unit> units, Effort effort,
                           std::vector<double>& scores) {
      model_.Score(units, effort, rule, chosen, scores);
    };
    if (CanEnumerate()) {
      SearchSettings settings;
      settings.survivors = kSiftedMin;
      return SiftCandidates(FreePoints(batch), settings, score);
    }
    // Workers that ask one at a time want the best place, who asks for many at once wants them
    // spread.
    const double apart = batch.empty() ? 0.001 : 0.01;
    const TrustRegion region(encoder_, model_.rows(), model_.pending(), trust_);
    const auto admit = [&](const Unit& unit) {
      return region.Holds(unit) && !IsBesidePending(unit, apart) &&
             (!options_.allowed || options_.allowed(encoder_.ToPoint(unit)));
    };
    SearchSettings settings;
    const bool crowded = model_.pending().size() >= kCrowd;
    if (crowded || model_.rows().size() > kManyRows) {
      // Where many are open, spreading them matters more than the last digit of each; where results
      // are many, each candidate costs much.
      settings.candidates = 256;
      settings.survivors = 32;
      settings.rounds = 5;
      settings.climbers = 8;
    }
    const bool polished = !crowded || batch.empty();
    const std::vector<Unit> seeds = model_.Best(5);
    const std::vector<double> scales = model_.Scales(chosen);
    const auto score_slopes = [&](std::span<const Unit> units, std::vector<double>& scores,
                                  std::vector<Unit>& derivatives) {
      model_.ScoreSlopes(units, rule, chosen, scores, derivatives);
    };
    const auto box = [&](const Unit& unit, Unit& low, Unit& high) { region.Box(unit, low, high); };
    const Slopes slopes{score_slopes, box};
    return SearchCandidates(encoder_, sobol_, 1'000'000 + id * settings.candidates, seeds, scales,
                            settings, admit, score, rng,
                            polished && model_.HasSlopes(rule) ? &slopes : nullptr);
  }

  // The points of a space that CanEnumerate, in the grid's order.
  const std::vector<Listed>& AllPoints() {
    if (listed_.empty()) {
      const Result<Grid> grid = Grid::Create(space_, GridValues::kLevels);
      for (std::uint64_t i = 0; grid && i < grid->size(); ++i) {
        const Point point = grid->At(i);
        if (picker_.IsOpen(point)) {
          listed_.push_back({encoder_.ToUnit(point), space_.Key(point)});
        }
      }
    }
    return listed_;
  }

  std::vector<Unit> FreePoints(const Batch& batch) {
    std::vector<Unit> units;
    for (const Listed& point : AllPoints()) {
      if (!book_.IsTaken(point.key) && !batch.contains(point.key)) {
        units.push_back(point.unit);
      }
    }
    return units;
  }

  Result<std::optional<Suggestion>> One(TrialId id, const Batch& batch, bool modelled) {
    if (std::optional<Suggestion> initial = NextInitial(batch)) {
      return initial;
    }
    Suggestion suggestion = Blank(batch);
    const std::optional<TrialId> forgotten = restarts_.forgotten();
    if (forgotten) {
      suggestion.why.trials_known = model_.results();
    }
    const bool starting = TrialsAfter(forgotten) + batch.size() < start_;
    const bool crowded_out = model_.pending().size() >= kPendingMax;
    if (!starting && modelled && !crowded_out) {
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
    const auto draw = [&](std::size_t attempt, std::vector<double>& u) {
      if (attempt == 0) {
        sobol_.At(id, u);
        if (!forgotten) {
          DrawFromPriors(rng, u);
        }
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
    suggestion.why.rule = !modelled || starting ? "start"
                          : crowded_out         ? "spread beside very many open trials"
                                                : "random";
    NoteRestart(suggestion.why);
    suggestion.values = std::move(**point);
    return std::optional(std::move(suggestion));
  }

  // Parameters with a prior start where the user believes a good value lies.
  void DrawFromPriors(Rng& rng, std::vector<double>& u) const {
    for (std::size_t d = 0; d < u.size(); ++d) {
      if (space_[d].prior) {
        u[d] = DrawFromPrior(space_, encoder_, d, u[d], rng);
      }
    }
  }

  // How many there are, of which ones up to `forgotten` do not count.
  std::size_t TrialsAfter(std::optional<TrialId> forgotten) const {
    const auto& trials = book_.trials();
    return forgotten ? static_cast<std::size_t>(
                           std::distance(trials.upper_bound(*forgotten), trials.end()))
                     : trials.size();
  }

  void NoteRestart(Explanation& why) const {
    if (const std::optional<TrialId> forgotten = restarts_.forgotten()) {
      why.note = fmt::format("begun afresh after trial {}", *forgotten);
    }
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
    if (options_.objectives.size() > 1) {
      why.rule = "expected hypervolume improvement";
    }
    model_.Explain(unit, why);
    NoteRestart(why);
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

  const Encoder encoder_;
  const Sobol sobol_;
  const std::size_t start_;
  const double bound_share_;
  const bool restarting_;
  Restarts restarts_;
  const bool trust_;
  OutcomeModel model_;
  std::vector<Unit> settled_units_;  // those the model has seen
  std::vector<Listed> listed_;       // empty: not asked for yet
  bool released_ = false;
  bool curves_changed_ = false;
};

}  // namespace

// Settings: particles (8) members of the ensemble; warps (0) half of them on ranked outputs, unless
// the evidence is against it; bends (1) each member's outputs bent as its evidence says; start (1 +
// d/2, between 4 and 8) points before the model; bound_share (0.5) of confidence bounds; trust (1)
// region on; restarts (1) after a thousand results where the search stands still.
Result<std::unique_ptr<Sampler>> MakeBayesSampler(const SearchSpace& space,
                                                  const SamplerOptions& options) {
  if (Result<void> known = CheckSettings(options, {{"particles", 1, 64},
                                                   {"warps"},
                                                   {"bends"},
                                                   {"start", 2, 1e6},
                                                   {"bound_share"},
                                                   {"trust"},
                                                   {"restarts"}});
      !known) {
    return known.error();
  }
  return std::unique_ptr<Sampler>(std::make_unique<BayesSampler>(space, options));
}

}  // namespace regatta::search
