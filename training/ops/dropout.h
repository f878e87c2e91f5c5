// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Dropout on an adapter's input. Which values stay is a pure function of (seed, module, step, sample, position, column): nothing is kept
// for the backward pass, which asks again.
#pragma once

#include "training/ops/ops.h"

#include <cstdint>
#include <vector>

namespace rankwright::ops {

// A copy of what is drawn from: of a batch, or of an arm's share of one.
struct DropoutDraw
{
    explicit DropoutDraw(const DropoutSource& source);
    explicit DropoutDraw(const ArmTokens& arm);
    int64_t seed = 0, step = 0;
    std::vector<int64_t> bounds, sampleIndex;
};

// Sets to zero, in place, what dropout takes from `values` (tokens, in), contiguous on the CPU: each with probability
// slot.delta->dropout. What stays is as it was: who calls multiplies by keptFactor().
void dropValues(at::Tensor& values, const LinearSlot& slot, const DropoutDraw& draw);
// 1 / (1 - p).
double keptFactor(const LinearSlot& slot);

}  // namespace rankwright::ops
