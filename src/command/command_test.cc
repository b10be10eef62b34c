// The vectors are what the stock agent executes; where it drops or garbles an item, ours must
// refuse.
#include "regatta/command/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace regatta::command {
namespace {

using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const auto Environment = [](std::string_view name) {
  return name == "FOO" ? std::optional<std::string>("foo") : std::nullopt;
};

const ordered_json kParameters = {{"flag", true}, {"lr", 0.001}, {"off", false}};

CommandContext Context() {
  return {.program = "train.py",
          .args_json_file = "/w/config-r1.json",
          .variables = {{"repeat", "2"}, {"lr", "hidden"}},
          .windows = false};
}

Result<CommandLine> Expand(const std::vector<std::string>& items,
                           const ordered_json& parameters = kParameters,
                           const CommandContext& context = Context()) {
  return ExpandCommand(items, parameters, context, Environment);
}

std::vector<std::string> Arguments(const std::vector<std::string>& items,
                                   const ordered_json& parameters = kParameters) {
  Result<CommandLine> line = Expand(items, parameters);
  return line ? line->arguments : std::vector<std::string>{"error: " + line.error().message};
}

std::string Refusal(const std::vector<std::string>& items,
                    const CommandContext& context = Context()) {
  Result<CommandLine> line = Expand(items, kParameters, context);
  return line ? "accepted" : line.error().message;
}

TEST(ExpandCommand, RunsTheProgramWithPythonByDefault) {
  EXPECT_THAT(Arguments({}), ElementsAre("/usr/bin/env", "python", "train.py", "--flag=True",
                                         "--lr=0.001", "--off=False"));
}

TEST(ExpandCommand, HasNoEnvOnWindows) {
  CommandContext context = Context();
  context.windows = true;
  EXPECT_THAT(Expand({}, kParameters, context)->arguments,
              ElementsAre("python", "train.py", "--flag=True", "--lr=0.001", "--off=False"));
}

TEST(ExpandCommand, WritesTheArgumentsInEachStyle) {
  EXPECT_THAT(Arguments({"${program}", "${args_no_boolean_flags}"}),
              ElementsAre("train.py", "--flag", "--lr=0.001"));
  EXPECT_THAT(Arguments({"${program}", "${args_no_equals}"}),
              ElementsAre("train.py", "--flag", "True", "--lr", "0.001", "--off", "False"));
  EXPECT_THAT(Arguments({"${env}", "python3", "${program}", "--x", "1", "${args_no_hyphens}"}),
              ElementsAre("/usr/bin/env", "python3", "train.py", "--x", "1", "flag=True",
                          "lr=0.001", "off=False"));
  EXPECT_THAT(Arguments({"${program}", "${args_append_hydra}"}),
              ElementsAre("train.py", "+flag=True", "+lr=0.001", "+off=False"));
  EXPECT_THAT(Arguments({"${program}", "${args_override_hydra}"}),
              ElementsAre("train.py", "++flag=True", "++lr=0.001", "++off=False"));
  EXPECT_THAT(Arguments({"${program}", "${args_dict}"}),
              ElementsAre("train.py", "flag", "lr", "off"));
}

TEST(ExpandCommand, PassesAllParametersAsOneJsonText) {
  EXPECT_THAT(Arguments({"${program}", "${args_json}"}),
              ElementsAre("train.py", R"({"flag": true, "lr": 0.001, "off": false})"));
}

TEST(ExpandCommand, TellsWhetherTheJsonFileIsWanted) {
  const Result<CommandLine> with = Expand({"${program}", "--cfg=${args_json_file}"});
  ASSERT_TRUE(with);
  EXPECT_THAT(with->arguments, ElementsAre("train.py", "--cfg=/w/config-r1.json"));
  EXPECT_TRUE(with->uses_args_json_file);
  EXPECT_FALSE(Expand({"${program}"})->uses_args_json_file);
}

TEST(ExpandCommand, KeepsEachValueOneArgument) {
  const ordered_json parameters = {{"t", "two words"}, {"j", ""}, {"l", {1, 2.5, "x y"}}};
  EXPECT_THAT(Arguments({"p", "${args}"}, parameters),
              ElementsAre("p", "--t=two words", "--j=", "--l=[1, 2.5, 'x y']"));
}

TEST(ExpandCommand, ReplacesEnvironmentMacrosAnywhere) {
  EXPECT_THAT(Arguments({"${envvar:FOO}/x-${envvar:NOPE:-none}"}), ElementsAre("foo/x-none"));
  EXPECT_THAT(Arguments({"p", "${envvar:NOPE:-}"}), ElementsAre("p", ""));
}

TEST(ExpandCommand, RefusesAnUnsetVariableWithoutDefault) {
  const Result<CommandLine> line = Expand({"p", "x-${envvar:NOPE}"});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(line.error().message, HasSubstr("NOPE is not set"));
}

TEST(ExpandCommand, ExpandsParametersInsideLongerItems) {
  EXPECT_THAT(Arguments({"p", "--rate=${lr}"}), ElementsAre("p", "--rate=0.001"));
  EXPECT_THAT(Arguments({"p", "${opt.lr}", "-${opt.deep.x}-"},
                        {{"opt", {{"lr", 1e-05}, {"deep", {{"x", "a"}}}}}}),
              ElementsAre("p", "1e-05", "-a-"));
  EXPECT_THAT(Arguments({"p", "${a.b}"}, {{"a", {{"b", 1}}}, {"a.b", 2}}), ElementsAre("p", "2"));
}

TEST(ExpandCommand, FindsVariablesBehindParameters) {
  EXPECT_THAT(Arguments({"p", "${repeat}", "${lr}"}), ElementsAre("p", "2", "0.001"));
}

TEST(ExpandCommand, DoesNotExpandWhatItPutIn) {
  EXPECT_THAT(Arguments({"p", "x=${name}"}, {{"name", "${args}"}}), ElementsAre("p", "x=${args}"));
}

TEST(ExpandCommand, RefusesWhatTheStockAgentWouldDrop) {
  EXPECT_THAT(Refusal({"p", "${unknown}"}), HasSubstr("no macro and no parameter \"unknown\""));
  EXPECT_THAT(Refusal({"${program} ${args}"}), HasSubstr("one list item for each macro"));
  EXPECT_THAT(Refusal({"${args_dict}x", "${envvar:lower}"}), HasSubstr("envvar:lower"));
}

TEST(ExpandCommand, JoinsSingleMacrosThatFillAnItem) {
  EXPECT_THAT(Arguments({"${interpreter}/${program}"}), ElementsAre("python/train.py"));
}

TEST(ExpandCommand, LeavesShellTextAloneAndSaysSo) {
  const Result<CommandLine> line = Expand({"sh", "-c", "echo ${HOME} ${args} ${"});
  ASSERT_TRUE(line);
  EXPECT_THAT(line->arguments, ElementsAre("sh", "-c", "echo ${HOME} ${args} ${"));
  EXPECT_THAT(line->warnings, ElementsAre(HasSubstr("${HOME}"), HasSubstr("${args}")));
}

TEST(ExpandCommand, NeedsAProgramOnlyWhereItIsNamed) {
  CommandContext context = Context();
  context.program.clear();
  EXPECT_THAT(Refusal({}, context), HasSubstr("the sweep has no program"));
  EXPECT_EQ(Refusal({"./train"}, context), "accepted");
}

TEST(ExpandCommand, RefusesAnEmptyCommandLine) {
  EXPECT_THAT(Refusal({""}), HasSubstr("no program to run"));
  const Result<CommandLine> line = Expand({"${args}"}, ordered_json::object());
  ASSERT_FALSE(line);
  EXPECT_THAT(line.error().message, HasSubstr("no program to run"));
}

TEST(ExpandCommand, RefusesAnArgumentThatNoProgramCanGet) {
  const Result<CommandLine> line = Expand({"p", "${args}"}, {{"x", std::string("a\0b", 3)}});
  ASSERT_FALSE(line);
  EXPECT_THAT(line.error().message, HasSubstr("NUL"));
}

TEST(ExpandCommand, TakesTheByteOrderOfAnUnorderedMapping) {
  const nlohmann::json parameters = {{"b", 1}, {"B", 2}, {"a", 3}};
  const std::vector<std::string> items = {"p", "${args}"};
  EXPECT_THAT(ExpandCommand(items, parameters, Context(), Environment)->arguments,
              ElementsAre("p", "--B=2", "--a=3", "--b=1"));
}

TEST(CommandItems, TurnsEveryScalarIntoText) {
  EXPECT_THAT(*CommandItems(ordered_json{"python", 5, true, 1e-5}),
              ElementsAre("python", "5", "True", "1e-05"));
}

TEST(CommandItems, FallsBackToTheDefault) {
  EXPECT_EQ(*CommandItems(ordered_json(nullptr)), DefaultCommand());
  EXPECT_EQ(*CommandItems(ordered_json::array()), DefaultCommand());
}

TEST(CommandItems, RefusesATextAndANestedList) {
  EXPECT_THAT(CommandItems(ordered_json("python train.py")).error().message,
              HasSubstr("must be a list"));
  EXPECT_THAT(CommandItems(ordered_json::parse(R"(["p", ["x"]])")).error().message,
              HasSubstr("item 2"));
}

}  // namespace
}  // namespace regatta::command
