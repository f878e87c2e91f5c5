// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What every job that runs a model needs, opened once: files, tokenizer, template, data, model.
#pragma once

#include "training/api/jobs.h"
#include "training/formats/samples.h"
#include "training/formats/tokenizer.h"
#include "training/nn/model.h"
#include "training/train/sample_feed.h"

#include <chrono>
#include <memory>
#include <stop_token>

namespace rankwright {

// Progress events and the question whether to stop, for the parts of a job.
class JobContext
{
public:
    JobContext(Events& events, std::stop_token stop) : m_events(events), m_stop(std::move(stop)) {}
    [[nodiscard]] Events& events() const { return m_events; }
    // A stop by the token or through the controls (asked at most ten times a second).
    [[nodiscard]] bool stopped();
    void checkStop(const std::string& what);   // throws Error{stopped}
    // At most about ten events a second; the last one (done == total) is always sent.
    void progress(const std::string& what, int64_t done, int64_t total);
    // The same as a function, throwing Error{stopped} where a stop was asked for.
    [[nodiscard]] Model::Progress reporter();

private:
    Events& m_events;
    std::stop_token m_stop;
    std::chrono::steady_clock::time_point m_last, m_asked;
    bool m_stopSeen = false;
};

at::ScalarType scalarType(const std::string& dtype);           // "float32", "bfloat16", "float16"
// Threads LibTorch uses from now on: the configured number (at most one a core), or every core. Returns it.
int64_t useThreads(int64_t configured);

struct PreparedData
{
    Dataset dataset;
    std::vector<Sample> samples;
    Task task = Task::lm;               // RunConfig::task, resolved
    std::vector<std::string> labels;    // classify: names of the classes in their order
    int64_t truncated = 0, withoutTargets = 0;   // of the samples
    int64_t rows = 0;                   // there are so many, also where `samples` holds the first of them only; estimated where `dataset` is a part
    // Outputs of the head for labels: classes, or 1 number.
    [[nodiscard]] int64_t outputs() const { return task == Task::classify ? int64_t(labels.size()) : 1; }
};
// What a run trains on and what it is judged by; `evaluation` has no samples where nothing is.
struct RunData
{
    PreparedData training, evaluation;
    std::unique_ptr<SampleFeed> feed = {};   // of a large file: its rows, while training.samples are the first ones; else none
};
// How much of a large data file is read: all of it, or the beginning, for looking and for estimates.
enum class Reading { whole, beginning };
enum class Offsets { drop, keep };   // Sample::offsets
// Files of so many bytes are streamed: 64 MiB, or $RANKWRIGHT_STREAM_FROM.
uint64_t streamedFrom();

// The tokenizer and template of a model, and data sets tokenised with them.
class ModelText
{
public:
    // `vocabulary`, where given, is the number of ids that the model knows: rows with others are refused.
    explicit ModelText(const std::filesystem::path& model, int64_t vocabulary = 0);
    [[nodiscard]] const Tokenizer& tokenizer() const { return *m_tokenizer; }
    [[nodiscard]] const std::string& templateSource() const { return m_template; }
    [[nodiscard]] SampleOptions sampleOptions(const RunConfig& config) const;
    // All rows in memory. `training`, where given, is what the labels follow: a class that it does not have is refused.
    [[nodiscard]] PreparedData prepare(const std::string& data, Split split, const RunConfig& config, const std::string& rows,
        JobContext& context, const PreparedData* training = nullptr, Reading reading = Reading::whole,
        Offsets offsets = Offsets::drop) const;
    // Both parts: evalData, or the share of the training rows that RunConfig::validation sets aside, of which evalRows are used.
    [[nodiscard]] RunData prepareRun(const RunConfig& config, JobContext& context, Reading reading = Reading::whole) const;

private:
    [[nodiscard]] RunData streamRun(const RunConfig& config, JobContext& context) const;
    [[nodiscard]] SampleOptions optionsFor(const PreparedData& prepared, const RunConfig& config) const;
    void checkIds(const Sample& sample, const PreparedData& prepared) const;
    void count(PreparedData& prepared) const;

    std::unique_ptr<Tokenizer> m_tokenizer;
    std::string m_template;
    int64_t m_vocabulary;
};

// Logits, or a label head's scores, of the first rows at step 0: a few samples cut to a few tokens each, float32.
class StepZeroProbe
{
public:
    // Compares Model::outputs(). `samples` may be empty: then a fixed sequence of ids is used.
    StepZeroProbe(const Model& base, const std::vector<Sample>& samples);
    // Against the same model with its adapters in place.
    [[nodiscard]] StepZero compare(const Model& prepared) const;
    [[nodiscard]] double largestLogit() const;   // of the base, by size

private:
    Batch m_batch;
    at::Tensor m_logits;
};

}  // namespace rankwright
