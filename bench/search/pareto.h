// Tasks with several objectives, with a constraint on the outcome, and with a cost of each trial.
// All optima are shifted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "regatta/search/search_space.h"

namespace regatta::bench {

struct ParetoTask {
  std::string name;
  search::SearchSpace space;
  std::function<std::vector<double>(const search::Point&)> values;  // lower is better in each
  std::vector<double> reference;                                    // up to where volume counts
  double best_volume = 1;                                           // of the true front
};

// ZDT1-3 (Zitzler, Deb, Thiele 2000, "Comparison of multiobjective evolutionary algorithms") in 6
// dimensions, DTLZ2 and DTLZ7 (Deb et al. 2005, "Scalable test problems for evolutionary
// multiobjective optimization") with 2 and 3 objectives; each variable that should vanish does so
// at a place of its own.
std::size_t ParetoTaskCount();
ParetoTask MakeParetoTask(std::size_t number);

struct ConstrainedTask {
  std::string name;
  search::SearchSpace space;
  std::function<double(const search::Point&)> value;
  std::function<double(const search::Point&)> constraint;  // at most 0 is feasible
  double best = 0;       // lowest feasible value that a long random search found
  double reference = 1;  // median of feasible random points
};

// Tasks of the suite s2 with a second hidden surface that leaves 5, 10, 20 or 40 % of the space.
std::size_t ConstrainedTaskCount();
ConstrainedTask MakeConstrainedTask(std::size_t number);

struct CostTask {
  std::string name;
  search::SearchSpace space;
  std::function<double(const search::Point&)> value;
  std::function<double(const search::Point&)> cost;  // 1 in the middle, e^-2 to e^2
  double best = 0;                                   // the lowest value that a long search found
  double reference = 1;                              // median of random points
};

// Even tasks of the suite s2, for tuning, whose trials cost the more the larger two of their
// parameters are.
std::size_t CostTaskCount();
CostTask MakeCostTask(std::size_t number);

}  // namespace regatta::bench
