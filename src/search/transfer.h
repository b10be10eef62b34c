// What earlier searches over the same parameters say about this one.
//
// An ensemble whose weights follow how well each earlier search ranks this one's own results, after
// Feurer, Letham, Bakshy 2018, "Scalable meta-learning for Bayesian optimization using
// ranking-weighted Gaussian process ensembles" (RGPE); the weight is Kendall's τ less its own
// standard error, so a search that misleads, or that too few results speak for, has none, and it
// decays as results come in. Only the order and the shape of earlier results count, never their
// scale. A parameter that an earlier search did not vary, and so has no values of, makes no
// difference to what is learned from it. Not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "encoder.h"
#include "posterior.h"
#include "regatta/search/sampler.h"
#include "surrogate.h"

namespace regatta::search {

// Kendall's τ-a of two lists of the same length: +1 the same order, -1 the reverse, 0 for fewer
// than two.
double KendallTau(std::span<const double> left, std::span<const double> right);

class EarlierKnowledge {
 public:
  // Keeps the results of each earlier search that has at least 8; the newest 5 count, with at most
  // 200 results each. Cheap: models are fitted by the first Weigh that needs them. Borrows the
  // encoder.
  EarlierKnowledge(const SearchSpace& space, const SamplerOptions& options, const Encoder& encoder);

  bool empty() const { return searches_.empty(); }

  // Weighs by this search's results so far (lower is better): a function of those alone.
  void Weigh(std::span<const Unit> units, std::span<const double> y);

  // Gives the models' memory back until the next Weigh.
  void Release();

  // How much of a prediction comes from earlier searches, in [0, 1).
  double share() const { return share_; }

  // Their part of the predictions, in standard deviations from the mean of this search's results,
  // already multiplied by their weights.
  std::vector<double> Predict(const Rows& points) const;
  // The same, and its derivatives by each column of the points, as Posterior::Slopes has them.
  std::vector<double> Predict(const Rows& points, std::vector<double>& by_column) const;

 private:
  struct Search {
    std::vector<Unit> units;
    std::vector<double> y;             // lower is better
    std::vector<std::size_t> unknown;  // dimensions that none of its trials has a value of
    std::unique_ptr<Surrogate> model;
    double weight = 0;
    double mean = 0;  // of its predictions where this search has results
    double spread = 1;
  };

  std::vector<double> Predict(const Search& search, const Rows& points) const;
  // The points where the search has its own: those it knows nothing of at one place.
  Rows Known(const Search& search, const Rows& points) const;

  const Encoder* encoder_;
  std::vector<Search> searches_;
  double share_ = 0;
  mutable Posterior::Scratch scratch_;
};

}  // namespace regatta::search
