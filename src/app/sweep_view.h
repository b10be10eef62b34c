// A sweep as people follow it: what the server says about it, and how that reads.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api_client.h"
#include "regatta/base/result.h"
#include "terminal.h"

namespace regatta::app {

struct SweepRunView {
  std::string name;
  std::string title;
  std::string state;
  std::string created_at;
  std::int64_t rows = 0;
  std::optional<double>
      value;  // by which it ranks; of several objectives the first, from the summary
  nlohmann::json parameters;  // by name, without what the sweep does not vary
  std::string why;            // why it was stopped, or why its point; empty where not asked for
};

struct SweepView {
  ItemPath path;
  std::string id;  // the opaque one, for changes
  std::string title;
  std::string state;  // "RUNNING"
  std::string why;
  std::string method;
  std::string created_at;
  std::string config;  // the sweep file
  std::string metric;  // empty: none
  bool is_maximized = false;
  std::int64_t runs_total = 0;
  std::optional<std::int64_t> runs_expected;
  std::vector<SweepRunView> runs;  // newest first
  std::optional<SweepRunView> best;
  nlohmann::json agents = nlohmann::json::array();

  bool is_over() const { return state != "PENDING" && state != "RUNNING" && state != "PAUSED"; }
};

// The sweep with at most `runs_max` of its runs, `with_reasons` each with its why. Errors:
// kNotFound.
Result<SweepView> ReadSweep(ApiClient& client, const ItemPath& path, std::int64_t runs_max,
                            bool with_reasons = false);

// Reads what a server answered to the query of ReadSweep.
SweepView SweepViewOf(const ItemPath& path, const nlohmann::json& sweep);

// As --json shows it.
nlohmann::json SweepJson(const SweepView& sweep);
nlohmann::json SweepRunJson(const SweepRunView& run);

// "lr 0.01, optimizer adam".
std::string ParametersText(const nlohmann::json& parameters);
// State, progress, best and a table of runs; at most `lines_max` lines, 0 for all.
std::string SweepText(const SweepView& sweep, const Terminal& terminal, std::size_t lines_max);

// What is different in `after`, one sentence each, in a fixed order. `before` may be null: then all
// that is there is told.
struct SweepChange {
  std::string kind;  // "sweep", "run", "best"
  std::string text;
  nlohmann::json document;
};
std::vector<SweepChange> ChangesBetween(const SweepView* before, const SweepView& after);

}  // namespace regatta::app
