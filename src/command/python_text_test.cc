// The expected texts are what CPython 3.11 prints for the same values.
#include "regatta/command/python_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace regatta::command {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

TEST(PythonFloat, IsTheShortestTextThatReadsBack) {
  EXPECT_EQ(PythonFloat(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(PythonFloat(0.1), "0.1");
  EXPECT_EQ(PythonFloat(123.456), "123.456");
  EXPECT_EQ(PythonFloat(5e-324), "5e-324");
  EXPECT_EQ(PythonFloat(1.7976931348623157e308), "1.7976931348623157e+308");
}

TEST(PythonFloat, UsesAnExponentOutsideOfMinusFourToFifteen) {
  EXPECT_EQ(PythonFloat(0.0001), "0.0001");
  EXPECT_EQ(PythonFloat(0.00012345), "0.00012345");
  EXPECT_EQ(PythonFloat(0.00001), "1e-05");
  EXPECT_EQ(PythonFloat(1.5e-7), "1.5e-07");
  EXPECT_EQ(PythonFloat(1e15), "1000000000000000.0");
  EXPECT_EQ(PythonFloat(9007199254740993.0), "9007199254740992.0");
  EXPECT_EQ(PythonFloat(1e16), "1e+16");
  EXPECT_EQ(PythonFloat(1e100), "1e+100");
}

TEST(PythonFloat, KeepsSignsZeroesAndWhatIsNotFinite) {
  EXPECT_EQ(PythonFloat(0.0), "0.0");
  EXPECT_EQ(PythonFloat(-0.0), "-0.0");
  EXPECT_EQ(PythonFloat(-3.0), "-3.0");
  EXPECT_EQ(PythonFloat(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(PythonFloat(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(PythonFloat(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(PythonQuoted, ChoosesItsQuotesAsPythonDoes) {
  EXPECT_EQ(PythonQuoted("plain"), "'plain'");
  EXPECT_EQ(PythonQuoted("it's"), "\"it's\"");
  EXPECT_EQ(PythonQuoted("say \"x\""), "'say \"x\"'");
  EXPECT_EQ(PythonQuoted("it's \"x\""), "'it\\'s \"x\"'");
}

TEST(PythonQuoted, EscapesWhatIsNotPrintableAndNothingElse) {
  EXPECT_EQ(PythonQuoted("a\\b\n\r\t"), "'a\\\\b\\n\\r\\t'");
  EXPECT_EQ(PythonQuoted("\x01\x7f"), "'\\x01\\x7f'");
  EXPECT_EQ(PythonQuoted("\u00e9\u4e2d\U0001F600"), "'\u00e9\u4e2d\U0001F600'");
  EXPECT_EQ(PythonQuoted("\u00a0\u00ad"), "'\\xa0\\xad'");
  EXPECT_EQ(PythonQuoted("\u200b\u2028"), "'\\u200b\\u2028'");
  EXPECT_EQ(PythonQuoted("\U000E0001"), "'\\U000e0001'");
  EXPECT_EQ(PythonQuoted("\xff"), "'\\xff'");
}

TEST(PythonStr, WritesScalarsBareAndCollectionsAsRepr) {
  EXPECT_EQ(PythonStr(json(nullptr)), "None");
  EXPECT_EQ(PythonStr(json(true)), "True");
  EXPECT_EQ(PythonStr(json(5)), "5");
  EXPECT_EQ(PythonStr(json(-9223372036854775807LL - 1)), "-9223372036854775808");
  EXPECT_EQ(PythonStr(json("two words")), "two words");
  EXPECT_EQ(PythonStr(json::parse(R"([1, 2.5, "x y"])")), "[1, 2.5, 'x y']");
  EXPECT_EQ(PythonStr(ordered_json::parse(R"({"lr": 0.001, "on": false, "s": "it's", "n": null})")),
            "{'lr': 0.001, 'on': False, 's': \"it's\", 'n': None}");
}

TEST(PythonStr, KeepsTheOrderOfAnOrderedMapping) {
  EXPECT_EQ(PythonStr(ordered_json::parse(R"({"b": 1, "a": 2})")), "{'b': 1, 'a': 2}");
  EXPECT_EQ(PythonStr(json::parse(R"({"b": 1, "a": 2})")), "{'a': 2, 'b': 1}");
}

TEST(PythonJson, IsWhatJsonDumpsWrites) {
  EXPECT_EQ(PythonJson(ordered_json::parse(R"({"flag": true, "lr": 0.001, "off": false})")),
            R"({"flag": true, "lr": 0.001, "off": false})");
  EXPECT_EQ(PythonJson(json("\u00e9\U0001F600\x7f\"\\\n\b")),
            R"("\u00e9\ud83d\ude00\u007f\"\\\n\b")");
  EXPECT_EQ(PythonJson(json(std::numeric_limits<double>::infinity())), "Infinity");
  EXPECT_EQ(PythonJson(json(std::numeric_limits<double>::quiet_NaN())), "NaN");
  EXPECT_EQ(PythonJson(json(1e16)), "1e+16");
  EXPECT_EQ(PythonJson(json::array({1, nullptr, json::object()})), "[1, null, {}]");
}

}  // namespace
}  // namespace regatta::command
