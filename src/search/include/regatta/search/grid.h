// Numbers the points of a finite space, without ever listing them.
//
// Unconditional parameters are digits of a mixed-radix number, the last parameter varying fastest.
// Parameters tied together by conditions form one digit at the place of the first of them, which
// counts their active combinations only. Immutable after Create, safe to share between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "regatta/base/result.h"
#include "regatta/search/search_space.h"

namespace regatta::search {

// kGrid: the values that `method: grid` visits (Distribution::GridLevel).
// kLevels: every value that sampling can yield (Distribution::Level).
enum class GridValues : std::uint8_t { kGrid, kLevels };

class Grid {
 public:
  // Errors: kInvalidArgument if a parameter has no finite list of values (named, with the kinds
  // that do), or the space has more than 2^62 points.
  static Result<Grid> Create(const SearchSpace& space, GridValues values = GridValues::kGrid);

  // The number of points; 1 for a space without parameters.
  std::uint64_t size() const { return size_; }

  // Requires: index < size().
  Point At(std::uint64_t index) const;

  // The number of `point`; absent when the grid does not visit it.
  std::optional<std::uint64_t> IndexOf(const Point& point) const;

 private:
  // Parameters tied by conditions, or a single free one.
  struct Digit {
    std::vector<std::size_t> controllers;  // parameters that others depend on, parents first
    std::vector<std::size_t> followers;    // the rest, in order
    // Every active combination of the controllers' levels (-1: inactive), and before it the number
    // of points of all earlier combinations.
    std::vector<std::vector<std::int64_t>> combinations;
    std::vector<std::uint64_t> offsets;
    std::uint64_t size = 0;
  };

  explicit Grid(SearchSpace space, GridValues values) : space_(std::move(space)), values_(values) {}
  std::optional<std::int64_t> Count(std::size_t parameter) const;
  ParameterValue Value(std::size_t parameter, std::int64_t level) const;
  std::optional<std::int64_t> LevelOf(std::size_t parameter, const ParameterValue& value) const;
  Result<Digit> MakeDigit(std::vector<std::size_t> members) const;
  void SetControllers(const Digit& digit, const std::vector<std::int64_t>& levels,
                      Point& point) const;

  SearchSpace space_;
  GridValues values_;
  std::vector<Digit> digits_;
  std::uint64_t size_ = 1;
};

// A seeded permutation of 0 ... size-1 that needs no memory: a four-round Feistel network over the
// next power of four, walked until the image falls below size (Black and Rogaway 2002, "cycle
// walking").
class Permutation {
 public:
  Permutation(std::uint64_t size, std::uint64_t seed);
  // Requires: index < size.
  std::uint64_t operator()(std::uint64_t index) const;

 private:
  std::uint64_t size_;
  std::uint64_t keys_[4];
  int half_bits_ = 1;
};

}  // namespace regatta::search
