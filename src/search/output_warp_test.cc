// That outcomes of any size end up where a Gaussian process can tell them apart.
#include "output_warp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace regatta::search {
namespace {

double Mean(const std::vector<double>& values) {
  double mean = 0;
  for (const double value : values) {
    mean += value / static_cast<double>(values.size());
  }
  return mean;
}

double Variance(const std::vector<double>& values) {
  const double mean = Mean(values);
  double variance = 0;
  for (const double value : values) {
    variance += (value - mean) * (value - mean) / static_cast<double>(values.size());
  }
  return variance;
}

const std::vector<double> kPlain = {0.3, -1.2, 2.5, 0.9, 1.1, -0.4, 0.35, 4.2, -2.2, 0.05};

std::vector<double> Times(double factor) {
  std::vector<double> values = kPlain;
  for (double& value : values) {
    value *= factor;
  }
  return values;
}

// A square of 1e200 overflows and one of 1e-200 vanishes; neither says anything about the outcomes.
TEST(OutputWarp, SeesTheSameInEveryUnit) {
  for (const WarpKind kind : kWarpKinds) {
    const OutputWarp plain(kind, kPlain);
    for (const int exponent : {-900, -600, 3, 600, 1020}) {
      const double factor = std::ldexp(1.0, exponent);
      const OutputWarp warp(kind, Times(factor));
      EXPECT_EQ(warp.values(), plain.values()) << static_cast<int>(kind) << " 2^" << exponent;
      EXPECT_EQ(warp.Warp(0.5 * factor), plain.Warp(0.5));
      EXPECT_EQ(warp.Unwarp(0.1), plain.Unwarp(0.1) * factor);
      EXPECT_EQ(warp.Slope(0.1), plain.Slope(0.1) * factor);
    }
  }
}

TEST(OutputWarp, StandardizesTheLargestNumbersThereAre) {
  constexpr double kMax = std::numeric_limits<double>::max();
  for (const WarpKind kind : kWarpKinds) {
    const OutputWarp warp(kind, std::vector<double>{-kMax, -0.5 * kMax, 0, 0.2 * kMax, kMax});
    EXPECT_NEAR(Mean(warp.values()), 0, 1e-12) << static_cast<int>(kind);
    EXPECT_NEAR(Variance(warp.values()), 1, 1e-12) << static_cast<int>(kind);
    EXPECT_TRUE(std::isfinite(warp.Unwarp(9)));
    EXPECT_TRUE(std::isfinite(warp.Slope(0)));
  }
}

// Values around a limit, one of them far off on either side.
TEST(OutputWarp, TellsConstraintsApartBesideOneFarValue) {
  for (const double far : {1e3, -1e3, 1e9, -1e9, 1e300, -1e300}) {
    std::vector<double> violations;
    for (int i = 0; i < 20; ++i) {
      violations.push_back(i - 9.5);
    }
    violations.push_back(far);
    const OutputWarp warp(WarpKind::kAroundZero, violations);
    const double limit = warp.Warp(0);
    for (std::size_t i = 0; i < violations.size(); ++i) {
      EXPECT_EQ(warp.values()[i] > limit, violations[i] > 0) << far << ", " << violations[i];
    }
    EXPECT_GT(warp.values()[19] - warp.values()[0], 1) << far;
    EXPECT_GT(warp.values()[10] - warp.values()[9], 0.05) << far;
  }
}

TEST(OutputWarp, TellsObjectivesApartBesideOneFarWorseValue) {
  for (const double far : {1e3, 1e9, 1e300}) {
    std::vector<double> values;
    for (int i = 0; i < 20; ++i) {
      values.push_back(i);
    }
    values.push_back(far);
    for (const WarpKind kind : {WarpKind::kIdentity, WarpKind::kHalfRankLog}) {
      const OutputWarp warp(kind, values);
      EXPECT_GT(warp.values()[10] - warp.values()[0], 0.5) << far;
      EXPECT_GT(warp.values()[1] - warp.values()[0], 0.02) << far;
    }
  }
}

TEST(OutputWarp, PlacesTheLimitOutsideWhereAllAreOnOneSideOfIt) {
  const OutputWarp above(WarpKind::kAroundZero, std::vector<double>{1.0, 1.001, 3, 9, 1e12});
  EXPECT_LT(above.Warp(0), above.values()[0] - 0.05);
  const OutputWarp below(WarpKind::kAroundZero, std::vector<double>{-1.0, -1.001, -3, -9, -1e12});
  EXPECT_GT(below.Warp(0), below.values()[0] + 0.05);
}

TEST(OutputWarp, MakesNothingOfEqualValues) {
  for (const WarpKind kind : kWarpKinds) {
    for (const double value : {0.0, 2.5, -1e300}) {
      const OutputWarp warp(kind, std::vector<double>{value, value, value});
      EXPECT_EQ(warp.values(), (std::vector<double>{0, 0, 0}));
    }
  }
}

}  // namespace
}  // namespace regatta::search
