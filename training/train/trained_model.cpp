// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/trained_model.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <ATen/ATen.h>

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

std::unique_ptr<TrainedModel> openTrained(const std::filesystem::path& runFolder, JobContext& context)
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
    Decoder model(*weights, scalarType(config.dtype), context.reporter(), isQuantised(config));
    const auto starts = readStart(runFolder, *weights, checkpoint->identity.startHash);
    auto trained = std::make_unique<TrainedModel>(
        TrainedModel{config, std::move(weights), std::move(model), checkpoint->progress.step});
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

}  // namespace rankwright
