// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Root mean square normalisation (Zhang and Sennrich 2019).
#include "training/ops/ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace rankwright::ops {

namespace {

at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne)
{
    const auto wide = x.to(at::kFloat);
    const auto scale = at::rsqrt(wide.square().mean(-1, true) + epsilon);
    if (addOne)
        return (wide * scale * (weight.to(at::kFloat) + 1)).to(x.scalar_type());
    return (wide * scale).to(x.scalar_type()) * weight;
}

template <class T>
void forward(const T* x, const T* weight, T* y, float* scales, int64_t rows, int64_t width, float epsilon, bool addOne)
{
    at::parallel_for(0, rows, 16, [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row) {
            const T* from = x + row * width;
            T* to = y + row * width;
            float sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t i = 0; i < width; ++i)
                sum += float(from[i]) * float(from[i]);
            const float scale = 1 / std::sqrt(sum / float(width) + epsilon);
            scales[row] = scale;
            if (addOne) {
#pragma omp simd
                for (int64_t i = 0; i < width; ++i)
                    to[i] = T(float(from[i]) * scale * (float(weight[i]) + 1));
                continue;
            }
#pragma omp simd
            for (int64_t i = 0; i < width; ++i)
                to[i] = T(float(T(float(from[i]) * scale)) * float(weight[i]));
        }
    });
}

// dx = scale (g - xhat mean(g xhat)) with g = dy (weight + offset) and xhat = x scale.
template <class T>
void backward(const T* x, const T* weight, const T* dy, const float* scales, T* dx, int64_t rows, int64_t width, float offset)
{
    at::parallel_for(0, rows, 16, [&](int64_t first, int64_t last) {
        for (int64_t row = first; row < last; ++row) {
            const T* from = x + row * width;
            const T* grad = dy + row * width;
            T* to = dx + row * width;
            const float scale = scales[row];
            float dot = 0;
#pragma omp simd reduction(+ : dot)
            for (int64_t i = 0; i < width; ++i)
                dot += float(grad[i]) * (float(weight[i]) + offset) * float(from[i]);
            const float share = dot * scale * scale / float(width);
#pragma omp simd
            for (int64_t i = 0; i < width; ++i)
                to[i] = T(scale * (float(grad[i]) * (float(weight[i]) + offset) - float(from[i]) * share));
        }
    });
}

struct RmsNorm : torch::autograd::Function<RmsNorm>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
        double epsilon, bool addOne)
    {
        const auto x = input.contiguous();
        auto y = at::empty_like(x);
        auto scales = at::empty({x.size(0)}, at::kFloat);
        AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "rmsNorm", [&] {
            ops::forward(x.const_data_ptr<scalar_t>(), weight.const_data_ptr<scalar_t>(), y.data_ptr<scalar_t>(),
                scales.data_ptr<float>(), x.size(0), x.size(1), float(epsilon), addOne);
        });
        context->save_for_backward({x, weight, scales});
        context->saved_data["addOne"] = addOne;
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto dy = grads[0].contiguous();
        auto dx = at::empty_like(x);
        AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "rmsNormBackward", [&] {
            ops::backward(x.const_data_ptr<scalar_t>(), saved[1].const_data_ptr<scalar_t>(), dy.const_data_ptr<scalar_t>(),
                saved[2].const_data_ptr<float>(), dx.data_ptr<scalar_t>(), x.size(0), x.size(1),
                context->saved_data["addOne"].toBool() ? 1.0F : 0.0F);
        });
        return {dx, {}, {}, {}};
    }
};

}  // namespace

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne)
{
    if (form() == Form::plain || weight.requires_grad())
        return plain(x, weight.to(x.scalar_type()), epsilon, addOne);
    return RmsNorm::apply(x, weight, epsilon, addOne);
}

}  // namespace rankwright::ops
