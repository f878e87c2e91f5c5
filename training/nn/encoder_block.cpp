// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/encoder_block.h"

#include <ATen/ATen.h>

#include <array>

namespace rankwright {

namespace {

at::Tensor linear(const Parameters& parameters, size_t slot, const at::Tensor& x, const Pass& pass)
{
    const std::array<const LinearSlot*, 1> one{&parameters.slots[slot]};
    return ops::linearGroup(x, one, pass.dropout)[0];
}

}  // namespace

NormTensors::NormTensors(ParameterReader& reader, const std::string& module)
    : weight(reader.tensor(module + ".weight")), bias(reader.tensor(module + ".bias"))
{
}

at::Tensor NormTensors::forward(const Parameters& parameters, const at::Tensor& x) const
{
    return ops::layerNorm(x, parameters.tensor(weight), parameters.tensor(bias), parameters.config.normEpsilon);
}

EncoderBlock::EncoderBlock(ParameterReader& reader, int64_t layer, const std::string& prefix, const std::string& suffix)
{
    query = reader.slot(prefix + "attention.self.query" + suffix, layer);
    key = reader.slot(prefix + "attention.self.key" + suffix, layer);
    value = reader.slot(prefix + "attention.self.value" + suffix, layer);
    attentionOutput = reader.slot(prefix + "attention.output.dense", layer);
    attentionNorm = NormTensors(reader, prefix + "attention.output.LayerNorm");
    intermediate = reader.slot(prefix + "intermediate.dense", layer);
    output = reader.slot(prefix + "output.dense", layer);
    outputNorm = NormTensors(reader, prefix + "output.LayerNorm");
    reader.layerDone(layer);
}

std::vector<at::Tensor> EncoderBlock::project(const Parameters& parameters, const at::Tensor& x, const Pass& pass) const
{
    const auto& config = parameters.config;
    const auto& slots = parameters.slots;
    const std::array<const LinearSlot*, 3> group{&slots[query], &slots[key], &slots[value]};
    auto projected = ops::linearGroup(x, group, pass.dropout);
    for (auto& part : projected)
        part = part.view({part.size(0), config.heads, config.headDim});
    return projected;
}

at::Tensor EncoderBlock::finish(const Parameters& parameters, const at::Tensor& x, const at::Tensor& mixed, const Pass& pass) const
{
    const auto h = attentionNorm.forward(parameters, x + linear(parameters, attentionOutput, mixed, pass));
    const auto inner = ops::activated(linear(parameters, intermediate, h, pass), parameters.config.activation);
    return outputNorm.forward(parameters, h + linear(parameters, output, inner, pass));
}

}  // namespace rankwright
