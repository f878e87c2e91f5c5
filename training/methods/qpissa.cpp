// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// QPiSSA (Meng, Wang and Zhang 2024, arXiv 2404.02948, section 4 and algorithm 1): PiSSA whose residual is quantised. The rounds follow
// the authors' code; the index of A and B printed in the algorithm is at odds with it.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard qpissaCard{
    .id = "qpissa",
    .title = "QPiSSA",
    .explanation = "PiSSA with its residual in four bits, decomposed and quantised in turn to keep the error small.",
    .formula = "R = W; T times: s B A = the principal slice of R, Q = Q(W - s B A), R = W - Q; y = Q x + s B A x, s = alpha / r",
    .paper = "Meng, Wang and Zhang 2024, arXiv 2404.02948",
    .stepZero = "Near the base model: off by the error of the quantised residual, which is below that of the quantised W.",
    .note = "The rounds are those of the authors' code, not the indices printed in algorithm 1.",
    .picture = {.residual = true},
    .options = {options::rounds(5), options::slice(), options::svd(), options::oversample()},
    .base = "nf4-dq",
    .needsQuantisedBase = true,
    .learningRateSource = "section 5",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
};

}  // namespace rankwright

#else
#include "training/adapters/rounds.h"
#include "training/quant/format.h"

namespace rankwright {

namespace {

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const double s = loraScaling(slot);
    return decomposeFirst(weight,
        {.count = int64_t(optionNumber(slot.config, "rounds")),
            .scaling = s,
            .principal = [&](const at::Tensor& X) { return splitEvenly(slicedTriplets(X, slot), s); },
            .roundTrip = [&](const at::Tensor& X) { return roundTrip(X, slot.format); },
            .each = slot.eachRound});
}

}  // namespace

extern const MethodSpec qpissa{.id = "qpissa", .start = start};

}  // namespace rankwright
#endif
