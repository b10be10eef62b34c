#include "trial_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace regatta::search {
namespace {

// Brings a told point into the space's form: inactive values dropped. Numbers may lie outside the
// range.
Result<Point> Place(const SearchSpace& space, Point point) {
  if (point.size() != space.size()) {
    return InvalidArgument(fmt::format("the trial has {} values, the space has {} parameters",
                                       point.size(), space.size()));
  }
  for (const std::size_t i : space.parents_first()) {
    if (!space.IsActive(i, point)) {
      point[i].reset();
      continue;
    }
    const Distribution& distribution = space[i].distribution;
    if (!point[i]) {
      return InvalidArgument(fmt::format("parameter \"{}\" has no value", space[i].name));
    }
    const bool is_category = std::holds_alternative<CategoryIndex>(*point[i]);
    if (is_category != distribution.is_categorical() ||
        (is_category && !distribution.Contains(*point[i]))) {
      return InvalidArgument(
          fmt::format("parameter \"{}\": the value is not one of the space's", space[i].name));
    }
    if (!std::isfinite(AsNumber(*point[i]))) {
      return InvalidArgument(
          fmt::format("parameter \"{}\": the value is not finite", space[i].name));
    }
  }
  return point;
}

bool SameResult(const Trial& left, const Trial& right) {
  const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
      return x == y || (std::isnan(x) && std::isnan(y));
    });
  };
  const auto same_point = [](const Observation& a, const Observation& b) {
    return a.step == b.step && (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
  };
  return left.state == right.state && left.values == right.values &&
         std::equal(left.observations.begin(), left.observations.end(), right.observations.begin(),
                    right.observations.end(), same_point) &&
         same(left.objectives, right.objectives) && same(left.constraints, right.constraints) &&
         left.cost == right.cost;
}

}  // namespace

bool IsOpen(const Trial& trial) {
  return trial.state == TrialState::kPending || trial.state == TrialState::kRunning;
}

bool HasResult(const Trial& trial, std::size_t objectives) {
  return trial.state == TrialState::kFinished && trial.objectives.size() >= objectives &&
         std::all_of(trial.objectives.begin(), trial.objectives.end(),
                     [](double value) { return std::isfinite(value); });
}

bool IsFailure(const Trial& trial, std::size_t objectives) {
  return trial.state == TrialState::kFailed ||
         (trial.state == TrialState::kFinished && !HasResult(trial, objectives));
}

void TrialBook::Untake(const Trial& trial) {
  const auto key = taken_.find(space_->Key(trial.values));
  if (key != taken_.end() && --key->second == 0) {
    taken_.erase(key);
  }
}

Result<TrialBook::Change> TrialBook::Tell(const Trial& told) {
  Result<Point> point = Place(*space_, told.values);
  if (!point) {
    return WithContext(fmt::format("trial {}", told.id), point.error());
  }
  Trial trial = told;
  trial.values = std::move(*point);
  Change change;
  const bool settles = IsFailure(trial, objectives_) || HasResult(trial, objectives_);
  const auto known = trials_.find(trial.id);
  if (known != trials_.end()) {
    const Trial& before = known->second;
    const bool was_settled = IsFailure(before, objectives_) || HasResult(before, objectives_);
    if (was_settled && settles) {
      change.rewrote_history = !SameResult(before, trial);
      if (change.rewrote_history) {
        Untake(before);
        ++taken_[space_->Key(trial.values)];
      }
      known->second = std::move(trial);
      return change;
    }
    if (!was_settled && before.values == trial.values && before.state == trial.state) {
      known->second = std::move(trial);
      return change;
    }
    change = Forget(trial.id);
  }
  if (settles) {
    settled_.push_back(trial.id);
  } else if (IsOpen(trial)) {
    open_.emplace(trial.id, true);
  }
  if (trial.state != TrialState::kLost) {
    ++taken_[space_->Key(trial.values)];
  }
  trials_.insert_or_assign(trial.id, std::move(trial));
  return change;
}

TrialBook::Change TrialBook::Forget(TrialId id) {
  Change change;
  const auto known = trials_.find(id);
  if (known == trials_.end()) {
    return change;
  }
  if (known->second.state != TrialState::kLost) {
    Untake(known->second);
  }
  if (open_.erase(id) == 0) {
    const auto place = std::find(settled_.begin(), settled_.end(), id);
    if (place != settled_.end()) {
      settled_.erase(place);
      change.rewrote_history = true;
    }
  }
  trials_.erase(known);
  return change;
}

}  // namespace regatta::search
