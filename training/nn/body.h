// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From token ids to hidden states: one class a form of network (ModelConfig::form). A body holds indices into Parameters, never
// weights, so that adapters, exports and the optimiser need to know only the one table.
#pragma once

#include "training/nn/batch.h"
#include "training/nn/key_value_cache.h"
#include "training/nn/parameters.h"
#include "training/ops/ops.h"

#include <memory>
#include <span>
#include <vector>

namespace rankwright {

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
    std::span<KeyValueCache* const> caches = {};    // empty, or one a row: what came before it, to which its tokens are added
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
