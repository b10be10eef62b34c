// A Gaussian process with a Matérn-5/2 kernel and one length scale a parameter.
//
//   k(x, x') = s · M(r²) + [x = x'] · n,   r² = Σ_d dist_d(x, x')² / ℓ_d²
//   M(r²) = (1 + √5 r + 5/3 r²) e^(-√5 r)      (Rasmussen and Williams 2006, eq. 4.17)
//
// with signal variance s, noise variance n, and a constant mean that is profiled out by generalised
// least squares. Targets are standardised by the caller. Not thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encoder.h"
#include "linalg.h"
#include "regatta/base/rng.h"

namespace regatta::search {

// Natural logarithms.
struct Hyper {
  std::vector<double> log_scale;  // ln ℓ_d
  double log_signal = 0;          // ln s
  double log_noise = -4.5;        // ln n
  double bend = 0;                // λ of the outputs' warp, see Bend below

  std::size_t size() const { return log_scale.size() + 3; }
  double& operator[](std::size_t i);
  double operator[](std::size_t i) const;
};

// Where the search for hyperparameters starts: ℓ = ½√d, so that no gradient or difference vanishes
// (Papenmeier et al. 2025).
Hyper DefaultHyper(std::size_t dimensions);

// ln of the prior density: ln ℓ ~ N(-½ + ½ ln d, 1) (length scales grow with √d, Hvarfner et al.
// 2024), ln s ~ N(0, 1), ln n ~ N(-4.5, 1.3), λ ~ N(0, 0.25) (standard deviations). -∞ outside ℓ in
// [0.02, 50], s in [0.02, 20], n in [1e-6, 1], λ in [-2, 2].
double LogPrior(const Hyper& hyper);

// Bends standardised targets: y becomes (e^(λy) - 1) / λ, brought to variance 1 again. A negative λ
// stretches the low side and presses the high one together. Returns ln |∂ bent / ∂ y| summed over
// all targets.
double Bend(double bend, std::span<const double> y, std::vector<double>& bent);

// Rows of encoded points, column by column.
class Rows {
 public:
  Rows() = default;
  Rows(const Encoder& encoder, std::span<const Unit> units);

  std::size_t size() const { return size_; }
  const double* column(std::size_t c) const { return data_.data() + c * size_; }
  double at(std::size_t row, std::size_t c) const { return data_[c * size_ + row]; }
  std::size_t columns() const { return size_ == 0 ? 0 : data_.size() / size_; }

 private:
  std::size_t size_ = 0;
  std::vector<double> data_;
};

// The marginal likelihood as a function of the hyperparameters, with what can be kept between
// calls.
class Evidence {
 public:
  // `bends`: the warp of the targets is one of the hyperparameters, else it stays as it is.
  Evidence(const Encoder& encoder, const Rows& rows, std::span<const double> y, bool bends = false);

  // ln p(y | hyper) + ln p(hyper), up to a constant; -∞ where the covariance cannot be factored.
  double LogPosterior(const Hyper& hyper);

  // One sweep of univariate slice sampling over all coordinates in order (Neal 2003, fig. 3 and 5):
  // width 0.7, at most 5 steps out, at most 12 shrinks. Leaves the posterior
  // invariant.
  void SliceSweep(Hyper& hyper, Rng& rng);

 private:
  double LogLikelihood(double log_signal, double log_noise);
  bool Factor(double log_signal, double log_noise);
  double LikelihoodOfTargets();
  void SumDistances(const Hyper& hyper);
  void ApplyKernel();

  void SetBend(double bend);

  // Matrices are packed as in linalg.h.
  std::size_t n_;
  bool bends_;
  std::vector<double> y_;
  std::vector<double> bent_;
  double log_jacobian_ = 0;
  std::vector<AlignedVector<double>> distances_;  // squared, of each dimension
  AlignedVector<double> total_;                   // Σ_d dist_d² / ℓ_d²
  AlignedVector<double> matern_;                  // the kernel without signal and noise
  AlignedVector<double> factor_;
  AlignedVector<double> inverses_;
  AlignedVector<double> z_;
  AlignedVector<double> ones_;
};

// The posterior for one setting of the hyperparameters, to which points can be appended.
class Posterior {
 public:
  Posterior() = default;
  // Jitter starts at 1e-8 of the signal and rises tenfold at most 5 times.
  // False if the covariance cannot be factored even so; the object is then unusable.
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
  void AddRows(const Rows& points);
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
