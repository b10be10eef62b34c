// PB2 over --stdio: that the session remembers what its population did, whatever order its members
// ask in, and goes on from a state as if nothing had happened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "search_stdio.h"

namespace regatta::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr int kMembers = 8;

json Config(const char* explore = "pb2") {
  return {
      {"method", "random"},
      {"metric", {{"name", "loss"}, {"goal", "minimize"}}},
      {"parameters", {{"lr", {{"min", 0.0}, {"max", 1.0}}}, {"layers", {{"min", 1}, {"max", 4}}}}},
      {"regatta", {{"population", {{"explore", explore}}}}}};
}

json Ask(SearchSession& session, const json& request) {
  return json::parse(session.Answer(request.dump()));
}

json Exploit(SearchSession& session, int id, int interval) {
  return Ask(session, {{"op", "exploit"}, {"id", id}, {"interval", interval}});
}

json State(SearchSession& session) { return Ask(session, {{"op", "state"}})["state"]; }

// A population that trains; losses fall fastest where the learning rate is 0.8.
class Population {
 public:
  explicit Population(SearchSession& session, const json& config = Config()) : session_(session) {
    const json opened = Ask(session_, {{"op", "open"}, {"config", config}, {"seed", 3}});
    EXPECT_TRUE(opened.contains("ok")) << opened;
    const json asked = Ask(session_, {{"op", "ask"}, {"n", kMembers}});
    for (const json& trial : asked["trials"]) parameters_.push_back(trial["parameters"]);
  }

  void Report() {
    for (int id = 0; id < kMembers; ++id) {
      const double miss = (Rate(id) - 0.8) / 0.2;
      losses_[At(id)] *= 1 - 0.3 * std::exp(-miss * miss);
      const json answer = Ask(session_, {{"op", "report"}, {"id", id}, {"value", losses_[At(id)]}});
      ASSERT_TRUE(answer.contains("stop")) << answer;
    }
  }
  // The answers, by member.
  std::vector<json> ExploitAll(int interval) {
    std::vector<json> answers;
    const std::vector<double> checkpoints = losses_;
    for (int id = 0; id < kMembers; ++id) {
      answers.push_back(Exploit(session_, id, interval));
      EXPECT_TRUE(answers.back().contains("parent")) << answers.back();
      if (answers.back()["parent"].is_null()) continue;
      losses_[At(id)] = checkpoints[answers.back()["parent"].get<std::size_t>()];
      parameters_[At(id)] = answers.back()["parameters"];
    }
    return answers;
  }
  double Rate(int id) const { return parameters_[At(id)]["lr"].get<double>(); }
  double best() const { return *std::min_element(losses_.begin(), losses_.end()); }

 private:
  static std::size_t At(int id) { return static_cast<std::size_t>(id); }

  SearchSession& session_;
  std::vector<json> parameters_;
  std::vector<double> losses_ = std::vector<double>(kMembers, 1.0);
};

std::vector<json> Copies(const std::vector<json>& answers) {
  std::vector<json> copies;
  std::copy_if(answers.begin(), answers.end(), std::back_inserter(copies),
               [](const json& answer) { return !answer["parent"].is_null(); });
  return copies;
}

TEST(SearchPb2, LearnsFromEveryMembersIntervals) {
  SearchSession session;
  Population population(session);
  for (int interval = 0; interval < 8; ++interval) {
    population.Report();
    const std::vector<json> copies = Copies(population.ExploitAll(interval));
    ASSERT_EQ(copies.size(), 2U) << "a fifth of eight, rounded up";
    for (const json& copy : copies) {
      EXPECT_THAT(copy["why"]["text"].get<std::string>(),
                  HasSubstr("pb2 chose by " + std::to_string(8 * (interval + 1)) + " intervals"));
    }
    EXPECT_NE(copies[0]["parameters"], copies[1]["parameters"]);
  }
  SearchSession other;
  Population unchanged(other);
  for (int interval = 0; interval < 8; ++interval) unchanged.Report();
  EXPECT_LT(population.best(), 0.9 * unchanged.best());
}

TEST(SearchPb2, KnowsTheIntervalOfMembersThatHaveNotAskedYet) {
  SearchSession session;
  Population population(session);
  population.Report();
  for (int id = kMembers - 1; id >= 0; --id) {
    const json answer = Exploit(session, id, 0);
    if (answer["parent"].is_null()) continue;
    EXPECT_THAT(answer["why"]["text"].get<std::string>(), HasSubstr("by 8 intervals"));
  }
}

TEST(SearchPb2, AskingAgainAnswersTheSameThoughOthersAskedMeanwhile) {
  SearchSession session;
  Population population(session);
  population.Report();
  const std::vector<json> answers = population.ExploitAll(0);
  const json state = State(session);
  for (int id = kMembers - 1; id >= 0; --id) {
    EXPECT_EQ(Exploit(session, id, 0), answers[static_cast<std::size_t>(id)]);
  }
  EXPECT_EQ(State(session), state);
}

TEST(SearchPb2, AStateGoesOnIdentically) {
  SearchSession first;
  Population population(first);
  for (int interval = 0; interval < 3; ++interval) {
    population.Report();
    population.ExploitAll(interval);
  }
  population.Report();
  Exploit(first, 0, 3);
  const json state = State(first);
  SearchSession second;
  ASSERT_TRUE(Ask(second, {{"op", "open"}, {"state", state}}).contains("ok"));
  EXPECT_EQ(State(second), state);
  for (int id = 0; id < kMembers; ++id) EXPECT_EQ(Exploit(first, id, 3), Exploit(second, id, 3));
}

TEST(SearchPb2, WhoEndsNoLongerCountsButAFailureDoes) {
  const auto count = [](const char* ending) {
    SearchSession session;
    Population population(session);
    for (int interval = 0; interval < 2; ++interval) {
      population.Report();
      population.ExploitAll(interval);
    }
    EXPECT_TRUE(Ask(session, {{"op", "tell"}, {"id", 2}, {"state", ending}}).contains("ok"));
    std::vector<std::string> texts;
    for (int id = 0; id < kMembers; ++id) {
      if (id == 2) continue;
      Ask(session, {{"op", "report"}, {"id", id}, {"value", id}});
    }
    for (int id = 0; id < kMembers; ++id) {
      const json answer = Exploit(session, id, 2);
      if (answer.contains("parent") && !answer["parent"].is_null()) {
        texts.push_back(answer["why"]["text"].get<std::string>());
      }
    }
    return texts;
  };
  EXPECT_THAT(count("lost"), testing::Each(HasSubstr("by 23 intervals")));
  EXPECT_THAT(count("failed"), testing::Each(HasSubstr("by 24 intervals")));
}

TEST(SearchPb2, ATamperedStepIsRefused) {
  SearchSession session;
  Population population(session);
  population.Report();
  population.ExploitAll(0);
  const json state = State(session);
  std::size_t copied = 0;
  std::size_t stayed = 0;
  for (std::size_t i = 0; i < state["log"].size(); ++i) {
    if (state["log"][i]["op"] == "exploit") {
      (state["log"][i].contains("parent") ? copied : stayed) = i;
    }
  }
  ASSERT_GT(copied, 0U);
  ASSERT_GT(stayed, 0U);
  const auto message = [&](const json& tampered) {
    const json answer = Ask(session, {{"op", "open"}, {"state", tampered}});
    return answer.contains("error") ? answer["error"]["message"].get<std::string>() : "no error";
  };
  json other = state;
  other["log"][copied]["parent"] = 99;
  EXPECT_THAT(message(other), HasSubstr("the parent 99"));
  other = state;
  other["log"][copied].erase("parent");
  EXPECT_THAT(message(other), HasSubstr("changes its parameters without a parent"));
  other = state;
  other["log"][stayed].erase("why");
  EXPECT_THAT(message(other), HasSubstr("has no \"why\""));
  other = state;
  other["log"][stayed]["interval"] = -1;
  EXPECT_THAT(message(other), HasSubstr("\"interval\" is no number from 0"));
  EXPECT_EQ(State(session), state);
}

}  // namespace
}  // namespace regatta::app
