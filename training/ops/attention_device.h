// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Attention on a CUDA device: all rows of a batch in one kernel, whose memory grows with the tokens and not with their square.
#pragma once

#include "training/ops/ops.h"

namespace rankwright::ops {

// As attention(), with gradients; undefined where no kernel does it (other devices, capped scores, odd head sizes, a window in
// float32), which the plain form then does row by row.
at::Tensor attentionOnDevice(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
    const AttentionRule& rule);

}  // namespace rankwright::ops
