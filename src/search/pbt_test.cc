// That the worst take over from the best, stay in the space, and nobody else moves.
#include "regatta/search/pbt.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test_util.h"

namespace regatta::search {
namespace {

SearchSpace Net() {
  return Space({Named("lr", Distribution::LogUniformValues(1e-5, 1e-1)),
                Named("layers", Distribution::IntUniform(1, 6)),
                Named("optimizer", Distribution::Categorical(2)),
                Named("momentum", Distribution::Uniform(0, 1), {{"optimizer", {1}, {}, {}}})});
}

std::vector<PopulationMember> Ten() {
  std::vector<PopulationMember> population;
  for (TrialId id = 0; id < 10; ++id) {
    population.push_back({id,
                          {1e-3, static_cast<std::int64_t>(1 + id % 6), CategoryIndex{1}, 0.9},
                          static_cast<double>(id)});
  }
  return population;
}

TEST(Pbt, LetsTheWorstFifthTakeOverFromTheBestFifth) {
  const auto population = Ten();
  for (TrialId id = 0; id < 10; ++id) {
    const PbtDecision decision = Must(DecidePbt(Net(), population, id, 3, {}));
    if (id < 8) {
      EXPECT_FALSE(decision.parent) << decision.reason;
      EXPECT_EQ(decision.values, population[id].values);
    } else {
      ASSERT_TRUE(decision.parent);
      EXPECT_LT(*decision.parent, 2U);
      EXPECT_TRUE(Net().Normalize(decision.values));
      EXPECT_NE(decision.values, population[*decision.parent].values);
    }
  }
}

TEST(Pbt, MirrorsForMaximizeAndRanksNaNLast) {
  auto population = Ten();
  PbtOptions options;
  options.goal = Goal::kMaximize;
  EXPECT_TRUE(Must(DecidePbt(Net(), population, 0, 1, options)).parent);
  EXPECT_FALSE(Must(DecidePbt(Net(), population, 9, 1, options)).parent);
  population[5].value = std::nan("");
  EXPECT_TRUE(Must(DecidePbt(Net(), population, 5, 1, options)).parent);
}

TEST(Pbt, CopiesOnlyFromTheBetter) {
  auto population = Ten();
  for (PopulationMember& member : population) member.value = std::nan("");
  EXPECT_FALSE(Must(DecidePbt(Net(), population, 9, 1, {})).parent);
  for (PopulationMember& member : population) member.value = 1;
  EXPECT_FALSE(Must(DecidePbt(Net(), population, 9, 1, {})).parent);
  population[9].value = 2;
  EXPECT_TRUE(Must(DecidePbt(Net(), population, 9, 1, {})).parent);
}

TEST(Pbt, NeverCopiesAPointOutsideTheSpace) {
  auto population = Ten();
  population[0].values[0] = 7.0;
  for (std::uint64_t interval = 0; interval < 20; ++interval) {
    EXPECT_EQ(Must(DecidePbt(Net(), population, 9, interval, {})).parent, 1U);
  }
}

TEST(Pbt, GoesOnWithAllowedPointsOrTheParentsOwn) {
  PbtOptions options;
  options.allowed = [](const Point& point) { return AsNumber(*point[0]) < 1e-3; };
  for (std::uint64_t interval = 0; interval < 20; ++interval) {
    EXPECT_TRUE(options.allowed(Must(DecidePbt(Net(), Ten(), 9, interval, options)).values));
  }
  options.allowed = [](const Point&) { return false; };
  const PbtDecision decision = Must(DecidePbt(Net(), Ten(), 9, 1, options));
  EXPECT_EQ(decision.values, Ten()[*decision.parent].values);
}

TEST(Pbt, IsAFunctionOfSeedAndInterval) {
  const auto first = Must(DecidePbt(Net(), Ten(), 9, 1, {}));
  EXPECT_EQ(first.values, Must(DecidePbt(Net(), Ten(), 9, 1, {})).values);
  EXPECT_NE(first.values, Must(DecidePbt(Net(), Ten(), 9, 2, {})).values);
}

TEST(Pbt, RefusesStrangersAndLeavesSmallPopulationsAlone) {
  EXPECT_FALSE(DecidePbt(Net(), Ten(), 77, 1, {}));
  const auto population = Ten();
  EXPECT_FALSE(Must(DecidePbt(Net(), {population.data(), 3}, 2, 1, {})).parent);
}

}  // namespace
}  // namespace regatta::search
