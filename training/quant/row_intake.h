// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What every quantiser checks about the rows it is given.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace rankwright {

class RowIntake
{
public:
    RowIntake(int64_t out, int64_t in) : m_out(out), m_in(in) {}
    [[nodiscard]] int64_t out() const { return m_out; }
    [[nodiscard]] int64_t in() const { return m_in; }
    [[nodiscard]] int64_t count() const { return m_out * m_in; }
    [[nodiscard]] int64_t rowsSeen() const { return m_seen; }
    // Contiguous float32. Throws Error{internal} for another type or width, or more rows than were announced.
    at::Tensor accept(const at::Tensor& rows);
    // Throws Error{internal} where rows are missing.
    void checkComplete() const;

private:
    int64_t m_out, m_in, m_seen = 0;
};

// Throws Error{data} where one of the statistics (absolute maxima, float32) is not finite: the weight holds NaN or infinity. `per`
// values of the weight share a statistic.
void checkFinite(const at::Tensor& statistics, int64_t per, int64_t in);

}  // namespace rankwright
