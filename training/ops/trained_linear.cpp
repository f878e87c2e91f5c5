// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/trained_linear.h"

#include "training/ops/ops.h"
#include "training/ops/product.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

// The products that are the faster ones, as for frozen weights. Of W no copy in x's type is kept.
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
        const auto& x = saved[0];
        // The smaller factor is the one that is copied: of a head, dy has a column for each token of the vocabulary.
        const auto dW = x.numel() < dy.numel() ? transposedTimes(x, dy).t() : transposedTimes(dy, x);
        return {times(dy, saved[1].to(dy.scalar_type())), dW.to(at::kFloat)};
    }
};

}  // namespace

at::Tensor trainedLinear(const at::Tensor& x, const at::Tensor& W)
{
    const bool plain = form() == Form::plain || x.scalar_type() == at::kDouble;
    return plain ? at::linear(x, W.to(x.scalar_type())) : TrainedLinear::apply(x, W);
}

}  // namespace rankwright::ops
