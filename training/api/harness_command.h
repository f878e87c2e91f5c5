// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What this program does not measure, lm-evaluation-harness does: its command for a trained adapter.
#pragma once

#include <string>
#include <vector>

namespace rankwright {

// One line for a POSIX shell, every part quoted where it needs it. `adapter` empty: the model by itself (a merged one). A base that is a
// .gguf file is named by its folder and its name, as transformers wants it.
std::string commandForHarness(const std::string& base, const std::string& adapter, const std::vector<std::string>& tasks);

}  // namespace rankwright
