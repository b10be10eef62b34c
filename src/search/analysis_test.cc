// That the analysis finds what is built into a known function.
#include "regatta/search/analysis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "regatta/base/rng.h"
#include "test_util.h"

namespace regatta::search {
namespace {

// The first parameter matters most, the third not at all.
SearchSpace Known() {
  return Space(
      {Named("strong", Distribution::Uniform(0, 1)), Named("weak", Distribution::IntUniform(1, 5)),
       Named("none", Distribution::Uniform(0, 1)), Named("kind", Distribution::Categorical(2)),
       Named("extra", Distribution::Uniform(0, 1), {{"kind", {1}, {}, {}}})});
}

double Value(const Point& point) {
  const double x = AsNumber(*point[0]);
  return -(x - 0.7) * (x - 0.7) * 10 - 0.2 * AsNumber(*point[1]);
}

std::vector<Trial> RandomTrials(const SearchSpace& space, std::size_t count) {
  std::vector<Trial> trials;
  Rng rng(5);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> u(space.size());
    for (double& coordinate : u) {
      coordinate = rng.UniformOpen();
    }
    Trial trial;
    trial.id = i;
    trial.values = space.At(u);
    trial.state = TrialState::kFinished;
    trial.objectives = {Value(trial.values)};
    trials.push_back(trial);
  }
  return trials;
}

SamplerOptions Maximize() {
  SamplerOptions options;
  options.objectives = {{Goal::kMaximize}};
  return options;
}

// Every trial's metric climbs as -10/step to its end; of three, two were stopped at a part of it.
std::vector<Trial> StoppedTrials(const SearchSpace& space, const Fidelity& fidelity,
                                 std::size_t count) {
  std::vector<Trial> trials = RandomTrials(space, count);
  for (Trial& trial : trials) {
    const std::int64_t last = trial.id % 3 == 0 ? *fidelity.max : trial.id % 3 == 1 ? 1 : 3;
    const double end = trial.objectives.front();
    for (std::int64_t step = 1; step <= last; ++step) {
      trial.observations.push_back({step, end - 10.0 / static_cast<double>(step)});
    }
    trial.objectives = {trial.observations.back().value};
  }
  return trials;
}

TEST(Analysis, TakesStoppedTrialsForWhatTheyWouldHaveBecome) {
  const SearchSpace space = Known();
  SamplerOptions options = Maximize();
  const Fidelity fidelity{.min = 1, .max = 27, .eta = 3};
  const std::vector<Trial> trials = StoppedTrials(space, fidelity, 60);
  const Importance misled = Must(Analysis::Create(space, trials, options)).ParameterImportances();
  EXPECT_LT(misled.trust, 0.6) << "where they were stopped has nothing to do with the parameters";

  options.fidelity = fidelity;
  auto analysis = Must(Analysis::Create(space, trials, options));
  const Importance importance = analysis.ParameterImportances();
  EXPECT_GT(importance.trust, 0.9);
  EXPECT_EQ(importance.parameters[0].parameter, 0U);
  EXPECT_GT(importance.parameters[0].total, 0.7);
  const PredictedOptimum best = analysis.Optimum();
  EXPECT_NEAR(AsNumber(*best.values[0]), 0.7, 0.1);
  EXPECT_NEAR(best.predicted.mean, Value(best.values) - 10.0 / 27, 0.4) << "at the full length";
}

TEST(Analysis, CountsTrialsNearTheirFullLengthAsTheyAre) {
  const SearchSpace space = Known();
  std::vector<Trial> trials = RandomTrials(space, 20);
  SamplerOptions options = Maximize();
  auto without = Must(Analysis::Create(space, trials, options));
  options.fidelity = Fidelity{.min = 1, .max = 27, .eta = 3};
  for (Trial& trial : trials) {
    // 16·√3 is more than 27, and a fifth reported nothing at all.
    if (trial.id % 5 != 0) {
      trial.observations = {{1, -100}, {16, trial.objectives.front()}};
    }
  }
  auto with = Must(Analysis::Create(space, trials, options));
  EXPECT_EQ(with.PredictAt(trials[3].values).mean, without.PredictAt(trials[3].values).mean);
}

TEST(Analysis, RanksParametersByWhatTheyChange) {
  const SearchSpace space = Known();
  auto analysis = Must(Analysis::Create(space, RandomTrials(space, 60), Maximize()));
  const Importance importance = analysis.ParameterImportances();
  EXPECT_EQ(importance.parameters[0].parameter, 0U);
  EXPECT_EQ(importance.parameters[1].parameter, 1U);
  EXPECT_GT(importance.parameters[0].alone, 0.7);
  EXPECT_LT(importance.parameters[2].total, 0.1);
  EXPECT_GT(importance.trust, 0.9);
}

TEST(Analysis, KnowsThatNoiseCannotBeTrusted) {
  const SearchSpace space = Known();
  std::vector<Trial> trials = RandomTrials(space, 40);
  Rng rng(6);
  for (Trial& trial : trials) {
    trial.objectives = {rng.Normal()};
  }
  auto analysis = Must(Analysis::Create(space, trials, Maximize()));
  EXPECT_LT(analysis.ParameterImportances().trust, 0.4);
}

TEST(Analysis, TrustsNothingThatItLearnedOfAConstant) {
  const SearchSpace space = Known();
  std::vector<Trial> trials = RandomTrials(space, 20);
  for (Trial& trial : trials) {
    trial.objectives = {0.5};
  }
  auto analysis = Must(Analysis::Create(space, trials, Maximize()));
  EXPECT_EQ(analysis.ParameterImportances().trust, 0);
}

// Of 40 trials those with the largest learning rates have diverged.
TEST(Analysis, IsNotLedAstrayByResultsThatDiverged) {
  const SearchSpace space = Known();
  for (const double sign : {1.0, -1.0}) {
    for (const double factor : {1e4, 1e30, 1e300}) {
      std::vector<Trial> trials = RandomTrials(space, 40);
      std::size_t diverged = 0;
      double best = -1e9;
      for (Trial& trial : trials) {
        const bool diverges = AsNumber(*trial.values[0]) > 0.75;
        diverged += diverges ? 1 : 0;
        best = std::max(best, trial.objectives[0]);
        trial.objectives[0] *= sign * (diverges ? factor : 1);
      }
      ASSERT_GE(diverged, 4U);
      SamplerOptions options;
      options.objectives = {{sign > 0 ? Goal::kMaximize : Goal::kMinimize}};
      auto analysis = Must(Analysis::Create(space, trials, options));
      EXPECT_EQ(analysis.far_off().results, diverged) << factor;
      const Predicted predicted = analysis.Optimum().predicted;
      EXPECT_NEAR(sign * predicted.mean, best, 2) << factor << ", of a range of 6";
      EXPECT_LT(predicted.spread, 1) << factor;
      EXPECT_EQ(analysis.ParameterImportances().parameters[0].parameter, 0U);
    }
  }
}

TEST(Analysis, LeavesResultsThatAreMerelyBadAsTheyAre) {
  const SearchSpace space = Known();
  auto analysis = Must(Analysis::Create(space, RandomTrials(space, 60), Maximize()));
  EXPECT_EQ(analysis.far_off().results, 0U);
}

TEST(Analysis, PredictsTheOptimumInTheMetricsSign) {
  const SearchSpace space = Known();
  auto analysis = Must(Analysis::Create(space, RandomTrials(space, 60), Maximize()));
  const PredictedOptimum optimum = analysis.Optimum();
  EXPECT_NEAR(AsNumber(*optimum.values[0]), 0.7, 0.05);
  EXPECT_EQ(AsNumber(*optimum.values[1]), 1);
  EXPECT_NEAR(optimum.predicted.mean, -0.2, 0.1);
}

TEST(Analysis, SaysWhenFurtherGainIsUnlikely) {
  const SearchSpace space = Known();
  std::vector<Trial> trials = RandomTrials(space, 40);
  EXPECT_FALSE(
      Must(Analysis::Create(space, {trials.data(), 8}, Maximize())).FurtherGain().gain_unlikely);
  for (int i = -5; i <= 5; ++i) {
    Trial near = trials.front();
    near.id = trials.size();
    near.values = {0.7 + 0.01 * i, std::int64_t{1}, 0.5, CategoryIndex{0}, std::nullopt};
    near.objectives = {Value(near.values)};
    trials.push_back(near);
  }
  EXPECT_TRUE(Must(Analysis::Create(space, trials, Maximize())).FurtherGain().gain_unlikely);
}

TEST(Analysis, SlicesAndContoursWhereParametersAreActive) {
  const SearchSpace space = Known();
  const std::vector<Trial> trials = RandomTrials(space, 60);
  auto analysis = Must(Analysis::Create(space, trials, Maximize()));
  Point around = {0.2, std::int64_t{3}, 0.5, CategoryIndex{0}, std::nullopt};
  EXPECT_EQ(Must(analysis.Slice(0, around, 11)).size(), 11U);
  EXPECT_EQ(Must(analysis.Slice(1, around)).size(), 5U);
  EXPECT_TRUE(Must(analysis.Slice(4, around)).empty()) << "extra is inactive there";
  EXPECT_EQ(Must(analysis.Contour(0, 3, around, 7)).size(), 14U);
  EXPECT_FALSE(analysis.Slice(9, around));
  EXPECT_FALSE(analysis.Contour(1, 1, around));
}

TEST(Analysis, NeedsFourResults) {
  const SearchSpace space = Known();
  EXPECT_FALSE(Analysis::Create(space, RandomTrials(space, 3), Maximize()));
}

}  // namespace
}  // namespace regatta::search
