// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Fast forms without their autograd nodes, for nodes that hold several operations. On the CPU; no gradient is recorded.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace rankwright::ops {

// As rmsNorm(): y (rows, width), and 1 / sqrt(mean(x^2) + epsilon) of each row, float32.
struct Normed { at::Tensor y, scales; };
Normed rmsNormForward(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne);
// dy (rows, width) -> dx.
at::Tensor rmsNormBackward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scales, const at::Tensor& dy, bool addOne);

// As swiGlu(); all (tokens, width) and contiguous.
at::Tensor swiGluForward(const at::Tensor& gate, const at::Tensor& up);
// dy -> gradients of gate and up.
std::pair<at::Tensor, at::Tensor> swiGluBackward(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& dy);

}  // namespace rankwright::ops
