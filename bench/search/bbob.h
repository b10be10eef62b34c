// The 24 noiseless functions of the BBOB suite (Hansen, Finck, Ros, Auger 2009, "Real-parameter
// black-box optimization benchmarking 2009: noiseless functions definitions", INRIA RR-6829), from
// their formulas.
//
// Instances are ours: shift and rotations come from a seed, and the optimal value is always 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace regatta::bench {

class Bbob {
 public:
  // Requires: 1 <= function <= 24, dimensions >= 2. `optimum` in [-4, 4] is where the value is 0.
  // Functions 5, 20 and 24 have their optimum at a place of their own choice; `optimum()` tells.
  Bbob(int function, std::vector<double> optimum, std::uint64_t seed);

  double operator()(const std::vector<double>& x) const;
  const std::vector<double>& optimum() const { return optimum_; }

 private:
  using Matrix = std::vector<double>;  // row by row
  double Raw(const std::vector<double>& x) const;
  double Gallagher(const std::vector<double>& x) const;
  std::vector<double> Rotate(const Matrix& q, const std::vector<double>& z) const;

  int function_;
  std::size_t d_;
  std::vector<double> optimum_;
  Matrix q_;
  Matrix r_;
  std::vector<std::vector<double>> peaks_;
  std::vector<double> heights_;
  std::vector<std::vector<double>> widths_;
};

}  // namespace regatta::bench
