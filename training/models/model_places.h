// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where models lie on a machine: the Hugging Face cache's layout (models--org--name/{refs,snapshots,blobs}) and the
// names of GGUF files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rankwright {

// "org/name" -> "models--org--name", "name" -> "models--name"; empty where `spec` has not that form.
std::string cacheFolderName(const std::string& spec);
// "models--org--name" -> "org/name"; empty for anything else.
std::string cachedModelName(const std::string& folder);
// The snapshot that refs/main names, else the newest; empty where there is none.
std::filesystem::path cachedSnapshot(const std::filesystem::path& modelFolder);
// A .gguf file that is no second or later part of a split model ("x-00002-of-00003.gguf").
bool isFirstGgufPart(const std::filesystem::path& path);

}  // namespace rankwright
