// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The only Linear: a frozen base weight, a bias, and an adapter where one sits on it.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace rankwright {

// The trained part of an adapted weight: W_eff = W_base + scaling * B A.
struct Delta
{
    at::Tensor A;          // (rank, in) float32
    at::Tensor B;          // (out, rank) float32
    double scaling = 1;    // alpha / rank
    double dropout = 0;    // on the adapter's input, while training
};

// What a method takes out of the base before training: W_base = W - scaling * B0 A0 (PiSSA 2404.02948 eq. 4).
struct BaseEdit
{
    at::Tensor A0, B0;     // float32
    double scaling = 1;
};

// A frozen weight (out, in) in the compute dtype.
class BaseWeight
{
public:
    BaseWeight() = default;
    explicit BaseWeight(at::Tensor weight) : m_weight(std::move(weight)) {}
    [[nodiscard]] const at::Tensor& stored() const { return m_weight; }
    [[nodiscard]] at::Tensor dense() const;   // float32
    // Sets it to original - scaling B0 A0, computed in float32 and cast to the compute dtype.
    void setEdited(const at::Tensor& original, const BaseEdit& edit);
    void set(const at::Tensor& original);     // back to the original, cast

private:
    at::Tensor m_weight;
};

struct LinearSlot
{
    std::string name;      // "model.layers.0.self_attn.q_proj"
    std::string kind;      // "q_proj"
    int64_t layer = 0;
    BaseWeight base;
    at::Tensor bias;       // undefined where there is none
    std::optional<Delta> delta;
    [[nodiscard]] int64_t out() const { return base.stored().size(0); }
    [[nodiscard]] int64_t in() const { return base.stored().size(1); }
};

}  // namespace rankwright
