// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/estimate.h"

#include "training/api/catalog.h"
#include "training/api/error.h"
#include "training/api/number_text.h"
#include "training/device/device.h"
#include "training/ops/product.h"
#include "training/train/memory_model.h"
#include "training/train/peak_memory.h"
#include "training/train/run_reading.h"
#include "training/train/schedule.h"
#include "training/train/threads.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <tuple>

namespace rankwright {

namespace {

// Past runs that say how fast this machine is: the newest ones, since machines and programs change.
constexpr size_t kNewest = 10;
// A training step takes about this many times the time of its matrix products at the measured rate (2 cores, float32).
constexpr double kOverhead = 1.6;
// Where the estimate is above this share of the memory, what to change is said.
constexpr double kTight = 0.9;

// Multiply-adds a second of a product of the model's own shape: the best of a few short measurements, since anything else that runs
// on the machine only slows them down. Measured once for each shape, dtype, device and number of threads.
double matrixRate(const ModelConfig& config, at::ScalarType type, at::Device device)
{
    static std::mutex mutex;
    static std::map<std::tuple<int64_t, int64_t, at::ScalarType, std::string, int>, double> measured;
    const std::lock_guard lock(mutex);
    auto& best = measured[{config.hiddenSize, config.intermediateSize, type, device.str(), at::get_num_threads()}];
    if (best > 0)
        return best;
    const at::NoGradGuard guard;
    const auto x = at::rand({512, config.hiddenSize}, at::kFloat).to(device, type);
    const auto W = at::rand({config.intermediateSize, config.hiddenSize}, at::kFloat).to(device, type);
    ops::timesTransposed(x, W);
    waitFor(device);
    for (int i = 0; i < 10; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        ops::timesTransposed(x, W);
        waitFor(device);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        best = std::max(best, 512 * double(config.hiddenSize) * double(config.intermediateSize) / seconds);
    }
    return best;
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    const auto half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// What a run of this kind holds beside its tensors. On an accelerator only they count: the program is in the machine's memory.
int64_t programOn(const std::string& kind)
{
    return kind.starts_with("cuda") ? 0 : programBytes();
}

int64_t sumOf(const std::vector<MemoryPart>& parts)
{
    int64_t sum = 0;
    for (const auto& part : parts)
        sum += part.bytes;
    return sum;
}

// Forward and the gradient of the input, a third product for a trained weight; the head; the adapters' own products.
double productsOf(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& rows)
{
    double tokens = 0, targets = 0;
    for (const auto& row : rows) {
        tokens += double(row.tokens);
        targets += double(row.targets);
    }
    const double share = double(config.batch * config.accumulate) / double(std::max<size_t>(1, rows.size()));
    double adapters = 0;
    if (effectivePicture(config).weight != Part::trained) {
        for (const auto& layer : shape.layers) {
            for (const auto& module : layer)
                adapters += double(module.rank * (module.shape.out + module.shape.in));
        }
    }
    const double perToken = 2 * double(shape.adaptable) + double(shape.replaced) + 3 * adapters;
    const double perTarget = (shape.everything ? 3 : 2) * double(shape.model.vocabSize * shape.model.hiddenSize);
    return share * (tokens * perToken + targets * perTarget);
}

// Changes that could make a run smaller, without their savings; those that the configuration does not allow are sorted out later.
std::vector<Suggestion> candidates(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& rows)
{
    std::vector<Suggestion> found;
    const auto number = [](int64_t value) { return std::to_string(value); };
    if (config.batch > 1) {
        const auto half = (config.batch + 1) / 2, twice = config.accumulate * 2;
        found.push_back({"Batch " + number(config.batch) + " to " + number(half) + ", accumulated over " + number(twice),
            {{"batch", half}, {"accumulate", twice}}, 0});
    }
    std::vector<int64_t> lengths;
    for (const auto& row : rows)
        lengths.push_back(row.tokens);
    std::ranges::sort(lengths);
    if (!lengths.empty()) {
        // The shortest length, in eights, that leaves 95 of 100 rows whole.
        const auto length = (lengths[(lengths.size() - 1) * 95 / 100] + 7) / 8 * 8;
        if (length < lengths.back()) {
            found.push_back({"Maximum length " + number(config.maxLength) + " to " + number(length) + ", which cuts one row in twenty",
                {{"maxLength", length}}, 0});
        }
    }
    if (config.dtype == "float32")
        found.push_back({"Frozen weights and activations in bfloat16", {{"dtype", "bfloat16"}}, 0});
    if (effectiveBase(config) == "none" && methodCard(config.method).allowsQuantisedBase)
        found.push_back({"Frozen weights in 4 bits (nf4-dq)", {{"base", "nf4-dq"}}, 0});
    if (shape.replaced > 0)
        found.push_back({"LoRA of rank 16 instead of whole weights", {{"method", "lora"}, {"rank", 16}}, 0});
    else if (config.rank > 8 && config.plan.empty() && config.initAdapter.empty())
        found.push_back({"Rank " + number(config.rank) + " to " + number(config.rank / 2), {{"rank", config.rank / 2}}, 0});
    return found;
}

}  // namespace

std::vector<Suggestion> suggestionsFor(const RunConfig& config, const ModelSource& source, const std::vector<Sample>& samples,
    const std::vector<Sample>& evalSamples, double factor, int64_t outputs)
{
    const auto shape = runShape(config, source, outputs);
    const auto rows = batchRows(samples, config), evalRows = rowSizes(evalSamples, config.maxLength);
    const auto now = sumOf(memoryParts(config, shape, rows, evalRows));
    std::vector<Suggestion> useful;
    for (auto& suggestion : candidates(config, shape, rows)) {
        auto changed = config;
        try {
            for (const auto& [key, value] : suggestion.changes)
                setField(changed, *findConfigField(key), value);
            keepOwnOptions(changed);
            validate(changed);
            const auto then = sumOf(memoryParts(changed, runShape(changed, source, outputs), batchRows(samples, changed),
                rowSizes(evalSamples, changed.maxLength)));
            suggestion.saves = int64_t(factor * double(now - then));
        } catch (const Error&) {
            continue;   // not with this method
        }
        if (suggestion.saves < 1'000'000)
            continue;
        suggestion.text += ": saves " + bytesText(suggestion.saves);
        useful.push_back(std::move(suggestion));
    }
    std::ranges::sort(useful, [](const Suggestion& a, const Suggestion& b) { return a.saves > b.saves; });
    useful.resize(std::min<size_t>(2, useful.size()));
    return useful;
}

Calibration calibrationOf(const std::string& kind, const std::vector<PastRun>& past)
{
    // The count itself is worth one run: it is off by less than a single run's chance in the allocator may be.
    std::vector<double> factors{1}, rates;
    int64_t runs = 0;
    const auto program = programOn(kind);
    for (const auto& run : past) {
        if (run.kind != kind)
            continue;
        bool counts = false;
        if (factors.size() <= kNewest && run.estimatedBytes > program && run.peakBytes > program) {
            factors.push_back(double(run.peakBytes - program) / double(run.estimatedBytes - program));
            counts = true;
        }
        if (rates.size() < kNewest && run.productsPerStep > 0 && run.secondsPerStep > 0) {
            rates.push_back(run.productsPerStep / run.secondsPerStep);
            counts = true;
        }
        runs += counts;
    }
    if (rates.empty())
        return {.memory = median(factors), .runs = runs};
    std::ranges::sort(rates);
    return {median(factors), rates[rates.size() / 2], rates.front(), rates.back(), runs};
}

Expectation expectationOf(const RunConfig& config, const ModelSource& source, const std::vector<Sample>& samples,
    const std::vector<Sample>& evalSamples, int64_t outputs)
{
    const auto shape = runShape(config, source, outputs);
    const auto rows = batchRows(samples, config);
    Expectation expected{.parts = memoryParts(config, shape, rows, rowSizes(evalSamples, config.maxLength)),
        .productsPerStep = productsOf(config, shape, rows)};
    if (programOn(runKind(config)) == 0)
        std::erase_if(expected.parts, [](const MemoryPart& part) { return part.id == "program"; });
    expected.bytes = sumOf(expected.parts);
    return expected;
}

std::string memoryNote(int64_t peakBytes, int64_t memoryBytes)
{
    if (memoryBytes == 0 || double(peakBytes) <= kTight * double(memoryBytes))
        return {};
    return "It needs about " + bytesText(peakBytes) + " of memory, of " + bytesText(memoryBytes) + " that are free"
        + (peakBytes <= memoryBytes ? ": that is tight." : ".");
}

Estimate estimate(const EstimateJob& job, JobContext& context)
{
    const auto& config = job.config;
    validate(config);
    const auto device = deviceOf(config.device);
    useThreads(config.threads);
    const auto source = openModelSource(config.model);
    checkLength(config, source.config);
    const ModelText text(source.path);
    const auto run = text.prepareRun(config, context, Reading::beginning);
    const auto& data = run.training;
    const auto& evalSamples = run.evaluation.samples;
    checkMetrics(config, data, source.config.form == "decoder");
    const auto outputs = data.task == Task::lm ? 0 : data.outputs();
    const auto shape = runShape(config, source, outputs);
    // Of a large file these are the rows at its beginning, which stand for the others.
    const auto rows = std::max<int64_t>(1, int64_t(double(rowSizes(data.samples, config.maxLength).size()) / data.dataset.share));
    const auto batchRowCount
        = std::max<int64_t>(1, int64_t(double(batchRows(data.samples, config).size()) / data.dataset.share));
    auto expected = expectationOf(config, source, data.samples, evalSamples, outputs);
    const auto calibration = calibrationOf(runKind(config), job.past);
    Estimate found{.trainable = shape.trainable,
        .parameters = shape.all,
        .steps = totalSteps(config, batchRowCount),
        .rows = rows,
        .parts = std::move(expected.parts),
        .uncalibratedBytes = expected.bytes,
        .memoryBytes = device.is_cpu() ? memoryForThisProcess() : freeDeviceMemory(device),
        .productsPerStep = expected.productsPerStep,
        .pastRuns = calibration.runs,
        .data = readingOf(config, data, rows, int64_t(evalSamples.size()))};
    const auto program = programOn(runKind(config));
    found.peakBytes = program + int64_t(calibration.memory * double(expected.bytes - program));
    found.secondsPerStep = calibration.productsPerSecond > 0
        ? expected.productsPerStep / calibration.productsPerSecond
        : kOverhead * expected.productsPerStep / matrixRate(source.config, scalarType(config.dtype), device);
    found.seconds = found.secondsPerStep * double(found.steps);
    if (calibration.slowest > 0) {
        const double all = expected.productsPerStep * double(found.steps);
        found.leastSeconds = all / calibration.fastest;
        found.mostSeconds = all / calibration.slowest;
    }
    found.fits = found.memoryBytes == 0 || found.peakBytes <= found.memoryBytes;
    if (auto note = memoryNote(found.peakBytes, found.memoryBytes); !note.empty()) {
        found.suggestions = suggestionsFor(config, source, data.samples, evalSamples, calibration.memory, outputs);
        found.warnings.push_back(std::move(note));
    }
    if (auto note = threadsNote(config.threads, threadLimits()); !note.empty())
        found.warnings.push_back(std::move(note));
    if (data.dataset.part)
        found.warnings.push_back("From the first " + std::to_string(data.samples.size()) + " rows: the file is large.");
    if (data.truncated > 0)
        found.warnings.push_back(std::to_string(data.truncated) + " rows are longer than the maximum length and will be cut.");
    return found;
}

}  // namespace rankwright
