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

TEST(QuoteBareNumbers, LeavesStringsAlone) {
  EXPECT_EQ(QuoteBareNumbers("{\"NaN\":NaN,\"x\":\"-Infinity \\\" NaN\",\"y\":-Infinity}"),
            "{\"NaN\":\"NaN\",\"x\":\"-Infinity \\\" NaN\",\"y\":\"-Infinity\"}");
}

}  // namespace
}  // namespace regatta::tracking
