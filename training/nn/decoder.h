// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A causal language model built from a ModelConfig: embedding, layers of attention and gated MLP, final norm, head. Frozen: only
// the adapters on its slots are trained, and single tensors that are asked for by parameter().
#pragma once

#include "training/io/weights.h"
#include "training/nn/batch.h"
#include "training/nn/linear.h"
#include "training/ops/ops.h"

#include <functional>
#include <memory>
#include <vector>

namespace rankwright {

// Keys and values of earlier tokens, one entry a layer: (keys, kvHeads, size).
struct KeyValueCache
{
    std::vector<at::Tensor> keys, values;
    [[nodiscard]] int64_t length() const { return keys.empty() ? 0 : keys.front().size(0); }
};

// The original weight behind a tensor of the model's files.
BaseWeight::Original originalOf(Weights& weights, const std::string& tensor);

class Decoder
{
public:
    using Progress = std::function<void(const std::string& what, int64_t done, int64_t total)>;
    // Reads every tensor; frozen weights and activations are `type` (float32 or bfloat16). With `basesLater` the matrices of the
    // slots stay in the files, read at each use, until BaseWeight::place() puts them into few bits; `weights` must outlive that.
    Decoder(Weights& weights, at::ScalarType type, const Progress& progress = {}, bool basesLater = false);

    // (tokens, hidden size) after the final norm. `allLayers`, where given, receives layers + 1 states: the embeddings and each
    // layer's output, the last one after the final norm (as transformers' hidden_states).
    at::Tensor forward(const Batch& batch, const ops::DropoutSource& dropout = {}, KeyValueCache* cache = nullptr,
        std::vector<at::Tensor>* allLayers = nullptr) const;
    // (tokens, hidden size) -> (tokens, vocabulary) float32, without a gradient.
    [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;
    // Loss of every target of the batch, float32 (targets).
    [[nodiscard]] at::Tensor losses(const Batch& batch, const ops::DropoutSource& dropout = {}) const;

    [[nodiscard]] const ModelConfig& config() const { return m_config; }
    [[nodiscard]] at::ScalarType type() const { return m_type; }
    [[nodiscard]] std::vector<LinearSlot>& slots() { return m_slots; }
    [[nodiscard]] const std::vector<LinearSlot>& slots() const { return m_slots; }
    [[nodiscard]] LinearSlot* slot(const std::string& name);
    [[nodiscard]] int64_t parameters() const { return m_parameters; }
    [[nodiscard]] int64_t bytes() const;           // of all weights as they are held now
    [[nodiscard]] bool tied() const { return m_tied; }
    // The embedding, a norm or the head by its tensor name, to be replaced by one that is trained; nullptr where there is none. A
    // head that is tied gets a tensor of its own when it is asked for under its own name.
    [[nodiscard]] at::Tensor* parameter(const std::string& name);
    // Frozen tensors that no adapter sits on: embeddings, norms, an untied head, by name.
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> otherTensors() const;

private:
    struct Layer
    {
        at::Tensor inputNorm, postAttentionNorm;
        size_t q = 0, k = 0, v = 0, o = 0, gate = 0, up = 0, down = 0;   // indices into m_slots
    };
    size_t addSlot(Weights& weights, int64_t layer, const std::string& part, const std::string& kind, bool baseLater);
    [[nodiscard]] const at::Tensor& head() const { return m_tied ? m_embeddings : m_head; }
    at::Tensor attend(const Layer& layer, const at::Tensor& x, const Batch& batch, const ops::DropoutSource& dropout,
        KeyValueCache* cache, size_t index) const;

    ModelConfig m_config;
    at::ScalarType m_type;
    at::Tensor m_embeddings, m_norm, m_head;   // m_head is undefined where the embeddings serve as head
    bool m_tied = false;
    at::Tensor m_frequencies;                  // (head size / 2) float32
    std::vector<Layer> m_layers;
    std::vector<LinearSlot> m_slots;
    int64_t m_parameters = 0;
};

}  // namespace rankwright
