// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Stored tensors to at::Tensor: the only place where bytes of a model file become numbers. Float32 in Hugging Face's layout,
// whatever the file holds.
#pragma once

#include "training/formats/file_reader.h"
#include "training/models/model_source.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>

namespace rankwright {

class Weights
{
public:
    explicit Weights(ModelSource source);
    [[nodiscard]] const ModelSource& source() const { return m_source; }
    [[nodiscard]] const ModelConfig& config() const { return m_source.config; }
    [[nodiscard]] bool has(const std::string& name) const { return m_source.tensors.contains(name); }
    // Float32 on the CPU, shape as stored, GGUF's rotary row order undone. Throws Error{unsupported} for types that cannot be
    // dequantised, Error{changed} where the file changed since it was opened.
    [[nodiscard]] at::Tensor read(const std::string& name);
    // The same rows in groups, first to last, so that a large tensor never exists as a whole in float32.
    void stream(const std::string& name, const std::function<void(const at::Tensor& rows)>& visit);
    [[nodiscard]] std::vector<int64_t> shape(const std::string& name) const { return entry(name).shape; }
    // SHA-256 of the stored bytes, type and shape: the key of cached spectra.
    [[nodiscard]] std::string hash(const std::string& name);

private:
    const FileReader& reader(const std::filesystem::path& file);
    [[nodiscard]] const TensorEntry& entry(const std::string& name) const;
    std::vector<std::byte> bytes(const TensorEntry& entry);
    ModelSource m_source;
    std::map<std::filesystem::path, FileReader> m_readers;
    at::Tensor m_stage;                      // of stream()
    std::vector<std::byte> m_stageBytes;
};

// A safetensors file of ours or PEFT's, whole, float32: names -> tensors.
std::map<std::string, at::Tensor> readTensors(const std::filesystem::path& file);

// Stored rows -> Hugging Face rows for GGUF's q_proj and k_proj (methods.md 4.3) and back. `w` is (heads * d, in) or (heads * d).
at::Tensor undoRopeRows(const at::Tensor& w, int64_t heads);
at::Tensor applyRopeRows(const at::Tensor& w, int64_t heads);

}  // namespace rankwright
