// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA-GA (Wang, Yu and Li 2024, arXiv 2407.05000, and its published code): the singular vectors of the loss's gradient become the
// start, A and B from disjoint sets of them, so that the first step follows full fine-tuning as closely as rank 2r can.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard loraGaCard{
    .id = "lora-ga",
    .title = "LoRA-GA",
    .explanation = "Starts along the singular vectors of the full gradient, so that the first step resembles full fine-tuning.",
    .formula = "G = dL/dW = U S V^T over a few batches; A = c V_r^T, B = c U_r+1..2r, c = m^1/4 / sqrt(gamma),"
               " y = (W - s B_0 A_0) x + s B A x, s = alpha / sqrt(r)",
    .paper = "Wang, Yu and Li 2024, arXiv 2407.05000",
    .stepZero = "The base model to rounding: what the adapter adds is taken out of the base.",
    .note = "The scale peft is what PEFT 0.21 does instead: B is also multiplied by the gradient's singular values, and only B by c.",
    .picture = {.residual = true},
    .options = {{.key = "direction", .option = "--direction", .label = "Direction", .kind = Field::Kind::choice,
                    .otherwise = "ArB2r", .choices = {"ArB2r", "A2rBr", "ArBr"},
                    .help = "Which of the first 2r singular vectors A and B get: A the first r and B the next, the reverse, or in turn."},
        {.key = "gaScale", .option = "--ga-scale", .label = "Scale", .kind = Field::Kind::choice, .otherwise = "stable",
            .choices = {"stable", "gd", "unit", "weightS", "peft"},
            .help = "How large A and B start: by the rows of W and gamma, over s, as they are, by W's singular values, or as PEFT."},
        {.key = "gaGamma", .option = "--ga-gamma", .label = "Gamma", .kind = Field::Kind::number, .otherwise = 16.0,
            .least = 1e-6, .most = 1e6,
            .help = "Divides the stable scale by its square root: a larger one starts with a smaller adapter."},
        options::gradientBatches(), options::gradientRows()},
    .allowsQuantisedBase = false,
    .learningRateSource = "the published example for LLaMA-2-7B",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"
#include "training/adapters/gradients.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numeric>

namespace rankwright {

namespace {

// Each module's gradient G = U S V^T, its 2r largest triplets (as many as there are).
Prepared prepare(PrepareContext& context)
{
    std::map<std::string, int64_t> ranks(context.modules.begin(), context.modules.end());
    Prepared prepared;
    const auto batches = int64_t(optionNumber(context.config, "gradientBatches"));
    const auto rows = int64_t(optionNumber(context.config, "gradientRows"));
    meanGradients(context, batches, rows, [&](const std::string& name, const at::Tensor& G) {
        const auto most = std::min(G.size(0), G.size(1));
        const auto [U, S, V] = exactTriplets(G, std::min(2 * ranks.at(name), most));
        prepared[name] = {{"U", U}, {"S", S}, {"V", V}};
    });
    return prepared;
}

// The paper's algorithm and the authors' runs scale as rsLoRA.
double scaling(const SlotStart& slot) { return slot.alpha / std::sqrt(double(slot.rank)); }

// Which triplets A takes and which B: disjoint, so that the first step reaches the best approximation of G of rank 2r. Where there are
// fewer than 2r, they overlap as little as they can.
std::pair<std::vector<int64_t>, std::vector<int64_t>> shares(const std::string& direction, int64_t rank, int64_t count)
{
    std::vector<int64_t> first(size_t(rank), 0), last(size_t(rank), 0);
    std::iota(first.begin(), first.end(), 0);
    std::iota(last.begin(), last.end(), std::min(rank, count - rank));
    if (direction == "ArB2r")
        return {first, last};
    if (direction == "A2rBr")
        return {last, first};
    std::vector<int64_t> even, odd;
    for (int64_t i = 0; i < count; ++i)
        (i % 2 == 0 ? even : odd).push_back(i);
    auto forA = odd, forB = even;
    forA.insert(forA.end(), even.begin(), even.end());
    forB.insert(forB.end(), odd.begin(), odd.end());
    forA.resize(size_t(rank));
    forB.resize(size_t(rank));
    return {forA, forB};
}

// What A and B are multiplied by.
std::pair<double, double> scales(const std::string& scale, const at::Tensor& weight, const SlotStart& slot)
{
    const double s = scaling(slot);
    const double stable = std::pow(double(weight.size(0)), 0.25) / std::sqrt(optionNumber(slot.config, "gaGamma"));
    if (scale == "stable")
        return {stable, stable};
    if (scale == "gd")
        return {1 / s, 1 / s};
    if (scale == "weightS") {
        const double mean = (singularValues(weight).narrow(0, 0, slot.rank) / s).sqrt().mean().item<double>();
        return {mean, mean};
    }
    if (scale == "peft")
        return {1, stable};
    return {1, 1};
}

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const auto& U = slot.prepared->at("U");
    const auto& S = slot.prepared->at("S");
    const auto& V = slot.prepared->at("V");
    const auto scale = optionText(slot.config, "gaScale");
    const auto [forA, forB] = shares(optionText(slot.config, "direction"), slot.rank, S.numel());
    const auto [scaleA, scaleB] = scales(scale, weight, slot);
    const auto columns = at::tensor(forB, at::kLong);
    auto basis = U.index_select(1, columns);
    if (scale == "peft")   // PEFT 0.21.2 leaves the gradient's singular values in B
        basis = basis * S.index_select(0, columns);
    const auto A = (V.index_select(1, at::tensor(forA, at::kLong)).t() * scaleA).to(at::kFloat).contiguous();
    const auto B = (basis * scaleB).to(at::kFloat).contiguous();
    const double s = scaling(slot);
    return {.A = A, .B = B, .scaling = s, .edit = BaseEdit{A.clone(), B.clone(), s}};
}

}  // namespace

extern const MethodSpec loraGa{.id = "lora-ga", .start = start, .prepare = prepare};

}  // namespace rankwright
#endif
