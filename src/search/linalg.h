// The few dense kernels that the Gaussian process spends its time in.
//
// Every sum runs in one fixed order whatever the width of the machine's vectors, and no
// multiplication is fused with an addition, so results are bit-equal on every x86-64 and on any
// thread count. The widest instruction set that the processor has is chosen at run time.
//
// A lower triangle L is packed in panels of eight rows: panel p holds, for each column k up to the
// end of its diagonal block, the eight numbers L[8p..8p+7][k] side by side. So a panel is read as
// one stream, and rows can be appended without moving anything. Rows that only fill the last panel
// are rows of the identity. Beside the factor lie the inverses of its diagonal blocks, which turn
// every substitution into products (as in LAPACK's blocked xTRTRI and most GPU libraries).
//
// Right-hand sides come in tiles: `kTile` of them side by side for each row of L. All functions are
// pure (but for UseVectorUnit) and thread-safe; arrays may be unaligned, 64 bytes are faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace regatta::search {

inline constexpr std::size_t kPanel = 8;
// Right-hand sides of a tile, and of one where few are asked for.
inline constexpr std::size_t kTile = 16;
inline constexpr std::size_t kNarrowTile = 8;

constexpr std::size_t PanelsOf(std::size_t n) { return (n + kPanel - 1) / kPanel; }
constexpr std::size_t PackedOffset(std::size_t panel) {
  return kPanel * kPanel / 2 * panel * (panel + 1);
}
// Numbers in the packed triangle of n rows, and in the inverses of its diagonal blocks.
constexpr std::size_t PackedSize(std::size_t n) { return PackedOffset(PanelsOf(n)); }
constexpr std::size_t InversesSize(std::size_t n) { return PanelsOf(n) * kPanel * kPanel; }
// Where L[row][column] lies. Requires: column <= row, or in its diagonal block.
constexpr std::size_t PackedIndex(std::size_t row, std::size_t column) {
  return PackedOffset(row / kPanel) + column * kPanel + row % kPanel;
}

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>& /*other*/) {}
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T* p, std::size_t /*n*/) { ::operator delete(p, std::align_val_t(64)); }
  bool operator==(const AlignedAllocator& /*other*/) const { return true; }
};
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

// A = L · Lᵀ in place, from panel `from` on; those before are factored already. Of diagonal blocks
// only the lower triangles are read. Pivots below `floor` count as `floor`. Fills `inverses` and
// the rows after the n-th. False if A is not positive definite; A is then spoilt.
bool Cholesky(double* a, double* inverses, std::size_t n, std::size_t from = 0, double floor = 0);

// Makes the rows from `n` on of the last panel those of the identity, and inverts its diagonal
// block: after a row was appended or dropped. Requires: n > 0.
void FinishPanel(double* l, double* inverses, std::size_t n);

// V := L⁻¹ V for the rows of panels `from` to `to` - 1; those before are solved already. V has
// `kTile` (or `kNarrowTile`) numbers a row.
void SolveTile(const double* l, const double* inverses, std::size_t from, std::size_t to,
               double* v);
void SolveNarrowTile(const double* l, const double* inverses, std::size_t from, std::size_t to,
                     double* v);
void SolveTile(const float* l, const float* inverses, std::size_t from, std::size_t to, float* v);

// V := L⁻ᵀ V, with `kNarrowTile` numbers a row.
void SolveUpperNarrowTile(const double* l, const double* inverses, std::size_t panels, double* v);

// x := L⁻¹ x and x := L⁻ᵀ x, with x of 8 · PanelsOf(n) numbers, zeros after the n-th.
void SolveLower(const double* l, const double* inverses, std::size_t n, double* x);
void SolveUpper(const double* l, const double* inverses, std::size_t n, double* x);

// Encoded rows, or points, that covariances are between. Of each row first `numbers` coordinates
// that have been divided by their length scales, then `categories` numbers of categories, whose
// squared distance is weight · h, with h = 0 for equal ones, 1 for different ones, ½ where exactly
// one is inactive (negative): the squared distances of one-hot vectors of length √½, with the
// inactive one at the origin.
struct KernelShape {
  std::size_t numbers = 0;
  std::size_t categories = 0;
  const double* weights = nullptr;  // one a category
  double signal = 1;
};

// out[i][t] := signal · Matérn-5/2 of the distance between row i of `rows` (each row's coordinates
// side by side) and point t of a tile (each coordinate's `kTile` points side by side).
void CovarianceTile(const KernelShape& shape, const double* points, const double* rows,
                    std::size_t n, double* out);
void CovarianceNarrowTile(const KernelShape& shape, const double* points, const double* rows,
                          std::size_t n, double* out);

// The same as CovarianceNarrowTile, to the bit, and its derivative by the squared distance:
//
//   slopes[i][t] := signal · dM/dr² = -5/6 · signal · (1 + √5 r) e^(-√5 r)
//
// which needs no division by r, so it is exact also where a point is a row. A covariance's
// derivative by number c of the point is slopes[i][t] · 2 (point_c - row_c).
void CovarianceSlopesNarrowTile(const KernelShape& shape, const double* points, const double* rows,
                                std::size_t n, double* out, double* slopes);

// Half of the derivatives of Σ_i alpha[i] · k_i and, for constant w, of Σ_i w[i] · k_i by the
// numbers of the points of a narrow tile: with gap = number c of point t - that of row i,
//
//   by_alpha[c][t] += Σ_i alpha[i] · slopes[i][t] · gap,   by_w[c][t] += Σ_i w[i][t] · slopes[i][t]
//   · gap
void AddGapsNarrowTile(const KernelShape& shape, const double* points, const double* rows,
                       std::size_t n, const double* slopes, const double* alpha, const double* w,
                       double* by_alpha, double* by_w);

// out[t] += Σ_i weights[i] · v[i][t], and out[t] += Σ_i v[i][t]², in the order of i, all in
// doubles; `tile` numbers a row, a multiple of 8.
void AddWeightedRows(double* out, const double* v, const double* weights, std::size_t n,
                     std::size_t tile);
void AddSquaredRows(double* out, const double* v, std::size_t n, std::size_t tile);
void AddSquaredRows(double* out, const float* v, std::size_t n, std::size_t tile);

void RoundToFloats(float* out, const double* x, std::size_t n);

double Dot(const double* a, const double* b, std::size_t n);

// out += scale · x.
void AddScaled(double* out, const double* x, double scale, std::size_t n);

// out := scale · Matérn-5/2 of the squared scaled distance base + weight · x:
// (1 + √5 r + 5/3 r²) · e^(-√5 r). Squares below 0 count as 0.
void Matern52(double* out, const double* base, const double* x, double weight, double scale,
              std::size_t n);

// The instruction sets that the kernels are compiled for.
enum class VectorUnit : std::uint8_t { kBaseline, kAvx2, kAvx512 };

// Those that this processor has, narrowest first.
std::vector<VectorUnit> VectorUnits();
// Makes every kernel use `unit` from now on, so that tests can compare them. Requires: `unit` is
// one of VectorUnits(), and no kernel runs meanwhile.
void UseVectorUnit(VectorUnit unit);

}  // namespace regatta::search
