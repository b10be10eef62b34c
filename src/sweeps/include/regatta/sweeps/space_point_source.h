// The points of a sweep file: its grid, its search, its initial points, as the state machine takes
// them.
#pragma once

#include <cstdint>
#include <memory>

#include "regatta/base/result.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/point_source.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// Whether only what others enqueue is handed out: method custom, a local controller, a scheduler at
// the client.
bool IsSearchExternal(const SweepConfig& config);

// ParameterSpace and search::Sampler as one PointSource. What a trial tells the search:
//
// - finished: the best value of the metric in history and summary, the mean over repeats; without
//   any value it counts as failed;
// - failed, crashed, killed: `impute: best | latest` take the run's own value; `worst` leaves the
//   punishment to the sampler, which knows how to model failure;
// - running: nothing, unless `impute_while_running` asks for the value so far.
//
// `default_seed` serves a file without a seed. A sweep whose search is external has a source that
// proposes nothing, whatever its parameters are. Errors: kInvalidArgument if the space cannot be
// searched that way.
Result<std::unique_ptr<PointSource>> MakePointSource(const SweepConfig& config,
                                                     std::uint64_t default_seed);

}  // namespace regatta::sweeps
