// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The largest singular values of a matrix too large for all of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace rankwright {

// The `count` largest singular values of `weight` (m, n), largest first, float64: block Lanczos on the Gram matrix of the shorter side, in
// float64 with full reorthogonalisation (Golub and Underwood 1977; randomised start as in Musco and Musco 2015, arXiv 1504.05477), until
// every residual ||G u - theta u|| is at most 2e-6 theta, so that some singular value is within 1e-6, relative, of each. Where that would take a
// subspace of half the side or more, and where sigma_count < 1e-5 sigma_1, from all values (singularValues()). `each` is called between
// steps and may throw.
at::Tensor largestSingularValues(const at::Tensor& weight, int64_t count, const std::function<void()>& each = {});

}  // namespace rankwright
