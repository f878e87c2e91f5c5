// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rows of a run: read, tokenised, split into those that are trained on and those that judge, in memory or streamed.
#include "training/api/error.h"
#include "training/api/words.h"
#include "training/formats/file_reader.h"
#include "training/train/random.h"
#include "training/train/session.h"
#include "training/train/threads.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace rankwright {

namespace {

constexpr uint64_t kStreamedFrom = 64ull << 20;
constexpr int64_t kFirstRows = 1024;   // of a streamed file: what methods that look at rows before the first step can see

// The task and, of classes, their names: as configured, as in the training data, as in the data.
void resolveTask(PreparedData& prepared, const RunConfig& config, const PreparedData* training)
{
    const auto& dataset = prepared.dataset;
    prepared.task = training ? training->task : taskFromText(config.task == "auto" ? dataset.task : config.task);
    if (prepared.task != Task::lm && dataset.task == "lm") {
        throw Error({.code = Code::mismatch,
            .file = dataset.file.empty() ? std::filesystem::path(dataset.name) : dataset.file,
            .place = "columns",
            .found = "rows without a label (" + dataset.format + ")",
            .allowed = "a text, or two, and a label",
            .advice = "Name the columns (--columns text=NAME,label=NAME), or choose --task lm."});
    }
    if (prepared.task != Task::classify)
        return;
    prepared.labels = training ? training->labels : config.labels.empty() ? dataset.labels : listed(config.labels);
    if (prepared.labels.size() < 2) {
        throw Error({.code = Code::data,
            .file = dataset.file,
            .place = "labels",
            .found = prepared.labels.empty() ? "none" : "only \"" + prepared.labels.front() + "\"",
            .allowed = "at least two classes",
            .advice = "Name the classes (--labels A,B), choose other rows, or --task regress for numbers."});
    }
}

// By the row's number alone, so that every run with this seed sets the same rows aside, whichever rows it takes.
std::function<bool(int64_t row)> asideOf(const RunConfig& config)
{
    if (config.validation <= 0 || !config.evalData.empty())
        return {};
    return [random = Random(config.seed, "validation"), share = config.validation](int64_t row) {
        return random.uniform(uint64_t(row)) < share;
    };
}

void refuseEmptyPart(bool noTraining, bool noEvaluation)
{
    if (!noTraining && !noEvaluation)
        return;
    throw Error({.code = Code::config,
        .place = "/validation",
        .found = "no row left for " + std::string(noTraining ? "training" : "evaluation"),
        .allowed = "a share, and evaluation rows of it, that leave rows for both",
        .advice = "Change --validation or --eval-rows, or take more rows."});
}

// Moves the rows that judge, with their examples, out of the training's.
void setAside(RunData& data, const std::function<bool(int64_t row)>& aside)
{
    auto& training = data.training;
    auto& evaluation = data.evaluation;
    auto examples = std::exchange(training.dataset.examples, {});
    evaluation.dataset = training.dataset;
    evaluation.task = training.task;
    evaluation.labels = training.labels;
    const bool windows = examples.size() < 2;   // of one text: rows are no examples
    const auto judges = std::stable_partition(training.samples.begin(), training.samples.end(),
        [&](const Sample& sample) { return !aside(sample.row); });
    for (auto sample = judges; sample != training.samples.end(); ++sample) {
        if (!windows) {
            evaluation.dataset.examples.push_back(std::move(examples.at(size_t(sample->row))));
            sample->row = int64_t(evaluation.dataset.examples.size()) - 1;
        }
        evaluation.samples.push_back(std::move(*sample));
    }
    training.samples.erase(judges, training.samples.end());
    training.dataset.examples = std::move(examples);
}

void keepRows(std::vector<Sample>& samples, const std::string& rows)
{
    const auto [first, last] = parseRows(rows, int64_t(samples.size()), "--eval-rows");
    samples.erase(samples.begin() + last, samples.end());
    samples.erase(samples.begin(), samples.begin() + first);
}

size_t keyOf(const Example& example)
{
    std::string all = example.prompt + '\0' + example.response;
    for (const auto& message : example.messages)
        all += '\0' + message.role + '\0' + message.content;
    return std::hash<std::string>()(all);
}

using Keys = std::unordered_set<size_t>;

Keys keysOf(const PreparedData& data)
{
    Keys keys;
    for (const auto& sample : data.samples) {
        if (size_t(sample.row) < data.dataset.examples.size())
            keys.insert(keyOf(data.dataset.examples[size_t(sample.row)]));
    }
    return keys;
}

void warnOfSameRows(PreparedData& training, int64_t same)
{
    if (same > 0) {
        training.dataset.warnings.push_back(std::to_string(same)
            + " training rows have the same text as rows of the evaluation: what is measured on those is memory.");
    }
}

// Rows that are trained on and judge too, by their text.
void compareParts(RunData& data)
{
    if (data.training.dataset.examples.size() < 2)
        return;   // one text, in windows
    const auto judges = keysOf(data.evaluation);
    int64_t same = 0;
    for (const auto& sample : data.training.samples)
        same += int64_t(judges.contains(keyOf(data.training.dataset.examples.at(size_t(sample.row)))));
    warnOfSameRows(data.training, same);
}

// The reading of a streamed file from end to end, and what is kept of it.
class FirstPass
{
public:
    explicit FirstPass(const RunConfig& config) : m_config(config), m_isAside(asideOf(config))
    {
        std::tie(m_firstAside, m_lastAside) = parseRows(config.evalRows, INT64_MAX, "--eval-rows");
        if (config.evalData.empty())
            return;
        const auto most = m_lastAside == INT64_MAX ? 0 : m_lastAside;
        for (const auto& example :
            openDataset(config.evalData, Split::test, {.columns = config.columns, .mostRows = most}).examples)
            m_judges.insert(keyOf(example));
    }
    std::unique_ptr<FileFeed> read(JobContext& context)
    {
        const auto [first, last] = parseRows(m_config.rows, INT64_MAX, "--rows");
        FileFeed::Options options{.file = m_config.data, .reading = {.columns = m_config.columns}, .first = first, .last = last,
            .sequential = m_config.order == "sequential", .aside = m_isAside,
            .see = [this](const Example& example, int64_t row) { see(example, row); }};
        // The feed outlives this, and reads in a thread of its own later: then it is not asked any more.
        const auto watch = std::make_shared<std::function<bool()>>();
        options.reading.cancelled = [watch] { return *watch && (*watch)(); };
        const auto bytes = int64_t(std::filesystem::file_size(m_config.data));
        *watch = [&, blocks = int64_t(0)]() mutable {   // of 1 MiB
            if (!context.stopped())
                context.progress("Reading " + m_config.data, std::min(bytes, blocks++ << 20), bytes);
            return context.stopped();
        };
        auto feed = std::make_unique<FileFeed>(std::move(options));
        *watch = {};
        return feed;
    }
    std::vector<std::pair<Example, int64_t>> aside;   // of the rows that are set aside, those that judge
    int64_t same = 0;                                 // training rows that are rows of the evaluation too

private:
    void see(const Example& example, int64_t row)
    {
        if (m_isAside && m_isAside(row)) {
            if (m_asides >= m_firstAside && m_asides < m_lastAside)
                aside.emplace_back(example, row);
            ++m_asides;
        } else if (!m_judges.empty()) {
            same += int64_t(m_judges.contains(keyOf(example)));
        }
    }

    const RunConfig& m_config;
    std::function<bool(int64_t)> m_isAside;
    int64_t m_firstAside = 0, m_lastAside = 0, m_asides = 0;
    Keys m_judges;
};

bool isStreamed(const std::string& data)
{
    std::error_code error;
    const std::filesystem::path file(data);
    // A .txt file is one text, which is tokenised as one.
    if (data == "default" || lowerExtension(file) == ".txt" || !std::filesystem::is_regular_file(file, error))
        return false;
    const auto bytes = std::filesystem::file_size(file, error);
    return !error && bytes >= streamedFrom();
}

}  // namespace

uint64_t streamedFrom()
{
    const char* set = std::getenv("RANKWRIGHT_STREAM_FROM");
    uint64_t bytes = 0;
    if (set == nullptr || std::from_chars(set, set + std::string_view(set).size(), bytes).ec != std::errc())
        return kStreamedFrom;
    return bytes;
}

SampleOptions ModelText::optionsFor(const PreparedData& prepared, const RunConfig& config) const
{
    auto options = sampleOptions(config);
    options.task = taskText(prepared.task);
    options.labels = prepared.labels;
    options.threads = threadsFor(config.threads, threadLimits());
    return options;
}

void ModelText::checkIds(const Sample& sample, const PreparedData& prepared) const
{
    const auto largest = sample.ids.empty() ? 0 : *std::max_element(sample.ids.begin(), sample.ids.end());
    if (m_vocabulary <= 0 || largest < m_vocabulary)
        return;
    throw Error({.code = Code::mismatch,
        .file = prepared.dataset.file,
        .place = "row " + std::to_string(sample.row + 1),
        .found = "token id " + std::to_string(largest) + " of the tokenizer's " + std::to_string(m_tokenizer->size()),
        .allowed = "ids below the model's " + std::to_string(m_vocabulary),
        .advice = "Tokenizer and model do not belong together: put the model's own tokenizer beside it."});
}

void ModelText::count(PreparedData& prepared) const
{
    for (const auto& sample : prepared.samples) {
        checkIds(sample, prepared);
        prepared.truncated += sample.fullLength > int64_t(sample.ids.size());
        prepared.withoutTargets += sample.targets() == 0;
    }
    prepared.rows = int64_t(double(prepared.samples.size()) / prepared.dataset.share);
}

PreparedData ModelText::prepare(const std::string& data, Split split, const RunConfig& config, const std::string& rows,
    JobContext& context, const PreparedData* training, Reading reading, Offsets offsets) const
{
    PreparedData prepared;
    const auto most = reading == Reading::beginning ? kStreamedFrom : 0;
    prepared.dataset = openDataset(
        data, split, {.columns = config.columns, .cancelled = [&] { return context.stopped(); }, .mostBytes = most});
    resolveTask(prepared, config, training);
    auto options = optionsFor(prepared, config);
    options.offsets = offsets == Offsets::keep;
    const Sampler sampler(*m_tokenizer, std::move(options));
    prepared.samples = sampler.samples(prepared.dataset, rows, [&](int64_t done, int64_t total) {
        if (!context.stopped())
            context.progress("Tokenising " + prepared.dataset.name, done, total);
        return !context.stopped();
    });
    count(prepared);
    return prepared;
}

RunData ModelText::prepareRun(const RunConfig& config, JobContext& context, Reading reading) const
{
    if (reading == Reading::whole && isStreamed(config.data))
        return streamRun(config, context);
    RunData data{.training = prepare(config.data, Split::train, config, config.rows, context, nullptr, reading), .evaluation = {}};
    if (!config.evalData.empty()) {
        data.evaluation = prepare(config.evalData, Split::test, config, config.evalRows, context, &data.training, reading);
        compareParts(data);
        return data;
    }
    const auto aside = asideOf(config);
    if (!aside)
        return data;
    setAside(data, aside);
    refuseEmptyPart(data.training.samples.empty(), data.evaluation.samples.empty());
    data.training.rows = int64_t(double(data.training.samples.size()) / data.training.dataset.share);
    keepRows(data.evaluation.samples, config.evalRows);
    refuseEmptyPart(false, data.evaluation.samples.empty());
    compareParts(data);
    return data;
}

// What is in memory: the rows that judge, and the first ones.
RunData ModelText::streamRun(const RunConfig& config, JobContext& context) const
{
    RunData data;
    FirstPass pass(config);
    auto feed = pass.read(context);
    data.training.dataset = feed->dataset();
    resolveTask(data.training, config, nullptr);
    // The feed's own thread uses these as long as it lives.
    const auto sampler = std::make_shared<Sampler>(*m_tokenizer, optionsFor(data.training, config));
    const auto described = std::make_shared<PreparedData>();
    described->dataset = feed->dataset();
    const auto tokenise = [this, sampler, described](const Example& example, int64_t row) {
        auto sample = sampler->sample(described->dataset, example, row);
        checkIds(sample, *described);
        return sample;
    };
    feed->setTokeniser(tokenise);
    const auto first = std::min(kFirstRows, feed->rows());
    for (int64_t row = 0; row < first; ++row) {
        context.progress("Tokenising the first rows", row, first);
        data.training.samples.push_back(*feed->at(row));
    }
    count(data.training);
    data.training.rows = feed->rows();
    if (data.training.withoutTargets == first)
        refuseNoTargets(data.training.dataset, first, data.training.truncated > 0);
    if (!config.evalData.empty()) {
        data.evaluation = prepare(config.evalData, Split::test, config, config.evalRows, context, &data.training);
    } else if (config.validation > 0) {
        data.evaluation.dataset = data.training.dataset;
        data.evaluation.task = data.training.task;
        data.evaluation.labels = data.training.labels;
        for (auto& [example, row] : pass.aside) {
            data.evaluation.samples.push_back(tokenise(example, row));
            data.evaluation.samples.back().row = int64_t(data.evaluation.dataset.examples.size());
            data.evaluation.dataset.examples.push_back(std::move(example));
        }
        refuseEmptyPart(false, data.evaluation.samples.empty());
        count(data.evaluation);
    }
    warnOfSameRows(data.training, pass.same);
    data.feed = std::move(feed);
    return data;
}

}  // namespace rankwright
