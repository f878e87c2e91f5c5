// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/trained_model.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

RunConfig configOfRun(const std::filesystem::path& runFolder)
{
    const auto file = runFolder / "run.json";
    const auto document = readJsonFile(file, limits::kJsonConfig);
    if (!document.contains("config")) {
        throw Error({.code = Code::format, .file = file, .place = "/config", .found = "it is missing",
            .advice = "Choose the folder of a run."});
    }
    return configFromJson(document["config"], file);
}

void addLabelHead(Model& model, const std::vector<PlacedStart>& starts, const RunConfig& config, Weights& weights)
{
    const auto name = model.config().labelHead.out + ".weight";
    const auto found = std::find_if(starts.begin(), starts.end(), [&](const PlacedStart& start) { return start.name == name; });
    if (model.config().labelHead.out.empty() || found == starts.end() || !found->start.weight.defined())
        return;
    const auto outputs = found->start.weight.size(0);
    model.addLabelHead(outputs > 1 ? Task::classify : Task::regress, outputs, config.seed, weights);
}

std::unique_ptr<TrainedModel> openTrained(const std::filesystem::path& runFolder, JobContext& context, at::Device device)
{
    const auto config = configOfRun(runFolder);
    const auto checkpoint = findTrained(runFolder, config);
    if (!checkpoint) {
        throw Error({.code = Code::missing,
            .file = runFolder / "checkpoints",
            .place = "checkpoints",
            .found = "none",
            .allowed = "a run that has written a checkpoint",
            .advice = "Train the run first (`rankwright-cli resume RUN`)."});
    }
    useThreads(config.threads);
    auto weights = std::make_unique<Weights>(openModelSource(config.model));
    Model model(*weights, scalarType(config.dtype), context.reporter(), isQuantised(config) ? Bases::later : Bases::dense, device);
    const auto starts = readStart(runFolder, *weights, checkpoint->identity.startHash);
    addLabelHead(model, starts, config, *weights);
    auto trained = std::make_unique<TrainedModel>(TrainedModel{
        config, std::move(weights), std::move(model), checkpoint->progress.step, labelsOfStart(runFolder)});
    auto& adapters
        = trained->adapters.emplace(trained->model, *trained->weights, starts, 0, effectiveBase(config), context.reporter());
    if (!sameBases(runFolder, adapters))
        context.events().on(NoteEvent{"", "warning",
            "The base weights made from the start differ in single bits from those of the training (another processor or number of threads)."});
    auto state = adapters.state();
    state.emplace_back("parameters", adapters.parameters());
    loadCheckpoint(*checkpoint, state);
    adapters.stateLoaded();
    return trained;
}

std::unique_ptr<TrainedModel> openTrained(const std::filesystem::path& runFolder, JobContext& context)
{
    return openTrained(runFolder, context, at::kCPU);
}

PreparedData evaluationData(const TrainedModel& trained, JobContext& context)
{
    const auto& config = trained.config;
    if (config.evalData.empty() && config.validation <= 0)
        return {};
    const ModelText text(trained.weights->source().path, trained.model.config().vocabSize);
    if (config.evalData.empty())
        return text.prepareRun(config, context).evaluation;
    const PreparedData asTrained{.task = trained.model.task(), .labels = trained.labels};
    return text.prepare(config.evalData, Split::test, config, config.evalRows, context, &asTrained);
}

}  // namespace rankwright
