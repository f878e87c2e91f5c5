// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// DeBERTa-v3 (He and others 2021, arXiv 2111.09543; methods.md 5.3): no absolute positions; one table of distances for all layers, which
// each layer projects with its own query and key projections, adapters included.
#include "training/nn/encoder_block.h"
#include "training/ops/observe.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

// No sample has this number: dropout on the projected distances is drawn for the step, not for a row.
constexpr int64_t kNoSample = -1;

// The distances that the rows of a batch have.
struct Distances
{
    at::Tensor states;   // (distances, width), normalised
    at::Tensor index;    // (longest row, longest row): which of them query i and key j have
};

class DebertaBody : public Body
{
public:
    explicit DebertaBody(ParameterReader& reader);
    [[nodiscard]] at::Tensor forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const override;
    [[nodiscard]] size_t embeddings() const override { return m_words; }

private:
    [[nodiscard]] Distances distances(const Parameters& parameters, const Batch& batch, const Pass& pass) const;
    [[nodiscard]] ops::RelativeTerms terms(const Parameters& parameters, const EncoderBlock& block, const Distances& distances,
        const Pass& pass) const;

    size_t m_words = 0, m_distances = 0;   // into Parameters::tensors
    NormTensors m_norm, m_distanceNorm;
    std::vector<EncoderBlock> m_blocks;
};

DebertaBody::DebertaBody(ParameterReader& reader)
{
    m_words = reader.tensor("deberta.embeddings.word_embeddings.weight");
    m_norm = NormTensors(reader, "deberta.embeddings.LayerNorm");
    m_distances = reader.tensor("deberta.encoder.rel_embeddings.weight");
    m_distanceNorm = NormTensors(reader, "deberta.encoder.LayerNorm");
    for (int64_t i = 0; i < reader.config().layers; ++i)
        m_blocks.emplace_back(reader, i, "deberta.encoder.layer." + std::to_string(i) + ".", "_proj");
}

// Row of the table for a distance.
int64_t tableRow(int64_t distance, const ModelConfig& config)
{
    const auto buckets = config.positionBuckets;
    const auto bucket = ops::distanceBucket(distance, buckets, config.relativePositions);
    return std::clamp<int64_t>(bucket + buckets, 0, 2 * buckets - 1);
}

bool drops(const Parameters& parameters, const std::vector<EncoderBlock>& blocks)
{
    const auto has = [&](size_t slot) {
        const auto& delta = parameters.slots[slot].delta;
        return delta && delta->dropout > 0;
    };
    return std::ranges::any_of(blocks, [&](const EncoderBlock& block) { return has(block.query) || has(block.key); });
}

Distances DebertaBody::distances(const Parameters& parameters, const Batch& batch, const Pass& pass) const
{
    const auto& config = parameters.config;
    int64_t longest = 1;
    for (size_t i = 1; i < batch.bounds.size(); ++i)
        longest = std::max(longest, batch.bounds[i] - batch.bounds[i - 1]);
    // Distances that no row has are left out, unless that would shift what dropout is drawn from.
    const bool all = pass.dropout.training && drops(parameters, m_blocks);
    const auto first = all ? 0 : tableRow(1 - longest, config);
    const auto count = (all ? 2 * config.positionBuckets - 1 : tableRow(longest - 1, config)) - first + 1;
    std::vector<int64_t> rows;   // by distance + longest - 1
    for (int64_t distance = 1 - longest; distance < longest; ++distance)
        rows.push_back(tableRow(distance, config) - first);
    const auto at = at::arange(longest, at::kLong);
    const auto offsets = at.unsqueeze(1) - at.unsqueeze(0) + (longest - 1);
    return {m_distanceNorm.forward(parameters, parameters.tensor(m_distances).narrow(0, first, count).to(parameters.type)),
        at::tensor(rows, at::kLong).index_select(0, offsets.flatten()).view({longest, longest}).to(parameters.device)};
}

ops::RelativeTerms DebertaBody::terms(const Parameters& parameters, const EncoderBlock& block, const Distances& distances,
    const Pass& pass) const
{
    const auto& config = parameters.config;
    const std::vector<int64_t> bounds{0, distances.states.size(0)}, sample{kNoSample};
    auto dropout = pass.dropout;
    dropout.bounds = &bounds;
    dropout.sampleIndex = &sample;
    std::vector<const LinearSlot*> group;
    if (config.contentToPosition)
        group.push_back(&parameters.slots[block.key]);
    if (config.positionToContent)
        group.push_back(&parameters.slots[block.query]);
    ops::RelativeTerms terms{.index = distances.index};
    if (group.empty())
        return terms;
    const ops::Observing nobody([](const at::Tensor&, auto) {});   // distances are no tokens: calibration does not count them
    auto projected = ops::linearGroup(distances.states, group, dropout);
    for (auto& part : projected)
        part = part.view({part.size(0), config.heads, config.headDim});
    if (config.contentToPosition)
        terms.keys = projected.front();
    if (config.positionToContent)
        terms.queries = projected.back();
    return terms;
}

at::Tensor DebertaBody::forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const
{
    const auto near = distances(parameters, batch, pass);
    const auto words = parameters.tensor(m_words).index_select(0, batch.ids);
    auto h = m_norm.forward(parameters, words.to(parameters.type));
    for (const auto& block : m_blocks) {
        if (pass.allLayers)
            pass.allLayers->push_back(h);
        const auto parts = block.project(parameters, h, pass);
        const auto mixed = ops::disentangledAttention(parts[0], parts[1], parts[2], terms(parameters, block, near, pass), batch.bounds);
        h = block.finish(parameters, h, mixed, pass);
    }
    if (pass.allLayers)
        pass.allLayers->push_back(h);
    return h;
}

}  // namespace

std::unique_ptr<Body> makeDeberta(ParameterReader& reader)
{
    return std::make_unique<DebertaBody>(reader);
}

}  // namespace rankwright
