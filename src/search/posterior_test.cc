// The numerics against finite differences and brute force.
#include "posterior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "evidence.h"
#include "linalg.h"
#include "test_util.h"

namespace regatta::search {
namespace {

SearchSpace MixedSpace() {
  return Space({Named("x", Distribution::Uniform(0, 1)), Named("k", Distribution::IntUniform(1, 9)),
                Named("c", Distribution::Categorical(3)),
                Named("m", Distribution::Uniform(0, 1), {{"c", {1}, {}, {}}})});
}

std::vector<Unit> RandomUnits(const Encoder& encoder, std::size_t n, Rng& rng) {
  std::vector<Unit> units;
  for (std::size_t i = 0; i < n; ++i) {
    Unit unit;
    for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
      unit.push_back(encoder.FromUniform(d, rng.UniformOpen()));
    }
    encoder.Snap(unit);
    units.push_back(unit);
  }
  return units;
}

// 40 random rows with random targets, and 20 probes.
struct Example {
  const SearchSpace space = MixedSpace();
  const Encoder encoder{space};
  std::vector<Unit> units;
  std::vector<double> y;
  Rows probes;
  Hyper hyper = DefaultHyper(encoder.dimensions());

  explicit Example(std::uint64_t seed) {
    Rng rng(seed);
    units = RandomUnits(encoder, 40, rng);
    probes = Rows(encoder, RandomUnits(encoder, 20, rng));
    for (std::size_t i = 0; i < units.size(); ++i) {
      y.push_back(rng.Normal());
    }
  }
  Posterior Fitted(std::size_t n) const {
    Posterior posterior;
    EXPECT_TRUE(posterior.Fit(encoder, Rows(encoder, std::span(units).first(n)),
                              std::span(y).first(n), hyper));
    return posterior;
  }
  std::pair<std::vector<double>, std::vector<double>> Predicted(const Posterior& posterior,
                                                                bool roughly = false) const {
    std::vector<double> mean(probes.size());
    std::vector<double> variance(probes.size());
    Posterior::Scratch scratch;
    if (roughly) {
      posterior.PredictRoughly(probes, mean.data(), variance.data(), scratch);
    } else {
      posterior.Predict(probes, mean.data(), variance.data(), scratch);
    }
    return {mean, variance};
  }
};

TEST(Posterior, IsUnchangedWhetherAppendedOrRefitted) {
  const Example example(3);
  const auto full = example.Predicted(example.Fitted(40));
  for (const std::size_t observed : {1U, 7U, 8U, 25U, 32U, 39U}) {
    const Posterior before = example.Fitted(observed);
    Posterior together = before;
    together.AppendPending(std::span(example.units).subspan(observed));
    Posterior singly = before;
    for (std::size_t i = observed; i < 40; ++i) {
      singly.AppendPending({&example.units[i], 1});
    }
    EXPECT_EQ(example.Predicted(together).second, full.second) << "to the bit";
    EXPECT_EQ(example.Predicted(singly).second, full.second) << "to the bit";
    EXPECT_EQ(example.Predicted(singly).first, example.Predicted(before).first)
        << "pending points must not move the mean";
    singly.DropPending();
    EXPECT_EQ(example.Predicted(singly), example.Predicted(before));
    EXPECT_EQ(example.Predicted(singly, true), example.Predicted(before, true));
  }
}

// Rows are added, with and without open points behind, taken away, exchanged in the middle; then
// the hyperparameters are others, and there and back.
TEST(Posterior, FitsAgainToTheBitsOfAFirstFit) {
  Example example(12);
  Rng rng(4);
  const Unit other = RandomUnits(example.encoder, 1, rng).front();
  Posterior posterior = example.Fitted(9);
  const auto expect_fresh = [&](std::size_t n) {
    EXPECT_TRUE(posterior.Fit(example.encoder,
                              Rows(example.encoder, std::span(example.units).first(n)),
                              std::span(example.y).first(n), example.hyper));
    const Posterior fresh = example.Fitted(n);
    EXPECT_EQ(posterior.size(), n);
    EXPECT_EQ(example.Predicted(posterior), example.Predicted(fresh)) << n;
    EXPECT_EQ(example.Predicted(posterior, true), example.Predicted(fresh, true)) << n;
    EXPECT_EQ(posterior.LeaveOneOut(), fresh.LeaveOneOut()) << n;
  };
  for (const std::size_t n : {10U, 16U, 16U, 17U, 40U, 24U, 23U, 39U}) {
    expect_fresh(n);
    posterior.AppendPending({&other, 1});
    expect_fresh(n);
  }
  example.units[20] = other;
  expect_fresh(39);
  example.units[0] = other;
  expect_fresh(39);
  example.y[3] += 1;
  expect_fresh(39);
  const Hyper before = example.hyper;
  example.hyper.log_scale[1] += 0.3;
  expect_fresh(40);
  example.hyper = before;
  expect_fresh(40);
}

TEST(Posterior, FitsAfterAFitThatFailed) {
  Example example(12);
  const Rows rows(example.encoder, example.units);
  Posterior posterior = example.Fitted(40);
  Hyper beyond = example.hyper;
  beyond.log_signal = 800;
  EXPECT_FALSE(posterior.Fit(example.encoder, rows, example.y, beyond));
  EXPECT_FALSE(posterior.Fit(example.encoder, rows, example.y, beyond));
  EXPECT_TRUE(posterior.Fit(example.encoder, rows, example.y, example.hyper));
  EXPECT_EQ(example.Predicted(posterior), example.Predicted(example.Fitted(40)));
}

TEST(Posterior, TakesAPointTwice) {
  Example example(8);
  example.hyper.log_noise = std::log(1e-6);
  Posterior posterior = example.Fitted(20);
  const std::vector<Unit> same(30, example.units[3]);
  posterior.AppendPending(same);
  for (const double variance : example.Predicted(posterior).second) {
    EXPECT_TRUE(std::isfinite(variance) && variance > 0);
  }
}

TEST(Posterior, SaysOfAPointTheSameWhateverItsCompany) {
  const Example example(9);
  const Posterior posterior = example.Fitted(37);
  Rng rng(9);
  const std::vector<Unit> probes = RandomUnits(example.encoder, 45, rng);
  std::vector<double> mean(45), variance(45);
  Posterior::Scratch scratch;
  posterior.Predict(Rows(example.encoder, probes), mean.data(), variance.data(), scratch);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    double mean_alone = 0;
    double variance_alone = 0;
    posterior.Predict(Rows(example.encoder, {&probes[i], 1}), &mean_alone, &variance_alone,
                      scratch);
    EXPECT_EQ(mean[i], mean_alone);
    EXPECT_EQ(variance[i], variance_alone);
  }
}

TEST(Posterior, IsRoughlyTheSameInSinglePrecision) {
  Example example(10);
  for (const double noise : {1e-2, 1e-6}) {
    example.hyper.log_noise = std::log(noise);
    Posterior posterior = example.Fitted(30);
    posterior.AppendPending(std::span(example.units).subspan(30));
    const auto exact = example.Predicted(posterior);
    const auto rough = example.Predicted(posterior, true);
    EXPECT_EQ(rough.first, exact.first);
    for (std::size_t i = 0; i < exact.second.size(); ++i) {
      EXPECT_NEAR(rough.second[i], exact.second[i], 1e-5);
    }
  }
}

// At random points, at a row, at the ends of the arcs, and beside points without a result.
TEST(Posterior, HasTheSlopesOfItsDifferences) {
  const Example example(9);
  Posterior posterior = example.Fitted(37);
  Rng rng(1);
  posterior.AppendPending(RandomUnits(example.encoder, 4, rng));
  std::vector<Unit> units = RandomUnits(example.encoder, 17, rng);
  units.push_back(example.units[3]);
  for (Unit& unit : units) {
    unit[3] = std::max(unit[3], 0.0);  // all kinds of columns move
  }
  const Rows points(example.encoder, units);
  Posterior::Scratch scratch;
  Posterior::Slopes slopes;
  posterior.PredictSlopes(points, slopes, scratch);
  const std::size_t m = units.size();
  std::vector<double> mean(m);
  std::vector<double> variance(m);
  posterior.Predict(points, mean.data(), variance.data(), scratch);
  EXPECT_EQ(slopes.mean, mean);
  std::vector<double> column_slopes;
  for (std::size_t i = 0; i < m; ++i) {
    EXPECT_NEAR(slopes.variance[i], variance[i], 1e-12);
    example.encoder.ColumnSlopes(units[i], column_slopes);
    std::vector<double> by_mean(4);
    std::vector<double> by_variance(4);
    for (std::size_t c = 0; c < column_slopes.size(); ++c) {
      const std::size_t d = example.encoder.dimension_of(c);
      by_mean[d] += column_slopes[c] * slopes.mean_slopes[c * m + i];
      by_variance[d] += column_slopes[c] * slopes.variance_slopes[c * m + i];
    }
    for (const std::size_t d : {0U, 1U, 3U}) {
      constexpr double kStep = 1e-5;
      std::vector<Unit> sides(2, units[i]);
      sides[0][d] += kStep;
      sides[1][d] = std::abs(sides[1][d] - kStep);  // 0 is an end of the arc
      const double gap = sides[0][d] - sides[1][d];
      double at_mean[2];
      double at_variance[2];
      posterior.Predict(Rows(example.encoder, sides), at_mean, at_variance, scratch);
      if (gap > kStep) {
        EXPECT_NEAR(by_mean[d], (at_mean[0] - at_mean[1]) / gap, 1e-7) << i << " " << d;
        EXPECT_NEAR(by_variance[d], (at_variance[0] - at_variance[1]) / gap, 1e-7);
      }
    }
    EXPECT_EQ(by_mean[2], 0) << "categories have no slope";
  }
}

TEST(Posterior, PredictsEachRowByAllOthers) {
  const SearchSpace space = MixedSpace();
  const Encoder encoder(space);
  Rng rng(4);
  const std::vector<Unit> units = RandomUnits(encoder, 12, rng);
  std::vector<double> y;
  for (std::size_t i = 0; i < units.size(); ++i) {
    y.push_back(rng.Normal());
  }
  const Hyper hyper = DefaultHyper(encoder.dimensions());
  Posterior posterior;
  ASSERT_TRUE(posterior.Fit(encoder, Rows(encoder, units), y, hyper));
  const std::vector<double> densities = posterior.LeaveOneOut();
  for (std::size_t out = 0; out < units.size(); ++out) {
    std::vector<Unit> rest = units;
    std::vector<double> rest_y = y;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(out));
    rest_y.erase(rest_y.begin() + static_cast<std::ptrdiff_t>(out));
    Posterior without;
    ASSERT_TRUE(without.Fit(encoder, Rows(encoder, rest), rest_y, hyper));
    double mean = 0;
    double variance = 0;
    Posterior::Scratch scratch;
    without.Predict(Rows(encoder, {&units[out], 1}), &mean, &variance, scratch);
    variance += std::exp(hyper.log_noise);
    const double density = -0.5 * std::log(variance) -
                           0.5 * (y[out] - mean) * (y[out] - mean) / variance - 0.91893853320467274;
    // The mean is profiled out anew without the row, so the two agree only nearly.
    EXPECT_NEAR(densities[out], density, 0.35 + 0.05 * std::abs(density));
  }
}

TEST(Posterior, SurvivesRepeatedRows) {
  const SearchSpace space = MixedSpace();
  const Encoder encoder(space);
  Rng rng(5);
  std::vector<Unit> units = RandomUnits(encoder, 3, rng);
  for (int i = 0; i < 60; ++i) {
    units.push_back(units[static_cast<std::size_t>(i) % 3]);
  }
  Hyper hyper = DefaultHyper(encoder.dimensions());
  hyper.log_noise = std::log(1e-6);
  Posterior posterior;
  EXPECT_TRUE(posterior.Fit(encoder, Rows(encoder, units), std::vector<double>(63, 1.0), hyper));
}

// A failed factorisation is an answer, not an exception.
TEST(Posterior, RefusesWhatIsNotANumber) {
  Example example(12);
  Posterior posterior = example.Fitted(20);
  const auto before = example.Predicted(posterior);
  Unit broken = example.units[0];
  broken[0] = std::nan("");
  posterior.AppendPending({&broken, 1});
  EXPECT_EQ(posterior.size(), 20U) << "a point that cannot be factored is left out";
  EXPECT_EQ(example.Predicted(posterior), before);
  example.units[5] = broken;
  EXPECT_FALSE(posterior.Fit(example.encoder, Rows(example.encoder, example.units), example.y,
                             example.hyper));
  Evidence evidence(example.encoder, Rows(example.encoder, example.units), example.y);
  EXPECT_EQ(evidence.LogPosterior(example.hyper), -std::numeric_limits<double>::infinity());
}

TEST(Posterior, RaisesTheDiagonalOnlyAsFarAsItMust) {
  const Example example(13);
  EXPECT_EQ(example.Fitted(40).jitter(), 1e-8);
  // Rows that all coincide, without noise: the tiniest diagonal still holds.
  const std::vector<Unit> same(200, example.units[0]);
  Hyper hyper = example.hyper;
  hyper.log_noise = -200;
  Posterior posterior;
  ASSERT_TRUE(posterior.Fit(example.encoder, Rows(example.encoder, same),
                            std::vector<double>(200, 1.0), hyper));
  EXPECT_LE(posterior.jitter(), 1e-3);
  // A signal beyond the largest double cannot be factored however often it is raised.
  hyper.log_signal = 800;
  EXPECT_FALSE(posterior.Fit(example.encoder, Rows(example.encoder, same),
                             std::vector<double>(200, 1.0), hyper));
}

TEST(Encoder, MeasuresConditionalParametersConsistently) {
  const SearchSpace space = MixedSpace();
  const Encoder encoder(space);
  Rng rng(6);
  const std::vector<Unit> units = RandomUnits(encoder, 60, rng);
  // Any set of mixed branches gives a positive definite kernel.
  Hyper hyper = DefaultHyper(encoder.dimensions());
  hyper.log_noise = std::log(1e-6);
  Posterior posterior;
  EXPECT_TRUE(posterior.Fit(encoder, Rows(encoder, units), std::vector<double>(60, 0.0), hyper));
  for (const Unit& unit : units) {
    EXPECT_EQ(encoder.ToUnit(encoder.ToPoint(unit)), unit);
    EXPECT_EQ(unit[3] == kInactive, unit[2] != 1);
  }
}

}  // namespace
}  // namespace regatta::search
