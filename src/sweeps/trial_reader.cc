#include "trial_reader.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace regatta::sweeps {
namespace {

constexpr std::string_view kSeconds = "seconds";

// The mean over the attempts that have a value; without any the trial stays as it is.
template <typename ValueOf>
void SetObjective(search::Trial& trial, const TrialView& view, ValueOf value_of) {
  double sum = 0;
  int count = 0;
  for (const AttemptRecord* attempt : view.attempts) {
    if (const std::optional<double> value = value_of(*attempt)) {
      sum += *value;
      ++count;
    }
  }
  if (count > 0) {
    trial.state = search::TrialState::kFinished;
    trial.objectives = {sum / count};
  }
}

// The mean over the attempts whose summaries hold the entry of `metrics`; NaN: none does.
double MeanOutcome(const TrialView& view, std::size_t entry) {
  double sum = 0;
  int count = 0;
  for (const AttemptRecord* attempt : view.attempts) {
    if (entry < attempt->outcomes.size() && attempt->outcomes[entry]) {
      sum += *attempt->outcomes[entry];
      ++count;
    }
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::vector<std::string> OutcomeKeys(const SweepConfig& config) {
  std::vector<std::string> keys;
  for (const MetricEntry& entry : config.metrics) {
    keys.push_back(entry.name);
  }
  if (!config.regatta.cost.empty() && config.regatta.cost != kSeconds) {
    keys.push_back(config.regatta.cost);
  }
  return keys;
}

TrialReader::TrialReader(const SweepConfig& config)
    : metric_(config.metric.value_or(MetricConfig{})),
      metrics_(config.metrics),
      is_cost_seconds_(config.regatta.cost == kSeconds),
      is_cost_logged_(!config.regatta.cost.empty() && !is_cost_seconds_) {}

search::Trial TrialReader::Read(const TrialView& view) const {
  using State = TrialView::State;
  search::Trial trial;
  trial.id = view.group;
  switch (view.state) {
    case State::kPending:
      trial.state = search::TrialState::kPending;
      break;
    case State::kRunning:
      trial.state = search::TrialState::kRunning;
      if (metric_.impute_while_running != ImputeWhileRunning::kNo) {
        SetObjective(trial, view, [](const AttemptRecord& attempt) { return attempt.best; });
      }
      break;
    case State::kFinished:
      trial.state = search::TrialState::kFailed;
      SetObjective(trial, view, [](const AttemptRecord& attempt) {
        const bool is_over = attempt.state == AttemptState::kFinished ||
                             attempt.state == AttemptState::kStoppedEarly;
        return is_over ? attempt.best : std::nullopt;
      });
      break;
    case State::kFailed:
      trial.state = search::TrialState::kFailed;
      if (metric_.impute != Impute::kWorst) {
        SetObjective(trial, view, [this](const AttemptRecord& attempt) {
          return metric_.impute == Impute::kLatest ? attempt.last : attempt.best;
        });
      }
      break;
    case State::kLost:
    case State::kGone:
      trial.state = search::TrialState::kLost;
      break;
  }
  if (!metrics_.empty()) {
    SetOutcomes(trial, view);
  }
  double cost = 0;
  for (const AttemptRecord* attempt : view.attempts) {
    cost += CostOf(*attempt).value_or(0);
  }
  if (cost > 0) {
    trial.cost = cost;
  }
  return trial;
}

// What a finished trial's summaries say of the list `metrics`. Of several objectives all are taken
// from there, so that they belong together; a single one stays the best of its history.
void TrialReader::SetOutcomes(search::Trial& trial, const TrialView& view) const {
  if (trial.state != search::TrialState::kFinished) {
    return;
  }
  const auto objectives = std::ranges::count_if(metrics_, &MetricEntry::is_objective);
  std::vector<double> values;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const double mean = MeanOutcome(view, i);
    if (!metrics_[i].is_objective()) {
      // An infinite outcome is as good as none; NaN would never equal what was told before.
      trial.constraints.push_back(std::isnan(mean) ? std::numeric_limits<double>::infinity()
                                                   : mean);
    } else if (std::isfinite(mean)) {
      values.push_back(mean);
    }
  }
  if (objectives <= 1) {
    return;
  }
  if (values.size() == static_cast<std::size_t>(objectives)) {
    trial.objectives = std::move(values);
  } else {
    trial.state = search::TrialState::kFailed;  // one of them was never logged
    trial.objectives.clear();
  }
}

std::optional<double> TrialReader::CostOf(const AttemptRecord& attempt) const {
  if (is_cost_seconds_ && attempt.offered_at && attempt.ended_at) {
    return std::chrono::duration<double>(*attempt.ended_at - *attempt.offered_at).count();
  }
  if (is_cost_logged_ && attempt.outcomes.size() > metrics_.size()) {
    const std::optional<double>& logged = attempt.outcomes[metrics_.size()];
    return logged && std::isfinite(*logged) && *logged > 0 ? logged : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace regatta::sweeps
