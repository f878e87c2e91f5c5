// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Stored tensors to at::Tensor: the only place where bytes of a model file become numbers. In Hugging Face's layout and in the type
// that is asked for, whatever the file holds.
#pragma once

#include "training/formats/file_reader.h"
#include "training/models/model_source.h"
#include "training/quant/format.h"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

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
    // The same in `type`, of which alone a whole exists: bytes are converted in groups of rows.
    [[nodiscard]] at::Tensor read(const std::string& name, at::ScalarType type);
    // A matrix in the blocks in which the file stores it; nullptr where it cannot stay so (staysInBlocks()).
    [[nodiscard]] std::shared_ptr<const Quantised> blocks(const std::string& name);
    // The same rows in groups, first to last, so that a large tensor never exists as a whole in float32.
    void stream(const std::string& name, const std::function<void(const at::Tensor& rows)>& visit);
    [[nodiscard]] std::vector<int64_t> shape(const std::string& name) const { return entry(name).shape; }
    // SHA-256 of the stored bytes, type and shape: the key of cached spectra.
    [[nodiscard]] std::string hash(const std::string& name);

private:
    const FileReader& reader(const std::filesystem::path& file);
    [[nodiscard]] const TensorEntry& entry(const std::string& name) const;
    [[nodiscard]] RowTransform transformOf(const std::string& name) const;
    // `tensor` has the stored type's own values: its bytes are the file's.
    void readPlain(const TensorEntry& entry, at::Tensor& tensor);
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
