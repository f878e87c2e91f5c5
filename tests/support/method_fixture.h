// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// For tests of the methods' arithmetic: weights with a spectrum, what a method's start makes of one, without a model.
#pragma once

#include "training/adapters/decompose.h"
#include "training/adapters/method.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace rankwright {

// (rows, cols) float32 with singular values 1, 2^-decay, 3^-decay, ...; the same for the same numbers.
inline at::Tensor decayingWeight(int64_t rows, int64_t cols, double decay = 0.8, uint64_t seed = 0)
{
    at::manual_seed(uint64_t(rows * 1000 + cols) + 1'000'000 * seed);
    const auto k = std::min(rows, cols);
    const auto U = std::get<0>(at::linalg_qr(at::randn({rows, k}, at::kDouble)));
    const auto V = std::get<0>(at::linalg_qr(at::randn({cols, k}, at::kDouble)));
    const auto S = at::pow(at::arange(1, k + 1, at::kDouble), -decay);
    return at::matmul(U * S, V.t()).to(at::kFloat);
}

inline double frobenius(const at::Tensor& t) { return t.to(at::kDouble).norm().item<double>(); }
inline double largest(const at::Tensor& t) { return t.abs().max().item<double>(); }
inline double nuclear(const at::Tensor& t) { return at::linalg_svdvals(t.to(at::kDouble)).sum().item<double>(); }
inline at::Tensor f64(const at::Tensor& t) { return t.to(at::kDouble); }

// One weight on its own: configuration, original and what the method makes of them.
struct Placed
{
    RunConfig config;
    at::Tensor W;
    Start start;
    LinearSlot slot;      // base as it is stored, adapter in place
    [[nodiscard]] at::Tensor error() const { return effectiveWeight(slot) - W; }
};

// What prepare() would have found for this weight alone: LoRA-GA's triplets of a gradient G, CoRA's basis.
inline std::map<std::string, at::Tensor> preparedFor(const RunConfig& config, const at::Tensor& W, int64_t rank, at::Tensor G = {})
{
    if (config.method == "lora-ga") {
        if (!G.defined())
            G = decayingWeight(W.size(0), W.size(1), 0.3, 7);
        const auto [U, S, V] = exactTriplets(G, std::min(2 * rank, std::min(G.size(0), G.size(1))));
        return {{"U", U}, {"S", S}, {"V", V}};
    }
    if (config.method == "cora")
        return {{"B", exactTriplets(W, std::min(W.size(0), W.size(1))).U.to(at::kFloat)}};
    return {};
}

inline LinearSlot slotWith(const at::Tensor& W, const Start& start, const std::string& format, at::ScalarType type)
{
    LinearSlot slot{.name = "m"};
    const BaseWeight::Original original{[W] { return W; }, [W](const auto& visit) { visit(W); }};
    slot.base = BaseWeight(W.size(0), W.size(1), type, original);
    slot.base.place(original, start.edit, format);
    Delta delta;
    delta.A = start.A;
    delta.B = start.B;
    delta.core = start.core;
    delta.magnitude = start.magnitude;
    delta.scaling = start.scaling;
    if (start.trainsWeight)
        delta.weight = W.to(type).to(at::kFloat);
    slot.delta = std::move(delta);
    return slot;
}

// The method of `config` on W; `alpha` 0 is the rank. The base's format is the configuration's, or the method's own.
inline Placed placed(const RunConfig& config, const at::Tensor& W, int64_t rank, double alpha = 0,
    std::map<std::string, at::Tensor> prepared = {})
{
    if (prepared.empty())
        prepared = preparedFor(config, W, rank);
    const auto format = effectiveBase(config);
    auto start = methodById(config.method)
                     .start(W, {"m", rank, alpha > 0 ? alpha : double(rank), config, format, &prepared});
    auto slot = slotWith(W, start, start.format.empty() ? format : start.format,
        config.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat);
    return {config, W, std::move(start), std::move(slot)};
}

}  // namespace rankwright
