// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where things live (XDG base directories): data (runs.db, runs/ID/), cache, settings, logs, the default model.
#pragma once

#include <filesystem>

namespace rankwright {

// $RANKWRIGHT_DATA_DIR, else $XDG_DATA_HOME/rankwright, else ~/.local/share/rankwright. setDataDirectory() (from
// --data-dir) wins over both. Throws Error{missing} where HOME is not set either.
std::filesystem::path dataDirectory();
void setDataDirectory(const std::filesystem::path& path);
std::filesystem::path cacheDirectory();     // $XDG_CACHE_HOME/rankwright
std::filesystem::path settingsFile();       // $XDG_CONFIG_HOME/rankwright/window.ini
std::filesystem::path stateDirectory();     // $XDG_STATE_HOME/rankwright
// $RANKWRIGHT_DEFAULT_MODEL, else cache/models/SmolLM2-135M-Instruct.Q4_1.gguf (`./run` puts it there).
std::filesystem::path defaultModelFile();
// Hugging Face hub cache: $HF_HUB_CACHE, $HF_HOME/hub or ~/.cache/huggingface/hub.
std::filesystem::path huggingFaceCache();

}  // namespace rankwright
