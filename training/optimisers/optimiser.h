// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What turns gradients into an update. One file and one line in optimisers.inc each.
#pragma once

#include "training/api/config.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwright {

// One trained tensor; parameter and gradient are contiguous float32 views into the flat buffers of an AdapterSet, which lie in the
// order of the list. A low-rank pair is two neighbours, A (rank, in) before B (out, rank).
struct TrainedTensor
{
    enum class Role { A, B, other };
    std::string name;            // "model.layers.0.self_attn.q_proj.lora_A"
    Role role = Role::other;
    at::Tensor parameter, gradient;
    double rateFactor = 1;       // times the learning rate (LoRA+)
};

class Optimiser
{
public:
    virtual ~Optimiser() = default;
    // `step` counts from 1; `rate` is this step's learning rate; gradients are multiplied by `scale` (clipping) on the way.
    virtual void step(int64_t step, double rate, double scale) = 0;
    // What a checkpoint holds beside the parameters: loading copies into these very tensors, so that they have their final shapes
    // from the constructor on.
    [[nodiscard]] virtual std::vector<std::pair<std::string, at::Tensor>> state() = 0;
};

struct OptimiserSpec
{
    std::string_view id;         // "adamw"
    // Clips on its own (by config.clip) and gets scale 1 always.
    bool clipsItself = false;
    // `parameters` and `gradients` are the flat buffers that the views of `tensors` lie in. Throws Error{config} where it cannot train
    // such tensors.
    std::unique_ptr<Optimiser> (*make)(const std::vector<TrainedTensor>& tensors, at::Tensor parameters, at::Tensor gradients,
        const RunConfig& config);
};

const OptimiserSpec& optimiserById(std::string_view id);   // throws Error{config}

}  // namespace rankwright
