#include "posterior.h"

#include <algorithm>
#include <cmath>

namespace regatta::search {
namespace {

constexpr double kLeastVariance = 1e-10;

}  // namespace

KernelShape Posterior::Shape() const {
  return {numbers_, columns_.size() - numbers_, weights_.data(), signal_};
}

void Posterior::AddRows(const Rows& points, std::size_t from) {
  rows_.reserve(rows_.size() + (points.size() - from) * columns_.size());
  for (std::size_t i = from; i < points.size(); ++i) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      rows_.push_back(points.at(i, columns_[c]) * scales_[c]);
    }
  }
  size_ += points.size() - from;
  factor_.resize(PackedSize(size_));
  inverses_.resize(InversesSize(size_));
}

void Posterior::Truncate(std::size_t size) {
  size_ = size;
  rows_.resize(size_ * columns_.size());
  factor_.resize(PackedSize(size_));
  inverses_.resize(InversesSize(size_));
}

void Posterior::FillPanels(std::size_t from) {
  const std::size_t columns = columns_.size();
  AlignedVector<double> panel(columns * kPanel);
  for (std::size_t first = from * kPanel; first < size_; first += kPanel) {
    const std::size_t end = std::min(size_, first + kPanel);
    for (std::size_t i = first; i < end; ++i) {
      for (std::size_t c = 0; c < columns; ++c) {
        panel[c * kPanel + (i - first)] = rows_[i * columns + c];
      }
    }
    double* out = factor_.data() + PackedOffset(first / kPanel);
    CovarianceNarrowTile(Shape(), panel.data(), rows_.data(), end, out);
    for (std::size_t i = first; i < end; ++i) {
      out[i * kPanel + (i - first)] += noise_ + jitter_ * signal_;
    }
  }
}

void Posterior::RoundFactor(std::size_t from) {
  float_factor_.resize(factor_.size());
  float_inverses_.resize(inverses_.size());
  const std::size_t entry = PackedOffset(from);
  const std::size_t inverse = from * kPanel * kPanel;
  RoundToFloats(float_factor_.data() + entry, factor_.data() + entry, factor_.size() - entry);
  RoundToFloats(float_inverses_.data() + inverse, inverses_.data() + inverse,
                inverses_.size() - inverse);
}

// Which columns count how much, by `hyper`.
void Posterior::Scale(const Encoder& encoder, const Hyper& hyper) {
  encoder_ = &encoder;
  hyper_ = hyper;
  signal_ = std::exp(hyper.log_signal);
  noise_ = std::exp(hyper.log_noise);
  columns_.clear();
  scales_.clear();
  weights_.clear();
  for (const bool categories : {false, true}) {
    for (std::size_t c = 0; c < encoder.columns(); ++c) {
      if (encoder.is_category_column(c) != categories) {
        continue;
      }
      const double inverse_scale = std::exp(-hyper.log_scale[encoder.dimension_of(c)]);
      columns_.push_back(c);
      scales_.push_back(categories ? 1.0 : inverse_scale);
      if (categories) {
        weights_.push_back(inverse_scale * inverse_scale);
      }
    }
    numbers_ = categories ? numbers_ : columns_.size();
  }
}

// How many of the first observed rows are the first of these.
std::size_t Posterior::CommonRows(const Rows& rows) const {
  const std::size_t columns = columns_.size();
  std::size_t row = 0;
  for (; row < std::min(observed_, rows.size()); ++row) {
    for (std::size_t c = 0; c < columns; ++c) {
      if (rows_[row * columns + c] != rows.at(row, columns_[c]) * scales_[c]) {
        return row;
      }
    }
  }
  return row;
}

// Replaces all rows but the first `kept`, whose part of the factor stays. False if the covariance
// cannot be factored with the present jitter.
bool Posterior::Factor(const Rows& rows, std::size_t kept) {
  Truncate(kept);
  AddRows(rows, kept);
  FillPanels(kept / kPanel);
  if (!Cholesky(factor_.data(), inverses_.data(), size_, kept / kPanel)) {
    return false;
  }
  RoundFactor(kept / kPanel);
  return true;
}

bool Posterior::Fit(const Encoder& encoder, const Rows& rows, std::span<const double> y,
                    const Hyper& hyper) {
  std::size_t kept = 0;
  // With a raised diagonal the factor says nothing about what the first try would have given.
  if (encoder_ == &encoder && hyper_ == hyper && jitter_ == kJitter) {
    kept = CommonRows(rows);
  } else {
    Scale(encoder, hyper);
  }
  jitter_ = kJitter;
  bool factored = Factor(rows, kept);
  for (int attempt = 1; attempt < 6 && !factored; ++attempt) {
    jitter_ *= 10;
    factored = Factor(rows, 0);
  }
  observed_ = size_;
  if (!factored) {
    encoder_ = nullptr;
    return false;
  }
  AlignedVector<double> ones(PanelsOf(size_) * kPanel);
  std::fill_n(ones.begin(), size_, 1.0);
  alpha_.assign(ones.size(), 0.0);
  std::copy(y.begin(), y.end(), alpha_.begin());
  SolveLower(factor_.data(), inverses_.data(), size_, alpha_.data());
  SolveLower(factor_.data(), inverses_.data(), size_, ones.data());
  mean_ =
      Dot(alpha_.data(), ones.data(), size_) / (Dot(ones.data(), ones.data(), size_) + kMeanRidge);
  AddScaled(alpha_.data(), ones.data(), -mean_, size_);
  SolveUpper(factor_.data(), inverses_.data(), size_, alpha_.data());
  return std::isfinite(mean_);
}

// The last panel is factored again together with the new rows, by the same operations as in Fit.
void Posterior::AppendPending(std::span<const Unit> units) {
  const std::size_t before = size_;
  const std::size_t from = size_ / kPanel;
  AddRows(Rows(*encoder_, units), 0);
  FillPanels(from);
  // A point that was seen before adds nothing, whatever rounding says; one that cannot be factored
  // even so (it is not a number) is left out.
  if (Cholesky(factor_.data(), inverses_.data(), size_, from, jitter_ * signal_)) {
    RoundFactor(from);
  } else {
    Truncate(before);
    FillPanels(from);
    (void)Cholesky(factor_.data(), inverses_.data(), size_, from);
  }
}

void Posterior::DropPending() {
  if (size_ == observed_) {
    return;
  }
  Truncate(observed_);
  FinishPanel(factor_.data(), inverses_.data(), size_);
  RoundFactor((size_ - 1) / kPanel);
}

void Posterior::Predict(const Rows& points, double* mean, double* variance,
                        Scratch& scratch) const {
  PredictAs(false, points, mean, variance, scratch);
}

void Posterior::PredictRoughly(const Rows& points, double* mean, double* variance,
                               Scratch& scratch) const {
  PredictAs(true, points, mean, variance, scratch);
}

// Scaled coordinates of `width` points side by side, zeros after the last.
void Posterior::LoadTile(const Rows& points, std::size_t first, std::size_t width,
                         Scratch& scratch) const {
  const std::size_t count = std::min(width, points.size() - first);
  scratch.points.resize(columns_.size() * kTile);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    double* out = scratch.points.data() + c * width;
    const double* column = points.column(columns_[c]) + first;
    for (std::size_t i = 0; i < width; ++i) {
      out[i] = i < count ? column[i] * scales_[c] : 0.0;
    }
  }
}

void Posterior::PredictAs(bool roughly, const Rows& points, double* mean, double* variance,
                          Scratch& scratch) const {
  const std::size_t panels = PanelsOf(size_);
  const std::size_t needed = variance == nullptr ? observed_ : size_;
  scratch.tile.resize(panels * kPanel * kTile);
  scratch.float_tile.resize(roughly ? panels * kPanel * kTile : 0);
  double* tile = scratch.tile.data();
  const std::size_t m = points.size();
  for (std::size_t first = 0; first < m;) {
    const bool narrow = !roughly && m - first <= kNarrowTile;
    const std::size_t width = narrow ? kNarrowTile : kTile;
    const std::size_t count = std::min(width, m - first);
    LoadTile(points, first, width, scratch);
    if (narrow) {
      CovarianceNarrowTile(Shape(), scratch.points.data(), rows_.data(), needed, tile);
    } else {
      CovarianceTile(Shape(), scratch.points.data(), rows_.data(), needed, tile);
    }
    double sums[kTile];
    std::fill(sums, sums + width, mean_);
    AddWeightedRows(sums, tile, alpha_.data(), observed_, width);
    std::copy(sums, sums + count, mean + first);
    if (variance != nullptr) {
      std::fill(tile + size_ * width, tile + panels * kPanel * width, 0.0);
      std::fill(sums, sums + width, 0.0);
      if (roughly) {
        float* floats = scratch.float_tile.data();
        RoundToFloats(floats, tile, panels * kPanel * width);
        SolveTile(float_factor_.data(), float_inverses_.data(), 0, panels, floats);
        AddSquaredRows(sums, floats, size_, width);
      } else {
        if (narrow) {
          SolveNarrowTile(factor_.data(), inverses_.data(), 0, panels, tile);
        } else {
          SolveTile(factor_.data(), inverses_.data(), 0, panels, tile);
        }
        AddSquaredRows(sums, tile, size_, width);
      }
      for (std::size_t i = 0; i < count; ++i) {
        variance[first + i] = std::max(signal_ - sums[i], kLeastVariance);
      }
    }
    first += count;
  }
}

void Posterior::PredictSlopes(const Rows& points, Slopes& slopes, Scratch& scratch) const {
  PredictSlopesAs(true, points, slopes, scratch);
}

void Posterior::PredictMeanSlopes(const Rows& points, Slopes& slopes, Scratch& scratch) const {
  PredictSlopesAs(false, points, slopes, scratch);
}

void Posterior::PredictSlopesAs(bool with_variance, const Rows& points, Slopes& slopes,
                                Scratch& scratch) const {
  constexpr std::size_t kWidth = kNarrowTile;
  const std::size_t m = points.size();
  // Rows without a result have no part in the mean.
  const std::size_t needed = with_variance ? size_ : observed_;
  const std::size_t panels = PanelsOf(size_);
  slopes.mean.resize(m);
  slopes.mean_slopes.assign(m * points.columns(), 0.0);
  if (with_variance) {
    slopes.variance.resize(m);
    slopes.variance_slopes.assign(m * points.columns(), 0.0);
  }
  scratch.tile.resize(panels * kPanel * kTile);
  scratch.slopes.resize(needed * kWidth);
  scratch.alpha.assign(needed, 0.0);
  std::copy_n(alpha_.begin(), observed_, scratch.alpha.begin());
  double* tile = scratch.tile.data();
  AlignedVector<double> by_alpha(numbers_ * kWidth);
  AlignedVector<double> by_w(numbers_ * kWidth);
  for (std::size_t first = 0; first < m; first += kWidth) {
    const std::size_t count = std::min(kWidth, m - first);
    LoadTile(points, first, kWidth, scratch);
    CovarianceSlopesNarrowTile(Shape(), scratch.points.data(), rows_.data(), needed, tile,
                               scratch.slopes.data());
    double mean[kWidth];
    double squares[kWidth] = {};
    std::fill(mean, mean + kWidth, mean_);
    AddWeightedRows(mean, tile, alpha_.data(), observed_, kWidth);
    if (with_variance) {
      std::fill(tile + size_ * kWidth, tile + panels * kPanel * kWidth, 0.0);
      SolveNarrowTile(factor_.data(), inverses_.data(), 0, panels, tile);
      AddSquaredRows(squares, tile, size_, kWidth);
      SolveUpperNarrowTile(factor_.data(), inverses_.data(), panels, tile);
    }
    std::fill(by_alpha.begin(), by_alpha.end(), 0.0);
    std::fill(by_w.begin(), by_w.end(), 0.0);
    AddGapsNarrowTile(Shape(), scratch.points.data(), rows_.data(), needed, scratch.slopes.data(),
                      scratch.alpha.data(), tile, by_alpha.data(), by_w.data());
    for (std::size_t i = 0; i < count; ++i) {
      const double variance = signal_ - squares[i];
      slopes.mean[first + i] = mean[i];
      for (std::size_t c = 0; c < numbers_; ++c) {
        slopes.mean_slopes[columns_[c] * m + first + i] = 2 * scales_[c] * by_alpha[c * kWidth + i];
      }
      if (!with_variance) {
        continue;
      }
      slopes.variance[first + i] = std::max(variance, kLeastVariance);
      for (std::size_t c = 0; c < numbers_ && variance > kLeastVariance; ++c) {
        slopes.variance_slopes[columns_[c] * m + first + i] =
            -4 * scales_[c] * by_w[c * kWidth + i];
      }
    }
  }
}

// [K⁻¹]_ii is the squared length of column i of L⁻¹.
std::vector<double> Posterior::InverseDiagonal() const {
  const std::size_t panels = PanelsOf(observed_);
  AlignedVector<double> tile(panels * kPanel * kTile);
  std::vector<double> inverse_diagonal(observed_);
  for (std::size_t first = 0; first < observed_; first += kTile) {
    std::fill(tile.begin(), tile.end(), 0.0);
    const std::size_t count = std::min(kTile, observed_ - first);
    for (std::size_t i = 0; i < count; ++i) {
      tile[(first + i) * kTile + i] = 1;
    }
    SolveTile(factor_.data(), inverses_.data(), first / kPanel, panels, tile.data());
    double sums[kTile] = {};
    AddSquaredRows(sums, tile.data() + first * kTile, observed_ - first, kTile);
    std::copy(sums, sums + count, inverse_diagonal.begin() + static_cast<std::ptrdiff_t>(first));
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
