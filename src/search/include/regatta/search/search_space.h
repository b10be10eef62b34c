// The set of points that a search may try: parameters in order, some of them active only for
// certain values of others.
//
// Immutable after Create, safe to share between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/distribution.h"
#include "regatta/search/parameter_value.h"

namespace regatta::search {

// "Active when": parent is itself active and its value is one of `categories` (a categorical
// parent), or lies in [min, max] (a numeric parent, or a categorical one with numeric levels).
struct Condition {
  std::string parent;
  std::vector<std::int64_t> categories;
  std::optional<double> min;
  std::optional<double> max;
};

// A user's belief where a good value lies. `spread` is the standard deviation of that belief as a
// share of the unit coordinate; for categories, `odds` is how much more likely the value is than
// each other one.
struct Prior {
  ParameterValue value;
  double spread = 0.2;
  double odds = 4;
};

struct Parameter {
  std::string name;
  Distribution distribution;
  std::vector<Condition> conditions;  // all must hold
  std::optional<Prior> prior;
};

class SearchSpace {
 public:
  // Parameters keep their order, which is also the order of a Point's values. They may refer to
  // parents that come later. Errors: kInvalidArgument for a repeated name, an unknown parent, a
  // cycle, a condition that its parent can never meet, a prior outside the range. An empty list is
  // a space of one point.
  static Result<SearchSpace> Create(std::vector<Parameter> parameters);

  std::size_t size() const { return parameters_.size(); }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Parameter& operator[](std::size_t index) const { return parameters_[index]; }
  std::optional<std::size_t> Find(std::string_view name) const;

  bool has_conditions() const { return has_conditions_; }
  bool is_conditional(std::size_t parameter) const {
    return !parameters_[parameter].conditions.empty();
  }
  // Parents before children; otherwise in declared order.
  const std::vector<std::size_t>& parents_first() const { return parents_first_; }
  // Positions of the parents that `parameter`'s conditions name, in the conditions' order.
  const std::vector<std::size_t>& parents(std::size_t parameter) const {
    return parents_[parameter];
  }
  // True if the conditions of `parameter` hold in `point`, whose parents' values are already
  // settled.
  bool IsActive(std::size_t parameter, const Point& point) const;

  // The point at coordinates `u`, one in [0, 1] for each parameter; inactive parameters are left
  // out.
  Point At(const std::vector<double>& u) const;

  // Drops values of inactive parameters.
  // Errors: kInvalidArgument if the point has the wrong size, an active parameter has no value, or
  // a value has the wrong type or lies outside its range; the message names the parameter.
  Result<Point> Normalize(Point point) const;

  // A text that two points share exactly if they are the same point: whole floats equal integers,
  // inactive values do not count.
  std::string Key(const Point& point) const;

 private:
  SearchSpace() = default;

  std::vector<Parameter> parameters_;
  std::vector<std::vector<std::size_t>> parents_;
  std::vector<std::size_t> parents_first_;
  bool has_conditions_ = false;
};

}  // namespace regatta::search
