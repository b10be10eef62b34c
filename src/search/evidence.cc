#include "evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace regatta::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

double Bend(double bend, std::span<const double> y, std::vector<double>& bent) {
  bent.assign(y.begin(), y.end());
  if (std::abs(bend) < 1e-6) {
    return 0;
  }
  const auto n = static_cast<double>(y.size());
  double log_jacobian = 0;
  double mean = 0;
  for (double& value : bent) {
    log_jacobian += bend * value;
    value = std::expm1(bend * value) / bend;
    mean += value / n;
  }
  double variance = 0;
  for (const double value : bent) {
    variance += (value - mean) * (value - mean) / n;
  }
  if (!(variance > 0)) {
    return 0;
  }
  const double scale = 1 / std::sqrt(variance);
  for (double& value : bent) {
    value = (value - mean) * scale;
  }
  return log_jacobian + n * std::log(scale);
}

Evidence::Evidence(const Encoder& encoder, const Rows& rows, std::span<const double> y, bool bends)
    : n_(rows.size()), bends_(bends), y_(y.begin(), y.end()), bent_(y_) {
  const std::size_t entries = PackedSize(n_);
  distances_.assign(encoder.dimensions(), AlignedVector<double>(entries));
  for (std::size_t c = 0; c < encoder.columns(); ++c) {
    const double* column = rows.column(c);
    const bool category = encoder.is_category_column(c);
    double* out = distances_[encoder.dimension_of(c)].data();
    for (std::size_t first = 0; first < n_; first += kPanel) {
      double panel[kPanel] = {};
      std::copy(column + first, column + std::min(n_, first + kPanel), panel);
      for (std::size_t k = 0; k < first + kPanel; ++k, out += kPanel) {
        const double at = k < n_ ? column[k] : 0.0;
        for (std::size_t i = 0; i < kPanel; ++i) {
          const double gap = panel[i] - at;
          const double mismatch = (panel[i] < 0) != (at < 0) ? 0.5 : panel[i] == at ? 0.0 : 1.0;
          out[i] += category ? mismatch : gap * gap;
        }
      }
    }
  }
  total_.resize(entries);
  matern_.resize(entries);
  factor_.resize(entries);
  inverses_.resize(InversesSize(n_));
  z_.resize(PanelsOf(n_) * kPanel);
  ones_.resize(z_.size());
}

void Evidence::SetBend(double bend) {
  if (bends_) {
    log_jacobian_ = Bend(bend, y_, bent_);
  }
}

void Evidence::SumDistances(const Hyper& hyper) {
  std::fill(total_.begin(), total_.end(), 0.0);
  for (std::size_t d = 0; d < distances_.size(); ++d) {
    AddScaled(total_.data(), distances_[d].data(), std::exp(-2 * hyper.log_scale[d]),
              total_.size());
  }
}

// matern_ from total_.
void Evidence::ApplyKernel() {
  Matern52(matern_.data(), total_.data(), total_.data(), 0.0, 1.0, total_.size());
}

// From matern_.
double Evidence::LogLikelihood(double log_signal, double log_noise) {
  return Factor(log_signal, log_noise) ? LikelihoodOfTargets() : -kInfinity;
}

bool Evidence::Factor(double log_signal, double log_noise) {
  const double signal = std::exp(log_signal);
  const double diagonal = std::exp(log_noise) + kJitter * signal;
  for (std::size_t i = 0; i < factor_.size(); ++i) {
    factor_[i] = signal * matern_[i];
  }
  for (std::size_t i = 0; i < n_; ++i) {
    factor_[PackedIndex(i, i)] += diagonal;
  }
  return Cholesky(factor_.data(), inverses_.data(), n_);
}

// By the factor that Factor left.
double Evidence::LikelihoodOfTargets() {
  std::fill(std::copy(bent_.begin(), bent_.end(), z_.begin()), z_.end(), 0.0);
  std::fill(std::fill_n(ones_.begin(), n_, 1.0), ones_.end(), 0.0);
  SolveLower(factor_.data(), inverses_.data(), n_, z_.data());
  SolveLower(factor_.data(), inverses_.data(), n_, ones_.data());
  const double cross = Dot(z_.data(), ones_.data(), n_);
  const double weight = Dot(ones_.data(), ones_.data(), n_) + kMeanRidge;
  double log_determinant = 0;
  for (std::size_t i = 0; i < n_; ++i) {
    log_determinant += std::log(factor_[PackedIndex(i, i)]);
  }
  const double misfit = Dot(z_.data(), z_.data(), n_) - cross * cross / weight;
  const double value = -0.5 * misfit - log_determinant + log_jacobian_;
  return std::isfinite(value) ? value : -kInfinity;
}

double Evidence::LogPosterior(const Hyper& hyper) {
  const double prior = LogPrior(hyper);
  if (!(prior > -kInfinity)) {
    return prior;
  }
  SetBend(hyper.bend);
  SumDistances(hyper);
  ApplyKernel();
  return LogLikelihood(hyper.log_signal, hyper.log_noise) + prior;
}

void Evidence::SliceSweep(Hyper& hyper, Rng& rng) {
  constexpr double kWidth = 0.7;
  constexpr int kSteps = 5;
  const std::size_t dimensions = hyper.log_scale.size();
  SetBend(hyper.bend);
  SumDistances(hyper);
  ApplyKernel();
  // The likelihood at `hyper`, known from the coordinate before.
  double likelihood = LogLikelihood(hyper.log_signal, hyper.log_noise);
  const std::size_t moved = bends_ ? hyper.size() : hyper.size() - 1;
  for (std::size_t i = 0; i < moved; ++i) {
    const Box box = BoxOf(hyper, i);
    const double at = hyper[i];
    const double weight = i < dimensions ? std::exp(-2 * at) : 0;
    double last = 0;
    bool factored = false;
    const auto density = [&](double value) {
      if (value < box.low || value > box.high) {
        return -kInfinity;
      }
      double signal = hyper.log_signal;
      double noise = hyper.log_noise;
      if (i < dimensions) {
        // Only this dimension's part of the distance is another.
        Matern52(matern_.data(), total_.data(), distances_[i].data(), std::exp(-2 * value) - weight,
                 1.0, total_.size());
      } else if (i <= dimensions + 1) {
        (i == dimensions ? signal : noise) = value;
      } else {
        // Only the targets are others.
        SetBend(value);
        factored = factored || Factor(signal, noise);
        last = factored ? LikelihoodOfTargets() : -kInfinity;
        return last + LogPriorOne(hyper, i, value);
      }
      last = LogLikelihood(signal, noise);
      return last + LogPriorOne(hyper, i, value);
    };
    const double level = likelihood + LogPriorOne(hyper, i, at) + std::log(rng.UniformOpen());
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
        likelihood = last;
        break;
      }
      (value < at ? low : high) = value;
    }
    if (i < dimensions) {
      AddScaled(total_.data(), distances_[i].data(), std::exp(-2 * hyper[i]) - weight,
                total_.size());
    }
    if (i + 1 == dimensions) {
      ApplyKernel();
    }
  }
}

}  // namespace regatta::search
