// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From token ids to hidden states: one class a form of network (ModelConfig::form). A body holds indices into Parameters, never
// weights, so that adapters, exports and the optimiser need to know only the one table.
#pragma once

#include "training/nn/batch.h"
#include "training/nn/parameters.h"
#include "training/ops/ops.h"

#include <memory>
#include <vector>

namespace rankwright {

// Keys and values of earlier tokens, one entry a layer: (keys, kvHeads, size).
struct KeyValueCache
{
    std::vector<at::Tensor> keys, values;
    [[nodiscard]] int64_t length() const { return keys.empty() ? 0 : keys.front().size(0); }
};

// What a layer's router did with each token.
struct Routing
{
    at::Tensor shares;                     // (tokens, experts) float32, softmax over all experts
    at::Tensor chosen;                     // (tokens, perToken) int64
};

// What a pass is to do beside computing the last hidden state; nullptr: nothing.
struct Pass
{
    ops::DropoutSource dropout;
    KeyValueCache* cache = nullptr;
    std::vector<at::Tensor>* allLayers = nullptr;   // receives layers + 1 states, as transformers' hidden_states
    std::vector<Routing>* routing = nullptr;        // receives one entry a layer with experts
};

class Body
{
public:
    virtual ~Body() = default;
    // (tokens, hidden size), after the final norm where the network has one.
    [[nodiscard]] virtual at::Tensor forward(const Parameters& parameters, const Batch& batch, const Pass& pass) const = 0;
    // Where the table of embeddings is; it serves as the head of a tied model.
    [[nodiscard]] virtual size_t embeddings() const = 0;
};

// One of each value of ModelConfig::form; read what they need of the files.
std::unique_ptr<Body> makeDecoder(ParameterReader& reader);
std::unique_ptr<Body> makeEncoder(ParameterReader& reader);
std::unique_ptr<Body> makeDeberta(ParameterReader& reader);

}  // namespace rankwright
