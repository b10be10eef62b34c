// Suggestions made ahead of time are those that the sampler would have made on the spot, whatever
// the background does when. The background is a list of work that the test runs piece by piece.
#include "prepared_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "regatta/base/rng.h"
#include "regatta/base/thread_pool.h"
#include "regatta/sweeps/space_point_source.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {
namespace {

using search::Suggestion;
using search::Trial;
using search::TrialId;
using search::TrialState;
using ::testing::HasSubstr;
using ::testing::Not;

// Work in the background, done when the test says so.
class Workshop {
 public:
  Background background() {
    return {.post = [this](std::function<void()> work) { work_.push_back(std::move(work)); },
            .warm = std::make_shared<WarmSearches>(1)};
  }
  bool DoOne() {
    if (work_.empty()) {
      return false;
    }
    const std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    work();
    return true;
  }
  void DoAll() {
    while (DoOne()) {
    }
  }

 private:
  std::deque<std::function<void()>> work_;
};

search::SearchSpace Space() {
  const Result<ParsedSweep> parsed = ParseSweepConfig(R"(
method: bayes
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}, kind: {values: [a, b, c]}}
)");
  return ParameterSpace::Build(parsed->config)->search_space();
}

std::unique_ptr<search::Sampler> Bayes(const search::SearchSpace& space) {
  return *search::MakeSampler("bayes", space, {.seed = 7, .settings = {{"particles", 2}}});
}

double Loss(const search::Point& point) {
  const double x = search::AsNumber(*point[0]) - 0.3;
  const double y = search::AsNumber(*point[1]) - 0.6;
  return x * x + y * y + 0.1 * search::AsNumber(*point[2]);
}

class PreparedSearchTest : public testing::Test {
 protected:
  // Both samplers hear the same; the direct one at once.
  void Tell(Trial trial) {
    (void)direct_->Tell(trial);
    prepared_.Tell(std::move(trial));
  }
  void Finish(TrialId id) {
    Tell({.id = id,
          .values = points_.at(id),
          .state = TrialState::kFinished,
          .objectives = {Loss(points_.at(id))}});
  }
  void Start(TrialId id, const search::Point& values) {
    points_[id] = values;
    Tell({.id = id, .values = values});
  }

  const search::SearchSpace space_ = Space();
  Workshop workshop_;
  std::unique_ptr<search::Sampler> direct_ = Bayes(space_);
  PreparedSearch prepared_{Bayes(space_), workshop_.background()};
  std::map<TrialId, search::Point> points_;
};

TEST_F(PreparedSearchTest, AnswersWhatTheSamplerWouldHaveAnswered) {
  Rng rng(11);
  std::vector<TrialId> open;
  std::size_t in_time = 0;
  for (TrialId id = 0; id < 60; ++id) {
    prepared_.Prepare(id, 1, 3);
    for (std::uint64_t pieces = rng.Below(6); pieces > 0; --pieces) {
      workshop_.DoOne();
    }
    const std::vector<Suggestion> expected = *direct_->Suggest(id, 1);
    const Result<std::optional<Suggestion>> taken = prepared_.Take(id);
    if (taken) {
      ++in_time;
      ASSERT_TRUE(*taken);
      ASSERT_EQ((**taken).values, expected.front().values) << "trial " << id;
      Start(id, (**taken).values);
    } else {
      ASSERT_EQ(taken.error().code, ErrorCode::kUnavailable);
      Rng draw(100 + id);
      Start(id, space_.At({draw.Uniform(), draw.Uniform(), draw.Uniform()}));
    }
    open.push_back(id);
    if (open.size() > 4 || rng.Below(2) == 0) {
      const std::size_t which = rng.Below(open.size());
      Finish(open[which]);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
    }
    if (rng.Below(10) == 0 && !open.empty()) {
      direct_->Forget(open.back());
      prepared_.Forget(open.back());
      open.pop_back();
    }
  }
  EXPECT_GT(in_time, 10U);
  EXPECT_LT(in_time, 60U) << "the test met no answer that was late";
}

// Says what it was asked to do.
class SpySampler : public search::Sampler {
 public:
  explicit SpySampler(std::vector<std::string>& log, std::string name)
      : log_(&log), name_(std::move(name)) {}
  Result<void> Tell(const Trial&) override { return Ok(); }
  void Forget(TrialId) override {}
  void Release() override { log_->push_back(name_ + " released"); }
  Result<std::vector<Suggestion>> Suggest(TrialId, std::size_t) override {
    log_->push_back(name_ + " suggests");
    return std::vector<Suggestion>(1);
  }

 private:
  std::vector<std::string>* log_;
  std::string name_;
};

TEST_F(PreparedSearchTest, OnlyTheSearchUsedLastKeepsItsMemory) {
  std::vector<std::string> log;
  const Background background = workshop_.background();
  PreparedSearch first(std::make_unique<SpySampler>(log, "first"), background);
  PreparedSearch second(std::make_unique<SpySampler>(log, "second"), background);
  first.Prepare(0, 1, 1);
  workshop_.DoAll();
  second.Prepare(0, 1, 1);
  workshop_.DoAll();
  EXPECT_THAT(log, testing::ElementsAre("first suggests", "second suggests", "first released"));
}

TEST_F(PreparedSearchTest, AnswersTheSameFromRealThreads) {
  ThreadPool pool(3);
  const Background background{
      .post = [&](std::function<void()> work) { pool.Post(std::move(work)); },
      .warm = std::make_shared<WarmSearches>(1)};
  PreparedSearch other(Bayes(space_), background);  // the two keep cooling each other
  PreparedSearch threaded(Bayes(space_), background);
  std::optional<TrialId> open;
  for (TrialId id = 0; id < 25; ++id) {
    other.Prepare(id, 1, 1);
    threaded.Prepare(id, 1, 2);
    if (id % 3 == 0) {
      (void)threaded.TakeOlder();  // at whatever moment
    }
    ASSERT_TRUE(threaded.readiness()->Await(std::chrono::seconds(60)));
    const Result<std::optional<Suggestion>> taken = threaded.Take(id);
    ASSERT_TRUE(taken && *taken);
    ASSERT_EQ((**taken).values, direct_->Suggest(id, 1)->front().values) << "trial " << id;
    const auto tell = [&](const Trial& trial) {
      (void)direct_->Tell(trial);
      threaded.Tell(trial);
      other.Tell(trial);
    };
    tell({.id = id, .values = (**taken).values});
    points_[id] = (**taken).values;
    if (open) {
      tell({.id = *open,
            .values = points_[*open],
            .state = TrialState::kFinished,
            .objectives = {Loss(points_[*open])}});
    }
    open = id;
  }
}

TEST_F(PreparedSearchTest, GivesASuggestionOnce) {
  prepared_.Prepare(0, 1, 2);
  workshop_.DoAll();
  const auto first = prepared_.Take(0);
  ASSERT_TRUE(first && *first);
  EXPECT_FALSE(prepared_.Take(0));
  Start(0, (**first).values);
  const auto second = prepared_.Take(1);
  ASSERT_TRUE(second && *second) << "what was taken is news to nobody";
  EXPECT_NE((**second).values, (**first).values);
  EXPECT_FALSE(prepared_.TakeOlder());
}

TEST_F(PreparedSearchTest, WhatWasMadeBeforeAResultIsOlderThanIt) {
  prepared_.Prepare(0, 1, 2);
  workshop_.DoAll();
  Start(0, (**prepared_.Take(0)).values);
  Finish(0);
  EXPECT_EQ(prepared_.Take(1).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(prepared_.TakeOlder());
  EXPECT_FALSE(prepared_.TakeOlder());
  workshop_.DoAll();
  EXPECT_TRUE(prepared_.Take(1));
}

TEST_F(PreparedSearchTest, ComputesNothingThatNobodyWants) {
  prepared_.Prepare(0, 1, 0);
  EXPECT_FALSE(workshop_.DoOne());
  EXPECT_TRUE(prepared_.readiness()->Await(Duration{0}));
  prepared_.Prepare(0, 1, 1);
  EXPECT_FALSE(prepared_.readiness()->Await(Duration{0}));
  workshop_.DoAll();
  EXPECT_TRUE(prepared_.readiness()->Await(Duration{0}));
}

TEST_F(PreparedSearchTest, OutlivesItsOwnerInTheBackground) {
  Workshop workshop;
  auto prepared = std::make_unique<PreparedSearch>(Bayes(space_), workshop.background());
  prepared->Prepare(0, 1, 3);
  const std::shared_ptr<Readiness> readiness = prepared->readiness();
  prepared.reset();
  workshop.DoAll();
  EXPECT_TRUE(readiness->Await(Duration{0})) << "nobody waits for what nobody owns";
}

TEST_F(PreparedSearchTest, SaysWhenTheSpaceIsUsedUp) {
  const Result<ParsedSweep> parsed =
      ParseSweepConfig("method: bayes\nmetric: {name: loss}\nparameters: {x: {values: [1, 2]}}\n");
  const search::SearchSpace space = ParameterSpace::Build(parsed->config)->search_space();
  PreparedSearch prepared(Bayes(space), workshop_.background());
  prepared.Prepare(0, 1, 3);
  workshop_.DoAll();
  for (TrialId id = 0; id < 2; ++id) {
    const auto taken = prepared.Take(id);
    ASSERT_TRUE(taken && *taken);
    prepared.Tell({.id = id, .values = (**taken).values});
  }
  for (int times = 0; times < 2; ++times) {
    const auto end = prepared.Take(2);
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
  }
}

// --- as a source of points -----------------------------------------------------------------------

class PreparedSourceTest : public testing::Test {
 protected:
  static SweepConfig Config() {
    return ParseSweepConfig(R"(
method: bayes
metric: {name: loss, goal: minimize}
parameters: {x: {min: 0.0, max: 1.0}, lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}}
)")
        ->config;
  }
  // One finished trial after the other; `before` is called before each is asked for.
  static std::vector<std::string> Search(PointSource& source, FunctionRef<void()> before) {
    std::vector<std::string> points;
    for (std::uint32_t group = 0; group < 14; ++group) {
      source.Prepare(group, 1, 3);
      before();
      const auto proposed = source.Propose(group, group);
      EXPECT_TRUE(proposed && *proposed);
      points.push_back((*proposed)->args_json);
      PointRecord point{.index = group, .group = group, .args_json = points.back()};
      AttemptRecord attempt{.state = AttemptState::kFinished, .best = 1.0 / (group + 1)};
      TrialView view{.group = group, .first = &point};
      source.Tell(view);
      view.state = TrialView::State::kRunning;
      source.Tell(view);
      view.state = TrialView::State::kFinished;
      view.attempts = {&attempt};
      source.Tell(view);
    }
    return points;
  }
};

TEST_F(PreparedSourceTest, ProposesTheSamePointsWithABackgroundAsWithoutOne) {
  Workshop workshop;
  const auto prepared = *MakePointSource(Config(), 3, workshop.background());
  const auto direct = *MakePointSource(Config(), 3);
  EXPECT_EQ(Search(*prepared, [&] { workshop.DoAll(); }), Search(*direct, [] {}));
}

TEST_F(PreparedSourceTest, DrawsAPointAndSaysSoWhenTheModelIsLate) {
  Workshop workshop;
  const auto source = *MakePointSource(Config(), 3, workshop.background());
  source->Prepare(0, 1, 3);
  const auto late = source->Propose(0, 0);
  ASSERT_TRUE(late && *late);
  EXPECT_THAT((*late)->why, HasSubstr("the model was still taking in"));
  workshop.DoAll();
  source->Prepare(1, 1, 3);
  PointRecord point{.args_json = (*late)->args_json};
  source->Tell({.group = 0, .first = &point});
  const auto older = source->Propose(1, 1);
  ASSERT_TRUE(older && *older);
  EXPECT_THAT((*older)->why, HasSubstr("before the newest result"));
  workshop.DoAll();
  const auto in_time = source->Propose(1, 1);
  ASSERT_TRUE(in_time && *in_time);
  EXPECT_THAT((*in_time)->why, Not(HasSubstr("newest")));
}

TEST_F(PreparedSourceTest, HasNoPointForNowWhereADrawWouldRepeatOne) {
  Workshop workshop;
  const SweepConfig config =
      ParseSweepConfig("method: bayes\nmetric: {name: loss}\nparameters: {x: {values: [5]}}\n")
          ->config;
  const auto source = *MakePointSource(config, 3, workshop.background());
  source->Prepare(0, 1, 3);
  const auto first = source->Propose(0, 0);
  ASSERT_TRUE(first && *first);
  PointRecord point{.args_json = (*first)->args_json};
  source->Tell({.group = 0, .first = &point});
  EXPECT_EQ(source->Propose(1, 1).error().code, ErrorCode::kUnavailable);
  source->Prepare(1, 1, 3);
  workshop.DoAll();
  const auto end = source->Propose(1, 1);
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST(PreparedSearch, PublishesWhatIsExpectedOfTrialsOnceItHasTakenThemIn) {
  const search::SearchSpace space = Space();
  const auto bayes = [&space] {
    return *search::MakeSampler(
        "bayes", space,
        {.seed = 7, .fidelity = search::Fidelity{1, 9, 3}, .settings = {{"particles", 2}}});
  };
  const auto direct = bayes();
  Workshop workshop;
  PreparedSearch prepared(bayes(), workshop.background(), true);
  EXPECT_EQ(prepared.Expected(), nullptr);
  Rng rng(5);
  for (TrialId id = 0; id < 8; ++id) {
    Trial trial{.id = id,
                .values = direct->Suggest(id, 1)->front().values,
                .state = TrialState::kFinished,
                .observations = {{1, 2.0}, {9, 1.0}},
                .objectives = {rng.Uniform()}};
    (void)direct->Tell(trial);
    prepared.Tell(std::move(trial));
  }
  EXPECT_EQ(prepared.Expected(), nullptr) << "the background has not worked yet";
  workshop.DoAll();
  const auto expected = prepared.Expected();
  ASSERT_NE(expected, nullptr);
  const std::vector<search::ExpectedEnd> ends = direct->ExpectedEnds();
  ASSERT_EQ(expected->size(), 8U);
  ASSERT_EQ(ends.size(), 8U);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    EXPECT_EQ((*expected)[i].trial, ends[i].trial);
    EXPECT_EQ((*expected)[i].value, ends[i].value);
  }
  workshop.DoAll();
  EXPECT_EQ(prepared.Expected(), expected) << "nothing was told since";
}

// Proposals after trials of which half were stopped at their third value.
std::vector<std::string> AfterShortRuns(const std::string& early_terminate, double last_value) {
  const auto source = *MakePointSource(
      ParseSweepConfig("method: bayes\nmetric: {name: loss}\n" + early_terminate +
                       "parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}\n")
          ->config,
      3);
  std::vector<std::string> points;
  for (std::uint32_t group = 0; group < 12; ++group) {
    const auto proposed = source->Propose(group, group);
    EXPECT_TRUE(proposed && *proposed);
    points.push_back((*proposed)->args_json);
    PointRecord point{.index = group, .group = group, .args_json = points.back()};
    AttemptRecord attempt{.state = AttemptState::kStoppedEarly, .best = 0.5 + 0.1 * (group % 3)};
    std::vector<MetricValue> history = {{5, 3.0}, {9, 1.0 + 0.1 * group}};
    if (group % 2 == 0) {
      attempt.state = AttemptState::kFinished;
      for (int i = 0; i < 25; ++i) {
        history.push_back({100 + i, *attempt.best + last_value});
      }
    }
    TrialView view{.group = group,
                   .first = &point,
                   .state = TrialView::State::kFinished,
                   .attempts = {&attempt},
                   .history = &history};
    source->Tell(view);
  }
  return points;
}

TEST(SpacePointSource, HandsCurvesOverWhereRunsAreStoppedEarly) {
  const std::string asha = "early_terminate: {type: asha, min_iter: 1, max_iter: 27}\n";
  EXPECT_NE(AfterShortRuns(asha, 0.0), AfterShortRuns(asha, 2.0));
  EXPECT_EQ(AfterShortRuns("", 0.0), AfterShortRuns("", 2.0));
}

}  // namespace
}  // namespace regatta::sweeps
