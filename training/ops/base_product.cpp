// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/base_product.h"

#include "training/ops/ops.h"
#include "training/ops/product.h"
#include "training/ops/row_product.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

at::Tensor baseForward(const at::Tensor& x, const BaseWeight& base)
{
    if (auto row = base.timesRow(x); row.defined())   // on an accelerator, in few bits
        return row;
    if (base.isQuantised() && x.size(0) <= kFewRows && fastOn(x))   // an expert's rows of a token
        return timesFewRows(x, rowWeight(*base.quantised())).to(base.type());
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

void addBaseBackward(at::Tensor& dx, const at::Tensor& dy, const BaseWeight& base)
{
    at::Tensor sum;
    base.eachRows(base.type(), [&](int64_t first, const at::Tensor& rows) {
        if (rows.size(0) == base.out()) {
            if (dx.defined())
                addTimes(dx, dy, rows);
            else
                dx = times(dy, rows);
            return;
        }
        // Many pieces are summed in float32: in bfloat16 each sum would round anew.
        const auto part = times(dy.narrow(1, first, rows.size(0)).contiguous(), rows).to(at::kFloat);
        sum = sum.defined() ? sum.add_(part) : part;
    });
    if (sum.defined())
        dx = (dx.defined() ? sum.add_(dx) : sum).to(dy.scalar_type());
}

namespace {

struct FrozenLinear : torch::autograd::Function<FrozenLinear>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const LinearSlot* slot)
    {
        context->saved_data["slot"] = reinterpret_cast<int64_t>(slot);   // the model outlives the graph
        return baseForward(x, slot->base);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto* slot = reinterpret_cast<const LinearSlot*>(context->saved_data["slot"].toInt());
        at::Tensor dx;
        addBaseBackward(dx, grads[0].contiguous(), slot->base);
        return {dx, {}};
    }
};

}  // namespace

at::Tensor frozenLinear(const at::Tensor& x, const LinearSlot& slot)
{
    if (form() == Form::plain)
        return at::linear(x, slot.base.dense().to(slot.base.type()));
    return FrozenLinear::apply(x, &slot);
}

}  // namespace rankwright::ops
