// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rotary position embedding (Su and others 2021) in Hugging Face's layout: halves, not neighbours.
#include "training/ops/ops.h"
#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

constexpr int64_t kGrain = 32;   // tokens a thread takes at least

at::Tensor plain(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin)
{
    const auto half = x.size(2) / 2;
    const auto first = x.narrow(2, 0, half), second = x.narrow(2, half, half);
    const auto c = cos.unsqueeze(1), s = sin.unsqueeze(1);
    return at::cat({first * c - second * s, second * c + first * s}, 2).to(x.scalar_type());
}

template <class T>
RANKWRIGHT_VECTOR_CLONES void turnTokens(const T* x, const float* cos, const float* sin, T* y, int64_t begin, int64_t end,
    int64_t heads, int64_t half, float sign)
{
    for (int64_t token = begin; token < end; ++token) {
        const float* c = cos + token * half;
        const float* s = sin + token * half;
        for (int64_t head = 0; head < heads; ++head) {
            const int64_t offset = (token * heads + head) * 2 * half;
            const T *first = x + offset, *second = first + half;
            T *toFirst = y + offset, *toSecond = toFirst + half;
#pragma omp simd
            for (int64_t i = 0; i < half; ++i) {
                store(toFirst[i], widened(first[i]) * c[i] - sign * widened(second[i]) * s[i]);
                store(toSecond[i], widened(second[i]) * c[i] + sign * widened(first[i]) * s[i]);
            }
        }
    }
}

at::Tensor turned(const at::Tensor& input, const at::Tensor& cos, const at::Tensor& sin, float sign)
{
    const auto x = input.contiguous();
    auto y = at::empty_like(x);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "rotate", [&] {
        at::parallel_for(0, x.size(0), kGrain, [&](int64_t begin, int64_t end) {
            turnTokens(stored(x.const_data_ptr<scalar_t>()), cos.const_data_ptr<float>(), sin.const_data_ptr<float>(),
                stored(y.data_ptr<scalar_t>()), begin, end, x.size(1), x.size(2) / 2, sign);
        });
    });
    return y;
}

// A rotation: its transpose turns the other way.
struct Rotate : torch::autograd::Function<Rotate>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& cos,
        const at::Tensor& sin)
    {
        context->save_for_backward({cos, sin});
        return turned(x, cos, sin, 1);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        return {turned(grads[0], saved[0], saved[1], -1), {}, {}};
    }
};

}  // namespace

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin)
{
    return fastOn(x) ? Rotate::apply(x, cos, sin) : plain(x, cos, sin);
}

}  // namespace rankwright::ops
