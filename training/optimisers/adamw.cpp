// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/optimisers/adamw.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

namespace rankwright {

AdamW::AdamW(int64_t count, AdamWOptions options)
    : m_first(at::zeros({count}, at::kFloat)), m_second(at::zeros({count}, at::kFloat)), m_options(options)
{
}

void AdamW::step(at::Tensor& parameters, const at::Tensor& gradients, int64_t step, double lr, double scale)
{
    float* p = parameters.data_ptr<float>();
    float* m = m_first.data_ptr<float>();
    float* v = m_second.data_ptr<float>();
    const float* g = gradients.const_data_ptr<float>();
    const auto b1 = float(m_options.beta1), b2 = float(m_options.beta2), epsilon = float(m_options.epsilon);
    const auto decay = float(1 - lr * m_options.weightDecay), shrink = float(scale);
    const auto size = float(lr / (1 - std::pow(m_options.beta1, double(step))));
    const auto rootCorrection = float(std::sqrt(1 - std::pow(m_options.beta2, double(step))));
    at::parallel_for(0, parameters.numel(), 1 << 14, [&](int64_t first, int64_t last) {
#pragma omp simd
        for (int64_t i = first; i < last; ++i) {
            const float grad = g[i] * shrink;
            m[i] = b1 * m[i] + (1 - b1) * grad;
            v[i] = b2 * v[i] + (1 - b2) * grad * grad;
            p[i] = p[i] * decay - size * m[i] / (std::sqrt(v[i]) / rootCorrection + epsilon);
        }
    });
}

}  // namespace rankwright
