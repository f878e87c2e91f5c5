// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What several methods begin with: drawn factors, a product split between B and A, the weight as it will be stored.
#pragma once

#include "training/adapters/decompose.h"
#include "training/adapters/method.h"

namespace rankwright {

// alpha / rank (LoRA 2106.09685, section 4.1).
inline double loraScaling(const SlotStart& slot) { return slot.alpha / double(slot.rank); }

// Float32 draws of (seed, purpose, module), element by element: U(-bound, bound), N(0, deviation^2).
at::Tensor uniform(at::IntArrayRef shape, double bound, const SlotStart& slot, const char* purpose);
at::Tensor gaussian(at::IntArrayRef shape, double deviation, const SlotStart& slot, const char* purpose);
// U(-1 / sqrt(columns), 1 / sqrt(columns)): Kaiming with a = sqrt 5, as PEFT.
at::Tensor kaiming(int64_t rows, int64_t columns, const SlotStart& slot, const char* purpose);

// LoRA's start: A drawn, B = 0, s = alpha / rank. Option `init`, where the method has one: kaiming | gaussian, N(0, 1 / rank^2).
Start loraStart(const at::Tensor& weight, const SlotStart& slot);

// s B A, float32: B (out, rank), A (rank, in).
struct Factors { at::Tensor A, B; };
// U diag(S) V^T = s B A with B = U sqrt(S / s), A = sqrt(S / s) V^T: the product is exact for any s > 0.
Factors splitEvenly(const Triplets& triplets, double scaling);
// weight - s B A in float32, the very expression that BaseWeight::place() evaluates, so that a quantiser sees the same bits.
at::Tensor residual(const at::Tensor& weight, const Factors& factors, double scaling);

// The `slot.rank` largest triplets as the method's options `svd` (exact: largestTriplets() | N: randomisedTriplets(), as good as
// N power iterations) and `oversample` say.
Triplets principalTriplets(const at::Tensor& weight, const SlotStart& slot);
// Those that the option `slice` names (PiSSA 2404.02948, appendix F): principal, middle (centred, from floor((min(out, in) - rank) / 2)
// on) or minor; the latter two from a full decomposition always.
Triplets slicedTriplets(const at::Tensor& weight, const SlotStart& slot);

// The weight in the form that the frozen base will have without an edit: quantised and back, or rounded to the run's dtype.
at::Tensor asStored(const at::Tensor& weight, const SlotStart& slot);

}  // namespace rankwright
