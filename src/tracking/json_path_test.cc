#include "regatta/tracking/json_path.h"

#include <gtest/gtest.h>

namespace regatta::tracking {
namespace {

constexpr const char* kRow =
    R"({"a":{"b":{"c":1},"b.c":2},"a.b":{"d":3},"x.y":4,"x":{"y":5},"q\u0022":6,"n":NaN,"n":7})";

TEST(FindAtPath, PrefersALiterallyDottedKey) {
  EXPECT_EQ(FindAtPath(kRow, "x.y"), "4");
  EXPECT_EQ(FindAtPath(kRow, "a.b.d"), "3");
  EXPECT_EQ(FindAtPath(kRow, "a.b.c"), "2") << "\"a.b\" has no \"c\", so \"a\" is asked";
  EXPECT_EQ(FindAtPath(kRow, "a.b"), R"({"d":3})");
}

TEST(FindAtPath, ReadsEscapedKeysAndTheLastOfEqualOnes) {
  EXPECT_EQ(FindAtPath(kRow, "q\""), "6");
  EXPECT_EQ(FindAtPath(kRow, "n"), "7");
}

TEST(FindAtPath, FindsNothingWhereNothingIs) {
  for (const char* path : {"", "a.c", "a.b.d.e", "x.", ".x", "x..y"}) {
    EXPECT_FALSE(FindAtPath(kRow, path).has_value()) << path;
  }
  EXPECT_FALSE(FindAtPath("[1]", "0").has_value());
  EXPECT_FALSE(FindAtPath("{\"a\":1", "a").has_value());
}

TEST(DecodeJsonText, ResolvesEscapes) {
  EXPECT_EQ(DecodeJsonText("plain"), "plain");
  EXPECT_EQ(DecodeJsonText(R"(a\n\u00e9\"\\)"), "a\n\xc3\xa9\"\\");
}

}  // namespace
}  // namespace regatta::tracking
