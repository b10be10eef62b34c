#include "regatta/sweeps/insights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "regatta/sweeps/search_options.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {
namespace {

// An objective and where an attempt keeps its value.
struct ObjectivePlace {
  std::string name;
  std::size_t entry = 0;  // in `metrics`
  search::Goal goal = search::Goal::kMinimize;
};

std::vector<ObjectivePlace> ObjectivesOf(const SweepConfig& config) {
  std::vector<ObjectivePlace> objectives;
  if (config.metric) {
    objectives.push_back({config.metric->name, 0, ToSearchGoal(config.metric->goal)});
  }
  for (std::size_t i = 0; i < config.metrics.size(); ++i) {
    if (config.metrics[i].is_objective()) {
      objectives.push_back({config.metrics[i].name, i, ToSearchGoal(config.metrics[i].goal)});
    }
  }
  return objectives;
}

std::string NamesOf(const std::vector<ObjectivePlace>& objectives) {
  std::string names;
  for (const ObjectivePlace& objective : objectives) {
    names += (names.empty() ? "" : ", ") + objective.name;
  }
  return names;
}

// FNV-1a over the bits.
class Fingerprint {
 public:
  void Add(std::uint64_t bits) {
    for (int shift = 0; shift < 64; shift += 8) {
      value_ = (value_ ^ ((bits >> shift) & 0xff)) * 0x100000001b3U;
    }
  }
  void Add(double number) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    Add(bits);
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

Value Number(double number) { return std::isfinite(number) ? Value::Float(number) : Value::Null(); }

void SetPredicted(Value& into, const search::Predicted& predicted) {
  into.Set("mean", Number(predicted.mean));
  into.Set("spread", Number(predicted.spread));
}

// The best tenth, and of the others every so many, in their order.
std::vector<const SweepResults::Outcome*> ChosenOf(const std::vector<SweepResults::Outcome>& all,
                                                   search::Goal goal) {
  std::vector<const SweepResults::Outcome*> chosen;
  for (const SweepResults::Outcome& outcome : all) {
    chosen.push_back(&outcome);
  }
  constexpr std::size_t kMax = SweepInsights::kResultsMax;
  if (chosen.size() <= kMax) {
    return chosen;
  }
  std::ranges::sort(chosen, [goal](const auto* left, const auto* right) {
    if (left->value == right->value) {
      return left->group < right->group;
    }
    return (goal == search::Goal::kMaximize) == (left->value > right->value);
  });
  constexpr std::size_t kBest = kMax / 10;
  std::vector<const SweepResults::Outcome*> kept(chosen.begin(), chosen.begin() + kBest);
  std::ranges::sort(chosen.begin() + kBest, chosen.end(), {}, &SweepResults::Outcome::group);
  const std::size_t rest = chosen.size() - kBest;
  for (std::size_t i = 0; i < kMax - kBest; ++i) {
    kept.push_back(chosen[kBest + i * rest / (kMax - kBest)]);
  }
  std::ranges::sort(kept, {}, &SweepResults::Outcome::group);
  return kept;
}

// `goal`: of the first objective, which stopping rules and `best` are about.
SweepResults::EarlyStops EarlyStopsOf(const std::vector<AttemptRecord>& attempts,
                                      search::Goal goal) {
  SweepResults::EarlyStops stops;
  std::vector<search::EndedTrial> ended;
  for (const AttemptRecord& attempt : attempts) {
    const bool is_stopped = attempt.state == AttemptState::kStoppedEarly;
    stops.stopped += is_stopped ? 1 : 0;
    if (attempt.best && (is_stopped || attempt.state == AttemptState::kFinished)) {
      ended.push_back(
          {*attempt.best, !is_stopped && attempt.stop_facts && attempt.stop_facts->is_audit});
    }
  }
  stops.audit = search::CountWrongStops(ended, goal);
  return stops;
}

}  // namespace

Result<SweepResults> ReadSweepResults(const tracking::Tables& tables, const SweepRow& row,
                                      std::string_view metric) {
  const SweepConfig config = InspectSweepConfig(row.config_text).config;
  const std::vector<ObjectivePlace> objectives = ObjectivesOf(config);
  if (objectives.empty()) {
    return FailedPrecondition(fmt::format(
        "sweep {} has no metric, so nothing can be said about its parameters: write `metric: "
        "{{name: ..., goal: ...}}` into its file",
        row.name));
  }
  const auto found = metric.empty() ? objectives.begin()
                                    : std::ranges::find(objectives, metric, &ObjectivePlace::name);
  if (found == objectives.end()) {
    return InvalidArgument(fmt::format("sweep {} has no objective \"{}\"; it has {}", row.name,
                                       metric.substr(0, 100), NamesOf(objectives)));
  }
  const Result<std::vector<PointRecord>> points = SweepsOf(tables).ListPoints(row.id);
  if (!points) {
    return points.error();
  }
  const Result<std::vector<AttemptRecord>> attempts = SweepsOf(tables).ListAttempts(row.id);
  if (!attempts) {
    return attempts.error();
  }
  // A single objective is the best of its history; several belong together in the summary.
  const auto value_of = [&](const AttemptRecord& attempt) {
    if (objectives.size() == 1) {
      return attempt.best;
    }
    return found->entry < attempt.outcomes.size() ? attempt.outcomes[found->entry] : std::nullopt;
  };
  struct Mean {
    const PointRecord* point = nullptr;
    std::uint32_t attempt = 0;
    bool is_stopped = false;
    double sum = 0;
    int count = 0;
  };
  std::map<std::uint32_t, Mean> groups;
  for (const PointRecord& point : *points) {
    if (!point.result || *point.result >= attempts->size()) {
      continue;
    }
    const std::optional<double> value = value_of((*attempts)[*point.result]);
    if (value && std::isfinite(*value)) {
      Mean& mean = groups[point.group];
      mean.point = &point;
      mean.attempt = *point.result;
      mean.is_stopped =
          mean.is_stopped || (*attempts)[*point.result].state == AttemptState::kStoppedEarly;
      mean.sum += *value;
      ++mean.count;
    }
  }
  SweepResults results{.metric = found->name,
                       .config_text = row.config_text,
                       .seed = row.seed,
                       .objective = static_cast<std::size_t>(found - objectives.begin()),
                       .outcomes = {},
                       .version = 0};
  Fingerprint fingerprint;
  fingerprint.Add(std::uint64_t{results.objective});
  for (const auto& [group, mean] : groups) {
    const double value = mean.sum / mean.count;
    results.outcomes.push_back({group, mean.point->args_json, value});
    if (mean.count == 1) {
      results.outcomes.back().attempt = mean.attempt;
    }
    results.has_stopped = results.has_stopped || mean.is_stopped;
    fingerprint.Add(std::uint64_t{group});
    fingerprint.Add(value);
  }
  results.early_stops = EarlyStopsOf(*attempts, objectives.front().goal);
  fingerprint.Add(std::uint64_t{results.early_stops.stopped});
  fingerprint.Add(std::uint64_t{results.early_stops.audit.audited});
  fingerprint.Add(std::uint64_t{results.early_stops.audit.wrong});
  results.version = fingerprint.value();
  return results;
}

Result<void> ReadCurves(const tracking::Tables& tables, SweepId sweep, SweepResults& results) {
  const SweepConfig config = InspectSweepConfig(results.config_text).config;
  const std::optional<search::Fidelity> fidelity = MakeFidelity(config);
  if (!results.has_stopped || !fidelity) {
    return Ok();
  }
  const Result<SweepRecords> records = SweepsOf(tables).Load(sweep);
  if (!records) {
    return records.error();
  }
  std::map<std::uint32_t, std::vector<search::Observation>> histories;
  for (const ValuesRecord& record : records->values) {
    std::vector<search::Observation>& history = histories[record.attempt];
    for (std::size_t i = 0; i < record.values.size(); ++i) {
      history.push_back({record.steps[i], record.values[i]});
    }
  }
  const bool counts_steps = !config.early_terminate->resource.empty();
  // There is one objective, else there is no fidelity.
  const bool maximizes = ObjectivesOf(config).front().goal == search::Goal::kMaximize;
  for (SweepResults::Outcome& outcome : results.outcomes) {
    const auto history = outcome.attempt ? histories.find(*outcome.attempt) : histories.end();
    if (history != histories.end()) {
      outcome.curve = search::AtRungs(
          *fidelity, maximizes, counts_steps ? history->second : search::Counted(history->second));
    }
  }
  return Ok();
}

Result<SweepInsights> SweepInsights::Create(const SweepResults& results) {
  const SweepConfig config = InspectSweepConfig(results.config_text).config;
  Result<ParameterSpace> space = ParameterSpace::Build(config);
  if (!space) {
    return FailedPrecondition(
        "the sweep's points come from elsewhere, and its file does not say "
        "from which space: " +
        space.error().message);
  }
  const Result<search::SamplerOptions> options = MakeSamplerOptions(config, *space, results.seed);
  if (!options) {
    return options.error();
  }
  std::vector<search::Trial> trials;
  const search::Goal goal = options->objectives[results.objective].goal;
  for (const SweepResults::Outcome* outcome : ChosenOf(results.outcomes, goal)) {
    const Result<Value> args = ParseJson(outcome->args_json);
    Result<search::Point> values =
        args ? space->FromRunConfig(*args) : Result<search::Point>(args.error());
    if (!values) {
      continue;  // a run from elsewhere that has no place in this space
    }
    search::Trial trial{
        .id = outcome->group, .values = *std::move(values), .state = search::TrialState::kFinished};
    trial.objectives.assign(options->objectives.size(), outcome->value);
    trial.observations = outcome->curve;
    trials.push_back(std::move(trial));
  }
  Result<search::Analysis> analysis =
      search::Analysis::Create(space->search_space(), trials, *options, results.objective);
  if (!analysis) {
    return analysis.error();
  }
  search::PredictedOptimum optimum = analysis->Optimum();
  return SweepInsights(results, *std::move(space), *std::move(analysis), std::move(optimum));
}

std::string SweepInsights::NameOf(std::size_t dimension) const {
  std::string name;
  for (const Leaf& leaf : space_.leaves()) {
    if (leaf.dimension == dimension) {
      name += (name.empty() ? "" : "+") + leaf.dotted;
    }
  }
  return name;
}

Value SweepInsights::ValueOf(std::size_t dimension, const search::ParameterValue& value) const {
  search::Point point(space_.search_space().size());
  point[dimension] = value;
  Value::List values;
  for (const Leaf& leaf : space_.leaves()) {
    if (leaf.dimension == dimension) {
      values.push_back(space_.ValueOf(leaf, point).value_or(Value::Null()));
    }
  }
  return values.size() == 1 ? std::move(values.front()) : Value::OfList(std::move(values));
}

Result<std::size_t> SweepInsights::Find(std::string_view name) const {
  std::string names;
  for (std::size_t dimension = 0; dimension < space_.search_space().size(); ++dimension) {
    const std::string own = NameOf(dimension);
    if (own == name) {
      return dimension;
    }
    names += (names.empty() ? "" : ", ") + own;
  }
  return InvalidArgument(fmt::format("the sweep varies no parameter \"{}\"; it varies {}",
                                     name.substr(0, 100), names));
}

Value SweepInsights::Summary() {
  const search::Importance importance = analysis_.ParameterImportances();
  Value parameters = Value::OfList({});
  Value slices = Value::OfList({});
  for (const search::ParameterImportance& one : importance.parameters) {
    Value parameter = Value::OfMap({});
    parameter.Set("name", Value::String(NameOf(one.parameter)));
    parameter.Set("alone", Number(one.alone));
    parameter.Set("total", Number(one.total));
    parameters.as_list().push_back(std::move(parameter));

    Value points = Value::OfList({});
    const auto slice = analysis_.Slice(one.parameter, optimum_.values);
    for (const search::SlicePoint& place : slice ? *slice : std::vector<search::SlicePoint>()) {
      Value point = Value::OfMap({});
      point.Set("value", ValueOf(one.parameter, place.value));
      SetPredicted(point, place.predicted);
      points.as_list().push_back(std::move(point));
    }
    Value entry = Value::OfMap({});
    entry.Set("parameter", Value::String(NameOf(one.parameter)));
    entry.Set("points", std::move(points));
    slices.as_list().push_back(std::move(entry));
  }
  Value ranking = Value::OfMap({});
  ranking.Set("trust", Number(importance.trust));
  ranking.Set("parameters", std::move(parameters));

  Value best = Value::OfMap({});
  for (std::size_t dimension = 0; dimension < optimum_.values.size(); ++dimension) {
    if (optimum_.values[dimension]) {
      best.Set(NameOf(dimension), ValueOf(dimension, *optimum_.values[dimension]));
    }
  }
  Value optimum = Value::OfMap({});
  optimum.Set("parameters", std::move(best));
  SetPredicted(optimum, optimum_.predicted);

  const search::Outlook gain = analysis_.FurtherGain();
  Value outlook = Value::OfMap({});
  outlook.Set("expected_improvement", Number(gain.expected_improvement));
  outlook.Set("share_of_spread", Number(gain.share_of_spread));
  outlook.Set("gain_unlikely", Value::Bool(gain.gain_unlikely));

  Value summary = Value::OfMap({});
  summary.Set("metric", Value::String(metric_));
  summary.Set("results", Value::Int(static_cast<std::int64_t>(results_)));
  if (const search::FarOff& far_off = analysis_.far_off(); far_off.results > 0) {
    Value far = Value::OfMap({});
    far.Set("results", Value::Int(static_cast<std::int64_t>(far_off.results)));
    far.Set("counted_as", Number(far_off.counted_as));
    summary.Set("far_off", std::move(far));
  }
  summary.Set("importance", std::move(ranking));
  summary.Set("optimum", std::move(optimum));
  summary.Set("outlook", std::move(outlook));
  if (early_stops_.stopped + early_stops_.audit.audited > 0) {
    Value stops = Value::OfMap({});
    const auto set = [&stops](std::string_view name, std::size_t count) {
      stops.Set(name, Value::Int(static_cast<std::int64_t>(count)));
    };
    set("stopped", early_stops_.stopped);
    set("audited", early_stops_.audit.audited);
    set("wrong", early_stops_.audit.wrong);
    summary.Set("early_stops", std::move(stops));
  }
  summary.Set("slices", std::move(slices));
  return summary;
}

Result<Value> SweepInsights::Contour(std::string_view first, std::string_view second) {
  const Result<std::size_t> x = Find(first);
  const Result<std::size_t> y = x ? Find(second) : x;
  if (!y) {
    return y.error();
  }
  const auto places = analysis_.Contour(*x, *y, optimum_.values);
  if (!places) {
    return places.error();
  }
  Value points = Value::OfList({});
  for (const search::ContourPoint& place : *places) {
    Value point = Value::OfMap({});
    point.Set("first", ValueOf(*x, place.first));
    point.Set("second", ValueOf(*y, place.second));
    SetPredicted(point, place.predicted);
    points.as_list().push_back(std::move(point));
  }
  Value contour = Value::OfMap({});
  contour.Set("first", Value::String(std::string(first)));
  contour.Set("second", Value::String(std::string(second)));
  contour.Set("points", std::move(points));
  return contour;
}

}  // namespace regatta::sweeps
