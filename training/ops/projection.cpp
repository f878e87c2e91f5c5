// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/projection.h"

#include "training/ops/base_product.h"
#include "training/ops/dropout.h"
#include "training/ops/trained_linear.h"

#include <ATen/ATen.h>

namespace rankwright::ops {

namespace {

// 0 or 1 / (1 - p) for each value of x, float32.
at::Tensor dropoutMask(const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source)
{
    auto mask = at::full(x.sizes(), keptFactor(slot), at::kFloat);
    dropValues(mask, slot, DropoutDraw(source));
    return mask.to(x.device());
}

// scaling B core A x, with what drifts and what a shared base still holds (methods with these allow no dropout), in float32. The drift is
// a weight that is not trained: A and B are seen through detach().
at::Tensor lowRank(const at::Tensor& input, const Delta& delta)
{
    auto low = at::linear(input, delta.A);
    if (delta.core.defined())
        low = delta.core.dim() == 1 ? low * delta.core : at::linear(low, delta.core);
    auto y = at::linear(low, delta.B) * delta.scaling;
    if (delta.driftA.defined()) {
        const auto moved = at::linear(at::linear(input, delta.A.detach()), delta.B.detach())
            - at::linear(at::linear(input, delta.driftA), delta.driftB);
        y = y + moved * (delta.driftGain * delta.scaling);
    }
    if (delta.edit)
        y = y - at::linear(at::linear(input, delta.edit->A0), delta.edit->B0) * delta.edit->scaling;
    return y;
}

// DoRA: y = base + (g - 1) base + g low, g = magnitude / ||V|| with the norms outside the graph (2402.09353 eq. 11). `base` has no
// bias; what the dropout left of the input is what the rescaled part sees, as in PEFT.
at::Tensor rescaled(const at::Tensor& base, const at::Tensor& dropped, const at::Tensor& low, const LinearSlot& slot)
{
    const auto g = slot.delta->magnitude / rowNorms(slot);
    return base + ((g - 1) * dropped.to(at::kFloat) + g * low).to(base.scalar_type());
}

}  // namespace

at::Tensor adapted(const at::Tensor& base, const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source)
{
    auto y = base;
    if (slot.delta) {
        auto input = x.to(at::kFloat);
        const bool drops = source.training && slot.delta->dropout > 0;
        if (drops)
            input = input * dropoutMask(x, slot, source);
        const auto low = lowRank(input, *slot.delta);
        y = slot.delta->magnitude.defined()
            ? rescaled(y, drops ? frozenLinear(input.to(x.scalar_type()), slot) : y, low, slot)
            : y + low.to(x.scalar_type());
    }
    return slot.bias.defined() ? y + slot.bias.to(y.scalar_type()) : y;
}

at::Tensor projection(const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source)
{
    if (!slot.delta || !slot.delta->weight.defined())
        return adapted(frozenLinear(x, slot), x, slot, source);
    const auto& W = slot.delta->weight;
    const auto y = trainedLinear(x, W);
    return slot.bias.defined() ? y + slot.bias.to(y.scalar_type()) : y;
}

}  // namespace rankwright::ops
