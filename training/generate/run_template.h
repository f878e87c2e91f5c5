// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which chat template a run's answers want: the one that its rows went through. A model trained without one has never seen the
// template's tokens around its rows.
#pragma once

#include "training/train/session.h"

#include <filesystem>
#include <string>

namespace rankwright {

// The template of a run's rows, empty: none. Where the configuration leaves it to the rows ("auto"), the run's first event says what they
// were; of runs whose events do not, the model's.
std::string templateOfRun(const std::filesystem::path& runFolder, const RunConfig& config, const ModelText& text);

}  // namespace rankwright
