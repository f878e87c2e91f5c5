// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/session.h"

#include "training/api/error.h"
#include "training/formats/builtin_templates.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/train/threads.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace rankwright {

bool JobContext::stopped()
{
    const auto now = std::chrono::steady_clock::now();
    if (!m_stopSeen && now - m_asked >= std::chrono::milliseconds(100)) {
        m_asked = now;
        m_stopSeen = m_events.controls().stop;
    }
    return m_stopSeen || m_stop.stop_requested();
}

void JobContext::checkStop(const std::string& what)
{
    if (stopped())
        throw Error({.code = Code::stopped, .place = what, .found = "a stop was asked for"});
}

void JobContext::progress(const std::string& what, int64_t done, int64_t total)
{
    checkStop(what);
    const auto now = std::chrono::steady_clock::now();
    if (done != total && now - m_last < std::chrono::milliseconds(100))
        return;
    m_last = now;
    m_events.on(ProgressEvent{what, done, total});
}

Model::Progress JobContext::reporter()
{
    return [this](const std::string& what, int64_t done, int64_t total) { progress(what, done, total); };
}

at::ScalarType scalarType(const std::string& dtype)
{
    if (dtype == "bfloat16")
        return at::kBFloat16;
    if (dtype == "float16")
        return at::kHalf;
    if (dtype == "float32" || dtype.empty())
        return at::kFloat;
    throw Error({.code = Code::config,
        .place = "/dtype",
        .found = "\"" + dtype + "\"",
        .allowed = "float32, bfloat16, and float16 for exports",
        .advice = "Choose one of these."});
}

int64_t useThreads(int64_t configured)
{
    const auto threads = threadsFor(configured, threadLimits());
    at::set_num_threads(int(threads));
    return threads;
}

ModelText::ModelText(const std::filesystem::path& model, int64_t vocabulary)
    : m_tokenizer(openModelTokenizer(model)), m_template(chatTemplateSource(model)), m_vocabulary(vocabulary)
{
}

SampleOptions ModelText::sampleOptions(const RunConfig& config) const
{
    SampleOptions options{.loss = config.loss,
        .chatTemplate = config.chatTemplate,
        .templateSource = m_template,
        .maxLength = config.maxLength};
    const auto& name = config.chatTemplate;
    if (name == "auto" || name == "none" || (name == "model" && !m_template.empty()))
        return options;
    if (const auto* builtin = findBuiltinTemplate(name)) {
        options.templateSource = builtin->source;
        return options;
    }
    if (name == "model" || !std::filesystem::exists(name)) {
        throw Error({.code = Code::config,
            .place = "/chatTemplate",
            .found = name == "model" ? "the model has no chat template" : "\"" + name + "\", which is no file",
            .allowed = "auto, none, model (the model's own, for every row), " + builtinTemplateNames()
                + ", or a file with a template",
            .advice = "Choose one of these (--template)."});
    }
    options.templateSource = readWholeFile(name, limits::kTemplateSource);
    return options;
}

namespace {

constexpr size_t kProbeRows = 8;
constexpr size_t kProbeTokens = 32;

at::Tensor logitsOf(const Model& model, const Batch& batch)
{
    const at::NoGradGuard guard;
    return model.outputs(batch);
}

Batch probeBatch(const Model& model, const std::vector<Sample>& samples)
{
    std::vector<Sample> cut;
    for (size_t i = 0; i < std::min(kProbeRows, samples.size()); ++i) {
        const auto count = std::min(kProbeTokens, samples[i].ids.size());
        const auto& types = samples[i].types;
        cut.push_back({.ids = {samples[i].ids.begin(), samples[i].ids.begin() + std::ptrdiff_t(count)},
            .trained = std::vector<bool>(count),
            .types = {types.begin(), types.begin() + std::ptrdiff_t(std::min(count, types.size()))}});
    }
    if (cut.empty()) {
        std::vector<int32_t> ids;
        for (int64_t i = 0; i < std::min<int64_t>(64, model.config().contextLength); ++i)
            ids.push_back(int32_t((i * 7919 + 13) % model.config().vocabSize));
        cut.push_back({.ids = ids, .trained = std::vector<bool>(ids.size())});
    }
    std::vector<const Sample*> rows;
    for (auto& sample : cut) {
        if (model.task() != Task::lm)
            sample.label = 0;   // which one is of no matter: scores are compared, not losses
        rows.push_back(&sample);
    }
    return makeBatch(rows, {}, model.config().labelHead.atEnd);
}

}  // namespace

StepZeroProbe::StepZeroProbe(const Model& base, const std::vector<Sample>& samples)
    : m_batch(probeBatch(base, samples)), m_logits(logitsOf(base, m_batch))
{
}

double StepZeroProbe::largestLogit() const
{
    return m_logits.abs().max().item<double>();
}

StepZero StepZeroProbe::compare(const Model& prepared) const
{
    const auto difference = (logitsOf(prepared, m_batch) - m_logits).abs();
    return {.largest = difference.max().item<double>(),
        .mean = difference.mean(at::kDouble).item<double>(),
        .tokens = m_batch.tokens(),
        .largestLogit = largestLogit()};
}

}  // namespace rankwright
