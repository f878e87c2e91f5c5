// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA-XS (Bałazy and others 2024, arXiv 2405.17604, and its published code): A and B are the frozen singular triplets of W, only an
// r x r matrix between them is trained.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard loraXsCard{
    .id = "lora-xs",
    .title = "LoRA-XS",
    .explanation = "Freezes W and its principal singular vectors and trains only an r x r matrix between them.",
    .formula = "y = W x + s B R A x, B = U_r, A = S_r V_r^T frozen, R ~ N(0, sigma^2) trained, s = alpha / r",
    .paper = "Bałazy and others 2024, arXiv 2405.17604",
    .stepZero = "The base model but for s B R A, with entries of R near sigma; bit for bit with sigma 0.",
    .picture = {.A = Part::frozen, .B = Part::frozen, .core = Part::trained},
    .options = {{.key = "xsInit", .option = "--xs-init", .label = "Start of A and B", .kind = Field::Kind::choice,
                    .otherwise = "svd", .choices = {"svd", "random"},
                    .help = "The frozen A and B are the singular triplets of W, or, to compare with, random."},
        {.key = "sigma", .option = "--sigma", .label = "Spread of R", .kind = Field::Kind::number, .otherwise = 1e-5,
            .least = 0, .most = 1,
            .help = "Standard deviation of R at the start; 0 starts exactly from the base model."},
        options::svd(), options::oversample()},
    .learningRate = 4e-3,
    .learningRateSource = "the published script for mathematics",
    .allowsDropout = false,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

// W_eff = W + s B R A; the base stays, so R (r, r) starts near 0.
Start start(const at::Tensor& weight, const SlotStart& slot)
{
    Start result{.scaling = loraScaling(slot),
        .core = gaussian({slot.rank, slot.rank}, optionNumber(slot.config, "sigma"), slot, "lora_R"),
        .trainsA = false,
        .trainsB = false};
    if (optionText(slot.config, "xsInit") == "random") {
        result.A = kaiming(slot.rank, weight.size(1), slot, "lora_A");
        result.B = kaiming(weight.size(0), slot.rank, slot, "lora_B");
        return result;
    }
    const auto triplets = principalTriplets(weight, slot);
    result.A = (triplets.V * triplets.S).t().to(at::kFloat).contiguous();
    result.B = triplets.U.to(at::kFloat).contiguous();
    return result;
}

}  // namespace

extern const MethodSpec loraXs{.id = "lora-xs", .start = start};

}  // namespace rankwright
#endif
