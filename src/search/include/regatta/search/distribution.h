// The range of a parameter and the measure on it, with W&B's names and W&B's numbers.
//
// `u` is a number in [0, 1]: a uniform draw, or the parameter's coordinate in the unit cube.
// Quantile(u) is the value at u and Cdf(value) leads back; quantised kinds round the value of their
// unquantised kind to `q · roundHalfToEven(v / q)`. Constants are not distributions: they are no
// dimension of a search. Immutable, cheap to copy, safe to share between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/parameter_value.h"

namespace regatta::search {

enum class DistributionKind : std::uint8_t {
  kCategorical,          // `categories` items, uniform or with `probabilities`
  kIntUniform,           // int_min ... int_max, both included
  kUniform,              // min ... max
  kQUniform,             //   rounded to q
  kLogUniform,           // e^min ... e^max, uniform in the exponent (deprecated spelling)
  kLogUniformValues,     // min ... max, uniform in the logarithm
  kInvLogUniform,        // e^-max ... e^-min (deprecated spelling)
  kInvLogUniformValues,  // the same numbers as kLogUniformValues
  kQLogUniform,          // kLogUniform rounded to q
  kQLogUniformValues,    // kLogUniformValues rounded to q
  kNormal,               // mu, sigma
  kQNormal,              //   rounded to q
  kLogNormal,            // exp of a normal of mu, sigma
  kQLogNormal,           //   rounded to q
  kBeta,                 // a, b, in [0, 1]
  kQBeta,                //   rounded to q
};

// The spelling in a sweep file, e.g. "q_log_uniform_values".
std::string_view DistributionName(DistributionKind kind);

// What a distribution is made from. Only the fields of its kind are read.
struct DistributionSpec {
  DistributionKind kind = DistributionKind::kUniform;
  double min = 0;
  double max = 1;
  std::int64_t int_min = 0;
  std::int64_t int_max = 1;
  double q = 1;
  double mu = 0;
  double sigma = 1;
  double a = 1;
  double b = 1;
  // A rounded value outside [min, max] becomes the nearest multiple of q inside, where there is
  // one. Off is W&B's behaviour: q_uniform 1..10 with q 4 yields 0.
  bool clamp_quantized = false;

  // kCategorical.
  std::int64_t categories = 0;
  std::vector<double> probabilities;  // empty: all alike
  // The items as numbers, when all of them are numbers: the model then knows that 16 lies between 8
  // and 32.
  std::vector<double> levels;
  // For item i the first item equal to it (i itself when new). Empty: all differ. Grids visit each
  // value once.
  std::vector<std::int64_t> first_equal;
};

class Distribution {
 public:
  // Errors: kInvalidArgument, saying which field is wrong and what would be right.
  static Result<Distribution> Create(DistributionSpec spec);

  // The common kinds in one line.
  static Result<Distribution> Categorical(std::int64_t categories,
                                          std::vector<double> probabilities = {});
  static Result<Distribution> Levels(std::vector<double> levels);
  static Result<Distribution> IntUniform(std::int64_t min, std::int64_t max);
  static Result<Distribution> Uniform(double min, double max);
  static Result<Distribution> QUniform(double min, double max, double q);
  static Result<Distribution> LogUniformValues(double min, double max);
  static Result<Distribution> Normal(double mu, double sigma);

  DistributionKind kind() const { return spec_->kind; }
  const DistributionSpec& spec() const { return *spec_; }
  bool is_categorical() const { return spec_->kind == DistributionKind::kCategorical; }
  bool is_quantized() const;
  // Values are int64: integers, and multiples of a whole q.
  bool is_integer() const;

  // The value at `u`. Never outside the range by an ulp; at u = 0 the first value, at u = 1 the
  // last one. A `u` outside [0, 1] counts as the nearer end.
  ParameterValue Quantile(double u) const;

  // The share of the measure at or below `value`, in [0, 1]; for a categorical of n items
  // (index+1)/n.
  double Cdf(const ParameterValue& value) const;

  // True when `value` has the right type (an integer also serves as a float, a whole float as an
  // integer) and lies in the range. Multiples of q are not insisted on.
  bool Contains(const ParameterValue& value) const;

  // The number of values that Quantile can yield, when there are at most 2^53 of them; absent when
  // they form a continuum (or, for a rounded normal, have no end).
  std::optional<std::int64_t> level_count() const { return level_count_; }
  // Value number `level`, ascending (categories: in list order). Requires: 0 <= level <
  // level_count().
  ParameterValue Level(std::int64_t level) const;
  // The level nearest to `value`. Requires: level_count() has a value.
  std::int64_t LevelOf(const ParameterValue& value) const;

  // Section 9 of the sweep language: the number of values a grid visits, absent for a kind a grid
  // cannot visit. q_uniform starts at min, steps by q, and ends below max.
  std::optional<std::int64_t> grid_count() const { return grid_count_; }
  ParameterValue GridLevel(std::int64_t level) const;
  // The grid's number for `value`; absent when the grid does not visit it.
  std::optional<std::int64_t> GridLevelOf(const ParameterValue& value) const;

 private:
  explicit Distribution(std::shared_ptr<const DistributionSpec> spec);
  double RawQuantile(double u) const;
  double RawCdf(double x) const;
  ParameterValue FromNumber(double value) const;
  double Rounded(double value) const;

  std::shared_ptr<const DistributionSpec> spec_;
  std::vector<double> cumulative_;             // probabilities summed up
  std::vector<std::int64_t> grid_categories_;  // the distinct items, when some are equal
  std::optional<std::int64_t> level_count_;
  std::optional<std::int64_t> grid_count_;
  double first_multiple_ = 0;  // level 0 of a quantised kind, in units of q
};

}  // namespace regatta::search
