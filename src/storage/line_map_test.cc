// LineMap against the plain model: an array that remembers who wrote each line last.
#include "line_map.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "regatta/base/rng.h"

namespace regatta::storage {
namespace {

// line -> (piece, position in the piece)
using Model = std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>;

Model Flatten(const LineMap& map) {
  Model lines;
  for (const Extent& extent : map.extents()) {
    for (std::int64_t i = 0; i < extent.count; ++i) {
      EXPECT_TRUE(lines.try_emplace(extent.first + i, extent.log_id, extent.skip + i).second);
    }
  }
  return lines;
}

TEST(LineMap, AgreesWithAPlainArrayOnRandomWritesAndTruncations) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    LineMap map;
    Model model;
    for (std::int64_t piece = 1; piece <= 40; ++piece) {
      if (rng.Below(10) == 0) {
        const auto count = static_cast<std::int64_t>(rng.Below(60));
        map.Truncate(count);
        model.erase(model.lower_bound(count), model.end());
      } else {
        const auto first = static_cast<std::int64_t>(rng.Below(60));
        const auto count = static_cast<std::int64_t>(rng.Below(12));
        map.Set({.first = first, .count = count, .log_id = piece});
        for (std::int64_t i = 0; i < count; ++i) model[first + i] = {piece, i};
      }
      ASSERT_EQ(Flatten(map), model) << "seed " << seed << ", piece " << piece;
      ASSERT_EQ(map.line_count(), model.empty() ? 0 : model.rbegin()->first + 1);
    }
  }
}

TEST(LineMap, SlicesFromBeforeTheStartAndToNoEnd) {
  LineMap map;
  map.Set({.first = 0, .count = 4, .log_id = 1});
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t first : {std::int64_t{-1}, std::int64_t{0}}) {
    const std::vector<Extent> parts = map.Slice(first, kAll);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].count, 4);
  }
  EXPECT_TRUE(map.Slice(-1, 1).empty());
  EXPECT_EQ(map.Slice(3, kAll).at(0).count, 1);
}

TEST(LineMap, ARepeatedRequestLeavesOneExtentPerLine) {
  LineMap map;
  map.Set({.first = 0, .count = 10, .log_id = 1});
  map.Set({.first = 0, .count = 10, .log_id = 2});
  ASSERT_EQ(map.extents().size(), 1u);
  EXPECT_EQ(map.extents()[0].log_id, 2);
}

TEST(LineMap, SlicesAcrossGaps) {
  LineMap map;
  map.Set({.first = 0, .count = 4, .log_id = 1});
  map.Set({.first = 10, .count = 4, .log_id = 2});
  const std::vector<Extent> parts = map.Slice(2, 10);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].first, 2);
  EXPECT_EQ(parts[0].skip, 2);
  EXPECT_EQ(parts[0].count, 2);
  EXPECT_EQ(parts[1].first, 10);
  EXPECT_EQ(parts[1].count, 2);
}

}  // namespace
}  // namespace regatta::storage
