// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/row_intake.h"

#include "training/api/error.h"

#include <cmath>

namespace rankwright {

at::Tensor RowIntake::accept(const at::Tensor& rows)
{
    if (rows.dim() != 2 || rows.size(1) != m_in || rows.scalar_type() != at::kFloat || rows.size(0) > m_out - m_seen)
        throw Error({.code = Code::internal, .place = "quantiser, row " + std::to_string(m_seen),
            .found = "rows that do not fit",
            .allowed = "float32, " + std::to_string(m_in) + " columns, " + std::to_string(m_out) + " rows in all"});
    m_seen += rows.size(0);
    return rows.contiguous();
}

void RowIntake::checkComplete() const
{
    if (m_seen != m_out)
        throw Error({.code = Code::internal, .place = "quantiser", .found = std::to_string(m_seen) + " rows",
            .allowed = std::to_string(m_out) + " rows"});
}

void checkFinite(const at::Tensor& statistics, int64_t per, int64_t in)
{
    const auto* values = statistics.const_data_ptr<float>();
    for (int64_t i = 0; i < statistics.numel(); ++i) {
        if (!std::isfinite(values[i]))
            throw Error({.code = Code::data, .place = "row " + std::to_string(i * per / in) + " of a weight",
                .found = "a value that is NaN or infinite", .allowed = "finite numbers",
                .advice = "Use a model file whose weights are finite, or --base none."});
    }
}

}  // namespace rankwright
