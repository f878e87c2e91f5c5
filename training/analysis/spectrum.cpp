// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/spectrum.h"

#include "training/api/error.h"
#include "training/adapters/decompose.h"

#include <ATen/ATen.h>

#include <cmath>
#include <unordered_map>

namespace rankwright {

ModuleSpectrum spectrumOf(const std::string& name, const at::Tensor& weight, const std::string& hash, int64_t top)
{
    const auto values = singularValues(weight).contiguous();
    const auto* sigma = values.const_data_ptr<double>();
    const auto count = values.numel();
    ModuleSpectrum spectrum{.name = name, .rows = weight.size(0), .cols = weight.size(1), .hash = hash};
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
        sum += sigma[i];
        spectrum.energy += sigma[i] * sigma[i];
    }
    double entropy = 0;
    for (int64_t i = 0; i < count; ++i) {
        const double p = sum > 0 ? sigma[i] / sum : 0;
        entropy -= p > 0 ? p * std::log(p) : 0;
    }
    spectrum.stableRank = sigma[0] > 0 ? spectrum.energy / (sigma[0] * sigma[0]) : 0;
    spectrum.effectiveRank = sum > 0 ? std::exp(entropy) : 0;
    spectrum.values.assign(sigma, sigma + (top > 0 ? std::min(top, count) : count));
    return spectrum;
}

std::vector<MatchingModule> matchingModules(const ModelConfig& config, const std::string& glob)
{
    std::vector<MatchingModule> modules;
    for (const auto& expected : expectedTensors(config)) {
        const auto name = expected.name.substr(0, expected.name.rfind('.'));
        if (!expected.kind.empty() && expected.name.ends_with(".weight") && matchesModules(glob, name))
            modules.push_back({name, expected.kind});
    }
    if (modules.empty()) {
        throw Error({.code = Code::usage,
            .place = "--modules",
            .found = "\"" + glob + "\" matches no module",
            .allowed = "a glob such as * or *q_proj",
            .advice = "List the modules with `rankwright-cli inspect MODEL`."});
    }
    return modules;
}

SpectrumReport modelSpectrum(const SpectrumJob& job, JobContext& context)
{
    Weights weights(openModelSource(job.model));
    const auto modules = matchingModules(weights.config(), job.modules);
    std::unordered_map<std::string, const ModuleSpectrum*> known;
    for (const auto& spectrum : job.known)
        known.emplace(spectrum.hash, &spectrum);
    SpectrumReport report;
    const auto total = int64_t(modules.size());
    for (const auto& [name, kind] : modules) {
        context.progress("Singular values of " + name, int64_t(report.modules.size()), total);
        const auto hash = weights.hash(name + ".weight");
        const auto cached = known.find(hash);
        // A cached spectrum with fewer values than asked for does not help.
        const auto enough = [&](const ModuleSpectrum& s) {
            const auto all = std::min(s.rows, s.cols);
            return int64_t(s.values.size()) >= (job.top > 0 ? std::min(job.top, all) : all);
        };
        ModuleSpectrum spectrum;
        if (cached != known.end() && enough(*cached->second)) {
            spectrum = *cached->second;
            spectrum.name = name;
            if (job.top > 0 && int64_t(spectrum.values.size()) > job.top)
                spectrum.values.resize(size_t(job.top));
        } else {
            spectrum = spectrumOf(name, weights.read(name + ".weight"), hash, job.top);
        }
        report.modules.push_back(spectrum);
        context.events().on(std::move(spectrum));
    }
    context.progress("Singular values", total, total);
    return report;
}

}  // namespace rankwright
