// Suite "population": models in training whose best hyperparameters move while they train, for
// population based training.
//
// A model is its state, which a checkpoint carries from member to member. Three families, every one
// with parameters that do nothing, with noise on what is seen and chance in what an interval gains:
//   drift    progress falls with the distance to an optimum that wanders (a learning rate that must
//            decay, others that move less or stand), with an interaction and unordered lists;
//   waves    progress is a smooth random function of parameters and time;
//   sgd      a noisy quadratic (Zhang et al. 2019, "Which algorithmic choices matter at which batch
//            sizes?"): learning rate, momentum, batch size, weight decay. What is best depends on
//            the state alone, nobody wrote a schedule into it.
// Drift and sgd are no draws from a Gaussian process; waves are, and flatter one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/search/pbt.h"
#include "regatta/search/search_space.h"

namespace regatta::bench {

// What a checkpoint holds.
using ModelState = std::vector<double>;

struct PopulationTask {
  std::string name;
  search::SearchSpace space;
  std::size_t intervals = 30;
  ModelState start;
  // The state after one more interval, of those from 0. Takes the same count of random numbers for
  // every point.
  std::function<ModelState(const ModelState&, const search::Point&, std::size_t interval, Rng&)>
      train;
  std::function<double(const ModelState&)> progress;  // 0 at the start, higher is better
  // The loss that is reported.
  std::function<double(const ModelState&, Rng&)> observe;
  // The progress after each interval of who does what is best at each (drift, waves), or what is
  // best for the next interval (sgd).
  std::vector<double> best;
};

// Even numbers are for tuning, odd ones for claims.
std::size_t PopulationTaskCount();
PopulationTask MakePopulationTask(std::size_t number);

struct PopulationMethod {
  bool exploits = true;  // else everybody keeps what it drew
  search::PbtOptions options;
};

// Trains `members` for all intervals. Returns after each interval the share of the best progress
// that the member which looks best is missing; at most 2. Members and what happens to them depend
// on task and seed alone, not on the method.
std::vector<double> TrainPopulation(const PopulationTask& task, const PopulationMethod& method,
                                    std::uint64_t seed, std::size_t members);

}  // namespace regatta::bench
