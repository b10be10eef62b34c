// Lets a random share of the trials that a rule would stop run on to their full length: what became
// of them tells how often the rule is wrong, and their curves teach the model what the rule never
// sees.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "regatta/base/rng.h"
#include "stoppers.h"

namespace regatta::search {
namespace {

class AuditedStopper : public EarlyStopper {
 public:
  AuditedStopper(std::unique_ptr<EarlyStopper> rule, const StopperOptions& options)
      : rule_(std::move(rule)),
        sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        share_(options.audit),
        seed_(options.seed) {}

  void Report(TrialId id, std::int64_t resource, double value) override {
    rule_->Report(id, resource, value);
    Run& run = runs_[id];
    if (std::isfinite(value)) {
      run.best = std::min(run.best, sign_ * value);
      run.is_condemned = run.is_condemned || (IsAudited(id) && rule_->Decide(id).stop);
    }
  }

  void SetRunning(TrialId id, bool running) override {
    rule_->SetRunning(id, running);
    runs_[id].running = running;
  }

  void Forget(TrialId id) override {
    rule_->Forget(id);
    runs_.erase(id);
  }

  void Expect(std::span<const ExpectedEnd> ends) override { rule_->Expect(ends); }
  bool wants_expectations() const override { return rule_->wants_expectations(); }

  StopDecision Decide(TrialId id) const override { return Spared(rule_->Decide(id)); }

  std::vector<StopDecision> DecideAll() const override {
    std::vector<StopDecision> stops = rule_->DecideAll();
    std::erase_if(stops, [this](const StopDecision& decision) { return !Spared(decision).stop; });
    return stops;
  }

  StopAudit Audit() const override {
    std::vector<double> ends;
    for (const auto& [id, run] : runs_) {
      if (!run.running && std::isfinite(run.best)) {
        ends.push_back(run.best);
      }
    }
    StopAudit audit;
    if (ends.empty()) {
      return audit;
    }
    const auto top = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 10);
    std::nth_element(ends.begin(), top, ends.end());
    for (const auto& [id, run] : runs_) {
      if (run.is_condemned && !run.running) {
        ++audit.audited;
        audit.wrong += run.best < *top ? 1 : 0;
      }
    }
    return audit;
  }

 private:
  struct Run {
    bool running = true;
    bool is_condemned = false;  // the rule would have stopped it when it reported
    double best = std::numeric_limits<double>::infinity();
  };

  bool IsAudited(TrialId id) const {
    return Rng(seed_, 0x6175646974).Split(id).Uniform() < share_;  // "audit"
  }

  // A trial without any finite value teaches nothing by running on.
  StopDecision Spared(StopDecision decision) const {
    const auto found = runs_.find(decision.trial);
    if (decision.stop && found != runs_.end() && std::isfinite(found->second.best) &&
        IsAudited(decision.trial)) {
      decision.stop = false;
      decision.is_audit = true;
      decision.reason += "; it runs on to test the rule";
    }
    return decision;
  }

  const std::unique_ptr<EarlyStopper> rule_;
  const double sign_;
  const double share_;
  const std::uint64_t seed_;
  std::map<TrialId, Run> runs_;
};

}  // namespace

std::unique_ptr<EarlyStopper> WithAudits(std::unique_ptr<EarlyStopper> rule,
                                         const StopperOptions& options) {
  return std::make_unique<AuditedStopper>(std::move(rule), options);
}

}  // namespace regatta::search
