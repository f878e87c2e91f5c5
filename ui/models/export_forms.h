// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What each export format means for a run, in words; and why a format makes no sense for it. The engine has the last word.
#pragma once

#include "training/api/catalog.h"

#include <QString>

namespace rankwright {

// Why `format` (lora, peft, merged) cannot say what was trained; empty: it can.
[[nodiscard]] QString exportRefusal(const QString& format, const RunConfig& config);
// What will be written.
[[nodiscard]] QString exportExplanation(const QString& format, const RunConfig& config);

}  // namespace rankwright
