#include "rung_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kRungCountMax = 64;

SearchSpace WithResource(const SearchSpace& space) {
  std::vector<Parameter> parameters = space.parameters();
  Parameter resource{"\x01resource", Distribution::Uniform(0, 1).value(), {}, {}};
  parameters.push_back(std::move(resource));
  return SearchSpace::Create(std::move(parameters)).value();
}

// How many of the first n trials the average fall is measured on. Between these numbers it stays,
// so that the rows of settled trials stay as well.
std::size_t MeasuredOf(std::size_t trials) {
  std::size_t measured = 4;
  if (trials < measured) {
    return 0;
  }
  while (measured + std::max<std::size_t>(2, measured / 3) <= trials) {
    measured += std::max<std::size_t>(2, measured / 3);
  }
  return measured;
}

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double RungAbove(const Fidelity& fidelity, std::int64_t resource) {
  const double eta = std::max(fidelity.eta, kEtaMin);
  auto rung = static_cast<double>(fidelity.min);
  while (rung <= static_cast<double>(resource)) {
    rung *= eta;
  }
  return rung;
}

std::vector<Observation> AtRungs(const Fidelity& fidelity, bool maximize,
                                 std::span<const Observation> observations, bool with_last) {
  std::vector<Observation> chosen;
  double rung = static_cast<double>(fidelity.min);
  double best = kInfinity;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  const Observation* newest = nullptr;
  for (const Observation& observation : observations) {
    const double loss = maximize ? -observation.value : observation.value;
    if (!std::isfinite(loss) || observation.step <= last) {
      continue;
    }
    last = observation.step;
    best = std::min(best, loss);
    newest = &observation;
    if (static_cast<double>(last) >= rung) {
      chosen.push_back({last, maximize ? -best : best});
      rung = RungAbove(fidelity, last);
    }
  }
  if (with_last && newest != nullptr && (chosen.empty() || chosen.back().step != newest->step)) {
    chosen.push_back({newest->step, maximize ? -best : best});
  }
  if (chosen.size() > kRungsMax) {
    std::vector<Observation> fewer;
    for (std::size_t k = 0; k < kRungsMax; ++k) {
      fewer.push_back(chosen[k * (chosen.size() - 1) / (kRungsMax - 1)]);
    }
    chosen = std::move(fewer);
  }
  return chosen;
}

std::vector<Observation> Counted(std::span<const Observation> observations) {
  std::vector<Observation> counted;
  for (const Observation& observation : observations) {
    if (std::isfinite(observation.value)) {
      counted.push_back({static_cast<std::int64_t>(counted.size()) + 1, observation.value});
    }
  }
  return counted;
}

RungModel::RungModel(const SearchSpace& space, const SamplerOptions& options)
    : fidelity_(*options.fidelity),
      maximize_(options.objectives.front().goal == Goal::kMaximize),
      space_(WithResource(space)),
      encoder_(space_),
      span_(fidelity_.max && *fidelity_.max > fidelity_.min
                ? std::log(static_cast<double>(*fidelity_.max) / static_cast<double>(fidelity_.min))
                : std::log(81.0)),
      log_eta_(std::log(std::max(fidelity_.eta, kEtaMin))) {}

double RungModel::Coordinate(double resource) const {
  return std::log(std::max(resource, 1.0) / static_cast<double>(fidelity_.min)) / span_;
}

std::size_t RungModel::RungOf(double resource) const {
  const double rung =
      std::log(std::max(resource, 1.0) / static_cast<double>(fidelity_.min)) / log_eta_;
  return static_cast<std::size_t>(
      std::clamp(std::nearbyint(rung), 0.0, static_cast<double>(kRungCountMax - 1)));
}

Unit RungModel::AtEnd(const Unit& unit) const {
  Unit wide = unit;
  wide.push_back(Coordinate(end_));
  return wide;
}

std::vector<Unit> RungModel::AtEnd(std::span<const Unit> units) const {
  std::vector<Unit> wide;
  wide.reserve(units.size());
  for (const Unit& unit : units) {
    wide.push_back(AtEnd(unit));
  }
  return wide;
}

// A settled trial ends with its objective, which counts at its last resource, or at full length if
// nothing else is known of it.
void RungModel::Append(const Trial& trial, const Unit& unit, std::size_t number,
                       std::vector<Row>& rows) {
  std::vector<Observation> curve = AtRungs(fidelity_, maximize_, trial.observations);
  if (trial.state == TrialState::kFinished) {
    if (curve.empty()) {
      // As a number of 64 bits, which the largest one is no more once it was a double.
      constexpr double kStepMax = 9e18;
      const auto longest = static_cast<std::int64_t>(std::min(longest_, kStepMax));
      curve.push_back({fidelity_.max.value_or(longest), 0});
    }
    curve.back().value = trial.objectives.front();
  }
  for (const Observation& observation : curve) {
    Row row;
    row.resource = static_cast<double>(std::max<std::int64_t>(observation.step, 1));
    row.unit = unit;
    row.unit.push_back(Coordinate(row.resource));
    row.y = maximize_ ? -observation.value : observation.value;
    row.trial = number;
    longest_ = std::max(longest_, row.resource);
    rows.push_back(std::move(row));
  }
}

// The median difference between neighbouring rungs of the same trial, which no selection of good
// trials can bias as a difference of averages would be; held back while few trials have both.
void RungModel::MeasureFall(std::size_t trials) {
  std::vector<std::vector<double>> falls(kRungCountMax);
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const Row& before = rows_[i - 1];
    if (row.trial >= trials || row.trial != before.trial) {
      continue;
    }
    const std::size_t from = RungOf(before.resource);
    const std::size_t to = RungOf(row.resource);
    for (std::size_t rung = from; rung < to; ++rung) {
      falls[rung].push_back((row.y - before.y) / static_cast<double>(to - from));
    }
  }
  fall_.assign(kRungCountMax, 0.0);
  double total = 0;
  for (std::size_t rung = kRungCountMax - 1; rung-- > 0;) {
    if (!falls[rung].empty()) {
      const auto count = static_cast<double>(falls[rung].size());
      const double median = Median(falls[rung]) * count / (count + 2);
      total += std::isfinite(median) ? median : 0.0;
    }
    fall_[rung] = total;
  }
}

double RungModel::Fall(double resource) const {
  if (fall_.empty()) {
    return 0;
  }
  const double rung =
      std::clamp(std::log(std::max(resource, 1.0) / static_cast<double>(fidelity_.min)) / log_eta_,
                 0.0, static_cast<double>(kRungCountMax - 1));
  const auto below = static_cast<std::size_t>(rung);
  const std::size_t above = std::min(below + 1, kRungCountMax - 1);
  const double share = rung - static_cast<double>(below);
  return fall_[below] + share * (fall_[above] - fall_[below]);
}

void RungModel::Update(const TrialBook& book, std::span<const Unit> units,
                       std::span<const Unit> failures, const Encoder& narrow, bool history_changed,
                       Surrogate& surrogate) {
  rows_.clear();
  longest_ = 1;
  std::size_t trials = 0;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const Trial& trial = book.trial(book.settled()[i]);
    if (HasResult(trial, 1)) {
      Append(trial, units[i], trials++, rows_);
    }
  }
  end_ = fidelity_.max ? static_cast<double>(*fidelity_.max) : longest_;
  const std::size_t measured = MeasuredOf(trials);
  if (measured != measured_ || !is_measured_ || history_changed) {
    MeasureFall(measured);
    measured_ = measured;
    is_measured_ = true;
    history_changed = true;
  }

  std::vector<Row> open;
  for (const auto& [id, pending] : book.open()) {
    const Trial& trial = book.trial(id);
    if (!trial.observations.empty()) {
      Append(trial, narrow.ToUnit(trial.values), trials, open);
    }
  }
  std::vector<Unit> row_units;
  std::vector<double> y;
  for (const auto* rows : {&rows_, &open}) {
    for (const Row& row : *rows) {
      row_units.push_back(row.unit);
      const double levelled = row.y + Fall(row.resource);
      y.push_back(std::isfinite(levelled) ? levelled : row.y);
    }
  }
  if (!failures.empty() && !y.empty()) {
    const auto [best, worst] = std::minmax_element(y.begin(), y.end());
    const double value = *worst + 0.5 * (*worst - *best);
    y.insert(y.end(), failures.size(), std::isfinite(value) ? value : *worst);
    const std::vector<Unit> wide = AtEnd(failures);
    row_units.insert(row_units.end(), wide.begin(), wide.end());
  }
  if (rows_.size() >= 2) {
    surrogate.Update(row_units, y, history_changed, row_units.size() - rows_.size());
  }
}

std::vector<double> RungModel::BestMeans(const Surrogate& surrogate,
                                         std::span<const Unit> units) const {
  std::vector<double> bests(surrogate.size(), kInfinity);
  if (units.empty()) {
    return bests;
  }
  const Rows points(encoder_, AtEnd(units));
  Posterior::Scratch scratch;
  std::vector<double> mean(units.size());
  for (std::size_t i = 0; i < bests.size(); ++i) {
    surrogate.member(i).Predict(points, mean.data(), nullptr, scratch);
    bests[i] = *std::min_element(mean.begin(), mean.end());
  }
  return bests;
}

}  // namespace regatta::search
