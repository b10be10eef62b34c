// The search space of a sweep, and the way between its points and run configs.
//
// Parameters are flattened in W&B's order: at each level by code point, depth first. Constants are
// no dimension of the search; the lists of a zip group are one. Immutable, cheap to copy,
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/base/rng.h"
#include "regatta/search/search_space.h"
#include "regatta/sweeps/constraint.h"
#include "regatta/sweeps/sweep_config.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

// One leaf of the parameter tree.
struct Leaf {
  std::vector<std::string> path;  // {"optimizer", "lr"}
  std::string dotted;             // "optimizer.lr", for people, zip, when and constraints
  std::string config_path;        // "parameters.optimizer.parameters.lr", where the file has it
  ParameterConfig config;
  // `when` of the leaf and of every group above it, parents by their dotted names.
  std::vector<WhenClause> when;
  // The dimension of search_space() that decides it; nothing for a constant.
  std::optional<std::size_t> dimension;
  // For a constant: the conditions under which it is there.
  std::vector<search::Condition> conditions;
};

class ParameterSpace {
 public:
  // Requires: a config that was read without errors. Errors: kInvalidArgument for what only the
  // whole space shows: two parameters in one place, a zip of unequal lengths, an unknown or cyclic
  // `when`, a constraint that names no parameter.
  static Result<ParameterSpace> Build(const SweepConfig& config);
  // As Build, with every problem of its own found, each with its place. Nothing if there is one.
  static std::optional<ParameterSpace> Inspect(const SweepConfig& config,
                                               std::vector<Problem>* problems);

  const search::SearchSpace& search_space() const;
  // In flattened order, constants included.
  const std::vector<Leaf>& leaves() const;
  // The leaf with this dotted name, or null.
  const Leaf* FindLeaf(std::string_view dotted) const;

  // {"name": {"value": v}}: groups nested under their first key, top-level keys in byte order,
  // constants included, inactive parameters left out. Categories come out as they were written;
  // whole multiples of a whole q as integers.
  Value ToRunConfig(const search::Point& point) const;
  // The point that a run's config stands for, {"name": {"value": v}} or plain values; categories
  // are found by typed equality. Keys outside of the space do not matter. Errors: kInvalidArgument
  // naming a parameter that is active but missing or whose value is foreign.
  Result<search::Point> FromRunConfig(const Value& run_config) const;
  // As FromRunConfig for a run of another sweep: what it does not have, or has outside of this
  // space, stays absent.
  search::Point FromOtherConfig(const Value& run_config) const;
  // As FromRunConfig for an initial point: nested or dotted names, missing parameters stay absent,
  // unknown names are errors.
  Result<search::Point> ReadInitialPoint(const Value& given) const;

  // The value of one leaf; nothing where it is inactive.
  std::optional<Value> ValueOf(const Leaf& leaf, const search::Point& point) const;

  bool has_constraints() const;
  // Whether all constraints hold. One that has no value at this point (1/0) does not hold.
  bool IsAllowed(const search::Point& point) const;
  // IsAllowed as SamplerOptions takes it; empty without constraints. Keeps this space's data alive.
  std::function<bool(const search::Point&)> AllowedFunction() const;

  // A random point, constraints not looked at.
  search::Point RandomPoint(Rng& rng) const;
  // A random point that satisfies the constraints; nothing after `tries_max` tries.
  std::optional<search::Point> RandomAllowedPoint(Rng& rng, int tries_max = 100'000) const;

 private:
  friend class SpaceBuilder;
  struct State;
  // The value of one dimension in a run's config. Errors: as FromRunConfig.
  Result<std::optional<search::ParameterValue>> ValueIn(const Value& run_config,
                                                        std::size_t dimension) const;
  explicit ParameterSpace(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;  // shared by copies, never changed
};

// The number of points that `method: grid` visits, constraints respected; counted up to `work_max`
// combinations. Nothing if it cannot be told: not a grid, or too large with constraints.
std::optional<std::uint64_t> CountGridPoints(const SweepConfig& config, const ParameterSpace& space,
                                             std::uint64_t work_max = 1'000'000);

}  // namespace regatta::sweeps
