// The normal distribution that CMA-ES adapts, over the numeric dimensions of a space.
//
// CMA-ES as in Hansen 2016, "The CMA evolution strategy: a tutorial" (cumulative step-size
// adaptation, rank-one and rank-mu update, negative weights for the worse half), with the rules for
// solutions that were not drawn from the present distribution (Hansen 2011, "Injecting external
// solutions into CMA-ES") and a margin for dimensions that have levels (Hamano et al. 2022, "CMA-ES
// with Margin"). Coordinates are those of the encoder: [0, 1] is the range.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <vector>

#include "regatta/base/rng.h"

namespace regatta::search {

// Weights of the ranks of a generation: positive ones add up to 1, the worse half is negative.
struct RecombinationWeights {
  // Requires: population >= 2.
  RecombinationWeights(std::size_t population, std::size_t dimensions);

  std::vector<double> weights;
  std::size_t parents = 0;  // ranks of positive weight
  double mu_effective = 1;
};

// Where the level that a coordinate belongs to ends; infinite at the ends of the range.
struct LevelCell {
  double low = 0;
  double high = 0;
};
// The cell around a coordinate; empty for a continuum.
using CellFunction = std::function<LevelCell(double)>;

// Not thread-safe.
class CmaGaussian {
 public:
  struct Start {
    std::vector<double> mean;
    double sigma = 0.3;
    std::vector<double> scale;  // of each dimension, times sigma
  };

  // One cell function a dimension.
  CmaGaussian(std::vector<CellFunction> cells, std::size_t population, const Start& start);

  // Coordinates folded back into [0, 1]; those with levels may lie beyond, the nearest level
  // counts.
  std::vector<double> Draw(Rng& rng) const;

  // A told point: its coordinates, and which of them are active. An inactive one has no bearing on
  // the result, so it does not move the mean.
  struct Row {
    std::vector<double> x;
    std::vector<bool> active;
  };
  // What a point tells of a continuum: any place in a level's cell would have been the same point,
  // so one is drawn from the distribution there, and a value for what is inactive.
  void Complete(Row& row, Rng& rng) const;

  // Moves the distribution by a generation of completed rows, best first, as many as the
  // population.
  void Update(const std::vector<Row>& ranked);

  // The search has ended: steps too small to matter, or a covariance beyond repair.
  bool is_spent() const { return spent_; }
  double sigma() const { return sigma_; }
  std::size_t dimensions() const { return cells_.size(); }
  double mean(std::size_t d) const { return mean_[static_cast<Eigen::Index>(d)]; }
  // Standard deviation of one coordinate.
  double deviation(std::size_t d) const;

 private:
  void Decompose();
  void KeepMargin();

  std::vector<CellFunction> cells_;
  RecombinationWeights weights_;
  double c_sigma_ = 0;
  double d_sigma_ = 1;
  double c_c_ = 0;
  double c_1_ = 0;
  double c_mu_ = 0;
  double chi_ = 1;       // expected length of a standard normal vector
  std::size_t gap_ = 1;  // generations from one decomposition to the next
  std::size_t generation_ = 0;
  double sigma_;
  double margin_;
  bool spent_ = false;
  Eigen::VectorXd mean_;
  Eigen::VectorXd scale_;
  Eigen::VectorXd path_sigma_;
  Eigen::VectorXd path_c_;
  Eigen::MatrixXd c_;
  Eigen::MatrixXd basis_;  // c = basis · diag(axes²) · basisᵀ
  Eigen::VectorXd axes_;
};

}  // namespace regatta::search
