// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// CoRA (Xiao and others 2024, arXiv 2409.02119). Only the abstract was available: B is a basis of a subspace that many weights share,
// frozen or as a start. How the basis is found is our reading.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH

namespace rankwright {

namespace {

MethodPicture pictureOf(const RunConfig& config)
{
    return {.B = optionText(config, "variant") == "train" ? Part::trained : Part::frozen};
}

}  // namespace

extern const MethodCard coraCard{
    .id = "cora",
    .title = "CoRA",
    .explanation = "Gives all layers of a kind one B, a basis of what their weights have in common, and trains A.",
    .formula = "C = sum_i W_i W_i^T / ||W_i||^2 over the layers of a kind; B = the r first eigenvectors of C, A = 0,"
               " y = W x + s B A x, s = alpha / r",
    .paper = "Xiao and others 2024, arXiv 2409.02119",
    .stepZero = "Bit for bit the base model, since A is zero.",
    .note = "Our reading: only the abstract was available. It says that B is a basis of a common subspace, frozen or as a start;"
            " how the subspace is found is ours.",
    .picture = {.B = Part::frozen},
    .pictureOf = pictureOf,
    .options = {{.key = "variant", .option = "--variant", .label = "B", .kind = Field::Kind::choice,
                    .otherwise = "freeze", .choices = {"freeze", "train"},
                    .help = "B stays the common basis (half the trained numbers), or starts there and is trained as well."}},
    .learningRateSource = "LoRA's runs in PiSSA's paper, section 5; the paper was not at hand",
    .allowsDropout = false,
    .plainExport = PlainExport::asIs,
};

}  // namespace rankwright

#else
#include "training/adapters/factors.h"
#include "training/io/weights.h"
#include "training/nn/model.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

// Modules of one kind with as many outputs, over all layers, and the largest rank that one of them is adapted with.
struct Kind
{
    std::vector<std::string> names, adapted;
    int64_t rank = 0;
};

std::vector<Kind> kindsOf(const PrepareContext& context)
{
    std::map<std::pair<std::string, int64_t>, Kind> kinds;
    const std::map<std::string, int64_t> ranks(context.modules.begin(), context.modules.end());
    for (const auto& slot : context.model.slots()) {
        auto& kind = kinds[{slot.name.substr(slot.name.rfind('.') + 1), slot.out()}];
        kind.names.push_back(slot.name);
        if (const auto found = ranks.find(slot.name); found != ranks.end()) {
            kind.adapted.push_back(slot.name);
            kind.rank = std::max(kind.rank, found->second);
        }
    }
    std::vector<Kind> adapted;
    for (auto& [key, kind] : kinds) {
        if (kind.rank > 0)
            adapted.push_back(std::move(kind));
    }
    return adapted;
}

// The eigenvectors of C = sum of W W^T / ||W||_F^2 with the largest eigenvalues, (out, rank) float32.
at::Tensor commonBasis(PrepareContext& context, const Kind& kind, int64_t& done, int64_t total)
{
    at::Tensor C;
    for (const auto& name : kind.names) {
        context.progress("Common basis of the layers", done++, total);
        const auto W = context.weights.read(name + ".weight").to(at::kDouble);
        const double size = W.norm().item<double>();
        if (!C.defined())
            C = at::zeros({W.size(0), W.size(0)}, at::kDouble);
        if (size > 0)
            C.addmm_(W, W.t(), 1, 1 / (size * size));
    }
    const auto [values, vectors] = at::linalg_eigh(C);
    return vectors.narrow(1, vectors.size(1) - kind.rank, kind.rank).flip(1).to(at::kFloat).contiguous();
}

Prepared prepare(PrepareContext& context)
{
    const auto kinds = kindsOf(context);
    int64_t done = 0, total = 0;
    for (const auto& kind : kinds)
        total += int64_t(kind.names.size());
    Prepared prepared;
    for (const auto& kind : kinds) {
        const auto basis = commonBasis(context, kind, done, total);
        for (const auto& name : kind.adapted)
            prepared[name] = {{"B", basis}};
    }
    return prepared;
}

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    return {.A = at::zeros({slot.rank, weight.size(1)}, at::kFloat),
        .B = slot.prepared->at("B").narrow(1, 0, slot.rank).contiguous(),
        .scaling = loraScaling(slot),
        .trainsB = optionText(slot.config, "variant") != "freeze"};
}

}  // namespace

extern const MethodSpec cora{.id = "cora", .start = start, .prepare = prepare};

}  // namespace rankwright
#endif
