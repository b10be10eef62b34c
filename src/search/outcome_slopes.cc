// The derivatives of OutcomeModel's scores.
#include <algorithm>
#include <cmath>

#include "acquisition.h"
#include "outcome_model.h"

namespace regatta::search {
namespace {

// by_column[c * n + i] += by_mean · ∂mean/∂column + by_variance · ∂variance/∂column at point i.
void AddChained(const Posterior::Slopes& at, std::size_t n, std::size_t i, double by_mean,
                double by_variance, std::vector<double>& by_column) {
  for (std::size_t place = i; place < by_column.size(); place += n) {
    by_column[place] += by_mean * at.mean_slopes[place] + by_variance * at.variance_slopes[place];
  }
}

}  // namespace

bool OutcomeModel::HasSlopes(Rule rule) const {
  // Scores of four objectives have corners.
  return rule != Rule::kExplore && objectives_.size() <= 3 &&
         (any_feasible_ || !has_constraint_model_);
}

void OutcomeModel::ScoreSlopes(std::span<const Unit> units, Rule rule, std::size_t chosen,
                               std::vector<double>& scores, std::vector<Unit>& slopes) {
  const std::size_t n = units.size();
  scores.assign(n, 0.0);
  slopes.assign(n, Unit(encoder_->dimensions(), 0.0));
  if (n == 0) {
    return;
  }
  const std::vector<Unit> seen = Seen(units);
  const Encoder& encoder = rungs_ ? rungs_->encoder() : *encoder_;
  const Rows points(encoder, seen);
  const std::vector<std::size_t> members = Members(Effort::kLook, rule, chosen);
  std::vector<double> by_column(n * points.columns());
  if (objectives_.size() == 1) {
    AddSlopesOfOne(points, members, rule, scores, by_column);
  } else {
    AddSlopesOfMany(points, members, scores, by_column);
  }
  AddSideSlopes(points, rule, scores, by_column);
  std::vector<double> column_slopes;
  for (std::size_t i = 0; i < n; ++i) {
    encoder.ColumnSlopes(seen[i], column_slopes);
    for (std::size_t c = 0; c < column_slopes.size(); ++c) {
      // What proposals do not have, a resource, comes after what they have.
      if (encoder.dimension_of(c) < slopes[i].size()) {
        slopes[i][encoder.dimension_of(c)] += column_slopes[c] * by_column[c * n + i];
      }
    }
  }
  if (has_priors_) {
    AddPriorSlopes(units, scores, slopes);
  }
}

void OutcomeModel::AddSlopesOfOne(const Rows& points, const std::vector<std::size_t>& members,
                                  Rule rule, std::vector<double>& scores,
                                  std::vector<double>& by_column) {
  const std::size_t n = points.size();
  const std::size_t count = members.size();
  const Surrogate& surrogate = *objectives_.front();
  std::vector<Posterior::Slopes> at(count);
  for (std::size_t k = 0; k < count; ++k) {
    surrogate.member(members[k]).PredictSlopes(points, at[k], scratch_);
  }
  if (earlier_ && earlier_->share() > 0) {
    MixEarlier(points, members, at);
  }
  std::vector<Slope> promised(count);
  std::vector<double> values(count);
  for (std::size_t i = 0; i < n; ++i) {
    if (rule == Rule::kConfidenceBound) {
      const double share = 1 / static_cast<double>(count);
      for (const Posterior::Slopes& of_member : at) {
        const double sigma = std::sqrt(of_member.variance[i]);
        scores[i] -= share * (of_member.mean[i] - kConfidenceWidth * sigma);
        AddChained(of_member, n, i, -share, share * kConfidenceWidth / (2 * sigma), by_column);
      }
      continue;
    }
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t member = members[k];
      const double noise = rungs_ ? 0.0 : std::exp(surrogate.member(member).hyper().log_noise);
      promised[k] = LogReportedImprovementSlope(at[k].mean[i], at[k].variance[i], noise,
                                                bests_[member], believed_[member]);
      values[k] = promised[k].value;
    }
    scores[i] = LogMeanExp(values.data(), static_cast<int>(count));
    for (std::size_t k = 0; k < count; ++k) {
      const double share = std::exp(values[k] - scores[i]) / static_cast<double>(count);
      AddChained(at[k], n, i, share * promised[k].by_mean, share * promised[k].by_variance,
                 by_column);
    }
  }
}

void OutcomeModel::AddSlopesOfMany(const Rows& points, const std::vector<std::size_t>& members,
                                   std::vector<double>& scores, std::vector<double>& by_column) {
  const std::size_t n = points.size();
  const std::size_t m = objectives_.size();
  const std::size_t count = members.size();
  // Per member, m for each point.
  std::vector<std::vector<double>> by_mean(count, std::vector<double>(n * m));
  std::vector<std::vector<double>> by_variance(count, std::vector<double>(n * m));
  std::vector<double> values(n * count);
  std::vector<std::vector<Posterior::Slopes>> at(count, std::vector<Posterior::Slopes>(m));
  std::vector<double> mean_at(m);
  std::vector<double> variance_at(m);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t o = 0; o < m; ++o) {
      objectives_[o]->member(members[k]).PredictSlopes(points, at[k][o], scratch_);
    }
    const ExpectedHypervolumeImprovement improvement = VolumeBeyond(members[k]);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t o = 0; o < m; ++o) {
        mean_at[o] = at[k][o].mean[i];
        variance_at[o] = at[k][o].variance[i];
      }
      values[i * count + k] = improvement.LogSlopes(mean_at.data(), variance_at.data(),
                                                    &by_mean[k][i * m], &by_variance[k][i * m]);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double* promised = &values[i * count];
    scores[i] = LogMeanExp(promised, static_cast<int>(count));
    for (std::size_t k = 0; k < count && std::isfinite(scores[i]); ++k) {
      const double share = std::exp(promised[k] - scores[i]) / static_cast<double>(count);
      for (std::size_t o = 0; o < m; ++o) {
        AddChained(at[k][o], n, i, share * by_mean[k][i * m + o], share * by_variance[k][i * m + o],
                   by_column);
      }
    }
  }
}

// Predictions of each member mixed with those of earlier searches.
void OutcomeModel::MixEarlier(const Rows& points, const std::vector<std::size_t>& members,
                              std::vector<Posterior::Slopes>& at) const {
  const double own = 1 - earlier_->share();
  std::vector<double> by_column;
  const std::vector<double> earlier = earlier_->Predict(points, by_column);
  for (std::size_t k = 0; k < members.size(); ++k) {
    const Place& place = places_[members[k]];
    for (std::size_t i = 0; i < points.size(); ++i) {
      at[k].mean[i] = own * at[k].mean[i] + (1 - own) * place.mean + place.spread * earlier[i];
    }
    for (std::size_t c = 0; c < by_column.size(); ++c) {
      at[k].mean_slopes[c] = own * at[k].mean_slopes[c] + place.spread * by_column[c];
    }
  }
}

// What cost, failures and constraints add to the scores.
void OutcomeModel::AddSideSlopes(const Rows& points, Rule rule, std::vector<double>& scores,
                                 std::vector<double>& by_column) {
  const std::size_t n = points.size();
  Posterior::Slopes at;
  const double cost_weight = CostWeight(rule);
  if (cost_weight > 0) {
    cost_->member(0).PredictMeanSlopes(points, at, scratch_);
    for (std::size_t i = 0; i < n; ++i) {
      scores[i] -= cost_weight * cost_->warp(0).Unwarp(at.mean[i]);
      const double slope = cost_weight * cost_->warp(0).Slope(at.mean[i]);
      for (std::size_t place = i; place < by_column.size(); place += n) {
        by_column[place] -= slope * at.mean_slopes[place];
      }
    }
  }
  const auto add = [&](const Surrogate& side, double extra_variance) {
    for (std::size_t k = 0; k < side.size(); ++k) {
      const double limit = side.warp(k).Warp(0);
      const double share = 1 / static_cast<double>(side.size());
      side.member(k).PredictSlopes(points, at, scratch_);
      for (std::size_t i = 0; i < n; ++i) {
        const double variance = at.variance[i] + extra_variance;
        const double sigma = std::sqrt(variance);
        const double z = (limit - at.mean[i]) / sigma;
        const double slope = share * LogNormalCdfSlope(z);
        scores[i] += share * LogNormalCdf(z);
        AddChained(at, n, i, -slope / sigma, -0.5 * slope * z / variance, by_column);
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

void OutcomeModel::AddPriorSlopes(std::span<const Unit> units, std::vector<double>& scores,
                                  std::vector<Unit>& slopes) const {
  const double weight = PriorWeight();
  for (std::size_t i = 0; i < units.size(); ++i) {
    scores[i] += weight * LogPriorBelief(units[i]);
    for (std::size_t d = 0; d < units[i].size(); ++d) {
      const auto& prior = (*space_)[d].prior;
      if (prior && units[i][d] != kInactive && encoder_->kind(d) != DimensionKind::kCategory) {
        slopes[i][d] -= weight * (units[i][d] - PriorPlace(d)) / (prior->spread * prior->spread);
      }
    }
  }
}

}  // namespace regatta::search
