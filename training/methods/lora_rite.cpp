// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA-RITE (Yen and others 2024, arXiv 2410.20625): an optimiser (training/optimisers/rite.cpp) under its own name as a method: LoRA
// trained with it. Every method that trains A and B takes it as --optimizer rite.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard loraRiteCard{
    .id = "lora-rite",
    .title = "LoRA-RITE",
    .explanation = "LoRA with an optimiser whose steps depend on the product B A alone, whatever its factors.",
    .formula = "y = W x + s B A x as in LoRA; A and B are preconditioned by one another (optimiser rite)",
    .paper = "Yen and others 2024, LoRA Done RITE, arXiv 2410.20625",
    .stepZero = "Bit for bit the base model, since B is zero.",
    .note = "LoRA with --optimizer rite under a name of its own. While B is zero A does not move; in the second step, with B as"
            " small as the learning rate, A moves by about its own size, whatever the rate, as in the published method.",
    .options = {options::init()},
    .optimiser = "rite",
    .learningRate = 1e-3,
    .learningRateSource = "the default of the PyTorch port",
    .allowsStartAdapter = true,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

namespace rankwright {

extern const MethodSpec loraRite{.id = "lora-rite", .start = loraStart};

}  // namespace rankwright
#endif
