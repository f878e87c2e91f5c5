// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Products of a few rows with a frozen weight: what generation asks for, one token a row and step. The weight is read once, in the order
// in which it lies, widened in registers and summed in float32, so that memory sets the pace; no gradient exists. Measured on one core
// of an AMD EPYC (Zen 5): 132 million bfloat16 values in 9.2 ms, 29 GB/s, where a loop that only reads has 35 GB/s.
#pragma once

#include "training/nn/linear.h"

#include <span>

namespace rankwright::ops {

// With more rows than these, a product that converts blocks of both sides is faster.
inline constexpr int64_t kFewRows = 8;

// A matrix (out, in) on the processor as it is held: float32 or bfloat16, or in few bits.
struct RowWeight
{
    const void* values = nullptr;             // nullptr: in few bits
    at::ScalarType type = at::kFloat;
    const Quantised* quantised = nullptr;
    int64_t out = 0, in = 0;
};
// Whether a dense matrix can be one: its type, its device, contiguous.
[[nodiscard]] bool isRowWeight(const at::Tensor& matrix);
[[nodiscard]] RowWeight rowWeight(const at::Tensor& matrix);
[[nodiscard]] RowWeight rowWeight(const Quantised& matrix);

// y[t * stride + o] = sum_i x[t, i] w[o, i] for first <= o < last, x (count, in); on the caller's thread.
void timesRows(const RowWeight& weight, const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride);

// x W^T, x (at most kFewRows, in) of any floating type -> (rows, out) float32, on all threads.
at::Tensor timesFewRows(const at::Tensor& x, const RowWeight& W);

// Whether linearRows() knows the slot as it is now.
[[nodiscard]] bool suitsLinearRows(const LinearSlot& slot);
// linearGroup() for `count` rows without a gradient, on plain memory: outputs[i] (count, out of slots[i]) float32. `gains[i]`: the slot's
// rowGains(), nullptr without a magnitude.
void linearRows(const float* x, int64_t count, std::span<const LinearSlot* const> slots, std::span<float* const> outputs,
    std::span<const float* const> gains);
// magnitude / norm of each row of a slot with a magnitude (DoRA, 2402.09353 eq. 5): (out) float32. As expensive as a hundred tokens.
[[nodiscard]] at::Tensor rowGains(const LinearSlot& slot);

}  // namespace rankwright::ops
