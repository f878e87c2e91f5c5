// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/decompose.h"

#include "training/train/random.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

// Squaring the condition number leaves this much of a singular value exact in float64.
constexpr double kGramFloor = 1e-5;
// The same where every value is to be within 1e-5 of what LAPACK finds. The worst is half of the values at the floor and half at 1: with
// 2500 of them and a floor of 1e-5 they were off by 4.5e-5; the error falls with the square of the floor (tst_spectrum).
constexpr double kValueFloor = 3e-5;

Triplets slice(const at::Tensor& U, const at::Tensor& S, const at::Tensor& Vh, int64_t rank, int64_t first = 0)
{
    return {U.narrow(1, first, rank).contiguous(), S.narrow(0, first, rank).contiguous(),
        Vh.narrow(0, first, rank).t().contiguous()};
}

at::Tensor orthonormal(const at::Tensor& columns)
{
    return std::get<0>(at::linalg_qr(columns));
}

}  // namespace

Triplets exactTriplets(const at::Tensor& weight, int64_t rank, int64_t first)
{
    const bool wide = weight.size(0) <= weight.size(1);
    const auto W = (wide ? weight : weight.t()).to(at::kDouble).contiguous();   // (short side, long side)
    const auto [eigenvalues, vectors] = at::linalg_eigh(at::matmul(W, W.t()));
    const auto count = W.size(0);
    const auto all = eigenvalues.flip(0).clamp_min(0).sqrt();
    const auto S = all.narrow(0, first, rank).contiguous();
    if (S[rank - 1].item<double>() <= kGramFloor * all[0].item<double>()) {
        const auto [U, values, Vh] = at::linalg_svd(weight.to(at::kDouble), false);
        return slice(U, values, Vh, rank, first);
    }
    const auto U = vectors.narrow(1, count - first - rank, rank).flip(1).contiguous();
    const auto V = at::matmul(W.t(), U) / S.unsqueeze(0);
    return wide ? Triplets{U, S, V} : Triplets{V, S, U};
}

Triplets randomisedTriplets(const at::Tensor& weight, int64_t rank, int64_t iterations, int64_t oversample, int64_t seed,
    const std::string& name)
{
    const bool swapped = weight.size(0) < weight.size(1);
    const auto X = swapped ? weight.t() : weight;   // tall
    const auto columns = std::min(rank + oversample, X.size(1));
    auto omega = at::empty({X.size(1), columns}, at::kFloat);
    const Random random(seed, "svd", name);
    float* to = omega.data_ptr<float>();
    for (int64_t i = 0; i < omega.numel(); ++i)
        to[i] = float(random.normal(uint64_t(i)));
    auto Q = orthonormal(at::matmul(X, omega));
    for (int64_t i = 0; i < iterations; ++i) {
        Q = orthonormal(at::matmul(X.t(), Q));
        Q = orthonormal(at::matmul(X, Q));
    }
    const auto [Ub, S, Vh] = at::linalg_svd(at::matmul(Q.t(), X), false);
    auto found = slice(at::matmul(Q, Ub), S, Vh, rank);
    if (swapped)
        std::swap(found.U, found.V);
    return found;
}

at::Tensor singularValues(const at::Tensor& weight)
{
    const auto W = (weight.size(0) <= weight.size(1) ? weight : weight.t()).to(at::kDouble).contiguous();
    const auto values = at::linalg_eigvalsh(at::matmul(W, W.t())).flip(0).clamp_min(0).sqrt();
    const auto exact = values >= kValueFloor * values[0];
    if (exact.all().item<bool>())
        return values;
    return at::where(exact, values, at::linalg_svdvals(W));
}

}  // namespace rankwright
