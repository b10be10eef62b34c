// What wandb.init must be able to read: YAML 1.1 as PyYAML takes it.
#include "regatta/command/parameter_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace regatta::command {
namespace {

using nlohmann::ordered_json;
using ::testing::HasSubstr;

TEST(PlainParameters, TakesTheValueOfEachParameterInOrder) {
  const Result<ordered_json> plain = PlainParameters(ordered_json::parse(
      R"({"lr": {"value": 0.1}, "b": {"value": {"c": 1}}, "_wandb": {"t": 1}})"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->dump(), R"({"lr":0.1,"b":{"c":1}})");
}

TEST(PlainParameters, RefusesAParameterWithoutValue) {
  EXPECT_THAT(PlainParameters(ordered_json::parse(R"({"lr": 0.1})")).error().message,
              HasSubstr("\"lr\" has no \"value\""));
  EXPECT_FALSE(PlainParameters(ordered_json::array()));
}

TEST(ParameterFile, StartsWithItsVersionAndKeepsTheOrder) {
  EXPECT_EQ(ParameterFile(ordered_json::parse(R"({"lr": 0.001, "b": [1, "x"], "a": null})")),
            "wandb_version: 1\n\n"
            "lr:\n  value: 0.001\n"
            "b:\n  value:\n  - 1\n  - \"x\"\n"
            "a:\n  value: null\n");
}

TEST(ParameterFile, NestsGroups) {
  EXPECT_EQ(
      ParameterFile(ordered_json::parse(R"({"o": {"lr": {"x": [{"k": [1]}]}, "e": {}}})")),
      "wandb_version: 1\n\no:\n  value:\n    lr:\n      x:\n      - {\"k\": [1]}\n    e: {}\n");
}

TEST(ParameterFile, WritesFloatsThatYamlOneOneReadsAsFloats) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string text = ParameterFile({{"a", 1e-05}, {"b", 1e16}, {"c", infinity}, {"d", 1.0}});
  EXPECT_THAT(text, HasSubstr("value: 1.0e-05\n"));
  EXPECT_THAT(text, HasSubstr("value: 1.0e+16\n"));
  EXPECT_THAT(text, HasSubstr("value: .inf\n"));
  EXPECT_THAT(text, HasSubstr("value: 1.0\n"));
}

TEST(ParameterFile, QuotesTextsAndKeysThatCouldBeMisread) {
  const std::string text =
      ParameterFile({{"on", "yes"}, {"a b", "008"}, {"p", "\u00e9\U0001F600\n\""}});
  EXPECT_THAT(text, HasSubstr("\"on\":\n  value: \"yes\"\n"));
  EXPECT_THAT(text, HasSubstr("\"a b\":\n  value: \"008\"\n"));
  EXPECT_THAT(text, HasSubstr("p:\n  value: \"\\xe9\\U0001f600\\n\\\"\"\n"));
}

}  // namespace
}  // namespace regatta::command
