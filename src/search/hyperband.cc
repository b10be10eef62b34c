// W&B's hyperband stopping rule, to the letter: no brackets, one comparison at a run's largest
// band.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "regatta/base/count_text.h"

#include "stoppers.h"

namespace regatta::search {
namespace {

constexpr double kBandMax = 9e18;

class HyperbandStopper : public EarlyStopper {
 public:
  HyperbandStopper(std::vector<std::int64_t> bands, const StopperOptions& options)
      : bands_(std::move(bands)),
        sign_(options.goal == Goal::kMaximize ? -1.0 : 1.0),
        eta_(options.eta),
        strict_(options.strict),
        at_band_(bands_.size()) {}

  // The rule counts valid values itself: neither steps nor other resources matter to it.
  void Report(TrialId id, std::int64_t /*resource*/, double value) override {
    Run& run = runs_[id];
    if (!std::isfinite(value)) {
      ++run.invalid;
      return;
    }
    const double loss = sign_ * value;
    ++run.valid;
    run.best = std::min(run.best, loss);
    while (run.bands < bands_.size() && bands_[run.bands] == run.valid) {
      run.at_band.push_back(loss);
      auto& values = at_band_[run.bands];
      values.insert(std::upper_bound(values.begin(), values.end(), loss), loss);
      ++run.bands;
    }
  }

  void SetRunning(TrialId id, bool running) override { runs_[id].running = running; }

  void Forget(TrialId id) override {
    const auto found = runs_.find(id);
    if (found == runs_.end()) {
      return;
    }
    for (std::size_t band = 0; band < found->second.bands; ++band) {
      auto& values = at_band_[band];
      values.erase(std::lower_bound(values.begin(), values.end(), found->second.at_band[band]));
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
    decision.rule = "hyperband";
    if (run.valid == 0 && !bands_.empty() && run.invalid >= bands_.front()) {
      decision.stop = true;
      decision.rung = bands_.front();
      decision.reason = fmt::format("none of its {} is a finite number",
                                    CountText(static_cast<std::uint64_t>(run.invalid), "value"));
      return decision;
    }
    if (run.bands == 0) {
      return decision;
    }
    const std::size_t band = run.bands - 1;
    const double threshold = Threshold(band);
    const double value = strict_ ? run.at_band[band] : run.best;
    decision.stop = value > threshold;
    decision.rung = bands_[band];
    decision.value = sign_ * value;
    decision.threshold = sign_ * threshold;
    decision.reason =
        fmt::format("{} {:.6g} at {} is {} than {:.6g}, the mark of the best 1/{:g} of {}",
                    strict_ ? "its value" : "its best so far,", *decision.value,
                    CountText(static_cast<std::uint64_t>(bands_[band]), "value"),
                    decision.stop ? "worse" : "no worse", *decision.threshold, eta_,
                    CountText(at_band_[band].size(), "run"));
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
    std::int64_t valid = 0;
    std::int64_t invalid = 0;
    double best = std::numeric_limits<double>::infinity();
    std::size_t bands = 0;        // how many bands it has reached
    std::vector<double> at_band;  // its value at each of them
  };

  double Threshold(std::size_t band) const {
    const auto& values = at_band_[band];
    const auto place = static_cast<std::size_t>((1.0 / eta_) * static_cast<double>(values.size()));
    return values[std::min(place, values.size() - 1)];
  }

  const std::vector<std::int64_t> bands_;
  const double sign_;
  const double eta_;
  const bool strict_;
  std::map<TrialId, Run> runs_;
  std::vector<std::vector<double>> at_band_;  // sorted, of all runs that reached the band
};

}  // namespace

Result<std::vector<std::int64_t>> HyperbandBands(const StopperOptions& options) {
  if (!(options.eta > 1) || !std::isfinite(options.eta)) {
    return InvalidArgument(fmt::format("early_terminate: eta {} must be above 1", options.eta));
  }
  std::vector<std::int64_t> bands;
  if (options.max_iter && options.s) {
    double band = static_cast<double>(*options.max_iter);
    for (std::int64_t i = 0; i < *options.s; ++i) {
      band /= options.eta;
      if (band < 1) {
        break;
      }
      bands.push_back(static_cast<std::int64_t>(band));
    }
    std::sort(bands.begin(), bands.end());
    if (bands.empty()) {
      return InvalidArgument(fmt::format(
          "early_terminate: max_iter {} with s {} and eta {} gives no band; raise max_iter",
          *options.max_iter, *options.s, options.eta));
    }
    return bands;
  }
  if (!options.min_iter) {
    return InvalidArgument("early_terminate: give min_iter, or both max_iter and s");
  }
  if (*options.min_iter < 1) {
    return InvalidArgument("early_terminate: min_iter must be at least 1");
  }
  double band = static_cast<double>(*options.min_iter);
  for (int i = 0; i < 100 && band < kBandMax; ++i) {
    bands.push_back(static_cast<std::int64_t>(band));
    band *= options.eta;
  }
  return bands;
}

Result<std::unique_ptr<EarlyStopper>> MakeHyperband(const StopperOptions& options) {
  Result<std::vector<std::int64_t>> bands = HyperbandBands(options);
  if (!bands) {
    return bands.error();
  }
  return std::unique_ptr<EarlyStopper>(
      std::make_unique<HyperbandStopper>(std::move(*bands), options));
}

}  // namespace regatta::search
