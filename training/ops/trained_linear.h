// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#pragma once

#include <ATen/core/Tensor.h>

namespace rankwright::ops {

// x (rows, in) W^T -> (rows, out) in x's type, with gradients for both: a weight (out, in) that is trained itself, in its own type.
at::Tensor trainedLinear(const at::Tensor& x, const at::Tensor& W);

}  // namespace rankwright::ops
