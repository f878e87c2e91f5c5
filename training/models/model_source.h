// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Finding a model and opening its tables: a folder in Hugging Face layout, a .gguf file, org/name in the local Hugging
// Face cache, or "default". Reads headers only; nothing is downloaded.
#pragma once

#include "training/api/reports.h"
#include "training/models/family.h"

#include <optional>

namespace rankwright {

struct ModelSource
{
    std::string spec;
    std::filesystem::path path;                     // resolved folder or file
    ModelConfig config;
    // By our name; shapes checked against the config. One expert's of a stack is a part of the stack's bytes.
    std::map<std::string, TensorEntry> tensors;
    std::map<std::string, RowTransform> transforms; // by our name, only where the stored values differ from Hugging Face's
    std::optional<GgufFile> gguf;                   // set for GGUF
};

// Resolves only the path. Throws Error{missing} with what was looked for and where.
std::filesystem::path resolveModel(const std::string& spec);
// Opens, reads config and tables, checks that every required tensor is there with the right shape (Error{mismatch}
// names the first missing tensor and how many are missing).
ModelSource openModelSource(const std::string& spec);
// What `inspect` shows. Reads chat template, tokenizer kind and licence too.
ModelInfo inspectModel(const std::string& spec);
// Everything on this machine: the default, the Hugging Face cache, `folders` (searched two levels deep for model folders
// and .gguf files). Unusable ones are listed with `usable` false and the reason in `problem`.
std::vector<ModelInfo> findModels(const std::vector<std::filesystem::path>& folders);

}  // namespace rankwright
