#include "regatta/search/analysis.h"
#include "regatta/base/count_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "candidate_search.h"
#include "encoder.h"
#include "outcome_model.h"
#include "point_picker.h"
#include "row_choice.h"
#include "sobol.h"
#include "trial_book.h"

namespace regatta::search {
namespace {

constexpr std::size_t kParticles = 4;
// Of a list of thousands a slice shows some.
constexpr std::int64_t kLevelsMax = 64;

SamplerOptions ForOneObjective(const SamplerOptions& options, std::size_t objective) {
  SamplerOptions one;
  one.seed = options.seed;
  one.objectives = {options.objectives[objective]};
  one.allowed = options.allowed;
  return one;
}

// What the trials are analysed by when some of them ended before their full length: a part's value
// is not comparable with a whole one's, and without the parts, which a rule stopped because they
// were bad, the bad regions would look unexplored. So they count with what the joint model of all
// curves (rung_model.h), the one that the sampler "bayes" proposes by, expects of them at the full
// length; their best so far, if that is better, since a best so far never gets worse. A trial that
// came within half a rung of the full length counts as it is.
void CompleteShortTrials(const SearchSpace& space, const Fidelity& fidelity,
                         const SamplerOptions& options, std::vector<Trial>& trials) {
  SamplerOptions with_curves = options;
  with_curves.fidelity = fidelity;
  const bool maximize = options.objectives.front().goal == Goal::kMaximize;
  const auto length_of = [&](const Trial& trial) -> std::optional<double> {
    const std::vector<Observation> curve = AtRungs(fidelity, maximize, trial.observations);
    return curve.empty() ? std::nullopt : std::optional(static_cast<double>(curve.back().step));
  };
  double full = fidelity.max ? static_cast<double>(*fidelity.max) : 0.0;
  if (!fidelity.max) {
    for (const Trial& trial : trials) {
      full = std::max(full, length_of(trial).value_or(0));
    }
  }
  const double half_a_rung = std::sqrt(std::max(fidelity.eta, kEtaMin));
  std::vector<std::size_t> shorts;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const std::optional<double> length = length_of(trials[i]);
    if (length && *length * half_a_rung < full) {
      shorts.push_back(i);
    }
  }
  if (shorts.empty()) {
    return;
  }
  const Encoder encoder(space);
  TrialBook book(space, 1);
  OutcomeModel model(space, with_curves, encoder, kParticles, false, false);
  std::vector<Unit> units;
  for (const Trial& trial : trials) {
    (void)book.Tell(trial);
  }
  for (const TrialId id : book.settled()) {
    units.push_back(encoder.ToUnit(book.trial(id).values));
  }
  model.Update(book, units, false);
  if (!model.ready()) {
    return;  // too few for any analysis
  }
  std::erase_if(shorts, [&](std::size_t i) { return !book.trials().contains(trials[i].id); });
  std::vector<Unit> short_units;
  for (const std::size_t i : shorts) {
    short_units.push_back(encoder.ToUnit(book.trial(trials[i].id).values));
  }
  const std::vector<double> ends = model.ExpectedAtEnd(short_units);
  for (std::size_t k = 0; k < shorts.size(); ++k) {
    double& value = trials[shorts[k]].objectives.front();
    value = maximize ? std::max(value, ends[k]) : std::min(value, ends[k]);
  }
}

// `sign` times an objective is lower the better it is.
FarOff BringNear(double sign, std::vector<Trial>& trials) {
  constexpr double kFar = 100;
  std::vector<double> losses;
  for (const Trial& trial : trials) {
    if (HasResult(trial, 1)) {
      losses.push_back(sign * trial.objectives.front());
    }
  }
  FarOff far_off;
  if (losses.empty()) {
    return far_off;
  }
  std::sort(losses.begin(), losses.end());
  const double median = Quantile(losses, 0.5);
  const double limit = median + kFar * (median - losses.front());
  if (!(limit > median)) {
    return far_off;  // half of them are equal
  }
  const double worst = *(std::upper_bound(losses.begin(), losses.end(), limit) - 1);
  far_off.counted_as = sign * worst;
  for (Trial& trial : trials) {
    if (HasResult(trial, 1) && sign * trial.objectives.front() > worst) {
      trial.objectives.front() = far_off.counted_as;
      ++far_off.results;
    }
  }
  return far_off;
}

}  // namespace

struct Analysis::State {
  State(const SearchSpace& of_space, const SamplerOptions& of_options)
      : space(of_space),
        options(of_options),
        encoder(space),
        book(space, 1),
        sobol(2 * space.size(), options.seed),
        points(space.size(), options.seed),
        model(space, options, encoder, kParticles, false, false),
        sign(options.objectives.front().goal == Goal::kMaximize ? -1.0 : 1.0) {}

  // Lower is better, in the metric's unit.
  std::vector<double> Means(std::span<const Unit> units) { return model.objective(0).Means(units); }

  Candidate Search(Rule rule) {
    Rng rng = StreamOf(options.seed, Stream::kAcquisition, ~std::uint64_t{0});
    const std::vector<Unit> seeds = model.Best(5);
    const std::vector<double> scales = model.Scales(0);
    const auto admit = [this](const Unit& unit) {
      return !options.allowed || options.allowed(encoder.ToPoint(unit));
    };
    const auto score = [&](std::span<const Unit> units, Effort effort,
                           std::vector<double>& scores) {
      if (rule == Rule::kImprovement) {
        model.Score(units, effort, rule, 0, scores);
        return;
      }
      // The predicted optimum: the mean, a little on the safe side.
      scores.clear();
      for (const Surrogate::Belief& belief : model.objective(0).At(units)) {
        scores.push_back(-belief.mean - 0.1 * belief.spread);
      }
    };
    SearchSettings settings;
    settings.candidates = 256;
    auto found = SearchCandidates(encoder, points, 0, seeds, scales, settings, admit, score, rng);
    for (const Unit& seed : seeds) {
      std::vector<double> scores;
      score({&seed, 1}, Effort::kAll, scores);
      found.push_back({seed, scores[0]});
    }
    SortByScore(found);
    return found.front();
  }

  std::vector<double> LevelsOf(std::size_t d, std::size_t count) const {
    std::vector<double> levels;
    if (encoder.kind(d) == DimensionKind::kContinuous) {
      for (std::size_t i = 0; i < count; ++i) {
        levels.push_back(count < 2 ? 0.5 : static_cast<double>(i) / static_cast<double>(count - 1));
      }
    } else {
      // Of a long list some, evenly over its length.
      const std::int64_t all = encoder.levels(d);
      const std::int64_t shown = std::min(all, kLevelsMax);
      for (std::int64_t i = 0; i < shown; ++i) {
        levels.push_back(encoder.LevelUnit(d, shown < 2 ? 0 : i * (all - 1) / (shown - 1)));
      }
    }
    return levels;
  }

  Predicted At(const Unit& unit) {
    const Surrogate::Belief belief = model.objective(0).At(unit);
    return {sign * belief.mean, belief.spread};
  }

  const SearchSpace space;
  const SamplerOptions options;
  const Encoder encoder;
  TrialBook book;
  const Sobol sobol;
  const Sobol points;
  OutcomeModel model;
  const double sign;
  FarOff far_off;
};

Analysis::Analysis(std::unique_ptr<State> state) : state_(std::move(state)) {}
Analysis::Analysis(Analysis&&) noexcept = default;
Analysis& Analysis::operator=(Analysis&&) noexcept = default;
Analysis::~Analysis() = default;

Result<Analysis> Analysis::Create(const SearchSpace& space, std::span<const Trial> trials,
                                  const SamplerOptions& options, std::size_t objective) {
  if (objective >= options.objectives.size()) {
    return InvalidArgument(fmt::format("there is no objective number {}", objective));
  }
  auto state = std::make_unique<State>(space, ForOneObjective(options, objective));
  const bool has_curves = options.fidelity && options.objectives.size() == 1;
  std::vector<Trial> finished;
  for (const Trial& trial : trials) {
    if (trial.state != TrialState::kFinished || objective >= trial.objectives.size()) {
      continue;
    }
    Trial one;
    one.id = trial.id;
    one.values = trial.values;
    one.state = trial.state;
    one.objectives = {trial.objectives[objective]};
    if (has_curves) {
      one.observations = trial.observations;
    }
    finished.push_back(std::move(one));
  }
  if (has_curves) {
    CompleteShortTrials(space, *options.fidelity, state->options, finished);
  }
  state->far_off = BringNear(state->sign, finished);
  for (const Trial& trial : finished) {
    // Trials that do not fit the space have nothing to say about it.
    (void)state->book.Tell(trial);
  }
  std::vector<Unit> units;
  for (const TrialId id : state->book.settled()) {
    units.push_back(state->encoder.ToUnit(state->book.trial(id).values));
  }
  state->model.Update(state->book, units, false);
  state->model.DropPending();
  if (!state->model.ready()) {
    return FailedPrecondition(
        fmt::format("{} in a space of {}: at least 4 results and one parameter are needed to "
                    "analyse",
                    CountText(units.size(), "result"), CountText(space.size(), "parameter")));
  }
  return Analysis(std::move(state));
}

const FarOff& Analysis::far_off() const { return state_->far_off; }

Importance Analysis::ParameterImportances() {
  State& s = *state_;
  const std::size_t d = s.space.size();
  // Saltelli's scheme: two independent samples A and B, and for each parameter A with B's column.
  constexpr std::size_t kSamples = 256;
  std::vector<Unit> a(kSamples, Unit(d));
  std::vector<Unit> b(kSamples, Unit(d));
  std::vector<double> u(2 * d);
  for (std::size_t i = 0; i < kSamples; ++i) {
    s.sobol.At(i, u);
    for (std::size_t k = 0; k < d; ++k) {
      a[i][k] = s.encoder.FromUniform(k, u[k]);
      b[i][k] = s.encoder.FromUniform(k, u[d + k]);
    }
  }
  const auto snapped = [&s](std::vector<Unit> units) {
    for (Unit& unit : units) {
      s.encoder.Snap(unit);
    }
    return units;
  };
  const std::vector<double> at_a = s.Means(snapped(a));
  const std::vector<double> at_b = s.Means(snapped(b));
  double mean = 0;
  for (std::size_t i = 0; i < kSamples; ++i) {
    mean += 0.5 * (at_a[i] + at_b[i]) / kSamples;
  }
  double variance = 0;
  for (std::size_t i = 0; i < kSamples; ++i) {
    variance += 0.5 * ((at_a[i] - mean) * (at_a[i] - mean) + (at_b[i] - mean) * (at_b[i] - mean)) /
                kSamples;
  }
  Importance importance;
  for (std::size_t k = 0; k < d; ++k) {
    std::vector<Unit> mixed = a;
    for (std::size_t i = 0; i < kSamples; ++i) {
      mixed[i][k] = b[i][k];
    }
    const std::vector<double> at_mixed = s.Means(snapped(std::move(mixed)));
    double alone = 0;
    double total = 0;
    for (std::size_t i = 0; i < kSamples; ++i) {
      alone += at_b[i] * (at_mixed[i] - at_a[i]) / kSamples;
      total += 0.5 * (at_a[i] - at_mixed[i]) * (at_a[i] - at_mixed[i]) / kSamples;
    }
    ParameterImportance one;
    one.parameter = k;
    one.total = variance > 0 ? std::clamp(total / variance, 0.0, 1.0) : 0.0;
    one.alone = variance > 0 ? std::clamp(alone / variance, 0.0, one.total) : 0.0;
    importance.parameters.push_back(one);
  }
  std::sort(importance.parameters.begin(), importance.parameters.end(),
            [](const ParameterImportance& left, const ParameterImportance& right) {
              return left.total > right.total ||
                     (left.total == right.total && left.parameter < right.parameter);
            });
  const Surrogate& surrogate = s.model.objective(0);
  for (std::size_t k = 0; k < surrogate.size(); ++k) {
    const std::vector<double> residuals = surrogate.member(k).LeaveOneOutResiduals();
    double squares = 0;
    for (const double residual : residuals) {
      squares += residual * residual;
    }
    // Warped values have variance 1.
    const std::vector<double>& values = surrogate.warp(k).values();
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const double explained =
        *least < *most ? 1 - squares / static_cast<double>(residuals.size()) : 0.0;  // of nothing
    importance.trust += std::clamp(explained, 0.0, 1.0) / static_cast<double>(surrogate.size());
  }
  return importance;
}

Predicted Analysis::PredictAt(const Point& point) {
  return state_->At(state_->encoder.ToUnit(point));
}

Result<std::vector<SlicePoint>> Analysis::Slice(std::size_t parameter, const Point& around,
                                                std::size_t points) {
  State& s = *state_;
  if (parameter >= s.space.size()) {
    return InvalidArgument(fmt::format("there is no parameter number {}", parameter));
  }
  Result<Point> centre = s.space.Normalize(around);
  if (!centre) {
    return centre.error();
  }
  const Unit base = s.encoder.ToUnit(*centre);
  std::vector<SlicePoint> slice;
  for (const double level : s.LevelsOf(parameter, points)) {
    Unit unit = base;
    unit[parameter] = level;
    s.encoder.Snap(unit);
    const Point point = s.encoder.ToPoint(unit);
    if (point[parameter]) {
      slice.push_back({*point[parameter], s.At(unit)});
    }
  }
  return slice;
}

Result<std::vector<ContourPoint>> Analysis::Contour(std::size_t first, std::size_t second,
                                                    const Point& around, std::size_t points) {
  State& s = *state_;
  if (first >= s.space.size() || second >= s.space.size() || first == second) {
    return InvalidArgument("a contour needs two different parameters of the space");
  }
  Result<Point> centre = s.space.Normalize(around);
  if (!centre) {
    return centre.error();
  }
  const Unit base = s.encoder.ToUnit(*centre);
  std::vector<ContourPoint> contour;
  for (const double x : s.LevelsOf(first, points)) {
    for (const double y : s.LevelsOf(second, points)) {
      Unit unit = base;
      unit[first] = x;
      unit[second] = y;
      s.encoder.Snap(unit);
      const Point point = s.encoder.ToPoint(unit);
      if (point[first] && point[second]) {
        contour.push_back({*point[first], *point[second], s.At(unit)});
      }
    }
  }
  return contour;
}

PredictedOptimum Analysis::Optimum() {
  const Candidate found = state_->Search(Rule::kConfidenceBound);
  return {state_->encoder.ToPoint(found.unit), state_->At(found.unit)};
}

Outlook Analysis::FurtherGain() {
  State& s = *state_;
  const Candidate found = s.Search(Rule::kImprovement);
  Explanation why;
  s.model.Explain(found.unit, why);
  std::vector<double> values;
  for (const TrialId id : s.book.settled()) {
    values.push_back(s.book.trial(id).objectives.front());
  }
  std::sort(values.begin(), values.end());
  const double spread = values[values.size() * 3 / 4] - values[values.size() / 4];
  Outlook outlook;
  outlook.expected_improvement = why.expected_improvement.value_or(0);
  outlook.share_of_spread = spread > 0 ? outlook.expected_improvement / spread : 0;
  outlook.gain_unlikely = outlook.share_of_spread < 0.01;
  return outlook;
}

}  // namespace regatta::search
