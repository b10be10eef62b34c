#include "encoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>

namespace regatta::search {
namespace {

constexpr std::int64_t kLatticeMax = 64;
// A conditional number's arc: a quarter turn, of the radius that makes its length 1.
constexpr double kArc = std::numbers::pi / 2;

}  // namespace

Encoder::Encoder(const SearchSpace& space) : space_(&space) {
  for (std::size_t d = 0; d < space.size(); ++d) {
    const Distribution& distribution = space[d].distribution;
    Dimension dimension;
    dimension.conditional = space.is_conditional(d);
    const auto count = distribution.level_count();
    if (distribution.is_categorical()) {
      dimension.levels = *count;
      const auto& numbers = distribution.spec().levels;
      const bool distinct =
          std::set<double>(numbers.begin(), numbers.end()).size() == numbers.size();
      if (numbers.size() > 2 && distinct) {
        dimension.kind = DimensionKind::kLattice;
        dimension.by_rank.resize(numbers.size());
        std::iota(dimension.by_rank.begin(), dimension.by_rank.end(), std::int64_t{0});
        std::sort(dimension.by_rank.begin(), dimension.by_rank.end(),
                  [&numbers](std::int64_t a, std::int64_t b) {
                    return numbers[static_cast<std::size_t>(a)] <
                           numbers[static_cast<std::size_t>(b)];
                  });
        dimension.rank.resize(numbers.size());
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          dimension.rank[static_cast<std::size_t>(dimension.by_rank[i])] =
              static_cast<std::int64_t>(i);
          dimension.places.push_back((static_cast<double>(i) + 0.5) /
                                     static_cast<double>(numbers.size()));
        }
      } else {
        dimension.kind = DimensionKind::kCategory;
      }
    } else if (count && *count <= kLatticeMax) {
      dimension.kind = DimensionKind::kLattice;
      dimension.levels = *count;
      const double half = 0.5 / static_cast<double>(*count);
      for (std::int64_t i = 0; i < *count; ++i) {
        const double cdf = distribution.Cdf(distribution.Level(i));
        // Integers sit in the middle of their cells; rounded ranges keep their own scale.
        dimension.places.push_back(distribution.kind() == DistributionKind::kIntUniform ? cdf - half
                                                                                        : cdf);
      }
    } else {
      dimension.rounded = count.has_value() || distribution.is_quantized();
    }
    column_owner_.push_back(d);
    if (dimension.conditional && dimension.kind != DimensionKind::kCategory) {
      column_owner_.push_back(d);
    }
    dimensions_.push_back(std::move(dimension));
  }
  columns_ = column_owner_.size();
}

double Encoder::LevelUnit(std::size_t d, std::int64_t level) const {
  return dimensions_[d].kind == DimensionKind::kLattice
             ? dimensions_[d].places[static_cast<std::size_t>(level)]
             : static_cast<double>(level);
}

std::int64_t Encoder::UnitLevel(std::size_t d, double unit) const {
  const Dimension& dimension = dimensions_[d];
  if (dimension.kind == DimensionKind::kCategory) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::nearbyint(unit)), 0,
                                    dimension.levels - 1);
  }
  const auto& places = dimension.places;
  const auto above = std::lower_bound(places.begin(), places.end(), unit);
  if (above == places.begin()) {
    return 0;
  }
  if (above == places.end()) {
    return dimension.levels - 1;
  }
  const bool upper = *above - unit < unit - *(above - 1);
  return (above - places.begin()) - (upper ? 0 : 1);
}

double Encoder::FromUniform(std::size_t d, double u) const {
  const Dimension& dimension = dimensions_[d];
  if (dimension.kind == DimensionKind::kContinuous) {
    return u;
  }
  const Distribution& distribution = (*space_)[d].distribution;
  std::int64_t level = distribution.LevelOf(distribution.Quantile(u));
  if (!dimension.rank.empty()) {
    level = dimension.rank[static_cast<std::size_t>(level)];
  }
  return LevelUnit(d, level);
}

Unit Encoder::ToUnit(const Point& point) const {
  Unit unit(dimensions_.size(), kInactive);
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    if (!point[d]) {
      continue;
    }
    const Dimension& dimension = dimensions_[d];
    const Distribution& distribution = (*space_)[d].distribution;
    if (dimension.kind == DimensionKind::kContinuous) {
      unit[d] = distribution.Cdf(*point[d]);
      if (distribution.kind() == DistributionKind::kIntUniform) {
        unit[d] = std::max(0.0, unit[d] - 0.5 / static_cast<double>(*distribution.level_count()));
      }
      continue;
    }
    std::int64_t level = distribution.LevelOf(*point[d]);
    if (!dimension.rank.empty()) {
      level = dimension.rank[static_cast<std::size_t>(level)];
    } else if (!distribution.spec().first_equal.empty()) {
      level = distribution.spec().first_equal[static_cast<std::size_t>(level)];
    }
    unit[d] = LevelUnit(d, level);
  }
  return unit;
}

ParameterValue Encoder::ValueAt(std::size_t d, double unit) const {
  const Dimension& dimension = dimensions_[d];
  const Distribution& distribution = (*space_)[d].distribution;
  if (dimension.kind == DimensionKind::kContinuous) {
    return distribution.Quantile(std::clamp(unit, 0.0, 1.0));
  }
  const std::int64_t level = UnitLevel(d, unit);
  return distribution.Level(
      dimension.by_rank.empty() ? level : dimension.by_rank[static_cast<std::size_t>(level)]);
}

Point Encoder::ToPoint(const Unit& unit) const {
  Point point(dimensions_.size());
  for (const std::size_t d : space_->parents_first()) {
    if (space_->IsActive(d, point)) {
      // An active coordinate that was never set takes the middle.
      point[d] = ValueAt(
          d, unit[d] < 0 && dimensions_[d].kind != DimensionKind::kCategory ? 0.5 : unit[d]);
    }
  }
  return point;
}

double Encoder::SnapOne(std::size_t d, double unit) const {
  const Dimension& dimension = dimensions_[d];
  if (dimension.kind != DimensionKind::kContinuous) {
    return LevelUnit(d, UnitLevel(d, unit));
  }
  const double inside = std::clamp(unit, 0.0, 1.0);
  if (!dimension.rounded) {
    return inside;
  }
  const Distribution& distribution = (*space_)[d].distribution;
  const double cdf = distribution.Cdf(distribution.Quantile(inside));
  return distribution.kind() == DistributionKind::kIntUniform
             ? std::max(0.0, cdf - 0.5 / static_cast<double>(*distribution.level_count()))
             : cdf;
}

void Encoder::Snap(Unit& unit) const {
  if (space_->has_conditions()) {
    const Point point = ToPoint(unit);
    for (std::size_t d = 0; d < unit.size(); ++d) {
      if (!point[d]) {
        unit[d] = kInactive;
      } else {
        const bool unset = unit[d] < 0 && dimensions_[d].kind != DimensionKind::kCategory;
        unit[d] = SnapOne(d, unset ? 0.5 : unit[d]);
      }
    }
    return;
  }
  for (std::size_t d = 0; d < unit.size(); ++d) {
    unit[d] = SnapOne(d, unit[d]);
  }
}

void Encoder::Columns(const Unit& unit, double* columns, std::size_t stride) const {
  std::size_t c = 0;
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    if (!dimension.conditional || dimension.kind == DimensionKind::kCategory) {
      columns[c++ * stride] = unit[d];
    } else if (unit[d] < 0) {
      columns[c++ * stride] = 0;
      columns[c++ * stride] = 0;
    } else {
      columns[c++ * stride] = std::cos(kArc * unit[d]) / kArc;
      columns[c++ * stride] = std::sin(kArc * unit[d]) / kArc;
    }
  }
}

void Encoder::ColumnSlopes(const Unit& unit, std::vector<double>& slopes) const {
  slopes.clear();
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    if (dimension.kind == DimensionKind::kCategory) {
      slopes.push_back(0);
    } else if (!dimension.conditional) {
      slopes.push_back(1);
    } else {
      const double active = unit[d] < 0 ? 0 : 1;
      slopes.push_back(-active * std::sin(kArc * unit[d]));
      slopes.push_back(active * std::cos(kArc * unit[d]));
    }
  }
}

double UnitDistance(const Encoder& encoder, const Unit& left, const Unit& right) {
  double distance = 0;
  for (std::size_t d = 0; d < left.size(); ++d) {
    double gap = std::abs(left[d] - right[d]);
    if (encoder.kind(d) == DimensionKind::kCategory || (left[d] < 0) != (right[d] < 0)) {
      gap = left[d] == right[d] ? 0 : 1;
    }
    distance = std::max(distance, gap);
  }
  return distance;
}

Rows::Rows(const Encoder& encoder, std::span<const Unit> units)
    : size_(units.size()), data_(units.size() * encoder.columns()) {
  for (std::size_t row = 0; row < size_; ++row) {
    encoder.Columns(units[row], data_.data() + row, size_);
  }
}

}  // namespace regatta::search
