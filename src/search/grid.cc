#include "regatta/search/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "regatta/base/check.h"
#include "regatta/base/rng.h"

namespace regatta::search {
namespace {

constexpr std::uint64_t kPointsMax = std::uint64_t{1} << 62U;
constexpr std::size_t kCombinationsMax = 1'000'000;

// left · right, or more than kPointsMax when that does not fit.
std::uint64_t Product(std::uint64_t left, std::uint64_t right) {
  if (right != 0 && left > kPointsMax / right) {
    return kPointsMax + 1;
  }
  return left * right;
}

}  // namespace

std::optional<std::int64_t> Grid::Count(std::size_t parameter) const {
  const Distribution& distribution = space_[parameter].distribution;
  return values_ == GridValues::kGrid ? distribution.grid_count() : distribution.level_count();
}

ParameterValue Grid::Value(std::size_t parameter, std::int64_t level) const {
  const Distribution& distribution = space_[parameter].distribution;
  return values_ == GridValues::kGrid ? distribution.GridLevel(level) : distribution.Level(level);
}

std::optional<std::int64_t> Grid::LevelOf(std::size_t parameter,
                                          const ParameterValue& value) const {
  const Distribution& distribution = space_[parameter].distribution;
  if (values_ == GridValues::kGrid) {
    return distribution.GridLevelOf(value);
  }
  return distribution.Contains(value) ? std::optional(distribution.LevelOf(value)) : std::nullopt;
}

void Grid::SetControllers(const Digit& digit, const std::vector<std::int64_t>& levels,
                          Point& point) const {
  for (std::size_t k = 0; k < digit.controllers.size(); ++k) {
    const std::size_t parameter = digit.controllers[k];
    if (levels[k] < 0) {
      point[parameter].reset();
    } else {
      point[parameter] = Value(parameter, levels[k]);
    }
  }
}

// Lists the controllers' combinations depth first, so that they stand in ascending order.
Result<Grid::Digit> Grid::MakeDigit(std::vector<std::size_t> members) const {
  Digit digit;
  std::vector<bool> is_parent(space_.size());
  for (const std::size_t member : members) {
    for (const std::size_t parent : space_.parents(member)) {
      is_parent[parent] = true;
    }
  }
  for (const std::size_t parameter : space_.parents_first()) {
    if (is_parent[parameter]) {
      digit.controllers.push_back(parameter);
    }
  }
  for (const std::size_t member : members) {
    if (!is_parent[member]) {
      digit.followers.push_back(member);
    }
  }

  Point point(space_.size());
  std::vector<std::int64_t> levels(digit.controllers.size(), -1);
  std::size_t depth = 0;
  bool descending = true;
  while (true) {
    if (depth == digit.controllers.size()) {
      std::uint64_t points = 1;
      for (const std::size_t follower : digit.followers) {
        if (space_.IsActive(follower, point)) {
          points = Product(points, static_cast<std::uint64_t>(*Count(follower)));
        }
      }
      digit.combinations.push_back(levels);
      digit.offsets.push_back(digit.size);
      digit.size += points;
      if (digit.size > kPointsMax || digit.combinations.size() > kCombinationsMax) {
        return InvalidArgument(fmt::format(
            "parameter \"{}\" and those tied to it by conditions have too many combinations",
            space_[members.front()].name));
      }
      descending = false;
    } else if (descending) {
      const std::size_t parameter = digit.controllers[depth];
      point[parameter].reset();
      levels[depth] = -1;
      if (space_.IsActive(parameter, point)) {
        levels[depth] = 0;
        point[parameter] = Value(parameter, 0);
      }
      ++depth;
      continue;
    }
    // Back up to the deepest controller that has another level.
    while (depth > 0) {
      const std::size_t parameter = digit.controllers[depth - 1];
      std::int64_t& level = levels[depth - 1];
      if (level >= 0 && level + 1 < *Count(parameter)) {
        ++level;
        point[parameter] = Value(parameter, level);
        break;
      }
      point[parameter].reset();
      --depth;
    }
    if (depth == 0) {
      return digit;
    }
    descending = true;
  }
}

Result<Grid> Grid::Create(const SearchSpace& space, GridValues values) {
  Grid grid(space, values);
  std::vector<std::size_t> group(space.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto root = [&group](std::size_t i) {
    while (group[i] != i) {
      i = group[i];
    }
    return i;
  };
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!grid.Count(i)) {
      return InvalidArgument(fmt::format(
          "parameter \"{}\": {} has no finite list of values; a grid takes values without "
          "probabilities, int_uniform and q_uniform",
          space[i].name, DistributionName(space[i].distribution.kind())));
    }
    for (const std::size_t parent : space.parents(i)) {
      const std::size_t left = root(i);
      const std::size_t right = root(parent);
      group[std::max(left, right)] = std::min(left, right);
    }
  }
  for (std::size_t first = 0; first < space.size(); ++first) {
    if (root(first) != first) {
      continue;
    }
    std::vector<std::size_t> members;
    for (std::size_t i = first; i < space.size(); ++i) {
      if (root(i) == first) {
        members.push_back(i);
      }
    }
    Result<Digit> digit = grid.MakeDigit(std::move(members));
    if (!digit) {
      return digit.error();
    }
    grid.size_ = Product(grid.size_, digit->size);
    grid.digits_.push_back(std::move(*digit));
  }
  if (grid.size_ > kPointsMax) {
    return InvalidArgument("the grid has more than 2^62 points; use random or bayes");
  }
  return grid;
}

Point Grid::At(std::uint64_t index) const {
  Check(index < size_, "a grid index beyond the last point");
  Point point(space_.size());
  for (auto digit = digits_.rbegin(); digit != digits_.rend(); ++digit) {
    std::uint64_t rest = index % digit->size;
    index /= digit->size;
    const auto after = std::upper_bound(digit->offsets.begin(), digit->offsets.end(), rest);
    const auto which = static_cast<std::size_t>(after - digit->offsets.begin()) - 1;
    rest -= digit->offsets[which];
    SetControllers(*digit, digit->combinations[which], point);
    for (auto follower = digit->followers.rbegin(); follower != digit->followers.rend();
         ++follower) {
      if (space_.IsActive(*follower, point)) {
        const auto count = static_cast<std::uint64_t>(*Count(*follower));
        point[*follower] = Value(*follower, static_cast<std::int64_t>(rest % count));
        rest /= count;
      }
    }
  }
  return point;
}

std::optional<std::uint64_t> Grid::IndexOf(const Point& point) const {
  if (point.size() != space_.size()) {
    return std::nullopt;
  }
  std::uint64_t index = 0;
  Point clean(space_.size());
  for (const Digit& digit : digits_) {
    std::vector<std::int64_t> levels(digit.controllers.size(), -1);
    for (std::size_t k = 0; k < digit.controllers.size(); ++k) {
      const std::size_t parameter = digit.controllers[k];
      if (!space_.IsActive(parameter, clean)) {
        continue;
      }
      const auto level = point[parameter] ? LevelOf(parameter, *point[parameter]) : std::nullopt;
      if (!level) {
        return std::nullopt;
      }
      levels[k] = *level;
      clean[parameter] = Value(parameter, *level);
    }
    const auto found =
        std::lower_bound(digit.combinations.begin(), digit.combinations.end(), levels);
    if (found == digit.combinations.end() || *found != levels) {
      return std::nullopt;
    }
    std::uint64_t rest = 0;
    for (const std::size_t follower : digit.followers) {
      if (!space_.IsActive(follower, clean)) {
        continue;
      }
      const auto level = point[follower] ? LevelOf(follower, *point[follower]) : std::nullopt;
      if (!level) {
        return std::nullopt;
      }
      rest =
          rest * static_cast<std::uint64_t>(*Count(follower)) + static_cast<std::uint64_t>(*level);
    }
    const auto which = static_cast<std::size_t>(found - digit.combinations.begin());
    index = index * digit.size + digit.offsets[which] + rest;
  }
  return index;
}

Permutation::Permutation(std::uint64_t size, std::uint64_t seed) : size_(size) {
  while (half_bits_ < 31 && (std::uint64_t{1} << (2 * half_bits_)) < size_) {
    ++half_bits_;
  }
  Rng rng(seed, 0x7065726d);  // "perm"
  for (std::uint64_t& key : keys_) {
    key = rng.Next();
  }
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  do {
    std::uint64_t left = index >> half_bits_;
    std::uint64_t right = index & mask;
    for (const std::uint64_t key : keys_) {
      // The finaliser of MurmurHash3 as the round function.
      std::uint64_t mixed = right ^ key;
      mixed = (mixed ^ (mixed >> 33U)) * 0xff51afd7ed558ccdULL;
      mixed = (mixed ^ (mixed >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
      mixed ^= mixed >> 33U;
      left = std::exchange(right, left ^ (mixed & mask));
    }
    index = (left << half_bits_) | right;
  } while (index >= size_);
  return index;
}

}  // namespace regatta::search
