// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Truncated singular value decompositions of a weight.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace rankwright {

// U (m, r), S (r), V (n, r); float64 from the exact forms, float32 from the randomised ones. Signs of pairs are arbitrary.
struct Triplets { at::Tensor U, S, V; };

// The triplets first .. first + rank - 1 of `weight` (m, n), largest first; without `first` the `rank` largest. From the float64
// Gram matrix of the shorter side where the spectrum allows it (the smallest of them >= 1e-5 sigma_1), from a float64 SVD otherwise,
// so that U and V are orthonormal also where the weight has a lower rank or is zero. 1 <= rank, first + rank <= min(m, n).
Triplets exactTriplets(const at::Tensor& weight, int64_t rank, int64_t first = 0);

// The `rank` largest triplets to what an adapter starts from: singular values within 1e-5 of exactTriplets(), and the rest
// ||W - U S V^T||_F within 1e-6 of the least there is, relative; single directions between nearly equal values may be turned. Block
// Lanczos in float32 (krylov.h), then one Rayleigh-Ritz step; exactTriplets() where that would take most of the shorter side, and
// where the values fall too fast for float32. float64.
Triplets largestTriplets(const at::Tensor& weight, int64_t rank);

// As good as a randomised range finder with `iterations` power iterations (subspaceTriplets()), or better: the best approximation
// within a block Krylov space of iterations / 2 + 2 blocks of rank + oversample columns (iterations + 1 where that is less), which takes
// half as many passes over the weight, in bfloat16 where the processor has products for it; the last pass is float32. Where the blocks
// would fill most of the shorter side, subspaceTriplets(). Drawn from (seed, name).
Triplets randomisedTriplets(const at::Tensor& weight, int64_t rank, int64_t iterations, int64_t oversample, int64_t seed,
    const std::string& name);
// Randomised range finder with `iterations` power iterations and a QR at every half step (Halko, Martinsson and Tropp 2011,
// algorithm 5.1 after 4.4; torch's svd_lowrank is the same with oversample 0): what randomisedTriplets() is tested against.
Triplets subspaceTriplets(const at::Tensor& weight, int64_t rank, int64_t iterations, int64_t oversample, int64_t seed,
    const std::string& name);

// All singular values, largest first, float64. Gram matrix and eigvalsh; values below 3e-5 sigma_1 from a float64 SVD.
at::Tensor singularValues(const at::Tensor& weight);

}  // namespace rankwright
