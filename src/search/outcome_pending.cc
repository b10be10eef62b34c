// What OutcomeModel believes while trials are open.
#include <algorithm>
#include <cmath>
#include <limits>

#include "outcome_model.h"

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

void OutcomeModel::DropPending() {
  for (auto& surrogate : objectives_) {
    surrogate->DropPending();
  }
  pending_.clear();
  bests_.clear();
  believed_.clear();
  fronts_.clear();
  ranges_.clear();
  if (!ready()) {
    return;
  }
  if (rungs_) {
    std::vector<Unit> results;
    for (std::size_t row = 0; row < results_; ++row) {
      if (!any_feasible_ || feasible_[row]) {
        results.push_back(units_[row]);
      }
    }
    bests_ = rungs_->BestMeans(*objectives_.front(), results);
    believed_ = bests_;
    return;
  }
  const std::size_t members = objectives_.front()->size();
  const auto counts = [this](std::size_t row) { return !any_feasible_ || feasible_[row]; };
  for (std::size_t i = 0; i < members; ++i) {
    const Surrogate& surrogate = *objectives_.front();
    const std::vector<double>& values = surrogate.warp(i).values();
    std::size_t at = values.size();
    for (std::size_t row = 0; row < values.size(); ++row) {
      at = counts(row) && (at == values.size() || values[row] < values[at]) ? row : at;
    }
    // Of many results the model may rest on others than the best feasible one.
    const auto place = std::lower_bound(surrogate.rows().begin(), surrogate.rows().end(), at);
    const bool is_row = place != surrogate.rows().end() && *place == at;
    const double best = at < values.size() ? values[at] : kInfinity;
    const double believed =
        is_row ? surrogate.Smoothed(i, static_cast<std::size_t>(place - surrogate.rows().begin()))
               : best;
    bests_.push_back(best);
    believed_.push_back(std::max(believed, best));
  }
  if (objectives_.size() == 1) {
    if (earlier_) {
      PlaceEarlier();
    }
    return;
  }
  for (std::size_t i = 0; i < members; ++i) {
    std::vector<Outcome> outcomes;
    for (std::size_t row = 0; row < units_.size(); ++row) {
      if (counts(row)) {
        Outcome& outcome = outcomes.emplace_back();
        for (const auto& surrogate : objectives_) {
          outcome.push_back(surrogate->warp(i).values()[row]);
        }
      }
    }
    Outcome& range = ranges_.emplace_back();
    for (std::size_t k = 0; k < objectives_.size(); ++k) {
      const auto [low, high] =
          std::minmax_element(outcomes.begin(), outcomes.end(),
                              [k](const Outcome& a, const Outcome& b) { return a[k] < b[k]; });
      range.push_back(outcomes.empty() ? 0 : (*high)[k] - (*low)[k]);
    }
    fronts_.push_back(Front(outcomes));
  }
}

// Where the results lie as each member sees them, so that earlier searches can be brought there.
void OutcomeModel::PlaceEarlier() {
  places_.clear();
  const auto n = static_cast<double>(std::max<std::size_t>(results_, 1));
  for (std::size_t i = 0; i < objectives_.front()->size(); ++i) {
    const std::vector<double>& values = objectives_.front()->warp(i).values();
    Place place;
    double squares = 0;
    for (std::size_t row = 0; row < results_; ++row) {
      place.mean += values[row] / n;
    }
    for (std::size_t row = 0; row < results_; ++row) {
      squares += (values[row] - place.mean) * (values[row] - place.mean) / n;
    }
    place.spread = std::sqrt(squares);
    places_.push_back(place);
  }
}

void OutcomeModel::AddPending(std::span<const Unit> units) {
  const Rows points = SeenRows(units);
  std::vector<std::vector<double>> means(objectives_.size(), std::vector<double>(units.size()));
  for (std::size_t i = 0; i < bests_.size(); ++i) {
    for (std::size_t k = 0; k < objectives_.size(); ++k) {
      objectives_[k]->member(i).Predict(points, means[k].data(), nullptr, scratch_);
    }
    for (std::size_t j = 0; j < units.size(); ++j) {
      bests_[i] = std::min(bests_[i], means.front()[j]);
      believed_[i] = std::max(bests_[i], std::min(believed_[i], means.front()[j]));
      if (objectives_.size() > 1) {
        Outcome& outcome = fronts_[i].emplace_back();
        for (const std::vector<double>& mean : means) {
          outcome.push_back(mean[j]);
        }
      }
    }
    if (objectives_.size() > 1) {
      fronts_[i] = Front(fronts_[i]);
    }
  }
  const std::vector<Unit> seen = Seen(units);
  for (auto& surrogate : objectives_) {
    surrogate->AppendPending(seen);
  }
  pending_.insert(pending_.end(), units.begin(), units.end());
}

}  // namespace regatta::search
