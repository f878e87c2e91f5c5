// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// BERT (Devlin and others 2019) and RoBERTa (Liu and others 2019): words, absolute positions and token types, normalised, then layers
// in which every token of a row sees all of it.
#include "training/api/error.h"
#include "training/nn/encoder_block.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

class EncoderBody : public Body
{
public:
    explicit EncoderBody(ParameterReader& reader);
    [[nodiscard]] at::Tensor forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const override;
    [[nodiscard]] size_t embeddings() const override { return m_words; }

private:
    [[nodiscard]] at::Tensor embed(const Parameters& parameters, const Batch& batch) const;

    size_t m_words = 0, m_positions = 0, m_types = 0;   // into Parameters::tensors
    NormTensors m_norm;
    std::vector<EncoderBlock> m_blocks;
};

EncoderBody::EncoderBody(ParameterReader& reader)
{
    // Hugging Face's names of both families begin with the family's own.
    const auto& config = reader.config();
    const auto embeddings = config.family + ".embeddings.";
    m_words = reader.tensor(embeddings + "word_embeddings.weight");
    m_positions = reader.tensor(embeddings + "position_embeddings.weight");
    m_types = reader.tensor(embeddings + "token_type_embeddings.weight");
    m_norm = NormTensors(reader, embeddings + "LayerNorm");
    for (int64_t i = 0; i < config.layers; ++i)
        m_blocks.emplace_back(reader, i, config.family + ".encoder.layer." + std::to_string(i) + ".", "");
}

void refuseLongRows(const Batch& batch, const ModelConfig& config)
{
    const auto longest = batch.positions.numel() > 0 ? batch.positions.max().item<int64_t>() + 1 : 0;
    if (longest <= config.contextLength)
        return;
    throw Error({.code = Code::limit, .place = "row", .found = std::to_string(longest) + " tokens",
        .allowed = "at most " + std::to_string(config.contextLength) + ", the model's table of positions",
        .advice = "Cut the rows at that length."});
}

// Where positions begin behind the padding token's id, a padding token written within a row sits at that id and is not counted
// (transformers' create_position_ids_from_input_ids).
at::Tensor tablePositions(const Batch& batch, int64_t firstPosition)
{
    const auto padding = firstPosition - 1;
    if (firstPosition == 0 || !batch.ids.eq(padding).any().item<bool>())
        return batch.positions + firstPosition;
    std::vector<at::Tensor> rows;
    for (int64_t row = 0; row < batch.rows(); ++row) {
        const auto first = batch.bounds[size_t(row)], last = batch.bounds[size_t(row) + 1];
        const auto counted = batch.ids.slice(0, first, last).ne(padding).to(at::kLong);
        rows.push_back(counted.cumsum(0) * counted + padding);
    }
    return at::cat(rows);
}

at::Tensor EncoderBody::embed(const Parameters& parameters, const Batch& batch) const
{
    const auto& config = parameters.config;
    refuseLongRows(batch, config);
    const auto looked = [&](size_t table, const at::Tensor& rows) { return parameters.tensor(table).index_select(0, rows); };
    // A model with one type knows no difference between two texts.
    const auto types = batch.types.defined() ? batch.types.clamp_max(config.tokenTypes - 1) : at::zeros_like(batch.ids);
    const auto sum = looked(m_words, batch.ids) + looked(m_types, types)
        + looked(m_positions, tablePositions(batch, config.firstPosition));
    return m_norm.forward(parameters, sum.to(parameters.type));
}

at::Tensor EncoderBody::forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const
{
    auto h = embed(parameters, batch);
    for (const auto& block : m_blocks) {
        if (pass.allLayers)
            pass.allLayers->push_back(h);
        const auto parts = block.project(parameters, h, pass);
        h = block.finish(parameters, h, ops::attention(parts[0], parts[1], parts[2], batch.bounds, {.causal = false}), pass);
    }
    if (pass.allLayers)
        pass.allLayers->push_back(h);
    return h;
}

}  // namespace

std::unique_ptr<Body> makeEncoder(ParameterReader& reader)
{
    return std::make_unique<EncoderBody>(reader);
}

}  // namespace rankwright
