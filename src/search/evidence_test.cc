// The numerics against high-precision values and brute force.
#include "evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "test_util.h"

namespace regatta::search {
namespace {

TEST(Bend, KeepsVarianceAndTellsItsJacobian) {
  const std::vector<double> y = {-1.2, -0.4, -0.1, 0.3, 1.4};
  for (const double bend : {-1.5, -0.2, 0.7}) {
    std::vector<double> bent;
    const double log_jacobian = Bend(bend, y, bent);
    double mean = 0;
    double variance = 0;
    for (const double value : bent) {
      mean += value / 5;
    }
    for (const double value : bent) {
      variance += (value - mean) * (value - mean) / 5;
    }
    EXPECT_NEAR(mean, 0, 1e-12);
    EXPECT_NEAR(variance, 1, 1e-12);
    // The slope at each target, in units of the scale that Bend chose.
    double expected = 0;
    const double scale =
        (bent[4] - bent[0]) / ((std::expm1(bend * y[4]) - std::expm1(bend * y[0])) / bend);
    for (const double value : y) {
      expected += std::log(scale * std::exp(bend * value));
    }
    EXPECT_NEAR(log_jacobian, expected, 1e-9);
  }
  std::vector<double> same;
  EXPECT_EQ(Bend(0, y, same), 0);
  EXPECT_EQ(same, y);
}

// A smooth function seen through e^(1.5 x): the chain has to find the bend that undoes it.
TEST(Evidence, FindsTheBendThatMakesAProcessFit) {
  const SearchSpace space = Space({Named("x", Distribution::Uniform(0, 1))});
  const Encoder encoder(space);
  std::vector<Unit> units;
  std::vector<double> plain;
  for (int i = 0; i < 40; ++i) {
    const double x = (i + 0.5) / 40;
    units.push_back({x});
    plain.push_back(std::sin(12 * x) + 0.7 * std::sin(31 * x));
  }
  std::vector<double> stretched;
  std::vector<double> standard;
  (void)Bend(1.5, plain, stretched);
  (void)Bend(1e-5, plain, standard);
  const auto bend_of = [&](const std::vector<double>& y) {
    Evidence evidence(encoder, Rows(encoder, units), y, true);
    Hyper hyper = DefaultHyper(1);
    Rng rng(3, 0);
    double sum = 0;
    for (int sweep = 0; sweep < 60; ++sweep) {
      evidence.SliceSweep(hyper, rng);
      sum += sweep < 20 ? 0 : hyper.bend / 40;
    }
    return sum;
  };
  EXPECT_LT(bend_of(stretched), bend_of(standard) - 0.2);
}

TEST(Evidence, RisesWithTheTruth) {
  const SearchSpace space = Space({Named("x", Distribution::Uniform(0, 1))});
  const Encoder encoder(space);
  std::vector<Unit> units;
  std::vector<double> y;
  for (int i = 0; i < 30; ++i) {
    units.push_back({i / 29.0});
    y.push_back(std::sqrt(2.0) * std::sin(2 * 3.14159265 * i / 29.0));
  }
  Evidence evidence(encoder, Rows(encoder, units), y);
  Hyper hyper = DefaultHyper(1);
  hyper.log_noise = std::log(1e-4);
  const double good = evidence.LogPosterior(hyper);
  hyper.log_scale[0] = std::log(0.03);
  EXPECT_GT(good, evidence.LogPosterior(hyper));
  hyper.log_scale[0] = std::log(100.0);
  EXPECT_EQ(evidence.LogPosterior(hyper), -std::numeric_limits<double>::infinity());
}

// With no data the posterior is the prior, whose moments are known.
TEST(Evidence, SlicesThePriorWhereNothingIsKnown) {
  const SearchSpace space =
      Space({Named("x", Distribution::Uniform(0, 1)), Named("y", Distribution::Uniform(0, 1))});
  const Encoder encoder(space);
  const std::vector<Unit> nothing;
  Evidence evidence(encoder, Rows(encoder, nothing), {});
  Hyper hyper = DefaultHyper(2);
  Rng rng(11);
  double sum[4] = {};
  double squares[4] = {};
  constexpr int kSweeps = 20000;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    evidence.SliceSweep(hyper, rng);
    for (std::size_t i = 0; i < 4; ++i) {
      sum[i] += hyper[i] / kSweeps;
      squares[i] += hyper[i] * hyper[i] / kSweeps;
    }
  }
  const double mean_scale = -0.5 + 0.5 * std::log(2.0);
  const double means[] = {mean_scale, mean_scale, 0.0, -4.5};
  const double spreads[] = {1.0, 1.0, 1.0, 1.3};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(sum[i], means[i], 0.06) << i;
    EXPECT_NEAR(std::sqrt(squares[i] - sum[i] * sum[i]), spreads[i], 0.06) << i;
  }
}

// With data, the moments of the posterior come from summing its density over a fine grid.
TEST(Evidence, SlicesAPosteriorWithTheMomentsOfItsDensity) {
  const SearchSpace space = Space({Named("x", Distribution::Uniform(0, 1))});
  const Encoder encoder(space);
  const std::vector<Unit> units = {{0.05}, {0.3}, {0.45}, {0.7}, {0.9}};
  Evidence evidence(encoder, Rows(encoder, units), std::vector<double>{0.9, -0.6, -1.1, 0.2, 0.6});
  constexpr int kGrid = 45;
  const double low[] = {std::log(0.02), std::log(0.02), std::log(1e-6)};
  const double high[] = {std::log(50.0), std::log(20.0), 0.0};
  double total = 0;
  double expected[3] = {};
  double expected_square[3] = {};
  Hyper hyper = DefaultHyper(1);
  for (int cell = 0; cell < kGrid * kGrid * kGrid; ++cell) {
    int rest = cell;
    for (std::size_t i = 0; i < 3; ++i, rest /= kGrid) {
      hyper[i] = low[i] + (high[i] - low[i]) * (rest % kGrid + 0.5) / kGrid;
    }
    const double density = std::exp(evidence.LogPosterior(hyper));
    total += density;
    for (std::size_t i = 0; i < 3; ++i) {
      expected[i] += density * hyper[i];
      expected_square[i] += density * hyper[i] * hyper[i];
    }
  }
  Rng rng(12);
  constexpr int kSweeps = 20000;
  double mean[3] = {};
  double square[3] = {};
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    evidence.SliceSweep(hyper, rng);
    for (std::size_t i = 0; i < 3; ++i) {
      mean[i] += hyper[i] / kSweeps;
      square[i] += hyper[i] * hyper[i] / kSweeps;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const double expected_mean = expected[i] / total;
    const double expected_spread =
        std::sqrt(expected_square[i] / total - expected_mean * expected_mean);
    EXPECT_NEAR(mean[i], expected_mean, 0.06) << i;
    EXPECT_NEAR(std::sqrt(square[i] - mean[i] * mean[i]), expected_spread, 0.06) << i;
  }
}

}  // namespace
}  // namespace regatta::search
