// sweep.yaml: what a sweep is asked to do, checked completely when it is created.
//
// Every file that works with W&B means the same here. All problems are found in one reading, at
// every depth, each with its place: errors refuse the sweep, warnings go with it. Additions of our
// own live in the block `regatta:` and in the parameter keys `when`, `prior` and
// `prior_confidence`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/sweeps/problem.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

enum class SearchMethod : std::uint8_t { kGrid, kRandom, kBayes, kCustom };
enum class Goal : std::uint8_t { kMinimize, kMaximize };
// What stands in for the metric of a run that ended without one.
enum class Impute : std::uint8_t { kLatest, kBest, kWorst };
enum class ImputeWhileRunning : std::uint8_t { kNo, kLatest, kBest, kWorst };

std::string_view SearchMethodName(SearchMethod method);
std::string_view GoalName(Goal goal);

struct MetricConfig {
  std::string name;  // a flat key of history rows and summary; dots do not descend
  Goal goal = Goal::kMinimize;
  std::optional<double> target;  // inclusive
  Impute impute = Impute::kWorst;
  ImputeWhileRunning impute_while_running = ImputeWhileRunning::kNo;
};

// An entry of `metrics`: an objective, or a bound on an outcome when `min` or `max` is set.
struct MetricEntry {
  std::string name;
  Goal goal = Goal::kMinimize;
  std::optional<double> min;
  std::optional<double> max;
  bool is_objective() const { return !min && !max; }
};

enum class EarlyTerminateType : std::uint8_t { kHyperband, kAsha, kMedian, kCurve, kModel };

// As in a sweep file, and as search::MakeStopper knows it.
std::string_view EarlyTerminateTypeName(EarlyTerminateType type);

struct EarlyTerminateConfig {
  EarlyTerminateType type = EarlyTerminateType::kHyperband;
  std::optional<std::int64_t> min_iter;
  std::optional<std::int64_t> max_iter;
  std::optional<std::int64_t> s;
  double eta = 3.0;  // model: 2.0 if the file names none
  bool strict = true;
  std::int64_t min_runs = 5;  // median
  double confidence = 0.95;   // curve
  std::string resource;       // empty: the number of values of the metric so far
};

enum class ParameterKind : std::uint8_t {
  kConstant,
  kCategorical,
  kCategoricalWithProbabilities,
  kIntUniform,
  kUniform,
  kQUniform,
  kLogUniform,
  kLogUniformValues,
  kInvLogUniform,
  kInvLogUniformValues,
  kQLogUniform,
  kQLogUniformValues,
  kNormal,
  kQNormal,
  kLogNormal,
  kQLogNormal,
  kBeta,
  kQBeta,
  kGroup,
};

// W&B's spelling of the distribution; "parameters" for a group.
std::string_view ParameterKindName(ParameterKind kind);

// One parent of a `when`: its value is one of `values`, or lies in [min, max] when `is_range`.
struct WhenClause {
  std::string parent;  // dotted name
  std::vector<Value> values;
  bool is_range = false;
  double min = 0;
  double max = 0;
  Position position;
};

enum class PriorConfidence : std::uint8_t { kLow, kMedium, kHigh };

struct ParameterConfig {
  std::string name;
  Position position;
  ParameterKind kind = ParameterKind::kConstant;
  Value value;                        // constant
  std::vector<Value> values;          // categorical kinds
  std::vector<double> probabilities;  // kCategoricalWithProbabilities
  Value min;                          // bounded kinds, with the number type as written
  Value max;
  Value q = Value::Float(1.0);
  double mu = 0.0;
  double sigma = 1.0;
  double a = 1.0;
  double b = 1.0;
  std::vector<ParameterConfig> children;  // kGroup, in file order
  std::vector<WhenClause> when;           // all must hold
  std::optional<Value> prior;
  PriorConfidence prior_confidence = PriorConfidence::kMedium;
};

enum class PointOrder : std::uint8_t { kDeclared, kShuffled };

struct ConstraintText {
  std::string text;
  Position position;
};

// How often a point is handed out again, by what ended the attempt.
struct RetryConfig {
  std::int64_t lost = 100;
  std::int64_t oom = 1;
  std::int64_t failed = 0;
};

struct BudgetConfig {
  std::optional<std::int64_t> runs;
  std::optional<double> hours;
  std::optional<double> gpu_hours;
};

// Where a member of a population that copied another one gets its next parameters from.
enum class PopulationExplore : std::uint8_t { kPerturb, kPb2 };

// Population based training, see search/pbt.h.
struct PopulationConfig {
  PopulationExplore explore = PopulationExplore::kPerturb;
  double share = 0.2;
  double resample = 0.25;
  double step = 0.1;
};

// The block `regatta:`.
struct RegattaConfig {
  std::optional<std::int64_t> seed;
  PointOrder order = PointOrder::kDeclared;
  std::int64_t repeats = 1;
  std::vector<std::vector<std::string>> zip;  // dotted names
  std::vector<ConstraintText> constraints;
  std::vector<Value> initial_points;  // maps, nested or with dotted names
  RetryConfig retry;
  BudgetConfig budget;
  std::string cost;  // empty: none
  std::vector<std::string> prior_sweeps;
  std::string sampler;    // empty: what `method` says
  Value sampler_options;  // the whole `sampler` map, or null
  std::optional<PopulationConfig> population;
  Value kubernetes;  // verbatim, or null
  // Every whole float goes out as an integer, as W&B's hosted service does it.
  bool wandb_numbers = false;
};

enum class ControllerType : std::uint8_t { kCloud, kLocal };

struct SweepConfig {
  SearchMethod method = SearchMethod::kRandom;
  std::vector<ParameterConfig> parameters;  // in file order
  std::string program;                      // empty: none
  // Items as text; empty when the file has none: DefaultCommand() applies.
  std::vector<std::string> command;
  std::optional<MetricConfig> metric;
  std::vector<MetricEntry> metrics;
  std::optional<EarlyTerminateConfig> early_terminate;
  std::optional<std::int64_t> run_cap;
  std::string name;
  std::string description;
  std::string project;
  std::string entity;
  std::string job;
  std::string image_uri;
  ControllerType controller = ControllerType::kCloud;
  Value scheduler;  // verbatim, or null
  RegattaConfig regatta;
};

// ["${env}", "${interpreter}", "${program}", "${args}"].
const std::vector<std::string>& DefaultCommand();

struct SweepConfigOptions {
  // `--strict-yaml`: YAML 1.1's own reading of `1e-5`, and bayes with probabilities is refused.
  bool strict_yaml = false;
};

struct ParsedSweep {
  SweepConfig config;
  // The file as a tree; unknown keys and all.
  Value document;
  std::vector<Problem> problems;
  bool has_errors() const { return HasErrors(problems); }
};

// Reads all of `text` and reports everything wrong with it, ordered by place. With errors, `config`
// holds what could be understood and must not be run.
ParsedSweep InspectSweepConfig(std::string_view text, const SweepConfigOptions& options = {});

// As InspectSweepConfig, for callers that only go on with a sound file: `problems` holds warnings
// alone. Errors: kInvalidArgument "Invalid sweep config: ..." with every problem, warnings
// too, one after the other.
Result<ParsedSweep> ParseSweepConfig(std::string_view text, const SweepConfigOptions& options = {});

}  // namespace regatta::sweeps
