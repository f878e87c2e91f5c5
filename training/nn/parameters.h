// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The weights of a model in memory: matrices that an adapter can sit on, and everything else by name.
#pragma once

#include "training/io/weights.h"
#include "training/nn/linear.h"

#include <functional>
#include <utility>
#include <vector>

namespace rankwright {

// How the matrices of the slots are held once a model is loaded.
enum class Bases {
    dense,      // in the model's type
    later,      // still in the files, read at each use, until BaseWeight::place() puts them into few bits; the Weights must outlive that
    asStored,   // on the CPU in the blocks in which a GGUF file has them (quant/file_blocks.h), else dense; for what only reads them
};

struct Parameters
{
    ModelConfig config;
    at::ScalarType type = at::kFloat;      // of frozen weights and activations
    at::Device device = at::kCPU;          // where they are
    std::vector<LinearSlot> slots;
    std::vector<std::pair<std::string, at::Tensor>> tensors;   // embeddings, norms, heads
    int64_t count = 0;                     // parameters as the files have them
    [[nodiscard]] const at::Tensor& tensor(size_t index) const { return tensors[index].second; }
};

// The original weight behind a tensor of the model's files.
BaseWeight::Original originalOf(Weights& weights, const std::string& tensor);

// Fills Parameters from a model's files; what a model class keeps of them are the indices.
class ParameterReader
{
public:
    using Progress = std::function<void(const std::string& what, int64_t done, int64_t total)>;
    ParameterReader(Weights& weights, at::ScalarType type, const Progress& progress, Bases bases, at::Device device = at::kCPU);
    [[nodiscard]] const ModelConfig& config() const { return m_parameters.config; }
    [[nodiscard]] at::Device device() const { return m_parameters.device; }
    [[nodiscard]] bool has(const std::string& name) const { return m_weights.has(name); }
    // A tensor by its full name ("model.norm.weight") -> index into Parameters::tensors.
    size_t tensor(const std::string& name);
    // A matrix, and its bias where the files have one, by its module's name ("model.layers.0.self_attn.q_proj") -> index into
    // Parameters::slots. The last part of the name is its kind.
    size_t slot(const std::string& module, int64_t layer);
    void layerDone(int64_t layer);
    [[nodiscard]] Parameters take() { return std::move(m_parameters); }

private:
    at::Tensor read(const std::string& name);
    BaseWeight base(const std::string& name);
    Weights& m_weights;
    Parameters m_parameters;
    Progress m_progress;
    Bases m_bases;
};

}  // namespace rankwright
