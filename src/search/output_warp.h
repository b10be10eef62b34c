// Brings objective values (lower is better) to a scale on which a Gaussian process fits.
//
// Immutable after construction. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace regatta::search {

enum class WarpKind : std::uint8_t {
  kAffine,       // shifted and scaled, nothing else: for costs
  kIdentity,     // the bad side clipped at max(q75 + 1.5 IQR, q50 + 1.5 (q50 - min)), nothing else
  kHalfRankLog,  // the worse half by rank (normal quantiles of the better half's spread), then the
                 // better half stretched by a logarithm (Vizier: Song et al. 2024, section 3.2)
  kAroundZero,   // clipped on both sides at ten times the median distance from 0, nothing else: for
                 // constraints, whose limit is 0
};
inline constexpr WarpKind kWarpKinds[] = {WarpKind::kAffine, WarpKind::kIdentity,
                                          WarpKind::kHalfRankLog, WarpKind::kAroundZero};

class OutputWarp {
 public:
  // Fits to `y`, which holds at least one value, all finite. `bend` is applied last (evidence.h,
  // Bend).
  OutputWarp(WarpKind kind, std::span<const double> y, double bend = 0);

  // The fitted values, mean 0 and variance 1 (all 0 if they are all equal).
  const std::vector<double>& values() const { return values_; }
  // The warped value that belongs to `y`, by linear interpolation between the fitted ones.
  double Warp(double y) const;
  // And back.
  double Unwarp(double value) const;
  // d Unwarp / d value there: turns a spread back.
  double Slope(double value) const;
  // ln |d warped / d y| at fitted value i, for comparing densities between warps.
  double LogJacobian(std::size_t i) const { return log_jacobian_[i]; }

 private:
  std::vector<double> values_;
  std::vector<double> log_jacobian_;
  std::vector<double> knots_y_;      // ascending and distinct
  std::vector<double> knots_value_;  // their warped values
};

}  // namespace regatta::search
