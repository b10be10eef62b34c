// What CMA-ES is for: ill-conditioned and rotated landscapes, at hundreds to thousands of trials.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "cma_categorical.h"
#include "cma_gaussian.h"
#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

using Loss = std::function<double(const Point&)>;

SearchSpace Cube(std::size_t dimensions) {
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < dimensions; ++i) {
    parameters.push_back(Named("x" + std::to_string(i), Distribution::Uniform(-5, 5)));
  }
  return Space(std::move(parameters));
}

// The best loss of `trials`, `open` of them at a time.
double Best(const std::string& name, const SearchSpace& space, const Loss& loss, std::size_t trials,
            std::uint64_t seed = 1, std::size_t open = 1, SamplerOptions options = {}) {
  options.seed = seed;
  auto sampler = Must(MakeSampler(name, space, options));
  std::vector<Trial> running;
  double best = 1e300;
  for (TrialId id = 0; id < trials; ++id) {
    Trial trial;
    trial.id = id;
    trial.values = Must(sampler->Suggest(id, 1)).at(0).values;
    trial.state = TrialState::kRunning;
    EXPECT_TRUE(sampler->Tell(trial));
    running.push_back(trial);
    if (running.size() >= open) {
      Trial done = running.front();
      running.erase(running.begin());
      done.state = TrialState::kFinished;
      done.objectives = {loss(done.values)};
      best = std::min(best, done.objectives[0]);
      EXPECT_TRUE(sampler->Tell(done));
    }
  }
  return best;
}

// Condition 10^4 along axes that no parameter is parallel to.
double RotatedEllipsoid(const Point& point) {
  const std::size_t d = point.size();
  std::vector<double> x(d);
  for (std::size_t i = 0; i < d; ++i) {
    x[i] = AsNumber(*point[i]) - 1.3 + 0.4 * static_cast<double>(i % 5);
  }
  for (std::size_t i = 0; i + 1 < d; ++i) {  // rotations by 0.7 in neighbouring planes
    const double a = x[i];
    x[i] = std::cos(0.7) * a - std::sin(0.7) * x[i + 1];
    x[i + 1] = std::sin(0.7) * a + std::cos(0.7) * x[i + 1];
  }
  double sum = 0;
  for (std::size_t i = 0; i < d; ++i) {
    sum += std::pow(1e4, static_cast<double>(i) / static_cast<double>(d - 1)) * x[i] * x[i];
  }
  return sum;
}

double Rosenbrock(const Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < point.size(); ++i) {
    const double x = AsNumber(*point[i]);
    const double next = AsNumber(*point[i + 1]);
    sum += 100 * (next - x * x) * (next - x * x) + (1 - x) * (1 - x);
  }
  return sum;
}

TEST(CmaesSampler, SolvesARotatedEllipsoidThatOthersDoNot) {
  const SearchSpace space = Cube(10);
  const double cmaes = Best("cmaes", space, RotatedEllipsoid, 2000);
  const double random = Best("random", space, RotatedEllipsoid, 2000);
  EXPECT_LT(cmaes, 1e-2 * Best("tpe", space, RotatedEllipsoid, 2000));
  EXPECT_LT(cmaes, 1e-4 * random);
}

TEST(CmaesSampler, FollowsTheValleyOfRosenbrock) {
  const SearchSpace space = Cube(10);
  const double cmaes = Best("cmaes", space, Rosenbrock, 2000);
  EXPECT_LT(cmaes, 0.2 * Best("tpe", space, Rosenbrock, 2000));
  EXPECT_LT(cmaes, 1e-2 * Best("random", space, Rosenbrock, 2000));
}

TEST(CmaesSampler, ConvergesWithManyTrialsOpen) {
  EXPECT_LT(Best("cmaes", Cube(5), RotatedEllipsoid, 2000, 3, 16), 1e-4);
}

TEST(CmaesSampler, FindsTheBestOfIntegersListsAndCategoriesTogether) {
  const SearchSpace space = Space({Named("x", Distribution::Uniform(0, 1)),
                                   Named("y", Distribution::LogUniformValues(1e-4, 1)),
                                   Named("layers", Distribution::IntUniform(1, 12)),
                                   Named("steps", Distribution::IntUniform(1, 5000)),
                                   Named("batch", Distribution::Levels({16, 32, 64, 128, 256})),
                                   Named("optimizer", Distribution::Categorical(5)),
                                   Named("schedule", Distribution::Categorical(4))});
  const Loss loss = [](const Point& point) {
    const double x = AsNumber(*point[0]) - 0.71;
    const double y = std::log10(AsNumber(*point[1])) + 2.5 + x;
    const double layers = AsNumber(*point[2]) - 9;
    const double steps = std::log(AsNumber(*point[3]) / 3000);
    const double batch = AsNumber(*point[4]) - 3;
    const bool good = AsNumber(*point[5]) == 3;
    return 4 * x * x + y * y + 0.05 * layers * layers + steps * steps + 0.2 * batch * batch +
           (good ? 0 : 0.5) +
           (AsNumber(*point[6]) == 2 ? 0
            : good                   ? 0.3
                                     : 0.1);
  };
  std::vector<double> found;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    found.push_back(Best("cmaes", space, loss, 1500, seed));
  }
  std::sort(found.begin(), found.end());
  EXPECT_LT(found[2], 1e-3);  // all five discrete parameters right, the others close
  EXPECT_LT(found[2], 0.05 * Best("random", space, loss, 1500));
}

TEST(CmaesSampler, AdaptsTheBranchThatCounts) {
  const SearchSpace space = Space({Named("kind", Distribution::Categorical(2)),
                                   Named("a", Distribution::Uniform(0, 1), {{"kind", {0}, {}, {}}}),
                                   Named("b", Distribution::Uniform(0, 1), {{"kind", {1}, {}, {}}}),
                                   Named("c", Distribution::Uniform(0, 1))});
  const Loss loss = [](const Point& point) {
    const double c = AsNumber(*point[3]) - 0.2;
    if (AsNumber(*point[0]) == 0) {
      return 0.3 + std::pow(AsNumber(*point[1]) - 0.9, 2) + c * c;
    }
    return std::pow(AsNumber(*point[2]) - 0.13, 2) + c * c;
  };
  EXPECT_LT(Best("cmaes", space, loss, 600, 2), 1e-4);
}

TEST(CmaesSampler, LeavesALocalMinimumByRestarting) {
  // Two bowls: a wide one of depth 1 that nearly every start falls into, a narrow one of depth 0.
  const SearchSpace space = Cube(2);
  const Loss loss = [](const Point& point) {
    const double x = AsNumber(*point[0]);
    const double y = AsNumber(*point[1]);
    const double wide = 1 + 0.3 * (x * x + y * y);
    const double narrow = 0.8 * ((x - 4) * (x - 4) + (y + 3.5) * (y + 3.5));
    return std::min(wide, narrow);
  };
  SamplerOptions never;
  never.settings["restarts"] = 0;
  SamplerOptions growing;
  growing.settings["restarts"] = 1;
  EXPECT_GT(Best("cmaes", space, loss, 3000, 2, 1, never), 0.9);
  EXPECT_LT(Best("cmaes", space, loss, 3000, 2), 0.1);
  EXPECT_LT(Best("cmaes", space, loss, 3000, 2, 1, growing), 0.1);
}

TEST(CmaesSampler, PutsFeasibleResultsFirst) {
  const SearchSpace space = Cube(3);
  SamplerOptions options;
  options.seed = 4;
  options.constraints = {{std::nullopt, -1.0}};  // x0 at most -1
  auto sampler = Must(MakeSampler("cmaes", space, options));
  double best = 1e300;
  for (TrialId id = 0; id < 600; ++id) {
    Trial trial;
    trial.id = id;
    trial.values = Must(sampler->Suggest(id, 1)).at(0).values;
    trial.state = TrialState::kFinished;
    double sum = 0;
    for (const auto& value : trial.values) {
      sum += std::pow(AsNumber(*value) - 1, 2);
    }
    trial.objectives = {sum};
    trial.constraints = {AsNumber(*trial.values[0])};
    if (trial.constraints[0] <= -1) {
      best = std::min(best, sum);
    }
    ASSERT_TRUE(sampler->Tell(trial));
  }
  EXPECT_NEAR(best, 4, 0.05);  // on the edge of what is allowed
}

TEST(CmaesSampler, StartsAroundWhatIsBelieved) {
  Parameter believed = Named("x", Distribution::Uniform(0, 1));
  believed.prior = Prior{0.9, 0.1, 4};
  Parameter item = Named("c", Distribution::Categorical(3));
  item.prior = Prior{CategoryIndex{2}, 0.2, 8};
  const SearchSpace space = Space({believed, Named("y", Distribution::Uniform(0, 1)), item});
  auto sampler = Must(MakeSampler("cmaes", space, {}));
  double sum = 0;
  int items = 0;
  for (const Suggestion& suggestion : Must(sampler->Suggest(0, 200))) {
    sum += AsNumber(*suggestion.values[0]) / 200;
    items += AsNumber(*suggestion.values[2]) == 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum, 0.88, 0.05);
  EXPECT_NEAR(items, 160, 25);
}

TEST(CmaesSampler, StartsFromTheBestOfEarlierSearches) {
  const SearchSpace space = Cube(4);
  SamplerOptions options;
  Rng rng(3);
  EarlierSearch earlier;
  for (TrialId id = 0; id < 200; ++id) {
    Trial trial;
    trial.id = id;
    trial.state = TrialState::kFinished;
    double sum = 0;
    for (int d = 0; d < 4; ++d) {
      const double x = -5 + 10 * rng.Uniform();
      trial.values.emplace_back(x);
      sum += (x - 3) * (x - 3);
    }
    trial.objectives = {sum};
    earlier.trials.push_back(trial);
  }
  options.earlier = {earlier};
  const Loss loss = [](const Point& point) {
    double sum = 0;
    for (const auto& x : point) {
      sum += std::pow(AsNumber(*x) - 3.2, 2);
    }
    return sum;
  };
  EXPECT_LT(Best("cmaes", space, loss, 30, 1, 1, options), 0.5 * Best("cmaes", space, loss, 30));
}

TEST(RecombinationWeights, AddUpToOneAmongParentsAndAreNegativeBehind) {
  const RecombinationWeights weights(10, 10);
  double parents = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    parents += i < weights.parents ? weights.weights[i] : 0;
    EXPECT_EQ(weights.weights[i] > 0, i < 5) << i;
  }
  EXPECT_NEAR(parents, 1, 1e-12);
  EXPECT_NEAR(weights.mu_effective, 3.1673, 1e-3);  // the tutorial's μ_eff for λ = 10
}

TEST(CmaGaussian, KeepsEveryNeighbourOfTheMeansLevelPossible) {
  const auto cell = [](double x) {  // levels at 0.1, 0.3, ..., 0.9
    const double k = std::clamp(std::floor(x * 5), 0.0, 4.0);
    const double inf = std::numeric_limits<double>::infinity();
    return LevelCell{k == 0 ? -inf : k / 5, k == 4 ? inf : (k + 1) / 5};
  };
  CmaGaussian gaussian({cell}, 10, {{0.5}, 1e-6, {1}});
  Rng rng(1);
  int left = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = gaussian.Draw(rng)[0];
    left += x < 0.4 || x > 0.6 ? 1 : 0;
  }
  EXPECT_NEAR(left / 20000.0, 0.1, 0.02);  // 1 / (λ d)
}

TEST(CmaGaussian, IsUnmovedOnAverageByResultsThatMeanNothing) {
  double drift = 0;
  double logs = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CmaGaussian gaussian({{}, {}, {}}, 8, {{0.5, 0.5, 0.5}, 0.05, {1, 1, 1}});
    Rng rng(seed);
    for (int g = 0; g < 20; ++g) {
      std::vector<CmaGaussian::Row> rows;
      for (int i = 0; i < 8; ++i) {
        rows.push_back({gaussian.Draw(rng), {true, true, true}});
      }
      gaussian.Update(rows);
    }
    drift += (gaussian.mean(0) - 0.5) / 40;
    logs += std::log(gaussian.sigma() / 0.05) / 40;
  }
  EXPECT_NEAR(drift, 0, 0.05);
  EXPECT_NEAR(logs, 0, 0.35);
}

TEST(CmaCategorical, FindsTheItemsThatWinAndKeepsTheOthersPossible) {
  CmaCategorical model({{0.25, 0.25, 0.25, 0.25}, {0.5, 0.5, 0}});
  Rng rng(7);
  for (int g = 0; g < 200; ++g) {
    std::multimap<double, CmaCategorical::Row> rows;
    for (int i = 0; i < 8; ++i) {
      const auto items = model.Draw(rng);
      rows.emplace((items[0] == 2 ? 0 : 1) + (items[1] == 1 ? 0 : 0.5),
                   CmaCategorical::Row{items[0], items[1]});
    }
    std::vector<CmaCategorical::Row> ranked;
    for (const auto& row : rows) {
      ranked.push_back(row.second);
    }
    model.Update(ranked, RecombinationWeights(8, 2).weights);
  }
  EXPECT_GT(model.probabilities(0)[2], 0.7);
  EXPECT_GT(model.probabilities(1)[1], 0.7);
  EXPECT_GT(model.probabilities(0)[0], 0.01);
  EXPECT_EQ(model.probabilities(1)[2], 0);
  EXPECT_NEAR(model.probabilities(0)[0] + model.probabilities(0)[1] + model.probabilities(0)[2] +
                  model.probabilities(0)[3],
              1, 1e-9);
}

}  // namespace
}  // namespace regatta::search
