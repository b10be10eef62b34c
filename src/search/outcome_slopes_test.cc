// The derivatives of scores against their differences.
#include <gtest/gtest.h>

#include <cmath>

#include "outcome_model.h"
#include "test_util.h"

namespace regatta::search {
namespace {

SearchSpace MixedSpace(bool with_prior) {
  std::vector<Parameter> parameters = {
      Named("x", Distribution::Uniform(0, 1)),
      Named("rate", Distribution::LogUniformValues(1e-5, 1)),
      Named("k", Distribution::IntUniform(1, 9)), Named("c", Distribution::Categorical(2)),
      Named("m", Distribution::Uniform(0, 1), {{"c", {1}, {}, {}}})};
  if (with_prior) {
    parameters[0].prior = Prior{.value = 0.7, .spread = 0.2};
    parameters[3].prior = Prior{.value = CategoryIndex{1}, .odds = 3};
  }
  return Space(std::move(parameters));
}

Unit RandomUnit(const Encoder& encoder, Rng& rng) {
  Unit unit;
  for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
    unit.push_back(encoder.FromUniform(d, rng.UniformOpen()));
  }
  encoder.Snap(unit);
  return unit;
}

double Loss(const Unit& unit) {
  return std::sin(5 * unit[0]) + (unit[1] - 0.4) * (unit[1] - 0.4) + 0.3 * unit[2] +
         (unit[4] >= 0 ? 0.2 * unit[4] : 0.1);
}

struct Asked {
  SamplerOptions options;
  bool failures = false;  // where x is above 0.8
  bool priors = false;
};

// 30 trials, two open ones; the slopes of both rules at 20 points.
void ExpectSlopesOfDifferences(const Asked& asked) {
  const SearchSpace space = MixedSpace(asked.priors);
  const Encoder encoder(space);
  OutcomeModel model(space, asked.options, encoder, 8, false, true);
  TrialBook book(space, 1);
  Rng rng(11);
  std::vector<Unit> units;
  for (TrialId id = 0; id < 30; ++id) {
    const Unit unit = RandomUnit(encoder, rng);
    Trial trial;
    trial.id = id;
    trial.values = encoder.ToPoint(unit);
    const bool failed = asked.failures && unit[0] > 0.8;
    trial.state = failed ? TrialState::kFailed : TrialState::kFinished;
    trial.objectives = {Loss(unit)};
    trial.constraints = {unit[0] + unit[1]};
    trial.cost = std::exp(unit[1]);
    if (asked.options.fidelity) {
      trial.observations = {{1, Loss(unit) + 1}, {3, Loss(unit) + 0.5}, {9, Loss(unit)}};
    }
    ASSERT_TRUE(book.Tell(trial));
    units.push_back(unit);
  }
  model.Update(book, units, true);
  model.DropPending();
  ASSERT_TRUE(model.ready());
  const std::vector<Unit> open = {RandomUnit(encoder, rng), RandomUnit(encoder, rng)};
  model.AddPending(open);

  std::vector<Unit> points;
  for (int i = 0; i < 20; ++i) {
    points.push_back(RandomUnit(encoder, rng));
  }
  for (const Rule rule : {Rule::kImprovement, Rule::kConfidenceBound, Rule::kOneMember}) {
    ASSERT_TRUE(model.HasSlopes(rule));
    std::vector<double> scores;
    std::vector<Unit> slopes;
    model.ScoreSlopes(points, rule, 3, scores, slopes);
    std::vector<double> expected;
    model.Score(points, Effort::kLook, rule, 3, expected);
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_NEAR(scores[i], expected[i], 1e-9 * std::max(1.0, std::abs(expected[i])));
      for (const std::size_t d : {0U, 1U, 4U}) {
        if (points[i][d] == kInactive) {
          EXPECT_EQ(slopes[i][d], 0);
          continue;
        }
        constexpr double kStep = 3e-6;
        std::vector<Unit> sides(2, points[i]);
        sides[0][d] += kStep;
        sides[1][d] -= kStep;
        std::vector<double> at;
        model.Score(sides, Effort::kLook, rule, 3, at);
        const double difference = (at[0] - at[1]) / (2 * kStep);
        EXPECT_NEAR(slopes[i][d], difference, 2e-5 * std::max(1.0, std::abs(difference)))
            << "point " << i << " coordinate " << d;
      }
    }
  }
}

TEST(ScoreSlopes, AreThoseOfDifferences) { ExpectSlopesOfDifferences({}); }

TEST(ScoreSlopes, HoldForConstraintsCostsFailuresAndPriors) {
  Asked asked;
  asked.options.constraints = {OutcomeConstraint{.max = 1.0}};
  asked.options.cost_aware = true;
  asked.failures = true;
  asked.priors = true;
  ExpectSlopesOfDifferences(asked);
}

TEST(ScoreSlopes, HoldBesideEarlierSearches) {
  const SearchSpace space = MixedSpace(false);
  const Encoder encoder(space);
  Rng rng(12);
  Asked asked;
  EarlierSearch& earlier = asked.options.earlier.emplace_back();
  for (TrialId id = 0; id < 40; ++id) {
    const Unit unit = RandomUnit(encoder, rng);
    Trial& trial = earlier.trials.emplace_back();
    trial.id = id;
    trial.state = TrialState::kFinished;
    trial.values = encoder.ToPoint(unit);
    trial.objectives = {3 * Loss(unit) + unit[1]};
  }
  ExpectSlopesOfDifferences(asked);
}

TEST(ScoreSlopes, HoldAtTheEndOfLearningCurves) {
  Asked asked;
  asked.options.fidelity = Fidelity{.max = 9};
  ExpectSlopesOfDifferences(asked);
}

}  // namespace
}  // namespace regatta::search
