// Proposes the next trials from those already observed.
//
// A Sampler is a function of its space, its options and what it was told, in order: no I/O, no
// clock, no thread. Told the same finished trials in the same order, and the same pending ones in
// any order, a fresh sampler proposes the same points to the last bit, so it is rebuilt after a
// restart by telling it all trials again. Not thread-safe: the owner serialises the calls.
//
// Life of a sampler: Tell for every change of a trial, Refresh when there is time, Suggest when a
// trial is wanted, then Tell that the suggestion is now pending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/fidelity.h"
#include "regatta/search/search_space.h"
#include "regatta/search/trial.h"

namespace regatta::search {

enum class Goal : std::uint8_t { kMinimize, kMaximize };

struct Objective {
  Goal goal = Goal::kMinimize;
};

// An outcome that must stay within bounds, e.g. latency at most 20.
struct OutcomeConstraint {
  std::optional<double> min;
  std::optional<double> max;
};

// Whether the trial's outcomes keep to the bounds. One that was never logged, or is not finite, may
// be anything and does not.
bool MeetsConstraints(const Trial& trial, std::span<const OutcomeConstraint> constraints);

// An earlier search over parameters that this space shares. Points are in *this* space; what it did
// not vary is absent.
struct EarlierSearch {
  std::vector<Trial> trials;
};

struct SamplerOptions {
  std::uint64_t seed = 0;
  std::vector<Objective> objectives = {Objective{}};
  std::vector<OutcomeConstraint> constraints;
  // Points for which this is false are never proposed. Empty: all are allowed. Must be pure.
  std::function<bool(const Point&)> allowed;
  // Tried first, in this order. Absent active values are sampled.
  std::vector<Point> initial_points;
  std::vector<EarlierSearch> earlier;
  // Grid: visit the points in a seeded random order instead of the declared one.
  bool shuffled = false;
  // Trials may end before their full length: the steps of Trial::observations are resources, and
  // a finished trial's objectives count at its last one (at full length if it has none). bayes
  // then learns from parts of curves, and tpe ranks shorter trials behind longer ones. Of open
  // trials, tell new observations as they come. With several objectives it is ignored.
  std::optional<Fidelity> fidelity;
  // Prefer cheap trials of equal promise (Trial::cost): bayes divides the expected improvement (of
  // the front, with several objectives) by the expected cost.
  bool cost_aware = false;
  // How many trials there will be in all, open ones and failures included, where that is known. The
  // power of the cost then falls evenly from 1 to 0 at the last of them (CArBO: Lee et al. 2020,
  // "Cost-aware Bayesian optimization"): what is left at the end buys the best result there is.
  // Trials may go on beyond it, and ignore cost.
  std::optional<std::uint64_t> trials_planned;
  // A sampler's own documented settings, e.g. {"particles", 4}. Unknown names are refused.
  std::map<std::string, double> settings;
};

class Sampler {
 public:
  virtual ~Sampler() = default;

  // A trial is new or has changed: the last word on its id counts. Cheap, the model waits for
  // Refresh or Suggest. A trial that comes from elsewhere may lie outside the space. Errors:
  // kInvalidArgument if the trial cannot be placed in the space (wrong number of values, an unknown
  // category, a value of the wrong type), naming the parameter; nothing changes then, and the
  // caller may go on without that trial.
  virtual Result<void> Tell(const Trial& trial) = 0;

  // Forgets the trial, as if it had never been told: a deleted run, a grid point that is free
  // again.
  virtual void Forget(TrialId id) = 0;

  // Does now what the next Suggest would have to do first, so that Suggest is fast. Changes no
  // answer.
  virtual void Refresh() {}

  // Gives memory back that Refresh fills again, for a search that nobody asks for a while. Changes
  // no answer.
  virtual void Release() {}

  // Proposes at most `count` points, for the trials first_id, first_id + 1, ... Changes no answer
  // of later calls: what was handed out becomes known through Tell. Fewer than `count`, or none,
  // means that the space is used up, which is not an error. Errors: kFailedPrecondition if no
  // allowed point could be found.
  virtual Result<std::vector<Suggestion>> Suggest(TrialId first_id, std::size_t count) = 0;

  // What the model expects of all trials it was told of at full length, open ones included, each
  // once, in no order. Empty where lengths do not matter, before there is a model, and from all
  // samplers but bayes. Changes no answer.
  virtual std::vector<ExpectedEnd> ExpectedEnds() { return {}; }
};

// Makes the sampler called `name` ("grid", "random", "bayes", ...) for a copy of `space`.
// Errors: kNotFound, listing the names there are; kInvalidArgument if the sampler cannot search
// this space or an option is wrong.
Result<std::unique_ptr<Sampler>> MakeSampler(std::string_view name, const SearchSpace& space,
                                             const SamplerOptions& options);

struct SamplerInfo {
  std::string_view name;
  std::string_view summary;  // one sentence
};
// All samplers, in the order of recommendation.
std::vector<SamplerInfo> AllSamplers();

}  // namespace regatta::search
