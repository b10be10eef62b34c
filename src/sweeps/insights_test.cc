// What a sweep tells of its parameters is in the words of its file: names as they are nested there,
// values as they were written. That the model finds what is there is a test of search.
#include "regatta/sweeps/insights.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "regatta/base/rng.h"
#include "regatta/sweeps/sweep_config.h"

namespace regatta::sweeps {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kFile = R"(
method: random
metric: {name: loss, goal: minimize}
parameters:
  optimizer:
    parameters:
      lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
      name: {values: [adam, sgd]}
  width: {values: [8, 16, 32]}
  depth: {values: [1, 2, 3]}
  fixed: {value: 7}
regatta:
  zip: [[width, depth]]
)";

// The loss falls towards lr = 0.01 and hears nothing of the rest.
SweepResults Results(std::size_t count) {
  SweepResults results{.metric = "loss", .config_text = std::string(kFile), .outcomes = {}};
  const SweepConfig config = InspectSweepConfig(kFile).config;
  const ParameterSpace space = *ParameterSpace::Build(config);
  Rng rng(3);
  for (std::uint32_t group = 0; group < count; ++group) {
    const Value args = space.ToRunConfig(space.RandomPoint(rng));
    const double lr = args.Find("optimizer")->Find("value")->Find("lr")->as_number();
    results.outcomes.push_back({group, ToJson(args), std::pow(std::log10(lr) + 2, 2)});
  }
  return results;
}

TEST(SweepInsights, AStoppedRunCountsWithWhatItsCurvePromises) {
  SweepResults results = Results(40);
  results.config_text += "early_terminate: {type: asha, min_iter: 1, max_iter: 9, eta: 3}\n";
  const auto mean_at_the_edge = [&] {
    Result<SweepInsights> insights = SweepInsights::Create(results);
    EXPECT_TRUE(insights) << insights.error().message;
    const Value summary = insights->Summary();
    const Value& slice = summary.Find("slices")->as_list()[0];
    EXPECT_EQ(slice.Find("parameter")->as_string(), "optimizer.lr");
    return slice.Find("points")->as_list()[0].Find("mean")->as_number();
  };
  // The loss falls by 10 on the way to its end; what is far from the optimum ends before.
  results.has_stopped = true;
  for (SweepResults::Outcome& outcome : results.outcomes) {
    const double end = outcome.value;
    outcome.curve = {{1, end + 10}, {3, end + 5}, {9, end}};
    if (end > 0.5) {
      outcome.curve.resize(1);
      outcome.value = end + 10;
    }
  }
  const double mean = mean_at_the_edge();
  EXPECT_GT(mean, 0.5) << "worse than all that went on; it is 4 at lr = 0.0001";
  EXPECT_LT(mean, 6) << "but not as it was when it was stopped";
  for (SweepResults::Outcome& outcome : results.outcomes) {
    outcome.curve.clear();
  }
  EXPECT_GT(mean_at_the_edge(), 10) << "so curves are what makes the difference";
}

TEST(SweepInsights, SpeakTheLanguageOfTheFile) {
  Result<SweepInsights> insights = SweepInsights::Create(Results(40));
  ASSERT_TRUE(insights) << insights.error().message;
  const Value summary = insights->Summary();
  EXPECT_EQ(summary.Find("metric")->as_string(), "loss");
  EXPECT_EQ(summary.Find("results")->as_int(), 40);

  const Value& ranking = *summary.Find("importance")->Find("parameters");
  ASSERT_EQ(ranking.as_list().size(), 3U) << "a constant is no parameter, zipped lists are one";
  EXPECT_EQ(ranking.as_list()[0].Find("name")->as_string(), "optimizer.lr");
  EXPECT_GT(ranking.as_list()[0].Find("total")->as_number(), 0.9);

  const Value& best = *summary.Find("optimum")->Find("parameters");
  EXPECT_NEAR(std::log10(best.Find("optimizer.lr")->as_number()), -2, 0.3);
  EXPECT_TRUE(best.Find("optimizer.name")->is_string());
  ASSERT_NE(best.Find("depth+width"), nullptr);
  EXPECT_EQ(best.Find("depth+width")->as_list().size(), 2U);

  const Value& slices = *summary.Find("slices");
  ASSERT_EQ(slices.as_list().size(), 3U);
  EXPECT_EQ(slices.as_list()[0].Find("parameter")->as_string(), "optimizer.lr");
  EXPECT_EQ(slices.as_list()[0].Find("points")->as_list().size(), 50U);
  for (const Value& point : slices.as_list()[0].Find("points")->as_list()) {
    EXPECT_GE(point.Find("value")->as_number(), 0.0001);
    EXPECT_GE(point.Find("spread")->as_number(), 0);
  }
}

TEST(SweepInsights, ContoursAreOfTwoVaryingParameters) {
  Result<SweepInsights> insights = SweepInsights::Create(Results(20));
  ASSERT_TRUE(insights);
  const Result<Value> contour = insights->Contour("optimizer.lr", "optimizer.name");
  ASSERT_TRUE(contour);
  EXPECT_EQ(contour->Find("points")->as_list().size(), 40U);
  EXPECT_EQ(contour->Find("points")->as_list()[0].Find("second")->as_string(), "adam");

  const Result<Value> unknown = insights->Contour("optimizer.lr", "fixed");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("it varies depth+width, optimizer.lr"));
  EXPECT_FALSE(insights->Contour("optimizer.lr", "optimizer.lr"));
}

TEST(SweepInsights, NeedFourResultsAndSaySo) {
  const Result<SweepInsights> insights = SweepInsights::Create(Results(3));
  ASSERT_FALSE(insights);
  EXPECT_EQ(insights.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(insights.error().message, HasSubstr("at least 4 results"));
}

TEST(SweepInsights, RestOnABoundedChoiceOfManyResults) {
  SweepResults results = Results(SweepInsights::kResultsMax + 200);
  // The best of all is among those that are looked at, whenever it came.
  for (SweepResults::Outcome& outcome : results.outcomes) {
    if (outcome.group % 7 != 3) {
      outcome.value += 5;
    }
  }
  Result<SweepInsights> insights = SweepInsights::Create(results);
  ASSERT_TRUE(insights);
  const Value summary = insights->Summary();
  EXPECT_EQ(summary.Find("results")->as_int(), 700) << "all are counted";
}

TEST(SweepInsights, LeaveOutRunsFromOutsideOfTheSpace) {
  SweepResults results = Results(10);
  results.outcomes.push_back({10, R"({"optimizer":{"value":{"lr":5}}})", -100});
  results.outcomes.push_back({11, "no json", -100});
  EXPECT_TRUE(SweepInsights::Create(results));
}

}  // namespace
}  // namespace regatta::sweeps
