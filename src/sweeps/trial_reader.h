// What a search is told of a point: the results of its attempts as one trial.
//
// Immutable, thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "regatta/search/trial.h"
#include "regatta/sweeps/point_source.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// The keys of a run's summary that attempts keep (AttemptRecord::outcomes), in order: the entries
// of `metrics`, then the logged key that `regatta.cost` names, if it names one.
std::vector<std::string> OutcomeKeys(const SweepConfig& config);

class TrialReader {
 public:
  explicit TrialReader(const SweepConfig& config);

  // The trial without its place in the space (Trial::values). A run that ended well, or was stopped
  // early, counts with its best value, one that failed as the metric's `impute` says: with its best
  // or latest value, or as a failure that the search makes its own of. One that still runs has a
  // value only with `impute_while_running`. Repeats count with their mean, and cost their sum.
  search::Trial Read(const TrialView& view) const;

 private:
  void SetOutcomes(search::Trial& trial, const TrialView& view) const;
  std::optional<double> CostOf(const AttemptRecord& attempt) const;

  const MetricConfig metric_;
  const std::vector<MetricEntry> metrics_;  // the list; empty where the file has one metric
  const bool is_cost_seconds_;
  const bool is_cost_logged_;
};

}  // namespace regatta::sweeps
