// What a point promises: the acquisition, feasibility and the users' priors.
#include <algorithm>
#include <cmath>
#include <optional>

#include "acquisition.h"
#include "outcome_model.h"
#include "point_picker.h"

namespace regatta::search {
namespace {

// Beside so many open trials spreading matters more than the last digits of a score.
constexpr std::size_t kCrowd = 4;
// Least distance of the reference point from the front, in standard deviations of an objective. The
// far one is also as far behind as the best of all results is before the worst.
constexpr double kNearReference = 0.1;
constexpr double kFarReference = 2;
// Weight of a user's prior after n results is kPriorWeight / n (Hvarfner et al. 2022, "πBO", β =
// 10).
constexpr double kPriorWeight = 10;

}  // namespace

double OutcomeModel::ExploreLimit() const {
  double limit = 0;
  for (const double best : bests_) {
    limit += best / static_cast<double>(bests_.size());
  }
  return limit;
}

std::vector<std::size_t> OutcomeModel::Members(Effort effort, Rule rule, std::size_t chosen) const {
  const std::size_t count = bests_.size();
  // Exploration asks for variances, in which members differ little.
  const std::size_t wanted = rule == Rule::kOneMember    ? 1
                             : effort == Effort::kGlance ? 2
                             : rule == Rule::kExplore    ? 2
                             : effort == Effort::kLook   ? 4
                                                         : count;
  const std::size_t asked = std::min(wanted, count);
  std::vector<std::size_t> members;
  for (std::size_t k = 0; k < asked; ++k) {
    members.push_back((chosen + k * count / asked) % count);
  }
  return members;
}

void OutcomeModel::Score(std::span<const Unit> units, Effort effort, Rule rule, std::size_t chosen,
                         std::vector<double>& scores) {
  scores.assign(units.size(), 0.0);
  if (units.empty()) {
    return;
  }
  const Rows points = SeenRows(units);
  const std::vector<std::size_t> members = Members(effort, rule, chosen);
  // Before anything is feasible, feasibility is all that counts.
  if (any_feasible_ || !has_constraint_model_) {
    if (objectives_.size() == 1) {
      ScoreSingle(points, members, rule, effort, scores);
    } else {
      ScoreMany(points, members, effort, scores);
    }
  }
  AddCost(points, rule, scores);
  AddFeasibility(points, scores);
  if (has_priors_) {
    const double weight = PriorWeight();
    for (std::size_t i = 0; i < units.size(); ++i) {
      scores[i] += weight * LogPriorBelief(units[i]);
    }
  }
}

void OutcomeModel::PredictFor(Effort effort, const Posterior& member, const Rows& points,
                              double* mean, double* variance) {
  if (effort == Effort::kAll || (effort == Effort::kLook && pending_.size() < kCrowd)) {
    member.Predict(points, mean, variance, scratch_);
  } else {
    member.PredictRoughly(points, mean, variance, scratch_);
  }
}

void OutcomeModel::ScoreSingle(const Rows& points, const std::vector<std::size_t>& members,
                               Rule rule, Effort effort, std::vector<double>& scores) {
  const std::size_t n = points.size();
  const Surrogate& surrogate = *objectives_.front();
  std::vector<double> mean(n);
  std::vector<double> variance(n);
  std::vector<double> log_ei(n * members.size());
  const double explore_limit = rule == Rule::kExplore ? ExploreLimit() : 0;
  const double share = earlier_ ? earlier_->share() : 0;
  const std::vector<double> earlier = share > 0 ? earlier_->Predict(points) : std::vector<double>();
  for (std::size_t k = 0; k < members.size(); ++k) {
    const Posterior& member = surrogate.member(members[k]);
    const double noise = rungs_ ? 0.0 : std::exp(member.hyper().log_noise);
    PredictFor(effort, member, points, mean.data(), variance.data());
    if (share > 0) {
      const Place& place = places_[members[k]];
      for (std::size_t i = 0; i < n; ++i) {
        mean[i] = (1 - share) * mean[i] + share * place.mean + place.spread * earlier[i];
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double sigma = std::sqrt(variance[i]);
      if (rule == Rule::kConfidenceBound) {
        scores[i] -= mean[i] - kConfidenceWidth * sigma;
      } else if (rule == Rule::kExplore) {
        scores[i] += std::log(sigma) - 10 * std::max(0.0, mean[i] - 0.5 * sigma - explore_limit);
      } else {
        log_ei[i * members.size() + k] = LogReportedImprovement(
            mean[i], variance[i], noise, bests_[members[k]], believed_[members[k]]);
      }
    }
  }
  const bool improvement = rule == Rule::kImprovement || rule == Rule::kOneMember;
  for (std::size_t i = 0; i < n; ++i) {
    scores[i] = improvement ? LogMeanExp(log_ei.data() + i * members.size(),
                                         static_cast<int>(members.size()))
                            : scores[i] / static_cast<double>(members.size());
  }
}

ExpectedHypervolumeImprovement OutcomeModel::VolumeBeyond(std::size_t member) const {
  // A far reference stretches the front, a near one pushes it forward; they take turns. In units of
  // the deviation alone the far one would come near where results pile up at one end of the front.
  const bool far = (units_.size() + pending_.size()) % 2 == 0;
  Outcome margins;
  for (const double range : ranges_[member]) {
    margins.push_back(far ? std::max(kFarReference, range) : kNearReference);
  }
  const std::vector<Outcome>& front = fronts_[member];
  return {front, ReferencePoint(front, margins)};
}

void OutcomeModel::ScoreMany(const Rows& points, const std::vector<std::size_t>& members,
                             Effort effort, std::vector<double>& scores) {
  const std::size_t n = points.size();
  const std::size_t m = objectives_.size();
  std::vector<std::vector<double>> mean(m, std::vector<double>(n));
  std::vector<std::vector<double>> variance(m, std::vector<double>(n));
  std::vector<double> values(n * members.size());
  Rng rng = StreamOf(options_->seed, Stream::kChoice, units_.size() + pending_.size()).Split(1);
  std::vector<double> weights;
  double norm = 0;
  for (std::size_t k = 0; k < m; ++k) {
    weights.push_back(std::abs(rng.Normal()) + 1e-3);
    norm += weights.back() * weights.back();
  }
  for (double& weight : weights) {
    weight /= std::sqrt(norm);
  }
  std::vector<double> draws(24 * m);
  for (double& draw : draws) {
    draw = rng.Normal();
  }
  std::vector<double> mean_at(m);
  std::vector<double> variance_at(m);
  for (std::size_t k = 0; k < members.size(); ++k) {
    for (std::size_t o = 0; o < m; ++o) {
      PredictFor(effort, objectives_[o]->member(members[k]), points, mean[o].data(),
                 variance[o].data());
    }
    const std::vector<Outcome>& front = fronts_[members[k]];
    std::optional<ExpectedHypervolumeImprovement> improvement;
    if (m <= 3) {
      improvement.emplace(VolumeBeyond(members[k]));
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t o = 0; o < m; ++o) {
        mean_at[o] = mean[o][i];
        variance_at[o] = variance[o][i];
      }
      values[i * members.size() + k] =
          improvement
              ? improvement->Log(mean_at.data(), variance_at.data())
              : LogChebyshevImprovement(front, weights, mean_at.data(), variance_at.data(), draws);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    scores[i] = LogMeanExp(values.data() + i * members.size(), static_cast<int>(members.size()));
  }
}

// An improvement per unit of cost, for one objective or several: scores are logarithms of it.
void OutcomeModel::AddCost(const Rows& points, Rule rule, std::vector<double>& scores) {
  const double weight = CostWeight(rule);
  if (weight > 0) {
    std::vector<double> mean(points.size());
    cost_->member(0).Predict(points, mean.data(), nullptr, scratch_);
    for (std::size_t i = 0; i < points.size(); ++i) {
      scores[i] -= weight * cost_->warp(0).Unwarp(mean[i]);
    }
  }
}

void OutcomeModel::AddFeasibility(const Rows& points, std::vector<double>& scores) {
  const std::size_t n = points.size();
  std::vector<double> mean(n);
  std::vector<double> variance(n);
  const auto add = [&](const Surrogate& side, double extra_variance) {
    for (std::size_t k = 0; k < side.size(); ++k) {
      const double limit = side.warp(k).Warp(0);
      side.member(k).Predict(points, mean.data(), variance.data(), scratch_);
      for (std::size_t i = 0; i < n; ++i) {
        scores[i] += LogNormalCdf((limit - mean[i]) / std::sqrt(variance[i] + extra_variance)) /
                     static_cast<double>(side.size());
      }
    }
  };
  if (has_failure_model_) {
    add(*failures_, kFailureVariance);
  }
  if (has_constraint_model_) {
    for (const auto& constraint : constraints_) {
      add(*constraint, 0);
    }
  }
}

double OutcomeModel::CostWeight(Rule rule) const {
  const bool scores_improvement =
      objectives_.size() > 1 || rule == Rule::kImprovement || rule == Rule::kOneMember;
  if (!has_cost_model_ || !scores_improvement || (has_constraint_model_ && !any_feasible_)) {
    return 0;
  }
  if (!options_->trials_planned) {
    return 1;
  }
  const double last = static_cast<double>(*options_->trials_planned) - 1;
  const double left = last - static_cast<double>(settled_ + pending_.size());
  return left > 0 ? std::min(1.0, left / std::max(1.0, last - static_cast<double>(kModelMin)))
                  : 0.0;
}

double OutcomeModel::PriorWeight() const {
  return kPriorWeight / static_cast<double>(std::max<std::size_t>(all_results_, 1));
}

double OutcomeModel::PriorPlace(std::size_t d) const {
  Point point(space_->size());
  point[d] = (*space_)[d].prior->value;
  return encoder_->ToUnit(point)[d];
}

double OutcomeModel::LogPriorBelief(const Unit& unit) const {
  double sum = 0;
  for (std::size_t d = 0; d < unit.size(); ++d) {
    const auto& prior = (*space_)[d].prior;
    if (!prior || unit[d] == kInactive) {
      continue;
    }
    const double at = PriorPlace(d);
    if (encoder_->kind(d) == DimensionKind::kCategory) {
      sum += unit[d] == at ? std::log(prior->odds) : 0.0;
    } else {
      const double z = (unit[d] - at) / prior->spread;
      sum -= 0.5 * z * z;
    }
  }
  return sum;
}

}  // namespace regatta::search
