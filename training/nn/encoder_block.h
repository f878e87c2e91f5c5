// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What BERT, RoBERTa and DeBERTa have in common: layers whose norms stand behind the residual sums (methods.md 5.2).
#pragma once

#include "training/nn/body.h"

namespace rankwright {

// A layer norm's tensors, indices into Parameters::tensors.
struct NormTensors
{
    NormTensors() = default;
    NormTensors(ParameterReader& reader, const std::string& module);
    [[nodiscard]] at::Tensor forward(const Parameters& parameters, const at::Tensor& x) const;
    size_t weight = 0, bias = 0;
};

// x = LN(x + dense(attention(x))); x = LN(x + out(gelu(inter(x)))).
struct EncoderBlock
{
    // `prefix` ends with the layer's number and a point; the projections are called query, key and value with `suffix` behind.
    EncoderBlock(ParameterReader& reader, int64_t layer, const std::string& prefix, const std::string& suffix);
    // (tokens, heads, size) of queries, keys and values.
    [[nodiscard]] std::vector<at::Tensor> project(const Parameters& parameters, const at::Tensor& x, const Pass& pass) const;
    // The rest of the layer from its input and what attention mixed, both (tokens, width).
    [[nodiscard]] at::Tensor finish(const Parameters& parameters, const at::Tensor& x, const at::Tensor& mixed,
        const Pass& pass) const;

    size_t query = 0, key = 0, value = 0, attentionOutput = 0, intermediate = 0, output = 0;   // into Parameters::slots
    NormTensors attentionNorm, outputNorm;
};

}  // namespace rankwright
