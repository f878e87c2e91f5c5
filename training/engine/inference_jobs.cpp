// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/engine/inference_jobs.h"

#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/generate/generate.h"
#include "training/io/tensor_writer.h"
#include "training/train/evaluate.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>

namespace rankwright {

namespace {

// A model with an adapter on it, if one was named.
struct AdaptedModel
{
    std::unique_ptr<Weights> weights;   // stays where it is: bases that are not placed yet read from it
    Decoder model;
    std::optional<AdapterSet> adapters = std::nullopt;
};

std::unique_ptr<AdaptedModel> open(const std::string& spec, const std::string& adapter, const RunConfig& config,
    JobContext& context)
{
    useThreads(config.threads);
    checkDevice(config.device);
    const auto format = effectiveBase(config);
    auto weights = std::make_unique<Weights>(openModelSource(spec));
    Decoder model(*weights, scalarType(config.dtype), context.reporter(), format != "none");
    auto opened = std::make_unique<AdaptedModel>(AdaptedModel{std::move(weights), std::move(model)});
    std::vector<PlacedStart> starts;
    if (!adapter.empty())
        starts = readAdapter(adapter, opened->model, opened->weights->source().path);
    if (!starts.empty() || format != "none")
        opened->adapters.emplace(opened->model, *opened->weights, starts, 0, format, context.reporter());
    return opened;
}

void checkIds(const std::vector<int32_t>& ids, const ModelConfig& config)
{
    for (const auto id : ids) {
        if (id < 0 || id >= config.vocabSize) {
            throw Error({.code = Code::usage,
                .place = "--ids",
                .found = std::to_string(id),
                .allowed = "0 to " + std::to_string(config.vocabSize - 1),
                .advice = "Use ids of this model's vocabulary."});
        }
    }
    if (ids.empty() || int64_t(ids.size()) > config.contextLength) {
        throw Error({.code = Code::usage,
            .place = "--ids or --text",
            .found = std::to_string(ids.size()) + " tokens",
            .allowed = "1 to the model's context of " + std::to_string(config.contextLength),
            .advice = "Give at least one token and no more than the context holds."});
    }
}

}  // namespace

EvalResult evaluateModel(const EvalJob& job, JobContext& context)
{
    if (job.metric != "loss" && job.metric != "perplexity") {
        throw Error({.code = Code::unsupported, .place = "--metric", .found = "\"" + job.metric + "\"",
            .allowed = "loss, perplexity", .advice = "Choose one of these."});
    }
    const auto opened = open(job.model, job.adapter, job.data, context);
    const ModelText text(opened->weights->source().path, opened->model.config().vocabSize);
    auto config = job.data;
    config.maxLength = std::min(config.maxLength, opened->model.config().contextLength);
    const auto data = text.prepare(config.data, Split::test, config, config.rows, context);
    const at::NoGradGuard guard;
    const auto found = evaluate(opened->model, data.samples, [&](int64_t done, int64_t total) {
        context.progress("Evaluating", done, total);
        return true;
    });
    return {job.metric, job.metric == "loss" ? found.rowMean : std::exp(found.tokenMean), found.rows, found.tokens};
}

LogitsResult writeLogits(const LogitsJob& job, JobContext& context)
{
    if (std::filesystem::is_directory(job.out)) {
        throw Error({.code = Code::exists, .file = job.out, .place = "--out", .found = "a folder",
            .allowed = "a file name", .advice = "Name a .safetensors file."});
    }
    const auto opened = open(job.model, job.adapter, {}, context);
    auto ids = job.ids;
    if (ids.empty())
        ids = ModelText(opened->weights->source().path).tokenizer().encode(job.text, true).ids;
    checkIds(ids, opened->model.config());
    const at::NoGradGuard guard;
    std::vector<at::Tensor> layers;
    const auto hidden = opened->model.forward(makeBatch(ids), {}, nullptr, job.hidden ? &layers : nullptr);
    const auto logits = opened->model.logits(hidden);
    NamedTensors tensors{{"logits", logits}};
    if (job.hidden)
        tensors.emplace_back("hidden_states", at::stack(layers).to(at::kFloat));
    writeTensors(job.out, tensors);
    return {job.out, logits.sizes().vec()};
}

GenerateResult generate(const GenerateJob& job, JobContext& context)
{
    const auto opened = open(job.model, job.adapter, {}, context);
    const ModelText text(opened->weights->source().path);
    return generateText(opened->model, text, job, context);
}

VerifyResult verifyModel(const VerifyJob& job, JobContext& context)
{
    const at::NoGradGuard guard;
    Weights weights(openModelSource(job.model));
    const auto& source = weights.source();
    VerifyResult result;
    for (const auto& [name, stored] : source.tensors) {
        context.progress("Reading " + name, result.tensors, int64_t(source.tensors.size()));
        const auto tensor = weights.read(name);
        const auto bad = tensor.numel() - at::isfinite(tensor).sum().item<int64_t>();
        if (bad > 0 && result.nonFinite == 0)
            result.firstNonFinite = name;
        result.nonFinite += bad;
        ++result.tensors;
        result.bytes += int64_t(stored.bytes);
    }
    if (result.nonFinite > 0) {
        result.warnings.push_back(std::to_string(result.nonFinite) + " values are not finite, the first in "
            + result.firstNonFinite + ".");
    }
    try {
        const ModelText text(source.path);
        if (text.tokenizer().size() > source.config.vocabSize) {
            result.warnings.push_back("The tokenizer knows " + std::to_string(text.tokenizer().size())
                + " ids, the model " + std::to_string(source.config.vocabSize) + ".");
        }
    } catch (const Error& error) {
        if (error.code() != Code::missing)
            throw;
        result.warnings.emplace_back("No tokenizer files: text cannot be used with this model.");
    }
    for (const auto& note : source.config.notes)
        result.warnings.push_back(note);
    return result;
}

}  // namespace rankwright
