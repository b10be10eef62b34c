// Suite S5: learning curves, and a simulator of workers that train them.
//
// The final quality of a configuration is that of the hidden functions of suite S2. A curve falls
// from chance level to it by a power law, an exponential or a power of the logarithm, at a speed
// that depends on the configuration: in a third of the tasks good configurations learn slowly, so
// that curves cross. In half of the tasks a region diverges on the way. Nothing is downloaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/search_space.h"

namespace regatta::bench {

struct CurveTask {
  std::string name;
  search::SearchSpace space;
  std::int64_t epochs = 27;  // full length
  // The loss after `epoch` (from 1) without noise; infinite where training has blown up.
  std::function<double(const search::Point&, std::int64_t epoch)> value;
  // Relative duration of an epoch, before the noise of the machine.
  std::function<double(const search::Point&)> duration;
  double noise = 0;      // standard deviation of the noise on what is seen
  double best = 0;       // the lowest loss at full length that a long search found
  double reference = 1;  // the median loss of random points at full length
};

// Even numbers are for tuning, odd ones for claims.
std::size_t CurveTaskCount();
CurveTask MakeCurveTask(std::size_t number);

struct CurveMethod {
  std::string sampler = "random";
  std::string stopper;        // type of early_terminate; empty: everything is trained in full
  double eta = 3;             // of the stopper's rungs, and of those the sampler is told of
  bool knows_length = false;  // the sampler is told of observations (SamplerOptions::fidelity)
  std::map<std::string, double> settings;  // of the sampler
};

struct CurveResult {
  // Regret (of the model that looks best so far, at the epoch where it does) after each epoch that
  // any worker finished.
  std::vector<float> regrets;
  std::size_t trials = 0;
  std::size_t stopped = 0;
  // Stopped ones that would have finished among the best tenth of all trials of the search.
  std::size_t wrongly_stopped = 0;
};

// `workers` train asynchronously until `budget` epochs are consumed. Errors: those of MakeSampler
// and MakeStopper, for the method.
Result<CurveResult> SimulateCurves(const CurveTask& task, const CurveMethod& method,
                                   std::uint64_t seed, std::size_t workers, std::size_t budget);

// The 1-epoch rule (Egele et al. 2023, "Is one epoch all you need for multi-fidelity hyperparameter
// optimization?"): half of the budget on random points for one epoch each, the other half on the
// full training of those that look best. Returns the regret when the budget is consumed.
double OneEpochRule(const CurveTask& task, std::uint64_t seed, std::size_t budget);

}  // namespace regatta::bench
