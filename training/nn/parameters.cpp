// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/parameters.h"

#include <ATen/ATen.h>

namespace rankwright {

BaseWeight::Original originalOf(Weights& weights, const std::string& tensor)
{
    return {.whole = [&weights, tensor] { return weights.read(tensor); },
        .stream = [&weights, tensor](const auto& visit) { weights.stream(tensor, visit); }};
}

ParameterReader::ParameterReader(Weights& weights, at::ScalarType type, const Progress& progress, Bases bases,
    at::Device device)
    : m_weights(weights), m_progress(progress), m_bases(bases)
{
    m_parameters.config = weights.config();
    m_parameters.type = type;
    m_parameters.device = device;
}

at::Tensor ParameterReader::read(const std::string& name)
{
    auto tensor = m_weights.read(name, m_parameters.type).to(m_parameters.device);
    m_parameters.count += tensor.numel();
    return tensor;
}

size_t ParameterReader::tensor(const std::string& name)
{
    m_parameters.tensors.emplace_back(name, read(name));
    return m_parameters.tensors.size() - 1;
}

BaseWeight ParameterReader::base(const std::string& name)
{
    const auto shape = m_weights.shape(name);
    const auto count = shape[0] * shape[1];
    if (m_bases == Bases::later) {
        m_parameters.count += count;
        return {shape[0], shape[1], m_parameters.type, originalOf(m_weights, name), m_parameters.device};
    }
    if (m_bases == Bases::asStored) {
        if (auto blocks = m_weights.blocks(name)) {
            m_parameters.count += count;
            return {std::move(blocks), m_parameters.type};
        }
    }
    return BaseWeight(read(name));
}

size_t ParameterReader::slot(const std::string& module, int64_t layer)
{
    LinearSlot slot;
    slot.name = module;
    slot.kind = module.substr(module.rfind('.') + 1);
    slot.layer = layer;
    slot.base = base(module + ".weight");
    if (m_weights.has(module + ".bias"))
        slot.bias = read(module + ".bias");
    m_parameters.slots.push_back(std::move(slot));
    return m_parameters.slots.size() - 1;
}

void ParameterReader::layerDone(int64_t layer)
{
    if (m_progress)
        m_progress("Loading the model", layer + 1, config().layers);
}

}  // namespace rankwright
