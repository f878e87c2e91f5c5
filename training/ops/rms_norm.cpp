// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Root mean square normalisation (Zhang and Sennrich 2019).
#include "training/ops/kernels.h"
#include "training/ops/ops.h"
#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace rankwright::ops {

namespace {

constexpr int64_t kGrain = 16;   // rows a thread takes at least

at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne)
{
    const auto wide = x.to(at::kFloat);
    const auto scale = at::rsqrt(wide.square().mean(-1, true) + epsilon);
    if (addOne)
        return (wide * scale * (weight.to(at::kFloat) + 1)).to(x.scalar_type());
    return (wide * scale).to(x.scalar_type()) * weight;
}

// Rows first .. last of y and their scales.
template <class T>
RANKWRIGHT_VECTOR_CLONES void forwardRows(const T* x, const T* weight, T* y, float* scales, int64_t first, int64_t last, int64_t width,
    float epsilon, bool addOne)
{
    for (int64_t row = first; row < last; ++row) {
        const T* from = x + row * width;
        T* to = y + row * width;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; ++i)
            sum += float(widened(from[i])) * float(widened(from[i]));
        const float scale = 1 / std::sqrt(sum / float(width) + epsilon);
        scales[row] = scale;
        if (addOne) {
#pragma omp simd
            for (int64_t i = 0; i < width; ++i)
                store(to[i], widened(from[i]) * scale * (widened(weight[i]) + 1));
            continue;
        }
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) {
            T normalised;   // rounded before the product, as transformers does
            store(normalised, widened(from[i]) * scale);
            store(to[i], widened(normalised) * widened(weight[i]));
        }
    }
}

// dx = scale (g - xhat mean(g xhat)) with g = dy (weight + offset) and xhat = x scale.
template <class T>
RANKWRIGHT_VECTOR_CLONES void backwardRows(const T* x, const T* weight, const T* dy, const float* scales, T* dx, int64_t first,
    int64_t last, int64_t width, float offset)
{
    for (int64_t row = first; row < last; ++row) {
        const T* from = x + row * width;
        const T* grad = dy + row * width;
        T* to = dx + row * width;
        const float scale = scales[row];
        float dot = 0;
#pragma omp simd reduction(+ : dot)
        for (int64_t i = 0; i < width; ++i)
            dot += float(widened(grad[i]) * (widened(weight[i]) + offset) * widened(from[i]));
        const float share = dot * scale * scale / float(width);
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            store(to[i], scale * (widened(grad[i]) * (widened(weight[i]) + offset) - widened(from[i]) * share));
    }
}

struct RmsNorm : torch::autograd::Function<RmsNorm>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
        double epsilon, bool addOne)
    {
        const auto x = input.contiguous();
        const auto [y, scales] = rmsNormForward(x, weight, epsilon, addOne);
        context->save_for_backward({x, weight, scales});
        context->saved_data["addOne"] = addOne;
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        return {rmsNormBackward(saved[0], saved[1], saved[2], grads[0].contiguous(), context->saved_data["addOne"].toBool()), {}, {}, {}};
    }
};

}  // namespace

Normed rmsNormForward(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne)
{
    auto y = at::empty_like(x);
    auto scales = at::empty({x.size(0)}, at::kFloat);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "rmsNorm", [&] {
        at::parallel_for(0, x.size(0), kGrain, [&](int64_t first, int64_t last) {
            forwardRows(stored(x.const_data_ptr<scalar_t>()), stored(weight.const_data_ptr<scalar_t>()),
                stored(y.data_ptr<scalar_t>()), scales.data_ptr<float>(), first, last, x.size(1), float(epsilon), addOne);
        });
    });
    return {y, scales};
}

at::Tensor rmsNormBackward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scales, const at::Tensor& dy, bool addOne)
{
    auto dx = at::empty_like(x);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "rmsNormBackward", [&] {
        at::parallel_for(0, x.size(0), kGrain, [&](int64_t first, int64_t last) {
            backwardRows(stored(x.const_data_ptr<scalar_t>()), stored(weight.const_data_ptr<scalar_t>()),
                stored(dy.const_data_ptr<scalar_t>()), scales.const_data_ptr<float>(), stored(dx.data_ptr<scalar_t>()), first, last,
                x.size(1), addOne ? 1.0F : 0.0F);
        });
    });
    return dx;
}

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne)
{
    if (!fastOn(x) || weight.requires_grad())
        return plain(x, weight.to(x.scalar_type()), epsilon, addOne);
    return RmsNorm::apply(x, weight, epsilon, addOne);
}

}  // namespace rankwright::ops
