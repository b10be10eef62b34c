// That searches start where their users believe good values lie.
#include "prior_draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "test_util.h"

namespace regatta::search {
namespace {

constexpr int kDraws = 4000;

// How often each value comes, of numbers from 0 to 9 or of items by their place in the list.
std::vector<double> Shares(Parameter parameter, const Prior& prior) {
  parameter.prior = prior;
  const SearchSpace space = Space({std::move(parameter)});
  const Encoder encoder(space);
  Rng rng(3);
  std::vector<double> shares(10);
  for (int i = 0; i < kDraws; ++i) {
    const double drawn = DrawFromPrior(space, encoder, 0, rng.UniformOpen(), rng);
    const Point point = space.At(std::vector<double>{drawn});
    shares.at(static_cast<std::size_t>(AsNumber(*point[0]))) += 1.0 / kDraws;
  }
  return shares;
}

TEST(DrawFromPrior, PrefersTheCategoryByItsOddsWhateverItsProbability) {
  for (const std::vector<double>& probabilities :
       {std::vector<double>{}, {0.9, 0.05, 0.05}, {0.05, 0.05, 0.9}}) {
    Prior prior{CategoryIndex{1}, 0.2, 4};
    const auto shares = Shares(Named("c", Distribution::Categorical(3, probabilities)), prior);
    const double own = probabilities.empty() ? 1.0 / 3 : 0.05;
    EXPECT_NEAR(shares[1], 4.0 / 6 + 2.0 / 6 * own, 0.03);
  }
}

TEST(DrawFromPrior, LiesEvenlyAboutAWholeNumber) {
  const auto shares =
      Shares(Named("n", Distribution::IntUniform(1, 5)), Prior{std::int64_t{3}, 0.2, 4});
  EXPECT_GT(shares[3], 0.3);
  EXPECT_NEAR(shares[2], shares[4], 0.03);
  EXPECT_NEAR(shares[1], shares[5], 0.03);
  EXPECT_GT(shares[2], 2 * shares[1]);
}

TEST(DrawFromPrior, LiesEvenlyAboutAMultiple) {
  const auto shares = Shares(Named("n", Distribution::QUniform(0, 8, 2)), Prior{4.0, 0.2, 4});
  EXPECT_GT(shares[4], 0.3);
  EXPECT_NEAR(shares[2], shares[6], 0.03);
}

// What lies beside a number is its neighbour in size, not in the list.
TEST(DrawFromPrior, KnowsTheOrderOfAnUnsortedListOfNumbers) {
  for (const std::vector<double>& list : {std::vector<double>{1, 2, 3, 4, 5}, {3, 1, 5, 2, 4}}) {
    const auto place = [&list](double number) {
      return static_cast<std::size_t>(std::find(list.begin(), list.end(), number) - list.begin());
    };
    const Prior prior{CategoryIndex{static_cast<std::int64_t>(place(3))}, 0.2, 4};
    const auto shares = Shares(Named("n", Distribution::Levels(list)), prior);
    EXPECT_GT(shares[place(3)], 0.3);
    EXPECT_NEAR(shares[place(2)], shares[place(4)], 0.03);
    EXPECT_NEAR(shares[place(1)], shares[place(5)], 0.03);
    EXPECT_GT(shares[place(2)], 2 * shares[place(1)]);
  }
}

TEST(DrawFromPrior, LeavesContinuousOnesWhereTheyWere) {
  Parameter parameter = Named("x", Distribution::Uniform(0, 10));
  parameter.prior = Prior{7.0, 0.1, 4};
  const SearchSpace space = Space({std::move(parameter)});
  const Encoder encoder(space);
  Rng rng(3);
  Rng same(3);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(DrawFromPrior(space, encoder, 0, 0.5, rng),
              std::clamp(0.7 + 0.1 * same.Normal(), 0.0, 1.0));
  }
}

}  // namespace
}  // namespace regatta::search
