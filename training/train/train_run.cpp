// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/train_run.h"

#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/formats/atomic_file.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"
#include "training/io/tensor_writer.h"
#include "training/train/estimate.h"
#include "training/train/peak_memory.h"
#include "training/train/trainer.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>

namespace rankwright {

namespace {

// Everything that decides a run's numbers. Name, evaluation and saving rhythm, threads and paths may change between a stop and a
// resume; the number of steps may grow.
std::string numbersHash(RunConfig config)
{
    config.name.clear();
    config.model.clear();
    config.data.clear();
    config.evalData.clear();
    config.evalRows.clear();
    config.evalEvery = config.saveEvery = config.threads = config.steps = 0;
    config.epochs = 1;
    auto document = toJson(config);
    // They decide when a run ends and what is written beside it, not its numbers; runs of before them can still be resumed.
    for (const char* key : {"patience", "leastGain", "keep", "driftEvery"})
        document.erase(key);
    return sha256(document.dump());
}

void refuseChangedData(const std::string& was, const PreparedData& data, bool force)
{
    if (was == data.dataset.hash || force)
        return;
    throw Error({.code = Code::changed,
        .file = data.dataset.file.empty() ? data.dataset.name : data.dataset.file.string(),
        .place = "SHA-256",
        .found = data.dataset.hash,
        .allowed = was + ", as when the run started",
        .advice = "Put the file back as it was, or resume with --force."});
}

// Reads every file of the model once; SHA-256 runs at about a gigabyte a second where the processor has instructions for it.
std::string modelHash(const ModelSource& source)
{
    std::set<std::filesystem::path> files;
    for (const auto& [name, tensor] : source.tensors)
        files.insert(tensor.file);
    if (files.size() == 1)
        return sha256OfFile(*files.begin());
    std::string hashes;
    for (const auto& file : files)
        hashes += sha256OfFile(file) + "\n";
    return sha256(hashes);
}

// Of what evaluation asks: ids, and which of them have a loss. Empty where there are no rows.
std::string hashOf(const std::vector<Sample>& samples)
{
    std::string words;
    for (const Sample& sample : samples) {
        for (size_t i = 0; i < sample.ids.size(); ++i)
            words += std::to_string(sample.ids[i]) + (sample.trained[i] ? "*" : " ");
        words += '\n';
    }
    return words.empty() ? "" : sha256(words);
}

struct OpenModel
{
    std::unique_ptr<Weights> weights;   // stays where it is: bases that are not placed yet read from it
    ModelText text;
    Decoder model;
};

OpenModel openModel(const RunConfig& config, JobContext& context)
{
    validate(config);
    checkDevice(config.device);
    auto weights = std::make_unique<Weights>(openModelSource(config.model));
    ModelText text(weights->source().path, weights->config().vocabSize);
    Decoder model(*weights, scalarType(config.dtype), context.reporter(), isQuantised(config));
    return {std::move(weights), std::move(text), std::move(model)};
}

StepZero compareAtStart(const StepZeroProbe& probe, OpenModel& prepared, const AdapterSet& adapters)
{
    auto found = probe.compare(prepared.model);
    std::tie(found.moduleLargest, found.moduleName) = adapters.largestDeviation(*prepared.weights);
    return found;
}

// Replaces runFolder/adapter as a whole: the old one steps aside first, so that a whole one is always there under one of the names.
// Empty where no plain adapter says what was trained.
std::string writeTrainedAdapter(const std::filesystem::path& runFolder, const AdapterSet& adapters, const Weights& weights)
{
    if (!whyNoPlainAdapter(adapters).empty())
        return {};
    const auto target = runFolder / "adapter";
    // Names that the store clears away after a kill: NAME.tmp-PID.
    const auto suffix = ".tmp-" + std::to_string(::getpid());
    const auto fresh = runFolder / ("adapter" + suffix), old = runFolder / ("adapter.old" + suffix);
    std::error_code ignored;
    std::filesystem::remove_all(fresh, ignored);
    std::filesystem::create_directories(fresh);
    writeAdapter(fresh, adapterForOriginalBase(adapters), std::filesystem::absolute(weights.source().path).string());
    syncDirectory(fresh);
    if (std::filesystem::exists(target))
        std::filesystem::rename(target, old);
    std::filesystem::rename(fresh, target);
    syncDirectory(runFolder);
    std::filesystem::remove_all(old, ignored);
    return target.string();
}

void checkContext(const OpenModel& prepared, const RunConfig& config, const PreparedData& data, JobContext& context,
    const std::string& run)
{
    if (config.maxLength > prepared.model.config().contextLength) {
        throw Error({.code = Code::config,
            .place = "/maxLength",
            .found = std::to_string(config.maxLength),
            .allowed = "at most the model's context of " + std::to_string(prepared.model.config().contextLength),
            .advice = "Lower the maximum length."});
    }
    if (data.truncated > 0) {
        context.events().on(NoteEvent{run, "warning",
            std::to_string(data.truncated) + " of " + std::to_string(data.samples.size()) + " rows are longer than "
                + std::to_string(config.maxLength) + " tokens and were cut."});
    }
    if (data.withoutTargets > 0) {
        context.events().on(NoteEvent{run, "warning",
            std::to_string(data.withoutTargets)
                + " rows have no token with a loss (the answer was cut off or is empty) and are left out."});
    }
    for (const auto& warning : data.dataset.warnings)
        context.events().on(NoteEvent{run, "warning", warning});
}

}  // namespace

TrainResult train(const TrainJob& job, JobContext& context)
{
    const auto begin = std::chrono::steady_clock::now();
    resetPeakMemory();
    const auto& config = job.config;
    const std::filesystem::path folder(job.folder);
    const auto threads = useThreads(config.threads);
    auto prepared = openModel(config, context);
    auto data = prepared.text.prepare(config.data, Split::train, config, config.rows, context);
    std::vector<Sample> evalSamples;
    if (!config.evalData.empty())
        evalSamples = prepared.text.prepare(config.evalData, Split::test, config, config.evalRows, context).samples;
    checkContext(prepared, config, data, context, job.run);
    std::erase_if(data.samples, [](const Sample& sample) { return sample.targets() == 0; });

    const auto checkpoint = job.resume ? findCheckpoint(folder) : std::nullopt;
    CheckpointIdentity identity{.configHash = numbersHash(config),
        .dataHash = data.dataset.hash,
        .modelHash = modelHash(prepared.weights->source()),
        .threads = threads};
    if (checkpoint) {
        refuseChangedData(checkpoint->identity.dataHash, data, job.force);
        if (checkpoint->identity.configHash != identity.configHash) {
            throw Error({.code = Code::mismatch,
                .file = checkpoint->folder,
                .place = "configHash",
                .found = "the run's configuration is not the one that the checkpoint was written with",
                .advice = "Start a new run with the changed configuration."});
        }
        if (checkpoint->identity.modelHash != identity.modelHash) {
            throw Error({.code = Code::mismatch,
                .file = prepared.weights->source().path,
                .place = "SHA-256",
                .found = identity.modelHash,
                .allowed = checkpoint->identity.modelHash + ", as when the run started",
                .advice = "Put the original model back, or start a new run."});
        }
        for (const auto& notice : checkpoint->notices)
            context.events().on(NoteEvent{job.run, "warning", "A damaged checkpoint was passed over: " + notice});
        if (checkpoint->identity.threads != threads) {
            context.events().on(NoteEvent{job.run, "warning",
                "Resumed with " + std::to_string(threads) + " threads instead of "
                    + std::to_string(checkpoint->identity.threads) + ": not bit-exact."});
        }
    }

    const StepZeroProbe probe(prepared.model, data.samples);
    const auto starts = checkpoint ? readStart(folder, *prepared.weights, checkpoint->identity.startHash)
                                   : startAdapters(prepared.model, *prepared.weights, config, data.samples,
                                         context.reporter(), [&] { return context.stopped(); });
    AdapterSet adapters(prepared.model, *prepared.weights, starts, config.dropout, effectiveBase(config), context.reporter());
    if (!checkpoint)
        writeStart(folder, starts, *prepared.weights, adapters.baseHash());
    else if (!sameBases(folder, adapters))
        context.events().on(NoteEvent{job.run, "warning",
            "The base weights made from the start differ from the run's first ones in single bits (another processor or number of threads): not bit-exact."});
    identity.startHash = sha256OfFile(folder / "start.safetensors");
    RowOrder order(int64_t(data.samples.size()), config.order, config.seed);
    Group alone;
    std::optional<DriftMonitor> drift;
    if (config.driftEvery > 0)
        drift.emplace(adapters, *prepared.weights, config, context.reporter());
    Trainer trainer({job, prepared.model, adapters, data.samples, evalSamples, identity, alone, drift ? &*drift : nullptr}, context);
    const auto expected = expectationOf(config, prepared.weights->source(), data.samples, evalSamples);
    RunStarted event{.run = job.run,
        .method = config.method,
        .steps = totalSteps(config, int64_t(data.samples.size())),
        .firstStep = checkpoint ? checkpoint->progress.step + 1 : 1,
        .trainable = adapters.count(),
        .parameters = prepared.model.parameters(),
        .rows = int64_t(data.samples.size()),
        .truncatedRows = data.truncated,
        .evalRows = int64_t(evalSamples.size()),
        .initHash = identity.startHash,
        .orderHash = order.hash(),
        .modelHash = identity.modelHash,
        .dataHash = data.dataset.hash,
        .evalHash = hashOf(evalSamples),
        .stepZero = compareAtStart(probe, prepared, adapters),
        .estimatedBytes = expected.bytes,
        .productsPerStep = expected.productsPerStep};
    if (checkpoint)
        trainer.restore(*checkpoint);
    event.prepareSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    context.events().on(event);

    releaseFreedMemory();   // what the step-0 check held: a step's tensors have other sizes
    auto result = trainer.train();
    result.stepZero = event.stepZero;
    result.adapter = writeTrainedAdapter(folder, adapters, *prepared.weights);
    result.peakBytes = peakMemory();
    return result;
}

StepZero stepZero(const RunConfig& config, JobContext& context)
{
    useThreads(config.threads);
    auto prepared = openModel(config, context);
    auto few = config;
    few.rows = few.rows.empty() ? ":8" : few.rows;
    const auto data = prepared.text.prepare(config.data, Split::train, few, few.rows, context);
    const StepZeroProbe probe(prepared.model, data.samples);
    const auto starts = startAdapters(prepared.model, *prepared.weights, config, data.samples, context.reporter(),
        [&] { return context.stopped(); });
    const AdapterSet adapters(prepared.model, *prepared.weights, starts, config.dropout, effectiveBase(config));
    return compareAtStart(probe, prepared, adapters);
}

}  // namespace rankwright
