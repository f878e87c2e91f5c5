// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// PiSSA (Meng, Wang and Zhang 2024, arXiv 2404.02948, eq. 2-5): the principal r singular triplets go into B and A, the residual
// W - s B A is frozen. The singular values are divided by s, so that the product holds for any alpha.
#include "training/methods/decompose.h"
#include "training/methods/method.h"

#include "training/api/error.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const auto& config = slot.config;
    const double scaling = slot.alpha / double(slot.rank);
    const auto triplets = config.svd == "exact"
        ? exactTriplets(weight, slot.rank)
        : randomisedTriplets(weight, slot.rank, std::stoll(config.svd), config.oversample, config.seed, slot.name);
    const auto root = (triplets.S / scaling).sqrt();
    Start result{.A = (triplets.V * root.unsqueeze(0)).t().to(at::kFloat).contiguous(),
        .B = (triplets.U * root.unsqueeze(0)).to(at::kFloat).contiguous(),
        .scaling = scaling};
    result.edit = BaseEdit{result.A.clone(), result.B.clone(), scaling};
    return result;
}

void check(const RunConfig& config)
{
    if (config.dropout > 0) {
        throw Error({.code = Code::config,
            .place = "/dropout",
            .found = "a dropout above 0 with PiSSA",
            .allowed = "0",
            .advice = "Dropout would hide the principal part of the weight: set it to 0, or use LoRA."});
    }
    if (!config.initAdapter.empty()) {
        throw Error({.code = Code::config,
            .place = "/initAdapter",
            .found = "a start adapter with PiSSA",
            .allowed = "nothing: PiSSA's start comes from the weight itself",
            .advice = "Use method lora to go on from an adapter."});
    }
}

}  // namespace

extern const MethodSpec pissa{
    .id = "pissa",
    .title = "PiSSA",
    .explanation = "Trains the principal singular triplets of W and freezes the residual.",
    .paper = "Meng, Wang and Zhang 2024, arXiv 2404.02948",
    .stepZero = "the base model to rounding: W_residual + s B A = W",
    .start = start,
    .check = check,
};

}  // namespace rankwright
