// A sweep in memory, with what of its file is asked for again and again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "regatta/sweeps/space_point_source.h"
#include "regatta/sweeps/sweep_service.h"

namespace regatta::sweeps {

// What of a run's rows a sweep looks at.
struct LoggedKeys {
  std::string metric;                 // empty: nothing
  std::string resource;               // what early termination counts; empty: it counts values
  std::vector<std::string> outcomes;  // OutcomeKeys of the file
};

struct SweepService::Live {
  std::unique_ptr<Sweep> sweep;
  std::string program;
  LoggedKeys keys;
  SweepState state_told = SweepState::kPending;  // what watchers know
  std::unordered_set<std::string> agents_told;   // native ones that know their lease
};

// What a sweep's file makes of it: everything a Sweep is built from.
struct SweepParts {
  SweepSettings settings;
  std::unique_ptr<PointSource> source;
  std::unique_ptr<search::EarlyStopper> stopper;  // may be null
};

// Errors: kInvalidArgument for a sweep that cannot be run as its file says.
Result<SweepParts> MakeSweepParts(const SweepConfig& config, const SweepRow& row,
                                  const SweepTiming& timing, const Background& background,
                                  const std::vector<EarlierSweep>& earlier);

// What the sweeps that the file names under `regatta.prior_sweeps` had found out when `row` was
// made, so that it is the same whenever it is asked for. Paths are SWEEP, PROJECT/SWEEP or
// ENTITY/PROJECT/SWEEP, seen with the eyes of the sweep's user. Errors: kNotFound, naming the path;
// kInvalidArgument for a sweep of another metric.
Result<std::vector<EarlierSweep>> ReadEarlierSweeps(const tracking::Tables& tables,
                                                    const SweepConfig& config, const SweepRow& row);

// How many results there will be, where that is known.
std::optional<std::uint64_t> ExpectedRuns(const SweepConfig& config);

// The metric's values in new lines of a run, and in its summary.
void ReadMetric(const LoggedKeys& keys, std::span<const tracking::StreamLines> pieces,
                MetricUpdate& update);
void ReadSummary(const LoggedKeys& keys, std::string_view summary_json, MetricUpdate& update);

// A run as it stands, for joining a sweep.
Result<AttachedRun> ReadAttachedRun(const tracking::Tables& tables, const tracking::Run& run,
                                    const LoggedKeys& keys);

// {"name": {"value": v}} from a run's config or from plain values, without the client's own key.
// Errors: kInvalidArgument if `config_json` is no JSON object.
Result<std::string> ArgsOf(std::string_view config_json);

}  // namespace regatta::sweeps
