// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A whole model as one GGUF file that llama.cpp loads (methods.md 4.3).
#pragma once

#include "training/nn/model.h"

#include <filesystem>

namespace rankwright {

// "float32", "bfloat16", "float16", "q8_0", "q4_0", "q4_1" (also "f32", "bf16", "f16"; empty: float32). Throws Error{unsupported}.
StoredType ggufTypeFromText(const std::string& text);

struct GgufModelExport
{
    std::string name;                      // general.name
    StoredType type = StoredType::F32;     // of the matrices
    std::function<at::Tensor(const LinearSlot&)> weightOf;   // of each module that can have an adapter, (out, in) float32
};

// Matrices in the type asked for, vectors and routers in float32; of the 4-bit types the head (or the embeddings that serve as one) in
// Q8_0; rows that are no whole number of blocks in F16. One tensor at a time is in memory. Then the file is opened as any model is and
// every tensor compared, value for value, with what was to be written: Error{mismatch}. Throws Error{unsupported} where GGUF or
// llama.cpp cannot hold the model. Returns remarks for people.
std::vector<std::string> writeGgufModel(const std::filesystem::path& file, Weights& weights, const Model& model, const GgufModelExport& what);

}  // namespace rankwright
