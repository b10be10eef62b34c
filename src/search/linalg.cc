#include "linalg.h"

#include <algorithm>
#include <atomic>

#include "linalg_kernels.h"

#if defined(__x86_64__)
#define REGATTA_WIDE 1
#endif

namespace regatta::search {
namespace {

using DoubleSolve = void (*)(const double*, const double*, std::size_t, std::size_t, double*);
using FloatSolve = void (*)(const float*, const float*, std::size_t, std::size_t, float*);
using Covariance = void (*)(const KernelShape&, const double*, const double*, std::size_t, double*);
using CovarianceSlopes = void (*)(const KernelShape&, const double*, const double*, std::size_t,
                                  double*, double*);
using Gaps = void (*)(const KernelShape&, const double*, const double*, std::size_t, const double*,
                      const double*, const double*, double*, double*);

struct Kernels {
  bool (*cholesky)(double*, double*, std::size_t, std::size_t, double);
  DoubleSolve solve_tile;
  DoubleSolve solve_narrow_tile;
  FloatSolve solve_float_tile;
  void (*solve_upper_tile)(const double*, const double*, std::size_t, double*);
  void (*solve_lower)(const double*, const double*, std::size_t, double*);
  Covariance covariance_tile;
  Covariance covariance_narrow_tile;
  CovarianceSlopes covariance_slopes;
  Gaps add_gaps;
  void (*add_weighted)(double*, const double*, const double*, std::size_t, std::size_t);
  void (*add_squared)(double*, const double*, std::size_t, std::size_t);
  void (*add_squared_float)(double*, const float*, std::size_t, std::size_t);
  void (*round)(float*, const double*, std::size_t);
  double (*dot)(const double*, const double*, std::size_t);
  void (*add_scaled)(double*, const double*, double, std::size_t);
  void (*matern52)(double*, const double*, const double*, double, double, std::size_t);
};

// The same bodies, compiled once for each instruction set.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define REGATTA_KERNELS(UNIT, BYTES, TARGET)                                                       \
  namespace UNIT {                                                                                 \
  TARGET bool CholeskyOn(double* a, double* inverses, std::size_t from, std::size_t to,            \
                         double floor) {                                                           \
    return kernels::CholeskyBody<BYTES>(a, inverses, from, to, floor);                             \
  }                                                                                                \
  TARGET void SolveOn(const double* l, const double* inverses, std::size_t from, std::size_t to,   \
                      double* v) {                                                                 \
    kernels::SolveTileBody<double, BYTES, kTile>(l, inverses, from, to, v);                        \
  }                                                                                                \
  TARGET void SolveNarrowOn(const double* l, const double* inverses, std::size_t from,             \
                            std::size_t to, double* v) {                                           \
    kernels::SolveTileBody<double, BYTES, kNarrowTile>(l, inverses, from, to, v);                  \
  }                                                                                                \
  TARGET void SolveFloatOn(const float* l, const float* inverses, std::size_t from,                \
                           std::size_t to, float* v) {                                             \
    kernels::SolveTileBody<float, BYTES, kTile>(l, inverses, from, to, v);                         \
  }                                                                                                \
  TARGET void SolveUpperNarrowOn(const double* l, const double* inverses, std::size_t panels,      \
                                 double* v) {                                                      \
    kernels::SolveUpperTileBody<BYTES, kNarrowTile>(l, inverses, panels, v);                       \
  }                                                                                                \
  TARGET void SolveLowerOn(const double* l, const double* inverses, std::size_t panels,            \
                           double* x) {                                                            \
    kernels::SolveLowerBody(l, inverses, panels, x);                                               \
  }                                                                                                \
  TARGET void CovarianceOn(const KernelShape& shape, const double* points, const double* rows,     \
                           std::size_t n, double* out) {                                           \
    kernels::CovarianceTileBody<BYTES, kTile, false>(shape, points, rows, n, out, nullptr);        \
  }                                                                                                \
  TARGET void CovarianceNarrowOn(const KernelShape& shape, const double* points,                   \
                                 const double* rows, std::size_t n, double* out) {                 \
    kernels::CovarianceTileBody<BYTES, kNarrowTile, false>(shape, points, rows, n, out, nullptr);  \
  }                                                                                                \
  TARGET void CovarianceSlopesOn(const KernelShape& shape, const double* points,                   \
                                 const double* rows, std::size_t n, double* out, double* slopes) { \
    kernels::CovarianceTileBody<BYTES, kNarrowTile, true>(shape, points, rows, n, out, slopes);    \
  }                                                                                                \
  TARGET void AddGapsOn(const KernelShape& shape, const double* points, const double* rows,        \
                        std::size_t n, const double* slopes, const double* alpha, const double* w, \
                        double* by_alpha, double* by_w) {                                          \
    kernels::AddGapsBody<BYTES, kNarrowTile>(shape, points, rows, n, slopes, alpha, w, by_alpha,   \
                                             by_w);                                                \
  }                                                                                                \
  TARGET void AddWeightedOn(double* out, const double* v, const double* weights, std::size_t n,    \
                            std::size_t tile) {                                                    \
    kernels::AddWeightedRowsBody<BYTES>(out, v, weights, n, tile);                                 \
  }                                                                                                \
  TARGET void AddSquaredOn(double* out, const double* v, std::size_t n, std::size_t tile) {        \
    kernels::AddSquaredRowsBody<double, BYTES>(out, v, n, tile);                                   \
  }                                                                                                \
  TARGET void AddSquaredFloatOn(double* out, const float* v, std::size_t n, std::size_t tile) {    \
    kernels::AddSquaredRowsBody<float, BYTES>(out, v, n, tile);                                    \
  }                                                                                                \
  TARGET void RoundOn(float* out, const double* x, std::size_t n) {                                \
    kernels::RoundToFloatsBody(out, x, n);                                                         \
  }                                                                                                \
  TARGET double DotOn(const double* a, const double* b, std::size_t n) {                           \
    return kernels::DotBody(a, b, n);                                                              \
  }                                                                                                \
  TARGET void AddScaledOn(double* out, const double* x, double scale, std::size_t n) {             \
    kernels::AddScaledBody(out, x, scale, n);                                                      \
  }                                                                                                \
  TARGET void Matern52On(double* out, const double* base, const double* x, double weight,          \
                         double scale, std::size_t n) {                                            \
    kernels::Matern52Body<BYTES>(out, base, x, weight, scale, n);                                  \
  }                                                                                                \
  constexpr Kernels kKernels = {                                                                   \
      &CholeskyOn,         &SolveOn,      &SolveNarrowOn, &SolveFloatOn,                           \
      &SolveUpperNarrowOn, &SolveLowerOn, &CovarianceOn,  &CovarianceNarrowOn,                     \
      &CovarianceSlopesOn, &AddGapsOn,    &AddWeightedOn, &AddSquaredOn,                           \
      &AddSquaredFloatOn,  &RoundOn,      &DotOn,         &AddScaledOn,                            \
      &Matern52On};                                                                                \
  }
// NOLINTEND(bugprone-macro-parentheses)

REGATTA_KERNELS(baseline, 16, )
#if defined(REGATTA_WIDE)
REGATTA_KERNELS(avx2, 32, __attribute__((target("avx2"))))
REGATTA_KERNELS(avx512, 64, __attribute__((target("avx512f,avx512dq,avx512vl"))))
#endif

const Kernels& KernelsOf(VectorUnit unit) {
#if defined(REGATTA_WIDE)
  if (unit == VectorUnit::kAvx512) {
    return avx512::kKernels;
  }
  if (unit == VectorUnit::kAvx2) {
    return avx2::kKernels;
  }
#endif
  return baseline::kKernels;
}

std::atomic<const Kernels*>& Current() {
  static std::atomic<const Kernels*> current = &KernelsOf(VectorUnits().back());
  return current;
}

const Kernels& Chosen() { return *Current().load(std::memory_order_relaxed); }

}  // namespace

std::vector<VectorUnit> VectorUnits() {
  std::vector<VectorUnit> units = {VectorUnit::kBaseline};
#if defined(REGATTA_WIDE)
  if (__builtin_cpu_supports("avx2")) {
    units.push_back(VectorUnit::kAvx2);
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    units.push_back(VectorUnit::kAvx512);
  }
#endif
  return units;
}

void UseVectorUnit(VectorUnit unit) { Current().store(&KernelsOf(unit)); }

namespace {

void FillPanel(double* l, std::size_t n) {
  const std::size_t panel = (n - 1) / kPanel;
  double* rows = l + PackedOffset(panel);
  for (std::size_t row = n; row < (panel + 1) * kPanel; ++row) {
    for (std::size_t k = 0; k < (panel + 1) * kPanel; ++k) {
      rows[k * kPanel + row % kPanel] = k == row ? 1.0 : 0.0;
    }
  }
}

}  // namespace

void FinishPanel(double* l, double* inverses, std::size_t n) {
  FillPanel(l, n);
  const std::size_t depth = (n - 1) / kPanel * kPanel;
  kernels::InvertBlock(l + PackedIndex(depth, depth), inverses + depth * kPanel);
}

bool Cholesky(double* a, double* inverses, std::size_t n, std::size_t from, double floor) {
  if (n == 0) {
    return true;
  }
  FillPanel(a, n);
  return Chosen().cholesky(a, inverses, from, PanelsOf(n), floor);
}

void SolveTile(const double* l, const double* inverses, std::size_t from, std::size_t to,
               double* v) {
  Chosen().solve_tile(l, inverses, from, to, v);
}

void SolveNarrowTile(const double* l, const double* inverses, std::size_t from, std::size_t to,
                     double* v) {
  Chosen().solve_narrow_tile(l, inverses, from, to, v);
}

void SolveTile(const float* l, const float* inverses, std::size_t from, std::size_t to, float* v) {
  Chosen().solve_float_tile(l, inverses, from, to, v);
}

void SolveUpperNarrowTile(const double* l, const double* inverses, std::size_t panels, double* v) {
  Chosen().solve_upper_tile(l, inverses, panels, v);
}

void SolveLower(const double* l, const double* inverses, std::size_t n, double* x) {
  Chosen().solve_lower(l, inverses, PanelsOf(n), x);
}

void SolveUpper(const double* l, const double* inverses, std::size_t n, double* x) {
  for (std::size_t panel = PanelsOf(n); panel-- > 0;) {
    const double* inverse = inverses + panel * kPanel * kPanel;
    double* rows = x + panel * kPanel;
    double solved[kPanel];
    for (std::size_t e = 0; e < kPanel; ++e) {
      double sum = 0;
      for (std::size_t c = e; c < kPanel; ++c) {
        sum += inverse[c * kPanel + e] * rows[c];
      }
      solved[e] = sum;
    }
    std::copy(solved, solved + kPanel, rows);
    const double* columns = l + PackedOffset(panel);
    for (std::size_t k = 0; k < panel * kPanel; ++k) {
      double sum = 0;
      for (std::size_t c = 0; c < kPanel; ++c) {
        sum += columns[k * kPanel + c] * solved[c];
      }
      x[k] -= sum;
    }
  }
}

void CovarianceTile(const KernelShape& shape, const double* points, const double* rows,
                    std::size_t n, double* out) {
  Chosen().covariance_tile(shape, points, rows, n, out);
}

void CovarianceNarrowTile(const KernelShape& shape, const double* points, const double* rows,
                          std::size_t n, double* out) {
  Chosen().covariance_narrow_tile(shape, points, rows, n, out);
}

void CovarianceSlopesNarrowTile(const KernelShape& shape, const double* points, const double* rows,
                                std::size_t n, double* out, double* slopes) {
  Chosen().covariance_slopes(shape, points, rows, n, out, slopes);
}

void AddGapsNarrowTile(const KernelShape& shape, const double* points, const double* rows,
                       std::size_t n, const double* slopes, const double* alpha, const double* w,
                       double* by_alpha, double* by_w) {
  Chosen().add_gaps(shape, points, rows, n, slopes, alpha, w, by_alpha, by_w);
}

void AddWeightedRows(double* out, const double* v, const double* weights, std::size_t n,
                     std::size_t tile) {
  Chosen().add_weighted(out, v, weights, n, tile);
}

void AddSquaredRows(double* out, const double* v, std::size_t n, std::size_t tile) {
  Chosen().add_squared(out, v, n, tile);
}

void AddSquaredRows(double* out, const float* v, std::size_t n, std::size_t tile) {
  Chosen().add_squared_float(out, v, n, tile);
}

void RoundToFloats(float* out, const double* x, std::size_t n) { Chosen().round(out, x, n); }

double Dot(const double* a, const double* b, std::size_t n) { return Chosen().dot(a, b, n); }

void AddScaled(double* out, const double* x, double scale, std::size_t n) {
  Chosen().add_scaled(out, x, scale, n);
}

void Matern52(double* out, const double* base, const double* x, double weight, double scale,
              std::size_t n) {
  Chosen().matern52(out, base, x, weight, scale, n);
}

}  // namespace regatta::search
