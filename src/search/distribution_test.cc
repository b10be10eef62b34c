// The values and cdfs of the sweep language's own test vectors, then the corners.
#include "regatta/search/distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "test_util.h"

namespace regatta::search {
namespace {

using Kind = DistributionKind;

struct Vector {
  std::string name;
  DistributionSpec spec;
  double at_01, at_05, at_09;
  bool integer;
};

DistributionSpec RangeSpec(Kind kind, double min, double max, double q = 1) {
  DistributionSpec spec;
  spec.kind = kind;
  spec.min = min;
  spec.max = max;
  spec.q = q;
  return spec;
}

DistributionSpec NormalSpec(Kind kind, double mu, double sigma, double q = 1) {
  DistributionSpec spec;
  spec.kind = kind;
  spec.mu = mu;
  spec.sigma = sigma;
  spec.q = q;
  return spec;
}

DistributionSpec BetaSpec(Kind kind, double a, double b, double q = 1) {
  DistributionSpec spec;
  spec.kind = kind;
  spec.a = a;
  spec.b = b;
  spec.q = q;
  return spec;
}

DistributionSpec IntSpec(std::int64_t min, std::int64_t max) {
  DistributionSpec spec;
  spec.kind = Kind::kIntUniform;
  spec.int_min = min;
  spec.int_max = max;
  return spec;
}

DistributionSpec CategorySpec(std::int64_t count, std::vector<double> probabilities = {}) {
  DistributionSpec spec;
  spec.kind = Kind::kCategorical;
  spec.categories = count;
  spec.probabilities = std::move(probabilities);
  return spec;
}

std::vector<Vector> Vectors() {
  return {
      {"categorical 4", CategorySpec(4), 0, 1, 3, false},
      {"categorical 3", CategorySpec(3), 0, 1, 2, false},
      {"categorical 2", CategorySpec(2), 0, 0, 1, false},
      {"probabilities .2 .5 .3", CategorySpec(3, {.2, .5, .3}), 0, 1, 2, false},
      {"probabilities .25 .5 .25", CategorySpec(3, {.25, .5, .25}), 0, 1, 2, false},
      {"int 1..10", IntSpec(1, 10), 1, 5, 9, true},
      {"int -3..3", IntSpec(-3, 3), -3, 0, 3, true},
      {"int 0..1", IntSpec(0, 1), 0, 0, 1, true},
      {"int 0..255", IntSpec(0, 255), 25, 127, 230, true},
      {"uniform 0..1", RangeSpec(Kind::kUniform, 0, 1), 0.1, 0.5, 0.9, false},
      {"uniform 1e-4..0.1", RangeSpec(Kind::kUniform, 0.0001, 0.1), 0.01009, 0.050050000000000004,
       0.09001, false},
      {"uniform -1..3", RangeSpec(Kind::kUniform, -1, 3), -0.6, 1.0, 2.6, false},
      {"q_uniform 0..10", RangeSpec(Kind::kQUniform, 0, 10), 1, 5, 9, true},
      {"q_uniform 0..10 q 2", RangeSpec(Kind::kQUniform, 0, 10, 2), 0, 4, 8, true},
      {"q_uniform 0..1 q .1", RangeSpec(Kind::kQUniform, 0, 1, 0.1), 0.1, 0.5, 0.9, false},
      {"q_uniform 1..10 q 4", RangeSpec(Kind::kQUniform, 1, 10, 4), 0, 4, 8, true},
      {"q_uniform 0..256 q 1", RangeSpec(Kind::kQUniform, 0, 256, 1), 26, 128, 230, true},
      {"log_uniform -5..0", RangeSpec(Kind::kLogUniform, -5, 0), 0.011108996538242308,
       0.0820849986238988, 0.6065306597126334, false},
      {"log_uniform_values 1e-5..1e-1", RangeSpec(Kind::kLogUniformValues, 1e-5, 1e-1),
       2.511886431509579e-05, 0.0010000000000000002, 0.03981071705534976, false},
      {"log_uniform_values 1..1000", RangeSpec(Kind::kLogUniformValues, 1, 1000), 1.99526231496888,
       31.622776601683793, 501.1872336272723, false},
      {"inv_log_uniform 0..5", RangeSpec(Kind::kInvLogUniform, 0, 5), 0.011108996538242308,
       0.0820849986238988, 0.6065306597126335, false},
      {"inv_log_uniform_values", RangeSpec(Kind::kInvLogUniformValues, 1e-5, 1e-1),
       2.511886431509579e-05, 0.0010000000000000002, 0.03981071705534974, false},
      {"q_log_uniform 0..6", RangeSpec(Kind::kQLogUniform, 0, 6), 2, 20, 221, true},
      {"q_log_uniform 0..6 q 2", RangeSpec(Kind::kQLogUniform, 0, 6, 2), 2, 20, 222, true},
      {"q_log_uniform_values 32..256 q 8", RangeSpec(Kind::kQLogUniformValues, 32, 256, 8), 40, 88,
       208, true},
      {"q_log_uniform_values 32..256", RangeSpec(Kind::kQLogUniformValues, 32, 256), 39, 91, 208,
       true},
      {"q_log_uniform_values 1..1000 q 10", RangeSpec(Kind::kQLogUniformValues, 1, 1000, 10), 0, 30,
       500, true},
      {"normal 0 1", NormalSpec(Kind::kNormal, 0, 1), -1.2815515655446004, 0, 1.2815515655446004,
       false},
      {"normal 100 10", NormalSpec(Kind::kNormal, 100, 10), 87.184484344554, 100, 112.815515655446,
       false},
      {"q_normal 0 1", NormalSpec(Kind::kQNormal, 0, 1), -1, 0, 1, true},
      {"q_normal 100 10 q 5", NormalSpec(Kind::kQNormal, 100, 10, 5), 85, 100, 115, true},
      {"q_normal 0 1 q .25", NormalSpec(Kind::kQNormal, 0, 1, 0.25), -1.25, 0, 1.25, false},
      {"log_normal 0 1", NormalSpec(Kind::kLogNormal, 0, 1), 0.2776062418520099, 1.0,
       3.6022244792791573, false},
      {"log_normal -3 .5", NormalSpec(Kind::kLogNormal, -3, 0.5), 0.02623198574730546,
       0.04978706836786394, 0.09449350119904569, false},
      {"q_log_normal 0 1", NormalSpec(Kind::kQLogNormal, 0, 1), 0, 1, 4, true},
      {"q_log_normal 3 1 q 2", NormalSpec(Kind::kQLogNormal, 3, 1, 2), 6, 20, 72, true},
      {"beta 1 1", BetaSpec(Kind::kBeta, 1, 1), 0.1, 0.5, 0.9, false},
      {"beta 2 5", BetaSpec(Kind::kBeta, 2, 5), 0.09259525891312873, 0.26444998329566005,
       0.5103163065514917, false},
      {"beta .5 .5", BetaSpec(Kind::kBeta, 0.5, 0.5), 0.024471741852423214, 0.4999999999999999,
       0.9755282581475768, false},
      {"q_beta 2 5 q .05", BetaSpec(Kind::kQBeta, 2, 5, 0.05), 0.1, 0.25, 0.5, false},
      {"q_beta 1 1", BetaSpec(Kind::kQBeta, 1, 1), 0, 0, 1, true},
  };
}

TEST(Distribution, YieldsTheLanguagesValues) {
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.name);
    const Distribution distribution = Must(Distribution::Create(vector.spec));
    const double us[] = {0.1, 0.5, 0.9};
    const double wants[] = {vector.at_01, vector.at_05, vector.at_09};
    for (int i = 0; i < 3; ++i) {
      const ParameterValue value = distribution.Quantile(us[i]);
      EXPECT_NEAR(AsNumber(value), wants[i], 1e-12 * std::abs(wants[i])) << "u=" << us[i];
      EXPECT_EQ(std::holds_alternative<std::int64_t>(value), vector.integer);
      EXPECT_TRUE(distribution.Contains(value));
    }
  }
}

std::vector<double> At(const Distribution& distribution, std::vector<double> us) {
  for (double& u : us) {
    u = AsNumber(distribution.Quantile(u));
  }
  return us;
}

TEST(Distribution, RoundsHalvesToEven) {
  EXPECT_EQ(At(Must(Distribution::QUniform(0, 10, 2)), {.1, .2, .3, .4, .5, .6, .7, .8, .9}),
            (std::vector<double>{0, 2, 4, 4, 4, 6, 8, 8, 8}));
  EXPECT_EQ(At(Must(Distribution::QUniform(0, 1, 0.25)), {0.125, 0.375, 0.625}),
            (std::vector<double>{0, 0.5, 0.5}));
  EXPECT_EQ(At(Must(Distribution::QUniform(0, 1, 0.1)), {0.3, 0.6, 0.7}),
            (std::vector<double>{0.30000000000000004, 0.6000000000000001, 0.7000000000000001}));
}

TEST(Distribution, SplitsTheUnitIntervalExactly) {
  EXPECT_EQ(At(Must(Distribution::Categorical(4)), {0, .25, .2500001, .5, .75, .7500001, 1}),
            (std::vector<double>{0, 0, 1, 1, 2, 3, 3}));
  EXPECT_EQ(At(Must(Distribution::IntUniform(1, 10)), {0, .1, .1000001, .7, .9, .95, 1}),
            (std::vector<double>{1, 1, 2, 7, 9, 10, 10}));
  EXPECT_EQ(At(Must(Distribution::Categorical(3, {.25, .5, .25})), {0, .25, .75, 1}),
            (std::vector<double>{0, 1, 2, 2}));
  EXPECT_EQ(At(Must(Distribution::Categorical(3, {0, 1, 0})), {0, 1}), (std::vector<double>{1, 1}));
}

TEST(Distribution, HasTheLanguagesCdfs) {
  const Distribution categories = Must(Distribution::Categorical(4));
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(categories.Cdf(CategoryIndex{i}), 0.25 * static_cast<double>(i + 1));
  }
  const Distribution whole = Must(Distribution::IntUniform(1, 10));
  EXPECT_DOUBLE_EQ(whole.Cdf(std::int64_t{1}), 0.1);
  EXPECT_DOUBLE_EQ(whole.Cdf(std::int64_t{5}), 0.5);
  EXPECT_DOUBLE_EQ(whole.Cdf(std::int64_t{10}), 1);
  const Distribution unit = Must(Distribution::Uniform(0, 1));
  EXPECT_EQ(unit.Cdf(0.25), 0.25);
  EXPECT_EQ(unit.Cdf(2.0), 1);
  EXPECT_EQ(unit.Cdf(-1.0), 0);
  for (const Kind kind : {Kind::kLogUniformValues, Kind::kInvLogUniformValues}) {
    const Distribution log = Must(Distribution::Create(RangeSpec(kind, 1e-5, 1e-1)));
    EXPECT_EQ(log.Cdf(1e-5), 0);
    EXPECT_NEAR(log.Cdf(1e-3), 0.5, 1e-12);
    EXPECT_EQ(log.Cdf(1e-1), 1);
  }
  EXPECT_NEAR(Must(Distribution::Create(RangeSpec(Kind::kQLogUniformValues, 32, 256, 8)))
                  .Cdf(std::int64_t{88}),
              0.48647720621243223, 1e-12);
  const Distribution normal = Must(Distribution::Normal(100, 10));
  EXPECT_NEAR(normal.Cdf(90.0), 0.15865525393145707, 1e-13);
  EXPECT_NEAR(normal.Cdf(110.0), 0.8413447460685429, 1e-13);
  const Distribution beta = Must(Distribution::Create(BetaSpec(Kind::kBeta, 2, 5)));
  EXPECT_NEAR(beta.Cdf(0.2), 0.34464, 1e-12);
  EXPECT_NEAR(beta.Cdf(0.5), 0.890625, 1e-12);
}

TEST(Distribution, NeverLeavesItsRangeAtTheEnds) {
  const Distribution log = Must(Distribution::LogUniformValues(1e-5, 1e-1));
  EXPECT_EQ(At(log, {0, 1}), (std::vector<double>{1e-5, 1e-1}));
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.name);
    const Distribution distribution = Must(Distribution::Create(vector.spec));
    for (const double u : {-1.0, 0.0, 1e-300, 0.5, 1.0 - 1e-16, 1.0, 2.0,
                           std::numeric_limits<double>::quiet_NaN()}) {
      const ParameterValue value = distribution.Quantile(u);
      EXPECT_TRUE(std::isfinite(AsNumber(value))) << u;
      EXPECT_TRUE(distribution.Contains(value)) << u << " gives " << AsNumber(value);
    }
  }
}

TEST(Distribution, ClampsRoundedValuesOnRequest) {
  DistributionSpec spec = RangeSpec(Kind::kQUniform, 1, 10, 4);
  spec.clamp_quantized = true;
  EXPECT_EQ(At(Must(Distribution::Create(spec)), {0, 0.5, 1}), (std::vector<double>{4, 4, 8}));
}

TEST(Distribution, LeadsBackFromEachLevel) {
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.name);
    const Distribution distribution = Must(Distribution::Create(vector.spec));
    if (!distribution.level_count()) {
      continue;
    }
    for (std::int64_t i = 0; i < *distribution.level_count(); ++i) {
      EXPECT_EQ(distribution.LevelOf(distribution.Level(i)), i);
      EXPECT_TRUE(distribution.Contains(distribution.Level(i)));
    }
  }
}

TEST(Distribution, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(Distribution::Uniform(1, 1));
  EXPECT_FALSE(Distribution::Uniform(2, 1));
  EXPECT_FALSE(Distribution::Uniform(0, std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(Distribution::Uniform(-1.7e308, 1.7e308));
  EXPECT_FALSE(Distribution::LogUniformValues(0, 1));
  EXPECT_FALSE(Distribution::QUniform(0, 1, 0));
  EXPECT_FALSE(Distribution::Normal(0, -1));
  EXPECT_FALSE(Distribution::Categorical(0));
  EXPECT_FALSE(Distribution::Categorical(2, {0.5, 0.6}));
  EXPECT_FALSE(Distribution::Categorical(2, {1.0}));
  EXPECT_FALSE(Distribution::Categorical(2, {1.5, -0.5}));
  EXPECT_FALSE(Distribution::IntUniform(3, 3));
  EXPECT_FALSE(Distribution::Create(RangeSpec(Kind::kLogUniform, 0, 1000)));
  EXPECT_FALSE(Distribution::Create(BetaSpec(Kind::kBeta, 0, 1)));
  // What draws beyond every number, or beyond what tells neighbours apart.
  EXPECT_FALSE(Distribution::Normal(1e308, 1e308));
  EXPECT_FALSE(Distribution::Normal(0, 1e308));
  EXPECT_FALSE(Distribution::QUniform(0, 1e308, 1e-5));
  EXPECT_FALSE(Distribution::QUniform(1e19, 2e19, 1));
  EXPECT_FALSE(Distribution::IntUniform(9007199254740993, 9007199254741000));
  EXPECT_TRUE(Distribution::IntUniform(9007199254740900, 9007199254740992));
  const auto sum = Distribution::Categorical(2, {0.5, 0.6});
  EXPECT_EQ(sum.error().message, "probabilities: they sum to 1.1, not to 1");
}

TEST(Distribution, OfSpreadZeroIsItsCentre) {
  EXPECT_EQ(At(Must(Distribution::Normal(3, 0)), {0, 0.3, 1}), (std::vector<double>{3, 3, 3}));
}

}  // namespace
}  // namespace regatta::search
