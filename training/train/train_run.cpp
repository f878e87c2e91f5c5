// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/train_run.h"

#include "training/api/error.h"
#include "training/api/metrics.h"
#include "training/api/words.h"
#include "training/device/device.h"
#include "training/export/adapter_file.h"
#include "training/formats/atomic_file.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"
#include "training/generate/answers.h"
#include "training/io/tensor_writer.h"
#include "training/train/estimate.h"
#include "training/train/meeting.h"
#include "training/train/peak_memory.h"
#include "training/train/run_reading.h"
#include "training/train/threads.h"
#include "training/train/trainer.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace rankwright {

namespace {

// Keys that came after a run's version, at what they meant before: they leave its hash as it was.
void dropUnchanged(nlohmann::json& document)
{
    const auto defaults = toJson(RunConfig());
    for (const char* key : {"validation", "task", "labels", "packing", "routerLoss"}) {
        if (document[key] == defaults[key])
            document.erase(key);
    }
}

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
    config.device = "cpu";   // the same arithmetic with other roundings
    auto document = toJson(config);
    // They decide when a run ends and what is written beside it, not its numbers; runs of before them can still be resumed.
    for (const char* key : {"patience", "leastGain", "keep", "driftEvery", "metrics", "answerTokens"})
        document.erase(key);
    dropUnchanged(document);
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

using OpenModel = ModelOnFiles;

// With a seat, the model is the meeting's.
OpenModel openModel(const RunConfig& config, JobContext& context, Seat* seat = nullptr)
{
    validate(config);
    const auto device = deviceOf(config.device);
    const auto source = openModelSource(config.model);
    const auto type = scalarType(config.dtype);
    const auto open = [&] {
        auto weights = std::make_shared<Weights>(source);
        auto text = std::make_shared<const ModelText>(source.path, source.config.vocabSize);
        Model model(*weights, type, context.reporter(), isQuantised(config) ? Bases::later : Bases::dense, device);
        return OpenModel{std::move(weights), std::move(text), std::move(model)};
    };
    auto opened = seat != nullptr ? seat->open(open) : open();
    if (opened.weights->source().path != source.path || opened.model.type() != type || opened.model.device() != device) {
        throw Error({.code = Code::config,
            .place = "run " + config.name,
            .found = "another model, type or device than that of the runs it is trained together with",
            .allowed = "the same for all of them",
            .advice = "Train this run alone, or the comparison with --runs queued."});
    }
    return opened;
}

void addLabelHead(OpenModel& prepared, const PreparedData& data, const RunConfig& config)
{
    if (data.task != Task::lm) {
        prepared.model.addLabelHead(data.task, data.outputs(), config.seed, *prepared.weights, data.labels);
        return;
    }
    if (!prepared.model.generates()) {
        throw Error({.code = Code::mismatch,
            .file = prepared.weights->source().path,
            .place = "/task",
            .found = "an encoder and rows without labels",
            .allowed = "rows with a text and a label (--columns text=NAME,label=NAME)",
            .advice = "Choose data with labels, or a decoder."});
    }
}

// The limits allow what rounding may do. Of a module: its base and the reference are each rounded once, by at most one unit roundoff
// of a value that may be twice the largest weight's. Of the logits: measured on SmolLM2 in bfloat16, where PiSSA's differ by 2.0 and
// OLoRA's by 1.5 of logits up to 41 (a mean of 0.15), with room for deeper models; a start that is wrong is off by more, and in its
// modules. The floors are for float32, where sums of products weigh more than the rounding of weights.
StepZero compareAtStart(const StepZeroProbe& probe, OpenModel& prepared, const AdapterSet& adapters, bool quantised)
{
    const auto type = prepared.model.type();
    const double roundoff = type == at::kBFloat16 ? 0x1p-8 : type == at::kHalf ? 0x1p-11 : 0x1p-24;
    auto found = probe.compare(prepared.model);
    const auto deviation = adapters.largestDeviation(*prepared.weights, quantised ? at::kFloat : type);
    found.moduleLargest = deviation.largest;
    found.moduleName = deviation.module;
    // With a large alpha the edited base is larger than the weights, and so is what rounding takes from it; from some size on it takes
    // too much of the model, whatever explains it.
    const double rounding = roundoff * deviation.editedBase;
    found.logitLimit = quantised ? -1 : std::max(found.logitLimit, std::min(32 * rounding, 0.25) * found.largestLogit);
    found.moduleLimit = quantised ? -1 : std::max(found.moduleLimit, std::min(4 * rounding, 0.1));
    return found;
}

// Replaces runFolder/adapter as a whole: the old one steps aside first, so that a whole one is always there under one of the names.
// Empty where no plain adapter says what was trained.
std::string writeTrainedAdapter(const std::filesystem::path& runFolder, const AdapterSet& adapters, const OpenModel& prepared,
    const std::vector<std::string>& labels)
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
    writeAdapter(fresh, adapterForOriginalBase(adapters), std::filesystem::absolute(prepared.weights->source().path).string(), {},
        headOf(prepared.model, labels));
    syncDirectory(fresh);
    if (std::filesystem::exists(target))
        std::filesystem::rename(target, old);
    std::filesystem::rename(fresh, target);
    syncDirectory(runFolder);
    std::filesystem::remove_all(old, ignored);
    return target.string();
}

void noteData(const RunConfig& config, const PreparedData& data, bool streamed, JobContext& context, const std::string& run)
{
    if (data.truncated > 0) {
        context.events().on(NoteEvent{run, "warning",
            std::to_string(data.truncated) + " of " + (streamed ? "the first " : "") + std::to_string(data.samples.size())
                + " rows are longer than "
                + std::to_string(config.maxLength) + " tokens and were cut."});
    }
    if (data.withoutTargets > 0) {
        context.events().on(NoteEvent{run, "warning",
            std::to_string(data.withoutTargets)
                + " rows have no token with a loss (the answer was cut off or is empty)"
                + (streamed ? " among the first ones; their steps have fewer targets." : " and are left out.")});
    }
    for (const auto& warning : data.dataset.warnings)
        context.events().on(NoteEvent{run, "warning", warning});
}

// Metrics of generated answers, where some were asked for and there are rows to ask; both arguments outlive it.
std::function<void(JobContext&, Evaluation&)> judgeOf(const OpenModel& prepared, const PreparedData& evaluation, const RunConfig& config)
{
    const auto cards = answerCards(metricIds(config.metrics));
    if (cards.empty() || evaluation.samples.empty() || prepared.model.task() != Task::lm)
        return {};
    return [&prepared, cards, tokens = config.answerTokens, questions = questionsOf(evaluation, *prepared.text, config)](
               JobContext& context, Evaluation& found) {
        auto scores = judgeAnswers(prepared.model, *prepared.text, questions, cards, tokens, context);
        found.metrics.merge(scores.shares);
        found.answers = scores.answers;
        found.cutAnswers = scores.cut;
    };
}

}  // namespace

TrainResult train(const TrainJob& job, JobContext& context)
{
    const auto& config = job.config;
    std::optional<Seat> seat;
    if (!job.together.group.empty())
        seat.emplace(job.together, job.run, config.seed);   // waits until it is this run's turn
    const auto begin = std::chrono::steady_clock::now();
    if (!seat || seat->isFirst())
        resetPeakMemory();
    const std::filesystem::path folder(job.folder);
    const auto threads = useThreads(config.threads);
    if (const auto note = threadsNote(config.threads, threadLimits()); !note.empty())
        context.events().on(NoteEvent{job.run, "warning", note});
    auto prepared = openModel(config, context, seat ? &*seat : nullptr);
    resetPeakDeviceMemory(prepared.model.device());
    checkLength(config, prepared.model.config());
    auto [data, evaluation, stream] = prepared.text->prepareRun(config, context);
    const auto& evalSamples = evaluation.samples;
    noteData(config, data, stream != nullptr, context, job.run);
    std::erase_if(data.samples, [](const Sample& sample) { return sample.targets() == 0; });
    MemoryFeed inMemory(data.samples);
    SampleFeed& feed = stream ? *stream : static_cast<SampleFeed&>(inMemory);
    addLabelHead(prepared, data, config);
    if (!job.resume)   // runs of before this check go on without what does not fit
        checkMetrics(config, data, prepared.model.generates());
    if (evalSamples.empty() && !metricIds(config.metrics).empty())
        context.events().on(NoteEvent{job.run, "warning", "The metrics are not measured: there are no evaluation rows (--eval-data or --validation)."});

    const auto checkpoint = job.resume ? findCheckpoint(folder) : std::nullopt;
    CheckpointIdentity identity{.configHash = numbersHash(config),
        .dataHash = data.dataset.hash,
        .modelHash = modelHash(prepared.weights->source()),
        .threads = threads,
        .rowsHash = RowOrder(feed.rows(), config.order, config.seed).hash()};
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
        if (const auto names = labelsOfStart(folder); names != data.labels) {
            throw Error({.code = Code::mismatch,
                .file = data.dataset.file,
                .place = "labels",
                .found = data.labels.empty() ? "none" : joined(data.labels),
                .allowed = joined(names) + ", as when the run started",
                .advice = "Put the file back as it was, or start a new run."});
        }
        const auto& was = checkpoint->identity;   // a changed file that was forced may have other rows
        if (!was.rowsHash.empty() && was.dataHash == identity.dataHash && was.rowsHash != identity.rowsHash) {
            throw Error({.code = Code::mismatch,
                .file = data.dataset.file,
                .place = "order of the rows",
                .found = "another than when the run started: " + std::to_string(feed.rows()) + " rows"
                    + (stream ? ", read as they are needed" : ", held in memory"),
                .advice = "Set RANKWRIGHT_STREAM_FROM as it was, or start a new run."});
        }
        for (const auto& notice : checkpoint->notices)
            context.events().on(NoteEvent{job.run, "warning", "A damaged checkpoint was passed over: " + notice});
        if (checkpoint->identity.threads != threads) {
            context.events().on(NoteEvent{job.run, "warning",
                "Resumed with " + std::to_string(threads) + " threads instead of "
                    + std::to_string(checkpoint->identity.threads) + ": not bit-exact."});
        }
    }

    const auto expected = expectationOf(config, prepared.weights->source(), data.samples, evalSamples,
        data.task == Task::lm ? 0 : data.outputs());
    if (!seat && prepared.model.device().is_cpu()) {   // runs on one base need less than each for itself
        if (const auto note = memoryNote(expected.bytes, memoryForThisProcess()); !note.empty())
            context.events().on(NoteEvent{job.run, "warning", note + " An estimate of the run says what would make it smaller."});
    }
    auto probe = std::make_unique<const StepZeroProbe>(prepared.model, data.samples);
    auto starts = checkpoint ? readStart(folder, *prepared.weights, checkpoint->identity.startHash)
                                   : startAdapters(prepared.model, *prepared.weights, config, data.samples,
                                         context.reporter(), [&] { return context.stopped(); });
    AdapterSet adapters(prepared.model, *prepared.weights, starts, config.dropout, effectiveBase(config), context.reporter(),
        seat ? &seat->bases() : nullptr);
    if (!checkpoint)
        writeStart(folder, starts, *prepared.weights, adapters.baseHash(), data.labels);
    else if (!sameBases(folder, adapters))
        context.events().on(NoteEvent{job.run, "warning",
            "The base weights made from the start differ from the run's first ones in single bits (another processor or number of "
            "threads, or together with other runs at one time and alone at another): not bit-exact."});
    starts.clear();   // they are in the adapters now
    identity.startHash = sha256OfFile(folder / "start.safetensors");
    Group alone;
    OwnPass own(prepared.model, adapters, config.seed);
    LossPass& pass = seat ? static_cast<LossPass&>(*seat) : own;
    std::optional<DriftMonitor> drift;
    if (config.driftEvery > 0)
        drift.emplace(adapters, *prepared.weights, config, context.reporter());
    Trainer trainer({job, prepared.model, adapters, feed, evalSamples, judgeOf(prepared, evaluation, config), identity, alone, pass,
                        drift ? &*drift : nullptr},
        context);
    RunStarted event{.run = job.run,
        .method = config.method,
        .steps = trainer.steps(),
        .firstStep = checkpoint ? checkpoint->progress.step + 1 : 1,
        .trainable = adapters.count(),
        .parameters = prepared.model.parameters(),
        .rows = feed.rows(),
        .truncatedRows = data.truncated,
        .evalRows = int64_t(evalSamples.size()),
        .initHash = identity.startHash,
        .orderHash = identity.rowsHash,
        .modelHash = identity.modelHash,
        .dataHash = data.dataset.hash,
        .evalHash = hashOf(evalSamples),
        .stepZero = compareAtStart(*probe, prepared, adapters, isQuantised(config)),
        .task = taskText(data.task),
        .labels = data.labels,
        .estimatedBytes = expected.bytes,
        .productsPerStep = expected.productsPerStep,
        .data = readingOf(config, data, feed.rows(), int64_t(evalSamples.size()))};
    if (checkpoint)
        trainer.restore(*checkpoint);
    event.prepareSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    context.events().on(event);

    probe.reset();   // its logits, 50 MB of SmolLM2's
    if (seat)
        seat->ready(prepared.model, adapters, config.batch);
    releaseFreedMemory();   // what the step-0 check held: a step's tensors have other sizes
    auto result = trainer.train();
    result.stepZero = event.stepZero;
    result.adapter = writeTrainedAdapter(folder, adapters, prepared, data.labels);
    result.peakBytes = peakMemory();
    result.peakDeviceBytes = peakDeviceMemory(prepared.model.device());
    return result;
}

StepZero stepZero(const RunConfig& config, JobContext& context)
{
    useThreads(config.threads);
    auto prepared = openModel(config, context);
    auto few = config;
    few.rows = few.rows.empty() ? ":8" : few.rows;
    const auto data = prepared.text->prepare(config.data, Split::train, few, few.rows, context, nullptr, Reading::beginning);
    addLabelHead(prepared, data, config);
    const StepZeroProbe probe(prepared.model, data.samples);
    const auto starts = startAdapters(prepared.model, *prepared.weights, config, data.samples, context.reporter(),
        [&] { return context.stopped(); });
    const AdapterSet adapters(prepared.model, *prepared.weights, starts, config.dropout, effectiveBase(config));
    return compareAtStart(probe, prepared, adapters, isQuantised(config));
}

}  // namespace rankwright
