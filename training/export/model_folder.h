// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Writing a model as a folder in Hugging Face layout: config.json, model.safetensors, the tokenizer's files where the source has
// them.
#pragma once

#include "training/nn/model.h"

#include <filesystem>

namespace rankwright {

// `weightOf` gives each module's weight; everything else comes from the model's files, but what was trained, which the model has, with
// its head for labels (`labels`: the classes' names). config.json is the base's own with what has changed, or made by the family for a
// GGUF base. One tensor exists at a time beside the model. The folder must exist and be empty. Returns the names of the files written.
std::vector<std::string> writeModelFolder(const std::filesystem::path& folder, Weights& weights, const Model& model,
    const std::function<at::Tensor(const LinearSlot&)>& weightOf, at::ScalarType type, const std::vector<std::string>& labels = {});

}  // namespace rankwright
