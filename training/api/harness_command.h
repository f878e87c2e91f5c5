// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What this program does not measure, lm-evaluation-harness does: its command for a trained adapter.
#pragma once

#include <string>
#include <vector>

namespace rankwright {

// Stands in the command where nobody but the reader knows the folder.
inline constexpr const char* kTokenizerPlace = "FOLDER_OF_ITS_TOKENIZER";
// What the harness is to open.
struct HarnessModel
{
    std::string base;       // folder, org/name or .gguf file
    std::string adapter;    // a PEFT adapter on it; empty: the base by itself
    std::string mergedRun;  // a run that no adapter on the original weights stands for (whole weights, a quantised base): it is exported first
    bool chat = false;      // it was trained through a chat template
};
// One line for a POSIX shell, every part quoted where it needs it. A base that is a .gguf file is named by its folder and its name, as
// transformers wants it, and with a place for its tokenizer's folder: making that anew from the file can take transformers hours.
std::string commandForHarness(const HarnessModel& model, const std::vector<std::string>& tasks);

}  // namespace rankwright
