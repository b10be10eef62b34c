// Where a sweep's points come from: its grid, its search, its initial points.
//
// The state machine decides *whether* a point is handed out and remembers which were; a PointSource
// says *what* the point is. Not thread-safe: its Sweep owns the calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/fidelity.h"
#include "regatta/sweeps/background.h"
#include "regatta/sweeps/records.h"

namespace regatta::sweeps {

// Parameter values proposed, not yet a point.
struct ProposedPoint {
  std::string args_json;                    // {"name":{"value":v}}
  std::optional<std::uint64_t> grid_index;  // where the values lie on the grid, if they do
  std::string why;                          // one sentence
};

struct MetricValue {
  std::int64_t step = 0;
  double value = 0;
};

// A group of points with the same values (one, unless the sweep repeats points), as search sees it.
struct TrialView {
  std::uint32_t group = 0;
  const PointRecord* first = nullptr;  // the group's first point
  enum class State : std::uint8_t { kPending, kRunning, kFinished, kFailed, kLost, kGone };
  State state = State::kPending;  // kGone: forget it
  // One for each of the group's attempts that count (the newest, or the one with the result).
  std::vector<const AttemptRecord*> attempts;
  // The history of the newest of them.
  const std::vector<MetricValue>* history = nullptr;
};

class PointSource {
 public:
  virtual ~PointSource() = default;

  // The number of grid numbers; nothing if this is no grid.
  virtual std::optional<std::uint64_t> grid_size() const = 0;
  // The first number at or after `from` in visiting order that is a point, looking at no more than
  // `work_max` of them; `*next` is then where to go on. Nothing: none found there. Grid only.
  virtual std::optional<std::uint64_t> NextGridPoint(std::uint64_t from, std::uint64_t work_max,
                                                     std::uint64_t* next) const = 0;
  // The point with that number in visiting order. Requires: NextGridPoint gave it.
  virtual ProposedPoint GridPoint(std::uint64_t number) const = 0;
  // The grid number of a run's config; nothing if it is not on the grid.
  virtual std::optional<std::uint64_t> FindGridPoint(std::string_view args_json) const = 0;

  virtual std::uint32_t initial_points() const = 0;
  // Nothing where the constraints allow no point that agrees with it. Requires: index <
  // initial_points().
  virtual std::optional<ProposedPoint> InitialPoint(std::uint32_t index) const = 0;

  // Search only: the next point, `group` being the index it will get; a function of the trials told
  // and of `number` alone, or, where the search works in the background and is late, another point
  // whose `why` says so. Nothing: the space is used up. Errors: kUnavailable if there is no point
  // for now; any other: the search cannot go on.
  virtual Result<std::optional<ProposedPoint>> Propose(std::uint32_t group,
                                                       std::uint64_t number) = 0;
  // The group is new or has changed. The view is valid for the call.
  virtual void Tell(const TrialView& trial) = 0;

  // What the search expects of the groups it was told of, once at full length: of all that it knew
  // when it last looked, which in the background may be before the newest value; the same object as
  // long as nothing changed. Null: nothing yet, or no search that could say.
  using ExpectedEnds = std::shared_ptr<const std::vector<search::ExpectedEnd>>;
  virtual ExpectedEnds Expected() { return nullptr; }

  // The next points will be asked for the groups first, first + stride, ...; `count` of them at
  // hand are enough, 0: none will be asked for. Changes no answer, only how fast it comes.
  virtual void Prepare(std::uint32_t /*first*/, std::uint32_t /*stride*/, std::size_t /*count*/) {}
  // Of a source that works in the background; null: it always has its next point at hand.
  virtual std::shared_ptr<Readiness> readiness() const { return nullptr; }
};

}  // namespace regatta::sweeps
