// Learning curves as samplers see them, and what every sampler promises when trials have them.
#include "regatta/search/fidelity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<Observation> Curve(std::initializer_list<double> values) {
  std::vector<Observation> curve;
  for (const double value : values) {
    curve.push_back({static_cast<std::int64_t>(curve.size()) + 1, value});
  }
  return curve;
}

std::vector<std::pair<std::int64_t, double>> Pairs(const std::vector<Observation>& curve) {
  std::vector<std::pair<std::int64_t, double>> pairs;
  for (const Observation& observation : curve) {
    pairs.emplace_back(observation.step, observation.value);
  }
  return pairs;
}

using Pair = std::pair<std::int64_t, double>;

TEST(AtRungs, EndsSoonForAnEtaHardlyAboveOne) {
  const Fidelity fidelity{.min = 1, .max = std::nullopt, .eta = 1.0000000000000002};
  const std::vector<Observation> curve = {{1, 3.0}, {1'000'000'000, 2.0}, {2'000'000'000, 1.0}};
  EXPECT_EQ(AtRungs(fidelity, false, curve).back().step, 2'000'000'000);
  EXPECT_GT(RungAbove(fidelity, 2'000'000'000), 2e9);
  EXPECT_LE(RungAbove(fidelity, 2'000'000'000), 2.3e9);
}

TEST(AtRungs, KeepsTheBestSoFarAtEachRungAndAtTheEnd) {
  const Fidelity fidelity{1, 27, 3};
  const auto curve = Curve({5, 4, 6, 3, 9});
  EXPECT_EQ(Pairs(AtRungs(fidelity, false, curve)), (std::vector<Pair>{{1, 5}, {3, 4}, {5, 3}}));
  EXPECT_EQ(Pairs(AtRungs(fidelity, true, curve)), (std::vector<Pair>{{1, 5}, {3, 6}, {5, 9}}));
  EXPECT_TRUE(AtRungs(fidelity, false, {}).empty());
}

TEST(AtRungs, PassesOverWhatIsNotFiniteOrComesTwice) {
  const Fidelity fidelity{1, 27, 3};
  EXPECT_TRUE(AtRungs(fidelity, false, Curve({kNan, kNan})).empty());
  const std::vector<Observation> odd = {{2, kNan}, {3, 1}, {3, 0}, {1, -5}, {4, 2}};
  EXPECT_EQ(Pairs(AtRungs(fidelity, false, odd)), (std::vector<Pair>{{3, 1}, {4, 1}}));
}

TEST(AtRungs, StartsAtTheFirstRungButKeepsAShorterCurve) {
  const Fidelity fidelity{4, {}, 2};
  EXPECT_EQ(Pairs(AtRungs(fidelity, false, Curve({3, 2}))), (std::vector<Pair>{{2, 2}}));
  EXPECT_EQ(Pairs(AtRungs(fidelity, false, Curve({9, 8, 7, 6, 5}))),
            (std::vector<Pair>{{4, 6}, {5, 5}}));
}

TEST(AtRungs, IsBoundedForLongCurves) {
  std::vector<Observation> curve;
  for (std::int64_t step = 1; step <= 100'000; ++step) {
    curve.push_back({step, -static_cast<double>(step)});
  }
  const auto rungs = AtRungs({1, {}, 1.1}, false, curve);
  ASSERT_EQ(rungs.size(), kRungsMax);
  EXPECT_EQ(rungs.front().step, 1);
  EXPECT_EQ(rungs.back().step, 100'000);
}

SearchSpace Two() {
  return Space({Named("a", Distribution::Uniform(0, 1)), Named("b", Distribution::Uniform(0, 1)),
                Named("c", Distribution::Categorical(2))});
}

SamplerOptions WithCurves(std::uint64_t seed) {
  SamplerOptions options;
  options.seed = seed;
  options.fidelity = Fidelity{1, 27, 3};
  return options;
}

double Number(const Point& point, std::size_t i) { return AsNumber(*point[i]); }

// What the trial would log at `step`.
double ValueAt(const Point& point, std::int64_t step) {
  const double a = Number(point, 0) - 0.3;
  const double b = Number(point, 1) - 0.7;
  const double speed = 0.4 + 0.6 * Number(point, 1);
  return a * a + b * b + 0.2 * Number(point, 2) + std::pow(static_cast<double>(step), -speed);
}

// Trial `id` at the suggested point, trained up to `steps`; its curve has a hole now and then.
Trial Trained(TrialId id, const Point& point, std::int64_t steps, TrialState state) {
  Trial trial;
  trial.id = id;
  trial.values = point;
  trial.state = state;
  for (std::int64_t step = 1; step <= steps; ++step) {
    const bool is_hole = id % 5 == 2 && step % 4 == 2;
    trial.observations.push_back({step, is_hole ? kNan : ValueAt(point, step)});
  }
  if (state == TrialState::kFinished) {
    trial.objectives = {ValueAt(point, steps)};
  }
  return trial;
}

constexpr std::int64_t kLengths[] = {1, 3, 27, 1, 9, 2, 0};

class CurveContract : public testing::TestWithParam<std::string> {};

TEST_P(CurveContract, IsTheSameAfterARestart) {
  auto live = Must(MakeSampler(GetParam(), Two(), WithCurves(3)));
  std::vector<Trial> settled;
  std::vector<Trial> open;
  for (TrialId id = 0; id < 42; ++id) {
    const auto suggested = Must(live->Suggest(id, 1));
    ASSERT_EQ(suggested.size(), 1U);
    Trial trial = Trained(id, suggested[0].values, 0, TrialState::kPending);
    ASSERT_TRUE(live->Tell(trial));
    // It grows step by step, is sometimes left open, and sometimes gone.
    const std::int64_t length = kLengths[id % std::size(kLengths)];
    for (std::int64_t step = 1; step <= length; step += 2) {
      ASSERT_TRUE(live->Tell(Trained(id, trial.values, step, TrialState::kRunning)));
      if (step % 3 == 1) {
        live->Refresh();
      }
    }
    const TrialState state = id % 6 == 4    ? TrialState::kRunning
                             : id % 11 == 7 ? TrialState::kLost
                             : id % 13 == 5 ? TrialState::kFailed
                                            : TrialState::kFinished;
    trial = Trained(id, trial.values, length, state);
    ASSERT_TRUE(live->Tell(trial));
    (state == TrialState::kRunning ? open : settled).push_back(trial);
    if (id % 4 != 3) {
      continue;
    }
    auto rebuilt = Must(MakeSampler(GetParam(), Two(), WithCurves(3)));
    for (const Trial& other : settled) {
      ASSERT_TRUE(rebuilt->Tell(other));
    }
    for (std::size_t i = open.size(); i-- > 0;) {
      ASSERT_TRUE(rebuilt->Tell(open[i]));
    }
    const auto left = Must(live->Suggest(id + 1, 2));
    const auto right = Must(rebuilt->Suggest(id + 1, 2));
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].values, right[i].values) << "after trial " << id;
      EXPECT_EQ(left[i].why.predicted_value, right[i].why.predicted_value);
    }
  }
}

TEST_P(CurveContract, LivesWithOddCurves) {
  const std::vector<std::vector<Observation>> curves = {
      {},
      {{1, kNan}},
      {{1, 1e308}, {2, -1e308}, {3, 0}},
      {{0, 1}, {-5, 2}},
      {{std::numeric_limits<std::int64_t>::max(), 1}},
      {{1, std::numeric_limits<double>::infinity()}, {9, 0.5}},
      {{1, 1}, {3, 1}, {9, 1}},
  };
  const SearchSpace space = Two();
  auto sampler = Must(MakeSampler(GetParam(), space, WithCurves(4)));
  for (TrialId id = 0; id < 21; ++id) {
    const auto suggested = Must(sampler->Suggest(id, 1));
    ASSERT_EQ(suggested.size(), 1U);
    ASSERT_TRUE(space.Normalize(suggested[0].values));
    Trial trial;
    trial.id = id;
    trial.values = suggested[0].values;
    trial.observations = curves[id % curves.size()];
    trial.state = id % 4 == 3 ? TrialState::kRunning : TrialState::kFinished;
    trial.objectives = {id % 8 == 2 ? 1e308 : 1.0};
    ASSERT_TRUE(sampler->Tell(trial));
  }
}

TEST_P(CurveContract, ForgetsCurvesToo) {
  auto sampler = Must(MakeSampler(GetParam(), Two(), WithCurves(5)));
  auto never = Must(MakeSampler(GetParam(), Two(), WithCurves(5)));
  for (TrialId id = 0; id < 9; ++id) {
    const Point point = Must(never->Suggest(id, 1))[0].values;
    const Trial trial = Trained(id, point, kLengths[id % 5], TrialState::kFinished);
    ASSERT_TRUE(sampler->Tell(trial));
    ASSERT_TRUE(never->Tell(trial));
  }
  const Point point = Must(never->Suggest(20, 1))[0].values;
  ASSERT_TRUE(sampler->Tell(Trained(20, point, 3, TrialState::kRunning)));
  sampler->Refresh();
  sampler->Forget(20);
  EXPECT_EQ(Must(sampler->Suggest(9, 1))[0].values, Must(never->Suggest(9, 1))[0].values);
}

INSTANTIATE_TEST_SUITE_P(Every, CurveContract, testing::Values("bayes", "tpe", "random", "sobol"),
                         [](const auto& info) { return info.param; });

// Without a full length the longest trial says where the end is. One that tells neither constraint
// nor cost moves it for all others, of which nothing else has changed.
TEST(BayesSampler, IsTheSameAfterARestartWhereALongerTrialMovesTheEnd) {
  SamplerOptions options = WithCurves(3);
  options.fidelity->max.reset();
  options.constraints = {{std::nullopt, 1.5}};
  options.cost_aware = true;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    options.seed = seed;
    auto live = Must(MakeSampler("bayes", Two(), options));
    std::vector<Trial> told;
    for (TrialId id = 0; id < 20; ++id) {
      const Point point = Must(live->Suggest(id, 1)).at(0).values;
      const bool is_longer = id == 15 || id == 18;
      const bool failed = id < 14 && id % 2 == 1;
      Trial trial = Trained(id, point, is_longer ? static_cast<std::int64_t>(id) : 1,
                            failed ? TrialState::kFailed : TrialState::kFinished);
      if (!is_longer && !failed) {
        trial.constraints = {2 - Number(point, 0)};
        trial.cost = 1 + Number(point, 1);
      }
      ASSERT_TRUE(live->Tell(trial));
      told.push_back(trial);
    }
    auto rebuilt = Must(MakeSampler("bayes", Two(), options));
    for (const Trial& trial : told) {
      ASSERT_TRUE(rebuilt->Tell(trial));
    }
    const auto left = Must(live->Suggest(20, 3));
    const auto right = Must(rebuilt->Suggest(20, 3));
    for (std::size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].values, right[i].values) << "seed " << seed;
    }
  }
}

TEST(BayesSampler, TakesRungsThatAreTooCloseForTheClosestThereAre) {
  const auto after = [](double eta) {
    SamplerOptions options = WithCurves(3);
    options.fidelity->eta = eta;
    auto sampler = Must(MakeSampler("bayes", Two(), options));
    for (TrialId id = 0; id < 12; ++id) {
      const Point point = Must(sampler->Suggest(id, 1)).at(0).values;
      const std::int64_t length = kLengths[id % 6];
      EXPECT_TRUE(sampler->Tell(Trained(id, point, length, TrialState::kFinished)));
    }
    return Must(sampler->Suggest(12, 1)).at(0);
  };
  const Suggestion closest = after(kEtaMin);
  for (const double eta : {1.0, 1.01, 0.5, 0.0}) {
    const Suggestion suggestion = after(eta);
    EXPECT_EQ(suggestion.values, closest.values) << eta;
    EXPECT_EQ(suggestion.why.predicted_value, closest.why.predicted_value) << eta;
  }
}

TEST(BayesSampler, CurvesOfFullLengthOnlyStillCountAsResults) {
  auto sampler = Must(MakeSampler("bayes", Two(), WithCurves(6)));
  for (TrialId id = 0; id < 16; ++id) {
    const Point point = Must(sampler->Suggest(id, 1))[0].values;
    ASSERT_TRUE(sampler->Tell(Trained(id, point, 27, TrialState::kFinished)));
  }
  const auto next = Must(sampler->Suggest(16, 1));
  ASSERT_TRUE(next[0].why.predicted_value.has_value());
  EXPECT_NEAR(*next[0].why.predicted_value, ValueAt(next[0].values, 27), 0.15);
}

// A model that took the last values of short trials for final ones would expect of full training
// what they had after one step, 1 more than there is to be had.
TEST(BayesSampler, ExtrapolatesShortTrialsToFullLength) {
  auto sampler = Must(MakeSampler("bayes", Two(), WithCurves(7)));
  double worst_error = 0;
  double mean_error = 0;
  double best = 1;
  for (TrialId id = 0; id < 40; ++id) {
    const auto next = Must(sampler->Suggest(id, 1));
    const double final_value = ValueAt(next[0].values, 27);
    best = std::min(best, final_value);
    if (id >= 20) {
      ASSERT_TRUE(next[0].why.predicted_value.has_value());
      const double error = std::abs(*next[0].why.predicted_value - final_value);
      worst_error = std::max(worst_error, error);
      mean_error += error / 20;
    }
    const std::int64_t length = id % 5 == 0 ? 27 : 1;
    ASSERT_TRUE(sampler->Tell(Trained(id, next[0].values, length, TrialState::kFinished)));
  }
  EXPECT_LT(worst_error, 0.5) << "also where it explores";
  EXPECT_LT(mean_error, 0.1);
  EXPECT_LT(best, 0.075) << "0.063 is the optimum";
}

TEST(BayesSampler, SaysWhatItExpectsOfAllTrialsAtFullLength) {
  for (const Goal goal : {Goal::kMinimize, Goal::kMaximize}) {
    const double sign = goal == Goal::kMaximize ? -1 : 1;
    SamplerOptions options = WithCurves(9);
    options.objectives = {{goal}};
    auto sampler = Must(MakeSampler("bayes", Two(), options));
    auto unasked = Must(MakeSampler("bayes", Two(), options));
    EXPECT_TRUE(sampler->ExpectedEnds().empty()) << "there is no model yet";
    std::map<TrialId, Point> points;
    for (TrialId id = 0; id < 30; ++id) {
      const Point point = Must(sampler->Suggest(id, 1))[0].values;
      EXPECT_EQ(point, Must(unasked->Suggest(id, 1))[0].values) << "asking changes no answer";
      points[id] = point;
      Trial trial = Trained(id, point, id % 3 == 0 ? 27 : 3,
                            id >= 28 ? TrialState::kRunning : TrialState::kFinished);
      for (Observation& observation : trial.observations) {
        observation.value *= sign;
      }
      for (double& objective : trial.objectives) {
        objective *= sign;
      }
      ASSERT_TRUE(sampler->Tell(trial));
      ASSERT_TRUE(unasked->Tell(trial));
      (void)sampler->ExpectedEnds();
    }
    const std::vector<ExpectedEnd> ends = sampler->ExpectedEnds();
    ASSERT_EQ(ends.size(), 30U) << "open ones included";
    double error = 0;
    for (const ExpectedEnd& end : ends) {
      error += std::abs(end.value - sign * ValueAt(points.at(end.trial), 27)) / 30;
    }
    EXPECT_LT(error, 0.1);
  }
}

TEST(BayesSampler, ExpectsLittleOfTheRestOnceARunningCurveIsNearTheOptimum) {
  const auto improvement = [](std::int64_t length) {
    auto sampler = Must(MakeSampler("bayes", Two(), WithCurves(8)));
    for (TrialId id = 0; id < 16; ++id) {
      const Point point = Must(sampler->Suggest(id, 1))[0].values;
      EXPECT_TRUE(sampler->Tell(Trained(id, point, id % 2 == 0 ? 27 : 3, TrialState::kFinished)));
    }
    const Point best = {0.3, 0.75, CategoryIndex{0}};
    EXPECT_TRUE(sampler->Tell(Trained(50, best, length, TrialState::kRunning)));
    double sum = 0;
    for (const Suggestion& suggestion : Must(sampler->Suggest(16, 4))) {
      sum += *suggestion.why.expected_improvement;
    }
    return sum;
  };
  EXPECT_LT(improvement(9), improvement(0));
}

}  // namespace
}  // namespace regatta::search
