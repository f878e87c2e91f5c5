// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One adapted projection by LibTorch's operators under autograd: everything that a Delta can say, and the reference for the fast form
// of A and B alone (linear_group.cpp).
#pragma once

#include "training/ops/ops.h"

namespace rankwright::ops {

// x W^T + b with what the slot's delta adds. x (tokens, in) -> (tokens, out).
at::Tensor projection(const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source);
// The same behind a base product that is already there: `base` (tokens, out), without a bias.
at::Tensor adapted(const at::Tensor& base, const at::Tensor& x, const LinearSlot& slot, const DropoutSource& source);

}  // namespace rankwright::ops
