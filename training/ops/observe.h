// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What goes into the projections, for those who measure it (training/analysis/calibration.h). Plain and fast forms alike; where
// nobody looks, it costs a comparison a group.
#pragma once

#include "training/nn/linear.h"

#include <functional>
#include <span>

namespace rankwright::ops {

// `x` (tokens, in) is what all of `slots` are about to be multiplied with; it belongs to the forward pass: copy what is kept.
using Observer = std::function<void(const at::Tensor& x, std::span<const LinearSlot* const> slots)>;

// While it lives, the observer sees every linearGroup() of this thread. The innermost one alone.
class Observing
{
public:
    explicit Observing(Observer observer);
    ~Observing();
    Observing(const Observing&) = delete;
    Observing& operator=(const Observing&) = delete;

private:
    Observer m_observer;
    const Observer* m_before;
};

// Whether somebody looks on this thread.
[[nodiscard]] bool observed();
// linearGroup() says what it got.
void observe(const at::Tensor& x, std::span<const LinearSlot* const> slots);

}  // namespace rankwright::ops
