// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA (Hu and others 2021, arXiv 2106.09685): W_eff = W + s B A, A ~ U(-1/sqrt(in), 1/sqrt(in)) (Kaiming with a = sqrt 5, as
// PEFT), B = 0.
#include "training/methods/method.h"

#include "training/train/random.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    Start result{.A = at::empty({slot.rank, weight.size(1)}, at::kFloat),
        .B = at::zeros({weight.size(0), slot.rank}, at::kFloat),
        .scaling = slot.alpha / double(slot.rank)};
    const Random random(slot.config.seed, "lora_A", slot.name);
    const double bound = 1 / std::sqrt(double(weight.size(1)));
    float* to = result.A.data_ptr<float>();
    for (int64_t i = 0; i < result.A.numel(); ++i)
        to[i] = float((2 * random.uniform(uint64_t(i)) - 1) * bound);
    return result;
}

}  // namespace

extern const MethodSpec lora{
    .id = "lora",
    .title = "LoRA",
    .explanation = "Freezes W and trains noise times zero beside it.",
    .paper = "Hu and others 2021, arXiv 2106.09685",
    .stepZero = "bit for bit the base model",
    .start = start,
    .check = [](const RunConfig&) {},
};

}  // namespace rankwright
