// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Products with a frozen base weight in whatever form it is held: dense in one product, in few bits piece by piece.
#pragma once

#include "training/nn/linear.h"

namespace rankwright::ops {

// x (rows, in) -> x W^T (rows, out). For the forward pass of nodes: records no gradient of its own.
at::Tensor baseForward(const at::Tensor& x, const BaseWeight& base);
// dx (rows, in) += dy W, dy (rows, out) contiguous; an undefined dx becomes the product.
void addBaseBackward(at::Tensor& dx, const at::Tensor& dy, const BaseWeight& base);
// The base alone, as an autograd node: only its input gets a gradient.
at::Tensor frozenLinear(const at::Tensor& x, const LinearSlot& slot);

}  // namespace rankwright::ops
