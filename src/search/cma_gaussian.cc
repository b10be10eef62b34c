#include "cma_gaussian.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <utility>

#include "normal.h"

namespace regatta::search {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

// Steps below this share of the range change nothing that a user could see.
constexpr double kSmallestStep = 1e-11;
constexpr double kLargestCondition = 1e14;

// The line folded onto [0, 1], so that a draw beyond an end comes back.
double Folded(double x) {
  const double turn = std::abs(x - 2 * std::floor(x / 2));
  return turn > 1 ? 2 - turn : turn;
}

}  // namespace

RecombinationWeights::RecombinationWeights(std::size_t population, std::size_t dimensions) {
  const auto lambda = static_cast<double>(population);
  const auto n = static_cast<double>(dimensions);
  parents = population / 2;
  double sums[2] = {0, 0};
  double squares[2] = {0, 0};
  for (std::size_t i = 0; i < population; ++i) {
    weights.push_back(std::log((lambda + 1) / 2) - std::log(static_cast<double>(i + 1)));
    const int side = i < parents ? 0 : 1;
    sums[side] += weights.back();
    squares[side] += weights.back() * weights.back();
  }
  mu_effective = sums[0] * sums[0] / squares[0];
  if (dimensions == 0) {
    weights.resize(parents);
    for (double& weight : weights) {
      weight /= sums[0];
    }
    return;
  }
  // Tutorial, equations 49 to 53.
  const double mu_negative = sums[1] * sums[1] / std::max(squares[1], 1e-300);
  const double c_1 = 2 / ((n + 1.3) * (n + 1.3) + mu_effective);
  const double c_mu = std::min(1 - c_1, 2 * (0.25 + mu_effective + 1 / mu_effective - 2) /
                                            ((n + 2) * (n + 2) + mu_effective));
  const double negative = std::min(
      {1 + c_1 / c_mu, 1 + 2 * mu_negative / (mu_effective + 2), (1 - c_1 - c_mu) / (n * c_mu)});
  for (std::size_t i = 0; i < population; ++i) {
    weights[i] =
        i < parents ? weights[i] / sums[0] : negative * weights[i] / std::max(-sums[1], 1e-300);
  }
}

CmaGaussian::CmaGaussian(std::vector<CellFunction> cells, std::size_t population,
                         const Start& start)
    : cells_(std::move(cells)),
      weights_(population, cells_.size()),
      sigma_(start.sigma),
      margin_(1 / static_cast<double>(population * std::max<std::size_t>(cells_.size(), 1))) {
  const auto n = static_cast<double>(cells_.size());
  const auto size = static_cast<Index>(cells_.size());
  const double mu = weights_.mu_effective;
  if (size == 0) {
    return;
  }
  c_sigma_ = (mu + 2) / (n + mu + 5);
  d_sigma_ = 1 + 2 * std::max(0.0, std::sqrt((mu - 1) / (n + 1)) - 1) + c_sigma_;
  c_c_ = (4 + mu / n) / (n + 4 + 2 * mu / n);
  c_1_ = 2 / ((n + 1.3) * (n + 1.3) + mu);
  c_mu_ = std::min(1 - c_1_, 2 * (0.25 + mu + 1 / mu - 2) / ((n + 2) * (n + 2) + mu));
  chi_ = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
  gap_ = std::max<std::size_t>(1, static_cast<std::size_t>(1 / (10 * n * (c_1_ + c_mu_))));
  mean_ = Eigen::Map<const VectorXd>(start.mean.data(), size);
  scale_ = start.scale.empty() ? VectorXd::Ones(size)
                               : VectorXd(Eigen::Map<const VectorXd>(start.scale.data(), size));
  path_sigma_ = VectorXd::Zero(size);
  path_c_ = VectorXd::Zero(size);
  c_ = Eigen::MatrixXd::Identity(size, size);
  basis_ = c_;
  axes_ = VectorXd::Ones(size);
  KeepMargin();
}

double CmaGaussian::deviation(std::size_t d) const {
  const auto i = static_cast<Index>(d);
  return sigma_ * scale_[i] * std::sqrt(c_(i, i));
}

std::vector<double> CmaGaussian::Draw(Rng& rng) const {
  const auto n = static_cast<Index>(cells_.size());
  VectorXd z(n);
  for (Index i = 0; i < n; ++i) {
    z[i] = axes_[i] * rng.Normal();
  }
  const VectorXd y = basis_ * z;
  std::vector<double> x(cells_.size());
  for (Index i = 0; i < n; ++i) {
    const double at = mean_[i] + sigma_ * scale_[i] * y[i];
    x[static_cast<std::size_t>(i)] = cells_[static_cast<std::size_t>(i)] ? at : Folded(at);
  }
  return x;
}

void CmaGaussian::Complete(Row& row, Rng& rng) const {
  for (std::size_t d = 0; d < row.x.size(); ++d) {
    const double u = rng.UniformOpen();  // one a dimension, whatever becomes of it
    const double m = mean(d);
    const double s = deviation(d);
    if (!row.active[d]) {
      row.x[d] = m + s * NormalQuantile(u);
    } else if (cells_[d]) {
      const LevelCell cell = cells_[d](row.x[d]);
      const double below = NormalCdf((cell.low - m) / s);
      const double mass = NormalCdf((cell.high - m) / s) - below;
      if (mass > 1e-9) {
        row.x[d] = std::clamp(m + s * NormalQuantile(below + u * mass), cell.low, cell.high);
      } else {
        row.x[d] = std::clamp(m, cell.low, cell.high);
      }
    }
  }
}

void CmaGaussian::Update(const std::vector<Row>& ranked) {
  ++generation_;
  const auto n = static_cast<Index>(cells_.size());
  if (n == 0) {
    return;
  }
  const auto size = static_cast<double>(n);
  const double mu = weights_.mu_effective;
  // A step longer than nearly all that the distribution makes counts as one that long.
  const double longest = std::sqrt(size) + 2 * size / (size + 2);
  VectorXd move = VectorXd::Zero(n);
  VectorXd step = VectorXd::Zero(n);
  Eigen::MatrixXd rank_mu = Eigen::MatrixXd::Zero(n, n);
  double total = 0;
  for (std::size_t k = 0; k < ranked.size(); ++k) {
    const double weight = weights_.weights[k];
    VectorXd y(n);
    for (Index i = 0; i < n; ++i) {
      y[i] = (ranked[k].x[static_cast<std::size_t>(i)] - mean_[i]) / (sigma_ * scale_[i]);
    }
    double length = (basis_.transpose() * y).cwiseQuotient(axes_).norm();
    if (length > longest) {
      y *= longest / length;
      length = longest;
    }
    if (weight > 0) {
      step += weight * y;
      for (Index i = 0; i < n; ++i) {
        move[i] += ranked[k].active[static_cast<std::size_t>(i)] ? weight * y[i] : 0.0;
      }
    }
    total += weight;
    const double balanced = weight >= 0 ? weight : weight * size / std::max(length * length, 1e-12);
    rank_mu.noalias() += balanced * y * y.transpose();
  }
  mean_ += sigma_ * scale_.cwiseProduct(move);
  const VectorXd white = basis_ * (basis_.transpose() * step).cwiseQuotient(axes_);
  path_sigma_ = (1 - c_sigma_) * path_sigma_ + std::sqrt(c_sigma_ * (2 - c_sigma_) * mu) * white;
  const double length = path_sigma_.norm();
  const double grown = std::sqrt(1 - std::pow(1 - c_sigma_, 2 * static_cast<double>(generation_)));
  const bool steady = length / grown < (1.4 + 2 / (size + 1)) * chi_;
  path_c_ = (1 - c_c_) * path_c_;
  if (steady) {
    path_c_ += std::sqrt(c_c_ * (2 - c_c_) * mu) * step;
  }
  const double lost = steady ? 0 : c_1_ * c_c_ * (2 - c_c_);
  c_ = (1 + lost - c_1_ - c_mu_ * total) * c_ + c_1_ * path_c_ * path_c_.transpose() +
       c_mu_ * rank_mu;
  sigma_ *= std::exp(std::min(1.0, c_sigma_ / d_sigma_ * (length / chi_ - 1)));
  if (generation_ % gap_ == 0) {
    Decompose();
  }
  if (!spent_) {
    KeepMargin();
  }
}

void CmaGaussian::Decompose() {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(c_);
  const VectorXd& values = solver.eigenvalues();
  if (solver.info() != Eigen::Success || !values.allFinite() || !(values.minCoeff() > 0) ||
      values.maxCoeff() > kLargestCondition * values.minCoeff()) {
    spent_ = true;
    return;
  }
  basis_ = solver.eigenvectors();
  axes_ = values.cwiseSqrt();
}

// Every level next to the mean's stays possible, with probability at least `margin_` (ibid.,
// section 4), and no step exceeds the range.
void CmaGaussian::KeepMargin() {
  double widest = 0;
  double widest_continuous = 0;
  bool continuous = false;
  for (std::size_t d = 0; d < cells_.size(); ++d) {
    const auto i = static_cast<Index>(d);
    const double s = deviation(d);
    if (!std::isfinite(s) || !(s > 0) || !std::isfinite(mean_[i])) {
      spent_ = true;
      return;
    }
    if (!cells_[d]) {
      continuous = true;
      widest_continuous = std::max(widest_continuous, s);
      widest = std::max(widest, s);
      continue;
    }
    const LevelCell cell = cells_[d](mean_[i]);
    const double far = -NormalQuantile(margin_);
    if (!std::isfinite(cell.low) && !std::isfinite(cell.high)) {
      mean_[i] = std::clamp(mean_[i], 0.0, 1.0);
    } else if (!std::isfinite(cell.low)) {
      mean_[i] = std::max(mean_[i], cell.high - far * s);
    } else if (!std::isfinite(cell.high)) {
      mean_[i] = std::min(mean_[i], cell.low + far * s);
    } else {
      const double least = margin_ / 2;
      double below = NormalCdf((cell.low - mean_[i]) / s);
      double above = NormalCdf((mean_[i] - cell.high) / s);
      if (below >= least && above >= least) {
        widest = std::max(widest, s);
        continue;
      }
      below = std::clamp(below, least, 0.5 - least);
      above = std::clamp(above, least, 0.5 - least);
      const double q_low = -NormalQuantile(below);
      const double q_high = -NormalQuantile(above);
      const double wanted = (cell.high - cell.low) / (q_low + q_high);
      mean_[i] = (cell.low * q_high + cell.high * q_low) / (q_low + q_high);
      scale_[i] *= wanted / s;
    }
    widest = std::max(widest, deviation(d));
  }
  sigma_ = widest > 1 ? sigma_ / widest : sigma_;
  spent_ = continuous && widest_continuous < kSmallestStep;
}

}  // namespace regatta::search
