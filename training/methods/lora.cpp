// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA (Hu and others 2021, arXiv 2106.09685): W_eff = W + s B A, A ~ U(-1/sqrt(n), 1/sqrt(n)) (Kaiming with a = sqrt 5, as
// PEFT) or N(0, 1/r^2), B = 0.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard loraCard{
    .id = "lora",
    .title = "LoRA",
    .explanation = "Freezes every weight and trains two small matrices beside it, one of which starts at zero.",
    .formula = "y = W x + s B A x, s = alpha / r, A ~ U(-1/sqrt(n), 1/sqrt(n)) or N(0, 1/r^2), B = 0",
    .paper = "Hu and others 2021, arXiv 2106.09685",
    .stepZero = "Bit for bit the base model, since B is zero; A gets its first gradient only after B has moved.",
    .options = {options::init()},
    .learningRateSource = "LoRA's runs in PiSSA's paper, section 5",
    .allowsStartAdapter = true,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

namespace rankwright {

extern const MethodSpec lora{.id = "lora", .start = loraStart};

}  // namespace rankwright
#endif
