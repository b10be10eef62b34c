// What a sweep file will do, told before anything runs: `regatta sweep check FILE`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/sweeps/problem.h"

namespace regatta::sweeps {

struct ExplainOptions {
  bool strict_yaml = false;
  // For a file without a seed: the same seed shows the same command lines.
  std::uint64_t seed = 0;
  std::size_t command_lines = 10;
};

struct ExplainedParameter {
  std::string name;          // dotted
  std::string distribution;  // W&B's name
  std::string range;         // "0.001 ... 0.1", "16, 32, 64"
  std::string when;          // empty: always active
  std::string prior;         // "adam, high confidence"; empty: none
};

// One thing that the file asks for beside its parameters, in words: {"run_cap", "6 runs at most"}.
struct ExplainedSetting {
  std::string name;  // the key's path in the file
  std::string meaning;
};

struct SweepExplanation {
  // Every problem, ordered by place. With errors the method is empty, and only parameters that
  // could be understood are listed.
  std::vector<Problem> problems;
  bool has_errors = false;
  std::string method;
  std::string metric;  // "val_loss (minimize)", or empty
  std::vector<ExplainedParameter> parameters;
  std::vector<ExplainedSetting> settings;
  // Points of a grid, constraints respected; nothing where there is no end to them.
  std::optional<std::uint64_t> points;
  std::int64_t repeats = 1;
  // Hyperband's first bands, ascending; empty without hyperband.
  std::vector<std::int64_t> bands;
  // Arguments of the runs that would come first.
  std::vector<std::vector<std::string>> commands;
  std::vector<std::string> run_configs;  // {"name":{"value":v}} of the same runs
};

SweepExplanation ExplainSweep(std::string_view text, const ExplainOptions& options = {});

// For people: a few lines, ending in a line break.
std::string ExplanationText(const SweepExplanation& explanation);
// For programs: one JSON object.
std::string ExplanationJson(const SweepExplanation& explanation);

}  // namespace regatta::sweeps
