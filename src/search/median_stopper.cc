// The median rule (Golovin et al. 2017, "Google Vizier", section 3.2.2): a trial stops at step t if
// its best value so far is worse than the median of the other trials' running averages up to t.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "regatta/base/count_text.h"

#include "stoppers.h"

namespace regatta::search {
namespace {

class MedianStopper : public EarlyStopper {
 public:
  explicit MedianStopper(const StopperOptions& options)
      : sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        min_iter_(options.min_iter.value_or(1)),
        min_runs_(static_cast<std::size_t>(std::max<std::int64_t>(1, options.min_runs))) {}

  void Report(TrialId id, std::int64_t resource, double value) override {
    Run& run = runs_[id];
    if (!std::isfinite(value)) {
      ++run.invalid;
      return;
    }
    const double loss = sign_ * value;
    run.sum += loss;
    run.best = std::min(run.best, loss);
    const double average = run.sum / static_cast<double>(run.averages.size() + 1);
    run.averages.emplace_back(resource, average);
    auto& values = averages_[resource];
    values.insert(std::upper_bound(values.begin(), values.end(), average), average);
  }

  void SetRunning(TrialId id, bool running) override { runs_[id].running = running; }

  void Forget(TrialId id) override {
    const auto found = runs_.find(id);
    if (found == runs_.end()) {
      return;
    }
    for (const auto& [resource, average] : found->second.averages) {
      auto& values = averages_[resource];
      values.erase(std::lower_bound(values.begin(), values.end(), average));
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
    decision.rule = "median";
    if (run.averages.empty()) {
      if (run.invalid >= min_iter_ && run.invalid > 0) {
        decision.stop = true;
        decision.reason = fmt::format("none of its {} is a finite number",
                                      CountText(static_cast<std::uint64_t>(run.invalid), "value"));
      }
      return decision;
    }
    const auto [resource, own] = run.averages.back();
    if (resource < min_iter_) {
      return decision;
    }
    std::vector<double> others = averages_.at(resource);
    others.erase(std::lower_bound(others.begin(), others.end(), own));
    decision.rung = resource;
    decision.value = sign_ * run.best;
    if (others.size() < min_runs_) {
      decision.reason = fmt::format("only {} other trials have reached {}, {} are needed",
                                    others.size(), resource, min_runs_);
      return decision;
    }
    const std::size_t middle = others.size() / 2;
    const double median =
        others.size() % 2 == 1 ? others[middle] : 0.5 * (others[middle - 1] + others[middle]);
    decision.threshold = sign_ * median;
    decision.stop = run.best > median;
    decision.reason = fmt::format(
        "its best value {:.6g} is {} than {:.6g}, the median of {} running averages at {}",
        *decision.value, decision.stop ? "worse" : "no worse", *decision.threshold, others.size(),
        resource);
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
    double sum = 0;
    double best = std::numeric_limits<double>::infinity();
    std::vector<std::pair<std::int64_t, double>> averages;  // resource, running average up to it
  };

  const double sign_;
  const std::int64_t min_iter_;
  const std::size_t min_runs_;
  std::map<TrialId, Run> runs_;
  std::map<std::int64_t, std::vector<double>> averages_;  // sorted, of all trials at a resource
};

}  // namespace

Result<std::unique_ptr<EarlyStopper>> MakeMedian(const StopperOptions& options) {
  if (options.min_iter.value_or(1) < 1 || options.min_runs < 1) {
    return InvalidArgument("early_terminate: min_iter and min_runs must be at least 1");
  }
  return std::unique_ptr<EarlyStopper>(std::make_unique<MedianStopper>(options));
}

}  // namespace regatta::search
