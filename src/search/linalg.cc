#include "linalg.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#define REGATTA_WIDE 1
#endif

namespace regatta::search {
namespace {

// Eight numbers side by side; the compiler splits them into whatever registers the target has.
using Lane = double __attribute__((vector_size(64)));
using LaneBits = std::int64_t __attribute__((vector_size(64)));
constexpr std::size_t kLane = 8;

#define REGATTA_INLINE __attribute__((always_inline)) inline

REGATTA_INLINE void Load(Lane& lane, const double* from) { std::memcpy(&lane, from, sizeof lane); }
REGATTA_INLINE void Store(double* to, const Lane& lane) { std::memcpy(to, &lane, sizeof lane); }
REGATTA_INLINE void Fill(Lane& lane, double value) {
  lane = Lane{value, value, value, value, value, value, value, value};
}

// One tile of 8 rows x `kCols` columns: c -= a · bᵀ.
template <int kCols>
REGATTA_INLINE void Tile(double* c, std::size_t ldc, const double* a, std::size_t lda,
                         const double* b, std::size_t ldb, std::size_t depth) {
  Lane sums[kCols] = {};
  for (std::size_t k = 0; k < depth; ++k) {
    Lane column;
    Load(column, a + k * lda);
    for (int j = 0; j < kCols; ++j) {
      sums[j] += column * b[k * ldb + static_cast<std::size_t>(j)];
    }
  }
  for (int j = 0; j < kCols; ++j) {
    Lane old;
    double* place = c + static_cast<std::size_t>(j) * ldc;
    Load(old, place);
    Store(place, old - sums[j]);
  }
}

// The rows that do not fill a tile, in the same order of summation.
REGATTA_INLINE void TileRest(double* c, std::size_t ldc, const double* a, std::size_t lda,
                             const double* b, std::size_t ldb, std::size_t rows, std::size_t cols,
                             std::size_t depth) {
  for (std::size_t j = 0; j < cols; ++j) {
    double sums[kLane] = {};
    for (std::size_t k = 0; k < depth; ++k) {
      const double factor = b[k * ldb + j];
      for (std::size_t i = 0; i < rows; ++i) {
        sums[i] += a[k * lda + i] * factor;
      }
    }
    for (std::size_t i = 0; i < rows; ++i) {
      c[j * ldc + i] -= sums[i];
    }
  }
}

REGATTA_INLINE void SubtractProductBody(double* c, std::size_t ldc, const double* a,
                                        std::size_t lda, const double* b, std::size_t ldb,
                                        std::size_t rows, std::size_t cols, std::size_t depth) {
  // Rows in blocks that keep the slice of A in the second-level cache.
  constexpr std::size_t kRowBlock = 128;
  for (std::size_t i0 = 0; i0 < rows; i0 += kRowBlock) {
    const std::size_t i1 = std::min(rows, i0 + kRowBlock);
    std::size_t j = 0;
    for (; j + 4 <= cols; j += 4) {
      std::size_t i = i0;
      for (; i + kLane <= i1; i += kLane) {
        Tile<4>(c + j * ldc + i, ldc, a + i, lda, b + j, ldb, depth);
      }
      if (i < i1) {
        TileRest(c + j * ldc + i, ldc, a + i, lda, b + j, ldb, i1 - i, 4, depth);
      }
    }
    for (; j < cols; ++j) {
      std::size_t i = i0;
      for (; i + kLane <= i1; i += kLane) {
        Tile<1>(c + j * ldc + i, ldc, a + i, lda, b + j, ldb, depth);
      }
      if (i < i1) {
        TileRest(c + j * ldc + i, ldc, a + i, lda, b + j, ldb, i1 - i, 1, depth);
      }
    }
  }
}

// e^x for x <= 0 (Cephes: 2^n times a rational function of the rest), within two units in the last
// place.
REGATTA_INLINE void ExpNegative(Lane& x) {
  Lane floor_at;
  Fill(floor_at, -700.0);
  x = x < floor_at ? floor_at : x;
  Lane magic;
  Fill(magic, 0x1.8p52);
  const Lane shifted = x * 1.4426950408889634073599 + magic;
  const Lane n = shifted - magic;
  const Lane r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  const Lane r2 = r * r;
  const Lane p = r * ((1.26177193074810590878e-4 * r2 + 3.02994407707441961300e-2) * r2 +
                      9.99999999999999999910e-1);
  const Lane q = ((3.00198505138664455042e-6 * r2 + 2.52448340349684104192e-3) * r2 +
                  2.27265548208155028766e-1) *
                     r2 +
                 2.00000000000000000005;
  const Lane value = 2.0 * (p / (q - p)) + 1.0;
  LaneBits exponent;
  std::memcpy(&exponent, &shifted, sizeof exponent);
  exponent = (exponent + 1023) << 52;
  Lane power;
  std::memcpy(&power, &exponent, sizeof power);
  x = value * power;
}

REGATTA_INLINE void Matern52Lane(Lane& value, double scale) {
  Lane zero = {};
  const Lane r2 = value > zero ? value : zero;
  const Lane s = __builtin_elementwise_sqrt(r2 * 5.0);
  Lane e = -s;
  ExpNegative(e);
  value = (1.0 + s + r2 * (5.0 / 3.0)) * e * scale;
}

REGATTA_INLINE void Matern52Body(double* out, const double* r2, double scale, std::size_t n) {
  std::size_t i = 0;
  Lane lane;
  for (; i + kLane <= n; i += kLane) {
    Load(lane, r2 + i);
    Matern52Lane(lane, scale);
    Store(out + i, lane);
  }
  if (i < n) {
    double rest[kLane] = {};
    std::copy(r2 + i, r2 + n, rest);
    Load(lane, rest);
    Matern52Lane(lane, scale);
    Store(rest, lane);
    std::copy(rest, rest + (n - i), out + i);
  }
}

REGATTA_INLINE void AddScaledBody(double* out, const double* x, double scale, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] += scale * x[i];
  }
}

REGATTA_INLINE void AddScaledSquaresBody(double* out, const double* x, double at, double scale,
                                         std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double difference = x[i] - at;
    out[i] += scale * (difference * difference);
  }
}

REGATTA_INLINE void AddScaledMismatchBody(double* out, const double* x, double at, double scale,
                                          std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double one_inactive = (x[i] < 0) != (at < 0) ? 0.5 : 1.0;
    out[i] += scale * (x[i] == at ? 0.0 : one_inactive);
  }
}

REGATTA_INLINE void AddSquaresBody(double* sums, const double* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    sums[i] += x[i] * x[i];
  }
}

REGATTA_INLINE double DotBody(const double* a, const double* b, std::size_t n) {
  Lane sums = {};
  std::size_t i = 0;
  for (; i + kLane <= n; i += kLane) {
    Lane left;
    Lane right;
    Load(left, a + i);
    Load(right, b + i);
    sums += left * right;
  }
  double total = 0;
  for (std::size_t k = 0; k < kLane; ++k) {
    total += sums[k];
  }
  for (; i < n; ++i) {
    total += a[i] * b[i];
  }
  return total;
}

struct Kernels {
  decltype(&SubtractProduct) subtract_product;
  decltype(&Matern52) matern52;
  decltype(&AddScaled) add_scaled;
  decltype(&AddScaledSquares) add_scaled_squares;
  decltype(&AddScaledMismatch) add_scaled_mismatch;
  decltype(&AddSquares) add_squares;
  decltype(&Dot) dot;
};

// The same bodies, compiled once for each instruction set.
#define REGATTA_KERNELS(SUFFIX, TARGET)                                                        \
  TARGET void SubtractProduct##SUFFIX(double* c, std::size_t ldc, const double* a,             \
                                      std::size_t lda, const double* b, std::size_t ldb,       \
                                      std::size_t rows, std::size_t cols, std::size_t depth) { \
    SubtractProductBody(c, ldc, a, lda, b, ldb, rows, cols, depth);                            \
  }                                                                                            \
  TARGET void Matern52##SUFFIX(double* out, const double* r2, double scale, std::size_t n) {   \
    Matern52Body(out, r2, scale, n);                                                           \
  }                                                                                            \
  TARGET void AddScaled##SUFFIX(double* out, const double* x, double scale, std::size_t n) {   \
    AddScaledBody(out, x, scale, n);                                                           \
  }                                                                                            \
  TARGET void AddScaledSquares##SUFFIX(double* out, const double* x, double at, double scale,  \
                                       std::size_t n) {                                        \
    AddScaledSquaresBody(out, x, at, scale, n);                                                \
  }                                                                                            \
  TARGET void AddScaledMismatch##SUFFIX(double* out, const double* x, double at, double scale, \
                                        std::size_t n) {                                       \
    AddScaledMismatchBody(out, x, at, scale, n);                                               \
  }                                                                                            \
  TARGET void AddSquares##SUFFIX(double* sums, const double* x, std::size_t n) {               \
    AddSquaresBody(sums, x, n);                                                                \
  }                                                                                            \
  TARGET double Dot##SUFFIX(const double* a, const double* b, std::size_t n) {                 \
    return DotBody(a, b, n);                                                                   \
  }                                                                                            \
  constexpr Kernels kKernels##SUFFIX = {&SubtractProduct##SUFFIX,                              \
                                        &Matern52##SUFFIX,                                     \
                                        &AddScaled##SUFFIX,                                    \
                                        &AddScaledSquares##SUFFIX,                             \
                                        &AddScaledMismatch##SUFFIX,                            \
                                        &AddSquares##SUFFIX,                                   \
                                        &Dot##SUFFIX};

REGATTA_KERNELS(Plain, )
#if defined(REGATTA_WIDE)
REGATTA_KERNELS(Avx2, __attribute__((target("avx2"))))
REGATTA_KERNELS(Avx512, __attribute__((target("avx512f,avx512dq,avx512vl"))))
#endif

const Kernels& Chosen() {
  static const Kernels& chosen = []() -> const Kernels& {
#if defined(REGATTA_WIDE)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return kKernelsAvx512;
    }
    if (__builtin_cpu_supports("avx2")) {
      return kKernelsAvx2;
    }
#endif
    return kKernelsPlain;
  }();
  return chosen;
}

constexpr std::size_t kPanel = 16;

}  // namespace

void SubtractProduct(double* c, std::size_t ldc, const double* a, std::size_t lda, const double* b,
                     std::size_t ldb, std::size_t rows, std::size_t cols, std::size_t depth) {
  Chosen().subtract_product(c, ldc, a, lda, b, ldb, rows, cols, depth);
}

void Matern52(double* out, const double* r2, double scale, std::size_t n) {
  Chosen().matern52(out, r2, scale, n);
}

void AddScaled(double* out, const double* x, double scale, std::size_t n) {
  Chosen().add_scaled(out, x, scale, n);
}

void AddScaledSquares(double* out, const double* x, double at, double scale, std::size_t n) {
  Chosen().add_scaled_squares(out, x, at, scale, n);
}

void AddScaledMismatch(double* out, const double* x, double at, double scale, std::size_t n) {
  Chosen().add_scaled_mismatch(out, x, at, scale, n);
}

void AddSquares(double* sums, const double* x, std::size_t n) { Chosen().add_squares(sums, x, n); }

double Dot(const double* a, const double* b, std::size_t n) { return Chosen().dot(a, b, n); }

// Left-looking by panels: a panel first loses what the columns before it explain, then is factored.
bool Cholesky(double* a, std::size_t lda, std::size_t n) {
  for (std::size_t j0 = 0; j0 < n; j0 += kPanel) {
    const std::size_t width = std::min(kPanel, n - j0);
    SubtractProduct(a + j0 * lda + j0, lda, a + j0, lda, a + j0, lda, n - j0, width, j0);
    for (std::size_t j = j0; j < j0 + width; ++j) {
      const double pivot = a[j * lda + j];
      if (!(pivot > 0) || !std::isfinite(pivot)) {
        return false;
      }
      const double root = std::sqrt(pivot);
      const double inverse = 1 / root;
      double* column = a + j * lda;
      column[j] = root;
      for (std::size_t i = j + 1; i < n; ++i) {
        column[i] *= inverse;
      }
      for (std::size_t k = j + 1; k < j0 + width; ++k) {
        AddScaled(a + k * lda + k, column + k, -column[k], n - k);
      }
    }
  }
  return true;
}

void SolveRows(const double* l, std::size_t ldl, std::size_t n, double* v, std::size_t ldv,
               std::size_t rows, std::size_t from) {
  for (std::size_t j0 = from; j0 < n; j0 += kPanel) {
    const std::size_t width = std::min(kPanel, n - j0);
    SubtractProduct(v + j0 * ldv, ldv, v, ldv, l + j0, ldl, rows, width, j0);
    for (std::size_t j = j0; j < j0 + width; ++j) {
      double* column = v + j * ldv;
      for (std::size_t k = j0; k < j; ++k) {
        AddScaled(column, v + k * ldv, -l[k * ldl + j], rows);
      }
      const double inverse = 1 / l[j * ldl + j];
      for (std::size_t i = 0; i < rows; ++i) {
        column[i] *= inverse;
      }
    }
  }
}

void SolveLower(const double* l, std::size_t ldl, std::size_t n, double* x) {
  for (std::size_t j = 0; j < n; ++j) {
    x[j] /= l[j * ldl + j];
    AddScaled(x + j + 1, l + j * ldl + j + 1, -x[j], n - j - 1);
  }
}

void SolveUpper(const double* l, std::size_t ldl, std::size_t n, double* x) {
  for (std::size_t j = n; j-- > 0;) {
    const double explained = Dot(l + j * ldl + j + 1, x + j + 1, n - j - 1);
    x[j] = (x[j] - explained) / l[j * ldl + j];
  }
}

}  // namespace regatta::search
