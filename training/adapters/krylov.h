// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The space spanned by X, G X, G^2 X, ... for G = W W^T and a random block X, with an orthonormal basis: what block Lanczos (Golub and
// Underwood 1977) and randomised block Krylov methods (Musco and Musco 2015, arXiv 1504.05477) find singular triplets in. It holds every
// block that power iteration passes through, so its best approximation is never worse than that of as many iterations.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace rankwright {

class KrylovSpace
{
public:
    enum class Products {
        float32,
        bfloat16   // of a rounded copy of W, where the processor has instructions for them; float32 where not
    };
    // `wide` (k, n) float32, k <= n, may be a transposed view; it has to outlive the space. The space begins with the `columns` vectors
    // W X, X random signs drawn from `seed`, and has room for `most` blocks: columns * most <= k.
    KrylovSpace(const at::Tensor& wide, int64_t columns, int64_t most, Products products, uint64_t seed);

    [[nodiscard]] int64_t size() const { return m_size; }              // vectors of the basis
    [[nodiscard]] bool full() const { return m_size + m_columns > m_basis.size(0); }
    // Multiplies the last block by G and projects what comes out; once for each block, before grow().
    void project();
    // The part of project()'s result that lies outside the space becomes the next block.
    void grow();

    // The `count` largest Ritz values of G, largest first, and their vectors as rows (count, k), after project(). float32.
    struct Ritz { at::Tensor values, vectors, residuals; };
    // residuals: ||G u - theta u|| of each.
    [[nodiscard]] Ritz ritz(int64_t count) const;

private:
    at::Tensor times(const at::Tensor& block) const;              // (any, k) W
    at::Tensor timesTransposed(const at::Tensor& block) const;    // (any, n) W^T
    at::Tensor m_wide;          // (k, n) float32 or bfloat16
    int64_t m_columns = 0, m_size = 0;
    at::Tensor m_basis;         // (room, k), the first m_size rows are the basis
    at::Tensor m_projected;     // (room, room): basis G basis^T, its lower half
    at::Tensor m_outside;       // (columns, k): of the last block's image
    at::Tensor m_lengths;       // (columns): of the image's rows
    uint64_t m_draws;           // key of the signs
};

// Whether products of bfloat16 matrices have instructions of their own here.
bool hasBfloat16Products();

// Rows [first, first + count) of `rows` (any, k) float32 made orthonormal. They are orthogonal to the rows before them already, but for
// what rounding leaves of rows that were once as long as `lengths` (count) says; undefined: that are as they were. A row that depends on
// the others is replaced by a random one that does not.
void orthonormaliseRows(at::Tensor& rows, int64_t first, int64_t count, const at::Tensor& lengths, uint64_t seed);

}  // namespace rankwright
