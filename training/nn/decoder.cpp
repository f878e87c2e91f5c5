// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The decoder of Llama and what is built like it: embedding, layers of attention and a gated MLP or experts, final norm. What families
// do differently are numbers of ModelConfig.
#include "training/nn/decoder.h"

#include <ATen/ATen.h>

#include <array>

namespace rankwright {

namespace {

at::Tensor frequencyTensor(const std::vector<double>& frequencies)
{
    return at::tensor(std::vector<float>(frequencies.begin(), frequencies.end()), at::kFloat);
}

struct QueriesKeysValues { at::Tensor q, k, v; };   // (tokens, heads or kvHeads, size)

// Attention of rows that go on, each behind what its cache has; their keys and values are added to the caches.
at::Tensor attendBehind(std::span<KeyValueCache* const> caches, size_t layer, const QueriesKeysValues& now,
    const std::vector<int64_t>& bounds, const ops::AttentionRule& rule)
{
    std::vector<at::Tensor> rows;
    for (size_t i = 0; i + 1 < bounds.size(); ++i) {
        const auto first = bounds[i], count = bounds[i + 1] - first;
        const auto [k, v] = caches[i]->append(layer, now.k.narrow(0, first, count), now.v.narrow(0, first, count));
        rows.push_back(ops::attention(now.q.narrow(0, first, count), k, v, {0, count}, rule));
    }
    return rows.size() == 1 ? rows.front() : at::cat(rows);
}

class DecoderBody : public Body
{
public:
    explicit DecoderBody(ParameterReader& reader);
    [[nodiscard]] at::Tensor forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const override;
    [[nodiscard]] size_t embeddings() const override { return m_embeddings; }

private:
    using Layer = DecoderLayer;
    [[nodiscard]] static Layer readLayer(ParameterReader& reader, int64_t index);
    [[nodiscard]] at::Tensor attend(const Parameters& parameters, size_t index, const ops::Input& x, const Batch& batch,
        const Angles& angles, const Pass& pass) const;
    [[nodiscard]] at::Tensor norm(const Parameters& parameters, const at::Tensor& x, size_t weight) const;
    [[nodiscard]] ops::Input normed(const Parameters& parameters, const at::Tensor& x, size_t weight) const;

    size_t m_embeddings = 0, m_norm = 0;
    at::Tensor m_frequencies, m_localFrequencies;   // (head size / 2) float32
    std::vector<Layer> m_layers;
};

DecoderBody::DecoderBody(ParameterReader& reader)
{
    const auto& config = reader.config();
    m_embeddings = reader.tensor("model.embed_tokens.weight");
    m_frequencies = frequencyTensor(ropeFrequencies(config)).to(reader.device());
    if (config.localRopeTheta > 0) {
        auto local = config;
        local.ropeTheta = config.localRopeTheta;
        local.rope = {};
        m_localFrequencies = frequencyTensor(ropeFrequencies(local)).to(reader.device());
    }
    for (int64_t i = 0; i < config.layers; ++i) {
        m_layers.push_back(readLayer(reader, i));
        reader.layerDone(i);
    }
    m_norm = reader.tensor("model.norm.weight");
}

DecoderBody::Layer DecoderBody::readLayer(ParameterReader& reader, int64_t index)
{
    const auto& config = reader.config();
    const auto prefix = "model.layers." + std::to_string(index) + ".";
    Layer layer;
    const bool windowed = config.windowed.empty() || config.windowed[size_t(index)];
    layer.window = windowed ? config.slidingWindow : 0;
    layer.local = windowed && config.localRopeTheta > 0;
    layer.inputNorm = reader.tensor(prefix + "input_layernorm.weight");
    layer.postAttentionNorm = reader.tensor(prefix + "post_attention_layernorm.weight");
    if (config.sandwichNorms) {
        layer.preFeedforwardNorm = reader.tensor(prefix + "pre_feedforward_layernorm.weight");
        layer.postFeedforwardNorm = reader.tensor(prefix + "post_feedforward_layernorm.weight");
    }
    if (config.queryKeyNorm) {
        layer.queryNorm = reader.tensor(prefix + "self_attn.q_norm.weight");
        layer.keyNorm = reader.tensor(prefix + "self_attn.k_norm.weight");
    }
    layer.q = reader.slot(prefix + "self_attn.q_proj", index);
    layer.k = reader.slot(prefix + "self_attn.k_proj", index);
    layer.v = reader.slot(prefix + "self_attn.v_proj", index);
    layer.o = reader.slot(prefix + "self_attn.o_proj", index);
    if (config.experts.in(index)) {
        layer.experts.emplace(reader, index);
        return layer;
    }
    layer.mlp.gate = reader.slot(prefix + "mlp.gate_proj", index);
    layer.mlp.up = reader.slot(prefix + "mlp.up_proj", index);
    layer.mlp.down = reader.slot(prefix + "mlp.down_proj", index);
    return layer;
}

at::Tensor DecoderBody::norm(const Parameters& parameters, const at::Tensor& x, size_t weight) const
{
    const auto& config = parameters.config;
    return ops::rmsNorm(x, parameters.tensor(weight), config.normEpsilon, config.normAddsOne);
}

ops::Input DecoderBody::normed(const Parameters& parameters, const at::Tensor& x, size_t weight) const
{
    const auto& config = parameters.config;
    return ops::Input::normed(x, parameters.tensor(weight), config.normEpsilon, config.normAddsOne);
}

at::Tensor DecoderBody::attend(const Parameters& parameters, size_t index, const ops::Input& x, const Batch& batch,
    const Angles& angles, const Pass& pass) const
{
    const auto& config = parameters.config;
    const auto& layer = m_layers[index];
    const auto& slots = parameters.slots;
    const std::array<const LinearSlot*, 3> qkv{&slots[layer.q], &slots[layer.k], &slots[layer.v]};
    const auto projected = ops::linearGroup(x, qkv, pass.dropout);
    const auto heads = [&](const at::Tensor& t, int64_t count, size_t headNorm) {
        if (headNorm == kNone)
            return t.view({t.size(0), count, config.headDim});
        return norm(parameters, t.reshape({t.size(0) * count, config.headDim}), headNorm)
            .view({t.size(0), count, config.headDim});
    };
    const auto q = ops::rotate(heads(projected[0], config.heads, layer.queryNorm), angles.cos, angles.sin);
    const auto k = ops::rotate(heads(projected[1], config.kvHeads, layer.keyNorm), angles.cos, angles.sin);
    const auto v = heads(projected[2], config.kvHeads, kNone);
    const ops::AttentionRule rule{.window = layer.window, .scale = config.attentionScale, .softcap = config.attentionSoftcap};
    const auto mixed = pass.caches.empty() ? ops::attention(q, k, v, batch.bounds, rule)
                                           : attendBehind(pass.caches, index, {q, k, v}, batch.bounds, rule);
    const std::array<const LinearSlot*, 1> o{&slots[layer.o]};
    return ops::linearGroup(mixed, o, pass.dropout)[0];
}

at::Tensor DecoderBody::forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const
{
    const auto& config = parameters.config;
    const auto anglesOf = [&](const at::Tensor& frequencies) {
        const auto angles = batch.positions.to(at::kFloat).unsqueeze(1) * frequencies.unsqueeze(0);
        return Angles{angles.cos(), angles.sin()};
    };
    const auto angles = anglesOf(m_frequencies);
    const auto localAngles = m_localFrequencies.defined() ? anglesOf(m_localFrequencies) : Angles();
    auto h = parameters.tensor(m_embeddings).index_select(0, batch.ids).to(parameters.type);
    if (config.embeddingScale != 1)   // the factor itself is rounded to the compute type, as transformers does
        h = h * at::scalar_tensor(config.embeddingScale, h.options());
    if (isDecoderStep(parameters, m_layers, batch, pass))
        return norm(parameters, decoderStep(parameters, m_layers, h, angles, localAngles, pass).to(parameters.type), m_norm);
    for (size_t i = 0; i < m_layers.size(); ++i) {
        const auto& layer = m_layers[i];
        if (pass.allLayers)
            pass.allLayers->push_back(h);
        auto mixed = attend(parameters, i, normed(parameters, h, layer.inputNorm), batch, layer.local ? localAngles : angles, pass);
        if (config.sandwichNorms)
            mixed = norm(parameters, mixed, layer.postAttentionNorm);
        h = h + mixed;
        const auto x = normed(parameters, h, config.sandwichNorms ? layer.preFeedforwardNorm : layer.postAttentionNorm);
        auto y = layer.experts ? layer.experts->forward(parameters, x.value(), pass) : gatedMlp(parameters, layer.mlp, x, pass.dropout);
        if (config.sandwichNorms)
            y = norm(parameters, y, layer.postFeedforwardNorm);
        h = h + y;
    }
    h = norm(parameters, h, m_norm);
    if (pass.allLayers)
        pass.allLayers->push_back(h);
    return h;
}

}  // namespace

std::unique_ptr<Body> makeDecoder(ParameterReader& reader)
{
    return std::make_unique<DecoderBody>(reader);
}

}  // namespace rankwright
