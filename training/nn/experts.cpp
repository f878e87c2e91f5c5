// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/experts.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

GatedMlp readMlp(ParameterReader& reader, const std::string& prefix, int64_t layer)
{
    const auto names = reader.config().experts;
    GatedMlp mlp;
    mlp.gate = reader.slot(prefix + names.gate, layer);
    mlp.up = reader.slot(prefix + names.up, layer);
    mlp.down = reader.slot(prefix + names.down, layer);
    return mlp;
}

// Rows of the batch as they lie in a selection of its tokens, which is in order; on the CPU.
std::vector<int64_t> boundsOf(const at::Tensor& tokens, const std::vector<int64_t>& bounds)
{
    const auto all = at::searchsorted(tokens, at::tensor(bounds, at::kLong));
    return {all.const_data_ptr<int64_t>(), all.const_data_ptr<int64_t>() + all.numel()};
}

}  // namespace

at::Tensor gatedMlp(const Parameters& parameters, const GatedMlp& mlp, const ops::Input& x, const ops::DropoutSource& dropout)
{
    const std::array<const LinearSlot*, 2> gateUp{&parameters.slots[mlp.gate], &parameters.slots[mlp.up]};
    const auto inner = ops::linearGroup(x, gateUp, dropout);
    const std::array<const LinearSlot*, 1> down{&parameters.slots[mlp.down]};
    return ops::linearGroup(ops::Input::gated(inner[0], inner[1], parameters.config.activation), down, dropout)[0];
}

ExpertLayer::ExpertLayer(ParameterReader& reader, int64_t layer)
{
    const auto experts = reader.config().experts;
    const auto block = "model.layers." + std::to_string(layer) + "." + experts.block + ".";
    m_router = reader.tensor(block + "gate.weight");
    for (int64_t e = 0; e < experts.count; ++e)
        m_experts.push_back(readMlp(reader, block + "experts." + std::to_string(e) + ".", layer));
    if (experts.shared > 0)
        m_shared = readMlp(reader, block + "shared_experts.", layer);
}

at::Tensor ExpertLayer::forward(const Parameters& parameters, const at::Tensor& x, const Pass& pass) const
{
    const auto& spec = parameters.config.experts;
    const auto shares = at::softmax(at::linear(x.to(at::kFloat), parameters.tensor(m_router).to(at::kFloat)), -1);
    auto [weights, chosen] = at::topk(shares, spec.perToken, -1);
    if (pass.routing)
        pass.routing->push_back({shares, chosen});
    if (spec.renormalise)
        weights = weights / weights.sum(-1, true);
    // Tokens sorted by expert, in their own order within each, so that every expert sees one matrix.
    const auto order = at::argsort(chosen.reshape(-1), true, 0, false);
    const auto counts = at::bincount(chosen.reshape(-1), {}, spec.count);
    // How many tokens each expert has, and which, the CPU has to know: one wait for a device in each layer.
    const auto orderHere = order.cpu(), countsHere = counts.cpu();
    const auto* count = countsHere.const_data_ptr<int64_t>();
    const auto flatWeights = weights.reshape(-1);
    std::vector<at::Tensor> outputs, places;
    int64_t first = 0;
    for (size_t e = 0; e < m_experts.size(); first += count[e], ++e) {
        if (count[e] == 0)
            continue;
        const auto picked = order.narrow(0, first, count[e]);
        const auto tokens = at::floor_divide(picked, spec.perToken);
        auto dropout = pass.dropout;
        std::vector<int64_t> bounds;
        if (dropout.bounds) {
            bounds = boundsOf(at::floor_divide(orderHere.narrow(0, first, count[e]), spec.perToken), *dropout.bounds);
            dropout.bounds = &bounds;
        }
        const auto y = gatedMlp(parameters, m_experts[e], x.index_select(0, tokens), dropout);
        outputs.push_back(y * flatWeights.index_select(0, picked).unsqueeze(1).to(y.scalar_type()));
        places.push_back(tokens);
    }
    auto mixed = at::zeros_like(x);
    if (!outputs.empty())   // of no tokens
        mixed = mixed.index_add(0, at::cat(places), at::cat(outputs));
    return m_shared ? mixed + gatedMlp(parameters, *m_shared, x, pass.dropout) : mixed;
}

namespace {

at::Tensor sequenceBalance(const Experts& experts, const Routing& routing, const std::vector<int64_t>& bounds)
{
    at::Tensor sum = at::zeros({}, routing.shares.options());
    int64_t sequences = 0;
    for (size_t row = 0; row + 1 < bounds.size(); ++row) {
        const auto length = bounds[row + 1] - bounds[row];
        if (length == 0)
            continue;
        const auto chosen = routing.chosen.narrow(0, bounds[row], length).reshape(-1);
        const auto load = at::bincount(chosen, {}, experts.count).to(at::kFloat)
            / (double(length * experts.perToken) / double(experts.count));
        sum = sum + (load * routing.shares.narrow(0, bounds[row], length).mean(0)).sum();
        ++sequences;
    }
    return sum / double(std::max<int64_t>(1, sequences));
}

}  // namespace

at::Tensor balancingLoss(const Experts& experts, const std::vector<Routing>& routing, const std::vector<int64_t>& bounds)
{
    if (experts.balancePerSequence) {
        at::Tensor sum = at::zeros({}, routing.front().shares.options());
        for (const auto& layer : routing)
            sum = sum + sequenceBalance(experts, layer, bounds);
        return sum;
    }
    std::vector<at::Tensor> shares, chosen;
    for (const auto& layer : routing) {
        shares.push_back(layer.shares);
        chosen.push_back(layer.chosen);
    }
    const auto all = at::cat(shares);
    const auto load = at::bincount(at::cat(chosen).reshape(-1), {}, experts.count).to(at::kFloat) / double(all.size(0));
    return (load * all.mean(0)).sum() * double(experts.count);
}

}  // namespace rankwright
