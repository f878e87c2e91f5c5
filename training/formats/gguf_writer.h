// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Writing GGUF version 3 (ggml-org/ggml docs/gguf.md): metadata in the given order, tensor table, data piece by piece.
#pragma once

#include "training/formats/gguf.h"
#include "training/formats/safetensors.h"

#include <utility>

namespace rankwright {

// Values of metadata as readGguf() gives them, with the type that the file is to have.
GgufValue ggufText(std::string text);
GgufValue ggufInteger(int64_t value);                    // u32; throws Error{internal} outside of its range
GgufValue ggufNumber(double value);                      // f32
GgufValue ggufFlag(bool value);
GgufValue ggufTexts(std::vector<std::string> texts);
GgufValue ggufNumbers(std::vector<double> numbers);      // an array of f32
GgufValue ggufIntegers(std::vector<int64_t> integers);   // an array of i32

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// GGUF's number of a tensor type that quantise() writes; -1 for others.
int64_t ggufTensorType(StoredType type);

// Atomic (AtomicFile). Shapes are row-major; `produce` of each tensor is called once, in order, and must hand over as many bytes as
// type and shape say. Throws Error{limit} for names and shapes that GGUF cannot hold (64 bytes, 4 dimensions), Error{internal} where a
// key or tensor comes twice, a row is no whole number of blocks or a tensor hands over another number of bytes.
void writeGguf(const std::filesystem::path& file, const GgufMetadata& metadata, const std::vector<TensorToWrite>& tensors);

}  // namespace rankwright
