#include "simulate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <utility>

namespace regatta::bench {
namespace {

using search::Sampler;
using search::Trial;
using search::TrialId;
using search::TrialState;

constexpr std::uint64_t kDurations = 98;
constexpr std::uint64_t kNoise = 99;

double Duration(std::uint64_t seed, TrialId id, double spread) {
  Rng rng = Rng(seed, kDurations).Split(static_cast<std::uint64_t>(id));
  return std::exp(spread * rng.Normal());
}

// Asks for at most `count` trials and tells the sampler that they run.
Result<std::vector<Trial>> Start(Sampler& sampler, TrialId first, std::size_t count) {
  auto suggestions = sampler.Suggest(first, count);
  if (!suggestions) {
    return suggestions.error();
  }
  std::vector<Trial> trials;
  for (auto& suggestion : *suggestions) {
    Trial trial;
    trial.id = first++;
    trial.values = std::move(suggestion.values);
    trial.state = TrialState::kRunning;
    if (auto told = sampler.Tell(trial); !told) {
      return told.error();
    }
    trials.push_back(std::move(trial));
  }
  return trials;
}

Result<void> End(Sampler& sampler, Trial trial, Session& session) {
  const double seen = session.Observe(trial.values);
  trial.state = std::isfinite(seen) ? TrialState::kFinished : TrialState::kFailed;
  trial.objectives = {seen};
  return sampler.Tell(trial);
}

Result<std::vector<TrialId>> Rounds(Sampler& sampler, const Schedule& schedule, Session& session) {
  std::vector<TrialId> ended;
  while (ended.size() < schedule.trials) {
    const std::size_t count =
        std::min(std::max<std::size_t>(schedule.batch, 1), schedule.trials - ended.size());
    auto round = Start(sampler, static_cast<TrialId>(ended.size()), count);
    if (!round) {
      return round.error();
    }
    if (round->empty()) {
      break;
    }
    for (Trial& trial : *round) {
      ended.push_back(trial.id);
      if (auto told = End(sampler, std::move(trial), session); !told) {
        return told.error();
      }
    }
  }
  return ended;
}

}  // namespace

Session::Session(const Task& task, std::uint64_t seed) : task_(task), rng_(seed, kNoise) {}

double Session::Observe(const search::Point& point) {
  const double truth = task_.value(point);
  const double seen = task_.Observe(point, rng_);
  if (std::isfinite(truth) && seen < best_seen_) {
    best_seen_ = seen;
    best_true_ = truth;
  }
  regrets_.push_back(std::isfinite(best_true_)
                         ? (best_true_ - task_.best) / (task_.reference - task_.best)
                         : kNothingYet);
  return seen;
}

Result<std::vector<TrialId>> Simulate(Sampler& sampler, const Schedule& schedule,
                                      std::uint64_t seed, Session& session) {
  if (schedule.workers <= 1) {
    return Rounds(sampler, schedule, session);
  }
  // The end that comes next is on top; of two at the same time, the earlier trial's.
  using Ending = std::pair<double, std::size_t>;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings;
  std::vector<Trial> trials;
  std::vector<TrialId> ended;
  bool exhausted = false;
  double now = 0;
  while (ended.size() < schedule.trials) {
    while (endings.size() < schedule.workers && trials.size() < schedule.trials && !exhausted) {
      auto started = Start(sampler, static_cast<TrialId>(trials.size()), 1);
      if (!started) {
        return started.error();
      }
      exhausted = started->empty();
      if (!exhausted) {
        const TrialId id = started->front().id;
        endings.emplace(now + Duration(seed, id, schedule.spread), trials.size());
        trials.push_back(std::move(started->front()));
      }
    }
    if (endings.empty()) {
      break;
    }
    const auto [time, index] = endings.top();
    endings.pop();
    now = time;
    ended.push_back(trials[index].id);
    if (auto told = End(sampler, trials[index], session); !told) {
      return told.error();
    }
  }
  return ended;
}

}  // namespace regatta::bench
