// Extended JSON into documents and into strict JSON.
#include "regatta/tracking/extended_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace regatta::tracking {
namespace {

TEST(ParseExtendedJson, AgreesWithStrictJsonWhereTextIsStrict) {
  for (const char* text :
       {"{}", "[]", "1", "-0.5", "\"a\\u00e9\\ud83d\\ude00\\n\"", "{\"a\":[1,2,{\"b\":null}]}",
        "[true,false,9223372036854775807,18446744073709551615,-9223372036854775808,1e3]"}) {
    const auto parsed = ParseExtendedJson(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, nlohmann::json::parse(text)) << text;
  }
}

TEST(ParseExtendedJson, ReadsBareNumbers) {
  const auto parsed = ParseExtendedJson("{\"a\":NaN,\"b\":[Infinity,-Infinity]}");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(std::isnan((*parsed)["a"].get<double>()));
  EXPECT_EQ((*parsed)["b"][1].get<double>(), -INFINITY);
}

TEST(ParseExtendedJson, RefusesWhatIsNone) {
  EXPECT_FALSE(ParseExtendedJson("{"));
  EXPECT_FALSE(ParseExtendedJson(""));
  EXPECT_FALSE(ParseExtendedJson("nan"));
}

TEST(ParseStrictJson, RefusesWhatIsNotStrict) {
  for (const char* text : {"", "{", "NaN", "[Infinity]", "01", "\"\xff\"", "{} {}"}) {
    EXPECT_FALSE(ParseStrictJson(text)) << text;
    EXPECT_FALSE(ParseOrderedJson(text)) << text;
  }
  EXPECT_EQ(*ParseStrictJson("{\"b\":1,\"a\":[null]}"),
            (nlohmann::json{{"a", {nullptr}}, {"b", 1}}));
  EXPECT_EQ(ParseOrderedJson("{\"b\":1,\"a\":2}")->dump(), "{\"b\":1,\"a\":2}");
}

TEST(ParseJson, RefusesWhatNestsTooDeepToBeWalked) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  for (const std::size_t levels : {std::size_t{202}, std::size_t{1'000'000}}) {
    EXPECT_FALSE(ParseExtendedJson(nested(levels)));
    EXPECT_FALSE(ParseStrictJson(nested(levels)));
    EXPECT_FALSE(ParseOrderedJson(nested(levels)));
  }
  EXPECT_TRUE(ParseExtendedJson(nested(200)));
  EXPECT_TRUE(ParseStrictJson(nested(200)));
  EXPECT_TRUE(ParseOrderedJson(nested(200)));
}

TEST(FindMember, AnswersNothingWhereTheWayDoesNotGoOn) {
  const nlohmann::json document = {{"a", {{"b", 7}, {"list", {1, 2}}, {"text", "x"}}}};
  ASSERT_NE(FindMember(document, {"a", "b"}), nullptr);
  EXPECT_EQ(*FindMember(document, {"a", "b"}), 7);
  EXPECT_EQ(FindMember(document, {}), &document);
  for (const char* name : {"b", "list", "text", "none"}) {
    EXPECT_EQ(FindMember(document, {"a", name, "b"}), nullptr) << name;
  }
  EXPECT_EQ(FindMember(nlohmann::json::array(), {"a"}), nullptr);
}

TEST(QuoteBareNumbers, LeavesStringsAlone) {
  EXPECT_EQ(QuoteBareNumbers("{\"NaN\":NaN,\"x\":\"-Infinity \\\" NaN\",\"y\":-Infinity}"),
            "{\"NaN\":\"NaN\",\"x\":\"-Infinity \\\" NaN\",\"y\":\"-Infinity\"}");
}

}  // namespace
}  // namespace regatta::tracking
