// What a search has learned: which parameters matter, what the model expects where, and whether
// going on is likely to pay.
//
// Built once from the trials so far, then asked. Rests on the same model as the sampler "bayes".
// Pure and seeded. Not thread-safe; building takes about as long as a Refresh of the sampler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/sampler.h"

namespace regatta::search {

struct ParameterImportance {
  std::size_t parameter = 0;
  // Share of the predicted objective's variance over the space that this parameter explains alone
  // (first Sobol index) and together with others (total Sobol index; Saltelli et al. 2010). In [0,
  // 1].
  double alone = 0;
  double total = 0;
};

struct Importance {
  std::vector<ParameterImportance> parameters;  // most important first
  // How far to believe it: the share of the trials' variance that the model predicts with each
  // trial left out, in [0, 1]. Below 0.3 the ranking is mostly guesswork.
  double trust = 0;
};

// Predictions are of the objective without its noise, in the metric's own sign; the spread is one
// standard deviation.
struct Predicted {
  double mean = 0;
  double spread = 0;
};

struct SlicePoint {
  ParameterValue value;
  Predicted predicted;
};

struct ContourPoint {
  ParameterValue first;
  ParameterValue second;
  Predicted predicted;
};

struct PredictedOptimum {
  Point values;
  Predicted predicted;
};

struct Outlook {
  // The expected improvement of the most promising point, and that as a share of the spread
  // (interquartile range) of what was observed.
  double expected_improvement = 0;
  double share_of_spread = 0;
  // True if the share is below 1 %: further gain looks unlikely.
  bool gain_unlikely = false;
};

// Results that are far off, such as a loss that diverged: worse than the median by more than a
// hundred times the distance from the best to the median. One of them would hide all differences
// between the others, so they count as the worst of the others.
struct FarOff {
  std::size_t results = 0;
  double counted_as = 0;  // in the metric's own sign; of no meaning without any
};

class Analysis {
 public:
  // Looks at objective number `objective` of `trials`, which need not be in any order. With
  // options.fidelity, and one objective, a trial whose observations end more than half a rung
  // before the full length (the longest trial's without Fidelity::max) counts with the value that
  // the joint model of all curves expects of it there. One without observations is of full length.
  // Errors: kFailedPrecondition with fewer than 4 results or nothing to vary.
  static Result<Analysis> Create(const SearchSpace& space, std::span<const Trial> trials,
                                 const SamplerOptions& options, std::size_t objective = 0);

  Analysis(Analysis&&) noexcept;
  Analysis& operator=(Analysis&&) noexcept;
  ~Analysis();

  const FarOff& far_off() const;
  Importance ParameterImportances();

  // The prediction along one parameter (two parameters), the others as in `around`; categories and
  // short lattices at each level (of long lists at 64 of them), numbers at `points` evenly spaced
  // coordinates. Values for which
  // the parameter is inactive are left out. Errors: kInvalidArgument if a parameter does not exist
  // or `around` is not a point of the space.
  Result<std::vector<SlicePoint>> Slice(std::size_t parameter, const Point& around,
                                        std::size_t points = 50);
  Result<std::vector<ContourPoint>> Contour(std::size_t first, std::size_t second,
                                            const Point& around, std::size_t points = 20);

  Predicted PredictAt(const Point& point);
  PredictedOptimum Optimum();
  Outlook FurtherGain();

 private:
  struct State;
  explicit Analysis(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace regatta::search
