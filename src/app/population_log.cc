#include "population_log.h"

#include <limits>
#include <utility>

namespace regatta::app {

using search::PopulationInterval;
using search::Trial;
using search::TrialId;

PopulationInterval PopulationLog::Ended(const Trial& member, std::uint64_t interval) const {
  const auto begun = open_.find(member.id);
  PopulationInterval ended = begun == open_.end()
                                 ? PopulationInterval{.id = member.id, .values = member.values}
                                 : begun->second.interval;
  ended.interval = interval;
  ended.after = member.observations.back().value;
  return ended;
}

void PopulationLog::Add(const Trial& member, const PopulationStep& step, double loaded) {
  ended_.push_back(Ended(member, step.interval));
  PopulationInterval next{member.id, step.interval + 1, step.values, loaded, {}};
  open_[member.id] = {step, member.observations.size(), std::move(next)};
}

void PopulationLog::End(TrialId id, bool is_failed) {
  const auto begun = open_.find(id);
  if (begun == open_.end()) return;
  if (is_failed) {
    ended_.push_back(std::move(begun->second.interval));
    ended_.back().after = std::numeric_limits<double>::quiet_NaN();
  }
  open_.erase(begun);
}

const PopulationStep* PopulationLog::Find(const Trial& member, std::uint64_t interval) const {
  const auto begun = open_.find(member.id);
  if (begun == open_.end() || begun->second.step.interval != interval ||
      begun->second.reported != member.observations.size()) {
    return nullptr;
  }
  return &begun->second.step;
}

std::vector<PopulationInterval> PopulationLog::History(const std::vector<Trial>& trials,
                                                       std::uint64_t interval) const {
  std::vector<PopulationInterval> history = ended_;
  for (const Trial& trial : trials) {
    if (trial.state != search::TrialState::kRunning) continue;
    const auto begun = open_.find(trial.id);
    const bool is_open =
        begun != open_.end() && (begun->second.step.interval >= interval ||
                                 begun->second.reported == trial.observations.size());
    history.push_back(is_open ? begun->second.interval : Ended(trial, interval));
  }
  return history;
}

}  // namespace regatta::app
