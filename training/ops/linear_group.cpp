// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Adapted projections that share an input: one skinny product for all their A matrices (LoRA, Hu and others 2021, eq. 3).
#include "training/ops/ops.h"

#include "training/ops/observe.h"
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

// x W^T of a base weight in whatever form, piece by piece where it is in few bits.
at::Tensor baseForward(const at::Tensor& x, const BaseWeight& base)
{
    at::Tensor y;
    base.eachRows(base.type(), [&](int64_t first, const at::Tensor& rows) {
        auto part = timesTransposed(x, rows);
        if (rows.size(0) == base.out()) {
            y = std::move(part);
            return;
        }
        if (!y.defined())
            y = at::empty({x.size(0), base.out()}, x.options());
        y.narrow(1, first, rows.size(0)).copy_(part);
    });
    return y;
}

// dy W.
at::Tensor baseBackward(const at::Tensor& dy, const BaseWeight& base)
{
    at::Tensor dx;
    base.eachRows(base.type(), [&](int64_t first, const at::Tensor& rows) {
        if (rows.size(0) == base.out()) {
            dx = times(dy, rows);
            return;
        }
        // Many pieces are summed in float32: in bfloat16 each sum would round anew.
        const auto part = times(dy.narrow(1, first, rows.size(0)).contiguous(), rows).to(at::kFloat);
        dx = dx.defined() ? dx.add_(part) : part;
    });
    return dx.to(dy.scalar_type());
}

// The slots of one application travel from forward to backward as numbers: they belong to the model, which outlives the graph.
std::vector<int64_t> handles(const std::vector<const LinearSlot*>& slots)
{
    std::vector<int64_t> numbers;
    for (const auto* slot : slots)
        numbers.push_back(reinterpret_cast<int64_t>(slot));
    return numbers;
}

const BaseWeight& baseOf(int64_t handle)
{
    return reinterpret_cast<const LinearSlot*>(handle)->base;
}

// Inputs: x, then A and B of each projection. Saves x and the skinny products; the base weights are frozen. Adapters are float32 and so
// are their products, whatever the base's dtype: a residual was made for these very factors.
struct LinearGroup : torch::autograd::Function<LinearGroup>
{
    static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
        at::TensorList parts, const std::vector<const LinearSlot*>& slots)
    {
        std::vector<at::Tensor> stacked, outputs;
        for (size_t i = 0; i < slots.size(); ++i)
            stacked.push_back(parts[2 * i]);
        const auto low = timesTransposed(x.to(at::kFloat), at::cat(stacked));
        int64_t column = 0;
        for (size_t i = 0; i < slots.size(); ++i) {
            const auto rank = parts[2 * i].size(0);
            auto y = baseForward(x, slots[i]->base);
            const auto part = low.narrow(1, column, rank);
            const auto &B = parts[2 * i + 1];
            const double scaling = slots[i]->delta->scaling;
            if (y.scalar_type() == at::kFloat)
                y.addmm_(part, B.t(), 1, scaling);
            else
                y.add_(at::matmul(part, B.t()).mul_(scaling).to(y.scalar_type()));
            outputs.push_back(std::move(y));
            column += rank;
        }
        torch::autograd::variable_list saved{x, low};
        saved.insert(saved.end(), parts.begin(), parts.end());
        context->save_for_backward(saved);
        context->saved_data["slots"] = handles(slots);
        std::vector<double> scalings;
        for (const auto* slot : slots)
            scalings.push_back(slot->delta->scaling);
        context->saved_data["scalings"] = scalings;
        return outputs;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto slots = context->saved_data["slots"].toIntVector();
        const auto scalings = context->saved_data["scalings"].toDoubleVector();
        const auto &x = saved[0], &low = saved[1];
        const bool wantsX = context->needs_input_grad(0);
        torch::autograd::variable_list result(2 + 2 * slots.size());  // x, then A and B each, then the slots
        std::vector<at::Tensor> stacked;
        auto dLow = at::empty_like(low);
        at::Tensor dx;
        int64_t column = 0;
        for (size_t i = 0; i < slots.size(); ++i) {
            const auto &A = saved[2 + 2 * i], &B = saved[3 + 2 * i];
            const auto& base = baseOf(slots[i]);
            const auto scaling = scalings[i];
            const auto rank = A.size(0);
            const auto dy = grads[i].defined() ? grads[i].contiguous() : at::zeros({x.size(0), base.out()}, x.options());
            const auto wide = dy.to(at::kFloat);
            dLow.narrow(1, column, rank).copy_(times(wide, B).mul_(scaling));
            result[2 + 2 * i] = times(wide.t(), low.narrow(1, column, rank)).mul_(scaling);
            stacked.push_back(A);
            if (wantsX)
                dx = dx.defined() ? dx.add_(baseBackward(dy, base)) : baseBackward(dy, base);
            column += rank;
        }
        const auto dA = times(dLow.t(), x.to(at::kFloat));
        column = 0;
        for (size_t i = 0; i < slots.size(); ++i) {
            const auto rank = saved[2 + 2 * i].size(0);
            result[1 + 2 * i] = dA.narrow(0, column, rank);
            column += rank;
        }
        if (wantsX && dx.scalar_type() == at::kFloat)
            result[0] = dx.addmm_(dLow, at::cat(stacked));
        else if (wantsX)
            result[0] = dx.add_(times(dLow, at::cat(stacked)).to(dx.scalar_type()));
        return result;
    }
};

// The base alone: only its input gets a gradient.
struct FrozenLinear : torch::autograd::Function<FrozenLinear>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const LinearSlot* slot)
    {
        context->saved_data["slot"] = reinterpret_cast<int64_t>(slot);
        return baseForward(x, slot->base);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        return {baseBackward(grads[0].contiguous(), baseOf(context->saved_data["slot"].toInt())), {}};
    }
};

at::Tensor frozen(const at::Tensor& x, const LinearSlot& slot)
{
    if (form() == Form::plain)
        return at::linear(x, slot.base.dense().to(slot.base.type()));
    return FrozenLinear::apply(x, &slot);
}

// A weight that is trained itself: oneDNN's products where they are the faster ones, as for frozen weights.
struct TrainedLinear : torch::autograd::Function<TrainedLinear>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& W)
    {
        context->save_for_backward({x, W});
        return timesTransposed(x, W.to(x.scalar_type()));
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto dy = grads[0].contiguous();
        return {times(dy, saved[1].to(dy.scalar_type())), times(dy.t().contiguous(), saved[0]).to(at::kFloat)};
    }
};

// scaling B core A x, with what drifts, in float32. The drift is a weight that is not trained: A and B are seen through detach().
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
    return y;
}

// DoRA: y = base + (g - 1) base + g low, g = magnitude / ||V|| with the norms outside the graph (2402.09353 eq. 11). `base` has no
// bias; what the dropout left of the input is what the rescaled part sees, as in PEFT.
at::Tensor rescaled(const at::Tensor& base, const at::Tensor& dropped, const at::Tensor& low, const LinearSlot& slot)
{
    const auto g = slot.delta->magnitude / rowNorms(slot);
    return base + ((g - 1) * dropped.to(at::kFloat) + g * low).to(base.scalar_type());
}

at::Tensor projection(const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source)
{
    if (slot.delta && slot.delta->weight.defined()) {
        const auto& W = slot.delta->weight;
        const auto y = form() == Form::plain ? at::linear(x, W.to(x.scalar_type())) : TrainedLinear::apply(x, W);
        return slot.bias.defined() ? y + slot.bias.to(y.scalar_type()) : y;
    }
    auto y = frozen(x, slot);
    if (slot.delta) {
        auto input = x.to(at::kFloat);
        const bool drops = source.training && slot.delta->dropout > 0;
        if (drops)
            input = input * dropoutMask(x, slot, source);
        const auto low = lowRank(input, *slot.delta);
        y = slot.delta->magnitude.defined()
            ? rescaled(y, drops ? frozen(input.to(x.scalar_type()), slot) : y, low, slot)
            : y + low.to(x.scalar_type());
    }
    return slot.bias.defined() ? y + slot.bias.to(y.scalar_type()) : y;
}

// The fast form knows A and B alone.
bool fitsFastForm(std::span<const LinearSlot* const> slots, const DropoutSource& source)
{
    for (const auto* slot : slots) {
        if (!slot->delta || slot->bias.defined() || (source.training && slot->delta->dropout > 0))
            return false;
        const auto& delta = *slot->delta;
        if (!delta.A.defined() || delta.core.defined() || delta.magnitude.defined() || delta.driftA.defined())
            return false;
    }
    return form() == Form::fast;
}

}  // namespace

std::vector<at::Tensor> linearGroup(const at::Tensor& x, std::span<const LinearSlot* const> slots,
    const DropoutSource& dropout)
{
    observe(x, slots);
    if (!fitsFastForm(slots, dropout)) {
        std::vector<at::Tensor> outputs;
        for (const auto* slot : slots)
            outputs.push_back(projection(x, *slot, dropout));
        return outputs;
    }
    std::vector<at::Tensor> parts;
    for (const auto* slot : slots)
        parts.insert(parts.end(), {slot->delta->A, slot->delta->B});
    return LinearGroup::apply(x, at::TensorList(parts), std::vector<const LinearSlot*>(slots.begin(), slots.end()));
}

}  // namespace rankwright::ops
