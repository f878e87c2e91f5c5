// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How far factors are from orthonormal, and the gradient that brings them back (SORSA 2409.00055, section 3.2).
#pragma once

#include <ATen/core/Tensor.h>

namespace rankwright {

// ||X X^T - I||_F of X (r, n): A as it is, B transposed.
double orthonormalError(const at::Tensor& X);
// gradient += factor * d ||X X^T - I||_F / dX, both (r, n); a transposed view of a gradient is written through. The norm is
// sqrt(||.||^2 + 1e-12), so that the gradient exists where X is exactly orthonormal.
void addOrthonormalGradient(const at::Tensor& X, at::Tensor gradient, double factor);

}  // namespace rankwright
