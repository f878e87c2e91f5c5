// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/quant_error.h"

#include "training/adapters/decompose.h"
#include "training/adapters/method.h"
#include "training/analysis/calibration.h"
#include "training/analysis/spectrum.h"
#include "training/api/error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kMostTokens = 1024;                   // of calibration, for the output error
constexpr int64_t kInputBytes = int64_t(512) << 20;     // that their inputs may take

// A method at a rank, with all numbers of rounds that are asked for.
struct Ask
{
    RunConfig config;
    std::vector<int64_t> rounds;   // rising; empty: the method has none
};

std::vector<Ask> asksOf(const QuantErrorJob& job)
{
    auto rising = job.rounds;
    std::ranges::sort(rising);
    rising.erase(std::unique(rising.begin(), rising.end()), rising.end());
    std::vector<Ask> asks;
    for (const auto& name : job.methods) {
        const auto& card = methodCard(name);
        const bool hasRounds = findMethodOption(card, "rounds") != nullptr;
        if (methodById(card.id).prepare && !card.needsQuantisedBase) {
            throw Error({.code = Code::config, .place = "--methods", .found = name,
                .allowed = "methods whose start follows from the weight alone", .advice = "Leave it out."});
        }
        for (const auto rank : job.ranks) {
            Ask ask{.config = {}, .rounds = hasRounds ? rising : std::vector<int64_t>{}};
            ask.config.method = card.id;
            ask.config.base = job.base;
            ask.config.rank = rank;
            for (const auto rounds : ask.rounds) {
                ask.config.options["rounds"] = double(rounds);
                checkMethod(ask.config);
            }
            checkMethod(ask.config);
            asks.push_back(std::move(ask));
        }
    }
    return asks;
}

at::Tensor differenceOf(const at::Tensor& weight, const std::string& name, const RunConfig& config, const Start& start)
{
    const BaseWeight::Original original{.whole = [&] { return weight; }, .stream = [&](const auto& visit) { visit(weight); }};
    LinearSlot slot{.name = name, .kind = {}, .base = BaseWeight(weight), .bias = {}, .delta = std::nullopt};
    slot.base.place(original, start.edit, start.format.empty() ? config.base : start.format);
    slot.delta = Delta{.A = start.A, .B = start.B, .core = start.core, .magnitude = start.magnitude, .scaling = start.scaling};
    return weight - effectiveWeight(slot);
}

void checkWeight(const QuantErrorJob& job, const std::string& name, const at::Tensor& weight)
{
    const auto most = std::min(weight.size(0), weight.size(1));
    for (const auto rank : job.ranks) {
        if (rank < 1 || rank > most) {
            throw Error({.code = Code::config, .place = "--rank", .found = std::to_string(rank) + " for " + name,
                .allowed = "1 to min(out, in) = " + std::to_string(most),
                .advice = "Lower the rank, or leave this module out with --modules."});
        }
    }
    if (!at::isfinite(weight).all().item<bool>()) {
        throw Error({.code = Code::data, .place = name + ".weight", .found = "values that are not finite",
            .allowed = "finite weights in " + job.dtype, .advice = "Run `rankwright-cli verify MODEL`, or leave this module out with --modules."});
    }
}

// The inputs of the matching modules, on the model as it is: its matrices stay in their files and are read batch by batch.
Calibration calibration(const QuantErrorJob& job, Weights& weights, JobContext& context)
{
    useThreads(job.calibration.threads);
    const auto& config = weights.config();
    const auto bytesPerToken = int64_t(sizeof(float)) * config.layers
        * (2 * config.hiddenSize + config.heads * config.headDim + config.intermediateSize);
    const Model model(weights, at::kFloat, context.reporter(), Bases::later);
    const ModelText text(weights.source().path, config.vocabSize);
    return calibrate(model, text, job.calibration, context, std::clamp<int64_t>(kInputBytes / bytesPerToken, 1, kMostTokens), job.modules);
}

}  // namespace

ErrorNorms errorNorms(const at::Tensor& difference, const at::Tensor& inputs)
{
    const auto sigma = singularValues(difference);
    ErrorNorms norms{.frobenius = sigma.norm().item<double>(), .nuclear = sigma.sum().item<double>(), .spectral = sigma[0].item<double>()};
    if (inputs.defined())
        norms.output = at::matmul(inputs, difference.t()).norm(2, at::kDouble).item<double>();
    return norms;
}

void methodErrors(const std::string& module, const at::Tensor& weight, const at::Tensor& inputs, RunConfig config,
    const std::vector<int64_t>& rounds, const std::function<void(int64_t rounds, const ErrorNorms& error)>& tell)
{
    const at::NoGradGuard guard;
    const auto& method = methodById(config.method);
    SlotStart place{module, config.rank, config.effectiveAlpha(), config, config.base};
    const auto normsOf = [&](const Start& start) { return errorNorms(differenceOf(weight, module, config, start), inputs); };
    if (rounds.empty()) {
        tell(0, normsOf(method.start(weight, place)));
        return;
    }
    config.options["rounds"] = double(rounds.back());
    size_t next = 0;
    bool speaks = false;
    place.eachRound = [&](int64_t done, const Start& start) {
        speaks = true;
        if (next < rounds.size() && rounds[next] == done)
            tell(rounds[next++], normsOf(start));
    };
    auto start = method.start(weight, place);
    // What is left: numbers of rounds beyond the one at which the method stopped of itself, whose start is the last one, or everything
    // where the method does not tell its rounds.
    for (; next < rounds.size(); ++next) {
        if (!speaks) {
            config.options["rounds"] = double(rounds[next]);
            start = method.start(weight, place);
        }
        tell(rounds[next], normsOf(start));
    }
}

QuantErrorReport quantErrors(const QuantErrorJob& job, JobContext& context)
{
    const at::NoGradGuard guard;
    const auto asks = asksOf(job);
    Weights weights(openModelSource(job.model));
    const auto modules = matchingModules(weights.config(), job.modules);
    const auto inputs = job.calibrate ? calibration(job, weights, context).inputs : std::map<std::string, at::Tensor>();
    int64_t each = 0;
    for (const auto& ask : asks)
        each += std::max<int64_t>(1, int64_t(ask.rounds.size()));
    const auto total = int64_t(modules.size()) * each;
    QuantErrorReport report{.base = job.base, .dtype = job.dtype};
    for (const auto& [name, kind] : modules) {
        context.progress("Errors of " + name, int64_t(report.modules.size()), total);
        const auto weight = weights.read(name + ".weight").to(scalarType(job.dtype)).to(at::kFloat);
        checkWeight(job, name, weight);
        const auto X = job.calibrate ? inputs.at(name) : at::Tensor();
        const auto plain = errorNorms(weight - roundTrip(weight, job.base), X);
        for (const auto& ask : asks) {
            methodErrors(name, weight, X, ask.config, ask.rounds, [&](int64_t rounds, const ErrorNorms& error) {
                report.modules.push_back({.name = name, .kind = kind, .method = ask.config.method, .rank = ask.config.rank,
                    .rounds = rounds, .error = error, .plain = plain});
                context.events().on(report.modules.back());
                context.progress("Errors of " + name, int64_t(report.modules.size()), total);
            });
        }
    }
    context.progress("Errors", total, total);
    return report;
}

}  // namespace rankwright
