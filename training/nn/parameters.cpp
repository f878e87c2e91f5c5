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

ParameterReader::ParameterReader(Weights& weights, at::ScalarType type, const Progress& progress, bool basesLater,
    at::Device device)
    : m_weights(weights), m_progress(progress), m_basesLater(basesLater)
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

size_t ParameterReader::slot(const std::string& module, int64_t layer)
{
    LinearSlot slot;
    slot.name = module;
    slot.kind = module.substr(module.rfind('.') + 1);
    slot.layer = layer;
    const auto name = module + ".weight";
    if (m_basesLater) {
        const auto shape = m_weights.shape(name);
        slot.base = BaseWeight(shape[0], shape[1], m_parameters.type, originalOf(m_weights, name), m_parameters.device);
        m_parameters.count += shape[0] * shape[1];
    } else {
        slot.base = BaseWeight(read(name));
    }
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
