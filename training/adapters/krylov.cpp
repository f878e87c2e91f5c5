// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/krylov.h"

#include "training/ops/product.h"
#include "training/ops/vector_loops.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <cmath>

namespace rankwright {

namespace {

constexpr float kDependent = 1e-5F;   // of a row's length: less than that left of it is rounding
constexpr float kMuch = 0.05F;        // more than that left of it: little was taken away

RANKWRIGHT_VECTOR_CLONES float product(const float* x, const float* y, int64_t count)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i)
        sum += x[i] * y[i];
    return sum;
}

RANKWRIGHT_VECTOR_CLONES void subtract(float* x, const float* y, float factor, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] -= factor * y[i];
}

RANKWRIGHT_VECTOR_CLONES void scale(float* x, float factor, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] *= factor;
}

// Signs are as good as normal numbers for a sketch, and 64 of them cost one draw.
void fillWithSigns(float* to, int64_t count, uint64_t key)
{
    for (int64_t i = 0; i < count; i += 64) {
        const uint64_t bits = mix64(key + uint64_t(i / 64 + 1) * 0x9e3779b97f4a7c15ull);
        for (int64_t k = i; k < std::min(i + 64, count); ++k)
            to[k] = (bits >> (k - i)) & 1 ? 1.0F : -1.0F;
    }
}

}  // namespace

bool hasBfloat16Products()
{
#if defined(__x86_64__)
    static const bool has = [] {
        __builtin_cpu_init();
        return bool(__builtin_cpu_supports("avx512bf16"));   // processors with AMX have these too
    }();
    return has;
#else
    return false;
#endif
}

void orthonormaliseRows(at::Tensor& rows, int64_t first, int64_t count, const at::Tensor& lengths, uint64_t seed)
{
    const int64_t width = rows.size(1);
    float* const all = rows.data_ptr<float>();
    const auto lengthOf = [&](const float* row) { return std::sqrt(product(row, row, width)); };
    for (int64_t i = first; i < first + count; ++i) {
        float* const row = all + i * width;
        float whole = lengths.defined() ? lengths.const_data_ptr<float>()[i - first] : lengthOf(row);
        int64_t from = lengthOf(row) > kMuch * whole ? first : 0;   // the rows that it may still depend on
        for (uint64_t tries = 0; i < width; ++tries) {   // there is room for `width` of them
            const float before = lengthOf(row);
            for (int pass = 0; pass < 2; ++pass) {
                for (int64_t j = from; j < i; ++j)
                    subtract(row, all + j * width, product(row, all + j * width, width), width);
            }
            const float left = lengthOf(row);
            if (left > kMuch * before && left > kDependent * whole && std::isfinite(left)) {
                scale(row, 1 / left, width);
                break;
            }
            // Where much was taken away, what is left may have gained on what rounding left of the rows before.
            from = 0;
            if (!(left > kDependent * whole) || !std::isfinite(left)) {
                fillWithSigns(row, width, mix64(seed + uint64_t(i)) + tries);
                whole = lengthOf(row);
            }
        }
    }
}

KrylovSpace::KrylovSpace(const at::Tensor& wide, int64_t columns, int64_t most, Products products, uint64_t seed)
    : m_wide(products == Products::bfloat16 && hasBfloat16Products() ? wide.to(at::kBFloat16) : wide)
    , m_columns(columns)
    , m_basis(at::empty({columns * most, wide.size(0)}, at::kFloat))
    , m_projected(at::zeros({columns * most, columns * most}, at::kFloat))
    , m_draws(seed)
{
    auto draws = at::empty({columns, wide.size(1)}, at::kFloat);
    fillWithSigns(draws.data_ptr<float>(), draws.numel(), seed);
    m_basis.narrow(0, 0, columns).copy_(timesTransposed(draws));
    orthonormaliseRows(m_basis, 0, columns, {}, seed);
    m_size = columns;
}

at::Tensor KrylovSpace::times(const at::Tensor& block) const
{
    return ops::times(block.to(m_wide.scalar_type()), m_wide);
}

at::Tensor KrylovSpace::timesTransposed(const at::Tensor& block) const
{
    return ops::timesTransposed(block.to(m_wide.scalar_type()), m_wide).to(at::kFloat);
}

void KrylovSpace::project()
{
    m_outside = timesTransposed(times(m_basis.narrow(0, m_size - m_columns, m_columns)));
    m_lengths = m_outside.norm(2, 1);
    const auto basis = m_basis.narrow(0, 0, m_size);
    const auto inside = at::mm(m_outside, basis.t());
    m_projected.narrow(0, m_size - m_columns, m_columns).narrow(1, 0, m_size).copy_(inside);
    // Twice: the first time rounding leaves parts as large as what cancels.
    m_outside.addmm_(inside, basis, 1, -1);
    m_outside.addmm_(at::mm(m_outside, basis.t()), basis, 1, -1);
}

void KrylovSpace::grow()
{
    m_basis.narrow(0, m_size, m_columns).copy_(m_outside);
    orthonormaliseRows(m_basis, m_size, m_columns, m_lengths, m_draws);
    m_size += m_columns;
}

KrylovSpace::Ritz KrylovSpace::ritz(int64_t count) const
{
    const auto [values, vectors] = at::linalg_eigh(m_projected.narrow(0, 0, m_size).narrow(1, 0, m_size), "L");
    const auto S = vectors.narrow(1, m_size - count, count).flip(1).t().contiguous();   // (count, size)
    // Only the last block's image leaves the space.
    const auto residuals = at::mm(S.narrow(1, m_size - m_columns, m_columns), m_outside).norm(2, 1);
    return {values.narrow(0, m_size - count, count).flip(0).contiguous(), at::mm(S, m_basis.narrow(0, 0, m_size)), residuals};
}

}  // namespace rankwright
