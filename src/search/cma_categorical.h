// The categorical distributions that CMA-ES adapts beside its normal one, one a dimension.
//
// CatCMA (Hamano et al. 2024, "CatCMA: stochastic optimization for mixed-category problems"): a
// natural-gradient step whose length adapts itself (Akimoto et al. 2019, "Adaptive stochastic
// natural gradient method for one-shot neural architecture search"), and a margin below which no
// item's probability falls.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "regatta/base/rng.h"

namespace regatta::search {

// Not thread-safe.
class CmaCategorical {
 public:
  // Starts from these probabilities, one list a dimension, each adding up to 1. Items of
  // probability 0 stay at 0.
  explicit CmaCategorical(std::vector<std::vector<double>> probabilities);

  std::size_t dimensions() const { return probabilities_.size(); }
  const std::vector<double>& probabilities(std::size_t d) const { return probabilities_[d]; }
  std::vector<std::size_t> Draw(Rng& rng) const;

  // Items of a told point; absent where the dimension is inactive, which then says nothing.
  using Row = std::vector<std::optional<std::size_t>>;
  // One step towards the rows with positive weights.
  void Update(const std::vector<Row>& ranked, const std::vector<double>& weights);

 private:
  void KeepMargin();

  std::vector<std::vector<double>> probabilities_;
  std::vector<std::vector<bool>> possible_items_;
  std::vector<std::ptrdiff_t> possible_;
  std::vector<double> margin_;
  double parameters_ = 0;  // free ones, over all dimensions
  double step_;            // its length
  double gamma_ = 0;
  std::vector<double> path_;
};

}  // namespace regatta::search
