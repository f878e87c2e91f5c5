// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Full fine-tuning of the chosen matrices: no adapter, the weights themselves are trained.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH

namespace rankwright {

extern const MethodCard fullCard{
    .id = "full",
    .title = "Full fine-tuning",
    .explanation = "Trains the chosen matrices themselves; no adapter, the most memory.",
    .formula = "y = W x, W trained",
    .paper = "The baseline of the papers here; it has none of its own",
    .stepZero = "The weights are the base model's bit for bit; the outputs to rounding.",
    .note = "Rank and alpha mean nothing here, but that a plan's rank 0 freezes a module. --modules chooses which matrices are trained; with * so are embeddings, norms and head. Biases stay frozen.",
    .picture = {.A = Part::absent, .B = Part::absent, .weight = Part::trained},
    .allowsQuantisedBase = false,
    .learningRateSource = "full fine-tuning in PiSSA's paper, section 5",
    .allowsDropout = false,
    .plainExport = PlainExport::none,
};

}  // namespace rankwright

#else
#include "training/adapters/method.h"

namespace rankwright {

namespace {

Start start(const at::Tensor&, const SlotStart&)
{
    return {.trainsWeight = true};
}

}  // namespace

extern const MethodSpec full{.id = "full", .start = start};

}  // namespace rankwright
#endif
