#include "sweep_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace regatta::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

json RunNode(const char* name, const char* state, double loss) {
  return {{"name", name},
          {"state", state},
          {"createdAt", "2026-01-01T00:00:00Z"},
          {"config", R"({"lr":{"value":0.1},"seed":{"value":1},"_wandb":{"value":{}}})"},
          {"sweepValue", loss},
          {"summaryMetrics", json({{"val", {{"loss", loss + 1}}}}).dump()}};
}

json Sweep(const char* state, const json& runs) {
  json edges = json::array();
  for (const json& run : runs) edges.push_back({{"node", run}});
  return {{"id", "opaque"},
          {"state", state},
          {"method", "random"},
          {"config",
           "method: random\nmetric: {name: val.loss, goal: minimize}\n"
           "parameters:\n  lr: {min: 0.0, max: 1.0}\n  seed: {value: 1}\n"},
          {"runCount", runs.size()},
          {"bestRun", runs.empty() ? json() : runs[0]},
          {"runs", {{"edges", edges}}}};
}

SweepView View(const char* state, const json& runs) {
  return SweepViewOf({"e", "p", "s1"}, Sweep(state, runs));
}

std::vector<std::string> Texts(const std::vector<SweepChange>& changes) {
  std::vector<std::string> texts;
  for (const SweepChange& change : changes) texts.push_back(change.text);
  return texts;
}

TEST(SweepView, ReadsTheMetricAndWhatTheSweepVaries) {
  const SweepView view = View("RUNNING", json::array({RunNode("a", "running", 0.5)}));
  EXPECT_EQ(view.metric, "val.loss");
  EXPECT_EQ(view.runs[0].value, 0.5);
  EXPECT_EQ(view.runs[0].parameters, json({{"lr", 0.1}}));
}

TEST(SweepView, TheTextHoldsProgressAndBest) {
  const std::string text =
      SweepText(View("RUNNING", json::array({RunNode("a", "running", 0.5)})), {}, 0);
  EXPECT_THAT(text, HasSubstr("1 runs, 1 running"));
  EXPECT_THAT(text, HasSubstr("val.loss 0.5 by a (lr 0.1)"));
}

TEST(SweepView, TheTextFitsTheTerminal) {
  json runs = json::array();
  for (int i = 0; i < 50; ++i) runs.push_back(RunNode("run", "running", i));
  const Terminal terminal{.is_terminal = true, .has_colour = false, .width = 40, .height = 15};
  const std::string text = SweepText(View("RUNNING", runs), terminal, terminal.height);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 15);
  EXPECT_THAT(text, HasSubstr("and 43 more"));
}

TEST(ChangesBetween, TellsEverythingAtFirstAndThenWhatIsNew) {
  const SweepView first = View("RUNNING", json::array({RunNode("a", "running", 0.5)}));
  EXPECT_EQ(Texts(ChangesBetween(nullptr, first)),
            (std::vector<std::string>{"sweep e/p/s1 is RUNNING", "run a is running (lr 0.1)",
                                      "best: val.loss 0.5 by a (lr 0.1)"}));
  EXPECT_THAT(ChangesBetween(&first, first), IsEmpty());
  const SweepView second = View("FINISHED", json::array({RunNode("a", "finished", 0.25)}));
  EXPECT_EQ(
      Texts(ChangesBetween(&first, second)),
      (std::vector<std::string>{"sweep e/p/s1 is FINISHED", "run a is finished, val.loss 0.25",
                                "best: val.loss 0.25 by a (lr 0.1)"}));
}

TEST(SweepView, IsOverInTerminalStatesOnly) {
  for (const char* state : {"PENDING", "RUNNING", "PAUSED"}) {
    EXPECT_FALSE(View(state, json::array()).is_over()) << state;
  }
  for (const char* state : {"FINISHED", "CANCELED", "FAILED", "CRASHED", "STOPPED"}) {
    EXPECT_TRUE(View(state, json::array()).is_over()) << state;
  }
}

TEST(ItemPath, IsCompletedFromTheDefaults) {
  const Defaults defaults{.entity = "me", .project = "mine"};
  EXPECT_EQ(ParseItemPath("r1", defaults)->text(), "me/mine/r1");
  EXPECT_EQ(ParseItemPath("p/r1", defaults)->text(), "me/p/r1");
  EXPECT_EQ(ParseItemPath("e/p/r1", defaults)->text(), "e/p/r1");
  EXPECT_EQ(ParseProjectPath("", defaults)->project, "mine");
  EXPECT_EQ(ParseProjectPath("e/p", defaults)->entity, "e");
}

TEST(ItemPath, AWrongOneSaysWhatToWrite) {
  for (const char* text : {"", "/", "a//b", "a/b/c/d", "a/"}) {
    const Result<ItemPath> path = ParseItemPath(text, {});
    ASSERT_FALSE(path) << text;
    EXPECT_THAT(path.error().message, HasSubstr("ENTITY/PROJECT/ID"));
  }
}

}  // namespace
}  // namespace regatta::app
