// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/methods/adapter_set.h"

#include "training/api/error.h"
#include "training/export/adapter_file.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

// A view of `flat` from `offset` on as a leaf of its own.
at::Tensor viewOf(const at::Tensor& flat, int64_t offset, at::IntArrayRef shape)
{
    return flat.narrow(0, offset, c10::multiply_integers(shape)).view(shape).detach();
}

[[noreturn]] void refuseModule(const std::string& place, const std::string& found, const std::string& allowed,
    const std::string& advice)
{
    throw Error({.code = Code::config, .place = place, .found = found, .allowed = allowed, .advice = advice});
}

}  // namespace

AdapterSet::AdapterSet(Decoder& model, Weights& weights, const std::vector<PlacedStart>& starts, double dropout)
{
    int64_t count = 0;
    for (const auto& placed : starts)
        count += placed.start.A.numel() + placed.start.B.numel();
    m_parameters = at::empty({count}, at::kFloat);
    m_gradients = at::zeros({count}, at::kFloat);
    int64_t offset = 0;
    for (const auto& [name, start] : starts) {
        auto* slot = model.slot(name);
        if (!slot || start.A.size(1) != slot->in() || start.B.size(0) != slot->out()
            || start.A.size(0) != start.B.size(1)) {
            throw Error({.code = Code::mismatch,
                .place = "adapter of " + name,
                .found = slot ? "factors that do not fit the weight" : "the model has no such module",
                .allowed = slot ? "A (r, " + std::to_string(slot->in()) + "), B (" + std::to_string(slot->out()) + ", r)"
                                : "",
                .advice = "Use the adapter with the model it was made for."});
        }
        slot->delta = Delta{.scaling = start.scaling, .dropout = dropout};
        const auto place = [&](const at::Tensor& from, at::Tensor& to) {
            to = viewOf(m_parameters, offset, from.sizes());
            to.copy_(from);
            to.set_requires_grad(true);
            to.mutable_grad() = viewOf(m_gradients, offset, from.sizes());
            offset += from.numel();
        };
        place(start.A, slot->delta->A);
        place(start.B, slot->delta->B);
        if (start.edit)
            slot->base.setEdited(weights.read(name + ".weight"), *start.edit);
        m_entries.push_back({.name = name,
            .slot = slot,
            .edit = start.edit,
            .rank = start.A.size(0),
            .alpha = start.scaling * double(start.A.size(0))});
    }
}

std::vector<std::pair<std::string, at::Tensor>> AdapterSet::tensors() const
{
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (const auto& entry : m_entries) {
        tensors.emplace_back(entry.name + ".lora_A", entry.slot->delta->A.detach());
        tensors.emplace_back(entry.name + ".lora_B", entry.slot->delta->B.detach());
    }
    return tensors;
}

std::pair<double, std::string> AdapterSet::largestDeviation(Weights& weights) const
{
    const at::NoGradGuard guard;
    std::pair<double, std::string> largest{0, ""};
    for (const auto& entry : m_entries) {
        const auto& delta = *entry.slot->delta;
        const auto original = weights.read(entry.name + ".weight");
        const auto effective = at::addmm(entry.slot->base.dense(), delta.B, delta.A, 1, delta.scaling);
        const double size = original.abs().max().item<double>();
        const double deviation = (effective - original).abs().max().item<double>() / (size > 0 ? size : 1);
        if (largest.second.empty() || deviation > largest.first)
            largest = {deviation, entry.name};
    }
    return largest;
}

std::vector<std::pair<ModuleShape, ModuleRank>> chosenModules(const std::vector<ModuleShape>& modules, const RunConfig& config)
{
    std::vector<std::string> names;
    for (const auto& module : modules)
        names.push_back(module.name);
    for (const auto& [name, unused] : config.plan) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            refuseModule("/plan/" + name, "the model has no such module", "names that `inspect` lists",
                "Make the plan again for this model; the nearest name is " + nearestName(name, names) + ".");
        }
    }
    std::vector<std::pair<ModuleShape, ModuleRank>> chosen;
    for (const auto& module : modules) {
        if (!matchesModules(config.modules, module.name))
            continue;
        ModuleRank rank{config.rank, config.effectiveAlpha()};
        if (const auto planned = config.plan.find(module.name); planned != config.plan.end())
            rank = planned->second;
        if (rank.rank == 0)
            continue;
        const auto most = std::min(module.out, module.in);
        if (rank.rank > most) {
            refuseModule("/rank", "rank " + std::to_string(rank.rank) + " for " + module.name,
                "1 to min(out, in) = " + std::to_string(most), "Lower the rank, or leave this module out with --modules.");
        }
        if (rank.alpha <= 0)
            rank.alpha = double(rank.rank);
        chosen.emplace_back(module, rank);
    }
    if (chosen.empty()) {
        refuseModule("/modules", "\"" + config.modules + "\" matches no module with a rank above 0",
            "a glob such as * or *q_proj,*v_proj", "List the modules with `rankwright-cli inspect MODEL`.");
    }
    return chosen;
}

std::vector<PlacedStart> startAdapters(Decoder& model, Weights& weights, const RunConfig& config,
    const Decoder::Progress& progress, const std::function<bool()>& stopped)
{
    const auto& method = methodById(config.method);
    method.check(config);
    if (!config.initAdapter.empty())
        return readAdapter(config.initAdapter, model, weights.source().path);
    const at::NoGradGuard guard;
    std::vector<ModuleShape> modules;
    for (const auto& slot : model.slots())
        modules.push_back({slot.name, slot.out(), slot.in()});
    const auto chosen = chosenModules(modules, config);
    std::vector<PlacedStart> starts;
    for (const auto& [module, rank] : chosen) {
        if (stopped && stopped())
            throw Error({.code = Code::stopped, .place = "preparing the adapters", .found = "a stop was asked for"});
        if (progress)
            progress("Preparing " + module.name, int64_t(starts.size()), int64_t(chosen.size()));
        const auto weight = weights.read(module.name + ".weight");
        if (const auto bad = weight.numel() - at::isfinite(weight).sum().item<int64_t>(); bad > 0) {
            throw Error({.code = Code::data,
                .file = weights.source().path,
                .place = "tensor " + module.name + ".weight",
                .found = std::to_string(bad) + " values that are not finite",
                .allowed = "finite weights",
                .advice = "Fetch the model again, or leave this module out with --modules; `verify` reads everything."});
        }
        const SlotStart place{module.name, rank.rank, rank.alpha, config};
        starts.push_back({module.name, method.start(weight, place)});
    }
    return starts;
}

}  // namespace rankwright
