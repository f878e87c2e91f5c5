// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Layer normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450) and the activations of layers without a gate.
#include "training/ops/ops.h"

#include <ATen/ATen.h>

namespace rankwright::ops {

namespace {

at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon)
{
    const auto wide = x.to(at::kFloat);
    const auto centred = wide - wide.mean(-1, true);
    const auto scale = at::rsqrt(centred.square().mean(-1, true) + epsilon);
    return (centred * scale * weight.to(at::kFloat) + bias.to(at::kFloat)).to(x.scalar_type());
}

}  // namespace

at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon)
{
    if (form() == Form::plain)
        return plain(x, weight, bias, epsilon);
    // LibTorch's own: one pass, keeps x and two numbers a token. Weights that are trained are float32 whatever x is.
    const auto type = x.scalar_type();
    return at::layer_norm(x, {x.size(-1)}, weight.to(type), bias.to(type), epsilon);
}

at::Tensor activated(const at::Tensor& x, const std::string& activation)
{
    return at::gelu(x, activation == "gelu_tanh" ? "tanh" : "none");
}

}  // namespace rankwright::ops
