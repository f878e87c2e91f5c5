// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The processes that train one run together. A run of one process is a group of one; the sum of losses and the token count travel
// with the gradients in the same reduction, and the division is by the tokens of the whole group.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace rankwright {

class Group
{
public:
    virtual ~Group() = default;
    [[nodiscard]] virtual int64_t rank() const { return 0; }
    [[nodiscard]] virtual int64_t size() const { return 1; }
    // Sums in place over the group; the loss is a float64 scalar beside the gradients.
    virtual void sum(at::Tensor& gradients, at::Tensor& loss, int64_t& targets, int64_t& tokens)
    {
        (void)gradients, (void)loss, (void)targets, (void)tokens;
    }
};

}  // namespace rankwright
