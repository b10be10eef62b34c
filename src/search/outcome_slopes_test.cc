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

// In conflict with Loss, and with each other.
double OtherLoss(const Unit& unit, std::size_t k) {
  return (unit[0] - 0.2 * static_cast<double>(k)) * (unit[0] - 0.9) + std::cos(4 * unit[1]) +
         0.1 * static_cast<double>(k) * unit[2];
}

struct Asked {
  SamplerOptions options;
  bool failures = false;  // where x is above 0.8
  bool priors = false;
};

// Tells the model 30 trials and two open ones.
void Learn(const Asked& asked, const SearchSpace& space, const Encoder& encoder, Rng& rng,
           OutcomeModel& model) {
  TrialBook book(space, std::max<std::size_t>(1, asked.options.objectives.size()));
  std::vector<Unit> units;
  for (TrialId id = 0; id < 30; ++id) {
    const Unit unit = RandomUnit(encoder, rng);
    Trial trial;
    trial.id = id;
    trial.values = encoder.ToPoint(unit);
    const bool failed = asked.failures && unit[0] > 0.8;
    trial.state = failed ? TrialState::kFailed : TrialState::kFinished;
    trial.objectives = {Loss(unit)};
    for (std::size_t k = 1; k < asked.options.objectives.size(); ++k) {
      trial.objectives.push_back(OtherLoss(unit, k));
    }
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
}

// The slopes of each rule at 20 points.
void ExpectSlopesOfDifferences(const Asked& asked) {
  const SearchSpace space = MixedSpace(asked.priors);
  const Encoder encoder(space);
  OutcomeModel model(space, asked.options, encoder, 8, false, true);
  Rng rng(11);
  ASSERT_NO_FATAL_FAILURE(Learn(asked, space, encoder, rng, model));
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
        constexpr double kStep = 1e-5;
        std::vector<Unit> sides(4, points[i]);
        sides[0][d] += kStep;
        sides[1][d] -= kStep;
        sides[2][d] += 2 * kStep;
        sides[3][d] -= 2 * kStep;
        std::vector<double> at;
        model.Score(sides, Effort::kLook, rule, 3, at);
        // Of fourth order, for slopes in the thousands bend much.
        const double difference = (8 * (at[0] - at[1]) - (at[2] - at[3])) / (12 * kStep);
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

TEST(ScoreSlopes, HoldForSeveralObjectives) {
  for (const std::size_t objectives : {2U, 3U}) {
    Asked asked;
    asked.options.objectives.assign(objectives, {});
    ExpectSlopesOfDifferences(asked);
  }
}

TEST(ScoreSlopes, HoldForSeveralObjectivesBesideConstraintsCostsFailuresAndPriors) {
  Asked asked;
  asked.options.objectives.assign(2, {});
  asked.options.constraints = {OutcomeConstraint{.max = 1.0}};
  asked.options.cost_aware = true;
  asked.failures = true;
  asked.priors = true;
  ExpectSlopesOfDifferences(asked);
}

// What a point is worth does not depend on those that are asked about together with it.
TEST(ScoreSlopes, AreThoseOfEachPointAlone) {
  for (const std::size_t objectives : {1U, 2U, 3U}) {
    const SearchSpace space = MixedSpace(false);
    const Encoder encoder(space);
    SamplerOptions options;
    options.objectives.assign(objectives, {});
    OutcomeModel model(space, options, encoder, 8, false, true);
    Rng rng(13);
    Learn({.options = options}, space, encoder, rng, model);
    std::vector<Unit> points;
    for (int i = 0; i < 21; ++i) {
      points.push_back(RandomUnit(encoder, rng));
    }
    std::vector<double> together;
    std::vector<Unit> slopes_together;
    model.ScoreSlopes(points, Rule::kImprovement, 2, together, slopes_together);
    for (std::size_t i = 0; i < points.size(); ++i) {
      std::vector<double> alone;
      std::vector<Unit> slopes_alone;
      model.ScoreSlopes({&points[i], 1}, Rule::kImprovement, 2, alone, slopes_alone);
      EXPECT_EQ(alone[0], together[i]) << objectives << " objectives, point " << i;
      EXPECT_EQ(slopes_alone[0], slopes_together[i]) << objectives << " objectives, point " << i;
    }
  }
}

TEST(ScoreSlopes, HoldAtTheEndOfLearningCurves) {
  Asked asked;
  asked.options.fidelity = Fidelity{.max = 9};
  ExpectSlopesOfDifferences(asked);
}

}  // namespace
}  // namespace regatta::search
