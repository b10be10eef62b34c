// What earlier searches are worth: a good one saves trials, a misleading one costs next to none.
#include "transfer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

using Loss = std::function<double(const std::vector<double>&)>;

constexpr std::size_t kDimensions = 5;

SearchSpace Cube() {
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    parameters.push_back(Named("x" + std::to_string(i), Distribution::Uniform(0, 1)));
  }
  return Space(std::move(parameters));
}

std::vector<double> Coordinates(const Point& point) {
  std::vector<double> x;
  for (const auto& value : point) {
    x.push_back(AsNumber(*value));
  }
  return x;
}

// A bent bowl and a wavy one, with their lowest place moved by `shift`.
std::vector<Loss> Tasks(double shift) {
  return {[shift](const std::vector<double>& x) {
            double sum = 0;
            for (std::size_t i = 0; i < x.size(); ++i) {
              const double gap = x[i] - 0.2 - 0.13 * static_cast<double>(i) - shift;
              sum += (1 + static_cast<double>(i)) * gap * gap;
            }
            return std::sqrt(sum);
          },
          [shift](const std::vector<double>& x) {
            double sum = 0;
            for (std::size_t i = 0; i < x.size(); ++i) {
              const double gap = x[i] - 0.75 + 0.1 * static_cast<double>(i) + shift;
              sum += gap * gap + 0.03 * (1 - std::cos(15 * gap));
            }
            return sum;
          }};
}

EarlierSearch Random(const Loss& loss, std::size_t trials, std::uint64_t seed) {
  const SearchSpace space = Cube();
  Rng rng(seed, 8);
  EarlierSearch earlier;
  for (TrialId id = 0; id < trials; ++id) {
    Trial trial;
    trial.id = id;
    trial.state = TrialState::kFinished;
    std::vector<double> u(kDimensions);
    for (double& coordinate : u) {
      coordinate = rng.UniformOpen();
    }
    trial.values = space.At(u);
    trial.objectives = {7 + 3 * loss(u)};  // another scale
    earlier.trials.push_back(std::move(trial));
  }
  return earlier;
}

// The best loss after each trial.
std::vector<double> Search(const Loss& loss, const std::vector<EarlierSearch>& earlier,
                           std::uint64_t seed, std::size_t trials) {
  SamplerOptions options;
  options.seed = seed;
  options.earlier = earlier;
  options.settings["particles"] = 4;
  auto sampler = Must(MakeSampler("bayes", Cube(), options));
  std::vector<double> bests;
  for (TrialId id = 0; id < trials; ++id) {
    Trial trial;
    trial.id = id;
    trial.state = TrialState::kFinished;
    trial.values = Must(sampler->Suggest(id, 1)).at(0).values;
    trial.objectives = {loss(Coordinates(trial.values))};
    bests.push_back(bests.empty() ? trial.objectives[0]
                                  : std::min(bests.back(), trial.objectives[0]));
    EXPECT_TRUE(sampler->Tell(trial));
  }
  return bests;
}

std::size_t TrialsTo(const std::vector<double>& bests, double target) {
  return static_cast<std::size_t>(
      std::find_if(bests.begin(), bests.end(), [&](double best) { return best <= target; }) -
      bests.begin() + 1);
}

// Over 20 seeds: 0.60 of the trials.
TEST(EarlierSearches, SaveTrialsToATargetWhenTheyAreAlike) {
  double alone = 0;
  double helped = 0;
  for (std::size_t task = 0; task < 2; ++task) {
    const Loss loss = Tasks(0)[task];
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const double target = Search(loss, {}, seed + 50, 20).back();
      alone += static_cast<double>(TrialsTo(Search(loss, {}, seed, 40), target));
      helped += static_cast<double>(
          TrialsTo(Search(loss, {Random(Tasks(0.03)[task], 80, seed)}, seed, 40), target));
    }
  }
  EXPECT_LE(helped, 0.7 * alone);
}

// The regret of single searches differs by a factor of e from seed to seed: the mean of 20 by a
// quarter.
TEST(EarlierSearches, CostLittleWhenTheyMislead) {
  double alone = 0;
  double misled = 0;
  for (std::size_t task = 0; task < 2; ++task) {
    const Loss loss = Tasks(0)[task];
    const Loss upside_down = [&](const std::vector<double>& x) { return -loss(x); };
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      alone += std::log(Search(loss, {}, seed, 50).back()) / 20;
      misled += std::log(Search(loss, {Random(upside_down, 80, seed)}, seed, 50).back()) / 20;
    }
  }
  EXPECT_LE(misled, alone + std::log(2.0));
}

TEST(EarlierKnowledge, CountsByItsRankingAndFadesAsResultsComeIn) {
  const SearchSpace space = Cube();
  const Encoder encoder(space);
  const Loss loss = Tasks(0)[0];
  SamplerOptions options;
  options.earlier = {Random(loss, 60, 1)};
  EarlierKnowledge good(space, options, encoder);
  options.earlier = {Random([&](const std::vector<double>& x) { return -loss(x); }, 60, 1)};
  EarlierKnowledge bad(space, options, encoder);
  Rng rng(4);
  std::vector<Unit> units;
  std::vector<double> y;
  std::vector<double> shares;
  for (int n = 1; n <= 80; ++n) {
    Unit& unit = units.emplace_back();
    for (std::size_t d = 0; d < kDimensions; ++d) {
      unit.push_back(rng.Uniform());
    }
    y.push_back(loss(unit));
    good.Weigh(units, y);
    bad.Weigh(units, y);
    shares.push_back(good.share());
    EXPECT_EQ(bad.share(), 0) << n;
  }
  EXPECT_EQ(shares[2], 0) << "three results say nothing";
  EXPECT_GT(shares[14], 0.25);
  EXPECT_LT(shares[79], 0.8 * *std::max_element(shares.begin(), shares.end()));
}

// The earlier search had one value of y, which it does not tell, or y is a list that it did not
// have.
TEST(EarlierKnowledge, SaysNothingOfAParameterThatItDidNotVary) {
  for (const bool is_list : {false, true}) {
    const SearchSpace space =
        Space({Named("x", Distribution::Uniform(0, 1)),
               Named("y", is_list ? Distribution::Categorical(3) : Distribution::Uniform(0, 1))});
    const Encoder encoder(space);
    SamplerOptions options;
    options.earlier.resize(1);
    Rng rng(6);
    std::vector<Unit> units;
    std::vector<double> y;
    for (TrialId id = 0; id < 40; ++id) {
      const double x = rng.Uniform();
      Trial trial;
      trial.id = id;
      trial.values = {x, std::nullopt};
      trial.state = TrialState::kFinished;
      trial.objectives = {(x - 0.3) * (x - 0.3)};
      options.earlier[0].trials.push_back(trial);
      if (id < 12) {
        units.push_back({x, is_list ? static_cast<double>(id % 3) : rng.Uniform()});
        y.push_back(trial.objectives[0]);
      }
    }
    EarlierKnowledge knowledge(space, options, encoder);
    knowledge.Weigh(units, y);
    ASSERT_GT(knowledge.share(), 0.3);
    const auto at = [&](double x, double other) {
      std::vector<double> slopes;
      const double value =
          knowledge.Predict(Rows(encoder, std::vector<Unit>{{x, other}}), slopes)[0];
      EXPECT_EQ(slopes[1], 0) << "along y";
      return value;
    };
    for (const double x : {0.3, 0.65, 1.0}) {
      EXPECT_EQ(at(x, 0), at(x, 1));
      EXPECT_EQ(at(x, 0), at(x, is_list ? 2 : 0.5));
    }
    EXPECT_LT(at(0.3, 0), at(0.65, 0));
    EXPECT_LT(at(0.65, 0), at(1.0, 0));
  }
}

TEST(KendallTau, IsOneForTheSameOrderAndMinusOneForTheReverse) {
  const double a[] = {1, 2, 3, 4};
  const double b[] = {10, 20, 30, 40};
  const double c[] = {4, 3, 2, 1};
  const double d[] = {1, 1, 1, 1};
  EXPECT_EQ(KendallTau(a, b), 1);
  EXPECT_EQ(KendallTau(a, c), -1);
  EXPECT_EQ(KendallTau(a, d), 0);
}

}  // namespace
}  // namespace regatta::search
