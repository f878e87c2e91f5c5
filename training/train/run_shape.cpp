// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The shapes of a run, from the tables of its model and its configuration alone.
#include "training/train/memory_model.h"

#include "training/api/catalog.h"
#include "training/formats/safetensors.h"
#include "training/train/threads.h"

#include <algorithm>
#include <functional>

namespace rankwright {

namespace {

// Ranks by module of a PEFT adapter, from the shapes of its A matrices; and the values of all its tensors.
std::pair<std::map<std::string, int64_t>, int64_t> adapterRanks(const std::string& folder)
{
    std::map<std::string, int64_t> ranks;
    int64_t values = 0;
    for (const auto& tensor : readSafetensors(std::filesystem::path(folder) / "adapter_model.safetensors").tensors) {
        values += tensor.count();
        constexpr std::string_view prefix = "base_model.model.";   // PEFT's
        const auto end = tensor.name.find(".lora_A");
        if (end != std::string::npos && tensor.name.starts_with(prefix) && !tensor.shape.empty())
            ranks[tensor.name.substr(prefix.size(), end - prefix.size())] = tensor.shape[0];
    }
    return {ranks, values};
}

std::vector<std::vector<RunShape::Module>> modulesOf(const ModelSource& source)
{
    std::vector<std::vector<RunShape::Module>> layers(size_t(source.config.layers));
    for (const auto& expected : expectedTensors(source.config)) {
        if (expected.kind.empty() || expected.shape.size() != 2 || expected.layer < 0)
            continue;
        const auto name = expected.name.substr(0, expected.name.rfind('.'));
        layers[size_t(expected.layer)].push_back({.shape = {name, expected.shape[0], expected.shape[1]},
            .kind = expected.kind,
            .bias = source.tensors.contains(name + ".bias")});
    }
    return layers;
}

}  // namespace

std::vector<RowSize> rowSizes(const std::vector<Sample>& samples, int64_t maxLength)
{
    std::vector<RowSize> rows;
    rows.reserve(samples.size());
    for (const auto& sample : samples) {
        const auto tokens = std::min(maxLength, int64_t(sample.ids.size()));
        RowSize row{tokens, 0};
        for (int64_t i = 1; i < tokens; ++i)
            row.targets += sample.trained[size_t(i)];
        if (sample.label)
            row.targets = 1;
        if (row.targets > 0)   // the others are left out of training
            rows.push_back(row);
    }
    return rows;
}

std::vector<RowSize> batchRows(const std::vector<Sample>& samples, const RunConfig& config)
{
    auto rows = rowSizes(samples, config.maxLength);
    if (config.packing != "on")
        return rows;
    std::vector<RowSize> packs;
    for (const auto& row : rows) {
        if (packs.empty() || packs.back().tokens + row.tokens > config.maxLength)
            packs.emplace_back();
        packs.back().tokens += row.tokens;
        packs.back().targets += row.targets;
    }
    return packs;
}

namespace {

// As Model::addLabelHead() makes it; `isNew` says which tensors count.
int64_t labelHeadValues(const ModelConfig& model, int64_t outputs, const std::function<bool(const std::string& name)>& isNew)
{
    const auto& head = model.labelHead;
    if (outputs == 0 || head.out.empty())
        return 0;
    int64_t values = 0;
    const auto add = [&](const std::string& name, int64_t count) { values += isNew(name) ? count : 0; };
    if (!head.dense.empty()) {
        add(head.dense + ".weight", model.hiddenSize * model.hiddenSize);
        add(head.dense + ".bias", model.hiddenSize);
    }
    add(head.out + ".weight", outputs * model.hiddenSize);
    if (head.outBias)
        add(head.out + ".bias", outputs);
    return values;
}

bool bringsHead(const std::string& adapter, const ModelConfig& model)
{
    const auto file = readSafetensors(std::filesystem::path(adapter) / "adapter_model.safetensors");
    return std::ranges::any_of(
        file.tensors, [&](const auto& tensor) { return tensor.name.find(model.labelHead.out + ".") != std::string::npos; });
}

}  // namespace

RunShape runShape(const RunConfig& config, const ModelSource& source, int64_t outputs)
{
    RunShape shape{.model = source.config, .layers = modulesOf(source), .threads = threadsFor(config.threads, threadLimits())};
    for (const auto& [name, tensor] : source.tensors)
        shape.all += tensor.count();
    shape.all += labelHeadValues(source.config, outputs, [&](const std::string& name) { return !source.tensors.contains(name); });
    const int64_t head = labelHeadValues(source.config, outputs, [](const std::string&) { return true; });
    std::vector<ModuleShape> modules;
    for (const auto& layer : shape.layers) {
        for (const auto& module : layer) {
            modules.push_back(module.shape);
            shape.adaptable += module.shape.out * module.shape.in;
        }
    }
    std::map<std::string, int64_t> ranks;
    if (!config.initAdapter.empty()) {
        shape.fromAdapter = true;
        std::tie(ranks, shape.trainable) = adapterRanks(config.initAdapter);   // all that it holds goes on being trained
        if (head > 0 && !bringsHead(config.initAdapter, source.config))
            shape.trainable += head;
    } else {
        const bool weights = effectivePicture(config).weight == Part::trained;
        shape.everything = weights && config.modules == "*";
        for (const auto& [module, rank] : chosenModules(modules, config)) {
            ranks[module.name] = rank.rank;
            shape.trainable += trainedValues(config, module, rank.rank);
            shape.replaced += weights ? module.out * module.in : 0;
        }
        shape.trainable += head;
        if (shape.everything)
            shape.trainable = shape.all;   // embeddings, norms and head as well
    }
    for (auto& layer : shape.layers) {
        for (auto& module : layer) {
            const auto found = ranks.find(module.shape.name);
            module.rank = found == ranks.end() ? 0 : found->second;
        }
    }
    return shape;
}

}  // namespace rankwright
