// The joint model of learning curves: one Gaussian process over (x, ln resource), whose rows are
// the values at rungs (Klein et al. 2020, "Model-based asynchronous hyperparameter and neural
// architecture search", the joint variant of MOBSTER).
//
// The resource is one more coordinate of the points, with a length scale of its own. The average
// fall of the curves from rung to rung is taken off first, so that the process has to explain
// differences between trials alone. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "encoder.h"
#include "regatta/search/sampler.h"
#include "surrogate.h"
#include "trial_book.h"

namespace regatta::search {

class RungModel {
 public:
  // Requires: options.fidelity.
  RungModel(const SearchSpace& space, const SamplerOptions& options);
  RungModel(const RungModel&) = delete;
  RungModel& operator=(const RungModel&) = delete;

  // Of points with their resource.
  const Encoder& encoder() const { return encoder_; }
  // The point at the resource that counts: the full length, or the longest that a settled trial had
  // where no full length was given.
  Unit AtEnd(const Unit& unit) const;
  std::vector<Unit> AtEnd(std::span<const Unit> units) const;

  // Brings `surrogate` to all curves of `book`: those of the settled trials, whose coordinates are
  // `units`, and those of the open ones (as its tail). `failures` are points that failed;
  // each counts as worse than the worst. `narrow` encodes points without resource.
  void Update(const TrialBook& book, std::span<const Unit> units, std::span<const Unit> failures,
              const Encoder& narrow, bool history_changed, Surrogate& surrogate);

  // Forgets the measured fall: the next Update measures it afresh.
  void Invalidate() { is_measured_ = false; }

  // What each member of `surrogate` expects of the best of `units` at the end.
  std::vector<double> BestMeans(const Surrogate& surrogate, std::span<const Unit> units) const;

  // The resource of AtEnd.
  double end() const { return end_; }

 private:
  struct Row {
    Unit unit;  // with the resource's coordinate
    double resource = 1;
    double y = 0;  // lower is better
    std::size_t trial = 0;
  };

  double Coordinate(double resource) const;
  void Append(const Trial& trial, const Unit& unit, std::size_t number, std::vector<Row>& rows);
  void MeasureFall(std::size_t trials);
  double Fall(double resource) const;
  std::size_t RungOf(double resource) const;

  const Fidelity fidelity_;
  const bool maximize_;
  const SearchSpace space_;  // the search's and one coordinate more
  const Encoder encoder_;
  const double span_;  // of ln resource that is one unit
  const double log_eta_;

  std::vector<Row> rows_;  // of settled trials
  double longest_ = 1;     // resource so far
  double end_ = 1;
  bool is_measured_ = false;
  std::size_t measured_ = 0;  // trials that the fall rests on
  std::vector<double> fall_;  // by rung: what is still to come on average, at most 0
};

}  // namespace regatta::search
