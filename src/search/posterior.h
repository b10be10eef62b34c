// What a Gaussian process (hyper.h) predicts in the light of results. Not thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encoder.h"
#include "hyper.h"
#include "linalg.h"

namespace regatta::search {

// The posterior for one setting of the hyperparameters, to which points can be appended.
class Posterior {
 public:
  Posterior() = default;
  // Jitter starts at 1e-8 of the signal and rises tenfold at most 5 times. What an earlier fit to
  // the same hyperparameters has in common with this one, its first rows, is not worked out again;
  // the bits are those of a first fit. Borrows the encoder. False if the covariance cannot be
  // factored even so; the object is then unusable until the next fit.
  bool Fit(const Encoder& encoder, const Rows& rows, std::span<const double> y, const Hyper& hyper);

  // Adds points whose results are not known yet: they narrow the variance and leave the mean
  // unchanged. Points appended one by one or together give the same bits.
  void AppendPending(std::span<const Unit> units);
  // Forgets all appended points.
  void DropPending();

  std::size_t observed() const { return observed_; }
  std::size_t size() const { return size_; }
  const Hyper& hyper() const { return hyper_; }
  double signal() const { return signal_; }
  // By how much of the signal the diagonal was raised to be factored.
  double jitter() const { return jitter_; }

  struct Scratch {
    AlignedVector<double> points;
    AlignedVector<double> tile;
    AlignedVector<float> float_tile;
    AlignedVector<double> slopes;
    AlignedVector<double> alpha;
  };
  // Mean and variance (noise left out) at each row of `points`; the mean alone, which costs far
  // less, if `variance` is null. What is said about a point does not depend on the others.
  void Predict(const Rows& points, double* mean, double* variance, Scratch& scratch) const;
  // The same at about half the cost, with the variance from single precision: off by about 1e-6 of
  // the signal. The mean is the same to the bit.
  void PredictRoughly(const Rows& points, double* mean, double* variance, Scratch& scratch) const;

  // Mean and variance as Predict has them, and their derivatives by each column of the points,
  // which point i has at [column * points.size() + i]; 0 for categories.
  //
  //   ∂mean/∂x = Σ_i α_i ∂k_i/∂x,   ∂variance/∂x = -2 Σ_i (K⁻¹k)_i ∂k_i/∂x,   α = K⁻¹(y - mean)
  //
  // Where the variance is at its floor, its derivatives are 0.
  struct Slopes {
    std::vector<double> mean;
    std::vector<double> variance;
    std::vector<double> mean_slopes;
    std::vector<double> variance_slopes;
  };
  void PredictSlopes(const Rows& points, Slopes& slopes, Scratch& scratch) const;
  // The same without the variance, whose part of `slopes` is left as it was, at far less cost.
  void PredictMeanSlopes(const Rows& points, Slopes& slopes, Scratch& scratch) const;

  // What is predicted at row i (noise left out) minus its target.
  double Smoothing(std::size_t i) const { return -(noise_ + jitter_ * signal_) * alpha_[i]; }

  // ln density of each target given all others (Rasmussen and Williams 2006, eq. 5.10-5.12).
  std::vector<double> LeaveOneOut() const;
  // Each target minus its prediction from all others.
  std::vector<double> LeaveOneOutResiduals() const;

 private:
  std::vector<double> InverseDiagonal() const;
  KernelShape Shape() const;
  void Scale(const Encoder& encoder, const Hyper& hyper);
  std::size_t CommonRows(const Rows& rows) const;
  bool Factor(const Rows& rows, std::size_t kept);
  // Those from `from` on.
  void AddRows(const Rows& points, std::size_t from);
  void Truncate(std::size_t size);
  // Fills the panels from `from` on with covariances of rows_, noise and jitter added.
  void FillPanels(std::size_t from);
  void RoundFactor(std::size_t from);
  void LoadTile(const Rows& points, std::size_t first, std::size_t width, Scratch& scratch) const;
  void PredictSlopesAs(bool with_variance, const Rows& points, Slopes& slopes,
                       Scratch& scratch) const;
  void PredictAs(bool roughly, const Rows& points, double* mean, double* variance,
                 Scratch& scratch) const;

  const Encoder* encoder_ = nullptr;
  Hyper hyper_;
  double signal_ = 1;
  double noise_ = 0;
  double jitter_ = 0;
  double mean_ = 0;
  std::size_t observed_ = 0;
  std::size_t size_ = 0;
  std::size_t numbers_ = 0;            // columns that are numbers
  std::vector<std::size_t> columns_;   // of the encoder: first numbers, then categories
  std::vector<double> scales_;         // 1/ℓ of each number, 1 of each category
  std::vector<double> weights_;        // 1/ℓ² of each category
  AlignedVector<double> rows_;         // size_ rows of columns_.size() scaled coordinates
  AlignedVector<double> factor_;       // L, packed as in linalg.h
  AlignedVector<double> inverses_;     // of its diagonal blocks
  AlignedVector<float> float_factor_;  // both in single precision
  AlignedVector<float> float_inverses_;
  AlignedVector<double> alpha_;
};

}  // namespace regatta::search
