#include "recorded_store.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <variant>

namespace regatta::simulation {
namespace {

using namespace sweeps;

template <typename T>
std::string Put(std::vector<T>& rows, std::size_t key, const T& row, const char* table) {
  if (key > rows.size()) {
    return std::string(table) + " leaves a gap before row " + std::to_string(key);
  }
  if (key == rows.size()) {
    rows.push_back(row);
  } else {
    rows[key] = row;
  }
  return "";
}

// One row for each attempt, as Sweep::Records writes them.
std::vector<ValuesRecord> Merged(const std::vector<ValuesRecord>& rows) {
  std::map<std::uint32_t, ValuesRecord> merged;
  for (const ValuesRecord& row : rows) {
    ValuesRecord& all = merged[row.attempt];
    all.attempt = row.attempt;
    all.steps.insert(all.steps.end(), row.steps.begin(), row.steps.end());
    all.values.insert(all.values.end(), row.values.begin(), row.values.end());
  }
  std::vector<ValuesRecord> result;
  for (const auto& [attempt, row] : merged) {
    result.push_back(row);
  }
  return result;
}

// As ==, but NaN is equal to itself.
bool SameValues(const ValuesRecord& left, const ValuesRecord& right) {
  return left.attempt == right.attempt && left.steps == right.steps &&
         std::ranges::equal(left.values, right.values, [](double a, double b) {
           return a == b || (std::isnan(a) && std::isnan(b));
         });
}

}  // namespace

std::string RecordedStore::Apply(const std::vector<Change>& changes) {
  std::string problem;
  for (const Change& change : changes) {
    std::visit(
        [&](const auto& row) {
          using Row = std::decay_t<decltype(row)>;
          std::string found;
          if constexpr (std::is_same_v<Row, SweepRecord>) {
            records_.sweep = row;
          } else if constexpr (std::is_same_v<Row, PointRecord>) {
            found = Put(records_.points, row.index, row, "points");
          } else if constexpr (std::is_same_v<Row, AttemptRecord>) {
            found = Put(records_.attempts, row.serial, row, "attempts");
          } else if constexpr (std::is_same_v<Row, AgentRecord>) {
            found = Put(records_.agents, row.order, row, "agents");
          } else if constexpr (std::is_same_v<Row, ValuesRecord>) {
            records_.values.push_back(row);
          } else if constexpr (std::is_same_v<Row, CreateRun>) {
            if (!runs_.emplace(row.run_id, Run{row.agent_id, RunState::kPending, false}).second) {
              found = "run " + row.run_id + " is created twice";
            }
          } else if (const auto run = runs_.find(row.run_id); run == runs_.end()) {
            found = "run " + row.run_id + " is changed before it was created";
          } else if constexpr (std::is_same_v<Row, AssignRun>) {
            run->second.agent_id = row.agent_id;
          } else if constexpr (std::is_same_v<Row, SetRunState>) {
            run->second.state = row.state;
          } else {
            run->second.is_told_to_stop = true;
          }
          if (problem.empty()) {
            problem = found;
          }
        },
        change);
  }
  return problem;
}

std::string RecordedStore::Compare(const Sweep& sweep) const {
  const SweepRecords believed = sweep.Records();
  if (!(records_.sweep == believed.sweep)) {
    return "the sweep's row differs from memory";
  }
  if (records_.points != believed.points) {
    return "the points' rows differ from memory";
  }
  if (records_.attempts != believed.attempts) {
    return "the attempts' rows differ from memory";
  }
  if (records_.agents != believed.agents) {
    return "the agents' rows differ from memory";
  }
  if (!std::ranges::equal(Merged(records_.values), Merged(believed.values), SameValues)) {
    return "the values' rows differ from memory";
  }
  return "";
}

}  // namespace regatta::simulation
