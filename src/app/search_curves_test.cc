// Learning curves over --stdio: stopping early, pausing and going on, and that a search which was
// opened again from its state decides as the one that was never closed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "search_session_test_util.h"

namespace regatta::app {
namespace {

using testing::HasSubstr;

json CurveConfig() {
  json config = Config("bayes");
  config["early_terminate"] = {{"type", "asha"}, {"min_iter", 1}, {"max_iter", 27}};
  return config;
}

double LossAt(const json& parameters, int step) { return Loss(parameters) + 1.0 / step; }

// Trains `count` trials, each until it is stopped or 9 steps are done.
void Train(SearchSession& session, int count) {
  for (int i = 0; i < count; ++i) {
    const json trial = Ask(session, {{"op", "ask"}})["trials"][0];
    bool is_stopped = false;
    for (int step = 1; step <= 9 && !is_stopped; ++step) {
      const double value = LossAt(trial["parameters"], step);
      const json answer = Ask(
          session, {{"op", "report"}, {"id", trial["id"]}, {"step", 10 * step}, {"value", value}});
      is_stopped = answer["stop"].get<bool>();
    }
    const json told = Ask(session, {{"op", "tell"}, {"id", trial["id"]}, {"state", "stopped"}});
    ASSERT_TRUE(told.contains("ok")) << told;
  }
}

TEST(SearchSession, AStoppedTrialCountsWithItsBestReportedValue) {
  SearchSession session;
  Open(session, CurveConfig());
  Ask(session, {{"op", "ask"}});
  for (const double value : {0.9, 0.4, 0.6}) {
    Ask(session, {{"op", "report"}, {"id", 0}, {"value", value}});
  }
  EXPECT_EQ(Ask(session, {{"op", "tell"}, {"id", 0}, {"state", "stopped"}})["ok"], true);
  EXPECT_EQ(Ask(session, {{"op", "best"}})["best"]["value"], 0.4);
  Ask(session, {{"op", "ask"}});
  Ask(session, {{"op", "report"}, {"id", 1}, {"value", "NaN"}});
  const json refused = Ask(session, {{"op", "tell"}, {"id", 1}, {"state", "stopped"}});
  EXPECT_THAT(refused["error"]["message"], HasSubstr("trial 1 reported no finite value"));
  EXPECT_EQ(Ask(session, {{"op", "tell"}, {"id", 1}, {"state", "stopped"}, {"value", 0.3}})["ok"],
            true);
}

TEST(SearchSession, PartsOfCurvesTeachWhatFullTrainingGives) {
  SearchSession session;
  Open(session, CurveConfig());
  Train(session, 30);
  const json asked = Ask(session, {{"op", "ask"}, {"n", 4}});
  for (const json& next : asked["trials"]) {
    ASSERT_TRUE(next["why"].contains("predicted_value")) << next;
    const double predicted = next["why"]["predicted_value"];
    EXPECT_LT(std::abs(predicted - LossAt(next["parameters"], 9)),
              std::abs(predicted - LossAt(next["parameters"], 1)))
        << "most trials were stopped at their first step";
  }
}

TEST(SearchSession, GoesOnFromAStateWithCurves) {
  SearchSession first;
  Open(first, CurveConfig());
  Train(first, 12);
  Ask(first, {{"op", "ask"}});
  Ask(first, {{"op", "report"}, {"id", 12}, {"value", 0.7}});
  const json state = Ask(first, {{"op", "state"}})["state"];
  SearchSession second;
  ASSERT_TRUE(Ask(second, {{"op", "open"}, {"state", state}}).contains("ok"));
  EXPECT_EQ(Ask(first, {{"op", "ask"}, {"n", 2}}), Ask(second, {{"op", "ask"}, {"n", 2}}));
}

// Lets trials pause and go on, and tells those of full length. Returns the lengths trained to.
std::vector<int> TrainWithPauses(SearchSession& session, int jobs) {
  std::vector<int> lengths;
  std::map<int, int> trained;
  for (int job = 0; job < jobs; ++job) {
    const json trial = Ask(session, {{"op", "ask"}})["trials"][0];
    const int id = trial["id"];
    EXPECT_EQ(trial.contains("resume"), trained[id] > 0);
    const int until = trial["until"];
    lengths.push_back(until);
    for (int& step = trained[id]; step < until;) {
      ++step;
      const double value = LossAt(trial["parameters"], step);
      const json answer = Ask(session, {{"op", "report"}, {"id", id}, {"value", value}});
      EXPECT_EQ(answer["stop"], false);
      EXPECT_EQ(answer["pause"], step == until && until < 27) << "at " << step;
    }
    if (until == 27) {
      Ask(session, {{"op", "tell"}, {"id", id}, {"value", LossAt(trial["parameters"], 27)}});
    }
  }
  return lengths;
}

TEST(SearchSession, ResumesTheBestOfThePausedTrials) {
  SearchSession session;
  const json opened =
      Ask(session, {{"op", "open"}, {"config", CurveConfig()}, {"seed", 1}, {"resumable", true}});
  ASSERT_TRUE(opened.contains("ok")) << opened;
  const std::vector<int> lengths = TrainWithPauses(session, 60);
  for (const int length : {1, 3, 9, 27}) {
    EXPECT_GT(std::count(lengths.begin(), lengths.end(), length), 0) << length;
  }
  EXPECT_GT(std::count(lengths.begin(), lengths.end(), 1),
            std::count(lengths.begin(), lengths.end(), 3));
  const json state = Ask(session, {{"op", "state"}})["state"];
  SearchSession second;
  ASSERT_TRUE(Ask(second, {{"op", "open"}, {"state", state}}).contains("ok"));
  EXPECT_EQ(Ask(session, {{"op", "ask"}, {"n", 3}}), Ask(second, {{"op", "ask"}, {"n", 3}}));
}

TEST(SearchSession, PausingNeedsAFullLength) {
  SearchSession session;
  const json refused =
      Ask(session, {{"op", "open"}, {"config", Config("bayes")}, {"resumable", true}});
  EXPECT_THAT(refused["error"]["message"], HasSubstr("asha"));
}

// What a session was asked, in turn, until `trials` trials of 9 steps have ended; four are open at
// a time, some fail and some are lost.
class Crew {
 public:
  explicit Crew(std::size_t trials) : trials_(trials) {}

  // The next request of a crew that has seen the answers to all earlier ones; none: all is done.
  std::optional<json> Next() const {
    if (open_.size() < 4 && begun_ < trials_) {
      return json{{"op", "ask"}};
    }
    if (open_.empty()) {
      return std::nullopt;
    }
    const Running& trial = open_.front();
    if (trial.is_over || trial.steps == 9) {
      const char* state = trial.id % 7 == 5 ? "failed" : trial.id % 11 == 8 ? "lost" : "stopped";
      return json{{"op", "tell"}, {"id", trial.id}, {"state", state}};
    }
    return json{{"op", "report"}, {"id", trial.id}, {"value", trial.At(trial.steps + 1)}};
  }

  void Take(const json& answer) {
    if (answer.contains("trials")) {
      const json& trial = answer["trials"][0];
      open_.push_back({trial["id"], trial["parameters"]});
      ++begun_;
      return;
    }
    Running trial = open_.front();
    open_.pop_front();
    if (answer.contains("stop")) {
      ++trial.steps;
      trial.is_over = answer["stop"];
      open_.push_back(trial);
    }
  }

 private:
  struct Running {
    int id;
    json parameters;
    int steps = 0;
    bool is_over = false;

    // Slow ones fall from higher up, to where they end all the same.
    double At(int step) const {
      const double speed = parameters["optimizer"] == "adam" ? 0.3 : 1.5;
      return Loss(parameters) + 2 * std::exp(-speed * step);
    }
  };

  std::size_t trials_;
  std::size_t begun_ = 0;
  std::deque<Running> open_;
};

TEST(SearchSession, TheModelStopsAfterARestartAsItWouldHaveWithoutOne) {
  json config = Config("bayes");
  config["early_terminate"] = {{"type", "model"}, {"min_iter", 1}, {"max_iter", 9}};
  SearchSession steady;
  auto restarted = std::make_unique<SearchSession>();
  Open(steady, config);
  Open(*restarted, config);
  Crew crew(24);
  int asked = 0;
  int stopped = 0;
  int spared = 0;
  for (std::optional<json> request = crew.Next(); request; request = crew.Next()) {
    // Every seventh request meets a session that knows nothing but the state.
    if (++asked % 7 == 0) {
      const json state = Ask(*restarted, {{"op", "state"}})["state"];
      restarted = std::make_unique<SearchSession>();
      const json opened = Ask(*restarted, {{"op", "open"}, {"state", state}});
      ASSERT_TRUE(opened.contains("ok")) << opened;
    }
    const json answer = Ask(steady, *request);
    ASSERT_FALSE(answer.contains("error")) << *request << answer;
    ASSERT_EQ(Ask(*restarted, *request), answer) << "request " << asked << ": " << *request;
    if (answer.contains("stop")) {
      const std::string why = answer["why"].value("text", "");
      stopped += answer["stop"].get<bool>() ? 1 : 0;
      spared += !answer["stop"].get<bool>() && why.find("the model expects") != why.npos ? 1 : 0;
    }
    crew.Take(answer);
  }
  EXPECT_GT(stopped, 5);
  EXPECT_GT(spared, 5) << "nothing was decided by the model";
}

}  // namespace
}  // namespace regatta::app
