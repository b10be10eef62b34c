#include "outcome_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "acquisition.h"
#include "best_rows.h"
#include "normal.h"
#include "point_picker.h"
#include "row_choice.h"
#include "unit_scale.h"

namespace regatta::search {
namespace {

// Up to this many failures are imputed; more get a model of their own.
constexpr std::size_t kImputedMax = 4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What a failure counts as: below the worst by half of the range, as Vizier does.
double ImputedValue(double best, double worst) {
  const double value = worst + 0.5 * (worst - best);
  return std::isfinite(value) ? value : worst;
}

EnsembleSettings SideSettings(std::size_t particles, WarpKind warp = WarpKind::kAffine) {
  EnsembleSettings settings;
  settings.particles = particles;
  settings.warps = {warp};
  return settings;
}

}  // namespace

OutcomeModel::OutcomeModel(const SearchSpace& space, const SamplerOptions& options,
                           const Encoder& encoder, std::size_t particles, bool warps, bool bends)
    : space_(&space), options_(&options), encoder_(&encoder) {
  EnsembleSettings settings;
  settings.particles = particles;
  // Parts of learning curves have a model of their own for how values fall.
  settings.bends = bends && options.objectives.size() == 1 && !options.fidelity;
  if (!warps || options.objectives.size() > 1) {
    settings.warps = {WarpKind::kIdentity};
  }
  if (options.fidelity && options.objectives.size() == 1) {
    rungs_ = std::make_unique<RungModel>(space, options);
  }
  if (!rungs_ && options.objectives.size() == 1 && !options.earlier.empty()) {
    earlier_ = std::make_unique<EarlierKnowledge>(space, options, encoder);
  }
  const Encoder& seen = rungs_ ? rungs_->encoder() : encoder;
  std::uint64_t key = 0;
  for (std::size_t k = 0; k < options.objectives.size(); ++k) {
    objectives_.push_back(std::make_unique<Surrogate>(seen, options.seed, key++, settings));
  }
  for (std::size_t k = 0; k < options.constraints.size(); ++k) {
    constraints_.push_back(std::make_unique<Surrogate>(seen, options.seed, key++,
                                                       SideSettings(2, WarpKind::kAroundZero)));
  }
  cost_ = std::make_unique<Surrogate>(seen, options.seed, key++, SideSettings(1));
  failures_ = std::make_unique<Surrogate>(seen, options.seed, key++, SideSettings(2));
  has_priors_ = std::any_of(space.parameters().begin(), space.parameters().end(),
                            [](const Parameter& parameter) { return parameter.prior.has_value(); });
}

bool OutcomeModel::ready() const {
  return units_.size() >= kModelMin && space_->size() > 0 &&
         std::all_of(objectives_.begin(), objectives_.end(),
                     [](const auto& surrogate) { return surrogate->ready(); });
}

double OutcomeModel::ValueOf(const Trial& trial) const {
  if (!HasResult(trial, options_->objectives.size()) ||
      !MeetsConstraints(trial, options_->constraints)) {
    return kInfinity;
  }
  const bool maximize = options_->objectives.front().goal == Goal::kMaximize;
  return maximize ? -trial.objectives.front() : trial.objectives.front();
}

// Results, and a few failures at a value that warns.
void OutcomeModel::BuildHistory(const TrialBook& book, std::span<const Unit> units) {
  const std::size_t m = options_->objectives.size();
  units_.clear();
  y_.assign(m, {});
  feasible_.clear();
  failed_units_.clear();
  all_results_ = 0;
  const std::vector<TrialId>& settled = book.settled();
  settled_ = settled.size();
  for (std::size_t i = 0; i < settled.size(); ++i) {
    const Trial& trial = book.trial(settled[i]);
    if (!HasResult(trial, m)) {
      failed_units_.push_back(units[i]);
      continue;
    }
    ++all_results_;
    if (forgotten_ && trial.id <= *forgotten_) {
      continue;
    }
    units_.push_back(units[i]);
    for (std::size_t k = 0; k < m; ++k) {
      const bool maximize = options_->objectives[k].goal == Goal::kMaximize;
      y_[k].push_back(maximize ? -trial.objectives[k] : trial.objectives[k]);
    }
    feasible_.push_back(MeetsConstraints(trial, options_->constraints));
  }
  results_ = units_.size();
  any_feasible_ = std::find(feasible_.begin(), feasible_.end(), true) != feasible_.end();
  if (failed_units_.size() <= kImputedMax && results_ >= 2) {
    for (std::vector<double>& y : y_) {
      const auto [best, worst] = std::minmax_element(y.begin(), y.end());
      y.insert(y.end(), failed_units_.size(), ImputedValue(*best, *worst));
    }
    units_.insert(units_.end(), failed_units_.begin(), failed_units_.end());
    feasible_.insert(feasible_.end(), failed_units_.size(), false);
  }
}

void OutcomeModel::Update(const TrialBook& book, std::span<const Unit> units, bool history_changed,
                          std::optional<TrialId> forgotten) {
  if (forgotten != forgotten_) {
    for (const auto& objective : objectives_) {
      objective->Invalidate();
    }
    forgotten_ = forgotten;
  }
  BuildHistory(book, units);
  // Some of the models may have too few rows now: none of them may take its rows of then for those
  // of later.
  if (history_changed) {
    for (const auto& objective : objectives_) {
      objective->Invalidate();
    }
    InvalidateSides();
    if (rungs_) {
      rungs_->Invalidate();
    }
  }
  if (units_.size() < kModelMin || space_->size() == 0) {
    return;
  }
  if (rungs_) {
    const std::span<const Unit> failures = std::span<const Unit>(units_).subspan(results_);
    rungs_->Update(book, units, failures, *encoder_, history_changed, *objectives_.front());
    y_.front() = objectives_.front()->Means(Seen(units_));
    const std::vector<Unit> ends = Seen(units);
    // A longer trial moves the end, and with it every row there.
    const bool moved = rungs_->end() != seen_end_;
    seen_end_ = rungs_->end();
    if (moved) {
      InvalidateSides();
    }
    UpdateSide(book, ends, history_changed);
    UpdateFailures(book, ends, history_changed);
    return;
  }
  for (std::size_t k = 0; k < objectives_.size(); ++k) {
    objectives_[k]->Update(units_, y_[k], history_changed, units_.size() - results_);
  }
  if (earlier_) {
    // A search that begins afresh is not led to where earlier ones would lead it again.
    const std::size_t known = forgotten_ ? 0 : results_;
    earlier_->Weigh(std::span<const Unit>(units_).first(known),
                    std::span<const double>(y_.front()).first(known));
  }
  UpdateSide(book, units, history_changed);
  UpdateFailures(book, units, history_changed);
}

std::vector<Unit> OutcomeModel::Seen(std::span<const Unit> units) const {
  return rungs_ ? rungs_->AtEnd(units) : std::vector<Unit>(units.begin(), units.end());
}

Rows OutcomeModel::SeenRows(std::span<const Unit> units) const {
  return rungs_ ? Rows(rungs_->encoder(), rungs_->AtEnd(units)) : Rows(*encoder_, units);
}

void OutcomeModel::InvalidateSides() {
  for (const auto& constraint : constraints_) {
    constraint->Invalidate();
  }
  cost_->Invalidate();
  failures_->Invalidate();
}

void OutcomeModel::Release() {
  for (const auto* surrogates : {&objectives_, &constraints_}) {
    for (const auto& surrogate : *surrogates) {
      surrogate->Release();
    }
  }
  cost_->Release();
  if (earlier_) {
    earlier_->Release();
  }
  failures_->Release();
  scratch_ = {};
}

// Constraints (signed so that at most 0 is fine) and the logarithm of cost, where trials told them.
void OutcomeModel::UpdateSide(const TrialBook& book, std::span<const Unit> units,
                              bool history_changed) {
  has_constraint_model_ = !constraints_.empty();
  for (std::size_t c = 0; c < constraints_.size(); ++c) {
    std::vector<Unit> rows;
    std::vector<double> violations;
    for (std::size_t i = 0; i < units.size(); ++i) {
      const Trial& trial = book.trial(book.settled()[i]);
      if (c < trial.constraints.size() && std::isfinite(trial.constraints[c])) {
        const OutcomeConstraint& bound = options_->constraints[c];
        const double value = trial.constraints[c];
        rows.push_back(units[i]);
        const double violation = std::max(bound.max ? value - *bound.max : -kInfinity,
                                          bound.min ? *bound.min - value : -kInfinity);
        violations.push_back(Finite(violation));
      }
    }
    if (rows.size() < kModelMin) {
      has_constraint_model_ = false;
      continue;
    }
    constraints_[c]->Update(rows, violations, history_changed);
    has_constraint_model_ = has_constraint_model_ && constraints_[c]->ready();
  }
  has_cost_model_ = false;
  if (options_->cost_aware) {
    std::vector<Unit> rows;
    std::vector<double> logs;
    for (std::size_t i = 0; i < units.size(); ++i) {
      const Trial& trial = book.trial(book.settled()[i]);
      if (trial.cost && *trial.cost > 0 && std::isfinite(*trial.cost)) {
        rows.push_back(units[i]);
        logs.push_back(std::log(*trial.cost));
      }
    }
    if (rows.size() >= kModelMin) {
      cost_->Update(rows, logs, history_changed);
      has_cost_model_ = cost_->ready();
    }
  }
}

// The chance of failure: a process on -1 (worked) and +1 (failed).
void OutcomeModel::UpdateFailures(const TrialBook& book, std::span<const Unit> units,
                                  bool history_changed) {
  has_failure_model_ = false;
  if (failed_units_.size() <= kImputedMax || !ready()) {
    return;
  }
  std::vector<double> labels;
  for (const TrialId id : book.settled()) {
    labels.push_back(HasResult(book.trial(id), objectives_.size()) ? -1.0 : 1.0);
  }
  failures_->Update(units, labels, history_changed);
  has_failure_model_ = failures_->ready();
}

std::vector<Unit> OutcomeModel::Best(std::size_t count) const {
  const std::size_t wanted = std::min(count * objectives_.size(), results_);
  return Take<Unit>(units_, BestRows(y_, feasible_, results_, wanted));
}

std::vector<double> OutcomeModel::Scales(std::size_t chosen) const {
  std::vector<double> scales;
  for (const double log_scale : objectives_.front()->member(chosen).hyper().log_scale) {
    scales.push_back(std::exp(log_scale));
  }
  scales.resize(encoder_->dimensions());  // proposals have no resource
  return scales;
}

std::vector<double> OutcomeModel::ExpectedAtEnd(std::span<const Unit> units) const {
  std::vector<double> values = objectives_.front()->Means(Seen(units));
  if (options_->objectives.front().goal == Goal::kMaximize) {
    for (double& value : values) {
      value = -value;
    }
  }
  return values;
}

void OutcomeModel::Explain(const Unit& unit, Explanation& why) {
  const Surrogate& surrogate = *objectives_.front();
  const double sign = options_->objectives.front().goal == Goal::kMaximize ? -1.0 : 1.0;
  const Surrogate::Belief belief = surrogate.At(rungs_ ? rungs_->AtEnd(unit) : unit);
  why.predicted_value = sign * belief.mean;
  why.predicted_spread = belief.spread;
  const Rows point = SeenRows({&unit, 1});
  double success = 0;
  double improvement = 0;
  for (std::size_t i = 0; i < surrogate.size(); ++i) {
    double mean = 0;
    double variance = 0;
    surrogate.member(i).Predict(point, &mean, &variance, scratch_);
    const double best = bests_[i];
    success += NormalCdf((best - mean) / std::sqrt(variance));
    improvement +=
        std::exp(LogExpectedImprovement(mean, variance, best)) * surrogate.warp(i).Slope(best);
  }
  if (earlier_ && earlier_->share() > 0.005) {
    why.note = fmt::format("earlier searches count {:.0f}%", 100 * earlier_->share());
  }
  why.success_probability = success / static_cast<double>(surrogate.size());
  why.expected_improvement = improvement / static_cast<double>(surrogate.size());
}

}  // namespace regatta::search
