// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// DoRA (Liu and others 2024, arXiv 2402.09353): a row norm of its own beside LoRA's direction. The norm in the divisor counts as a
// constant for the gradient (section 4.3 there, and PEFT).
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard doraCard{
    .id = "dora",
    .title = "DoRA",
    .explanation = "Trains the length of every row of W apart from its direction, which gets a LoRA.",
    .formula = "y = diag(m / ||V||) V x, V = W + s B A, ||V|| the norms of its rows without gradient, m = ||W|| at the start",
    .paper = "Liu and others 2024, arXiv 2402.09353",
    .stepZero = "The base model to rounding: B is zero and m / ||V|| is 1.",
    .picture = {.magnitude = Part::trained},
    .options = {options::init()},
    .learningRate = 2e-4,
    .learningRateSource = "the rate that DoRA has most often in table 10 of PiSSA's paper (DeBERTa)",
    .allowsStartAdapter = true,
    .plainExport = PlainExport::dora,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

// B = 0: the rows' norms are those of the frozen base, as it will be stored, so that the first forward is the base's.
Start start(const at::Tensor& weight, const SlotStart& slot)
{
    auto result = loraStart(weight, slot);
    result.magnitude = asStored(weight, slot).norm(2, {1});
    return result;
}

}  // namespace

extern const MethodSpec dora{.id = "dora", .start = start};

}  // namespace rankwright
#endif
