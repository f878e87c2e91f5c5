// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a model's sheet says in words, in its order; plain text, made harmless.
#pragma once

#include "training/api/reports.h"

#include <QString>

#include <vector>

namespace rankwright {

[[nodiscard]] std::vector<std::pair<QString, QString>> modelFacts(const ModelInfo& model);

}  // namespace rankwright
