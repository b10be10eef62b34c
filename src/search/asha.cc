// Asynchronous successive halving, stopping variant (Li et al. 2020, "A system for massively
// parallel hyperparameter tuning"; η, r = min_iter and R = max_iter as there).
//
// Rung k is r·η^k. A trial is compared at the highest rung it has reached, by its best value up to
// there, with the best 1/η of all that reached it. A rung decides once 2η trials have reached it,
// ties survive, and the trial that is best at any rung is never stopped.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "stoppers.h"

namespace regatta::search {
namespace {

class AshaStopper : public EarlyStopper {
 public:
  AshaStopper(std::vector<std::int64_t> rungs, const StopperOptions& options)
      : rungs_(std::move(rungs)),
        sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        eta_(options.eta),
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

  void SetRunning(TrialId id, bool running) override { runs_[id].running = running; }

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
    decision.rule = "asha";
    if (run.best.empty()) {
      if (run.invalid >= rungs_.front()) {
        decision.stop = true;
        decision.rung = rungs_.front();
        decision.reason = fmt::format("none of its {} values is a finite number", run.invalid);
      }
      return decision;
    }
    const std::size_t rung = run.best.size() - 1;
    const auto& values = at_rung_[rung];
    const auto count = static_cast<double>(values.size());
    decision.rung = rungs_[rung];
    decision.value = sign_ * run.best[rung];
    if (count < 2 * eta_) {
      decision.reason = fmt::format("only {} trials have reached {} so far, {:g} are needed",
                                    values.size(), rungs_[rung], std::ceil(2 * eta_));
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
    return decision;
  }

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

  const std::vector<std::int64_t> rungs_;
  const double sign_;
  const double eta_;
  std::map<TrialId, Run> runs_;
  std::vector<std::vector<double>> at_rung_;  // sorted
};

}  // namespace

Result<std::unique_ptr<EarlyStopper>> MakeAsha(const StopperOptions& options) {
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
  return std::unique_ptr<EarlyStopper>(std::make_unique<AshaStopper>(std::move(rungs), options));
}

}  // namespace regatta::search
