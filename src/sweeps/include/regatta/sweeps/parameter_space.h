// The search space of a sweep: its parameters flattened in W&B's order, and the way between points
// of that space and run configs.
//
// A point gives each leaf parameter a value or leaves it inactive (`when`). Grids are numbered,
// never listed: point k of N is computed from k (sweep-config 9). Immutable after Build; const use
// is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/base/rng.h"
#include "regatta/sweeps/constraint.h"
#include "regatta/sweeps/sweep_config.h"
#include "regatta/sweeps/value.h"

namespace regatta::sweeps {

// One leaf, in flattened order: at each level by code point, depth first.
struct Leaf {
  std::vector<std::string> path;  // {"optimizer", "lr"}
  std::string dotted;             // "optimizer.lr", for people, zip, when and constraints
  ParameterConfig config;
  // `when` of the leaf and of every group above it.
  std::vector<WhenClause> when;
};

// Values by leaf, in flattened order; nullopt where the leaf is inactive.
using Point = std::vector<std::optional<Value>>;

class ParameterSpace {
 public:
  // Requires: a config without errors. Errors: kInvalidArgument for what only the whole space
  // shows: two parameters in one place, a zip of unequal lengths, an unknown or cyclic `when`, a
  // constraint that is wrong or almost never holds, a grid over a continuous parameter.
  static Result<ParameterSpace> Build(const SweepConfig& config);

  const std::vector<Leaf>& leaves() const { return leaves_; }
  // The index of the leaf with this dotted name.
  std::optional<std::size_t> FindLeaf(std::string_view dotted) const;

  // --- finite spaces
  // -------------------------------------------------------------------------------

  // Whether every parameter has finitely many values that a grid can list.
  bool is_enumerable() const { return is_enumerable_; }
  // The number of combinations numbered by GridPoint, before constraints and `when`; nullopt if the
  // space is not enumerable or the number is beyond 2^63.
  std::optional<std::uint64_t> grid_size() const { return grid_size_; }
  // Combination `index` in grid order (the last parameter varies fastest); nullopt where it is no
  // point of its own: a constraint forbids it, or it repeats another one because the difference
  // lies in inactive parameters. Requires: index < grid_size().
  std::optional<Point> GridPoint(std::uint64_t index) const;
  // The number of distinct grid points: counted exactly up to `work_max` combinations, else
  // nullopt. It is what W&B calls the expected run count, times nothing: `repeats` is the caller's.
  std::optional<std::uint64_t> CountGridPoints(std::uint64_t work_max = 2'000'000) const;
  // The first index at or after `from` that is a point; nullopt if there is none within `work_max`
  // combinations (then `*stopped_at` tells where to go on, or grid_size() at the end).
  std::optional<std::uint64_t> NextGridIndex(std::uint64_t from, std::uint64_t work_max,
                                             std::uint64_t* stopped_at = nullptr) const;
  // The index of a run's config, by typed equality with whole floats equal to integers at every
  // depth; nullopt if it is not on the grid.
  std::optional<std::uint64_t> FindGridIndex(const Value& run_config) const;

  // --- random points
  // ---------------------------------------------------------------------------------

  // A random point of the parameters alone, `when` applied, constraints not.
  Point RandomPoint(Rng& rng) const;
  // A random point that satisfies the constraints, or nullopt after `tries_max` tries.
  std::optional<Point> RandomFeasiblePoint(Rng& rng, int tries_max = 100'000) const;
  // The value of one leaf at u in [0, 1] (sweep-config 5 and 6, clamped to the range).
  Value ValueAt(std::size_t leaf, double u) const;

  bool has_constraints() const { return !constraints_.empty(); }
  // Whether all constraints hold; one that has no value at this point (1/0) does not hold.
  bool IsFeasible(const Point& point) const;

  // --- run configs
  // -----------------------------------------------------------------------------------

  // {"name": {"value": v}}, groups nested under their first key, top-level keys in byte order,
  // constants included, inactive parameters left out.
  Value ToRunConfig(const Point& point) const;
  // The point that a run's config ({"name": {"value": v}}, or plain values) stands for; categorical
  // values are found by typed equality. Nothing is said about keys outside of the space. Errors:
  // kInvalidArgument naming a parameter that is active but missing, or whose value is foreign.
  Result<Point> FromRunConfig(const Value& run_config) const;
  // A partial point: `given` names some parameters (nested or dotted); the others are nullopt.
  Result<Point> ReadInitialPoint(const Value& given) const;
  // `point` with every active parameter that has no value drawn at random.
  Point Complete(Point point, Rng& rng) const;

  // Whether the leaf is active given the others of the point.
  bool IsActive(std::size_t leaf, const Point& point) const;

 private:
  // A digit of the mixed-radix grid number: one leaf, or a zip group that moves together.
  struct Axis {
    std::vector<std::size_t> leaves;
    std::uint64_t size = 1;
  };

  ParameterSpace() = default;
  Result<void> AddLeaves(const std::vector<ParameterConfig>& parameters,
                         const std::vector<std::string>& prefix,
                         const std::vector<WhenClause>& when);
  Result<void> ResolveWhen();
  Result<void> BuildAxes(const SweepConfig& config);
  Result<void> ReadConstraints(const SweepConfig& config);
  Result<void> MeasureConstraints(const SweepConfig& config) const;
  Value GridValue(std::size_t leaf, std::uint64_t position) const;
  void DropInactive(Point& point) const;

  std::vector<Leaf> leaves_;
  // For each leaf its distinct grid values' places in `values` (categorical kinds).
  std::vector<std::vector<std::size_t>> distinct_;
  // Parents before children.
  std::vector<std::size_t> activation_order_;
  std::vector<Axis> axes_;
  std::vector<Constraint> constraints_;
  bool is_enumerable_ = false;
  bool wandb_numbers_ = false;
  std::optional<std::uint64_t> grid_size_;
};

}  // namespace regatta::sweeps
