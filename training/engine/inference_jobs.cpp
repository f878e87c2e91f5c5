// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/engine/inference_jobs.h"

#include "training/api/error.h"
#include "training/device/device.h"
#include "training/generate/generate.h"
#include "training/io/tensor_writer.h"
#include "training/train/adapted_model.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

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

// What other programs compare with is computed by the reference forms: oneDNN's float32 products, which the fast ones take on some
// processors, round about twice as much as MKL's (measured: 5e-7 against 2.5e-7 over 1,536 terms), and SmolLM2's layers 10 and 11, where
// values of 700 cancel, make 2e-5 of that. Long rows keep the fast forms, which do not hold their scores.
class ReferenceForms
{
public:
    explicit ReferenceForms(size_t tokens)
    {
        if (tokens <= kTokens)
            ops::setForm(ops::Form::plain);
    }
    ~ReferenceForms() { ops::setForm(ops::Form::fast); }
    ReferenceForms(const ReferenceForms&) = delete;
    ReferenceForms& operator=(const ReferenceForms&) = delete;

private:
    static constexpr size_t kTokens = 1024;
};

}  // namespace

LogitsResult writeLogits(const LogitsJob& job, JobContext& context)
{
    if (std::filesystem::is_directory(job.out)) {
        throw Error({.code = Code::exists, .file = job.out, .place = "--out", .found = "a folder",
            .allowed = "a file name", .advice = "Name a .safetensors file."});
    }
    const auto opened = openAdapted(job.model, job.adapter, {}, context);
    const auto& model = opened->model;
    Encoding encoding{.ids = job.ids};
    if (encoding.ids.empty())
        encoding = ModelText(opened->weights->source().path).tokenizer().encode(job.text, true);
    checkIds(encoding.ids, model.config());
    const at::NoGradGuard guard;
    auto batch = makeBatch(encoding.ids);
    if (!encoding.types.empty())
        batch.types = at::tensor(std::vector<int64_t>(encoding.types.begin(), encoding.types.end()), at::kLong);
    const ReferenceForms forms(encoding.ids.size());
    std::vector<at::Tensor> layers;
    const auto hidden = model.forward(batch, {}, nullptr, job.hidden ? &layers : nullptr);
    NamedTensors tensors;
    if (model.task() != Task::lm)
        tensors.emplace_back("logits", model.scores(hidden.narrow(0, model.config().labelHead.atEnd ? batch.tokens() - 1 : 0, 1)));
    else if (model.generates())
        tensors.emplace_back("logits", model.logits(hidden));
    if (!model.generates())
        tensors.emplace_back("last_hidden_state", hidden.to(at::kFloat));
    if (job.hidden)
        tensors.emplace_back("hidden_states", at::stack(layers).to(at::kFloat));
    writeTensors(job.out, tensors);
    return {job.out, tensors.front().second.sizes().vec()};
}

GenerateResult generate(const GenerateJob& job, JobContext& context)
{
    if (!job.folder.empty()) {
        const auto run = openTrained(job.folder, context, deviceOf(job.device));
        if (job.dtype != "auto" && job.dtype != run->config.dtype) {
            throw Error({.code = Code::usage, .place = "--dtype", .found = job.dtype, .allowed = "the run's " + run->config.dtype,
                .advice = "Leave it out: a run answers in the type that it was trained in."});
        }
        return generateText(run->model, ModelText(run->weights->source().path), job, context);
    }
    RunConfig config;
    if (job.dtype != "auto")
        config.dtype = job.dtype;
    config.device = job.device;
    const auto opened = openAdapted(job.model, job.adapter, config, context, Bases::asStored);
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
