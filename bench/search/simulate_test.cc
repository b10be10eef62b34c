#include "simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace regatta::bench {
namespace {

using search::Point;
using search::Suggestion;
using search::Trial;
using search::TrialId;
using search::TrialState;
using testing::ElementsAre;
using testing::ElementsAreArray;

// One parameter from 0 to 9; the value is the parameter, 5 crashes.
Task Line(double noise) {
  std::vector<search::Parameter> parameters;
  parameters.push_back({"x", *search::Distribution::IntUniform(0, 9), {}, {}});
  Task task{"line", *search::SearchSpace::Create(std::move(parameters)), {}, 0, 10, noise, false,
            {}};
  task.value = [](const Point& point) {
    const double x = search::AsNumber(*point[0]);
    return x == 5 ? std::numeric_limits<double>::infinity() : x;
  };
  return task;
}

// Proposes 9, 8, 7, ... and notes what it is told.
class Countdown : public search::Sampler {
 public:
  explicit Countdown(std::size_t points = 100) : points_(points) {}

  Result<void> Tell(const Trial& trial) override {
    if (trial.state == TrialState::kRunning) {
      most_open_ = std::max(most_open_, ++open_);
    } else {
      --open_;
      failed_ += trial.state == TrialState::kFailed ? 1 : 0;
    }
    return Ok();
  }
  void Forget(TrialId) override {}
  Result<std::vector<Suggestion>> Suggest(TrialId first, std::size_t count) override {
    asked_.push_back(count);
    std::vector<Suggestion> suggestions;
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::int64_t>(first) + static_cast<std::int64_t>(i);
      if (static_cast<std::size_t>(id) < points_) {
        Suggestion suggestion;
        suggestion.values = {std::max<std::int64_t>(9 - id, 0)};
        suggestions.push_back(std::move(suggestion));
      }
    }
    return suggestions;
  }

  int open_ = 0;
  int most_open_ = 0;
  int failed_ = 0;
  std::vector<std::size_t> asked_;

 private:
  std::size_t points_;
};

TEST(Simulate, OneByOneScoresTheTrialThatLooksBest) {
  const Task task = Line(0);
  Session session(task, 1);
  Countdown sampler;
  Schedule schedule;
  schedule.trials = 6;
  const auto ended = Simulate(sampler, schedule, 1, session);
  ASSERT_TRUE(ended);
  EXPECT_THAT(*ended, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(session.regrets(), ElementsAre(.9, .8, .7, .6, .6, .4));  // the fifth one crashed
  EXPECT_EQ(sampler.failed_, 1);
  EXPECT_EQ(sampler.most_open_, 1);
}

TEST(Simulate, RoundsAreAskedForAtOnceAndTheLastOneIsCut) {
  const Task task = Line(0);
  Session session(task, 1);
  Countdown sampler;
  Schedule schedule;
  schedule.trials = 10;
  schedule.batch = 4;
  ASSERT_TRUE(Simulate(sampler, schedule, 1, session));
  EXPECT_THAT(sampler.asked_, ElementsAre(4, 4, 2));
  EXPECT_EQ(sampler.most_open_, 4);
  EXPECT_EQ(session.regrets().size(), 10U);
}

TEST(Simulate, WorkersAreAlwaysBusyAndEndInAnotherOrder) {
  const Task task = Line(0);
  Schedule schedule;
  schedule.trials = 50;
  schedule.workers = 8;
  Session session(task, 1);
  Countdown sampler;
  const auto ended = Simulate(sampler, schedule, 1, session);
  ASSERT_TRUE(ended);
  EXPECT_EQ(sampler.most_open_, 8);
  EXPECT_EQ(sampler.open_, 0);
  EXPECT_FALSE(std::is_sorted(ended->begin(), ended->end()));
  std::vector<TrialId> sorted = *ended;
  std::sort(sorted.begin(), sorted.end());
  std::vector<TrialId> all(50);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);

  Session again(task, 1);
  Countdown second;
  EXPECT_THAT(*Simulate(second, schedule, 1, again), ElementsAreArray(*ended));
  Session other(task, 2);
  Countdown third;
  EXPECT_NE(*Simulate(third, schedule, 2, other), *ended);
}

TEST(Simulate, WithoutSpreadWorkersEndInTheOrderOfTheirStart) {
  const Task task = Line(0);
  Schedule schedule;
  schedule.trials = 12;
  schedule.workers = 5;
  schedule.spread = 0;
  Session session(task, 1);
  Countdown sampler;
  const auto ended = Simulate(sampler, schedule, 1, session);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(std::is_sorted(ended->begin(), ended->end()));
}

TEST(Simulate, EndsWhenTheSpaceIsUsedUp) {
  const Task task = Line(0);
  for (const std::size_t workers : {std::size_t{1}, std::size_t{3}}) {
    Schedule schedule;
    schedule.workers = workers;
    Session session(task, 1);
    Countdown sampler(7);
    EXPECT_EQ(Simulate(sampler, schedule, 1, session)->size(), 7U);
  }
}

TEST(Session, ScoresTheTruthOfWhatTheNoiseMadeLookBest) {
  const Task task = Line(3);
  int fooled = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Session session(task, seed);
    double best_seen = std::numeric_limits<double>::infinity();
    double truth = 0;
    for (std::int64_t x = 0; x < 5; ++x) {
      const double seen = session.Observe({x});
      if (seen < best_seen) {
        best_seen = seen;
        truth = static_cast<double>(x);
      }
      EXPECT_DOUBLE_EQ(session.regrets().back(), truth / 10);
    }
    fooled += truth > 0 ? 1 : 0;
  }
  EXPECT_GT(fooled, 5);
}

TEST(Session, NoiseOfATrialIsTheSameForEveryMethod) {
  const Task task = Line(1);
  Session one(task, 3);
  Session other(task, 3);
  for (int i = 0; i < 10; ++i) {
    const std::int64_t x = i % 5;
    EXPECT_NEAR(one.Observe({x}) - static_cast<double>(x), other.Observe({std::int64_t{0}}), 1e-12);
  }
}

}  // namespace
}  // namespace regatta::bench
