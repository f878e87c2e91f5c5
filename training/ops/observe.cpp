// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/observe.h"

#include <utility>

namespace rankwright::ops {

namespace {
thread_local const Observer* current = nullptr;
}

Observing::Observing(Observer observer)
    : m_observer(std::move(observer)), m_before(std::exchange(current, &m_observer))
{
}

Observing::~Observing()
{
    current = m_before;
}

bool observed()
{
    return current != nullptr;
}

void observe(const at::Tensor& x, std::span<const LinearSlot* const> slots)
{
    if (current)
        (*current)(x, slots);
}

}  // namespace rankwright::ops
