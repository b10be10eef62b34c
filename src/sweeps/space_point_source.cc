#include "regatta/sweeps/space_point_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "prepared_search.h"
#include "regatta/base/rng.h"
#include "regatta/search/grid.h"
#include "regatta/search/sampler.h"
#include "regatta/sweeps/search_options.h"
#include "rung_curve.h"
#include "trial_reader.h"

namespace regatta::sweeps {
namespace {

// Runs that join on their own are placed on a shuffled grid by a table; larger grids do without.
constexpr std::uint64_t kInverseSizeMax = 4'000'000;
constexpr int kInitialTriesMax = 1000;

// A sweep whose points come from elsewhere.
class ExternalSource : public PointSource {
 public:
  std::optional<std::uint64_t> grid_size() const override { return std::nullopt; }
  std::optional<std::uint64_t> NextGridPoint(std::uint64_t, std::uint64_t,
                                             std::uint64_t*) const override {
    return std::nullopt;
  }
  ProposedPoint GridPoint(std::uint64_t) const override { return {}; }
  std::optional<std::uint64_t> FindGridPoint(std::string_view) const override {
    return std::nullopt;
  }
  std::uint32_t initial_points() const override { return 0; }
  std::optional<ProposedPoint> InitialPoint(std::uint32_t) const override { return std::nullopt; }
  Result<std::optional<ProposedPoint>> Propose(std::uint32_t, std::uint64_t) override {
    return std::optional<ProposedPoint>();
  }
  void Tell(const TrialView&) override {}
};

class SpacePointSource : public PointSource {
 public:
  SpacePointSource(const SweepConfig& config, ParameterSpace space, search::SamplerOptions options)
      : reader_(config),
        space_(std::move(space)),
        seed_(options.seed),
        initial_(std::exchange(options.initial_points, {})) {
    if (options.fidelity) {
      curve_rules_ = {
          .fidelity = *options.fidelity,
          .is_maximized = !options.objectives.empty() &&
                          options.objectives.front().goal == search::Goal::kMaximize,
          .counts_steps = config.early_terminate && !config.early_terminate->resource.empty()};
    }
  }

  void UseGrid(search::Grid grid, bool is_shuffled) {
    grid_.emplace(std::move(grid));
    if (is_shuffled) {
      order_.emplace(grid_->size(), seed_);
    }
  }
  void UseSampler(std::unique_ptr<search::Sampler> sampler) { sampler_ = std::move(sampler); }
  // `draws` makes points while the search is not ready.
  void UsePrepared(std::unique_ptr<PreparedSearch> prepared,
                   std::unique_ptr<search::Sampler> draws) {
    prepared_ = std::move(prepared);
    draws_ = std::move(draws);
  }

  std::optional<std::uint64_t> grid_size() const override {
    return grid_ ? std::optional(grid_->size()) : std::nullopt;
  }

  std::optional<std::uint64_t> NextGridPoint(std::uint64_t from, std::uint64_t work_max,
                                             std::uint64_t* next) const override {
    const std::uint64_t end = from + std::min(grid_->size() - from, work_max);
    for (*next = from; *next < end; ++*next) {
      if (!space_.has_constraints() || space_.IsAllowed(grid_->At(IndexOf(*next)))) {
        return *next;
      }
    }
    return std::nullopt;
  }

  ProposedPoint GridPoint(std::uint64_t number) const override {
    return {ToJson(space_.ToRunConfig(grid_->At(IndexOf(number)))), number,
            fmt::format("Point {} of the grid of {}.", number + 1, grid_->size())};
  }

  std::optional<std::uint64_t> FindGridPoint(std::string_view args_json) const override {
    if (!grid_) {
      return std::nullopt;
    }
    const std::optional<search::Point> point = PointOf(args_json);
    return point ? NumberOf(*point) : std::nullopt;
  }

  std::uint32_t initial_points() const override {
    return static_cast<std::uint32_t>(initial_.size());
  }

  std::optional<ProposedPoint> InitialPoint(std::uint32_t index) const override {
    const std::optional<search::Point> point = Completed(index);
    if (!point) {
      return std::nullopt;
    }
    return ProposedPoint{ToJson(space_.ToRunConfig(*point)),
                         grid_ ? NumberOf(*point) : std::nullopt,
                         fmt::format("Initial point {} of the sweep file.", index + 1)};
  }

  Result<std::optional<ProposedPoint>> Propose(std::uint32_t group, std::uint64_t) override {
    if (prepared_ != nullptr) {
      return ProposePrepared(group);
    }
    if (sampler_ == nullptr) {
      return std::optional<ProposedPoint>();
    }
    const Result<std::vector<search::Suggestion>> suggested = sampler_->Suggest(group, 1);
    if (!suggested) {
      return suggested.error();
    }
    if (suggested->empty()) {
      return std::optional<ProposedPoint>();
    }
    const search::Suggestion& first = suggested->front();
    return std::optional(Proposed(first, search::Describe(first.why)));
  }

  void Prepare(std::uint32_t first, std::uint32_t stride, std::size_t count) override {
    if (prepared_ != nullptr) {
      prepared_->Prepare(first, stride, count);
    }
  }

  ExpectedEnds Expected() override {
    if (prepared_ != nullptr) {
      return prepared_->Expected();
    }
    if (sampler_ != nullptr && std::exchange(ends_are_old_, false)) {
      ends_ = std::make_shared<const std::vector<search::ExpectedEnd>>(sampler_->ExpectedEnds());
    }
    return ends_;
  }

  std::shared_ptr<Readiness> readiness() const override {
    return prepared_ == nullptr ? nullptr : prepared_->readiness();
  }

  void Tell(const TrialView& view) override {
    if (sampler_ == nullptr && prepared_ == nullptr) {
      return;  // a grid is covered by number alone
    }
    Told& told = told_[view.group];
    if (view.state == TrialView::State::kGone) {
      if (std::exchange(told.is_known, false)) {
        ForgetTrial(view.group);
      }
      told.values.reset();
      told.is_read = false;
      return;
    }
    search::Trial trial = reader_.Read(view);
    SetCurve(trial, view, told);
    // Whether a pending trial has begun is nothing that a search asks for.
    const bool is_same_state =
        told.state == trial.state || (IsOpen(told.state) && IsOpen(trial.state));
    const bool is_same = told.is_known && is_same_state && told.objectives == trial.objectives &&
                         told.constraints == trial.constraints && told.cost == trial.cost &&
                         IsSameCurve(told.observations, trial.observations);
    if (is_same) {
      return;
    }
    if (!std::exchange(told.is_read, true)) {
      told.values = PointOf(view.first->args_json);
    }
    if (!told.values) {
      return;  // it lies outside of this space: nothing to learn
    }
    trial.values = *told.values;
    told.state = trial.state;
    told.objectives = trial.objectives;
    told.constraints = trial.constraints;
    told.cost = trial.cost;
    told.observations = trial.observations;
    told.is_known = TellTrial(std::move(trial));
  }

 private:
  // What the sampler was last told of a group.
  struct Told {
    bool is_read = false;
    bool is_known = false;
    std::optional<search::Point> values;
    search::TrialState state = search::TrialState::kPending;
    std::vector<double> objectives;
    std::vector<double> constraints;
    std::optional<double> cost;
    std::vector<search::Observation> observations;  // at rungs
    RungCurve curve;
  };

  static bool IsSameCurve(const std::vector<search::Observation>& left,
                          const std::vector<search::Observation>& right) {
    return std::ranges::equal(left, right, [](const auto& a, const auto& b) {
      return a.step == b.step && a.value == b.value;
    });
  }

  static bool IsOpen(search::TrialState state) {
    return state == search::TrialState::kPending || state == search::TrialState::kRunning;
  }

  // Whether the search knows the trial now.
  bool TellTrial(search::Trial trial) {
    ends_are_old_ = true;
    if (prepared_ == nullptr) {
      return sampler_->Tell(trial).has_value();
    }
    (void)draws_->Tell(trial);
    prepared_->Tell(std::move(trial));
    return true;
  }

  void ForgetTrial(search::TrialId id) {
    ends_are_old_ = true;
    if (prepared_ == nullptr) {
      sampler_->Forget(id);
    } else {
      draws_->Forget(id);
      prepared_->Forget(id);
    }
  }

  ProposedPoint Proposed(const search::Suggestion& suggestion, std::string why) const {
    return {ToJson(space_.ToRunConfig(suggestion.values)), std::nullopt, std::move(why)};
  }

  bool IsTold(const search::Point& values) const {
    return std::ranges::any_of(told_,
                               [&](const auto& entry) { return entry.second.values == values; });
  }

  Result<std::optional<ProposedPoint>> ProposePrepared(std::uint32_t group) {
    const Result<std::optional<search::Suggestion>> taken = prepared_->Take(group);
    if (taken) {
      return *taken ? std::optional(Proposed(**taken, search::Describe((*taken)->why)))
                    : std::optional<ProposedPoint>();
    }
    if (taken.error().code != ErrorCode::kUnavailable) {
      return taken.error();
    }
    while (const std::optional<search::Suggestion> older = prepared_->TakeOlder()) {
      if (!IsTold(older->values)) {
        return std::optional(Proposed(
            *older, search::Describe(older->why) + " Chosen before the newest result was known."));
      }
    }
    const Result<std::vector<search::Suggestion>> drawn = draws_->Suggest(group, 1);
    if (!drawn || drawn->empty() || IsTold(drawn->front().values)) {
      return taken.error();
    }
    return std::optional(
        Proposed(drawn->front(), fmt::format("Point {} of a scrambled Sobol sequence, because the "
                                             "model was still taking in the newest results.",
                                             group)));
  }

  std::uint64_t IndexOf(std::uint64_t number) const { return order_ ? (*order_)(number) : number; }

  std::optional<std::uint64_t> NumberOf(const search::Point& point) const {
    const std::optional<std::uint64_t> index = grid_->IndexOf(point);
    if (!index || !order_) {
      return index;
    }
    if (grid_->size() > kInverseSizeMax) {
      return std::nullopt;
    }
    if (inverse_.empty()) {
      inverse_.resize(static_cast<std::size_t>(grid_->size()));
      for (std::uint64_t number = 0; number < grid_->size(); ++number) {
        inverse_[static_cast<std::size_t>((*order_)(number))] = number;
      }
    }
    return inverse_[static_cast<std::size_t>(*index)];
  }

  std::optional<search::Point> PointOf(std::string_view args_json) const {
    const Result<Value> config = ParseJson(args_json);
    if (!config) {
      return std::nullopt;
    }
    Result<search::Point> point = space_.FromRunConfig(*config);
    return point ? std::optional(*std::move(point)) : std::nullopt;
  }

  // The initial point with what it leaves out drawn at random; nothing if no draw was allowed.
  std::optional<search::Point> Completed(std::uint32_t index) const {
    const search::SearchSpace& space = space_.search_space();
    Rng rng = Rng(seed_, 0x696e6974).Split(index);  // "init"
    search::Point point;
    for (int tries = 0; tries < kInitialTriesMax; ++tries) {
      std::vector<double> u(space.size());
      for (double& coordinate : u) {
        coordinate = rng.UniformOpen();
      }
      point.assign(space.size(), std::nullopt);
      for (const std::size_t parameter : space.parents_first()) {
        if (space.IsActive(parameter, point)) {
          const auto& given = initial_[index][parameter];
          point[parameter] =
              given ? given : std::optional(space[parameter].distribution.Quantile(u[parameter]));
        }
      }
      if (space_.IsAllowed(point)) {
        return point;
      }
    }
    return std::nullopt;
  }

  // The curve of a run whose length matters. The mean of several runs has none.
  void SetCurve(search::Trial& trial, const TrialView& view, Told& told) const {
    if (curve_rules_ && view.history != nullptr && view.attempts.size() == 1) {
      trial.observations = told.curve.Read(*curve_rules_, view.attempts.front()->serial,
                                           *view.history, IsOpen(trial.state));
    }
  }

  // Constant after construction.
  const TrialReader reader_;
  const ParameterSpace space_;
  const std::uint64_t seed_;
  std::optional<CurveRules> curve_rules_;  // where a run's length matters
  const std::vector<search::Point> initial_;
  std::optional<search::Grid> grid_;
  std::optional<search::Permutation> order_;

  // None for a grid; one that answers at once; or one prepared in the background with draws beside
  // it, both told the same.
  std::unique_ptr<search::Sampler> sampler_;
  ExpectedEnds ends_;          // of sampler_
  bool ends_are_old_ = false;  // something was told since
  std::unique_ptr<PreparedSearch> prepared_;
  std::unique_ptr<search::Sampler> draws_;
  std::unordered_map<std::uint32_t, Told> told_;
  mutable std::vector<std::uint64_t> inverse_;  // grid index -> visiting number; made when wanted
};

search::EarlierSearch EarlierSearchOf(const EarlierSweep& sweep, const ParameterSpace& space) {
  search::EarlierSearch search;
  for (const EarlierSweep::Outcome& result : sweep.results) {
    const Result<Value> config = ParseJson(result.args_json);
    if (!config) {
      continue;
    }
    search::Point values = space.FromOtherConfig(*config);
    const bool is_related = std::ranges::any_of(
        values,
        [](const std::optional<search::ParameterValue>& value) { return value.has_value(); });
    if (is_related) {
      search.trials.push_back({.id = search.trials.size(),
                               .values = std::move(values),
                               .state = search::TrialState::kFinished,
                               .objectives = {result.value}});
    }
  }
  return search;
}

}  // namespace

bool IsSearchExternal(const SweepConfig& config) {
  const Value* engine = config.scheduler.is_map() ? config.scheduler.Find("engine")
                                                  : static_cast<const Value*>(nullptr);
  return config.method == SearchMethod::kCustom || config.controller == ControllerType::kLocal ||
         (engine != nullptr && !engine->is_null());
}

Result<std::unique_ptr<PointSource>> MakePointSource(const SweepConfig& config,
                                                     std::uint64_t default_seed,
                                                     Background background,
                                                     const std::vector<EarlierSweep>& earlier) {
  if (IsSearchExternal(config)) {
    return std::unique_ptr<PointSource>(std::make_unique<ExternalSource>());
  }
  Result<ParameterSpace> space = ParameterSpace::Build(config);
  if (!space) {
    return space.error();
  }
  Result<search::SamplerOptions> options = MakeSamplerOptions(config, *space, default_seed);
  if (!options) {
    return options.error();
  }
  for (const EarlierSweep& sweep : earlier) {
    options->earlier.push_back(EarlierSearchOf(sweep, *space));
  }
  auto source = std::make_unique<SpacePointSource>(config, *space, *options);
  const std::string name = SamplerName(config);
  if (name == "grid") {
    Result<search::Grid> grid = search::Grid::Create(space->search_space());
    if (!grid) {
      return grid.error();
    }
    source->UseGrid(*std::move(grid), options->shuffled);
    return std::unique_ptr<PointSource>(std::move(source));
  }
  options->initial_points.clear();
  Result<std::unique_ptr<search::Sampler>> sampler =
      search::MakeSampler(name, space->search_space(), *options);
  if (!sampler) {
    return sampler.error();
  }
  if (background.post == nullptr || name == "random" || name == "sobol") {
    source->UseSampler(*std::move(sampler));
    return std::unique_ptr<PointSource>(std::move(source));
  }
  options->settings.clear();  // they are the other sampler's
  Result<std::unique_ptr<search::Sampler>> draws =
      search::MakeSampler("sobol", space->search_space(), *options);
  if (!draws) {
    return draws.error();
  }
  const bool follows_ends =
      config.early_terminate && config.early_terminate->type == EarlyTerminateType::kModel;
  source->UsePrepared(
      std::make_unique<PreparedSearch>(*std::move(sampler), std::move(background), follows_ends),
      *std::move(draws));
  return std::unique_ptr<PointSource>(std::move(source));
}

}  // namespace regatta::sweeps
