// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Gated linear units (Shazeer 2020, "GLU Variants Improve Transformer").
#include "training/ops/ops.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

// Saves only its inputs; silu(gate) is computed again in the backward pass.
struct SwiGlu : torch::autograd::Function<SwiGlu>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& gate, const at::Tensor& up)
    {
        context->save_for_backward({gate, up});
        return at::silu(gate).mul_(up);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto& gate = saved[0];
        const auto dUp = at::silu(gate).mul_(grads[0]);
        const auto dGate = at::silu_backward(grads[0] * saved[1], gate);
        return {dGate, dUp};
    }
};

}  // namespace

at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, const std::string& activation)
{
    if (activation == "silu")
        return swiGlu(gate, up);
    return at::gelu(gate, activation == "gelu_tanh" ? "tanh" : "none") * up;
}

at::Tensor swiGlu(const at::Tensor& gate, const at::Tensor& up)
{
    return form() == Form::plain ? at::silu(gate) * up : SwiGlu::apply(gate, up);
}

}  // namespace rankwright::ops
