#include "regatta/search/promotion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "regatta/base/check.h"

namespace regatta::search {

Promoter::Promoter(std::vector<std::int64_t> rungs, std::int64_t full, double eta, Goal goal)
    : rungs_(std::move(rungs)),
      full_(full),
      eta_(eta),
      sign_(goal == Goal::kMaximize ? -1.0 : 1.0),
      at_rung_(rungs_.size()) {}

Result<Promoter> Promoter::Create(const Fidelity& fidelity, Goal goal) {
  if (!fidelity.max) {
    return InvalidArgument("early_terminate: pausing needs max_iter, the full length of a run");
  }
  if (fidelity.min < 1 || fidelity.min >= *fidelity.max) {
    return InvalidArgument(fmt::format("early_terminate: min_iter {} is not below max_iter {}",
                                       fidelity.min, *fidelity.max));
  }
  if (!(fidelity.eta > 1) || !std::isfinite(fidelity.eta)) {
    return InvalidArgument(fmt::format("early_terminate: eta {} must be above 1", fidelity.eta));
  }
  std::vector<std::int64_t> rungs;
  const auto full = static_cast<double>(*fidelity.max);
  for (double rung = static_cast<double>(fidelity.min); rung < full;
       rung *= std::max(fidelity.eta, kEtaMin)) {
    const auto whole = static_cast<std::int64_t>(rung);
    if (rungs.empty() || whole > rungs.back()) {
      rungs.push_back(whole);
    }
  }
  return Promoter(std::move(rungs), *fidelity.max, fidelity.eta, goal);
}

std::int64_t Promoter::PauseAfter(std::int64_t resource) const {
  const auto next = std::upper_bound(rungs_.begin(), rungs_.end(), resource);
  return next == rungs_.end() ? full_ : *next;
}

bool Promoter::Report(TrialId trial, std::int64_t resource, double value) {
  auto [place, is_new] = runs_.try_emplace(trial);
  Run& run = place->second;
  if (is_new) {
    run.best = std::numeric_limits<double>::infinity();
  }
  if (!std::isfinite(value)) {
    return false;
  }
  run.best = std::min(run.best, sign_ * value);
  bool pauses = false;
  while (run.rungs < rungs_.size() && rungs_[run.rungs] <= resource) {
    auto& values = at_rung_[run.rungs];
    values.insert(std::upper_bound(values.begin(), values.end(), run.best), run.best);
    run.at = run.rungs;
    ++run.rungs;
    pauses = true;
  }
  return pauses;
}

std::optional<Promotion> Promoter::Next() const {
  for (std::size_t rung = rungs_.size(); rung-- > 0;) {
    const std::vector<double>& values = at_rung_[rung];
    const auto promotable =
        static_cast<std::size_t>(std::floor(static_cast<double>(values.size()) / eta_));
    const Run* chosen = nullptr;
    TrialId id = 0;
    for (const auto& [trial, run] : runs_) {
      if (run.at == rung && (chosen == nullptr || run.best < chosen->best)) {
        chosen = &run;
        id = trial;
      }
    }
    if (chosen == nullptr) {
      continue;
    }
    const auto better = static_cast<std::size_t>(
        std::lower_bound(values.begin(), values.end(), chosen->best) - values.begin());
    if (better < promotable) {
      return Promotion{.trial = id,
                       .until = PauseAfter(rungs_[rung]),
                       .rung = rungs_[rung],
                       .value = sign_ * chosen->best,
                       .better = better,
                       .size = values.size()};
    }
  }
  return std::nullopt;
}

void Promoter::Resume(TrialId trial) {
  const auto found = runs_.find(trial);
  Check(found != runs_.end() && found->second.at.has_value(), "only a paused trial is resumed");
  found->second.at.reset();
}

void Promoter::End(TrialId trial) {
  if (const auto found = runs_.find(trial); found != runs_.end()) {
    found->second.at.reset();
  }
}

bool Promoter::IsPaused(TrialId trial) const {
  const auto found = runs_.find(trial);
  return found != runs_.end() && found->second.at.has_value();
}

}  // namespace regatta::search
