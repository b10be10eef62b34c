// Lets a random share of the trials that a rule would stop run on to their full length: what became
// of them tells how often the rule is wrong, and their curves teach the model what the rule never
// sees.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "regatta/base/rng.h"
#include "row_choice.h"
#include "stoppers.h"

namespace regatta::search {
namespace {

class AuditedStopper : public EarlyStopper {
 public:
  AuditedStopper(std::unique_ptr<EarlyStopper> rule, const StopperOptions& options)
      : rule_(std::move(rule)), share_(options.audit), seed_(options.seed) {}

  void Report(TrialId id, std::int64_t resource, double value) override {
    rule_->Report(id, resource, value);
    if (std::isfinite(value)) {
      measured_.insert(id);
    }
  }

  void SetRunning(TrialId id, bool running) override { rule_->SetRunning(id, running); }

  void MarkStopped(TrialId id) override { rule_->MarkStopped(id); }

  void Forget(TrialId id) override {
    rule_->Forget(id);
    measured_.erase(id);
  }

  void Expect(std::span<const ExpectedEnd> ends) override { rule_->Expect(ends); }
  bool wants_expectations() const override { return rule_->wants_expectations(); }

  StopDecision Decide(TrialId id) const override { return Spared(rule_->Decide(id)); }

  std::vector<StopDecision> DecideAll() const override {
    std::vector<StopDecision> stops = rule_->DecideAll();
    std::erase_if(stops, [this](const StopDecision& decision) { return !Spared(decision).stop; });
    return stops;
  }

 private:
  bool IsAudited(TrialId id) const {
    return Rng(seed_, 0x6175646974).Split(id).Uniform() < share_;  // "audit"
  }

  // A trial without any finite value teaches nothing by running on.
  StopDecision Spared(StopDecision decision) const {
    if (decision.stop && measured_.contains(decision.trial) && IsAudited(decision.trial)) {
      decision.stop = false;
      decision.is_audit = true;
      decision.reason += "; it runs on to test the rule";
    }
    return decision;
  }

  const std::unique_ptr<EarlyStopper> rule_;
  const double share_;
  const std::uint64_t seed_;
  std::set<TrialId> measured_;  // with a finite value
};

}  // namespace

StopAudit CountWrongStops(std::span<const EndedTrial> ended, Goal goal) {
  const double sign = goal == Goal::kMaximize ? -1.0 : 1.0;
  std::vector<double> losses;
  for (const EndedTrial& trial : ended) {
    if (std::isfinite(trial.best)) {
      losses.push_back(sign * trial.best);
    }
  }
  StopAudit audit;
  if (losses.empty()) {
    return audit;
  }
  const double best_tenth_end = AtTenth(losses, 1);
  for (const EndedTrial& trial : ended) {
    if (trial.is_audit && std::isfinite(trial.best)) {
      ++audit.audited;
      audit.wrong += sign * trial.best < best_tenth_end ? 1 : 0;
    }
  }
  return audit;
}

std::unique_ptr<EarlyStopper> WithAudits(std::unique_ptr<EarlyStopper> rule,
                                         const StopperOptions& options) {
  return std::make_unique<AuditedStopper>(std::move(rule), options);
}

}  // namespace regatta::search
