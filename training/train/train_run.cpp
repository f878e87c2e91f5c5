// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/train_run.h"

#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/formats/atomic_file.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"
#include "training/io/tensor_writer.h"
#include "training/ops/product.h"
#include "training/train/trainer.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <chrono>
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
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
    return sha256(toJson(config).dump());
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
    Trainer trainer({job, prepared.model, adapters, data.samples, evalSamples, identity, alone}, context);
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
        .stepZero = compareAtStart(probe, prepared, adapters)};
    if (checkpoint)
        trainer.restore(*checkpoint);
    event.prepareSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    context.events().on(event);

    auto result = trainer.train();
    result.stepZero = event.stepZero;
    result.adapter = writeTrainedAdapter(folder, adapters, *prepared.weights);
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

namespace {

// Multiply-adds a second of a product of the model's own shape: the best of a few short measurements, since anything else that runs
// on the machine only slows them down. Measured once for each shape, dtype and
// number of threads.
double matrixRate(const ModelConfig& config, at::ScalarType type)
{
    static std::mutex mutex;
    static std::map<std::tuple<int64_t, int64_t, at::ScalarType, int>, double> measured;
    const std::lock_guard lock(mutex);
    auto& best = measured[{config.hiddenSize, config.intermediateSize, type, at::get_num_threads()}];
    if (best > 0)
        return best;
    const at::NoGradGuard guard;
    const auto x = at::rand({512, config.hiddenSize}, at::kFloat).to(type);
    const auto W = at::rand({config.intermediateSize, config.hiddenSize}, at::kFloat).to(type);
    ops::timesTransposed(x, W);
    for (int i = 0; i < 10; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        ops::timesTransposed(x, W);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        best = std::max(best, 512 * double(config.hiddenSize) * double(config.intermediateSize) / seconds);
    }
    return best;
}

double baseBits(const RunConfig& config)
{
    if (findMethodOption(methodCard(config.method), "bits") && optionNumber(config, "bits") > 0)
        return optionNumber(config, "bits");   // a format a matrix, so many bits on average
    const auto& formats = baseFormats();
    return std::find_if(formats.begin(), formats.end(), [&](const auto& f) { return f.id == effectiveBase(config); })->bits;
}

// A training step takes about this many times the time of its matrix products at the measured rate (2 cores, float32).
constexpr double kOverhead = 1.6;

// In values: matrices of the slots, everything, what is trained, and what of the matrices stays frozen.
struct Sizes { int64_t adaptable = 0, all = 0, trainable = 0, frozen = 0; };

Sizes sizesOf(const ModelSource& source, const RunConfig& config)
{
    Sizes sizes;
    for (const auto& [name, tensor] : source.tensors)
        sizes.all += tensor.count();
    std::vector<ModuleShape> modules;
    for (const auto& expected : expectedTensors(source.config)) {
        if (expected.kind.empty() || expected.shape.size() != 2)
            continue;
        sizes.adaptable += expected.shape[0] * expected.shape[1];
        modules.push_back({expected.name.substr(0, expected.name.rfind('.')), expected.shape[0], expected.shape[1]});
    }
    sizes.frozen = sizes.adaptable;
    if (!config.initAdapter.empty()) {
        // All that the adapter holds goes on being trained.
        for (const auto& tensor : readSafetensors(std::filesystem::path(config.initAdapter) / "adapter_model.safetensors").tensors)
            sizes.trainable += tensor.count();
        return sizes;
    }
    const bool trainsWeights = effectivePicture(config).weight == Part::trained;
    for (const auto& [module, rank] : chosenModules(modules, config)) {
        sizes.trainable += trainedValues(config, module, rank.rank);
        if (trainsWeights)
            sizes.frozen -= module.out * module.in;
    }
    if (trainsWeights && config.modules == "*")
        sizes.trainable = sizes.all;   // embeddings, norms and head as well
    return sizes;
}

}  // namespace

Estimate estimate(const RunConfig& config, JobContext& context)
{
    validate(config);
    checkDevice(config.device);
        useThreads(config.threads);
    const auto source = openModelSource(config.model);
    const auto& c = source.config;
    const ModelText text(source.path);
    const auto data = text.prepare(config.data, Split::train, config, config.rows, context);
    if (!config.evalData.empty())
        (void)text.prepare(config.evalData, Split::test, config, config.evalRows, context);
    double tokens = 0, targets = 0, longest = 0;
    for (const auto& sample : data.samples) {
        tokens += double(sample.ids.size());
        targets += double(sample.targets());
        longest = std::max(longest, double(sample.ids.size()));
    }
    const auto rows = double(std::max<size_t>(1, data.samples.size()));
    const auto sizes = sizesOf(source, config);
    const auto width = double(c10::elementSize(scalarType(config.dtype)));
    const auto microTokens = double(config.batch) * std::min(longest, 1.5 * tokens / rows);
    // Saved for the backward pass, in values a token and layer: norms' inputs, q k v and their rotations, attention output, gate, up,
    // their product, residuals.
    const auto perToken = double(c.layers)
        * (8.0 * double(c.hiddenSize) + 4.0 * double(c.headDim * (c.heads + 2 * c.kvHeads)) + 3.0 * double(c.intermediateSize));
    const auto head = 3.0 * 256 * double(c.vocabSize) * 4;
    Estimate found{.trainable = sizes.trainable,
        .parameters = sizes.all,
        .steps = totalSteps(config, int64_t(data.samples.size())),
        .rows = int64_t(data.samples.size())};
    const auto baseWidth = isQuantised(config) ? baseBits(config) / 8 : width;
    const auto weights = double(sizes.all - sizes.adaptable) * width + double(sizes.adaptable) * baseWidth;
    // Parameters, gradients and two moments.
    found.peakBytes = int64_t(weights + 16.0 * double(sizes.trainable) + microTokens * perToken * width + head) + (300ll << 20);
    const auto stepRows = double(config.batch * config.accumulate);
    // Forward and the gradient of the input; a trained weight wants a third product.
    const auto perValue = 2 * double(sizes.adaptable) + double(sizes.adaptable - sizes.frozen);
    const auto products = perValue * stepRows * tokens / rows
        + 2 * double(c.vocabSize * c.hiddenSize) * stepRows * targets / rows;
    found.secondsPerStep = kOverhead * products / matrixRate(c, scalarType(config.dtype));
    found.seconds = found.secondsPerStep * double(found.steps);
    const auto memory = int64_t(::sysconf(_SC_PHYS_PAGES)) * int64_t(::sysconf(_SC_PAGE_SIZE));
    if (found.peakBytes > memory * 9 / 10)
        found.warnings.emplace_back("This may need more memory than the machine has: lower the batch or the maximum length.");
    if (data.truncated > 0)
        found.warnings.push_back(std::to_string(data.truncated) + " rows are longer than the maximum length and will be cut.");
    return found;
}

}  // namespace rankwright
