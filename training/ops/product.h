// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Matrix products of the decoder, for use where no gradient is recorded (inside the autograd functions). On processors of other
// makers than Intel, MKL's float32 product runs at well under half of oneDNN's rate (measured on an AMD EPYC: 88 against 200
// GFLOP/s), so those take oneDNN's. The choice depends on the machine alone: a resume stays bit for bit.
#pragma once

#include <ATen/core/Tensor.h>

namespace rankwright::ops {

at::Tensor timesTransposed(const at::Tensor& x, const at::Tensor& W);   // x (m, k), W (n, k) -> x W^T (m, n)
at::Tensor times(const at::Tensor& x, const at::Tensor& W);             // x (m, k), W (k, n) -> x W (m, n)

}  // namespace rankwright::ops
