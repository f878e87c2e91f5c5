// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where models may be on this machine: the bundled default, added folders and the Hugging Face cache. Only names are
// looked at here; whether a find is usable is the engine's answer to an InspectJob.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace rankwright {

// "default" first, then models of the folders (a folder with config.json, a .gguf file; at most three levels deep),
// then org/name of the cache; each once, at most 400. Follows no symbolic links to folders; what cannot be read is
// left out.
[[nodiscard]] std::vector<std::string> findModelCandidates(const std::vector<std::filesystem::path>& folders,
    const std::filesystem::path& huggingFaceCache, const std::stop_token& stop);

}  // namespace rankwright
