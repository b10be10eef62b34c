// Asynchronous successive halving, stopping variant (Li et al. 2020, "A system for massively
// parallel hyperparameter tuning"; η, r = min_iter and R = max_iter as there).
//
// Rung k is r·η^k. A trial is compared at the highest rung it has reached, by its best value up to
// there, with the best 1/η of all that reached it. A rung decides once 2η trials have reached it,
// ties survive, and the trial that is best at any rung is never stopped.
//
// The rule "model" decides from η trials on, and spares those of which the search's model of
// learning curves (rung_model.h) expects enough in the end: prospects.h says how much.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "regatta/base/count_text.h"

#include "prospects.h"
#include "stoppers.h"

namespace regatta::search {
namespace {

class AshaStopper : public EarlyStopper {
 public:
  AshaStopper(std::vector<std::int64_t> rungs, const StopperOptions& options, bool asks_model)
      : rungs_(std::move(rungs)),
        sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        eta_(options.eta),
        asks_model_(asks_model),
        count_min_(asks_model ? eta_ : 2 * eta_),
        at_rung_(rungs_.size()) {}

  void Report(TrialId id, std::int64_t resource, double value) override {
    Run& run = runs_[id];
    if (!std::isfinite(value)) {
      run.invalid += run.best.empty() && !std::isfinite(run.best_so_far) ? 1 : 0;
      return;
    }
    run.best_so_far = std::min(run.best_so_far, sign_ * value);
    while (run.best.size() < rungs_.size() && rungs_[run.best.size()] <= resource) {
      auto& values = at_rung_[run.best.size()];
      values.insert(std::upper_bound(values.begin(), values.end(), run.best_so_far),
                    run.best_so_far);
      run.best.push_back(run.best_so_far);
    }
  }

  void SetRunning(TrialId id, bool running) override {
    runs_[id].running = running;
    runs_[id].stopped = runs_[id].stopped && !running;
  }

  void MarkStopped(TrialId id) override { runs_[id].stopped = true; }

  void Forget(TrialId id) override {
    const auto found = runs_.find(id);
    if (found == runs_.end()) {
      return;
    }
    for (std::size_t rung = 0; rung < found->second.best.size(); ++rung) {
      auto& values = at_rung_[rung];
      values.erase(std::lower_bound(values.begin(), values.end(), found->second.best[rung]));
    }
    runs_.erase(found);
  }

  StopDecision Decide(TrialId id) const override {
    StopDecision decision;
    decision.trial = id;
    const auto found = runs_.find(id);
    if (found == runs_.end() || !found->second.running) {
      return decision;
    }
    const Run& run = found->second;
    decision.rule = asks_model_ ? "model" : "asha";
    if (run.best.empty()) {
      if (run.invalid >= rungs_.front()) {
        decision.stop = true;
        decision.rung = rungs_.front();
        decision.reason = fmt::format("none of its {} is a finite number",
                                      CountText(static_cast<std::uint64_t>(run.invalid), "value"));
      }
      return decision;
    }
    const std::size_t rung = run.best.size() - 1;
    const auto& values = at_rung_[rung];
    const auto count = static_cast<double>(values.size());
    decision.rung = rungs_[rung];
    decision.value = sign_ * run.best[rung];
    if (count < count_min_) {
      decision.reason = fmt::format("only {} trials have reached {} so far, {:g} are needed",
                                    values.size(), rungs_[rung], std::ceil(count_min_));
      return decision;
    }
    const auto kept = static_cast<std::size_t>(std::max(1.0, std::floor(count / eta_)));
    const double threshold = values[kept - 1];
    decision.threshold = sign_ * threshold;
    decision.stop = run.best[rung] > threshold && !LeadsSomewhere(run);
    decision.reason = fmt::format("its best value {:.6g} up to {} is {} the best {} of {} ({:.6g})",
                                  *decision.value, rungs_[rung],
                                  run.best[rung] > threshold ? "not among" : "among", kept,
                                  values.size(), *decision.threshold);
    if (decision.stop) {
      SpareIfPromising(id, rung, decision);
    }
    return decision;
  }

  void Expect(std::span<const ExpectedEnd> ends) override {
    ends_.clear();
    for (const ExpectedEnd& end : ends) {
      if (asks_model_ && std::isfinite(end.value)) {
        ends_[end.trial] = sign_ * end.value;
      }
    }
  }
  bool wants_expectations() const override { return asks_model_; }

  std::vector<StopDecision> DecideAll() const override {
    std::vector<StopDecision> stops;
    for (const auto& [id, run] : runs_) {
      if (StopDecision decision = Decide(id); decision.stop) {
        stops.push_back(std::move(decision));
      }
    }
    return stops;
  }

 private:
  struct Run {
    bool running = true;
    bool stopped = false;  // by this rule
    std::int64_t invalid = 0;
    double best_so_far = std::numeric_limits<double>::infinity();
    std::vector<double> best;  // at each rung it has reached
  };

  bool LeadsSomewhere(const Run& run) const {
    for (std::size_t rung = 0; rung < run.best.size(); ++rung) {
      if (run.best[rung] <= at_rung_[rung].front()) {
        return true;
      }
    }
    return false;
  }

  // Takes a stop back if the model expects enough of the trial (prospects.h).
  void SpareIfPromising(TrialId id, std::size_t rung, StopDecision& decision) const {
    const auto own = ends_.find(id);
    if (own == ends_.end()) {
      return;
    }
    Prospects prospects;
    prospects.own = own->second;
    for (const auto& [other, end] : ends_) {  // older ones have smaller ids
      prospects.all.push_back(end);
      const auto found = runs_.find(other);
      if (found == runs_.end()) {
        continue;
      }
      const Run& run = found->second;
      if (run.best.size() > rung) {
        prospects.rung.push_back(end);
      }
      if (run.stopped) {
        prospects.stopped.push_back(end);
      }
    }
    const ProspectVerdict verdict = JudgeProspects(std::move(prospects), sign_);
    decision.stop = !verdict.is_spared;
    decision.reason += "; " + verdict.reason;
  }

  const std::vector<std::int64_t> rungs_;
  const double sign_;
  const double eta_;
  const bool asks_model_;
  const double count_min_;  // trials at a rung that decides
  std::map<TrialId, Run> runs_;
  std::vector<std::vector<double>> at_rung_;  // sorted
  std::map<TrialId, double> ends_;            // expected, lower is better
};

Result<std::unique_ptr<EarlyStopper>> Make(const StopperOptions& options, bool asks_model) {
  if (!(options.eta > 1) || !std::isfinite(options.eta)) {
    return InvalidArgument(fmt::format("early_terminate: eta {} must be above 1", options.eta));
  }
  const std::int64_t first = options.min_iter.value_or(1);
  const std::int64_t last = options.max_iter.value_or(std::numeric_limits<std::int64_t>::max());
  if (first < 1 || last < first) {
    return InvalidArgument("early_terminate: min_iter must be at least 1 and at most max_iter");
  }
  std::vector<std::int64_t> rungs;
  double rung = static_cast<double>(first);
  while (rungs.size() < 60 && rung < 9e18 && (rung < static_cast<double>(last) || rungs.empty())) {
    rungs.push_back(static_cast<std::int64_t>(rung));
    rung *= options.eta;
  }
  return std::unique_ptr<EarlyStopper>(
      std::make_unique<AshaStopper>(std::move(rungs), options, asks_model));
}

}  // namespace

Result<std::unique_ptr<EarlyStopper>> MakeAsha(const StopperOptions& options) {
  return Make(options, false);
}

Result<std::unique_ptr<EarlyStopper>> MakeModel(const StopperOptions& options) {
  return Make(options, true);
}

}  // namespace regatta::search
