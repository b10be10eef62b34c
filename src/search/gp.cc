#include "gp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "linalg.h"

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kJitter = 1e-8;
// The mean's own prior is N(0, 10²) in standardised units: too weak to matter, enough to be
// defined.
constexpr double kMeanRidge = 0.01;

struct Box {
  double low;
  double high;
};

Box BoxOf(const Hyper& hyper, std::size_t i) {
  static const Box scale{std::log(0.02), std::log(50.0)};
  static const Box signal{std::log(0.02), std::log(20.0)};
  static const Box noise{std::log(1e-6), 0.0};
  const std::size_t d = hyper.log_scale.size();
  return i < d ? scale : i == d ? signal : noise;
}

double LogPriorOne(const Hyper& hyper, std::size_t i, double value) {
  const std::size_t d = hyper.log_scale.size();
  const double mean = i < d ? -0.5 + 0.5 * std::log(static_cast<double>(d)) : i == d ? 0.0 : -4.5;
  const double z = (value - mean) / (i <= d ? 1.0 : 1.3);
  return -0.5 * z * z;
}

}  // namespace

double& Hyper::operator[](std::size_t i) {
  const std::size_t d = log_scale.size();
  return i < d ? log_scale[i] : i == d ? log_signal : log_noise;
}

double Hyper::operator[](std::size_t i) const {
  const std::size_t d = log_scale.size();
  return i < d ? log_scale[i] : i == d ? log_signal : log_noise;
}

Hyper DefaultHyper(std::size_t dimensions) {
  Hyper hyper;
  hyper.log_scale.assign(dimensions,
                         std::log(0.5) + 0.5 * std::log(static_cast<double>(dimensions)));
  return hyper;
}

double LogPrior(const Hyper& hyper) {
  double sum = 0;
  for (std::size_t i = 0; i < hyper.size(); ++i) {
    const Box box = BoxOf(hyper, i);
    if (hyper[i] < box.low || hyper[i] > box.high) {
      return -kInfinity;
    }
    sum += LogPriorOne(hyper, i, hyper[i]);
  }
  return sum;
}

Rows::Rows(const Encoder& encoder, std::span<const Unit> units)
    : size_(units.size()), data_(units.size() * encoder.columns()) {
  for (std::size_t row = 0; row < size_; ++row) {
    encoder.Columns(units[row], data_.data() + row, size_);
  }
}

Evidence::Evidence(const Encoder& encoder, const Rows& rows, std::span<const double> y)
    : n_(rows.size()), y_(y.begin(), y.end()) {
  const std::size_t entries = n_ * (n_ + 1) / 2;
  distances_.assign(encoder.dimensions(), std::vector<double>(entries));
  for (std::size_t c = 0; c < encoder.columns(); ++c) {
    const double* column = rows.column(c);
    double* out = distances_[encoder.dimension_of(c)].data();
    for (std::size_t j = 0; j < n_; ++j) {
      const auto add = encoder.is_category_column(c) ? &AddScaledMismatch : &AddScaledSquares;
      add(out, column + j, column[j], 1.0, n_ - j);
      out += n_ - j;
    }
  }
  base_.resize(entries);
  total_.resize(entries);
  matern_.resize(entries);
  factor_.resize(n_ * n_);
  z_.resize(n_);
  ones_.resize(n_);
}

// total_ := Σ_d dist_d² / ℓ_d² over all dimensions but `without`.
void Evidence::SumDistances(const Hyper& hyper, std::size_t without) {
  std::fill(total_.begin(), total_.end(), 0.0);
  for (std::size_t d = 0; d < distances_.size(); ++d) {
    if (d != without) {
      AddScaled(total_.data(), distances_[d].data(), std::exp(-2 * hyper.log_scale[d]),
                total_.size());
    }
  }
}

// From matern_, the unscaled kernel.
double Evidence::LogLikelihood(double log_signal, double log_noise) {
  const double signal = std::exp(log_signal);
  const double diagonal = std::exp(log_noise) + kJitter * signal;
  const double* entry = matern_.data();
  for (std::size_t j = 0; j < n_; ++j) {
    double* column = factor_.data() + j * n_;
    for (std::size_t i = j; i < n_; ++i) {
      column[i] = signal * *entry++;
    }
    column[j] += diagonal;
  }
  if (!Cholesky(factor_.data(), n_, n_)) {
    return -kInfinity;
  }
  std::copy(y_.begin(), y_.end(), z_.begin());
  std::fill(ones_.begin(), ones_.end(), 1.0);
  SolveLower(factor_.data(), n_, n_, z_.data());
  SolveLower(factor_.data(), n_, n_, ones_.data());
  const double cross = Dot(z_.data(), ones_.data(), n_);
  const double weight = Dot(ones_.data(), ones_.data(), n_) + kMeanRidge;
  double log_determinant = 0;
  for (std::size_t j = 0; j < n_; ++j) {
    log_determinant += std::log(factor_[j * n_ + j]);
  }
  const double misfit = Dot(z_.data(), z_.data(), n_) - cross * cross / weight;
  const double value = -0.5 * misfit - log_determinant;
  return std::isfinite(value) ? value : -kInfinity;
}

double Evidence::LogPosterior(const Hyper& hyper) {
  const double prior = LogPrior(hyper);
  if (!(prior > -kInfinity)) {
    return prior;
  }
  SumDistances(hyper, hyper.size());
  Matern52(matern_.data(), total_.data(), 1.0, total_.size());
  return LogLikelihood(hyper.log_signal, hyper.log_noise) + prior;
}

void Evidence::SliceSweep(Hyper& hyper, Rng& rng) {
  constexpr double kWidth = 0.7;
  constexpr int kSteps = 5;
  const std::size_t dimensions = hyper.log_scale.size();
  for (std::size_t i = 0; i < hyper.size(); ++i) {
    if (i < dimensions) {
      SumDistances(hyper, i);
      base_ = total_;
    } else if (i == dimensions) {
      SumDistances(hyper, hyper.size());
      Matern52(matern_.data(), total_.data(), 1.0, total_.size());
    }
    const Box box = BoxOf(hyper, i);
    const auto density = [&](double value) {
      if (value < box.low || value > box.high) {
        return -kInfinity;
      }
      double signal = hyper.log_signal;
      double noise = hyper.log_noise;
      if (i < dimensions) {
        total_ = base_;
        AddScaled(total_.data(), distances_[i].data(), std::exp(-2 * value), total_.size());
        Matern52(matern_.data(), total_.data(), 1.0, total_.size());
      } else {
        (i == dimensions ? signal : noise) = value;
      }
      return LogLikelihood(signal, noise) + LogPriorOne(hyper, i, value);
    };
    const double at = hyper[i];
    const double level = density(at) + std::log(rng.UniformOpen());
    double low = at - kWidth * rng.Uniform();
    double high = low + kWidth;
    // The steps are shared out between the sides by chance: a fixed share would bias the chain.
    const auto steps_down = static_cast<int>(rng.Below(kSteps + 1));
    for (int step = 0; step < steps_down && density(low) > level; ++step) {
      low -= kWidth;
    }
    for (int step = steps_down; step < kSteps && density(high) > level; ++step) {
      high += kWidth;
    }
    for (int shrink = 0; shrink < 12; ++shrink) {
      const double value = low + (high - low) * rng.Uniform();
      if (density(value) > level) {
        hyper[i] = value;
        break;
      }
      (value < at ? low : high) = value;
    }
  }
}

bool Posterior::Fit(const Encoder& encoder, const Rows& rows, std::span<const double> y,
                    const Hyper& hyper, std::size_t reserve) {
  encoder_ = &encoder;
  hyper_ = hyper;
  signal_ = std::exp(hyper.log_signal);
  noise_ = std::exp(hyper.log_noise);
  observed_ = size_ = rows.size();
  capacity_ = size_ + reserve;
  const std::size_t columns = encoder.columns();
  weights_.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    weights_[c] = std::exp(-2 * hyper.log_scale[encoder.dimension_of(c)]);
  }
  rows_.resize(size_ * columns);
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      rows_[i * columns + c] = rows.at(i, c);
    }
  }
  factor_.assign(capacity_ * capacity_, 0.0);
  double jitter = kJitter * signal_;
  bool factored = false;
  for (int attempt = 0; attempt < 6 && !factored; ++attempt, jitter *= 10) {
    for (std::size_t j = 0; j < size_; ++j) {
      double* column = factor_.data() + j * capacity_ + j;
      std::fill(column, column + (size_ - j), 0.0);
      for (std::size_t c = 0; c < columns; ++c) {
        const auto add = encoder.is_category_column(c) ? &AddScaledMismatch : &AddScaledSquares;
        add(column, rows.column(c) + j, rows.at(j, c), weights_[c], size_ - j);
      }
      Matern52(column, column, signal_, size_ - j);
      column[0] += noise_ + jitter;
    }
    factored = Cholesky(factor_.data(), capacity_, size_);
  }
  if (!factored) {
    return false;
  }
  std::vector<double> ones(size_, 1.0);
  alpha_.assign(y.begin(), y.end());
  SolveLower(factor_.data(), capacity_, size_, alpha_.data());
  SolveLower(factor_.data(), capacity_, size_, ones.data());
  mean_ =
      Dot(alpha_.data(), ones.data(), size_) / (Dot(ones.data(), ones.data(), size_) + kMeanRidge);
  AddScaled(alpha_.data(), ones.data(), -mean_, size_);
  SolveUpper(factor_.data(), capacity_, size_, alpha_.data());
  return std::isfinite(mean_);
}

// scratch.cross := the covariance of each of the `rows` points with each row of the model.
void Posterior::CrossCovariance(const Rows& points, std::size_t rows, Scratch& scratch) const {
  const std::size_t columns = weights_.size();
  scratch.cross.resize(rows * size_);
  for (std::size_t i = 0; i < size_; ++i) {
    double* out = scratch.cross.data() + i * rows;
    std::fill(out, out + rows, 0.0);
    for (std::size_t c = 0; c < columns; ++c) {
      const auto add = encoder_->is_category_column(c) ? &AddScaledMismatch : &AddScaledSquares;
      add(out, points.column(c), rows_[i * columns + c], weights_[c], rows);
    }
    Matern52(out, out, signal_, rows);
  }
}

void Posterior::AppendPending(const Unit& unit) {
  const std::size_t columns = weights_.size();
  if (size_ == capacity_) {
    const std::size_t grown = capacity_ + capacity_ / 4 + 16;
    std::vector<double> factor(grown * grown);
    for (std::size_t j = 0; j < size_; ++j) {
      std::copy_n(factor_.data() + j * capacity_ + j, size_ - j, factor.data() + j * grown + j);
    }
    factor_ = std::move(factor);
    capacity_ = grown;
  }
  const Rows point(*encoder_, {&unit, 1});
  Scratch scratch;
  CrossCovariance(point, 1, scratch);
  SolveRows(factor_.data(), capacity_, size_, scratch.cross.data(), 1, 1);
  const double explained = Dot(scratch.cross.data(), scratch.cross.data(), size_);
  for (std::size_t j = 0; j < size_; ++j) {
    factor_[j * capacity_ + size_] = scratch.cross[j];
  }
  const double rest = signal_ * (1 + kJitter) + noise_ - explained;
  factor_[size_ * capacity_ + size_] = std::sqrt(std::max(rest, kJitter * signal_));
  rows_.resize((size_ + 1) * columns);
  for (std::size_t c = 0; c < columns; ++c) {
    rows_[size_ * columns + c] = point.at(0, c);
  }
  ++size_;
}

void Posterior::DropPending() {
  size_ = observed_;
  rows_.resize(size_ * weights_.size());
}

void Posterior::Predict(const Rows& points, double* mean, double* variance,
                        Scratch& scratch) const {
  const std::size_t m = points.size();
  CrossCovariance(points, m, scratch);
  std::fill(mean, mean + m, mean_);
  for (std::size_t i = 0; i < observed_; ++i) {
    AddScaled(mean, scratch.cross.data() + i * m, alpha_[i], m);
  }
  if (variance == nullptr) {
    return;
  }
  SolveRows(factor_.data(), capacity_, size_, scratch.cross.data(), m, m);
  std::fill(variance, variance + m, 0.0);
  for (std::size_t i = 0; i < size_; ++i) {
    AddSquares(variance, scratch.cross.data() + i * m, m);
  }
  for (std::size_t k = 0; k < m; ++k) {
    variance[k] = std::max(signal_ - variance[k], 1e-10);
  }
}

// [K⁻¹]_ii is the squared length of column i of L⁻¹.
std::vector<double> Posterior::InverseDiagonal() const {
  std::vector<double> inverse_diagonal(observed_);
  std::vector<double> e(observed_);
  for (std::size_t i = 0; i < observed_; ++i) {
    std::fill(e.begin(), e.end(), 0.0);
    e[i] = 1 / factor_[i * capacity_ + i];
    for (std::size_t j = i; j < observed_; ++j) {
      if (j > i) {
        e[j] /= factor_[j * capacity_ + j];
      }
      AddScaled(e.data() + j + 1, factor_.data() + j * capacity_ + j + 1, -e[j], observed_ - j - 1);
    }
    inverse_diagonal[i] = Dot(e.data(), e.data(), observed_);
  }
  return inverse_diagonal;
}

std::vector<double> Posterior::LeaveOneOutResiduals() const {
  std::vector<double> residuals = InverseDiagonal();
  for (std::size_t i = 0; i < observed_; ++i) {
    residuals[i] = alpha_[i] / residuals[i];
  }
  return residuals;
}

std::vector<double> Posterior::LeaveOneOut() const {
  const std::vector<double> inverse_diagonal = InverseDiagonal();
  std::vector<double> densities(observed_);
  for (std::size_t i = 0; i < observed_; ++i) {
    const double variance = 1 / inverse_diagonal[i];
    const double residual = alpha_[i] * variance;
    densities[i] =
        -0.5 * std::log(variance) - 0.5 * residual * residual / variance - 0.91893853320467274178;
  }
  return densities;
}

}  // namespace regatta::search
