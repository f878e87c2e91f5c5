// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The only Linear: a frozen base weight, a bias, and an adapter where one sits on it.
#pragma once

#include "training/quant/format.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rankwright {

// What a method takes out of the base before training: W_base = W - scaling * B0 A0 (PiSSA 2404.02948 eq. 4).
struct BaseEdit
{
    at::Tensor A0, B0;     // float32
    double scaling = 1;
};

// The trained part of an adapted weight (out, in), float32:
//   W_eff = W_base + scaling * B core A, and, where the base drifts, + gain * scaling * (B A - driftB driftA);
//   with a magnitude, its rows are then scaled to those norms (DoRA 2402.09353 eq. 5);
//   or W_eff = weight, where the weight itself is trained.
struct Delta
{
    at::Tensor A;          // (rank, in)
    at::Tensor B;          // (out, rank)
    at::Tensor core;       // (rank) diagonal, (rank, rank), or undefined: identity
    at::Tensor magnitude;  // (out), or undefined
    at::Tensor weight;     // (out, in): trained instead of A and B, which are undefined then
    at::Tensor driftA, driftB;   // the snapshot of a base that drifts; undefined before the drift begins (Delta-LoRA)
    double driftGain = 0;
    double scaling = 1;
    double dropout = 0;    // on the adapter's input, while training
    // Of a base that several arms share and that therefore still holds it: - edit.scaling * B0 A0 belongs to W_eff.
    std::optional<BaseEdit> edit = std::nullopt;
};

// A frozen weight (out, in): dense in the compute dtype, in few bits, or still in the model's file.
class BaseWeight
{
public:
    // The original weight in float32, whole or in groups of rows from the first to the last.
    struct Original
    {
        std::function<at::Tensor()> whole;
        std::function<void(const std::function<void(const at::Tensor& rows)>&)> stream;
    };
    BaseWeight() = default;
    explicit BaseWeight(at::Tensor dense);
    BaseWeight(std::shared_ptr<const Quantised> quantised, at::ScalarType type);   // on the CPU
    // Read anew at each use, until place() is called: what a model is before its base has been quantised. Originals are on the CPU;
    // what is held, and the rows that eachRows() shows, are on `device`.
    BaseWeight(int64_t out, int64_t in, at::ScalarType type, Original original, at::Device device = at::kCPU);

    [[nodiscard]] int64_t out() const { return m_out; }
    [[nodiscard]] int64_t in() const { return m_in; }
    [[nodiscard]] at::ScalarType type() const { return m_type; }   // of the products
    [[nodiscard]] at::Device device() const { return m_device; }
    [[nodiscard]] at::Tensor dense() const;                        // float32, as stored
    // x W^T for a single row x (1, in) where the quantised base has a kernel for it; undefined where not. No gradient.
    [[nodiscard]] at::Tensor timesRow(const at::Tensor& x) const;
    [[nodiscard]] int64_t bytes() const;                           // held in memory
    [[nodiscard]] bool isQuantised() const { return m_quantised != nullptr; }
    // As it is held: dense in type(), or undefined; in few bits, or nullptr. Neither: still in the model's file.
    [[nodiscard]] const at::Tensor& held() const { return m_dense; }
    [[nodiscard]] const Quantised* quantised() const { return m_quantised.get(); }
    // The tensors that are held: codes and statistics, or the dense weight.
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> stored() const;
    // Stores original - scaling B0 A0, computed in float32, in `format` (BaseFormat::id; "none": the compute dtype). Without an edit
    // the weight never exists as a whole while it is quantised.
    void place(const Original& original, const std::optional<BaseEdit>& edit, const std::string& format);
    // Calls visit(first row, rows in `type`) over all rows: once with everything where the weight is dense, in pieces of about a million
    // values where it is not, so that the whole never exists.
    void eachRows(at::ScalarType type, const std::function<void(int64_t first, const at::Tensor& rows)>& visit) const;

private:
    int64_t m_out = 0, m_in = 0;
    at::ScalarType m_type = at::kFloat;
    at::Device m_device = at::kCPU;
    at::Tensor m_dense;
    std::shared_ptr<const Quantised> m_quantised;
    Original m_original;
};

struct LinearSlot
{
    std::string name;      // "model.layers.0.self_attn.q_proj"
    std::string kind;      // "q_proj"
    int64_t layer = 0;
    BaseWeight base;
    at::Tensor bias;       // undefined where there is none
    std::optional<Delta> delta;
    // Of the model in which arms of a comparison run together: each arm's slot on this base, in the order of ops::ArmTokens. Empty in
    // a model alone; `delta` is then nothing here.
    std::vector<const LinearSlot*> arms = {};
    [[nodiscard]] int64_t out() const { return base.out(); }
    [[nodiscard]] int64_t in() const { return base.in(); }
};

// The weight that the slot computes with, (out, in) float32, without a gradient.
at::Tensor effectiveWeight(const LinearSlot& slot);
// ||W_base + scaling B core A|| of each row, (out) float32, without a gradient: what DoRA divides by.
at::Tensor rowNorms(const LinearSlot& slot);

}  // namespace rankwright
