// What points promise, against values of high precision and finite differences.
#include "acquisition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "normal.h"

namespace regatta::search {
namespace {

// 50-digit values of ln(φ(z) + zΦ(z)), rounded.
struct LogHVector {
  double z, log_h;
};

#include "log_h_vectors.inc"

struct Vector {
  double at, value;
};

#include "acquisition_vectors.inc"

TEST(LogH, IsExactFarIntoTheTail) {
  for (const LogHVector& vector : kLogHVectors) {
    EXPECT_NEAR(LogH(vector.z), vector.log_h, 2e-12 * std::abs(vector.log_h) + 1e-14)
        << "z=" << vector.z;
  }
}

TEST(LogH, HasAnExactSlope) {
  for (const Vector& vector : kLogHSlopeVectors) {
    EXPECT_NEAR(LogHSlope(vector.at), vector.value, 2e-12 * vector.value) << "z=" << vector.at;
  }
}

TEST(LogH, HasTheSlopeOfItsDifferences) {
  for (const double z : {-1e6, -300.0, -60.0, -50.1, -49.9, -10.0, -1.1, -0.9, 0.0, 2.0, 20.0}) {
    const double h = 1e-5 * std::max(1.0, std::abs(z));
    const double difference = (LogH(z + h) - LogH(z - h)) / (2 * h);
    EXPECT_NEAR(LogHSlope(z), difference, 1e-6 * std::abs(difference)) << "z=" << z;
  }
}

TEST(Erfcx, IsExactForAllSizes) {
  for (const Vector& vector : kErfcxVectors) {
    // Rounding x² costs e^(x²) a relative error of x² units, up to x = 25.
    EXPECT_NEAR(Erfcx(vector.at), vector.value, 2e-13 * vector.value) << "x=" << vector.at;
  }
}

TEST(LogNormalCdf, IsExactInBothTails) {
  for (const Vector& vector : kLogNormalCdfVectors) {
    EXPECT_NEAR(LogNormalCdf(vector.at), vector.value, 1e-13 * std::abs(vector.value) + 1e-16)
        << "z=" << vector.at;
  }
}

TEST(LogExpectedImprovement, IsExactFromCertainGainToHopelessness) {
  for (const LogEiVector& vector : kLogEiVectors) {
    EXPECT_NEAR(LogExpectedImprovement(vector.mean, vector.variance, vector.best), vector.log_ei,
                1e-12 * std::abs(vector.log_ei) + 1e-14)
        << vector.mean << " " << vector.variance << " " << vector.best;
  }
}

TEST(LogExpectedImprovement, FloorsTheVariance) {
  EXPECT_TRUE(std::isfinite(LogExpectedImprovement(1, 0, 0)));
  EXPECT_NEAR(LogExpectedImprovement(-1, 0, 0), 0, 1e-9);
}

TEST(LogReportedImprovement, IsExpectedImprovementWithoutNoise) {
  for (const double mean : {-2.0, -0.3, 0.0, 0.4, 3.0}) {
    // One ulp of noise leaves the shortcut and must lead to the same, up to the softplus.
    const double exact = LogExpectedImprovement(mean, 0.25, 0.1);
    EXPECT_DOUBLE_EQ(LogReportedImprovement(mean, 0.25, 0, 0.1, 0.1), exact);
    EXPECT_NEAR(LogReportedImprovement(mean, 0.25, 1e-15, 0.1, 0.1), exact, 0.15) << mean;
  }
}

// Integrates (believed - f) over f and y < best by brute force.
TEST(LogReportedImprovement, IsTheIntegralUnderNoise) {
  const double mean = 0.2;
  const double variance = 0.09;
  const double noise = 0.16;
  const double best = -0.5;
  const double believed = 0.1;
  double sum = 0;
  const double step = 0.002;
  for (double f = -3; f < 3; f += step) {
    const double z = (f - mean) / std::sqrt(variance);
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI * variance);
    sum += step * density * (believed - f) * NormalCdf((best - f) / std::sqrt(noise));
  }
  EXPECT_NEAR(std::exp(LogReportedImprovement(mean, variance, noise, best, believed)), sum,
              1e-3 * sum);
}

TEST(LogReportedImprovement, NeitherChasesLuckNorTradesASoundResultForIt) {
  // A lucky -2 whose truth is believed to be 0: a point that is known to be better by a little is
  // worth more than a wild one, which plain expected improvement would prefer.
  const double sound = LogReportedImprovement(-0.3, 0.01, 0.5, -2, 0);
  const double wild = LogReportedImprovement(0.5, 0.25, 0.5, -2, 0);
  EXPECT_GT(sound, wild);
  EXPECT_LT(LogExpectedImprovement(-0.3, 0.01, -2), LogExpectedImprovement(0.5, 0.25, -2));
  // Comparable however hopeless.
  EXPECT_TRUE(std::isfinite(LogReportedImprovement(40, 1e-8, 0.5, -2, -1)));
  EXPECT_GT(LogReportedImprovement(39, 1e-8, 0.5, -2, -1),
            LogReportedImprovement(40, 1e-8, 0.5, -2, -1));
}

TEST(LogNormalCdf, HasTheSlopeOfItsDifferences) {
  for (const double z : {-1e4, -40.0, -5.1, -4.9, -0.1, 0.1, 3.0, 30.0}) {
    const double h = 1e-6 * std::max(1.0, std::abs(z));
    const double difference = (LogNormalCdf(z + h) - LogNormalCdf(z - h)) / (2 * h);
    EXPECT_NEAR(LogNormalCdfSlope(z), difference, 1e-6 * std::abs(difference) + 1e-12) << z;
  }
}

TEST(LogReportedImprovement, HasTheSlopesOfItsDifferences) {
  for (const double noise : {0.0, 1e-3, 0.4}) {
    for (const double believed : {0.0, 0.3}) {
      for (const double mean : {-3.0, -0.2, 0.0, 0.1, 2.0, 30.0}) {
        for (const double variance : {1e-4, 0.03, 1.0}) {
          const auto at = [&](double m, double v) {
            return LogReportedImprovement(m, v, noise, 0, believed);
          };
          const Slope slope = LogReportedImprovementSlope(mean, variance, noise, 0, believed);
          const double h = 1e-5 * std::sqrt(variance);
          const double g = 1e-5 * variance;
          const double by_mean = (at(mean + h, variance) - at(mean - h, variance)) / (2 * h);
          const double by_variance = (at(mean, variance + g) - at(mean, variance - g)) / (2 * g);
          const auto what = ::testing::Message() << "mean " << mean << " variance " << variance
                                                 << " noise " << noise << " believed " << believed;
          EXPECT_EQ(slope.value, at(mean, variance)) << what;
          EXPECT_NEAR(slope.by_mean, by_mean, 1e-4 * std::abs(by_mean) + 1e-6) << what;
          EXPECT_NEAR(slope.by_variance, by_variance, 1e-4 * std::abs(by_variance) + 1e-4) << what;
        }
      }
    }
  }
}

TEST(LogMeanExp, NeitherOverflowsNorVanishes) {
  const double large[] = {1e6, 1e6 + std::log(3.0)};
  EXPECT_NEAR(LogMeanExp(large, 2), 1e6 + std::log(2.0), 1e-9);
  const double apart[] = {-1e6, 0};
  EXPECT_NEAR(LogMeanExp(apart, 2), -std::log(2.0), 1e-15);
  const double impossible[] = {-HUGE_VAL, -HUGE_VAL};
  EXPECT_EQ(LogMeanExp(impossible, 2), -HUGE_VAL);
}

}  // namespace
}  // namespace regatta::search
