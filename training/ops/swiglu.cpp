// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Gated linear units (Shazeer 2020, "GLU Variants Improve Transformer").
#include "training/ops/kernels.h"
#include "training/ops/ops.h"
#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

constexpr int64_t kGrain = 1 << 12;   // values a thread takes at least

template <class T>
RANKWRIGHT_VECTOR_CLONES void gateValues(const T* gate, const T* up, T* y, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        const auto g = widened(gate[i]);
        // Rounded once; rounding silu(g) before the product as well, as transformers does, keeps GCC from making vector code of it.
        store(y[i], g * sigmoid(g) * widened(up[i]));
    }
}

// d silu(g) / dg = s (1 + g (1 - s)), s = sigmoid(g).
template <class T>
RANKWRIGHT_VECTOR_CLONES void gateGradients(const T* gate, const T* up, const T* dy, T* dGate, T* dUp, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        const auto g = widened(gate[i]), grad = widened(dy[i]);
        const auto s = sigmoid(g);
        store(dUp[i], grad * g * s);
        store(dGate[i], grad * widened(up[i]) * s * (1 + g * (1 - s)));
    }
}

// Saves only its inputs; silu(gate) is computed again in the backward pass.
struct SwiGlu : torch::autograd::Function<SwiGlu>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& gate, const at::Tensor& up)
    {
        context->save_for_backward({gate, up});
        return swiGluForward(gate, up);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        auto [dGate, dUp] = swiGluBackward(saved[0], saved[1], grads[0].contiguous());
        return {dGate, dUp};
    }
};

}  // namespace

at::Tensor swiGluForward(const at::Tensor& gate, const at::Tensor& up)
{
    auto y = at::empty_like(gate);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, gate.scalar_type(), "swiGlu", [&] {
        at::parallel_for(0, gate.numel(), kGrain, [&](int64_t first, int64_t last) {
            gateValues(stored(gate.const_data_ptr<scalar_t>()) + first, stored(up.const_data_ptr<scalar_t>()) + first,
                stored(y.data_ptr<scalar_t>()) + first, last - first);
        });
    });
    return y;
}

std::pair<at::Tensor, at::Tensor> swiGluBackward(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& dy)
{
    auto dGate = at::empty_like(gate), dUp = at::empty_like(gate);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, gate.scalar_type(), "swiGluBackward", [&] {
        at::parallel_for(0, gate.numel(), kGrain, [&](int64_t first, int64_t last) {
            gateGradients(stored(gate.const_data_ptr<scalar_t>()) + first, stored(up.const_data_ptr<scalar_t>()) + first,
                stored(dy.const_data_ptr<scalar_t>()) + first, stored(dGate.data_ptr<scalar_t>()) + first,
                stored(dUp.data_ptr<scalar_t>()) + first, last - first);
        });
    });
    return {dGate, dUp};
}

at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, const std::string& activation)
{
    if (activation == "silu")
        return swiGlu(gate, up);
    return at::gelu(gate, activation == "gelu_tanh" ? "tanh" : "none") * up;
}

at::Tensor swiGlu(const at::Tensor& gate, const at::Tensor& up)
{
    return fastOn(gate) ? SwiGlu::apply(gate.contiguous(), up.contiguous()) : at::silu(gate) * up;
}

}  // namespace rankwright::ops
