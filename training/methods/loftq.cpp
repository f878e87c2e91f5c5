// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoftQ (Li and others 2023, arXiv 2310.08659): the adapter starts from what quantisation loses. The singular values are divided by s,
// so that the product holds for any alpha (PEFT does not divide).
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard loftqCard{
    .id = "loftq",
    .title = "LoftQ",
    .explanation = "Quantises W and starts the adapter from the best approximation of what that lost.",
    .formula = "R = W; T times: Q = Q(R), s B A = the principal slice of W - Q, R = W - s B A; y = Q x + s B A x, s = alpha / r",
    .paper = "Li and others 2023, arXiv 2310.08659",
    .stepZero = "Near the base model: closer than the quantised W alone.",
    .note = "PEFT does not divide the start by s and is exact only where alpha is the rank; we divide.",
    .picture = {.residual = true},
    .options = {options::rounds(1), options::svd(), options::oversample()},
    .base = "nf4-dq",
    .needsQuantisedBase = true,
    .learningRateSource = "LoftQ's runs in PiSSA's paper, section 5; the paper's own rate was not at hand",
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
    return quantiseFirst(weight,
        {.count = int64_t(optionNumber(slot.config, "rounds")),
            .scaling = s,
            .principal = [&](const at::Tensor& X) { return splitEvenly(principalTriplets(X, slot), s); },
            .roundTrip = [&](const at::Tensor& X) { return roundTrip(X, slot.format); },
            .each = slot.eachRound});
}

}  // namespace

extern const MethodSpec loftq{.id = "loftq", .start = start};

}  // namespace rankwright
#endif
