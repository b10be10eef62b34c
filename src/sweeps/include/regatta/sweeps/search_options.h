// What a sweep asks of the search: which sampler, and the options of samplers, stopping rules and
// populations. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "regatta/base/result.h"
#include "regatta/search/pbt.h"
#include "regatta/search/sampler.h"
#include "regatta/search/stopper.h"
#include "regatta/sweeps/parameter_space.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {

// What the sampler of this sweep is called: `regatta.sampler`, or what `method` says ("random" for
// custom).
std::string SamplerName(const SweepConfig& config);

// How many points will be tried in all: as many as `run_cap` and `regatta.budget.runs` allow, with
// `repeats` runs each. Nothing if neither says.
std::optional<std::uint64_t> TrialsPlanned(const SweepConfig& config);

// The same goal in search's words.
search::Goal ToSearchGoal(Goal goal);

// The seed of the search: the file's own, or `default_seed`.
std::uint64_t SeedOf(const SweepConfig& config, std::uint64_t default_seed);

// Seed, objectives, outcome constraints, fidelity, allowed points, initial points and settings, as
// the sweep asks. `default_seed` serves a file without a seed. Errors: kInvalidArgument for an
// initial point outside of the space.
Result<search::SamplerOptions> MakeSamplerOptions(const SweepConfig& config,
                                                  const ParameterSpace& space,
                                                  std::uint64_t default_seed);

// How the population exploits and explores, with goal, seed and allowed points of `options`, which
// MakeSamplerOptions made.
search::PbtOptions MakePopulationOptions(const SweepConfig& config,
                                         const search::SamplerOptions& options);

// `early_terminate` as search's stoppers take it; the goal is the first objective's. The seed, by
// which a rule chooses the runs that it spares, is the search's: `default_seed` serves a file
// without one. Requires: the sweep has an `early_terminate`.
search::StopperOptions MakeStopperOptions(const SweepConfig& config,
                                          std::uint64_t default_seed = 0);

// What `early_terminate` says of the lengths of runs, for the sampler: its first and its last rung.
// Nothing without it, and nothing for several objectives, which have no curve of their own.
std::optional<search::Fidelity> MakeFidelity(const SweepConfig& config);

}  // namespace regatta::sweeps
