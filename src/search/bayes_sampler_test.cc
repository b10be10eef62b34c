// That the model-based sampler finds minima, and finds them faster than chance.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

double Branin(const Point& point) {
  const double x = AsNumber(*point[0]);
  const double y = AsNumber(*point[1]);
  const double pi = std::numbers::pi;
  const double a = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
  return a * a + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

double BestAfter(std::string_view name, const SearchSpace& space, int trials, std::uint64_t seed,
                 double (*objective)(const Point&)) {
  SamplerOptions options;
  options.seed = seed;
  auto sampler = Must(MakeSampler(name, space, options));
  double best = 1e300;
  for (int i = 0; i < trials; ++i) {
    const auto suggestions = Must(sampler->Suggest(static_cast<TrialId>(i), 1));
    if (suggestions.empty()) {
      break;
    }
    Trial trial;
    trial.id = static_cast<TrialId>(i);
    trial.values = suggestions[0].values;
    trial.state = TrialState::kFinished;
    trial.objectives = {objective(trial.values)};
    best = std::min(best, trial.objectives[0]);
    EXPECT_TRUE(sampler->Tell(trial));
  }
  return best;
}

TEST(BayesSampler, FindsTheMinimumOfBranin) {
  const SearchSpace space =
      Space({Named("x", Distribution::Uniform(-5, 10)), Named("y", Distribution::Uniform(0, 15))});
  int near = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    near += BestAfter("bayes", space, 30, seed, &Branin) < 0.41 ? 1 : 0;
  }
  EXPECT_GE(near, 4);
}

double Mixed(const Point& point) {
  const double lr = std::log10(AsNumber(*point[0]));
  const double width = AsNumber(*point[1]);
  const bool sgd = AsNumber(*point[2]) == 1;
  double loss = (lr + 3) * (lr + 3) + (width - 40) * (width - 40) / 400 + (sgd ? 0 : 1);
  if (sgd) {
    const double momentum = AsNumber(*point[3]);
    loss += 4 * (momentum - 0.9) * (momentum - 0.9);
  }
  return loss;
}

TEST(BayesSampler, FindsTheMinimumOfAConditionalSpace) {
  const SearchSpace space =
      Space({Named("lr", Distribution::LogUniformValues(1e-6, 1)),
             Named("width", Distribution::IntUniform(1, 256)),
             Named("optimizer", Distribution::Categorical(3)),
             Named("momentum", Distribution::Uniform(0, 1), {{"optimizer", {1}, {}, {}}})});
  int near = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    near += BestAfter("bayes", space, 40, seed, &Mixed) < 0.05 ? 1 : 0;
  }
  EXPECT_GE(near, 4);
}

}  // namespace
}  // namespace regatta::search
