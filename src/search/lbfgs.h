// Minimises a smooth function inside a box, for whoever evaluates it, so that many such searches
// can go in lock-step and share each evaluation.
//
// Limited-memory BFGS (Nocedal and Wright 2006, algorithms 7.4 and 3.1) on the coordinates that no
// bound holds, along the projected path (Bertsekas 1982, "Projected Newton methods for optimization
// problems with simple constraints"): memory 8, Armijo's condition with 1e-4, at first a step of
// 0.1 downhill. Deterministic; not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace regatta::search {

class ProjectedLbfgs {
 public:
  // Requires: `start` lies in the box. Coordinates are best scaled so that the function changes
  // about as fast along each.
  ProjectedLbfgs(std::vector<double> start, std::vector<double> low, std::vector<double> high);

  // Where the function is to be evaluated next.
  const std::vector<double>& next() const { return trial_; }
  // What was found there: a value and its derivatives. A value that is not finite counts as too
  // high.
  void Take(double value, std::span<const double> slope);
  // Nothing more is to be gained: no derivative that a bound does not hold exceeds 1e-4, or a step
  // lowered the value by less than 1e-6, or no step lowers it.
  bool done() const { return done_; }

  // The lowest value so far, and where it is. Requires: one Take.
  double value() const { return value_; }
  const std::vector<double>& best() const { return at_; }

 private:
  struct Pair {
    std::vector<double> step;
    std::vector<double> change;  // of the slope
    double product = 0;          // step · change
  };

  bool IsHeld(std::size_t d) const;
  void Accept(double value, std::span<const double> slope);
  void Aim();
  void Project();

  std::vector<double> low_;
  std::vector<double> high_;
  std::vector<double> at_;
  std::vector<double> trial_;
  std::vector<double> direction_;
  std::vector<double> slope_;  // at at_
  double value_ = 0;
  double length_ = 1;    // of the step, in directions
  double stride_ = 0.1;  // of a step that knows no curvature, in the largest coordinate
  int shrinks_ = 0;
  bool started_ = false;
  bool done_ = false;
  std::deque<Pair> pairs_;
};

}  // namespace regatta::search
