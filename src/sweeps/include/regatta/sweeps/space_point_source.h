// The points of a sweep file: its grid, its search, its initial points, as the state machine takes
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/sweeps/background.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/point_source.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// What is known of a sweep that was there before.
struct EarlierSweep {
  struct Outcome {
    std::string args_json;
    double value = 0;  // of the metric
  };
  std::vector<Outcome> results;
};

// Whether only what others enqueue is handed out: method custom, a local controller, a scheduler at
// the client.
bool IsSearchExternal(const SweepConfig& config);

// ParameterSpace and search::Sampler as one PointSource. What a trial tells the search:
//
// - finished: the best value of the metric in history and summary, the mean over repeats; without
//   any value it counts as failed;
// - failed, crashed, killed: `impute: best | latest` take the run's own value; `worst` leaves the
//   punishment to the sampler, which knows how to model failure;
// - running: nothing, unless `impute_while_running` asks for the value so far;
// - with `early_terminate`, and without repeats, also the values at rungs (search::AtRungs), of
//   running ones as they reach them: a run that was stopped early counts as a part of a curve.
//
// `default_seed` serves a file without a seed. A sweep whose search is external has a source that
// proposes nothing, whatever its parameters are. Errors: kInvalidArgument if the space cannot be
// searched that way.
//
// With a `background`, a search that has a model makes its suggestions there, ahead of time, and
// Propose never waits for it. Where the newest suggestion does not yet rest on everything told, the
// answer is one that rests on a little less, or, if none is left, the next point of a scrambled
// Sobol sequence of the same seed; either says so in its `why`.
//
// `earlier` is what the sweeps of `regatta.prior_sweeps` found out: each lends the search its
// results, with what it did not vary left open.
Result<std::unique_ptr<PointSource>> MakePointSource(const SweepConfig& config,
                                                     std::uint64_t default_seed,
                                                     Background background = {},
                                                     const std::vector<EarlierSweep>& earlier = {});

}  // namespace regatta::sweeps
