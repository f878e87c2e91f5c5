// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Gradients of whole weights, before any adapter exists: what LoRA-GA decomposes and what LQ-LoRA weights its errors with.
#pragma once

#include "training/adapters/method.h"

namespace rankwright {

// Receives each module of the context once, (out, in) float32. The tensor is the receiver's to keep.
using TakeGradient = std::function<void(const std::string& name, const at::Tensor& gradient)>;

// dL/dW of the mean loss of a batch's target tokens, as a training step has it, averaged over `batches` batches of `rows` samples
// in file order, beginning again where there are fewer. Leaves the model as it was. Throws Error{data} where no sample has a target
// or a gradient is not finite.
void meanGradients(PrepareContext& context, int64_t batches, int64_t rows, const TakeGradient& take);

// Sum over the first `sequences` samples of (dL/dW)^2, L the mean loss of one sample's target tokens: the diagonal of the empirical
// Fisher information to a factor. Not more samples than there are.
void squaredGradients(PrepareContext& context, int64_t sequences, const TakeGradient& take);

}  // namespace rankwright
