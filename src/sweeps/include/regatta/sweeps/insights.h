// What the results of a sweep say about its parameters, in the sweep's own words: importance,
// slices and contours of the model, where the optimum is expected, and whether going on is likely
// to pay (search/analysis.h).
//
//   Result<SweepResults> results = ...;                       // inside a Read
//   store.Read([&](const tracking::Tables& tables) { results = ReadSweepResults(tables, row, "");
//   }); Result<SweepInsights> insights = SweepInsights::Create(*std::move(results));
//
// Reading is quick, Create takes as long as a fit of the model: milliseconds at a hundred results,
// seconds at a thousand. Neither touches the writer. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/analysis.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/store.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

// The results of a sweep as one snapshot has them.
struct SweepResults {
  struct Outcome {
    std::uint32_t group = 0;  // index of the first point with these values
    std::string args_json;
    double value = 0;                        // the mean over the repeats
    std::optional<std::uint32_t> attempt{};  // whose value it is; absent: of several repeats
    // At rungs, where ReadCurves has filled it in.
    std::vector<search::Observation> curve{};
  };
  std::string metric;
  std::string config_text;
  std::uint64_t seed = 0;
  std::size_t objective = 0;      // the metric's place among the sweep's objectives
  std::vector<Outcome> outcomes;  // by group
  // Some of them were stopped before their full length, so that curves matter.
  bool has_stopped = false;
  // What early_terminate has done, of runs that have ended.
  struct EarlyStops {
    std::size_t stopped = 0;
    search::StopAudit audit;  // of those that it spared to be tested
  };
  EarlyStops early_stops{};
  // Equal for equal results: what was computed from them need not be computed again.
  std::uint64_t version = 0;
};

// `metric` is one of the sweep's objectives; empty: the first. Errors: kFailedPrecondition if the
// sweep has no metric; kInvalidArgument for one that it does not have, naming those that it has.
Result<SweepResults> ReadSweepResults(const tracking::Tables& tables, const SweepRow& row,
                                      std::string_view metric);

// Fills in the curves of the outcomes if some of them were stopped; else does nothing. Reads every
// value that the sweep's runs have logged of the metric.
Result<void> ReadCurves(const tracking::Tables& tables, SweepId sweep, SweepResults& results);

class SweepInsights {
 public:
  // Of more than `kResultsMax` results the best tenth and an even choice of the others are looked
  // at. With curves, a run that was stopped early counts with what the model of the curves expects
  // of it at full length (search::Analysis::Create); without them, with its best value. Errors:
  // kFailedPrecondition with fewer than 4 results, or where nothing varies.
  static Result<SweepInsights> Create(const SweepResults& results);
  static constexpr std::size_t kResultsMax = 500;

  // {"metric", "results", "far_off": {"results", "counted_as"} unless there are none
  // (search::FarOff),
  //  "importance": {"trust", "parameters": [{"name", "alone", "total"}]},
  //  "optimum": {"parameters", "mean", "spread"},
  //  "outlook": {"expected_improvement", "share_of_spread", "gain_unlikely"},
  //  "early_stops": {"stopped", "audited", "wrong"} unless all are 0,
  //  "slices": [{"parameter", "points": [{"value", "mean", "spread"}]}]}
  // Slices run through the predicted optimum, the most important parameter first; parameters that
  // are not active there have no points. Lists that move together (zip) are one parameter called
  // "a+b", whose values are lists. Numbers that are none are null.
  Value Summary();

  // {"first", "second", "points": [{"first", "second", "mean", "spread"}]} over a lattice through
  // the predicted optimum. Errors: kInvalidArgument for a name that is no varying parameter, or
  // twice the same.
  Result<Value> Contour(std::string_view first, std::string_view second);

 private:
  SweepInsights(const SweepResults& results, ParameterSpace space, search::Analysis analysis,
                search::PredictedOptimum optimum)
      : metric_(results.metric),
        results_(results.outcomes.size()),
        early_stops_(results.early_stops),
        space_(std::move(space)),
        analysis_(std::move(analysis)),
        optimum_(std::move(optimum)) {}

  std::string NameOf(std::size_t dimension) const;
  Value ValueOf(std::size_t dimension, const search::ParameterValue& value) const;
  Result<std::size_t> Find(std::string_view name) const;

  std::string metric_;
  std::size_t results_;
  SweepResults::EarlyStops early_stops_;
  ParameterSpace space_;
  search::Analysis analysis_;
  search::PredictedOptimum optimum_;
};

}  // namespace regatta::sweeps
