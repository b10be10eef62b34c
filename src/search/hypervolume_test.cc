#include "hypervolume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "acquisition.h"
#include "regatta/base/rng.h"

namespace regatta::search {
namespace {

std::vector<Outcome> RandomOutcomes(std::size_t count, std::size_t m, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < count; ++i) {
    Outcome& outcome = outcomes.emplace_back();
    double norm = 0;
    for (std::size_t k = 0; k < m; ++k) {
      outcome.push_back(std::abs(rng.Normal()));
      norm += outcome.back() * outcome.back();
    }
    for (double& value : outcome) {  // near a sphere, so that most are not dominated
      value = value / std::sqrt(norm) * (1 + 0.1 * rng.Uniform());
    }
  }
  return outcomes;
}

// By inclusion and exclusion over all subsets of a small front.
long double ByInclusionExclusion(const std::vector<Outcome>& front, const Outcome& reference) {
  long double volume = 0;
  for (std::size_t subset = 1; subset < (std::size_t{1} << front.size()); ++subset) {
    long double box = 1;
    for (std::size_t k = 0; k < reference.size(); ++k) {
      double worst = -1e300;
      for (std::size_t i = 0; i < front.size(); ++i) {
        worst = (subset >> i) % 2 == 1 ? std::max(worst, front[i][k]) : worst;
      }
      box *= std::max(0.0, reference[k] - worst);
    }
    volume += __builtin_popcountll(subset) % 2 == 1 ? box : -box;
  }
  return volume;
}

// E[growth] = ∫ P(Y <= z) over all below the reference less what the front dominates, the latter by
// inclusion and exclusion, in long doubles.
long double ExpectedByInclusionExclusion(const std::vector<Outcome>& front,
                                         const Outcome& reference, const double* mean,
                                         const double* variance) {
  const std::size_t m = reference.size();
  const auto area = [&](std::size_t k, double t) {
    return std::exp(static_cast<long double>(LogExpectedImprovement(mean[k], variance[k], t)));
  };
  long double all = 1;
  for (std::size_t k = 0; k < m; ++k) {
    all *= area(k, reference[k]);
  }
  for (std::size_t subset = 1; subset < (std::size_t{1} << front.size()); ++subset) {
    long double box = 1;
    for (std::size_t k = 0; k < m; ++k) {
      double worst = -1e300;
      for (std::size_t i = 0; i < front.size(); ++i) {
        worst = (subset >> i) % 2 == 1 ? std::max(worst, front[i][k]) : worst;
      }
      box *= area(k, reference[k]) - area(k, std::min(worst, reference[k]));
    }
    all += __builtin_popcountll(subset) % 2 == 1 ? -box : box;
  }
  return all;
}

TEST(Front, KeepsWhatNothingDominates) {
  const std::vector<Outcome> front = Front({{2, 2}, {1, 3}, {3, 1}, {2, 2}, {3, 3}, {1, 4}});
  EXPECT_EQ(front, (std::vector<Outcome>{{1, 3}, {2, 2}, {3, 1}}));
}

TEST(ReferencePoint, LiesBehindTheWorstOfTheFrontByItsMargins) {
  EXPECT_EQ(ReferencePoint({{0, 4}, {2, 3}}, {1, 0.5}), (Outcome{3, 4.5}));
  EXPECT_EQ(ReferencePoint({{0, 40}, {20, 30}}, {1, 0.5}), (Outcome{22, 41}))
      << "a tenth of a wide front is more";
}

TEST(Hypervolume, AgreesWithInclusionAndExclusion) {
  for (const std::size_t m : {2U, 3U, 4U, 5U}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const std::vector<Outcome> front = Front(RandomOutcomes(9, m, seed));
      const Outcome reference(m, 0.95);
      EXPECT_NEAR(Hypervolume(front, reference),
                  static_cast<double>(ByInclusionExclusion(front, reference)), 1e-12)
          << m << " objectives, seed " << seed;
    }
  }
}

TEST(ExpectedHypervolumeImprovement, CutsTheFreeSpaceIntoFewBoxes) {
  const std::vector<Outcome> front = Front(RandomOutcomes(80, 3, 4));
  ASSERT_GT(front.size(), 40U);
  const ExpectedHypervolumeImprovement improvement(front, {1.2, 1.2, 1.2});
  EXPECT_LE(improvement.boxes(), 2 * front.size() + 1);
}

TEST(ExpectedHypervolumeImprovement, AgreesWithInclusionAndExclusion) {
  Rng rng(8);
  for (const std::size_t m : {2U, 3U}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      std::vector<Outcome> front = Front(RandomOutcomes(rng.Below(9), m, seed));
      if (!front.empty() && seed % 3 == 0) {
        front.push_back(front.front());  // ties in all coordinates,
        front.back()[0] -= 0.05;         // or in all but one
      }
      const Outcome reference(m, 1.0);
      std::vector<double> mean;
      std::vector<double> variance;
      for (std::size_t k = 0; k < m; ++k) {
        mean.push_back(1.5 * rng.Uniform());
        variance.push_back(0.01 + rng.Uniform());
      }
      const ExpectedHypervolumeImprovement improvement(Front(front), reference);
      const auto exact =
          ExpectedByInclusionExclusion(Front(front), reference, mean.data(), variance.data());
      EXPECT_NEAR(improvement.Log(mean.data(), variance.data()),
                  static_cast<double>(std::log(exact)), 1e-8)
          << m << " objectives, seed " << seed;
    }
  }
}

TEST(ExpectedHypervolumeImprovement, IsTheMeanGrowthOfTheVolume) {
  const std::vector<Outcome> front = Front(RandomOutcomes(12, 3, 2));
  const Outcome reference(3, 1.1);
  const double mean[] = {0.5, 0.7, 0.4};
  const double variance[] = {0.04, 0.09, 0.02};
  const double before = Hypervolume(front, reference);
  Rng rng(5);
  double sum = 0;
  double squares = 0;
  const int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    std::vector<Outcome> more = front;
    Outcome& fresh = more.emplace_back();
    for (int k = 0; k < 3; ++k) {
      fresh.push_back(mean[k] + std::sqrt(variance[k]) * rng.Normal());
    }
    const double growth = Hypervolume(Front(more), reference) - before;
    sum += growth / draws;
    squares += growth * growth / draws;
  }
  const double error = std::sqrt((squares - sum * sum) / draws);
  const ExpectedHypervolumeImprovement improvement(front, reference);
  EXPECT_NEAR(std::exp(improvement.Log(mean, variance)), sum, 4 * error);
}

// Where the chance of any growth is below 10^-300, its logarithm is still right, so that a search
// can climb from there.
TEST(ExpectedHypervolumeImprovement, IsExactFarFromTheFront) {
  for (const std::size_t m : {2U, 3U}) {
    const std::vector<Outcome> front = Front(RandomOutcomes(5, m, 11));
    const Outcome reference(m, 1.0);
    const ExpectedHypervolumeImprovement improvement(front, reference);
    double last = 0;
    for (const double away : {5.0, 15.0, 40.0, 60.0}) {
      const std::vector<double> mean(m, away);
      const std::vector<double> variance(m, 1.0);
      const double log = improvement.Log(mean.data(), variance.data());
      const auto exact =
          ExpectedByInclusionExclusion(front, reference, mean.data(), variance.data());
      EXPECT_NEAR(log, static_cast<double>(std::log(exact)), 1e-8 * std::abs(log)) << away;
      EXPECT_LT(log, last);
      last = log;
    }
    const std::vector<double> mean(m, 1e5);
    const std::vector<double> variance(m, 1.0);
    EXPECT_TRUE(std::isfinite(improvement.Log(mean.data(), variance.data())));
  }
}

TEST(ExpectedHypervolumeImprovement, HasTheSlopesOfDifferences) {
  Rng rng(9);
  for (const std::size_t m : {2U, 3U}) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      const std::vector<Outcome> front = Front(RandomOutcomes(rng.Below(20), m, seed));
      const ExpectedHypervolumeImprovement improvement(front, Outcome(m, 1.0));
      // Where much is promised, and where hardly anything is.
      const double away = seed % 3 == 0 ? 8 : 0;
      std::vector<double> mean;
      std::vector<double> variance;
      for (std::size_t k = 0; k < m; ++k) {
        mean.push_back(away + 1.5 * rng.Uniform());
        variance.push_back(std::pow(10, -3 * rng.Uniform()));
      }
      std::vector<double> by_mean(m);
      std::vector<double> by_variance(m);
      EXPECT_EQ(
          improvement.LogSlopes(mean.data(), variance.data(), by_mean.data(), by_variance.data()),
          improvement.Log(mean.data(), variance.data()));
      const auto difference = [&](double& moved, double step) {
        const double at = moved;
        moved = at + step;
        const double above = improvement.Log(mean.data(), variance.data());
        moved = at - step;
        const double below = improvement.Log(mean.data(), variance.data());
        moved = at;
        return (above - below) / (2 * step);
      };
      for (std::size_t k = 0; k < m; ++k) {
        const double near_mean = difference(mean[k], 1e-4 * std::sqrt(variance[k]));
        EXPECT_NEAR(by_mean[k], near_mean, 1e-6 * std::max(1.0, std::abs(near_mean)))
            << m << " objectives, seed " << seed;
        const double near_variance = difference(variance[k], 1e-4 * variance[k]);
        EXPECT_NEAR(by_variance[k], near_variance, 1e-6 * std::max(1.0, std::abs(near_variance)))
            << m << " objectives, seed " << seed;
      }
    }
  }
}

// Where the chance of any growth is below 10^-300, and where edges of the front all but coincide.
TEST(ExpectedHypervolumeImprovement, HasFiniteSlopesAtTheExtremes) {
  for (const std::size_t m : {2U, 3U}) {
    std::vector<Outcome> outcomes = RandomOutcomes(5, m, 11);
    for (std::size_t i = 0; i < 5; ++i) {
      outcomes.push_back(outcomes[i]);
      outcomes.back()[0] -= 1e-15;
      outcomes.back()[1] += 1e-15;
    }
    const ExpectedHypervolumeImprovement improvement(Front(outcomes), Outcome(m, 1.0));
    std::vector<double> by_mean(m);
    std::vector<double> by_variance(m);
    for (const double place : {-1e5, -1.0, 0.9, 1.0, 60.0, 1e5}) {
      for (const double spread : {1e-12, 1e-6, 1.0}) {
        const std::vector<double> mean(m, place);
        const std::vector<double> variance(m, spread);
        EXPECT_EQ(
            improvement.LogSlopes(mean.data(), variance.data(), by_mean.data(), by_variance.data()),
            improvement.Log(mean.data(), variance.data()));
        for (std::size_t k = 0; k < m; ++k) {
          EXPECT_LE(by_mean[k], 0) << "at " << place;
          EXPECT_TRUE(std::isfinite(by_mean[k]) && std::isfinite(by_variance[k]))
              << "at " << place << " ± " << std::sqrt(spread);
        }
      }
    }
  }
}

TEST(LogChebyshevImprovement, PrefersWhatBeatsTheFront) {
  const std::vector<Outcome> front = {{1, 0, 0, 1}, {0, 1, 1, 0}};
  const std::vector<double> weights(4, 0.5);
  const std::vector<double> draws = {0.1, -0.2, 0.3, 0, -0.5, 0.4, 0, 0.2};
  const std::vector<double> variance(4, 1e-4);
  const std::vector<double> good(4, 0.2);
  const std::vector<double> bad(4, 1.2);
  const std::vector<double> worse(4, 1.4);
  const auto score = [&](const std::vector<double>& mean) {
    return LogChebyshevImprovement(front, weights, mean.data(), variance.data(), draws);
  };
  EXPECT_GT(score(good), score(bad));
  EXPECT_GT(score(bad), score(worse));
}

}  // namespace
}  // namespace regatta::search
