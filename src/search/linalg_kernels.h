// The bodies of the kernels in linalg.h, for vectors of `kBytes` bytes.
//
// Each is inlined into one function for each instruction set (linalg.cc). What a result's sum runs
// over, and in which order, does not depend on `kBytes`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "linalg.h"

namespace regatta::search::kernels {

#define REGATTA_INLINE __attribute__((always_inline)) inline

template <class T, int kBytes>
using Vector = T __attribute__((vector_size(kBytes)));

template <class T, int kBytes>
REGATTA_INLINE void Load(Vector<T, kBytes>& vector, const T* from) {
  std::memcpy(&vector, from, kBytes);
}

template <class T, int kBytes>
REGATTA_INLINE void Store(T* to, const Vector<T, kBytes>& vector) {
  std::memcpy(to, &vector, kBytes);
}

// out[c] -= Σ_{k < depth} l[k][c] · v[k] for the eight columns c of a panel, for kRhs right-hand
// sides. As many sums run side by side as the registers hold.
template <class T, int kBytes, int kRhs>
REGATTA_INLINE void SubtractPanel(const T* l, std::size_t depth, const T* v, T* out) {
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));
  constexpr int kVectors = kRhs >= 2 * kLanes ? 2 : 1;
  constexpr int kColumns = kBytes == 64 ? 8 : 4;
  using V = Vector<T, kBytes>;
  for (int column = 0; column < static_cast<int>(kPanel); column += kColumns) {
    for (int lane = 0; lane < kRhs; lane += kLanes * kVectors) {
      V sums[kColumns][kVectors] = {};
      const T* factor = l + column;
      const T* row = v + lane;
      for (std::size_t k = 0; k < depth; ++k, factor += kPanel, row += kRhs) {
        V x[kVectors];
#pragma unroll
        for (int u = 0; u < kVectors; ++u) {
          Load<T, kBytes>(x[u], row + u * kLanes);
        }
#pragma unroll
        for (int c = 0; c < kColumns; ++c) {
#pragma unroll
          for (int u = 0; u < kVectors; ++u) {
            sums[c][u] += x[u] * factor[c];
          }
        }
      }
#pragma unroll
      for (int c = 0; c < kColumns; ++c) {
#pragma unroll
        for (int u = 0; u < kVectors; ++u) {
          T* place = out + (column + c) * kRhs + lane + u * kLanes;
          V old;
          Load<T, kBytes>(old, place);
          Store<T, kBytes>(place, old - sums[c][u]);
        }
      }
    }
  }
}

// v[c] := Σ_{e <= c} inverse[c][e] · v[e].
template <class T, int kBytes, int kRhs>
REGATTA_INLINE void MultiplyInverse(const T* inverse, T* v) {
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));
  constexpr int kRows = static_cast<int>(kPanel);
  using V = Vector<T, kBytes>;
  for (int lane = 0; lane < kRhs; lane += kLanes) {
    V x[kRows];
#pragma unroll
    for (int e = 0; e < kRows; ++e) {
      Load<T, kBytes>(x[e], v + e * kRhs + lane);
    }
#pragma unroll
    for (int c = 0; c < kRows; ++c) {
      V sum = x[0] * inverse[c * kRows];
#pragma unroll
      for (int e = 1; e <= c; ++e) {
        sum += x[e] * inverse[c * kRows + e];
      }
      Store<T, kBytes>(v + c * kRhs + lane, sum);
    }
  }
}

template <class T, int kBytes, int kRhs>
REGATTA_INLINE void SolveTileBody(const T* l, const T* inverses, std::size_t from, std::size_t to,
                                  T* v) {
  for (std::size_t panel = from; panel < to; ++panel) {
    const std::size_t depth = panel * kPanel;
    T* rows = v + depth * kRhs;
    SubtractPanel<T, kBytes, kRhs>(l + PackedOffset(panel), depth, v, rows);
    MultiplyInverse<T, kBytes, kRhs>(inverses + panel * kPanel * kPanel, rows);
  }
}

// v[e] := Σ_{c >= e} inverse[c][e] · v[c].
template <int kBytes, int kRhs>
REGATTA_INLINE void MultiplyInverseTransposed(const double* inverse, double* v) {
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(double));
  constexpr int kRows = static_cast<int>(kPanel);
  using V = Vector<double, kBytes>;
  for (int lane = 0; lane < kRhs; lane += kLanes) {
    V x[kRows];
#pragma unroll
    for (int c = 0; c < kRows; ++c) {
      Load<double, kBytes>(x[c], v + c * kRhs + lane);
    }
#pragma unroll
    for (int e = 0; e < kRows; ++e) {
      V sum = x[e] * inverse[e * kRows + e];
#pragma unroll
      for (int c = e + 1; c < kRows; ++c) {
        sum += x[c] * inverse[c * kRows + e];
      }
      Store<double, kBytes>(v + e * kRhs + lane, sum);
    }
  }
}

// Each panel, the last first, is solved and then taken off all rows before it.
template <int kBytes, int kRhs>
REGATTA_INLINE void SolveUpperTileBody(const double* l, const double* inverses, std::size_t panels,
                                       double* v) {
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(double));
  constexpr int kRows = static_cast<int>(kPanel);
  using V = Vector<double, kBytes>;
  for (std::size_t panel = panels; panel-- > 0;) {
    const std::size_t depth = panel * kPanel;
    double* rows = v + depth * kRhs;
    MultiplyInverseTransposed<kBytes, kRhs>(inverses + depth * kPanel, rows);
    for (int lane = 0; lane < kRhs; lane += kLanes) {
      V x[kRows];
#pragma unroll
      for (int c = 0; c < kRows; ++c) {
        Load<double, kBytes>(x[c], rows + c * kRhs + lane);
      }
      const double* factor = l + PackedOffset(panel);
      double* row = v + lane;
      for (std::size_t k = 0; k < depth; ++k, factor += kPanel, row += kRhs) {
        V even = x[0] * factor[0];
        V odd = x[1] * factor[1];
#pragma unroll
        for (int c = 2; c < kRows; c += 2) {
          even += x[c] * factor[c];
          odd += x[c + 1] * factor[c + 1];
        }
        V old;
        Load<double, kBytes>(old, row);
        Store<double, kBytes>(row, old - (even + odd));
      }
    }
  }
}

// e^x for x <= 0 (Cephes: 2^n times a rational function of the rest), within two units in the last
// place. The Taylor series to r¹³, which needs no division, was 4 % slower in a whole suggestion.
template <int kBytes>
REGATTA_INLINE void ExpNegative(Vector<double, kBytes>& x) {
  using V = Vector<double, kBytes>;
  const V lowest = V{} - 700.0;
  x = x < lowest ? lowest : x;
  constexpr double kMagic = 0x1.8p52;
  const V shifted = x * 1.4426950408889634073599 + kMagic;
  const V n = shifted - kMagic;
  const V r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  const V r2 = r * r;
  const V p = r * ((1.26177193074810590878e-4 * r2 + 3.02994407707441961300e-2) * r2 +
                   9.99999999999999999910e-1);
  const V q = ((3.00198505138664455042e-6 * r2 + 2.52448340349684104192e-3) * r2 +
               2.27265548208155028766e-1) *
                  r2 +
              2.00000000000000000005;
  const V value = 2.0 * (p / (q - p)) + 1.0;
  Vector<std::int64_t, kBytes> exponent;
  std::memcpy(&exponent, &shifted, kBytes);
  exponent = (exponent + 1023) << 52;
  V power;
  std::memcpy(&power, &exponent, kBytes);
  x = value * power;
}

// Replaces squared distances by the kernel, and `slope` by its derivatives by them.
template <int kBytes>
REGATTA_INLINE void Matern52Vector(Vector<double, kBytes>& value, Vector<double, kBytes>& slope,
                                   double scale) {
  using V = Vector<double, kBytes>;
  const V zero = {};
  const V r2 = value < zero ? zero : value;  // what is not a number stays so
  const V s = __builtin_elementwise_sqrt(r2 * 5.0);
  V e = -s;
  ExpNegative<kBytes>(e);
  value = (1.0 + s + r2 * (5.0 / 3.0)) * e * scale;
  slope = (1.0 + s) * e * (scale * (-5.0 / 6.0));
}

// With slopes of the kernel, unless `kSlopes` is false.
template <int kBytes, int kRhs, bool kSlopes>
REGATTA_INLINE void CovarianceTileBody(const KernelShape& shape, const double* points,
                                       const double* rows, std::size_t n, double* out,
                                       double* slopes) {
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(double));
  constexpr int kVectors = kRhs >= 2 * kLanes ? 2 : 1;
  using V = Vector<double, kBytes>;
  const std::size_t columns = shape.numbers + shape.categories;
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = rows + i * columns;
    for (int lane = 0; lane < kRhs; lane += kLanes * kVectors) {
      V r2[kVectors] = {};
      const double* point = points + lane;
      for (std::size_t c = 0; c < shape.numbers; ++c, point += kRhs) {
#pragma unroll
        for (int u = 0; u < kVectors; ++u) {
          V x;
          Load<double, kBytes>(x, point + u * kLanes);
          const V difference = x - row[c];
          r2[u] += difference * difference;
        }
      }
      for (std::size_t c = 0; c < shape.categories; ++c, point += kRhs) {
        const double at = row[shape.numbers + c];
        const double weight = shape.weights[c];
        const V if_inactive = V{} + (at < 0 ? weight : weight / 2);
        const V if_active = V{} + (at < 0 ? weight / 2 : weight);
        const V zero = {};
        const V same = V{} + at;
#pragma unroll
        for (int u = 0; u < kVectors; ++u) {
          V x;
          Load<double, kBytes>(x, point + u * kLanes);
          const V mismatch = x < zero ? if_inactive : if_active;
          r2[u] += x == same ? zero : mismatch;
        }
      }
#pragma unroll
      for (int u = 0; u < kVectors; ++u) {
        V slope;
        Matern52Vector<kBytes>(r2[u], slope, shape.signal);
        Store<double, kBytes>(out + i * kRhs + lane + u * kLanes, r2[u]);
        if constexpr (kSlopes) {
          Store<double, kBytes>(slopes + i * kRhs + lane + u * kLanes, slope);
        }
      }
    }
  }
}

template <int kBytes, int kRhs>
REGATTA_INLINE void AddGapsBody(const KernelShape& shape, const double* points, const double* rows,
                                std::size_t n, const double* slopes, const double* alpha,
                                const double* w, double* by_alpha, double* by_w) {
  constexpr int kLanes = kBytes / static_cast<int>(sizeof(double));
  using V = Vector<double, kBytes>;
  const std::size_t columns = shape.numbers + shape.categories;
  for (int lane = 0; lane < kRhs; lane += kLanes) {
    for (std::size_t c = 0; c < shape.numbers; ++c) {
      const std::size_t place = c * kRhs + static_cast<std::size_t>(lane);
      V x;
      V alpha_sum;
      V w_sum;
      Load<double, kBytes>(x, points + place);
      Load<double, kBytes>(alpha_sum, by_alpha + place);
      Load<double, kBytes>(w_sum, by_w + place);
      for (std::size_t i = 0; i < n; ++i) {
        V slope;
        V weight;
        Load<double, kBytes>(slope, slopes + i * kRhs + lane);
        Load<double, kBytes>(weight, w + i * kRhs + lane);
        const V change = slope * (x - rows[i * columns + c]);
        alpha_sum += change * alpha[i];
        w_sum += change * weight;
      }
      Store<double, kBytes>(by_alpha + place, alpha_sum);
      Store<double, kBytes>(by_w + place, w_sum);
    }
  }
}

// Sums over rows of weights times entries, in doubles.
template <int kBytes>
REGATTA_INLINE void AddWeightedRowsBody(double* out, const double* v, const double* weights,
                                        std::size_t n, std::size_t tile) {
  constexpr std::size_t kLanes = kBytes / sizeof(double);
  using V = Vector<double, kBytes>;
  for (std::size_t lane = 0; lane < tile; lane += kLanes) {
    V sum;
    Load<double, kBytes>(sum, out + lane);
    for (std::size_t i = 0; i < n; ++i) {
      V x;
      Load<double, kBytes>(x, v + i * tile + lane);
      sum += x * weights[i];
    }
    Store<double, kBytes>(out + lane, sum);
  }
}

// And of squares of doubles or floats.
template <class T, int kBytes>
REGATTA_INLINE void AddSquaredRowsBody(double* out, const T* v, std::size_t n, std::size_t tile) {
  constexpr std::size_t kLanes = kBytes / sizeof(double);
  constexpr int kLoaded = static_cast<int>(kLanes * sizeof(T));
  using V = Vector<double, kBytes>;
  for (std::size_t lane = 0; lane < tile; lane += kLanes) {
    V sum;
    Load<double, kBytes>(sum, out + lane);
    for (std::size_t i = 0; i < n; ++i) {
      Vector<T, kLoaded> loaded;
      Load<T, kLoaded>(loaded, v + i * tile + lane);
      const V x = __builtin_convertvector(loaded, V);
      sum += x * x;
    }
    Store<double, kBytes>(out + lane, sum);
  }
}

REGATTA_INLINE void RoundToFloatsBody(float* out, const double* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>(x[i]);
  }
}

REGATTA_INLINE void AddScaledBody(double* out, const double* x, double scale, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] += scale * x[i];
  }
}

template <int kBytes>
REGATTA_INLINE void Matern52Body(double* out, const double* base, const double* x, double weight,
                                 double scale, std::size_t n) {
  constexpr std::size_t kLanes = kBytes / sizeof(double);
  using V = Vector<double, kBytes>;
  V value;
  V slope;
  V add;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Load<double, kBytes>(value, base + i);
    Load<double, kBytes>(add, x + i);
    value = value + weight * add;
    Matern52Vector<kBytes>(value, slope, scale);
    Store<double, kBytes>(out + i, value);
  }
  if (i < n) {
    double rest[kLanes] = {};
    for (std::size_t k = 0; i + k < n; ++k) {
      rest[k] = base[i + k] + weight * x[i + k];
    }
    Load<double, kBytes>(value, rest);
    Matern52Vector<kBytes>(value, slope, scale);
    Store<double, kBytes>(rest, value);
    std::copy(rest, rest + (n - i), out + i);
  }
}

// Eight sums whatever the width, added up in order.
REGATTA_INLINE double DotBody(const double* a, const double* b, std::size_t n) {
  using V = Vector<double, 64>;
  V sums = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    V left;
    V right;
    Load<double, 64>(left, a + i);
    Load<double, 64>(right, b + i);
    sums += left * right;
  }
  double total = 0;
  for (int k = 0; k < 8; ++k) {
    total += sums[k];
  }
  for (; i < n; ++i) {
    total += a[i] * b[i];
  }
  return total;
}

// The sums over earlier columns run as four, k modulo 4, for the latency of additions.
REGATTA_INLINE void SolveLowerBody(const double* l, const double* inverses, std::size_t panels,
                                   double* x) {
  using V = Vector<double, 64>;
  for (std::size_t panel = 0; panel < panels; ++panel) {
    const double* columns = l + PackedOffset(panel);
    V sums[4] = {};
    for (std::size_t k = 0; k < panel * kPanel; k += 4) {
#pragma unroll
      for (int u = 0; u < 4; ++u) {
        V column;
        Load<double, 64>(column, columns + (k + static_cast<std::size_t>(u)) * kPanel);
        sums[u] += column * x[k + static_cast<std::size_t>(u)];
      }
    }
    double* rows = x + panel * kPanel;
    V rest;
    Load<double, 64>(rest, rows);
    rest -= (sums[0] + sums[1]) + (sums[2] + sums[3]);
    double t[kPanel];
    Store<double, 64>(t, rest);
    const double* inverse = inverses + panel * kPanel * kPanel;
    for (std::size_t c = 0; c < kPanel; ++c) {
      double sum = inverse[c * kPanel] * t[0];
      for (std::size_t e = 1; e <= c; ++e) {
        sum += inverse[c * kPanel + e] * t[e];
      }
      rows[c] = sum;
    }
  }
}

// Factors a diagonal block in place (lower triangle, eight rows side by side for each column);
// pivots below `floor` count as `floor`.
REGATTA_INLINE bool FactorBlock(double* block, double floor) {
  constexpr int kRows = static_cast<int>(kPanel);
  using V = Vector<double, 64>;
  V columns[kRows];
#pragma unroll
  for (int e = 0; e < kRows; ++e) {
    Load<double, 64>(columns[e], block + e * kRows);
  }
#pragma unroll
  for (int e = 0; e < kRows; ++e) {
    const double pivot = columns[e][e] < floor ? floor : columns[e][e];
    if (!(pivot > 0) || !(pivot < 1e300)) {
      return false;
    }
    const double root = __builtin_sqrt(pivot);
    columns[e] = columns[e] * (1 / root);
    columns[e][e] = root;
#pragma unroll
    for (int f = e + 1; f < kRows; ++f) {
      columns[f] -= columns[e] * columns[e][f];
    }
  }
#pragma unroll
  for (int e = 0; e < kRows; ++e) {
    Store<double, 64>(block + e * kRows, columns[e]);
  }
  return true;
}

// inverse[c][e] of a factored diagonal block, by substitution for all unit vectors at once.
REGATTA_INLINE void InvertBlock(const double* block, double* inverse) {
  constexpr int kRows = static_cast<int>(kPanel);
  using V = Vector<double, 64>;
  V rows[kRows];
#pragma unroll
  for (int c = 0; c < kRows; ++c) {
    V row = {};
    row[c] = 1;
#pragma unroll
    for (int e = 0; e < c; ++e) {
      row -= rows[e] * block[e * kRows + c];
    }
    rows[c] = row * (1 / block[c * kRows + c]);
    Store<double, 64>(inverse + c * kRows, rows[c]);
  }
}

// Panel by panel: its rows are solved against the panels before as if they were right-hand sides
// (they lie just so), which leaves its diagonal block to factor.
template <int kBytes>
REGATTA_INLINE bool CholeskyBody(double* a, double* inverses, std::size_t from, std::size_t to,
                                 double floor) {
  for (std::size_t panel = from; panel < to; ++panel) {
    const std::size_t depth = panel * kPanel;
    double* rows = a + PackedOffset(panel);
    double* block = rows + depth * kPanel;
    SolveTileBody<double, kBytes, kNarrowTile>(a, inverses, 0, panel, rows);
    SubtractPanel<double, kBytes, kNarrowTile>(rows, depth, rows, block);
    if (!FactorBlock(block, floor)) {
      return false;
    }
    InvertBlock(block, inverses + depth * kPanel);
  }
  return true;
}

}  // namespace regatta::search::kernels
