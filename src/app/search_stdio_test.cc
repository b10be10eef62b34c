#include "search_stdio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "search_session_test_util.h"

namespace regatta::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Asks for and tells `count` trials; returns the answers to `ask`.
json Play(SearchSession& session, int count) {
  json answers = json::array();
  for (int i = 0; i < count; ++i) {
    const json asked = Ask(session, {{"op", "ask"}, {"n", 1}});
    answers.push_back(asked);
    for (const json& trial : asked["trials"]) {
      const json told =
          Ask(session, {{"op", "tell"}, {"id", trial["id"]}, {"value", Loss(trial["parameters"])}});
      EXPECT_TRUE(told.contains("ok")) << told;
    }
  }
  return answers;
}

TEST(SearchSession, OpenListsTheParametersAndTheMetric) {
  SearchSession session;
  const json answer = Ask(session, {{"op", "open"}, {"config", Config("random")}, {"seed", 7}});
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["seed"], 7);
  EXPECT_EQ(answer["sampler"], "random");
  EXPECT_EQ(answer["metrics"][0]["name"], "loss");
  EXPECT_EQ(answer["parameters"].size(), 4U);
  EXPECT_THAT(answer["warnings"], IsEmpty()) << answer["warnings"];
}

TEST(SearchSession, OpenTakesTheTextOfASweepFileToo) {
  SearchSession session;
  const json answer =
      Ask(session,
          {{"op", "open"}, {"config", "method: grid\nparameters:\n  x:\n    values: [1, 2]\n"}});
  EXPECT_EQ(answer["ok"], true) << answer;
}

TEST(SearchSession, SuggestionsLieInTheSpaceAndSayWhy) {
  SearchSession session;
  Open(session, Config("random"));
  const json answer = Ask(session, {{"op", "ask"}, {"n", 20}});
  ASSERT_EQ(answer["trials"].size(), 20U);
  for (const json& trial : answer["trials"]) {
    const json& parameters = trial["parameters"];
    EXPECT_GE(parameters["lr"].get<double>(), 0.001);
    EXPECT_LE(parameters["lr"].get<double>(), 0.1);
    EXPECT_TRUE(parameters["layers"].is_number_integer());
    EXPECT_EQ(parameters["epochs"], 3);
    EXPECT_FALSE(trial["why"]["text"].get<std::string>().empty());
  }
  EXPECT_EQ(answer["trials"][19]["id"], 19);
}

TEST(SearchSession, TheSameRequestsGiveTheSameAnswers) {
  SearchSession first;
  SearchSession second;
  Open(first, Config("bayes"));
  Open(second, Config("bayes"));
  EXPECT_EQ(Play(first, 12), Play(second, 12));
}

TEST(SearchSession, AStateGoesOnIdentically) {
  for (const char* method : {"random", "bayes"}) {
    SearchSession first;
    Open(first, Config(method));
    Play(first, 8);
    Ask(first, {{"op", "ask"}, {"n", 3}});
    Ask(first, {{"op", "tell"}, {"id", 9}, {"state", "failed"}});
    Ask(first, {{"op", "report"}, {"id", 10}, {"step", 1}, {"value", 0.25}});
    const json state = Ask(first, {{"op", "state"}})["state"];

    SearchSession second;
    const json opened = Ask(second, {{"op", "open"}, {"state", state}});
    ASSERT_TRUE(opened.contains("ok")) << opened;
    EXPECT_EQ(opened["trials"], 11);
    EXPECT_EQ(Ask(second, {{"op", "state"}})["state"], state);
    EXPECT_EQ(Play(first, 6), Play(second, 6)) << method;
  }
}

TEST(SearchSession, ASeedOfTheRequestReplacesThatOfTheFile) {
  json config = Config("random");
  config["regatta"] = {{"seed", 5}};
  SearchSession by_file;
  SearchSession by_request;
  ASSERT_TRUE(Ask(by_file, {{"op", "open"}, {"config", config}}).contains("ok"));
  Open(by_request, config, 6);
  EXPECT_NE(Ask(by_file, {{"op", "ask"}})["trials"][0]["parameters"],
            Ask(by_request, {{"op", "ask"}})["trials"][0]["parameters"]);
}

TEST(SearchSession, AGridEnds) {
  SearchSession session;
  Open(session, {{"method", "grid"}, {"parameters", {{"x", {{"values", {1, 2, 3}}}}}}});
  const json answer = Ask(session, {{"op", "ask"}, {"n", 5}});
  EXPECT_EQ(answer["trials"].size(), 3U);
  EXPECT_EQ(answer["exhausted"], true);
  EXPECT_THAT(Ask(session, {{"op", "ask"}})["trials"], IsEmpty());
}

TEST(SearchSession, TheBestIsTheLowestAmongTheFinished) {
  SearchSession session;
  Open(session, Config("random"));
  EXPECT_TRUE(Ask(session, {{"op", "best"}})["best"].is_null());
  Ask(session, {{"op", "ask"}, {"n", 3}});
  Ask(session, {{"op", "tell"}, {"id", 0}, {"value", 3}});
  Ask(session, {{"op", "tell"}, {"id", 1}, {"values", {{"loss", 2}}}, {"cost", 1.5}});
  Ask(session, {{"op", "tell"}, {"id", 2}, {"value", "NaN"}});
  const json best = Ask(session, {{"op", "best"}})["best"];
  EXPECT_EQ(best["id"], 1);
  EXPECT_EQ(best["value"], 2);
}

TEST(SearchSession, ATrialFromElsewhereCounts) {
  SearchSession session;
  Open(session, Config("bayes"));
  const json parameters = {{"lr", 0.01}, {"layers", 2}, {"optimizer", "sgd"}, {"epochs", 3}};
  const json added = Ask(session, {{"op", "add"}, {"parameters", parameters}, {"value", 0.5}});
  ASSERT_EQ(added["id"], 0) << added;
  EXPECT_EQ(Ask(session, {{"op", "best"}})["best"]["parameters"], parameters);
  EXPECT_EQ(Ask(session, {{"op", "ask"}})["trials"][0]["id"], 1);
}

TEST(SearchSession, ATrialFromElsewhereMayStillBeRunning) {
  SearchSession session;
  Open(session, {{"method", "grid"}, {"parameters", {{"x", {{"values", {1, 2}}}}}}});
  const json added = Ask(session, {{"op", "add"}, {"parameters", {{"x", 1}}}});
  ASSERT_EQ(added["id"], 0) << added;
  EXPECT_EQ(Ask(session, {{"op", "ask"}, {"n", 2}})["trials"].size(), 1U) << "its point is taken";
  EXPECT_TRUE(Ask(session, {{"op", "tell"}, {"id", 0}, {"value", 3}}).contains("ok"));
  EXPECT_EQ(Ask(session, {{"op", "best"}})["best"]["id"], 0);

  json state = Ask(session, {{"op", "state"}})["state"];
  EXPECT_EQ(state["log"][0]["state"], "pending");
  state["log"].back()["state"] = "pending";
  state["log"].back()["objectives"] = json::array();
  EXPECT_THAT(Ask(session, {{"op", "open"}, {"state", state}})["error"]["message"],
              HasSubstr("cannot be pending"));
}

TEST(SearchSession, HyperbandStopsTheWorst) {
  json config = Config("random");
  config["early_terminate"] = {{"type", "hyperband"}, {"min_iter", 1}, {"eta", 2}};
  SearchSession session;
  Open(session, config);
  Ask(session, {{"op", "ask"}, {"n", 8}});
  json last;
  for (int id = 0; id < 8; ++id) {
    last = Ask(session, {{"op", "report"}, {"id", id}, {"step", 1}, {"value", id}});
  }
  EXPECT_EQ(last["stop"], true) << last;
  const json& why = last["why"];
  EXPECT_FALSE(why["text"].get<std::string>().empty());
  EXPECT_EQ(why["rule"], "hyperband");
  EXPECT_EQ(why["rung"], 1);
  EXPECT_EQ(why["value"], 7);
  EXPECT_EQ(why["threshold"], 4) << "the mark of the best half of 0 to 7: " << last;
  EXPECT_EQ(Ask(session, {{"op", "report"}, {"id", 0}, {"step", 2}, {"value", 0}})["stop"], false);
}

TEST(SearchSession, WithoutEarlyTerminateNothingStops) {
  SearchSession session;
  Open(session, Config("random"));
  Ask(session, {{"op", "ask"}});
  EXPECT_EQ(Ask(session, {{"op", "report"}, {"id", 0}, {"step", 1}, {"value", "NaN"}})["stop"],
            false);
}

TEST(SearchSession, SeveralMetricsHaveAFront) {
  json config = Config("random");
  config.erase("metric");
  config["metrics"] = {{{"name", "loss"}, {"goal", "minimize"}},
                       {{"name", "accuracy"}, {"goal", "maximize"}}};
  SearchSession session;
  Open(session, config);
  Ask(session, {{"op", "ask"}, {"n", 3}});
  const auto tell = [&](int id, double loss, double accuracy) {
    return Ask(session,
               {{"op", "tell"}, {"id", id}, {"values", {{"loss", loss}, {"accuracy", accuracy}}}});
  };
  EXPECT_TRUE(tell(0, 1, 0.5).contains("ok"));
  tell(1, 2, 0.9);
  tell(2, 3, 0.8);
  EXPECT_EQ(Ask(session, {{"op", "best"}})["front"].size(), 2U);
  EXPECT_EQ(Ask(session, {{"op", "tell"}, {"id", 0}, {"value", 1}})["error"]["code"],
            "invalid_argument");
}

TEST(SearchSession, ABadLineAnswersAnErrorAndChangesNothing) {
  SearchSession session;
  const auto code = [&](const std::string& line) {
    const json answer = json::parse(session.Answer(line));
    return answer.contains("error") ? answer["error"]["code"].get<std::string>() : "no error";
  };
  EXPECT_EQ(code(R"({"op":"ask"})"), "failed_precondition");
  Open(session, Config("random"));
  Ask(session, {{"op", "ask"}, {"n", 2}});
  Ask(session, {{"op", "tell"}, {"id", 0}, {"value", 1}});
  const json before = Ask(session, {{"op", "state"}});
  for (const char* line :
       {"",
        "no JSON",
        "[]",
        "{}",
        "{\"op\":1}",
        R"({"op":"swim"})",
        "{\"op\":\"ask\xff\"}",
        "{\"op\":\"ask\xed\xa0\x80\"}",
        "{\"op\":\"ask\xc0\xaf\"}",
        "{\"op\":\"ask\xf0\x9f\x98",
        R"({"op":"ask","n":0})",
        R"({"op":"ask","n":1e9})",
        R"({"op":"ask","many":1})",
        R"({"op":"tell","id":1})",
        R"({"op":"tell","id":1,"value":"x"})",
        R"({"op":"tell","id":1,"value":1,"values":{}})",
        R"({"op":"tell","id":1,"values":{"los":1}})",
        R"({"op":"tell","id":1,"state":"lsot"})",
        R"({"op":"tell","id":1,"value":1,"cost":-1})",
        R"({"op":"tell","id":"1","value":1})",
        R"({"op":"report","id":1})",
        R"({"op":"add","parameters":{"lr":1},"value":1})",
        R"({"op":"add","parameters":{"lr":0.01,"layers":1,"optimizer":"adm"},"value":1})",
        R"({"op":"add","value":1})",
        R"({"op":"open"})",
        R"({"op":"open","config":{}})",
        R"({"op":"open","state":{}})",
        R"({"op":"open","config":"method: [","seed":1})"}) {
    EXPECT_EQ(code(line), "invalid_argument") << line;
  }
  EXPECT_EQ(code(R"({"op":"tell","id":2,"value":1})"), "not_found");
  EXPECT_EQ(code(R"({"op":"report","id":0,"step":1,"value":1})"), "failed_precondition");
  EXPECT_EQ(Ask(session, {{"op", "state"}}), before);
}

TEST(SearchSession, AMessageNamesTheParameterAndARemedy) {
  SearchSession session;
  Open(session, Config("random"));
  const json answer =
      Ask(session, {{"op", "add"}, {"parameters", {{"lrr", 0.01}, {"layers", 1}}}, {"value", 1}});
  EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("\"lrr\""));
  EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("did you mean \"lr\""));
}

TEST(SearchSession, ATamperedStateIsRefused) {
  SearchSession session;
  Open(session, Config("random"));
  Ask(session, {{"op", "ask"}, {"n", 2}});
  const json state = Ask(session, {{"op", "state"}})["state"];
  const auto refused = [&](const json& tampered) {
    return Ask(session, {{"op", "open"}, {"state", tampered}}).contains("error");
  };
  json other = state;
  other["version"] = 2;
  EXPECT_TRUE(refused(other));
  other = state;
  other["log"][0]["point"] = json::array({1});
  EXPECT_TRUE(refused(other));
  other = state;
  other["log"][0]["id"] = 5;
  EXPECT_TRUE(refused(other));
  other = state;
  for (json& value : other["log"][1]["point"]) {
    if (value.is_array()) value[0] = 99;
  }
  EXPECT_TRUE(refused(other));
  other = state;
  other["log"][0]["op"] = "swim";
  EXPECT_TRUE(refused(other));
  EXPECT_EQ(Ask(session, {{"op", "state"}})["state"], state);
}

// As the sampler sees it, too: what was not told may be anything.
TEST(SearchSession, ATrialThatDoesNotTellAConstraintIsNotTheBest) {
  SearchSession session;
  json config = Config("bayes");
  config.erase("metric");
  config["metrics"] = json::parse(R"([{"name": "loss"}, {"name": "ms", "max": 20}])");
  Open(session, config);
  Ask(session, {{"op", "ask"}, {"n", 3}});
  Ask(session, {{"op", "tell"}, {"id", 0}, {"values", {{"loss", 0.1}}}});
  Ask(session, {{"op", "tell"}, {"id", 1}, {"values", {{"loss", 0.2}, {"ms", 21}}}});
  EXPECT_TRUE(Ask(session, {{"op", "best"}})["best"].is_null());
  Ask(session, {{"op", "tell"}, {"id", 2}, {"values", {{"loss", 0.3}, {"ms", 20}}}});
  EXPECT_EQ(Ask(session, {{"op", "best"}})["best"]["id"], 2);
}

TEST(SearchSession, AFarResultIsToldWithTheImportance) {
  SearchSession session;
  Open(session, Config("random"));
  Play(session, 30);
  EXPECT_FALSE(Ask(session, {{"op", "importance"}}).contains("far_off"));
  const json id = Ask(session, {{"op", "ask"}})["trials"][0]["id"];
  Ask(session, {{"op", "tell"}, {"id", id}, {"value", 1e30}});
  const json answer = Ask(session, {{"op", "importance"}});
  EXPECT_EQ(answer["far_off"]["results"], 1) << answer;
  EXPECT_LT(answer["far_off"]["counted_as"], 1e3);
  EXPECT_LT(std::abs(answer["optimum"]["mean"].get<double>()), 10);
}

TEST(SearchSession, ImportanceNamesWhatMatters) {
  SearchSession session;
  Open(session, Config("random"));
  EXPECT_EQ(Ask(session, {{"op", "importance"}})["error"]["code"], "failed_precondition");
  Play(session, 30);
  const json answer = Ask(session, {{"op", "importance"}});
  ASSERT_EQ(answer["parameters"].size(), 3U) << answer;
  EXPECT_EQ(answer["parameters"][0]["name"], "lr");
  EXPECT_GT(answer["parameters"][0]["total"], 0.5);
  EXPECT_NEAR(std::log10(answer["optimum"]["parameters"]["lr"].get<double>()), -2, 0.3);
  EXPECT_TRUE(answer["optimum"]["mean"].is_number() && answer["optimum"]["spread"].is_number());
  EXPECT_TRUE(answer["outlook"]["gain_unlikely"].is_boolean());
}

}  // namespace
}  // namespace regatta::app
