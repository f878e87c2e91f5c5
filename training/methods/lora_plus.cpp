// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA+ (Hayou, Ghosh and Yu 2024, arXiv 2402.12354): LoRA whose B has a learning rate lambda times that of A.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard loraPlusCard{
    .id = "lora-plus",
    .title = "LoRA+",
    .explanation = "LoRA whose B learns faster than A by a fixed factor.",
    .formula = "y = W x + s B A x as in LoRA; learning rate eta for A, lambda eta for B",
    .paper = "Hayou, Ghosh and Yu 2024, arXiv 2402.12354",
    .stepZero = "Bit for bit the base model, since B is zero.",
    .note = "The factor 16 is the paper's from memory; its published code has no default.",
    .options = {{.key = "lrRatio", .option = "--lr-ratio", .label = "Rate of B over A", .kind = Field::Kind::number,
                    .otherwise = 16.0, .least = 1, .most = 1000,
                    .help = "The learning rate of B is that of A times this factor (lambda in the paper)."},
        options::init()},
    .learningRateSource = "for A, LoRA's runs in PiSSA's paper, section 5; the paper's own rate was not at hand",
    .allowsStartAdapter = true,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

namespace rankwright {

namespace {

void adopt(Start& start, const RunConfig& config)
{
    start.rateFactorB = optionNumber(config, "lrRatio");
}

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    auto result = loraStart(weight, slot);
    adopt(result, slot.config);
    return result;
}

}  // namespace

extern const MethodSpec loraPlus{.id = "lora-plus", .start = start, .adopt = adopt};

}  // namespace rankwright
#endif
