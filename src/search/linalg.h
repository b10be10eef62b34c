// The few dense kernels that the Gaussian process spends its time in.
//
// Every sum runs in one fixed order whatever the width of the machine's vectors, and no
// multiplication is fused with an addition, so results are bit-equal on every x86-64 and on any
// thread count. The widest instruction set that the processor has is chosen once, at run time.
//
// Matrices are column-major with a leading dimension; triangles are lower. Pure functions,
// thread-safe.
#pragma once

#include <cstddef>

namespace regatta::search {

// C -= A · Bᵀ with C of rows x cols, A of rows x depth, B of cols x depth.
void SubtractProduct(double* c, std::size_t ldc, const double* a, std::size_t lda, const double* b,
                     std::size_t ldb, std::size_t rows, std::size_t cols, std::size_t depth);

// A = L · Lᵀ in place, reading and writing the lower triangle. False if A is not positive definite;
// A is then spoilt.
bool Cholesky(double* a, std::size_t lda, std::size_t n);

// V := V · L⁻ᵀ: each of the `rows` rows v of V becomes L⁻¹ v. With `from` > 0 the first `from`
// columns are taken to be solved already.
void SolveRows(const double* l, std::size_t ldl, std::size_t n, double* v, std::size_t ldv,
               std::size_t rows, std::size_t from = 0);

// x := L⁻¹ x and x := L⁻ᵀ x.
void SolveLower(const double* l, std::size_t ldl, std::size_t n, double* x);
void SolveUpper(const double* l, std::size_t ldl, std::size_t n, double* x);

double Dot(const double* a, const double* b, std::size_t n);

// out += scale · x.
void AddScaled(double* out, const double* x, double scale, std::size_t n);

// out += scale · (x - at)².
void AddScaledSquares(double* out, const double* x, double at, double scale, std::size_t n);

// out += scale · h, with h the squared distance of categories: 0 for equal numbers, 1 for different
// ones, 0.5 where exactly one is inactive (negative). These are the squared distances of one-hot
// vectors of length √½, with the inactive one at the origin.
void AddScaledMismatch(double* out, const double* x, double at, double scale, std::size_t n);

// out := scale · Matérn-5/2 of the squared scaled distance r2: (1 + √5 r + 5/3 r²) · e^(-√5 r).
void Matern52(double* out, const double* r2, double scale, std::size_t n);

// sums += out², elementwise.
void AddSquares(double* sums, const double* x, std::size_t n);

}  // namespace regatta::search
