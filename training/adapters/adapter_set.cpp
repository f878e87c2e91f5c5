// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/adapter_set.h"

#include "training/adapters/shared_bases.h"
#include "training/adapters/start_each.h"
#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/formats/sha256.h"
#include "training/train/peak_memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

// What stays between matrices that were read, decomposed or replaced leaves holes that the next ones do not fit into, together as
// large as the model in float32: they are given back every so many modules.
constexpr size_t kBetweenReleases = 8;

[[noreturn]] void refuseStart(const std::string& name, const std::string& found, const std::string& allowed)
{
    throw Error({.code = Code::mismatch, .place = "adapter of " + name, .found = found, .allowed = allowed,
        .advice = "Use the adapter with the model it was made for."});
}

void checkShapes(const std::string& name, const Start& start, const LinearSlot* slot)
{
    if (!slot)
        refuseStart(name, "the model has no such module", "modules that `inspect` lists");
    const auto out = slot->out(), in = slot->in();
    if (start.trainsWeight) {
        if (start.weight.defined() && start.weight.sizes() != at::IntArrayRef({out, in}))
            refuseStart(name, "a weight of another shape", std::to_string(out) + " x " + std::to_string(in));
        return;
    }
    const auto rank = start.A.size(0);
    const bool core = !start.core.defined() || start.core.sizes() == at::IntArrayRef({rank})
        || start.core.sizes() == at::IntArrayRef({rank, rank});
    const bool magnitude = !start.magnitude.defined() || start.magnitude.sizes() == at::IntArrayRef({out});
    if (start.A.size(1) != in || start.B.size(0) != out || start.B.size(1) != rank || !core || !magnitude) {
        refuseStart(name, "factors that do not fit the weight",
            "A (r, " + std::to_string(in) + "), B (" + std::to_string(out) + ", r)");
    }
}

// Values that a start trains, of a slot of this shape.
int64_t trainedCount(const Start& start, int64_t weightCount)
{
    if (start.trainsWeight)
        return weightCount;
    return (start.trainsA ? start.A.numel() : 0) + (start.trainsB ? start.B.numel() : 0)
        + (start.core.defined() ? start.core.numel() : 0) + (start.magnitude.defined() ? start.magnitude.numel() : 0);
}

[[noreturn]] void refuseModule(const std::string& place, const std::string& found, const std::string& allowed,
    const std::string& advice)
{
    throw Error({.code = Code::config, .place = place, .found = found, .allowed = allowed, .advice = advice});
}

}  // namespace

AdapterSet::AdapterSet(Model& model, Weights& weights, const std::vector<PlacedStart>& starts, double dropout,
    const std::string& format, const Model::Progress& progress, SharedBases* shared)
{
    int64_t count = 0;
    for (const auto& [name, start] : starts) {
        auto* slot = model.slot(name);
        const auto* tensor = slot || !start.trainsWeight ? nullptr : model.parameter(name);
        if (!tensor)
            checkShapes(name, start, slot);
        count += trainedCount(start, tensor ? tensor->numel() : slot->out() * slot->in());
    }
    const auto options = at::TensorOptions().dtype(at::kFloat).device(model.device());
    m_parameters = at::empty({count}, options);
    m_gradients = at::zeros({count}, options);
    m_entries.reserve(starts.size());
    for (const auto& placed : starts) {
        if (progress)
            progress("Placing " + placed.name, int64_t(m_entries.size()), int64_t(starts.size()));
        if (m_entries.size() % kBetweenReleases == 0)
            releaseFreedMemory();
        if (model.slot(placed.name))
            attach(model, weights, placed, dropout, format, shared);
        else
            attachTensor(model, weights, placed);
    }
    for (auto& slot : model.slots()) {
        if (format == "none" || slot.delta)
            continue;
        if (progress)
            progress("Quantising " + slot.name, int64_t(&slot - model.slots().data()), int64_t(model.slots().size()));
        if (shared != nullptr)
            shared->place(slot, weights, {}, format);
        else
            placeBase(slot, weights, {}, format);
    }
    if (m_drifting.defined())
        stateLoaded();   // no drift yet
}

at::Tensor AdapterSet::place(const std::string& name, TrainedTensor::Role role, const at::Tensor& value, double rateFactor)
{
    const auto view = [&](const at::Tensor& flat) {
        return flat.narrow(0, m_offset, value.numel()).view(value.sizes()).detach();   // a leaf of its own
    };
    auto parameter = view(m_parameters);
    const auto gradient = view(m_gradients);
    parameter.copy_(value);
    parameter.set_requires_grad(true);
    parameter.mutable_grad() = gradient;
    m_offset += value.numel();
    m_trained.push_back({name, role, parameter, gradient, rateFactor});
    return parameter;
}

void AdapterSet::attach(Model& model, Weights& weights, const PlacedStart& placed, double dropout, const std::string& format,
    SharedBases* shared)
{
    using Role = TrainedTensor::Role;
    const auto& [name, start] = placed;
    auto* slot = model.slot(name);
    const auto original = originalOf(weights, name + ".weight");
    Entry entry{.name = name,
        .slot = slot,
        .edit = start.edit,
        .format = start.format.empty() ? format : start.format,
        .driftGain = start.driftGain};
    entry.belongsToBase = entry.format != "none" && (start.edit || start.belongsToBase);
    slot->delta = Delta{.scaling = start.scaling, .dropout = dropout};
    auto& delta = *slot->delta;
    if (start.trainsWeight) {
        delta.weight = place(name + ".weight", Role::other, start.weight.defined() ? start.weight : original.whole());
        m_entries.push_back(std::move(entry));
        return;
    }
    delta.A = start.trainsA ? place(name + ".lora_A", start.trainsB ? Role::A : Role::other, start.A) : start.A.to(model.device());
    delta.B = start.trainsB
        ? place(name + ".lora_B", start.trainsA ? Role::B : Role::other, start.B, start.rateFactorB)
        : start.B.to(model.device());
    if (start.core.defined())
        delta.core = place(name + ".core", Role::other, start.core);
    if (start.magnitude.defined())
        delta.magnitude = place(name + ".magnitude", Role::other, start.magnitude);
    if (start.edit || entry.format != "none") {
        if (shared != nullptr)
            entry.edit = shared->place(*slot, weights, start.edit, entry.format);
        else
            placeBase(*slot, weights, start.edit, entry.format);
    }
    if (start.driftGain > 0) {
        m_drifting = at::zeros({1}, m_parameters.options());
        entry.driftA = at::zeros_like(start.A, m_parameters.options());
        entry.driftB = at::zeros_like(start.B, m_parameters.options());
    }
    m_entries.push_back(std::move(entry));
}

void AdapterSet::attachTensor(Model& model, Weights& weights, const PlacedStart& placed)
{
    if (placed.start.untiesHead)
        (void)model.parameter("lm_head.weight");
    auto* tensor = model.parameter(placed.name);
    if (tensor == nullptr)
        refuseStart(placed.name, "a tensor that this model does not have", "one of the model's");
    // A head that was tied to the embeddings has no tensor of its own in the file: the model has made its copy.
    const auto original = weights.has(placed.name) ? weights.read(placed.name) : tensor->to(at::kFloat);
    const auto& value = placed.start.weight.defined() ? placed.start.weight : original;
    if (value.sizes() != tensor->sizes())
        refuseStart(placed.name, "a tensor of another shape", "the model's shape");
    // LoRA+ gives every vector the rate of B.
    *tensor = place(placed.name, TrainedTensor::Role::other, value, value.dim() == 1 ? placed.start.rateFactorB : 1);
    m_entries.push_back({.name = placed.name, .edit = {}, .format = "none"});
}

bool AdapterSet::editsBase() const
{
    return std::any_of(m_entries.begin(), m_entries.end(), [](const Entry& entry) { return entry.edit.has_value(); });
}

bool AdapterSet::quantisesBase() const
{
    return std::any_of(m_entries.begin(), m_entries.end(), [](const Entry& entry) { return entry.format != "none"; });
}

bool AdapterSet::belongsToBase() const
{
    return std::any_of(m_entries.begin(), m_entries.end(), [](const Entry& entry) { return entry.belongsToBase; });
}

std::string AdapterSet::baseHash() const
{
    std::string hashes;
    for (const auto& entry : m_entries) {
        if (!entry.slot || (!entry.baseIsEdited() && entry.format == "none"))
            continue;
        const auto& base = entry.slot->base;
        Sha256 sum;
        for (const auto& [name, tensor] : base.stored()) {
            const auto bytes = tensor.cpu().contiguous();
            sum.update(std::span(static_cast<const std::byte*>(bytes.const_data_ptr()), size_t(bytes.nbytes())));
        }
        hashes += entry.name + " " + sum.hex() + "\n";
    }
    return hashes.empty() ? hashes : sha256(hashes);
}

void AdapterSet::snapshotDrift()
{
    if (!m_drifting.defined())
        return;
    const at::NoGradGuard guard;
    for (const auto& entry : m_entries) {
        if (!entry.driftA.defined())
            continue;
        entry.driftA.copy_(entry.slot->delta->A);
        entry.driftB.copy_(entry.slot->delta->B);
    }
    m_drifting.fill_(1);
    stateLoaded();
}

std::vector<std::pair<std::string, at::Tensor>> AdapterSet::state()
{
    std::vector<std::pair<std::string, at::Tensor>> state;
    if (!m_drifting.defined())
        return state;
    state.emplace_back("drifting", m_drifting);
    for (const auto& entry : m_entries) {
        if (!entry.driftA.defined())
            continue;
        state.emplace_back(entry.name + ".drift_A", entry.driftA);
        state.emplace_back(entry.name + ".drift_B", entry.driftB);
    }
    return state;
}

void AdapterSet::stateLoaded()
{
    if (!m_drifting.defined())
        return;
    const bool drifts = m_drifting.item<float>() > 0;
    for (auto& entry : m_entries) {
        if (!entry.driftA.defined())
            continue;
        auto& delta = *entry.slot->delta;
        delta.driftA = drifts ? entry.driftA : at::Tensor();
        delta.driftB = drifts ? entry.driftB : at::Tensor();
        delta.driftGain = entry.driftGain;
    }
}

AdapterSet::Deviation AdapterSet::largestDeviation(Weights& weights, at::ScalarType type) const
{
    const at::NoGradGuard guard;
    Deviation found;
    const auto largestOf = [](const at::Tensor& values) { return values.abs().max().item<double>(); };
    for (const auto& entry : m_entries) {
        if (!entry.slot)
            continue;
        const auto original = weights.read(entry.name + ".weight").to(type).to(at::kFloat);
        const double size = largestOf(original);
        const double deviation = largestOf(effectiveWeight(*entry.slot).cpu() - original) / (size > 0 ? size : 1);
        if (found.module.empty() || deviation > found.largest || std::isnan(deviation)) {
            found.largest = deviation;
            found.module = entry.name;
        }
        if (entry.baseIsEdited() && entry.format == "none" && size > 0) {
            const auto edit = at::matmul(entry.edit->B0, entry.edit->A0).mul_(entry.edit->scaling).cpu();
            found.editedBase = std::max(found.editedBase, largestOf(original - edit) / size);
        }
        if (std::isnan(found.largest))
            break;
    }
    return found;
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
    const bool factors = effectivePicture(config).weight != Part::trained;
    std::vector<std::pair<ModuleShape, ModuleRank>> chosen;
    for (const auto& module : modules) {
        if (!matchesModules(config.modules, module.name)) {
            if (config.plan.contains(module.name)) {
                refuseModule("/plan/" + module.name, "a module that --modules " + config.modules + " leaves out",
                    "modules that it matches", "Leave --modules at *, or take the module out of the plan.");
            }
            continue;
        }
        ModuleRank rank{config.rank, config.effectiveAlpha()};
        if (const auto planned = config.plan.find(module.name); planned != config.plan.end())
            rank = planned->second;
        if (rank.rank == 0)
            continue;
        const auto most = std::min(module.out, module.in);
        if (rank.rank > most && factors) {
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

int64_t trainedValues(const RunConfig& config, const ModuleShape& module, int64_t rank)
{
    const auto picture = effectivePicture(config);
    const auto trained = [](Part part) { return part == Part::trained; };
    if (trained(picture.weight))
        return module.out * module.in;
    // Between two frozen factors lies a square core, between trained ones a diagonal.
    const auto core = trained(picture.A) ? rank : rank * rank;
    return (trained(picture.A) ? rank * module.in : 0) + (trained(picture.B) ? rank * module.out : 0)
        + (trained(picture.core) ? core : 0) + (trained(picture.magnitude) ? module.out : 0);
}

namespace {

// Norms, embeddings, biases and an untied head: trained where every layer of a model is.
void addOtherTensors(std::vector<PlacedStart>& starts, const Model& model)
{
    const auto& head = model.labelHeadTensors();
    for (const auto& [name, unused] : model.otherTensors()) {
        if (std::find(head.begin(), head.end(), name) == head.end())
            starts.push_back({name, {.trainsWeight = true}});
    }
    for (const auto& slot : model.slots()) {
        if (slot.bias.defined())
            starts.push_back({slot.name + ".bias", {.trainsWeight = true}});
    }
}

// A head for labels is new to the model: every method trains it whole, from what the model holds now. A start adapter may bring it.
void addLabelHead(std::vector<PlacedStart>& starts, Model& model)
{
    for (const auto& name : model.labelHeadTensors()) {
        const bool there = std::any_of(starts.begin(), starts.end(), [&](const PlacedStart& start) { return start.name == name; });
        if (!there)
            starts.push_back({name, {.trainsWeight = true, .weight = model.parameter(name)->clone()}});
    }
}

}  // namespace

std::vector<PlacedStart> startAdapters(Model& model, Weights& weights, const RunConfig& config,
    std::span<const Sample> samples, const Model::Progress& progress, const std::function<bool()>& stopped)
{
    const auto& method = methodById(config.method);
    if (!config.initAdapter.empty()) {
        auto starts = readAdapter(config.initAdapter, model, weights.source().path);
        for (auto& placed : starts) {
            if (!placed.start.trainsWeight && placed.start.magnitude.defined() != (method.id == "dora")) {
                refuseModule("/initAdapter",
                    placed.start.magnitude.defined() ? "a DoRA adapter" : "an adapter without DoRA's magnitudes",
                    "an adapter of the method " + config.method, "Choose the method that the adapter was made with.");
            }
            if (method.adopt && !placed.start.trainsWeight)
                method.adopt(placed.start, config);
        }
        addLabelHead(starts, model);
        return starts;
    }
    std::vector<ModuleShape> modules;
    for (const auto& slot : model.slots())
        modules.push_back({slot.name, slot.out(), slot.in()});
    const auto chosen = chosenModules(modules, config);
    Prepared prepared;
    if (method.prepare) {
        std::vector<std::pair<std::string, int64_t>> ranks;
        for (const auto& [module, rank] : chosen)
            ranks.emplace_back(module.name, rank.rank);
        PrepareContext context{model, weights, config, ranks, samples, [&](const std::string& what, int64_t done, int64_t total) {
            if (progress)
                progress(what, done, total);
        }};
        prepared = method.prepare(context);
    }
    const at::NoGradGuard guard;
    auto starts = startEach(chosen, method, prepared, model, weights, config, progress, stopped);
    if (starts.front().start.trainsWeight && config.modules == "*")
        addOtherTensors(starts, model);
    addLabelHead(starts, model);
    return starts;
}

}  // namespace rankwright
