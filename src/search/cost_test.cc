// That cost decides between trials of equal promise, and ever less as the planned trials are used
// up.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

struct Planned {
  bool cost_aware = true;
  std::optional<std::uint64_t> trials;
  std::size_t objectives = 1;  // the second one wants another x
};

// A bayes that knows nothing but expected improvement. What `size` says costs up to e^4 times as
// much as the least, and matters a little for the result.
std::unique_ptr<Sampler> BayesOf(const Planned& planned, std::uint64_t seed) {
  SamplerOptions options;
  options.seed = seed;
  options.cost_aware = planned.cost_aware;
  options.trials_planned = planned.trials;
  options.objectives.resize(planned.objectives);
  options.settings = {{"start", 4}, {"bound_share", 0}};
  return Must(MakeSampler(
      "bayes",
      Space({Named("x", Distribution::Uniform(0, 1)), Named("size", Distribution::Uniform(0, 1))}),
      options));
}

Trial Ended(TrialId id, const Point& point, std::size_t objectives) {
  const double x = AsNumber(*point[0]);
  const double size = AsNumber(*point[1]);
  Trial trial;
  trial.id = id;
  trial.values = point;
  trial.state = TrialState::kFinished;
  trial.objectives = {std::pow(x - 0.3, 2) - 0.1 * size, std::pow(x - 0.7, 2) - 0.1 * size};
  trial.objectives.resize(objectives);
  trial.cost = std::exp(4 * size);
  return trial;
}

// Its own trials.
std::vector<Trial> Search(const Planned& planned, std::uint64_t seed, TrialId count) {
  const auto sampler = BayesOf(planned, seed);
  std::vector<Trial> trials;
  for (TrialId id = 0; id < count; ++id) {
    trials.push_back(Ended(id, Must(sampler->Suggest(id, 1)).at(0).values, planned.objectives));
    EXPECT_TRUE(sampler->Tell(trials.back()));
  }
  return trials;
}

// What it proposes after the trials of another search.
Point NextAfter(const std::vector<Trial>& trials, const Planned& planned, std::uint64_t seed) {
  const auto sampler = BayesOf(planned, seed);
  for (const Trial& trial : trials) {
    EXPECT_TRUE(sampler->Tell(trial));
  }
  return Must(sampler->Suggest(trials.size(), 1)).at(0).values;
}

double CostOf(const std::vector<Trial>& trials, std::size_t from, std::size_t to) {
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) {
    sum += *trials[i].cost;
  }
  return sum;
}

TEST(Cost, CheapTrialsComeFirst) {
  double unaware = 0;
  double aware = 0;
  double planned = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    unaware += CostOf(Search({.cost_aware = false}, seed, 12), 4, 12);
    aware += CostOf(Search({}, seed, 12), 4, 12);
    planned += CostOf(Search({.trials = 40}, seed, 12), 4, 12);
  }
  EXPECT_LT(aware, 0.6 * unaware);
  EXPECT_LT(planned, 0.7 * unaware) << "most of the budget is left";
}

TEST(Cost, CheapTrialsComeFirstOnTheWayToAFront) {
  double unaware = 0;
  double aware = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    unaware += CostOf(Search({.cost_aware = false, .objectives = 2}, seed, 12), 4, 12);
    aware += CostOf(Search({.objectives = 2}, seed, 12), 4, 12);
  }
  EXPECT_LT(aware, 0.6 * unaware);
}

TEST(Cost, CountsInFullAtFirstAndNotAtAllInTheEnd) {
  constexpr std::uint64_t kSeed = 1;
  const std::vector<Trial> trials = Search({.trials = 20}, kSeed, 25);
  const auto after = [&trials](std::size_t count, const Planned& planned) {
    return NextAfter({trials.begin(), trials.begin() + static_cast<std::ptrdiff_t>(count)}, planned,
                     kSeed);
  };
  EXPECT_EQ(after(4, {.trials = 20}), after(4, {}));
  EXPECT_NE(after(4, {.trials = 20}), after(4, {.cost_aware = false}));
  for (const std::size_t count : {19U, 20U, 24U}) {
    EXPECT_EQ(after(count, {.trials = 20}), after(count, {.cost_aware = false})) << count;
    EXPECT_NE(after(count, {.trials = 20}), after(count, {})) << count;
  }
}

TEST(Cost, AnOpenTrialIsSpentToo) {
  constexpr std::uint64_t kSeed = 2;
  std::vector<Trial> trials = Search({.trials = 12}, kSeed, 12);
  for (const std::size_t open : {9U, 10U}) {
    trials[open].state = TrialState::kRunning;
    trials[open].objectives.clear();
    trials[open].cost.reset();
  }
  trials.pop_back();
  EXPECT_EQ(NextAfter(trials, {.trials = 12}, kSeed),
            NextAfter(trials, {.cost_aware = false}, kSeed));
  EXPECT_NE(NextAfter(trials, {.trials = 14}, kSeed),
            NextAfter(trials, {.cost_aware = false}, kSeed));
}

TEST(Cost, TheWholeBudgetFindsTheExpensiveBest) {
  double aware = 0;
  double cooled = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const auto best = [](const std::vector<Trial>& trials) {
      double least = 1e300;
      for (const Trial& trial : trials) {
        least = std::min(least, trial.objectives[0]);
      }
      return least;
    };
    aware += best(Search({}, seed, 14));
    cooled += best(Search({.trials = 14}, seed, 14));
  }
  EXPECT_LT(cooled, aware);
}

}  // namespace
}  // namespace regatta::search
