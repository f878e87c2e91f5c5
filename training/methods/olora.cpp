// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// OLoRA (Büyükakyüz 2024, arXiv 2406.01775): the adapter starts from the QR decomposition of W instead of noise; as PEFT, without
// a division by s, since the base makes up for it.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH

namespace rankwright {

extern const MethodCard oloraCard{
    .id = "olora",
    .title = "OLoRA",
    .explanation = "Starts from the first r columns of Q and rows of R in W = Q R, so that B is orthonormal.",
    .formula = "W = Q R; B = Q_r, A = R_r, y = (W - s B_0 A_0) x + s B A x, s = alpha / r",
    .paper = "Büyükakyüz 2024, arXiv 2406.01775",
    .stepZero = "The base model to rounding: what the adapter adds is taken out of the base, for any s.",
    .note = "B A is exact in the first r columns of W, so the start depends on the order of the columns.",
    .picture = {.residual = true},
    .learningRateSource = "LoRA's runs in PiSSA's paper, section 5; the paper's own rate was not at hand",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

// Without pivoting: B A is exact on the first r columns of W. Not divided by s, the base makes up for it.
Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const double s = loraScaling(slot);
    const auto [Q, R] = at::linalg_qr(weight.to(at::kDouble));
    const auto A = R.narrow(0, 0, slot.rank).to(at::kFloat).contiguous();
    const auto B = Q.narrow(1, 0, slot.rank).to(at::kFloat).contiguous();
    return {.A = A, .B = B, .scaling = s, .edit = BaseEdit{A.clone(), B.clone(), s}};
}

}  // namespace

extern const MethodSpec olora{.id = "olora", .start = start};

}  // namespace rankwright
#endif
