// The row scanner on what clients really send, and on what they never should.
#include "regatta/tracking/row_scanner.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace regatta::tracking {
namespace {

std::map<std::string, std::string> Members(std::string_view row) {
  std::map<std::string, std::string> members;
  EXPECT_TRUE(ScanRow(row, [&](const RowMember& member) {
    members[std::string(member.key)] = std::string(member.value);
  })) << row;
  return members;
}

TEST(RowScanner, ReadsBareNanAndInfinities) {
  const auto members =
      Members(R"({"a":NaN,"b":-Infinity,"c":Infinity,"_step":3,"d":[NaN,{"x":1}]})");
  EXPECT_EQ(members.at("a"), "NaN");
  EXPECT_EQ(members.at("b"), "-Infinity");
  EXPECT_EQ(members.at("d"), "[NaN,{\"x\":1}]");
}

TEST(RowScanner, KeepsKeysAndValuesAsWritten) {
  const auto members = Members(" { \"a\\\"b\" : \"\\u00e9}\" , \"n\" : 1e400 } ");
  EXPECT_EQ(members.at("a\\\"b"), "\"\\u00e9}\"");
  EXPECT_EQ(members.at("n"), "1e400");
}

TEST(RowScanner, RefusesWhatIsNoObject) {
  for (const char* text : {"", "[]", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
                           "{\"a\":tru}", "{\"a\":\"\\x\"}", "{\"a\":--1}", "{\"a\":1.}",
                           "{\"a\":\"\\u12g4\"}", "{\"a\":\"\n\"}", "{\"a\":nan}"}) {
    EXPECT_FALSE(ScanRow(text, [](const RowMember&) {})) << text;
  }
  EXPECT_FALSE(IsExtendedJson(std::string(300, '[') + std::string(300, ']')));
  EXPECT_TRUE(IsExtendedJson(std::string(150, '[') + std::string(150, ']')));
}

TEST(RowScanner, FindsTheStepOnlyWhereItIsAnInteger) {
  EXPECT_EQ(ScanStep(R"({"x":1,"_step":12})").step, 12);
  EXPECT_EQ(ScanStep(R"({"_step":-1})").step, -1);
  EXPECT_FALSE(ScanStep(R"({"_step":4.0})").step.has_value());
  EXPECT_TRUE(ScanStep(R"({"_step":4.0})").is_valid);
  EXPECT_FALSE(ScanStep(R"({"nested":{"_step":1}})").step.has_value());
  EXPECT_FALSE(ScanStep("nonsense").is_valid);
}

TEST(FiniteNumber, TakesNumbersOnly) {
  EXPECT_EQ(FiniteNumber("1.5"), 1.5);
  EXPECT_EQ(FiniteNumber("-2e3"), -2000.0);
  for (const char* text : {"NaN", "Infinity", "-Infinity", "1e400", "true", "\"1\"", "", "-"}) {
    EXPECT_FALSE(FiniteNumber(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace regatta::tracking
