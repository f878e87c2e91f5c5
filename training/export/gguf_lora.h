// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A LoRA adapter as a GGUF file for llama.cpp's --lora (methods.md 4.4).
#pragma once

#include "training/adapters/adapter_set.h"

#include <filesystem>

namespace rankwright {

// `starts` are for the ORIGINAL base (adapterForOriginalBase). llama.cpp has one alpha for all modules and computes alpha / rank of each:
// scales that differ are folded into B. Throws Error{unsupported} where the format cannot say it: DoRA, weights that were trained whole,
// modules without a name in GGUF, models that llama.cpp does not know.
void writeGgufLora(const std::filesystem::path& file, const std::vector<PlacedStart>& starts, const Model& model, const std::string& name);
// Reads one that writeGgufLora() made, as starts in our names and layout; Throws Error{mismatch} where it does not fit the model.
std::vector<PlacedStart> readGgufLora(const std::filesystem::path& file, const Model& model);

}  // namespace rankwright
