// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/export/adapter_file.h"

#include "training/api/error.h"
#include "training/api/rank_plan.h"
#include "training/formats/atomic_file.h"
#include "training/io/tensor_writer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <set>

namespace rankwright {

namespace {

constexpr std::string_view kPrefix = "base_model.model.";
// Modules that stand on an encoder's or decoder's last hidden state; PEFT saves them as a whole (peft 0.21.2, PeftModelForSequence-
// Classification adds "classifier" and "score", never a pooler).
constexpr std::array<std::string_view, 3> kHeadModules{"classifier", "score", "pooler"};

bool isWholeTensor(std::string_view name) { return name.ends_with(".weight") || name.ends_with(".bias"); }

// What modules_to_save says for a trained tensor: "bert.pooler.dense.weight" -> "pooler", "model.norm.weight" -> "model.norm".
std::string savedModule(const std::string& name)
{
    const std::string module = isWholeTensor(name) ? name.substr(0, name.rfind('.')) : name;
    for (size_t begin = 0; begin < module.size();) {
        const size_t end = std::min(module.find('.', begin), module.size());
        const auto part = std::string_view(module).substr(begin, end - begin);
        if (std::ranges::find(kHeadModules, part) != kHeadModules.end())
            return std::string(part);
        begin = end + 1;
    }
    return module;
}

// Rank and alpha of a start with factors.
struct Scale { int64_t rank; double alpha; };
Scale scaleOf(const Start& start)
{
    return {start.A.size(0), start.scaling * double(start.A.size(0))};
}

nlohmann::json adapterConfig(const std::vector<PlacedStart>& starts, const std::string& baseModel, bool hasLabels)
{
    std::set<std::string> saved;
    RankPlan plan;
    bool dora = false;
    for (const auto& [name, start] : starts) {
        if (start.trainsWeight) {
            saved.insert(savedModule(name));
            continue;
        }
        const auto scale = scaleOf(start);
        plan.modules.push_back({.name = name, .rank = scale.rank, .alpha = scale.alpha});
        dora = dora || start.magnitude.defined();
    }
    nlohmann::json config{{"auto_mapping", nullptr}, {"base_model_name_or_path", baseModel}, {"bias", "none"},
        {"fan_in_fan_out", false}, {"inference_mode", true}, {"init_lora_weights", true}, {"layers_pattern", nullptr},
        {"layers_to_transform", nullptr}, {"loftq_config", nlohmann::json::object()}, {"lora_dropout", 0.0},
        {"megatron_config", nullptr}, {"megatron_core", "megatron.core"},
        {"modules_to_save", saved.empty() ? nlohmann::json() : nlohmann::json(saved)}, {"peft_type", "LORA"}, {"revision", nullptr},
        {"task_type", hasLabels ? "SEQ_CLS" : "CAUSAL_LM"}, {"use_dora", dora}, {"use_rslora", false}};
    config.update(peftPatterns(plan));
    return config;
}

}  // namespace

void writeAdapter(const std::filesystem::path& folder, const std::vector<PlacedStart>& starts, const std::string& baseModel,
    const std::string& editedBase, const AdapterHead& head)
{
    NamedTensors tensors;
    for (const auto& [name, start] : starts) {
        const auto key = std::string(kPrefix) + name;
        if (start.trainsWeight) {
            tensors.emplace_back(isWholeTensor(name) ? key : key + ".weight", start.weight);
            continue;
        }
        tensors.emplace_back(key + ".lora_A.weight", start.A);
        tensors.emplace_back(key + ".lora_B.weight", start.B);
        if (start.magnitude.defined())
            tensors.emplace_back(key + ".lora_magnitude_vector", start.magnitude);
    }
    std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<std::string, std::string> metadata{{"format", "pt"}};
    if (!editedBase.empty())
        metadata[kBaseKey] = editedBase;
    const bool hasLabels = head.task != Task::lm;
    if (!head.labels.empty())
        metadata[kLabelsKey] = nlohmann::json(head.labels).dump();
    writeTensors(folder / "adapter_model.safetensors", tensors, metadata);
    writeFileAtomically(folder / "adapter_config.json", adapterConfig(starts, baseModel, hasLabels).dump(2) + "\n");
}

AdapterHead headOf(const Model& model, std::vector<std::string> labels)
{
    if (model.task() == Task::lm)
        return {};
    const auto name = model.config().labelHead.out + ".weight";
    const auto out = std::ranges::find(model.otherTensors(), name, [](const auto& entry) { return entry.first; });
    return {model.task(), out == model.otherTensors().end() ? 0 : out->second.size(0), std::move(labels)};
}

std::string whyNoPlainAdapter(const AdapterSet& adapters)
{
    const auto& entries = adapters.entries();
    if (std::all_of(entries.begin(), entries.end(), [](const auto& e) { return !e.slot || e.slot->delta->weight.defined(); }))
        return "whole weights were trained: there is no adapter";
    if (adapters.belongsToBase())
        return "the adapter makes good what its own quantised base lost, so that it is wrong on any other base";
    return {};
}

std::vector<PlacedStart> adapterAsTrained(const AdapterSet& adapters)
{
    std::vector<PlacedStart> starts;
    for (const auto& entry : adapters.entries()) {
        if (!entry.slot || entry.slot->delta->weight.defined())
            continue;
        const auto& delta = *entry.slot->delta;
        Start start{.A = delta.A.detach().cpu().clone(), .B = delta.B.detach().cpu().clone(), .scaling = delta.scaling};
        if (delta.core.defined() && delta.core.dim() == 1)
            start.B = start.B * delta.core.detach().cpu();
        else if (delta.core.defined())
            start.A = at::matmul(delta.core.detach().cpu(), start.A);
        if (delta.magnitude.defined())
            start.magnitude = delta.magnitude.detach().cpu().clone();
        starts.push_back({entry.name, std::move(start)});
    }
    for (const auto& tensor : adapters.trained()) {
        if (isWholeTensor(tensor.name))
            starts.push_back({tensor.name, {.trainsWeight = true, .weight = tensor.parameter.detach().cpu().clone()}});
    }
    return starts;
}

namespace {

void append(Start& start, const at::Tensor& A, const at::Tensor& B)
{
    start.A = at::cat({start.A, A}, 0);
    start.B = at::cat({start.B, B}, 1);
}

}  // namespace

void subtractEdit(Start& start, const BaseEdit& edit)
{
    append(start, edit.A0, edit.B0 * (-edit.scaling / start.scaling));
}

std::vector<PlacedStart> adapterForOriginalBase(const AdapterSet& adapters)
{
    auto starts = adapterAsTrained(adapters);
    for (auto& [name, start] : starts) {
        const auto& entries = adapters.entries();
        const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == name; });
        if (entry == entries.end() || !entry->slot || start.trainsWeight)
            continue;
        const auto& delta = *entry->slot->delta;
        if (delta.driftA.defined()) {
            start.B = start.B * (1 + delta.driftGain);
            append(start, delta.driftA.cpu(), delta.driftB.cpu() * -delta.driftGain);
        }
        if (entry->edit)
            subtractEdit(start, *entry->edit);
    }
    return starts;
}

}  // namespace rankwright
