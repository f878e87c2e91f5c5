// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/decoder.h"

#include "training/ops/product.h"

#include <ATen/ATen.h>

#include <array>

namespace rankwright {

BaseWeight::Original originalOf(Weights& weights, const std::string& tensor)
{
    return {.whole = [&weights, tensor] { return weights.read(tensor); },
        .stream = [&weights, tensor](const auto& visit) { weights.stream(tensor, visit); }};
}

Decoder::Decoder(Weights& weights, at::ScalarType type, const Progress& progress, bool basesLater)
    : m_config(weights.config()), m_type(type), m_tied(m_config.tiedEmbeddings)
{
    const auto read = [&](const std::string& name) {
        auto tensor = weights.read(name);
        m_parameters += tensor.numel();
        return tensor.to(type);
    };
    m_embeddings = read("model.embed_tokens.weight");
    m_norm = read("model.norm.weight");
    if (!m_tied)
        m_head = read("lm_head.weight");
    const auto frequencies = ropeFrequencies(m_config);
    m_frequencies = at::tensor(std::vector<float>(frequencies.begin(), frequencies.end()), at::kFloat);
    m_slots.reserve(size_t(m_config.layers) * 7);
    for (int64_t i = 0; i < m_config.layers; ++i) {
        const auto prefix = "model.layers." + std::to_string(i) + ".";
        Layer layer;
        layer.inputNorm = read(prefix + "input_layernorm.weight");
        layer.postAttentionNorm = read(prefix + "post_attention_layernorm.weight");
        layer.q = addSlot(weights, i, "self_attn.", "q_proj", basesLater);
        layer.k = addSlot(weights, i, "self_attn.", "k_proj", basesLater);
        layer.v = addSlot(weights, i, "self_attn.", "v_proj", basesLater);
        layer.o = addSlot(weights, i, "self_attn.", "o_proj", basesLater);
        layer.gate = addSlot(weights, i, "mlp.", "gate_proj", basesLater);
        layer.up = addSlot(weights, i, "mlp.", "up_proj", basesLater);
        layer.down = addSlot(weights, i, "mlp.", "down_proj", basesLater);
        m_layers.push_back(std::move(layer));
        if (progress)
            progress("Loading the model", i + 1, m_config.layers);
    }
}

size_t Decoder::addSlot(Weights& weights, int64_t layer, const std::string& part, const std::string& kind, bool baseLater)
{
    LinearSlot slot;
    slot.name = "model.layers." + std::to_string(layer) + "." + part + kind;
    slot.kind = kind;
    slot.layer = layer;
    const auto name = slot.name + ".weight";
    if (baseLater) {
        const auto shape = weights.shape(name);
        slot.base = BaseWeight(shape[0], shape[1], m_type, originalOf(weights, name));
    } else {
        slot.base = BaseWeight(weights.read(name).to(m_type));
    }
    m_parameters += slot.out() * slot.in();
    if (weights.has(slot.name + ".bias")) {
        slot.bias = weights.read(slot.name + ".bias").to(m_type);
        m_parameters += slot.bias.numel();
    }
    m_slots.push_back(std::move(slot));
    return m_slots.size() - 1;
}

at::Tensor Decoder::attend(const Layer& layer, const at::Tensor& x, const Batch& batch,
    const ops::DropoutSource& dropout, KeyValueCache* cache, size_t index) const
{
    const std::array<const LinearSlot*, 3> qkv{&m_slots[layer.q], &m_slots[layer.k], &m_slots[layer.v]};
    const auto projected = ops::linearGroup(x, qkv, dropout);
    const auto angles = batch.positions.to(at::kFloat).unsqueeze(1) * m_frequencies.unsqueeze(0);
    const auto cos = angles.cos(), sin = angles.sin();
    const auto heads = [&](const at::Tensor& t, int64_t count) { return t.view({t.size(0), count, m_config.headDim}); };
    const auto q = ops::rotate(heads(projected[0], m_config.heads), cos, sin);
    auto k = ops::rotate(heads(projected[1], m_config.kvHeads), cos, sin);
    auto v = heads(projected[2], m_config.kvHeads);
    if (cache) {
        if (index < cache->keys.size()) {
            k = cache->keys[index] = at::cat({cache->keys[index], k});
            v = cache->values[index] = at::cat({cache->values[index], v});
        } else {
            cache->keys.push_back(k);
            cache->values.push_back(v);
        }
    }
    const auto mixed = ops::attention(q, k, v, batch.bounds, m_config.slidingWindow);
    const std::array<const LinearSlot*, 1> o{&m_slots[layer.o]};
    return ops::linearGroup(mixed, o, dropout)[0];
}

at::Tensor Decoder::forward(const Batch& batch, const ops::DropoutSource& dropout, KeyValueCache* cache,
    std::vector<at::Tensor>* allLayers) const
{
    auto h = m_embeddings.index_select(0, batch.ids).to(m_type);
    for (size_t i = 0; i < m_layers.size(); ++i) {
        const auto& layer = m_layers[i];
        if (allLayers)
            allLayers->push_back(h);
        h = h + attend(layer, ops::rmsNorm(h, layer.inputNorm, m_config.normEpsilon), batch, dropout, cache, i);
        const std::array<const LinearSlot*, 2> gateUp{&m_slots[layer.gate], &m_slots[layer.up]};
        const auto inner
            = ops::linearGroup(ops::rmsNorm(h, layer.postAttentionNorm, m_config.normEpsilon), gateUp, dropout);
        const std::array<const LinearSlot*, 1> down{&m_slots[layer.down]};
        h = h + ops::linearGroup(ops::swiGlu(inner[0], inner[1]), down, dropout)[0];
    }
    h = ops::rmsNorm(h, m_norm, m_config.normEpsilon);
    if (allLayers)
        allLayers->push_back(h);
    return h;
}

at::Tensor Decoder::logits(const at::Tensor& hidden) const
{
    return ops::timesTransposed(hidden, head().to(m_type)).to(at::kFloat);
}

at::Tensor Decoder::losses(const Batch& batch, const ops::DropoutSource& dropout) const
{
    auto source = dropout;
    source.bounds = &batch.bounds;
    source.sampleIndex = &batch.sampleIndex;
    const auto hidden = forward(batch, source);
    return ops::lmLoss(hidden.index_select(0, batch.targetIndex), head(), batch.targets);
}

LinearSlot* Decoder::slot(const std::string& name)
{
    for (auto& slot : m_slots) {
        if (slot.name == name)
            return &slot;
    }
    return nullptr;
}

int64_t Decoder::bytes() const
{
    int64_t bytes = 0;
    for (const auto& [name, tensor] : otherTensors())
        bytes += int64_t(tensor.nbytes());
    for (const auto& slot : m_slots)
        bytes += slot.base.bytes() + (slot.bias.defined() ? int64_t(slot.bias.nbytes()) : 0);
    return bytes;
}

at::Tensor* Decoder::parameter(const std::string& name)
{
    if (name == "model.embed_tokens.weight")
        return &m_embeddings;
    if (name == "model.norm.weight")
        return &m_norm;
    if (name == "lm_head.weight") {
        if (m_tied)
            m_head = m_embeddings.detach().clone();
        m_tied = false;
        return &m_head;
    }
    for (size_t i = 0; i < m_layers.size(); ++i) {
        const auto prefix = "model.layers." + std::to_string(i) + ".";
        if (name == prefix + "input_layernorm.weight")
            return &m_layers[i].inputNorm;
        if (name == prefix + "post_attention_layernorm.weight")
            return &m_layers[i].postAttentionNorm;
    }
    return nullptr;
}

std::vector<std::pair<std::string, at::Tensor>> Decoder::otherTensors() const
{
    std::vector<std::pair<std::string, at::Tensor>> tensors{{"model.embed_tokens.weight", m_embeddings}};
    for (size_t i = 0; i < m_layers.size(); ++i) {
        const auto prefix = "model.layers." + std::to_string(i) + ".";
        tensors.emplace_back(prefix + "input_layernorm.weight", m_layers[i].inputNorm);
        tensors.emplace_back(prefix + "post_attention_layernorm.weight", m_layers[i].postAttentionNorm);
    }
    tensors.emplace_back("model.norm.weight", m_norm);
    if (!m_tied)
        tensors.emplace_back("lm_head.weight", m_head);
    return tensors;
}

}  // namespace rankwright
