// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/spectrum.h"

#include "training/adapters/decompose.h"
#include "training/adapters/in_parallel.h"
#include "training/analysis/calibration.h"
#include "training/analysis/largest_values.h"
#include "training/analysis/update.h"
#include "training/api/error.h"
#include "training/formats/sha256.h"
#include "training/ops/vector_loops.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

namespace rankwright {

namespace {

// In float64; eight sums side by side, so that they become vector code.
template <class T>
RANKWRIGHT_VECTOR_CLONES double sumOfSquares(const T* values, int64_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i)
        sum += double(values[i]) * double(values[i]);
    return sum;
}

double squaredNorm(const at::Tensor& weight)
{
    const auto whole = weight.contiguous();
    if (whole.scalar_type() == at::kDouble)
        return sumOfSquares(whole.const_data_ptr<double>(), whole.numel());
    const auto values = whole.to(at::kFloat);
    return sumOfSquares(values.const_data_ptr<float>(), values.numel());
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

    [[nodiscard]] int64_t count(const std::string& name)
    {
        int64_t values = 1;
        for (const auto size : weights().shape(name + ".weight"))
            values *= size;
        return values;
    }

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
        const Model model(weights(), at::kFloat, context.reporter(), Bases::later);
        return calibrate(model, text, job.calibration, context, 0, job.modules).rms;
    }

    std::optional<Weights> m_weights;
    std::unique_ptr<TrainedModel> m_trained;
    std::map<std::string, at::Tensor> m_rms;   // module -> (in), empty where nothing is weighted
    std::string m_name;
    at::Tensor m_weight;                       // of m_name: hash() and weight() share it
};

// The matrices of a job, several at once; what is known of them is sent in model order, from the caller's thread.
class SpectrumWork
{
public:
    using Known = std::unordered_map<std::string, const ModuleSpectrum*>;
    SpectrumWork(const SpectrumJob& job, SpectrumSource& source, const std::vector<MatchingModule>& modules, const Known& known,
        JobContext& context)
        : m_job(job), m_source(source), m_modules(modules), m_known(known), m_context(context), m_found(modules.size())
    {
    }

    SpectrumReport report()
    {
        const bool small = std::ranges::all_of(
            m_modules, [&](const MatchingModule& one) { return m_source.count(one.name) <= kManyAtOnce; });
        const auto total = int64_t(m_modules.size());
        m_context.checkStop("Singular values");
        tell();
        inParallel(total, small ? at::get_num_threads() : 1, [&](int64_t i) { find(size_t(i)); }, [&] { tell(); });
        m_context.progress("Singular values", total, total);
        return std::move(m_report);
    }

private:
    void find(size_t index)
    {
        const auto& name = m_modules[index].name;
        std::unique_lock lock(m_mutex);   // the source holds one matrix at a time
        const auto hash = m_source.hash(name);
        ModuleSpectrum spectrum;
        if (const auto cached = m_known.find(hash); cached != m_known.end() && enough(*cached->second)) {
            spectrum = *cached->second;
            spectrum.name = name;
            if (m_job.top > 0 && int64_t(spectrum.values.size()) > m_job.top)
                spectrum.values.resize(size_t(m_job.top));
        } else {
            const auto weight = m_source.weight(name);
            lock.unlock();
            spectrum = spectrumOf(name, weight, hash, m_job.top, [&] { checkStop(name); });
            lock.lock();
        }
        m_found[index] = std::move(spectrum);
    }

    // A cached spectrum with fewer values than asked for does not help.
    [[nodiscard]] bool enough(const ModuleSpectrum& known) const
    {
        return int64_t(known.values.size()) >= listedValues(known.rows, known.cols, m_job.top, kWholeSide);
    }

    // Between the steps of a long decomposition: only the caller's thread may ask the context.
    void checkStop(const std::string& name)
    {
        if (std::this_thread::get_id() == m_caller)
            m_context.checkStop("Singular values of " + name);
    }

    void tell()
    {
        for (std::unique_lock lock(m_mutex); m_report.modules.size() < m_found.size() && m_found[m_report.modules.size()]; lock.lock()) {
            auto& spectrum = m_report.modules.emplace_back(std::move(*m_found[m_report.modules.size()]));
            lock.unlock();
            m_context.events().on(spectrum);
            m_context.checkStop("Singular values of " + spectrum.name);
        }
        if (const auto done = m_report.modules.size(); done < m_modules.size())
            m_context.progress("Singular values of " + m_modules[done].name, int64_t(done), int64_t(m_modules.size()));
    }

    const SpectrumJob& m_job;
    SpectrumSource& m_source;
    const std::vector<MatchingModule>& m_modules;
    const Known& m_known;
    JobContext& m_context;
    std::thread::id m_caller = std::this_thread::get_id();
    std::mutex m_mutex;   // of the source and of m_found
    std::vector<std::optional<ModuleSpectrum>> m_found;
    SpectrumReport m_report;   // those that were sent
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
    return SpectrumWork(job, source, modules, known, context).report();
}

}  // namespace rankwright
