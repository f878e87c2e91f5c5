// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/spectrum.h"

#include "training/adapters/decompose.h"
#include "training/analysis/calibration.h"
#include "training/analysis/largest_values.h"
#include "training/analysis/update.h"
#include "training/api/error.h"
#include "training/formats/sha256.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace rankwright {

namespace {

constexpr int64_t kPiece = 4 << 20;   // numbers that are float64 at a time

double squaredNorm(const at::Tensor& weight)
{
    const auto rows = std::max<int64_t>(1, kPiece / std::max<int64_t>(1, weight.size(1)));
    double sum = 0;
    for (int64_t first = 0; first < weight.size(0); first += rows)
        sum += weight.narrow(0, first, std::min(rows, weight.size(0) - first)).to(at::kDouble).square().sum().item<double>();
    return sum;
}

int64_t listedValues(int64_t rows, int64_t cols, int64_t top, int64_t wholeSide)
{
    const auto all = std::min(rows, cols);
    if (top == SpectrumJob::kAuto)
        return all <= wholeSide ? all : std::min(kLargestListed, all);
    return top > 0 ? std::min(top, all) : all;
}

void update(Sha256& sum, const at::Tensor& tensor)
{
    const auto whole = tensor.contiguous();
    sum.update(std::span(static_cast<const std::byte*>(whole.const_data_ptr()), size_t(whole.nbytes())));
}

std::string hashOfWeight(const at::Tensor& weight)
{
    Sha256 sum;
    sum.update(std::string("effective ") + c10::toString(weight.scalar_type()));
    for (const auto size : weight.sizes())
        sum.update("," + std::to_string(size));
    sum.update("\n");
    update(sum, weight);
    return sum.hex();
}

// Where the matrices of a job come from. Weights are read one at a time.
class SpectrumSource
{
public:
    SpectrumSource(const SpectrumJob& job, JobContext& context)
    {
        if (job.folder.empty())
            m_weights.emplace(openModelSource(job.model));
        else
            m_trained = openTrained(job.folder, context);
        if (job.weighted)
            m_rms = inputScales(job, context);
    }

    [[nodiscard]] const ModelConfig& config() { return weights().config(); }

    // Of the weight with its scales, which is read only where the hash is its own.
    std::string hash(const std::string& name)
    {
        if (m_trained) {
            m_name = name;
            m_weight = effectiveWeight(*m_trained->model.slot(name)).detach();
        }
        const auto plain = m_trained ? hashOfWeight(m_weight) : m_weights->hash(name + ".weight");
        if (m_rms.empty())
            return plain;
        Sha256 sum;
        sum.update(plain + " inputs\n");
        update(sum, m_rms.at(name));
        return sum.hex();
    }

    at::Tensor weight(const std::string& name)
    {
        const auto weight = m_trained && m_name == name ? std::move(m_weight) : weights().read(name + ".weight");
        return m_rms.empty() ? weight : weight.to(at::kDouble) * m_rms.at(name).to(at::kDouble);
    }

private:
    Weights& weights() { return m_trained ? *m_trained->weights : *m_weights; }

    std::map<std::string, at::Tensor> inputScales(const SpectrumJob& job, JobContext& context)
    {
        useThreads(job.calibration.threads);
        const ModelText text(weights().source().path, config().vocabSize);
        if (m_trained)
            return calibrate(m_trained->model, text, job.calibration, context, 0, job.modules).rms;
        const Model model(weights(), at::kFloat, context.reporter(), true);
        return calibrate(model, text, job.calibration, context, 0, job.modules).rms;
    }

    std::optional<Weights> m_weights;
    std::unique_ptr<TrainedModel> m_trained;
    std::map<std::string, at::Tensor> m_rms;   // module -> (in), empty where nothing is weighted
    std::string m_name;
    at::Tensor m_weight;                       // of m_name: hash() and weight() share it
};

}  // namespace

ModuleSpectrum spectrumOf(const std::string& name, const at::Tensor& weight, const std::string& hash, int64_t top,
    const std::function<void()>& each, int64_t wholeSide)
{
    ModuleSpectrum spectrum{.name = name, .rows = weight.size(0), .cols = weight.size(1), .hash = hash};
    spectrum.energy = squaredNorm(weight);
    if (!std::isfinite(spectrum.energy)) {
        throw Error({.code = Code::data,
            .place = name,
            .found = "values that are not finite",
            .allowed = "finite weights",
            .advice = "Run `rankwright-cli verify MODEL`: the file is damaged, or a training diverged."});
    }
    const auto all = std::min(spectrum.rows, spectrum.cols), listed = listedValues(spectrum.rows, spectrum.cols, top, wholeSide);
    const bool whole = listed == all || all <= wholeSide;
    const auto values = (whole ? singularValues(weight) : largestSingularValues(weight, listed, each)).contiguous();
    const auto* sigma = values.const_data_ptr<double>();
    spectrum.stableRank = sigma[0] > 0 ? spectrum.energy / (sigma[0] * sigma[0]) : 0;
    spectrum.effectiveRank = whole ? effectiveRank(values) : std::numeric_limits<double>::quiet_NaN();
    spectrum.values.assign(sigma, sigma + listed);
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
    const at::NoGradGuard guard;
    SpectrumSource source(job, context);
    const auto modules = matchingModules(source.config(), job.modules);
    std::unordered_map<std::string, const ModuleSpectrum*> known;
    for (const auto& spectrum : job.known)
        known.emplace(spectrum.hash, &spectrum);
    SpectrumReport report;
    const auto total = int64_t(modules.size());
    for (const auto& [name, kind] : modules) {
        const auto what = "Singular values of " + name;
        context.checkStop(what);
        context.progress(what, int64_t(report.modules.size()), total);
        const auto hash = source.hash(name);
        const auto cached = known.find(hash);
        // A cached spectrum with fewer values than asked for does not help.
        const auto enough = [&](const ModuleSpectrum& s) {
            return int64_t(s.values.size()) >= listedValues(s.rows, s.cols, job.top, kWholeSide);
        };
        ModuleSpectrum spectrum;
        if (cached != known.end() && enough(*cached->second)) {
            spectrum = *cached->second;
            spectrum.name = name;
            if (job.top > 0 && int64_t(spectrum.values.size()) > job.top)
                spectrum.values.resize(size_t(job.top));
        } else {
            spectrum = spectrumOf(name, source.weight(name), hash, job.top, [&] { context.checkStop(what); });
        }
        report.modules.push_back(spectrum);
        context.events().on(std::move(spectrum));
    }
    context.progress("Singular values", total, total);
    return report;
}

}  // namespace rankwright
