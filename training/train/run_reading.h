// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How a run reads its training rows, said before the first step, by --dry-run and by a preview.
#pragma once

#include "training/api/data_reading.h"
#include "training/train/session.h"

namespace rankwright {

// `rows`, `evalRows`: that are trained on and that judge. Tokens are counted over data.samples.
DataReading readingOf(const RunConfig& config, const PreparedData& data, int64_t rows, int64_t evalRows);
// Which template the rows go through: "none", "the model's", "chatml", a file.
std::string templateInUse(const RunConfig& config, const PreparedData& data);
// Throws Error{config} where rows may be longer than the model's context.
void checkLength(const RunConfig& config, const ModelConfig& model);
// Throws Error{usage} where RunConfig::metrics names one that these rows and this model cannot be measured by.
void checkMetrics(const RunConfig& config, const PreparedData& data, bool generates);

}  // namespace rankwright
