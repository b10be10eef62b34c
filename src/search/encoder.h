// Points as rows of numbers that the Gaussian process measures distances between.
//
// Each parameter has one coordinate ("unit"): the cdf of a continuous value, the place (i + ½)/k of
// level i of a lattice (integers, rounded ranges, lists of numbers), the index of an unordered
// category, and kInactive where its conditions do not hold. For distances a coordinate becomes one
// column, or two for a conditional number: an arc around the origin, with the inactive value at its
// centre (Swersky et al. 2013, "Raiders of the lost architecture"), so that one kernel spans all
// branches and stays positive definite. Immutable, safe to share between threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "regatta/base/rng.h"
#include "regatta/search/search_space.h"

namespace regatta::search {

inline constexpr double kInactive = -1;

// One coordinate a parameter.
using Unit = std::vector<double>;

enum class DimensionKind : std::uint8_t { kContinuous, kLattice, kCategory };

class Encoder {
 public:
  // Borrows `space`, which outlives the encoder.
  explicit Encoder(const SearchSpace& space);

  std::size_t dimensions() const { return dimensions_.size(); }
  std::size_t columns() const { return columns_; }
  DimensionKind kind(std::size_t d) const { return dimensions_[d].kind; }
  // The number of levels of a lattice or of categories; 0 for a continuous one.
  std::int64_t levels(std::size_t d) const { return dimensions_[d].levels; }
  // The dimension that a column belongs to, and whether it compares categories.
  std::size_t dimension_of(std::size_t column) const { return column_owner_[column]; }
  bool is_category_column(std::size_t column) const {
    return dimensions_[column_owner_[column]].kind == DimensionKind::kCategory;
  }

  // The coordinates of a point of the space. Numbers outside the range are brought to its ends.
  Unit ToUnit(const Point& point) const;
  // The point at coordinates; those of inactive parameters are ignored.
  Point ToPoint(const Unit& unit) const;
  // Moves each coordinate to the nearest one that a point can have, and inactive ones to kInactive.
  void Snap(Unit& unit) const;

  // Coordinates of level or category `level` of dimension d.
  double LevelUnit(std::size_t d, std::int64_t level) const;
  std::int64_t UnitLevel(std::size_t d, double unit) const;
  // The value that an active dimension d has there.
  ParameterValue ValueAt(std::size_t d, double unit) const;
  // A coordinate drawn by the parameter's own distribution, from a uniform u.
  double FromUniform(std::size_t d, double u) const;

  // Writes the columns of `unit` at columns[c * stride].
  void Columns(const Unit& unit, double* columns, std::size_t stride) const;
  // The derivative of each column by its coordinate; 0 for categories and what is inactive.
  void ColumnSlopes(const Unit& unit, std::vector<double>& slopes) const;

 private:
  struct Dimension {
    DimensionKind kind = DimensionKind::kContinuous;
    std::int64_t levels = 0;
    bool conditional = false;
    bool rounded = false;               // continuous in the model, yet not every value exists
    std::vector<std::int64_t> rank;     // category -> place in ascending order
    std::vector<std::int64_t> by_rank;  // and back
    std::vector<double> places;         // lattice: coordinate of each level
  };

  double SnapOne(std::size_t d, double unit) const;

  const SearchSpace* space_;
  std::vector<Dimension> dimensions_;
  std::vector<std::size_t> column_owner_;
  std::size_t columns_ = 0;
};

// The largest coordinate difference, categories counting 1; parameters active in only one point
// count 1.
double UnitDistance(const Encoder& encoder, const Unit& left, const Unit& right);

// Rows of encoded points, column by column.
class Rows {
 public:
  Rows() = default;
  Rows(const Encoder& encoder, std::span<const Unit> units);

  std::size_t size() const { return size_; }
  const double* column(std::size_t c) const { return data_.data() + c * size_; }
  double at(std::size_t row, std::size_t c) const { return data_[c * size_ + row]; }
  std::size_t columns() const { return size_ == 0 ? 0 : data_.size() / size_; }
  // Puts all points at one place of a column.
  void Fill(std::size_t c, double value) { std::fill_n(data_.data() + c * size_, size_, value); }

 private:
  std::size_t size_ = 0;
  std::vector<double> data_;
};

}  // namespace regatta::search
