// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/quant_error.h"

#include "training/adapters/decompose.h"
#include "training/adapters/method.h"
#include "training/analysis/spectrum.h"
#include "training/api/error.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

ErrorNorms normsOf(const at::Tensor& difference)
{
    const auto sigma = singularValues(difference);
    return {.frobenius = sigma.norm().item<double>(), .nuclear = sigma.sum().item<double>(), .spectral = sigma[0].item<double>()};
}

// One start to compare.
struct Ask
{
    RunConfig config;
    int64_t rounds = 0;   // 0: the method has none
};

std::vector<Ask> asksOf(const QuantErrorJob& job)
{
    std::vector<Ask> asks;
    for (const auto& name : job.methods) {
        const auto& card = methodCard(name);
        const bool hasRounds = findMethodOption(card, "rounds") != nullptr;
        if (methodById(card.id).prepare && !card.needsQuantisedBase) {
            throw Error({.code = Code::config, .place = "--methods", .found = name,
                .allowed = "methods whose start follows from the weight alone", .advice = "Leave it out."});
        }
        for (const auto rank : job.ranks) {
            for (const auto rounds : hasRounds ? job.rounds : std::vector<int64_t>{0}) {
                RunConfig config;
                config.method = card.id;
                config.base = job.base;
                config.rank = rank;
                if (hasRounds)
                    config.options["rounds"] = double(rounds);
                checkMethod(config);
                asks.push_back({config, rounds});
            }
        }
    }
    return asks;
}

ErrorNorms errorOf(const at::Tensor& weight, const std::string& name, const RunConfig& config)
{
    const SlotStart place{name, config.rank, config.effectiveAlpha(), config, config.base};
    const auto start = methodById(config.method).start(weight, place);
    const BaseWeight::Original original{.whole = [&] { return weight; }, .stream = [&](const auto& visit) { visit(weight); }};
    LinearSlot slot{.name = name, .kind = {}, .base = BaseWeight(weight), .bias = {}, .delta = std::nullopt};
    slot.base.place(original, start.edit, start.format.empty() ? config.base : start.format);
    slot.delta = Delta{.A = start.A, .B = start.B, .core = start.core, .scaling = start.scaling};
    return normsOf(weight - effectiveWeight(slot));
}

void checkRank(const QuantErrorJob& job, const std::string& name, const at::Tensor& weight)
{
    const auto most = std::min(weight.size(0), weight.size(1));
    for (const auto rank : job.ranks) {
        if (rank < 1 || rank > most) {
            throw Error({.code = Code::config, .place = "--rank", .found = std::to_string(rank) + " for " + name,
                .allowed = "1 to min(out, in) = " + std::to_string(most),
                .advice = "Lower the rank, or leave this module out with --modules."});
        }
    }
}

}  // namespace

QuantErrorReport quantErrors(const QuantErrorJob& job, JobContext& context)
{
    const at::NoGradGuard guard;
    const auto asks = asksOf(job);
    Weights weights(openModelSource(job.model));
    const auto modules = matchingModules(weights.config(), job.modules);
    QuantErrorReport report{.base = job.base, .dtype = job.dtype};
    const auto total = int64_t(modules.size() * asks.size());
    for (const auto& [name, kind] : modules) {
        const auto weight = weights.read(name + ".weight").to(scalarType(job.dtype)).to(at::kFloat);
        checkRank(job, name, weight);
        const auto plain = normsOf(weight - roundTrip(weight, job.base));
        for (const auto& ask : asks) {
            context.progress("Errors of " + name, int64_t(report.modules.size()), total);
            report.modules.push_back({.name = name, .kind = kind, .method = ask.config.method, .rank = ask.config.rank,
                .rounds = ask.rounds, .error = errorOf(weight, name, ask.config), .plain = plain});
        }
    }
    context.progress("Errors", total, total);
    return report;
}

}  // namespace rankwright
