// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The metadata that llama.cpp reads a model's numbers from (ggml-org/ggml docs/gguf.md), and what it cannot be told.
#pragma once

#include "training/formats/gguf_writer.h"
#include "training/models/family.h"

namespace rankwright {

// Throws Error{unsupported} naming what a GGUF file cannot say of this model, or what llama.cpp's graph of the architecture leaves
// out: encoders, windows in other patterns, scaled attention, routers that share out differently.
void requireGguf(const ModelConfig& config);
// general.architecture and the ARCH.* keys: requireGguf() has been asked.
GgufMetadata ggufModelKeys(const ModelConfig& config);
// One divisor a rotary frequency where the scaling is none that keys can say (llama3): the tensor rope_freqs.weight. Empty: none.
std::vector<float> ggufRopeDivisors(const ModelConfig& config);
// llama.cpp's number of "mostly this type" (general.file_type).
int64_t ggufFileType(StoredType type);

}  // namespace rankwright
