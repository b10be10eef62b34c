// The kernels against plain loops, and against each other on every instruction set of the machine.
#include "linalg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "regatta/base/rng.h"
#include "regatta/search/sampler.h"
#include "test_util.h"

namespace regatta::search {
namespace {

double Matern(double r) {
  const double s = std::sqrt(5.0) * r;
  return (1 + s + s * s / 3) * std::exp(-s);
}

AlignedVector<double> Normals(std::size_t n, Rng& rng) {
  AlignedVector<double> numbers(n);
  for (double& number : numbers) {
    number = rng.Normal();
  }
  return numbers;
}

// Each test below runs for these lengths: whole panels and tiles, and what is left over.
constexpr std::size_t kSizes[] = {1, 5, 8, 9, 16, 17, 64, 131};

// A packed positive definite matrix, and the same as a function of row and column.
struct Matrix {
  std::size_t n = 0;
  std::vector<double> full;
  AlignedVector<double> packed;

  double at(std::size_t i, std::size_t j) const { return full[i * n + j]; }
};

Matrix PositiveDefinite(std::size_t n, Rng& rng) {
  const AlignedVector<double> b = Normals(n * n, rng);
  Matrix a{n, std::vector<double>(n * n), AlignedVector<double>(PackedSize(n), -7.0)};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = i == j ? 0.1 : 0.0;
      for (std::size_t k = 0; k < n; ++k) {
        sum += b[i * n + k] * b[j * n + k];
      }
      a.full[i * n + j] = a.full[j * n + i] = a.packed[PackedIndex(i, j)] = sum;
    }
  }
  return a;
}

TEST(Cholesky, FactorsWhatItWasGiven) {
  Rng rng(1);
  for (const std::size_t n : kSizes) {
    const Matrix a = PositiveDefinite(n, rng);
    AlignedVector<double> l = a.packed;
    AlignedVector<double> inverses(InversesSize(n));
    ASSERT_TRUE(Cholesky(l.data(), inverses.data(), n));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k <= j; ++k) {
          sum += l[PackedIndex(i, k)] * l[PackedIndex(j, k)];
        }
        ASSERT_NEAR(sum, a.at(i, j), 1e-10 * static_cast<double>(n));
      }
    }
    AlignedVector<double> x(PanelsOf(n) * kPanel);
    std::fill_n(x.begin(), n, 1.0);
    SolveLower(l.data(), inverses.data(), n, x.data());
    SolveUpper(l.data(), inverses.data(), n, x.data());
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < n; ++j) {
        sum += a.at(i, j) * x[j];
      }
      ASSERT_NEAR(sum, 1.0, 1e-7);
    }
  }
}

TEST(Cholesky, GivesTheSameBitsInSteps) {
  Rng rng(6);
  for (const std::size_t n : kSizes) {
    const Matrix a = PositiveDefinite(n, rng);
    AlignedVector<double> l = a.packed;
    AlignedVector<double> inverses(InversesSize(n));
    ASSERT_TRUE(Cholesky(l.data(), inverses.data(), n));
    AlignedVector<double> steps = a.packed;
    AlignedVector<double> steps_inverses(InversesSize(n));
    for (std::size_t k = 0; k < n; k += 3) {
      // Every panel that gets a row is factored again, from the covariances that it had.
      const auto first = static_cast<std::ptrdiff_t>(PackedOffset(k / kPanel));
      std::copy(a.packed.begin() + first, a.packed.end(), steps.begin() + first);
      ASSERT_TRUE(Cholesky(steps.data(), steps_inverses.data(), std::min(n, k + 3), k / kPanel));
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k <= i; ++k) {
        ASSERT_EQ(steps[PackedIndex(i, k)], l[PackedIndex(i, k)]);
      }
    }
    ASSERT_EQ(steps_inverses, inverses);
  }
}

TEST(Cholesky, RaisesPivotsToTheFloor) {
  AlignedVector<double> a(PackedSize(2));
  AlignedVector<double> inverses(InversesSize(2));
  a[PackedIndex(0, 0)] = a[PackedIndex(1, 0)] = 1;
  a[PackedIndex(1, 1)] = 0.5;
  ASSERT_TRUE(Cholesky(a.data(), inverses.data(), 2, 0, 1e-4));
  EXPECT_EQ(a[PackedIndex(1, 1)], std::sqrt(1e-4));
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefinite) {
  AlignedVector<double> inverses(InversesSize(2));
  for (const double pivot : {1.0, std::nan(""), -1.0, 0.0, HUGE_VAL}) {
    AlignedVector<double> a(PackedSize(2));
    a[PackedIndex(0, 0)] = pivot;
    a[PackedIndex(1, 0)] = 2;
    a[PackedIndex(1, 1)] = 1;
    EXPECT_FALSE(Cholesky(a.data(), inverses.data(), 2)) << pivot;
  }
}

// Solves a tile of `tile` right-hand sides and multiplies back.
template <class T, class Solve>
void ExpectSolved(std::size_t tile, double tolerance, Solve solve) {
  Rng rng(2);
  for (const std::size_t n : kSizes) {
    AlignedVector<double> l = PositiveDefinite(n, rng).packed;
    AlignedVector<double> inverses(InversesSize(n));
    ASSERT_TRUE(Cholesky(l.data(), inverses.data(), n));
    const AlignedVector<T> l_as(l.begin(), l.end());
    const AlignedVector<T> inverses_as(inverses.begin(), inverses.end());
    AlignedVector<T> b(PanelsOf(n) * kPanel * tile);
    for (std::size_t i = 0; i < n * tile; ++i) {
      b[i] = static_cast<T>(rng.Normal());
    }
    AlignedVector<T> v = b;
    solve(l_as.data(), inverses_as.data(), std::size_t{0}, PanelsOf(n), v.data());
    for (std::size_t t = 0; t < tile; ++t) {
      for (std::size_t i = 0; i < n; ++i) {
        double sum = 0;
        double size = 1;
        for (std::size_t k = 0; k <= i; ++k) {
          const double term = l[PackedIndex(i, k)] * static_cast<double>(v[k * tile + t]);
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(sum, b[i * tile + t], tolerance * size);
      }
    }
    // In two steps, as when panels are appended, to the same bits.
    AlignedVector<T> again = b;
    solve(l_as.data(), inverses_as.data(), std::size_t{0}, PanelsOf(n) / 2, again.data());
    solve(l_as.data(), inverses_as.data(), PanelsOf(n) / 2, PanelsOf(n), again.data());
    ASSERT_EQ(again, v);
  }
}

TEST(SolveTile, InvertsTheFactor) {
  ExpectSolved<double>(kTile, 1e-12, [](auto... arguments) { SolveTile(arguments...); });
  ExpectSolved<double>(kNarrowTile, 1e-12,
                       [](auto... arguments) { SolveNarrowTile(arguments...); });
  ExpectSolved<float>(kTile, 1e-4, [](auto... arguments) { SolveTile(arguments...); });
}

TEST(SolveUpperNarrowTile, InvertsTheTransposedFactor) {
  Rng rng(6);
  for (const std::size_t n : kSizes) {
    AlignedVector<double> l = PositiveDefinite(n, rng).packed;
    AlignedVector<double> inverses(InversesSize(n));
    ASSERT_TRUE(Cholesky(l.data(), inverses.data(), n));
    AlignedVector<double> b(PanelsOf(n) * kPanel * kNarrowTile);
    for (std::size_t i = 0; i < n * kNarrowTile; ++i) {
      b[i] = rng.Normal();
    }
    AlignedVector<double> v = b;
    SolveUpperNarrowTile(l.data(), inverses.data(), PanelsOf(n), v.data());
    for (std::size_t t = 0; t < kNarrowTile; ++t) {
      for (std::size_t i = 0; i < n; ++i) {
        double sum = 0;
        double size = 1;
        for (std::size_t k = i; k < n; ++k) {
          const double term = l[PackedIndex(k, i)] * v[k * kNarrowTile + t];
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(sum, b[i * kNarrowTile + t], 1e-12 * size);
      }
    }
  }
}

TEST(Matern52, IsTheFormulaForEveryLength) {
  for (const std::size_t n : {1U, 7U, 8U, 9U, 100U}) {
    std::vector<double> r2(n);
    const std::vector<double> base(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      r2[i] = std::pow(10.0, -12 + 0.3 * static_cast<double>(i));
    }
    r2[0] = 0;
    std::vector<double> out(n);
    Matern52(out.data(), base.data(), r2.data(), 1.0, 2.5, n);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(out[i], 2.5 * Matern(std::sqrt(r2[i])), 1e-14);
    }
    EXPECT_EQ(out[0], 2.5);
  }
}

// A row or a point: two numbers, then a category that may be inactive.
struct Case {
  static constexpr std::size_t kRows = 37;
  double weight = 1.7;
  KernelShape shape{2, 1, &weight, 0.8};
  AlignedVector<double> rows;
  AlignedVector<double> points;

  explicit Case(std::size_t tile) : points(3 * tile) {
    Rng rng(3);
    for (std::size_t i = 0; i < kRows; ++i) {
      rows.insert(rows.end(), {rng.Uniform(), rng.Normal(), static_cast<double>(rng.Below(4)) - 1});
    }
    for (std::size_t t = 0; t < tile; ++t) {
      const bool coincident = t == 0;
      points[t] = coincident ? rows[0] : rng.Uniform();
      points[tile + t] = coincident ? rows[1] : 3 * rng.Normal();
      points[2 * tile + t] = coincident ? rows[2] : static_cast<double>(rng.Below(4)) - 1;
    }
  }
  double SquaredDistance(std::size_t row, std::size_t t, std::size_t tile) const {
    const double a = rows[row * 3 + 2];
    const double b = points[2 * tile + t];
    const double first = rows[row * 3] - points[t];
    const double second = rows[row * 3 + 1] - points[tile + t];
    const double mismatch = a == b ? 0.0 : (a < 0) != (b < 0) ? 0.5 : 1.0;
    return first * first + second * second + weight * mismatch;
  }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;
};

template <class Covariance>
void ExpectCovariance(std::size_t tile, Covariance covariance) {
  const Case example(tile);
  AlignedVector<double> out(Case::kRows * tile);
  covariance(example.shape, example.points.data(), example.rows.data(), Case::kRows, out.data());
  for (std::size_t i = 0; i < Case::kRows; ++i) {
    for (std::size_t t = 0; t < tile; ++t) {
      const double r2 = example.SquaredDistance(i, t, tile);
      ASSERT_NEAR(out[i * tile + t], example.shape.signal * Matern(std::sqrt(r2)), 1e-14);
    }
  }
  EXPECT_EQ(out[0], example.shape.signal) << "of a point with itself";
}

TEST(CovarianceTile, IsTheKernelOfNumbersAndCategories) {
  ExpectCovariance(kTile, [](auto... arguments) { CovarianceTile(arguments...); });
  ExpectCovariance(kNarrowTile, [](auto... arguments) { CovarianceNarrowTile(arguments...); });
}

// Point 0 is row 0: no division by their distance, which is 0.
TEST(CovarianceSlopesNarrowTile, HasTheKernelAndItsSlopeAlsoAtCoincidentPoints) {
  const Case example(kNarrowTile);
  AlignedVector<double> expected(Case::kRows * kNarrowTile);
  AlignedVector<double> out(expected.size());
  AlignedVector<double> slopes(expected.size());
  CovarianceNarrowTile(example.shape, example.points.data(), example.rows.data(), Case::kRows,
                       expected.data());
  CovarianceSlopesNarrowTile(example.shape, example.points.data(), example.rows.data(), Case::kRows,
                             out.data(), slopes.data());
  EXPECT_EQ(out, expected);
  EXPECT_EQ(slopes[0], example.shape.signal * (-5.0 / 6));
  for (std::size_t i = 0; i < Case::kRows; ++i) {
    for (std::size_t t = 0; t < kNarrowTile; ++t) {
      const double s = std::sqrt(5 * example.SquaredDistance(i, t, kNarrowTile));
      EXPECT_NEAR(slopes[i * kNarrowTile + t],
                  -5.0 / 6 * example.shape.signal * (1 + s) * std::exp(-s), 1e-14);
    }
  }
}

TEST(AddGapsNarrowTile, SumsWeightedSlopesTimesGaps) {
  const Case example(kNarrowTile);
  Rng rng(8);
  const AlignedVector<double> slopes = Normals(Case::kRows * kNarrowTile, rng);
  const AlignedVector<double> alpha = Normals(Case::kRows, rng);
  const AlignedVector<double> w = Normals(Case::kRows * kNarrowTile, rng);
  std::vector<double> by_alpha(2 * kNarrowTile, 0.5);
  std::vector<double> by_w(2 * kNarrowTile, -1.0);
  AddGapsNarrowTile(example.shape, example.points.data(), example.rows.data(), Case::kRows,
                    slopes.data(), alpha.data(), w.data(), by_alpha.data(), by_w.data());
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t t = 0; t < kNarrowTile; ++t) {
      double alpha_sum = 0.5;
      double w_sum = -1;
      for (std::size_t i = 0; i < Case::kRows; ++i) {
        const double change = slopes[i * kNarrowTile + t] *
                              (example.points[c * kNarrowTile + t] - example.rows[i * 3 + c]);
        alpha_sum += change * alpha[i];
        w_sum += change * w[i * kNarrowTile + t];
      }
      EXPECT_EQ(by_alpha[c * kNarrowTile + t], alpha_sum);
      EXPECT_EQ(by_w[c * kNarrowTile + t], w_sum);
    }
  }
}

TEST(AddRows, SumsInOrder) {
  Rng rng(4);
  const AlignedVector<double> v = Normals(21 * kTile, rng);
  const AlignedVector<double> weights = Normals(21, rng);
  std::vector<double> weighted(kTile, 0.5);
  std::vector<double> squared(kTile, 0.25);
  std::vector<double> expected_weighted = weighted;
  std::vector<double> expected_squared = squared;
  AddWeightedRows(weighted.data(), v.data(), weights.data(), 21, kTile);
  AddSquaredRows(squared.data(), v.data(), 21, kTile);
  for (std::size_t i = 0; i < 21; ++i) {
    for (std::size_t t = 0; t < kTile; ++t) {
      expected_weighted[t] += v[i * kTile + t] * weights[i];
      expected_squared[t] += v[i * kTile + t] * v[i * kTile + t];
    }
  }
  EXPECT_EQ(weighted, expected_weighted);
  EXPECT_EQ(squared, expected_squared);
}

// The bytes of everything that the kernels compute from one set of inputs.
std::string EverythingComputed() {
  std::string bytes;
  const auto keep = [&bytes](const auto& numbers) {
    bytes.append(reinterpret_cast<const char*>(numbers.data()),
                 numbers.size() * sizeof numbers.front());
  };
  Rng rng(5);
  for (const std::size_t n : kSizes) {
    AlignedVector<double> l = PositiveDefinite(n, rng).packed;
    AlignedVector<double> inverses(InversesSize(n));
    EXPECT_TRUE(Cholesky(l.data(), inverses.data(), n));
    // Upper triangles of diagonal blocks are scratch.
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k <= i; ++k) {
        keep(std::vector<double>{l[PackedIndex(i, k)]});
      }
    }
    keep(inverses);
    const std::size_t rows = PanelsOf(n) * kPanel;
    AlignedVector<double> wide = Normals(rows * kTile, rng);
    AlignedVector<double> narrow = Normals(rows * kNarrowTile, rng);
    AlignedVector<float> floats(rows * kTile);
    for (float& number : floats) {
      number = static_cast<float>(rng.Normal());
    }
    const AlignedVector<float> l_float(l.begin(), l.end());
    const AlignedVector<float> inverses_float(inverses.begin(), inverses.end());
    SolveTile(l.data(), inverses.data(), 0, PanelsOf(n), wide.data());
    SolveNarrowTile(l.data(), inverses.data(), 0, PanelsOf(n), narrow.data());
    SolveTile(l_float.data(), inverses_float.data(), 0, PanelsOf(n), floats.data());
    keep(wide);
    keep(narrow);
    SolveUpperNarrowTile(l.data(), inverses.data(), PanelsOf(n), narrow.data());
    keep(narrow);
    keep(floats);
    AlignedVector<double> x = Normals(rows, rng);
    SolveLower(l.data(), inverses.data(), n, x.data());
    keep(x);
    std::vector<double> sums(kTile + 1, 1.0);
    AddSquaredRows(sums.data(), wide.data(), rows, kTile);
    AddWeightedRows(sums.data(), wide.data(), x.data(), rows, kTile);
    sums.back() = Dot(x.data(), wide.data(), n);
    keep(sums);
    std::vector<double> float_sums(kTile, 1.0);
    AddSquaredRows(float_sums.data(), floats.data(), rows, kTile);
    keep(float_sums);
    RoundToFloats(floats.data(), wide.data(), rows * kTile);
    keep(floats);
    AlignedVector<double> out(n);
    Matern52(out.data(), x.data(), wide.data(), 0.3, 1.1, n);
    AddScaled(out.data(), x.data(), 0.7, n);
    keep(out);
  }
  const Case wide(kTile);
  AlignedVector<double> covariance(wide.kRows * kTile);
  CovarianceTile(wide.shape, wide.points.data(), wide.rows.data(), wide.kRows, covariance.data());
  keep(covariance);
  const Case narrow(kNarrowTile);
  CovarianceNarrowTile(narrow.shape, narrow.points.data(), narrow.rows.data(), narrow.kRows,
                       covariance.data());
  keep(covariance);
  AlignedVector<double> slopes(narrow.kRows * kNarrowTile);
  CovarianceSlopesNarrowTile(narrow.shape, narrow.points.data(), narrow.rows.data(), narrow.kRows,
                             covariance.data(), slopes.data());
  keep(covariance);
  keep(slopes);
  std::vector<double> by_alpha(2 * kNarrowTile, 0.1);
  std::vector<double> by_w(2 * kNarrowTile, 0.2);
  AddGapsNarrowTile(narrow.shape, narrow.points.data(), narrow.rows.data(), narrow.kRows,
                    slopes.data(), covariance.data(), covariance.data(), by_alpha.data(),
                    by_w.data());
  keep(by_alpha);
  keep(by_w);
  return bytes;
}

TEST(VectorUnits, AllComputeTheSameBits) {
  const std::vector<VectorUnit> units = VectorUnits();
  if (units.size() == 1) {
    GTEST_SKIP() << "this processor has one";
  }
  UseVectorUnit(units.front());
  const std::string expected = EverythingComputed();
  for (const VectorUnit unit : units) {
    UseVectorUnit(unit);
    const std::string computed = EverythingComputed();
    ASSERT_EQ(computed.size(), expected.size());
    EXPECT_EQ(std::memcmp(computed.data(), expected.data(), expected.size()), 0)
        << "unit " << static_cast<int>(unit);
  }
  UseVectorUnit(units.back());
}

// Forty trials of a mixed space, some suggested in one batch and beside open ones.
std::vector<Point> PointsOfASearch(std::size_t objectives) {
  const SearchSpace space =
      Space({Named("x", Distribution::Uniform(0, 1)),
             Named("rate", Distribution::LogUniformValues(1e-5, 1)),
             Named("k", Distribution::IntUniform(1, 9)), Named("c", Distribution::Categorical(3)),
             Named("m", Distribution::Uniform(0, 1), {{"c", {1}, {}, {}}})});
  SamplerOptions options;
  options.objectives.assign(objectives, {});
  auto sampler = std::move(*MakeSampler("bayes", space, options));
  std::vector<Point> points;
  for (TrialId id = 0; id < 40; id += 8) {
    const std::vector<Suggestion> batch = Must(sampler->Suggest(id, 8));
    for (const Suggestion& suggestion : batch) {
      Trial trial;
      trial.id = points.size();
      trial.values = suggestion.values;
      trial.state = points.size() % 8 == 7 ? TrialState::kRunning : TrialState::kFinished;
      trial.objectives = {std::abs(AsNumber(*suggestion.values[0]) - 0.3) +
                          0.1 * AsNumber(*suggestion.values[2])};
      if (objectives == 2) {
        trial.objectives.push_back(std::abs(AsNumber(*suggestion.values[0]) - 0.7));
      }
      (void)sampler->Tell(trial);
      points.push_back(suggestion.values);
    }
  }
  return points;
}

TEST(VectorUnits, AllDecideAlike) {
  const std::vector<VectorUnit> units = VectorUnits();
  if (units.size() == 1) {
    GTEST_SKIP() << "this processor has one";
  }
  for (const std::size_t objectives : {1U, 2U}) {
    UseVectorUnit(units.front());
    const std::vector<Point> expected = PointsOfASearch(objectives);
    ASSERT_EQ(expected.size(), 40U);
    for (const VectorUnit unit : units) {
      UseVectorUnit(unit);
      EXPECT_EQ(PointsOfASearch(objectives), expected)
          << objectives << " objectives, unit " << static_cast<int>(unit);
    }
  }
  UseVectorUnit(units.back());
}

}  // namespace
}  // namespace regatta::search
