// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Adapted projections that share an input: one skinny product for all their A matrices (LoRA, Hu and others 2021, eq. 3).
#include "training/ops/ops.h"

#include "training/ops/product.h"
#include "training/train/random.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

// 0 or 1 / (1 - p) for each value of x, from (seed, module, step, global sample, position, column) alone.
at::Tensor dropoutMask(const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source)
{
    auto mask = at::empty(x.sizes(), at::kFloat);
    float* to = mask.data_ptr<float>();
    const auto width = x.size(1);
    const double p = slot.delta->dropout;
    const auto keep = float(1 / (1 - p));
    const auto stream = Random(source.seed, "dropout", slot.name).at(uint64_t(source.step));
    for (size_t row = 0; row + 1 < source.bounds->size(); ++row) {
        const auto first = (*source.bounds)[row], last = (*source.bounds)[row + 1];
        const auto sample = stream.at(uint64_t((*source.sampleIndex)[row]));
        at::parallel_for(first, last, 8, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin * width; i < end * width; ++i)
                to[i] = sample.uniform(uint64_t(i - first * width)) < p ? 0.0f : keep;
        });
    }
    return mask;
}

// Inputs: x, then W, A, B of each projection. Saves x and the skinny products; the base weights are frozen.
struct LinearGroup : torch::autograd::Function<LinearGroup>
{
    static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
        at::TensorList parts, const std::vector<double>& scalings)
    {
        const auto type = x.scalar_type();
        std::vector<at::Tensor> stacked, outputs;
        for (size_t i = 0; i < scalings.size(); ++i)
            stacked.push_back(parts[3 * i + 1].to(type));
        const auto low = timesTransposed(x, at::cat(stacked));
        int64_t column = 0;
        for (size_t i = 0; i < scalings.size(); ++i) {
            const auto rank = parts[3 * i + 1].size(0);
            auto y = timesTransposed(x, parts[3 * i]);
            y.addmm_(low.narrow(1, column, rank), parts[3 * i + 2].to(type).t(), 1, scalings[i]);
            outputs.push_back(std::move(y));
            column += rank;
        }
        torch::autograd::variable_list saved{x, low};
        saved.insert(saved.end(), parts.begin(), parts.end());
        context->save_for_backward(saved);
        context->saved_data["scalings"] = scalings;
        return outputs;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto scalings = context->saved_data["scalings"].toDoubleVector();
        const auto &x = saved[0], &low = saved[1];
        const auto type = x.scalar_type();
        const bool wantsX = context->needs_input_grad(0);
        torch::autograd::variable_list result(2 + 3 * scalings.size());  // x, then W A B each, then the scalings
        std::vector<at::Tensor> stacked;
        auto dLow = at::empty_like(low);
        at::Tensor dx;
        int64_t column = 0;
        for (size_t i = 0; i < scalings.size(); ++i) {
            const auto &W = saved[2 + 3 * i], &A = saved[3 + 3 * i], &B = saved[4 + 3 * i];
            const auto rank = A.size(0);
            const auto dy = grads[i].defined() ? grads[i].contiguous() : at::zeros({x.size(0), W.size(0)}, x.options());
            auto part = dLow.narrow(1, column, rank);
            part.copy_(times(dy, B.to(type)).mul_(scalings[i]));
            result[3 + 3 * i] = times(dy.t(), low.narrow(1, column, rank)).to(at::kFloat).mul_(scalings[i]);
            stacked.push_back(A.to(type));
            if (wantsX)
                dx = dx.defined() ? dx.add_(times(dy, W)) : times(dy, W);
            column += rank;
        }
        const auto dA = times(dLow.t(), x).to(at::kFloat);
        column = 0;
        for (size_t i = 0; i < scalings.size(); ++i) {
            const auto rank = saved[3 + 3 * i].size(0);
            result[2 + 3 * i] = dA.narrow(0, column, rank);
            column += rank;
        }
        if (wantsX)
            result[0] = dx.addmm_(dLow, at::cat(stacked));
        return result;
    }
};

// A projection without an adapter: only its input gets a gradient.
struct FrozenLinear : torch::autograd::Function<FrozenLinear>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& W)
    {
        context->save_for_backward({W});
        return timesTransposed(x, W);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        return {times(grads[0].contiguous(), context->get_saved_variables()[0]), {}};
    }
};

at::Tensor projection(const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source)
{
    const auto& W = slot.base.stored();
    auto y = form() == Form::fast ? FrozenLinear::apply(x, W) : at::linear(x, W);
    if (slot.bias.defined())
        y = y + slot.bias;
    if (!slot.delta)
        return y;
    auto input = x.to(at::kFloat);
    if (source.training && slot.delta->dropout > 0)
        input = input * dropoutMask(x, slot, source);
    const auto low = at::linear(at::linear(input, slot.delta->A), slot.delta->B);
    return y + (low * slot.delta->scaling).to(x.scalar_type());
}

bool fitsFastForm(std::span<const LinearSlot* const> slots, const DropoutSource& source)
{
    for (const auto* slot : slots) {
        if (!slot->delta || slot->bias.defined() || (source.training && slot->delta->dropout > 0))
            return false;
    }
    return form() == Form::fast;
}

}  // namespace

std::vector<at::Tensor> linearGroup(const at::Tensor& x, std::span<const LinearSlot* const> slots,
    const DropoutSource& dropout)
{
    if (!fitsFastForm(slots, dropout)) {
        std::vector<at::Tensor> outputs;
        for (const auto* slot : slots)
            outputs.push_back(projection(x, *slot, dropout));
        return outputs;
    }
    std::vector<at::Tensor> parts;
    std::vector<double> scalings;
    for (const auto* slot : slots) {
        parts.insert(parts.end(), {slot->base.stored(), slot->delta->A, slot->delta->B});
        scalings.push_back(slot->delta->scaling);
    }
    return LinearGroup::apply(x, at::TensorList(parts), scalings);
}

}  // namespace rankwright::ops
