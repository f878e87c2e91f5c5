// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// rsLoRA (Kalajdzievski 2023, arXiv 2312.03732): LoRA scaled by alpha / sqrt(r), so that large ranks do not train ever more slowly.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard rsloraCard{
    .id = "rslora",
    .title = "rsLoRA",
    .explanation = "LoRA scaled by alpha over the square root of the rank, so that a larger rank does not train more slowly.",
    .formula = "y = W x + s B A x, s = alpha / sqrt(r), A as in LoRA, B = 0",
    .paper = "Kalajdzievski 2023, arXiv 2312.03732",
    .stepZero = "Bit for bit the base model, since B is zero.",
    .note = "With alpha at auto (0), which means the rank, s is sqrt(r).",
    .options = {options::init()},
    .learningRateSource = "LoRA's runs in PiSSA's paper, section 5; the paper's own rate was not at hand",
    .allowsStartAdapter = true,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"

#include <cmath>

namespace rankwright {

namespace {

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    auto result = loraStart(weight, slot);
    result.scaling = slot.alpha / std::sqrt(double(slot.rank));
    return result;
}

}  // namespace

extern const MethodSpec rslora{.id = "rslora", .start = start};

}  // namespace rankwright
#endif
