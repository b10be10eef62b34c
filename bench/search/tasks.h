// Tasks to measure samplers on. All optima are shifted away from the centre; nothing is downloaded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/base/rng.h"
#include "regatta/search/search_space.h"

namespace regatta::bench {

struct Task {
  std::string name;
  search::SearchSpace space;
  // Without noise, lower is better. Infinite where the configuration crashes.
  std::function<double(const search::Point&)> value;
  double best = 0;       // the lowest value there is (or that a long search found)
  double reference = 1;  // the median over random points
  double noise = 0;      // standard deviation of the noise on what a sampler sees
  bool conditional = false;
  // What a sampler sees, where that is not the value plus normal noise. Takes the same count of
  // random numbers for each point, so that the noise of trial i is the same for every method.
  std::function<double(const search::Point&, Rng&)> observe;

  // One noisy observation of `point`; infinite for a crash.
  double Observe(const search::Point& point, Rng& rng) const;
};

// "s1": the 24 BBOB functions in 2, 5 and 10 dimensions; every second task has 40 % of its
// dimensions on lattices; noise 0, 1 or 10 % of the distance from the optimum to the median. "s2":
// smooth random functions through the parameters that real searches have: logarithms, integers,
// ordered and unordered lists, conditional branches, plateaus, crash regions, irrelevant
// parameters. "s3": measured neural networks (see tables.h). "lists": nothing but lists (see
// list_tasks.h). Even numbers are for tuning, odd ones
// are held out for claims. 0 for a suite that does not exist.
std::size_t TaskCount(const std::string& suite);

// Errors: kInvalidArgument for an unknown suite or number; those of ReadTableTask for "s3", whose
// tables are in the folder `tables`, or where that is empty in $REGATTA_SEARCH_TABLES.
Result<Task> MakeTask(const std::string& suite, std::size_t number, const std::string& tables = "");

struct TaskId {
  std::string suite;
  std::size_t number = 0;
};

// A set of tasks by name: "claim", the 44 held-out tasks that peers' trajectories are stored for; a
// suite ("s1"); or its even or odd half ("s1-even"). Several joined by "+". Errors:
// kInvalidArgument for an unknown name.
Result<std::vector<TaskId>> TaskSet(const std::string& name);

// A point drawn from the parameters' distributions.
search::Point RandomPoint(const search::SearchSpace& space, Rng& rng);

// "conditional" if some parameter is; else "mixed" if unordered lists stand beside other
// parameters; else "plain".
std::string TaskKind(const Task& task);

}  // namespace regatta::bench
