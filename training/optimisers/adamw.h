// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// AdamW (Loshchilov and Hutter 2019, algorithm 2 in torch's form) over flat buffers, in one pass.
#pragma once

#include <ATen/core/Tensor.h>

namespace rankwright {

struct AdamWOptions { double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0; };

class AdamW
{
public:
    AdamW(int64_t count, AdamWOptions options);
    // `step` counts from 1; `lr` is this step's learning rate; gradients are multiplied by `scale` (clipping) on the way.
    void step(at::Tensor& parameters, const at::Tensor& gradients, int64_t step, double lr, double scale);
    [[nodiscard]] at::Tensor& first() { return m_first; }     // moments, (count) float32: part of a checkpoint
    [[nodiscard]] at::Tensor& second() { return m_second; }

private:
    at::Tensor m_first, m_second;
    AdamWOptions m_options;
};

}  // namespace rankwright
