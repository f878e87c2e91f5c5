// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/decompose.h"

#include "training/adapters/krylov.h"
#include "training/ops/product.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace rankwright {

namespace {

// Squaring the condition number leaves this much of a singular value exact in float64.
constexpr double kGramFloor = 1e-5;
// The same where every value is to be within 1e-5 of what LAPACK finds. The worst is half of the values at the floor and half at 1: with
// 2500 of them and a floor of 1e-5 they were off by 4.5e-5; the error falls with the square of the floor (tst_spectrum).
constexpr double kValueFloor = 3e-5;

// A Ritz vector u of G = W W^T is as it should be where ||G u - theta u|| <= this theta: what that moves a value or the rest by falls
// with its square. Over all 210 matrices of SmolLM2-135M at rank 16 no value was off by more than 2.1e-7 and no rest by more than
// 4.6e-9, in 11 ms of a core each; exactTriplets() takes 49, float32 SVDs 88.
constexpr double kRitzResidual = 4e-4;
// Below this share of the largest, an eigenvalue of G is lost in float32's rounding.
constexpr double kFloat32Share = 2e-3;
// The same of bfloat16's, which rounds a product by 0.004 at most, of the first block.
constexpr double kBfloat16Share = 0.02;
// Squares of these sizes and sums of them fit float32.
constexpr double kSmallestNorm = 1e-8, kLargestNorm = 1e8;

Triplets slice(const at::Tensor& U, const at::Tensor& S, const at::Tensor& Vh, int64_t rank, int64_t first = 0)
{
    return {U.narrow(1, first, rank).contiguous(), S.narrow(0, first, rank).contiguous(),
        Vh.narrow(0, first, rank).t().contiguous()};
}

at::Tensor orthonormal(const at::Tensor& columns)
{
    return std::get<0>(at::linalg_qr(columns));
}

// W W^T without what lies above its lower half, in strips: 0.58 of the products, 1.7 times as fast. Nobody looks at the rest.
at::Tensor lowerGram(const at::Tensor& W)
{
    constexpr int64_t kStrips = 6, kLeast = 64;
    const auto side = W.size(0), strip = std::max(kLeast, (side + kStrips - 1) / kStrips);
    auto gram = at::zeros({side, side}, W.options());
    for (int64_t first = 0; first < side; first += strip) {
        const auto last = std::min(side, first + strip);
        auto to = gram.narrow(0, first, last - first).narrow(1, 0, last);
        at::mm_out(to, W.narrow(0, first, last - first), W.narrow(0, 0, last).t());
    }
    return gram;
}

bool fitsFloat32(const at::Tensor& wide)
{
    const double norm = wide.norm().item<double>();
    return norm > kSmallestNorm && norm < kLargestNorm;
}

// The best approximation of `wide` (k, n) whose columns lie in the span of the rows of `vectors` (r, k): its triplets, float64.
Triplets tripletsWithin(const at::Tensor& wide, const at::Tensor& vectors)
{
    auto Q = vectors.to(at::kDouble);
    Q = Q * 1.5 - at::mm(at::mm(Q, Q.t()), Q) * 0.5;   // a float32's rounding off orthonormal, now its square
    const auto Y = ops::times(Q.to(at::kFloat), wide).to(at::kDouble);   // (r, n)
    const auto [squares, E] = at::linalg_eigh(at::mm(Y, Y.t()));
    const auto S = squares.flip(0).clamp_min(0).sqrt();
    if (S[-1].item<double>() <= kGramFloor * S[0].item<double>()) {
        const auto [Uy, Sy, Vh] = at::linalg_svd(Y, false);
        return {at::mm(Q.t(), Uy), Sy, Vh.t().contiguous()};
    }
    const auto descending = E.flip(1);
    return {at::mm(Q.t(), descending), S, at::mm(Y.t(), descending).div_(S)};
}

KrylovSpace randomisedSpace(const at::Tensor& wide, int64_t rank, int64_t columns, int64_t blocks, uint64_t seed)
{
    const auto grown = [&](KrylovSpace space) {
        while (!space.full()) {
            space.grow();
            space.project();
        }
        return space;
    };
    if (hasBfloat16Products()) {
        KrylovSpace space(wide, columns, blocks, KrylovSpace::Products::bfloat16, seed);
        space.project();
        const auto values = space.ritz(rank).values;
        if (values[-1].item<double>() > kBfloat16Share * values[0].item<double>())
            return grown(std::move(space));
    }
    KrylovSpace space(wide, columns, blocks, KrylovSpace::Products::float32, seed);
    space.project();
    return grown(std::move(space));
}

// The `rank` first left singular vectors of `wide` as rows (rank, k), float32; none where this is not the way to find them.
std::optional<at::Tensor> lanczosVectors(const at::Tensor& wide, int64_t rank)
{
    constexpr int64_t kFirstLook = 6, kMostAhead = 4;   // blocks
    const auto columns = std::clamp<int64_t>((rank + 7) / 8 * 8, 8, 32);
    const auto most = wide.size(0) * 3 / 4 / columns;
    if (most * columns < 4 * rank || most < kFirstLook || !fitsFloat32(wide))
        return std::nullopt;
    KrylovSpace space(wide, columns, most, KrylovSpace::Products::float32, 0);
    int64_t look = std::max(kFirstLook, (2 * rank + columns - 1) / columns), lookedAt = 0;
    double before = 0;
    for (int64_t blocks = 1;; ++blocks, space.grow()) {
        space.project();
        if (blocks == look) {
            const auto ritz = space.ritz(rank);
            if (ritz.values[-1].item<double>() < kFloat32Share * ritz.values[0].item<double>())
                return std::nullopt;
            const double worst = (ritz.residuals / ritz.values).max().item<double>();
            if (worst <= kRitzResidual)
                return ritz.vectors;
            // Residuals fall geometrically: the next look is where they should have fallen enough.
            const double rate = lookedAt > 0 ? std::log(before / worst) / double(blocks - lookedAt) : 1.0;
            const auto ahead = int64_t(std::ceil(std::log(worst / kRitzResidual) / std::max(rate, 0.1)));
            before = worst;
            lookedAt = blocks;
            look = std::min(most, blocks + std::clamp<int64_t>(ahead, 1, kMostAhead));
        }
        if (blocks == most)
            return std::nullopt;
    }
}

}  // namespace

Triplets exactTriplets(const at::Tensor& weight, int64_t rank, int64_t first)
{
    const bool wide = weight.size(0) <= weight.size(1);
    const auto dense = weight.to(at::kDouble);
    const auto W = wide ? dense : dense.t();   // (short side, long side)
    const auto [eigenvalues, vectors] = at::linalg_eigh(lowerGram(W));
    const auto count = W.size(0);
    const auto all = eigenvalues.flip(0).clamp_min(0).sqrt();
    const auto S = all.narrow(0, first, rank).contiguous();
    if (S[rank - 1].item<double>() <= kGramFloor * all[0].item<double>()) {
        const auto [U, values, Vh] = at::linalg_svd(dense, false);
        return slice(U, values, Vh, rank, first);
    }
    const auto U = vectors.narrow(1, count - first - rank, rank).flip(1).contiguous();
    const auto V = at::matmul(W.t(), U) / S.unsqueeze(0);
    return wide ? Triplets{U, S, V} : Triplets{V, S, U};
}

Triplets subspaceTriplets(const at::Tensor& weight, int64_t rank, int64_t iterations, int64_t oversample, int64_t seed,
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

Triplets largestTriplets(const at::Tensor& weight, int64_t rank)
{
    const bool swapped = weight.size(0) > weight.size(1);
    const auto wide = swapped ? weight.t() : weight;
    if (const auto vectors = lanczosVectors(wide, rank)) {
        auto found = tripletsWithin(wide, *vectors);
        if (swapped)
            std::swap(found.U, found.V);
        return found;
    }
    return exactTriplets(weight, rank);
}

Triplets randomisedTriplets(const at::Tensor& weight, int64_t rank, int64_t iterations, int64_t oversample, int64_t seed,
    const std::string& name)
{
    const bool swapped = weight.size(0) > weight.size(1);
    const auto wide = swapped ? weight.t() : weight;
    const auto columns = rank + oversample, blocks = std::min(iterations + 1, iterations / 2 + 2);
    if (4 * blocks * columns > 3 * wide.size(0) || !fitsFloat32(wide))
        return subspaceTriplets(weight, rank, iterations, oversample, seed, name);
    const auto space = randomisedSpace(wide, rank, columns, blocks, Random(seed, "svd", name).bits(0));
    auto found = tripletsWithin(wide, space.ritz(rank).vectors);
    if (swapped)
        std::swap(found.U, found.V);
    return {found.U.to(at::kFloat), found.S.to(at::kFloat), found.V.to(at::kFloat)};
}

at::Tensor singularValues(const at::Tensor& weight)
{
    const auto dense = weight.to(at::kDouble);
    const auto W = weight.size(0) <= weight.size(1) ? dense : dense.t();
    const auto values = at::linalg_eigvalsh(lowerGram(W)).flip(0).clamp_min(0).sqrt();
    const auto exact = values >= kValueFloor * values[0];
    if (exact.all().item<bool>())
        return values;
    return at::where(exact, values, at::linalg_svdvals(W));
}

}  // namespace rankwright
