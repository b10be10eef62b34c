// Decides which running trials end early, from their metric so far.
//
// Pure and deterministic: an EarlyStopper's decisions depend on the values (and the expectations)
// it was told alone, whatever the order between trials. Not thread-safe: the owner serialises the
// calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/sampler.h"
#include "regatta/search/trial.h"

namespace regatta::search {

// Whether to stop one trial, and by which comparison.
struct StopDecision {
  TrialId trial = 0;
  bool stop = false;
  std::string rule;  // StopperOptions::type; empty when the trial is unknown or does not run
  std::optional<std::int64_t>
      rung;                     // the number of values (or the resource) the comparison was made at
  std::optional<double> value;  // what was compared, in the metric's own sign; of "curve" a chance
  std::optional<double> threshold;  // what it was compared with, alike
  std::string reason;               // a sentence; empty when there was nothing to compare
  bool is_audit = false;            // the rule says stop, the trial runs on to test the rule
};

// A trial that has ended, stopped or not.
struct EndedTrial {
  double best = 0;        // of its values, in the metric's own sign
  bool is_audit = false;  // it ran to its end although the rule said stop (StopDecision)
};

// How often a rule would have been wrong, by the trials that it spared to be tested.
struct StopAudit {
  std::size_t audited = 0;
  std::size_t wrong = 0;  // those of them among the best tenth of all

  friend bool operator==(const StopAudit&, const StopAudit&) = default;
};

// Trials whose best is not finite do not count. Of fewer than ten, none is among the best tenth.
StopAudit CountWrongStops(std::span<const EndedTrial> ended, Goal goal);

class EarlyStopper {
 public:
  virtual ~EarlyStopper() = default;

  // The trial logged `value` at `resource`: the number of values so far, from 1, unless the sweep
  // counts another key. Values that are not finite are told too.
  virtual void Report(TrialId trial, std::int64_t resource, double value) = 0;

  // Only running trials are ever stopped; trials are running from their first report until told
  // otherwise. An ended trial's values go on counting for the others.
  virtual void SetRunning(TrialId trial, bool running) = 0;

  // The trial ended because the rule said stop, not by itself or by failing. Only "model" listens,
  // which looks back at whom it stopped.
  virtual void MarkStopped(TrialId /*trial*/) {}

  // Forgets the trial and its values.
  virtual void Forget(TrialId trial) = 0;

  // What a model expects of trials at full length (Sampler::ExpectedEnds); replaces what was said
  // before. Only the rule "model" listens, and only its wants_expectations() is true.
  virtual void Expect(std::span<const ExpectedEnd> /*ends*/) {}
  virtual bool wants_expectations() const { return false; }

  // Whether `trial` should stop now.
  virtual StopDecision Decide(TrialId trial) const = 0;

  // The running trials that should stop now, ascending by id. Thresholds move as others report, so
  // a trial that passed earlier may be among them.
  virtual std::vector<StopDecision> DecideAll() const = 0;
};

struct StopperOptions {
  // "hyperband", "asha", "model", "median" or "curve".
  std::string type = "hyperband";
  Goal goal = Goal::kMinimize;
  std::optional<std::int64_t> min_iter;
  std::optional<std::int64_t> max_iter;
  std::optional<std::int64_t> s;  // hyperband with max_iter: number of bands
  double eta = 3;
  bool strict = true;         // hyperband: compare the value at the band, not the best so far
  std::int64_t min_runs = 5;  // median
  double confidence = 0.95;   // curve
  // The share of trials that the rule spares, chosen by seed and id: StopDecision::is_audit.
  double audit = 0;
  std::uint64_t seed = 0;
};

// Errors: kInvalidArgument for an unknown type or a wrong field; the message names it.
Result<std::unique_ptr<EarlyStopper>> MakeStopper(const StopperOptions& options);

// Hyperband's bands, ascending: `min_iter` times powers of eta (100 of them), or `max_iter` divided
// by powers of eta (at most s, all >= 1). Errors: kInvalidArgument, e.g. when there is no band at
// all.
Result<std::vector<std::int64_t>> HyperbandBands(const StopperOptions& options);

}  // namespace regatta::search
