// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// QLoRA (Dettmers and others 2023, arXiv 2305.14314): LoRA on a base in four bits.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard qloraCard{
    .id = "qlora",
    .title = "QLoRA",
    .explanation = "LoRA on a base in four bits.",
    .formula = "y = Q(W) x + s B A x, Q(W) dequantised at every use, s = alpha / r, A and B as in LoRA",
    .paper = "Dettmers and others 2023, arXiv 2305.14314",
    .stepZero = "Bit for bit the quantised base model, which is not quite the base model.",
    .options = {options::init()},
    .base = "nf4-dq",
    .needsQuantisedBase = true,
    .learningRateSource = "QLoRA's runs in PiSSA's paper, section 5",
    .allowsStartAdapter = true,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

namespace rankwright {

extern const MethodSpec qlora{.id = "qlora", .start = loraStart};

}  // namespace rankwright
#endif
