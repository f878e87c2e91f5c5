// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What each export format means for a run, in words; and why a format makes no sense for it. The engine has the last word.
#pragma once

#include "training/api/catalog.h"

#include <QString>

namespace rankwright {

// Why `format` (lora, peft, merged, gguf, gguf-lora) cannot say what was trained; empty: it can. `task`: of RunStarted.
[[nodiscard]] QString exportRefusal(const QString& format, const RunConfig& config, const std::string& task = "lm");
// What will be written.
[[nodiscard]] QString exportExplanation(const QString& format, const RunConfig& config, const std::string& task = "lm");

}  // namespace rankwright
