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

std::vector<std::int64_t> PlacesOf(const WriterLines& lines, std::int64_t first,
                                   std::int64_t count) {
  std::vector<std::int64_t> places;
  std::int64_t next = first;
  for (const WriterLines::Part& part : lines.Split(first, count)) {
    EXPECT_EQ(part.first, next);
    for (std::int64_t i = 0; i < part.count; ++i)
      places.push_back(part.place ? *part.place + i : -1);
    next += part.count;
  }
  EXPECT_EQ(next, first + count);
  return places;
}

TEST(WriterLines, KnowsWhereEachLineStands) {
  WriterLines lines;
  EXPECT_EQ(PlacesOf(lines, 0, 2), (std::vector<std::int64_t>{-1, -1}));
  lines.Add(0, 2, 10);
  lines.Add(2, 2, 12);  // goes on
  lines.Add(6, 1, 20);
  EXPECT_EQ(PlacesOf(lines, 0, 8), (std::vector<std::int64_t>{10, 11, 12, 13, -1, -1, 20, -1}));
  EXPECT_EQ(lines.Split(0, 4).size(), 1u) << "what goes on is one part";
  lines.Add(4, 2, 30);  // late
  EXPECT_EQ(PlacesOf(lines, 3, 4), (std::vector<std::int64_t>{13, 30, 31, 20}));
  EXPECT_TRUE(lines.Split(3, 0).empty());
}

TEST(WriterLines, ForgetsWhatIsCutOff) {
  WriterLines lines;
  lines.Add(0, 3, 0);
  lines.Add(3, 1, 7);
  lines.Truncate(2);
  EXPECT_EQ(PlacesOf(lines, 0, 4), (std::vector<std::int64_t>{0, 1, -1, -1}));
}

}  // namespace
}  // namespace regatta::storage
