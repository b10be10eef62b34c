// What PyYAML's safe loader makes of a text, and what this reader refuses. The typing table is that
// of the sweep file contract, section 1.3; the rows were compared with PyYAML's own resolver.
#include "regatta/sweeps/yaml_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

namespace regatta::sweeps {
namespace {

std::string Scalar(std::string_view text, bool strict = false) {
  const Result<Value> value = ReadPlainScalar(text, strict);
  return value ? ToJson(*value) : "refused";
}

TEST(YamlScalar, ReadsLikePyYaml) {
  const std::vector<std::pair<std::string_view, std::string>> rows = {
      {"1.0e-5", "1e-05"},
      {"1.e-5", "1e-05"},
      {"1.", "1.0"},
      {".5", "0.5"},
      {"1_000", "1000"},
      {"0x1F", "31"},
      {"-0x1F", "-31"},
      {"0b11", "3"},
      {"0x_", "\"0x_\""},
      {"010", "8"},
      {"0o10", "\"0o10\""},
      {"008", "\"008\""},
      {"0", "0"},
      {"-7", "-7"},
      {"+7", "7"},
      {"yes", "true"},
      {"No", "false"},
      {"ON", "true"},
      {"off", "false"},
      {"True", "true"},
      {"yEs", "\"yEs\""},
      {"y", "\"y\""},
      {"n", "\"n\""},
      {"~", "null"},
      {"null", "null"},
      {"", "null"},
      {".nan", "NaN"},
      {".inf", "Infinity"},
      {"-.INF", "-Infinity"},
      {"nan", "\"nan\""},
      {"1:30", "90"},
      {"1:30.5", "90.5"},
      {"-1:30", "-90"},
      {"1:60", "\"1:60\""},
      {"1.2.3", "\"1.2.3\""},
      {"2020-01-01", "refused"},
      {"2020-1-1", "\"2020-1-1\""},
      {"2020-01-01T10:00:00Z", "refused"},
      {"adam", "\"adam\""},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9.223372036854775807e+18"},
  };
  for (const auto& [text, wanted] : rows) {
    if (text == "9223372036854775808") {
      const Result<Value> value = ReadPlainScalar(text, false);
      EXPECT_TRUE(value && value->is_float() && value->as_number() == 9223372036854775808.0);
      continue;
    }
    EXPECT_EQ(Scalar(text), wanted) << "text: " << text;
  }
}

TEST(YamlScalar, WidensFloatsOfYaml12UnlessStrict) {
  for (const std::string_view text : {"1e-5", "1E5", "1e+5", "3E4", "-.5", "1.5e3"}) {
    EXPECT_TRUE(ReadPlainScalar(text, false)->is_float()) << text;
    EXPECT_TRUE(ReadPlainScalar(text, true)->is_string()) << text;
  }
}

TEST(YamlReader, WarnsOfEachWidenedFloatWithItsPlace) {
  const Result<YamlDocument> document = ReadYaml("a:\n  min: 1e-5\n  max: \"1e-1\"\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(ToJson(document->root), R"({"a":{"min":1e-05,"max":"1e-1"}})");
  ASSERT_EQ(document->problems.size(), 1U);
  EXPECT_EQ(document->problems[0].path, "a.min");
  EXPECT_EQ(document->problems[0].severity, Severity::kWarning);
  EXPECT_EQ(document->problems[0].position.line, 2);
  EXPECT_EQ(document->problems[0].position.column, 8);
}

TEST(YamlReader, RemembersWhereKeysAndValuesStood) {
  const Result<YamlDocument> document = ReadYaml("a: 1\nlist:\n  - x\n  - {b: 2}\n");
  ASSERT_TRUE(document);
  const Member& list = document->root.as_map()[1];
  EXPECT_EQ(list.key_position.line, 2);
  EXPECT_EQ(list.value.as_list()[0].position.line, 3);
  EXPECT_EQ(list.value.as_list()[0].position.column, 5);
  EXPECT_EQ(list.value.as_list()[1].as_map()[0].key_position.column, 6);
}

TEST(YamlReader, HonoursTags) {
  const Result<YamlDocument> document =
      ReadYaml("a: !!float 1e-5\nb: !!str 5\nc: !!float 3\nd: !!int \"7\"\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(ToJson(document->root), R"({"a":1e-05,"b":"5","c":3.0,"d":7})");
  EXPECT_TRUE(document->problems.empty());
  EXPECT_FALSE(ReadYaml("a: !!python/object:os.system x\n"));
  EXPECT_FALSE(ReadYaml("a: !!int x\n"));
}

TEST(YamlReader, WritesKeysLikeJsonDumps) {
  const Result<YamlDocument> document = ReadYaml("1: a\n2.5: b\non: c\n1e5: d\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(ToJson(document->root), R"({"1":"a","2.5":"b","true":"c","1e5":"d"})");
  ASSERT_EQ(document->problems.size(), 1U);
  EXPECT_NE(document->problems[0].message.find("\"true\""), std::string::npos);
}

TEST(YamlReader, ReadsAliasesAndMerges) {
  const Result<YamlDocument> document =
      ReadYaml("base: &b {min: 1, max: 2}\nx: {<<: *b, max: 3}\ny: *b\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(ToJson(*document->root.Find("x")), R"({"max":3,"min":1})");
  EXPECT_EQ(ToJson(*document->root.Find("y")), R"({"min":1,"max":2})");
}

TEST(YamlReader, AcceptsJsonWithBareNaN) {
  const Result<YamlDocument> document =
      ReadYaml(R"({"a": NaN, "b": [-Infinity, 1e-5], "c": "\u00e9"})");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(ToJson(document->root), "{\"a\":NaN,\"b\":[-Infinity,1e-05],\"c\":\"é\"}");
}

TEST(YamlReader, GivesEscapesAsCharactersAndNotAsBytes) {
  const Result<YamlDocument> read = ReadYaml("a: \"x\\Ny\\_z \u00e9\"\n", {});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->root.Find("a")->as_string(), "x\xC2\x85y\xC2\xA0z \xC3\xA9");
}

TEST(YamlReader, RefusesWhatHasNoMeaning) {
  const auto why = [](std::string_view text) {
    const Result<YamlDocument> document = ReadYaml(text);
    return document ? std::string("accepted") : document.error().message;
  };
  EXPECT_EQ(why(""), "the document is empty");
  EXPECT_NE(why("a: [1, 2").find("line "), std::string::npos);
  EXPECT_NE(why("a: 1\n---\nb: 2\n").find("more than one"), std::string::npos);
  EXPECT_NE(why("a: \xff\n").find("UTF-8"), std::string::npos);
  EXPECT_NE(why("a: \x01\n").find("control character"), std::string::npos);
  EXPECT_NE(why("? [a]\n: 1\n").find("cannot be a key"), std::string::npos);
  EXPECT_NE(why("&a [*a]\n").find("alias"), std::string::npos);
  EXPECT_NE(why("a: *nobody\n").find("line 1"), std::string::npos);
}

TEST(YamlReader, ReportsRepeatedKeysAndDatesTogether) {
  const Result<YamlDocument> document = ReadYaml("a: 1\nb: 2020-01-01\na: 2\n");
  ASSERT_TRUE(document);
  ASSERT_EQ(document->problems.size(), 2U);
  EXPECT_TRUE(HasErrors(document->problems));
  EXPECT_EQ(document->problems[1].position.line, 3);
  EXPECT_NE(document->problems[1].message.find("line 1"), std::string::npos);
}

TEST(YamlReader, BoundsDepthAndAliases) {
  EXPECT_TRUE(ReadYaml(std::string(90, '[') + std::string(90, ']')));
  EXPECT_FALSE(ReadYaml(std::string(120, '[') + std::string(120, ']')));
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) {
      bomb += "," + before;
    }
    bomb += "]\n";
  }
  const Result<YamlDocument> document = ReadYaml(bomb);
  ASSERT_FALSE(document);
  EXPECT_NE(document.error().message.find("aliases"), std::string::npos);
  YamlOptions small;
  small.limits.bytes_max = 3;
  EXPECT_FALSE(ReadYaml("a: 1", small));
}

TEST(Value, EqualsByTypeWithWholeFloatsAsIntegersAtEveryDepth) {
  const auto same = [](std::string_view left, std::string_view right) {
    const Value a = *ParseJson(left);
    const Value b = *ParseJson(right);
    EXPECT_EQ(CanonicalKey(a) == CanonicalKey(b), SameValue(a, b)) << left << " " << right;
    return SameValue(a, b);
  };
  EXPECT_TRUE(same("1.0", "1"));
  EXPECT_TRUE(same("[1.0,{\"a\":2.0}]", "[1,{\"a\":2}]"));
  EXPECT_TRUE(same("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"));
  EXPECT_TRUE(same("NaN", "NaN"));
  EXPECT_FALSE(same("true", "1"));
  EXPECT_FALSE(same("\"1\"", "1"));
  EXPECT_FALSE(same("null", "\"null\""));
  EXPECT_FALSE(same("9007199254740993", "9007199254740992.0"));
  EXPECT_FALSE(same("0.1", "0.2"));
}

TEST(Value, ReadsJsonWithPlaceOfTheMistake) {
  const Result<Value> value = ParseJson("{\"a\": 1,\n \"b\": ]}");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message, "line 2, column 7: no JSON value begins here");
  EXPECT_EQ(ToJson(*ParseJson("{\"a\":1,\"a\":2}")), "{\"a\":2}");
  EXPECT_FALSE(ParseJsonStrict("{\"a\":1,\"a\":2}"));
  EXPECT_EQ(ParseJson("\"\\ud83d\\ude00\"")->as_string(), "😀");
  EXPECT_EQ(ParseJson("\"\\ud83d\\ud83d\\ude00\"")->as_string(), "\uFFFD😀") << "half a pair";
}

}  // namespace
}  // namespace regatta::sweeps
