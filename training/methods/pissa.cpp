// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// PiSSA (Meng, Wang and Zhang 2024, arXiv 2404.02948, eq. 2-5): the principal r singular triplets go into B and A, the residual
// W - s B A is frozen. The singular values are divided by s, so that the product holds for any alpha. Other slices: appendix F.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard pissaCard{
    .id = "pissa",
    .title = "PiSSA",
    .explanation = "Trains the principal singular triplets of W and freezes the residual.",
    .formula = "W = U S V^T; B = U_r (S_r / s)^1/2, A = (S_r / s)^1/2 V_r^T, y = (W - s B_0 A_0) x + s B A x, s = alpha / r",
    .paper = "Meng, Wang and Zhang 2024, arXiv 2404.02948",
    .stepZero = "The base model to rounding: residual + s B A = W. In bfloat16 the residual is rounded, by at most 2^-8 of itself.",
    .note = "The middle slice is centred; the paper gives no indices.",
    .picture = {.residual = true},
    .options = {options::slice(), options::svd(), options::oversample()},
    .learningRateSource = "section 5",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

namespace rankwright {

namespace {

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const double s = loraScaling(slot);
    const auto [A, B] = splitEvenly(slicedTriplets(weight, slot), s);
    return {.A = A, .B = B, .scaling = s, .edit = BaseEdit{A.clone(), B.clone(), s}};
}

}  // namespace

extern const MethodSpec pissa{.id = "pissa", .start = start};

}  // namespace rankwright
#endif
