// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Writing a model as a folder in Hugging Face layout: config.json, model.safetensors, the tokenizer's files where the source has
// them.
#pragma once

#include "training/nn/decoder.h"

#include <filesystem>

namespace rankwright {

// `weightOf` gives each adapted module's weight; everything else comes from the model's files. The folder must exist and be empty.
// Returns the names of the files written.
std::vector<std::string> writeModelFolder(const std::filesystem::path& folder, Weights& weights, const Decoder& model,
    const std::function<at::Tensor(const LinearSlot&)>& weightOf, at::ScalarType type);

}  // namespace rankwright
