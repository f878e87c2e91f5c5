// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An MLP made of experts: a router chooses some for each token (Mixtral: Jiang and others 2024; DeepSeekMoE: Dai and others 2024).
#pragma once

#include "training/nn/body.h"

#include <array>

namespace rankwright {

// Indices into Parameters::slots of one gated MLP.
struct GatedMlp { size_t gate = 0, up = 0, down = 0; };
// down(activation(gate x) * up x), x (tokens, hidden size).
at::Tensor gatedMlp(const Parameters& parameters, const GatedMlp& mlp, const ops::Input& x, const ops::DropoutSource& dropout);

class ExpertLayer
{
public:
    // Reads the router, then every expert's matrices under the names of the family (Hugging Face's, one a matrix).
    ExpertLayer(ParameterReader& reader, int64_t layer);
    [[nodiscard]] at::Tensor forward(const Parameters& parameters, const at::Tensor& x, const Pass& pass) const;

private:
    size_t m_router = 0;
    std::vector<GatedMlp> m_experts;
    std::optional<GatedMlp> m_shared;
};

// Mixtral: E sum_e f_e P_e over all layers' tokens together, f_e the tokens that chose e and P_e the mean share. DeepSeek: by
// sequence and layer, sum_e (count_e / (L k / E)) mean share_e, its mean over sequences, summed over layers. A scalar with a gradient
// through the shares; `bounds` are the rows of the batch.
at::Tensor balancingLoss(const Experts& experts, const std::vector<Routing>& routing, const std::vector<int64_t>& bounds);

}  // namespace rankwright
