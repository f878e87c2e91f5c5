// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/session.h"

#include "training/api/error.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

namespace rankwright {

void JobContext::checkStop(const std::string& what) const
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

Decoder::Progress JobContext::reporter()
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
    const auto threads = configured > 0 ? configured : int64_t(std::max(1u, std::thread::hardware_concurrency()));
    at::set_num_threads(int(threads));
    return threads;
}

void checkDevice(const std::string& device)
{
    if (device != "cpu") {
        throw Error({.code = Code::unsupported,
            .place = "/device",
            .found = "\"" + device + "\"",
            .allowed = "cpu",
            .advice = "This version trains on the CPU only."});
    }
}

ModelText::ModelText(const std::filesystem::path& model)
    : m_tokenizer(openModelTokenizer(model)), m_template(chatTemplateSource(model))
{
}

SampleOptions ModelText::sampleOptions(const RunConfig& config) const
{
    return {.loss = config.loss,
        .chatTemplate = config.chatTemplate,
        .templateSource = m_template,
        .maxLength = config.maxLength};
}

PreparedData ModelText::prepare(const std::string& data, Split split, const RunConfig& config, const std::string& rows,
    JobContext& context) const
{
    PreparedData prepared;
    prepared.dataset
        = openDataset(data, split, {.columns = config.columns, .cancelled = [&] { return context.stopped(); }});
    const Sampler sampler(*m_tokenizer, sampleOptions(config));
    prepared.samples = sampler.samples(prepared.dataset, rows, [&](int64_t done, int64_t total) {
        if (!context.stopped())
            context.progress("Tokenising " + prepared.dataset.name, done, total);
        return !context.stopped();
    });
    for (const auto& sample : prepared.samples) {
        prepared.truncated += sample.fullLength > int64_t(sample.ids.size());
        prepared.withoutTargets += sample.targets() == 0;
    }
    return prepared;
}

namespace {

constexpr size_t kProbeRows = 8;
constexpr size_t kProbeTokens = 32;

at::Tensor logitsOf(const Decoder& model, const Batch& batch)
{
    const at::NoGradGuard guard;
    return model.logits(model.forward(batch));
}

Batch probeBatch(const Decoder& model, const std::vector<Sample>& samples)
{
    std::vector<Sample> cut;
    for (size_t i = 0; i < std::min(kProbeRows, samples.size()); ++i) {
        const auto count = std::min(kProbeTokens, samples[i].ids.size());
        cut.push_back({.ids = {samples[i].ids.begin(), samples[i].ids.begin() + std::ptrdiff_t(count)},
            .trained = std::vector<bool>(count)});
    }
    if (cut.empty()) {
        std::vector<int32_t> ids;
        for (int64_t i = 0; i < 64; ++i)
            ids.push_back(int32_t((i * 7919 + 13) % model.config().vocabSize));
        cut.push_back({.ids = ids, .trained = std::vector<bool>(ids.size())});
    }
    std::vector<const Sample*> rows;
    for (const auto& sample : cut)
        rows.push_back(&sample);
    return makeBatch(rows);
}

}  // namespace

StepZeroProbe::StepZeroProbe(const Decoder& base, const std::vector<Sample>& samples)
    : m_batch(probeBatch(base, samples)), m_logits(logitsOf(base, m_batch))
{
}

StepZero StepZeroProbe::compare(const Decoder& prepared) const
{
    const auto difference = (logitsOf(prepared, m_batch) - m_logits).abs();
    return {.largest = difference.max().item<double>(),
        .mean = difference.mean(at::kDouble).item<double>(),
        .tokens = m_batch.tokens()};
}

}  // namespace rankwright
