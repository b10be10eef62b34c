// What is read out of rows: chosen keys, the keys themselves, and console lines.
#include "regatta/tracking/row_picker.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "regatta/tracking/console_line.h"
#include "regatta/tracking/history_keys.h"

namespace regatta::tracking {
namespace {

TEST(RowPicker, GivesTheKeysInTheirOrderAndEachOnce) {
  const RowPicker picker({"_step", "loss", "_step"});
  EXPECT_EQ(picker.Pick(R"({"loss":0.10,"x":1,"_step":9223372036854775807})"),
            R"({"_step":9223372036854775807,"loss":0.10})");
}

TEST(RowPicker, SkipsRowsThatLackAKey) {
  const RowPicker picker({"a", "b"});
  EXPECT_FALSE(picker.Pick(R"({"a":1})").has_value());
  EXPECT_FALSE(picker.Pick("nonsense").has_value());
}

TEST(RowPicker, PrefersALiteralDottedKeyToANestedOne) {
  const RowPicker picker({"a.b"});
  EXPECT_EQ(picker.Pick(R"({"a":{"b":1}})"), R"({"a.b":1})");
  EXPECT_EQ(picker.Pick(R"({"a":{"b":1},"a.b":2})"), R"({"a.b":2})");
}

TEST(RowPicker, WritesSpecialNumbersAsTexts) {
  EXPECT_EQ(RowPicker({"x", "y"}).Pick(R"({"x":NaN,"y":[-Infinity,"NaN"]})"),
            R"({"x":"NaN","y":["-Infinity","NaN"]})");
}

TEST(KeyFinder, FindsInOneReadingWhatPickersFindEachByItself) {
  const std::vector<std::string> rows = {R"({"a":1,"b":NaN,"c":{"d":[1,2]},"e.f":"x"})",
                                         R"({"c":{"d":3},"a":"\u0061","\u0061":2})",
                                         R"({"e":{"f":4},"k7":7})", R"({})", "nonsense"};
  // More than are compared one by one, and repeated ones.
  std::vector<std::string> keys = {"a", "c.d", "e.f", "a", "b"};
  for (int i = 0; i < 20; ++i) keys.push_back("k" + std::to_string(i));
  KeyFinder finder;
  std::vector<std::size_t> places;
  for (const std::string& key : keys) places.push_back(finder.Add(key));
  EXPECT_EQ(places[0], places[3]);
  std::vector<std::string_view> found;
  for (const std::string& row : rows) {
    const bool is_row = finder.Find(row, found);
    EXPECT_EQ(is_row, row != "nonsense");
    for (std::size_t i = 0; is_row && i < keys.size(); ++i) {
      const RowPicker picker({keys[i]});
      const std::optional<std::string> alone = picker.Pick(row);
      ASSERT_EQ(!found[places[i]].empty(), alone.has_value()) << keys[i] << " in " << row;
      if (!alone) continue;
      std::string together;
      picker.PickFound(std::span(&found[places[i]], 1), together);
      EXPECT_EQ(together, *alone);
    }
  }
}

TEST(EvenSampler, KeepsAllThatFits) {
  EvenSampler sampler(10);
  for (int i = 0; i < 10; ++i) sampler.Add(std::to_string(i));
  EXPECT_EQ(sampler.TakeSample().size(), 10u);
}

TEST(EvenSampler, KeepsFirstAndLastAndEvenSpacing) {
  for (const int count : {11, 159, 160, 161, 1'000, 12'345}) {
    EvenSampler sampler(10);
    for (int i = 0; i < count; ++i) sampler.Add(std::to_string(i));
    const std::vector<std::string> sample = sampler.TakeSample();
    ASSERT_EQ(sample.size(), 10u) << count;
    EXPECT_EQ(sample.front(), "0");
    EXPECT_EQ(sample.back(), std::to_string(count - 1)) << count;
    for (std::size_t i = 1; i < sample.size(); ++i) {
      const int gap = std::stoi(sample[i]) - std::stoi(sample[i - 1]);
      EXPECT_GE(gap, 1) << count;
      EXPECT_LE(gap, count / 9 * 4 / 3 + 2) << count;
    }
  }
}

TEST(EvenPositions, CoverTheWholeRange) {
  EXPECT_EQ(EvenPositions(5, 3), (std::vector<std::size_t>{0, 2, 4}));
  EXPECT_EQ(EvenPositions(2, 10), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(EvenPositions(7, 1), (std::vector<std::size_t>{0}));
  EXPECT_TRUE(EvenPositions(0, 3).empty());
  constexpr std::size_t kHuge = std::size_t{1} << 63;
  EXPECT_EQ(EvenPositions(kHuge, 4),
            (std::vector<std::size_t>{0, kHuge / 3, kHuge / 3 * 2, kHuge - 1}));
}

nlohmann::json KeysOf(const std::vector<std::string>& rows) {
  HistoryKeys keys;
  for (const std::string& row : rows) EXPECT_TRUE(keys.Add(row)) << row;
  return nlohmann::json::parse(keys.ToJson(11));
}

TEST(HistoryKeys, CountsTypesAndKeepsTheLastValue) {
  const nlohmann::json keys = KeysOf({R"({"loss":2})", R"({"loss":"n/a"})", R"({"loss":0.5})"});
  EXPECT_EQ(keys["lastStep"], 11);
  EXPECT_EQ(
      keys["keys"]["loss"].dump(),
      R"({"monotonic":false,"previousValue":0.5,"typeCounts":[{"count":2,"type":"number"},{"count":1,"type":"string"}]})");
}

TEST(HistoryKeys, SeesWhichNumbersNeverFall) {
  const nlohmann::json keys = KeysOf({R"({"up":-2,"down":2})", R"({"up":-2,"down":1})"});
  EXPECT_TRUE(keys["keys"]["up"]["monotonic"].get<bool>());
  EXPECT_FALSE(keys["keys"]["down"]["monotonic"].get<bool>());
}

TEST(HistoryKeys, DotsIntoNestedObjectsButNotIntoMedia) {
  const nlohmann::json keys = KeysOf(
      {R"({"dict":{"val1":1,"deep":{"er":NaN}},"img":{"_type":"image-file","path":"p"},"e":{ }})"})
      ["keys"];
  EXPECT_EQ(keys["dict.val1"]["previousValue"], 1);
  EXPECT_EQ(keys["dict.deep.er"]["previousValue"], "NaN");
  EXPECT_EQ(keys["img"]["typeCounts"][0]["type"], "image-file");
  EXPECT_EQ(keys["e"]["typeCounts"][0]["type"], "map");
  EXPECT_EQ(keys.size(), 4u);
}

TEST(HistoryKeys, CountsNothingOfWhatIsNoRow) {
  HistoryKeys keys;
  EXPECT_FALSE(keys.Add(R"({"a":1)"));
  EXPECT_EQ(keys.size(), 0u);
}

TEST(ConsoleLine, ReadsThePlainForm) {
  const ConsoleLine line = ParseConsoleLine("ERROR 2026-01-02T03:04:05.678901 [x] \x1b[31mred ");
  EXPECT_EQ(line.timestamp, "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(line.level, "error");
  EXPECT_EQ(line.text, "[x] \x1b[31mred ");
  EXPECT_EQ(ParseConsoleLine("2026-01-02T03:04:05 ").text, "");
}

TEST(ConsoleLine, ReadsTheStructuredForm) {
  const ConsoleLine line = ParseConsoleLine(
      R"({"level":"error","ts":"2026-01-02T03:04:05.000001","label":"rank-0","content":"a\tb"})");
  EXPECT_EQ(line.timestamp, "2026-01-02T03:04:05.000001Z");
  EXPECT_EQ(line.level, "error");
  EXPECT_EQ(line.label, "rank-0");
  EXPECT_EQ(line.text, "a\tb");
}

TEST(ConsoleLine, LeavesOtherTextAlone) {
  for (const char* text : {"", "plain", "ERROR no time", R"({"content":"x"})", "2026-01-02 day"}) {
    const ConsoleLine line = ParseConsoleLine(text);
    EXPECT_EQ(line.text, text);
    EXPECT_EQ(line.level, "");
    EXPECT_EQ(line.timestamp, "");
  }
}

}  // namespace
}  // namespace regatta::tracking
