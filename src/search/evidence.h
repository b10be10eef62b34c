// How likely results are under the hyperparameters of a Gaussian process. Not thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encoder.h"
#include "hyper.h"
#include "linalg.h"
#include "regatta/base/rng.h"

namespace regatta::search {

// Bends standardised targets: y becomes (e^(λy) - 1) / λ, brought to variance 1 again. A negative λ
// stretches the low side and presses the high one together. Returns ln |∂ bent / ∂ y| summed over
// all targets.
double Bend(double bend, std::span<const double> y, std::vector<double>& bent);

// The marginal likelihood as a function of the hyperparameters, with what can be kept between
// calls.
class Evidence {
 public:
  // `bends`: the warp of the targets is one of the hyperparameters, else it stays as it is.
  Evidence(const Encoder& encoder, const Rows& rows, std::span<const double> y, bool bends = false);

  // ln p(y | hyper) + ln p(hyper), up to a constant; -∞ where the covariance cannot be factored.
  double LogPosterior(const Hyper& hyper);

  // One sweep of univariate slice sampling over all coordinates in order (Neal 2003, fig. 3 and 5):
  // width 0.7, at most 5 steps out, at most 12 shrinks. Leaves the posterior invariant.
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

}  // namespace regatta::search
