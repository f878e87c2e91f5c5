// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Matrix products by whichever library is faster for them; no gradient is recorded. In float32 PyTorch's own choice (MKL) runs at less
// than half of oneDNN's rate on processors that are not Intel's (81-94 against 174-222 GFLOP/s with an AMD EPYC's two cores); in
// bfloat16 both are oneDNN's, which wants AVX-512: without it bfloat16 is multiplied as float32 (ADR 0020).
#pragma once

#include <ATen/core/Tensor.h>

namespace rankwright::ops {

// x (rows, in) times the transpose of W (out, in) -> (rows, out).
at::Tensor timesTransposed(const at::Tensor& x, const at::Tensor& W);
// x (rows, out) times W (out, in) -> (rows, in).
at::Tensor times(const at::Tensor& x, const at::Tensor& W);
// The transpose of x (rows, few) times y (rows, out) -> (few, out). x is the one that is copied into the order products want.
at::Tensor transposedTimes(const at::Tensor& x, const at::Tensor& y);
// y += scale x W^T, in place: y (rows, out), x (rows, in), W (out, in).
void addTimesTransposed(at::Tensor& y, const at::Tensor& x, const at::Tensor& W, double scale = 1);
// y += scale x W, in place: y (rows, in), x (rows, out), W (out, in).
void addTimes(at::Tensor& y, const at::Tensor& x, const at::Tensor& W, double scale = 1);

// The same for each pair of a batch: x (batch, rows, in), W (batch, out, in) -> (batch, rows, out), ...
at::Tensor timesTransposedEach(const at::Tensor& x, const at::Tensor& W);
// x (batch, rows, out), W (batch, out, in) -> (batch, rows, in).
at::Tensor timesEach(const at::Tensor& x, const at::Tensor& W);
// x (batch, rows, out), y (batch, rows, few) -> the transpose of each x times its y, (batch, out, few). Here y is the one that is copied.
at::Tensor transposedTimesEach(const at::Tensor& x, const at::Tensor& y);

}  // namespace rankwright::ops
