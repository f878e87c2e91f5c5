// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/adapted_model.h"

#include "training/device/device.h"
#include "training/export/adapter_file.h"

namespace rankwright {

namespace {

// The adapter's head, else the one in the model's own files.
AdapterHead headFor(const Weights& weights, const std::string& adapter)
{
    const auto& config = weights.config();
    if (!adapter.empty()) {
        if (auto head = headOfAdapter(adapter, config); head.task != Task::lm)
            return head;
    }
    const auto out = config.labelHead.out + ".weight";
    if (config.labelHead.out.empty() || !weights.has(out))
        return {};
    const auto outputs = weights.shape(out).front();
    return {outputs == 1 ? Task::regress : Task::classify, outputs, config.labels};
}

}  // namespace

std::unique_ptr<AdaptedModel> openAdapted(const std::string& spec, const std::string& adapter, const RunConfig& config,
    JobContext& context, Bases bases)
{
    useThreads(config.threads);
    const auto device = deviceOf(config.device);
    const auto format = effectiveBase(config);
    auto weights = std::make_unique<Weights>(openModelSource(spec));
    Model model(*weights, scalarType(config.dtype), context.reporter(), format != "none" ? Bases::later : bases, device);
    auto opened = std::make_unique<AdaptedModel>(AdaptedModel{std::move(weights), std::move(model), {}});
    const auto head = headFor(*opened->weights, adapter);
    if (head.task != Task::lm) {
        opened->model.addLabelHead(head.task, head.outputs, config.seed, *opened->weights);
        opened->labels = head.labels;
    }
    std::vector<PlacedStart> starts;
    if (!adapter.empty())
        starts = readAdapter(adapter, opened->model, opened->weights->source().path);
    if (!starts.empty() || format != "none")
        opened->adapters.emplace(opened->model, *opened->weights, starts, 0, format, context.reporter());
    return opened;
}

}  // namespace rankwright
