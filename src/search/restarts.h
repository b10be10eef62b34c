// When a long search begins again.
//
// A Gaussian process that has found the bottom of a valley knows no other one well enough to leave
// it. So past a thousand results a search whose best has long stayed the same begins afresh:
// it forgets what it found, starts with points spread over the space, and models only what comes
// after, until that stands still, too. Between two such attempts the whole search, with everything
// ever found, has a short turn. Local searches that begin again are what makes CMA-ES (Hansen
// 2009, "Benchmarking a BI-population CMA-ES on the BBOB-2009 function testbed") and TuRBO
// (Eriksson et al. 2019, "Scalable global optimization via local Bayesian optimization") global.
//
// Trials are numbered as they are created: what was open when a search began afresh belongs to the
// one before. A function of the results, in order, and nothing else.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "regatta/search/trial.h"

namespace regatta::search {

class Restarts {
 public:
  // For a search over so many parameters.
  explicit Restarts(std::size_t dimensions);

  // Takes what the next trial to end resulted in (lower is better), infinity for nothing.
  void Take(TrialId id, double value);

  // The search that is going on knows nothing of trials up to this one; absent: it knows all.
  std::optional<TrialId> forgotten() const { return forgotten_; }

 private:
  void Begin(std::optional<TrialId> forgotten, double best);
  std::size_t Patience() const;

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  std::size_t patience_;
  std::size_t taken_ = 0;
  std::vector<double> first_;  // results, until it is known what a gain is
  double gain_ = 0;            // less is no progress
  bool tried_afresh_ = false;
  std::optional<TrialId> forgotten_;
  std::deque<TrialId> recent_;
  std::size_t progress_at_ = 0;  // taken until the last gain, or the turn's begin
  double mark_ = kInfinity;      // the best then
  double best_ = kInfinity;      // of all
};

}  // namespace regatta::search
