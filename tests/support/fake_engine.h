// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An engine without LibTorch for tests of the store and the window: answers every job with plausible, varied and
// repeatable values, and trains on a made-up falling loss at a chosen speed. Knows nothing of Qt.
#pragma once

#include "tests/support/fake_chat.h"
#include "tests/support/fake_data.h"
#include "tests/support/fake_model.h"
#include "tests/support/fake_run.h"
#include "training/api/engine.h"
#include "training/api/error.h"
#include "training/api/metrics.h"
#include "training/api/rank_plan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <thread>

namespace rankwright {

class FakeEngine : public Engine
{
public:
    // How it behaves; set before run().
    std::chrono::microseconds perStep{200};
    std::vector<DeviceInfo> devices{{.id = "cpu", .name = "Processor of the tests", .bytes = int64_t(16) << 30, .freeBytes = int64_t(8) << 30}};
    std::chrono::microseconds perModule{50};       // of a spectrum
    int64_t defaultSteps = 40;                     // where the configuration leaves it to the epochs
    int64_t notFiniteAt = 0;                       // this step's loss is NaN and the step is skipped
    std::function<void(int64_t step)> beforeStep;  // may throw anything
    int64_t overfitsFrom = 1'000'000;              // step
    int64_t freeMemory = int64_t(8) << 30;         // what the machine has free
    bool sendsEnd = true;                          // false: leaves the end event to the caller
    // What it saw.
    std::atomic<int64_t> stepsTaken{0}, modulesComputed{0}, jobs{0};

    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        ++jobs;
        return std::visit([&](const auto& one) -> Result { return answer(one, events, stop); }, job);
    }
    [[nodiscard]] std::string versions() const override { return "fake engine 1.0, CUDA none, 2 threads"; }

    static constexpr int64_t kLayers = fake::kLayers, kHidden = fake::kHidden, kIntermediate = fake::kIntermediate,
                             kKeyValue = fake::kKeyValue, kVocab = fake::kVocab;

    [[nodiscard]] static std::vector<ModuleInfo> modules() { return fake::decoderModules(); }

    // Decays as a power law whose exponent differs by module, so that ranks and energies differ too.
    // `state`: whose weights, where they are not the default model's own.
    [[nodiscard]] static ModuleSpectrum spectrumOf(const ModuleInfo& module, int64_t top = 0, const std::string& state = {})
    {
        ModuleSpectrum spectrum;
        spectrum.name = module.name;
        spectrum.rows = module.rows;
        spectrum.cols = module.cols;
        spectrum.hash = hexOf(module.name + state);
        const double decay = 0.35 + 0.9 * share(module.name, 1) + (state.empty() ? 0 : 0.1 * share(module.name + state, 1));
        const double largest = 4 + 20 * share(module.name, 2);
        double sum = 0, entropy = 0;
        std::vector<double> values;
        for (int64_t i = 0; i < std::min(module.rows, module.cols); ++i) {
            values.push_back(largest * std::pow(double(i + 1), -decay));
            spectrum.energy += values.back() * values.back();
            sum += values.back();
        }
        for (const double value : values)
            entropy -= value / sum * std::log(value / sum);
        spectrum.stableRank = spectrum.energy / (largest * largest);
        spectrum.effectiveRank = std::exp(entropy);
        for (const double value : values) {
            if (top <= 0 || int64_t(spectrum.values.size()) < top)
                spectrum.values.push_back(float(value));
        }
        return spectrum;
    }

    // What a setting wins back grows with rank and rounds; in a few matrices QPiSSA at a small rank is worse than plain quantisation.
    [[nodiscard]] static QuantError quantErrorOf(const ModuleInfo& module, const std::string& method, int64_t rank, int64_t rounds,
        bool calibrated)
    {
        const double plain = std::sqrt(double(module.rows * module.cols)) * (0.5 + share(module.name, 8));
        const double most = double(std::min(module.rows, module.cols));
        double won = (method == "qpissa" ? 0.9 : 0.6) * (0.6 + 0.5 * share(module.name, 14)) * std::sqrt(double(rank) / most) * (1 + 0.05 * double(rounds - 1));
        if (method == "qpissa" && share(module.name, 9) < 0.2)
            won -= 0.3;
        const auto norms = [&](double size) {
            return ErrorNorms{.frobenius = size, .nuclear = size * std::sqrt(most), .spectral = size / 3, .output = calibrated ? size * 7 : -1};
        };
        return {.name = module.name, .kind = module.kind, .method = method, .rank = rank, .rounds = rounds,
            .error = norms(plain * (1 - std::min(won, 0.95))), .plain = norms(plain)};
    }

    // Falls to about 0.5; PiSSA falls three times as fast as LoRA. Repeatable for a seed and a step.
    [[nodiscard]] static double lossAt(const RunConfig& config, int64_t step)
    {
        const double pace = config.method == "pissa" ? 8.0 : 24.0;
        const double noise = share("loss" + std::to_string(config.seed) + "/" + std::to_string(step), 3) - 0.5;
        return 0.5 + 2.0 * std::exp(-double(step - 1) / pace) * (1 + 0.05 * noise) + 0.02 * noise;
    }

private:
    // FNV-1a with a mixing step, the same on every machine; the second 0..1.
    static uint64_t mixed(const std::string& text, uint64_t salt) { return fake::hashOf(text, salt); }
    static double share(const std::string& text, uint64_t salt) { return fake::shareOf(text, salt); }
    static std::string hexOf(const std::string& text)
    {
        std::string hex;
        for (uint64_t part = 0; part < 4; ++part) {
            char digits[17];
            std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(mixed(text, part + 10)));
            hex += digits;
        }
        return hex;
    }
    static void checkStop(const std::stop_token& stop)
    {
        if (stop.stop_requested())
            throw Error(ErrorParts{.code = Code::stopped, .file = {}, .place = "job", .found = "stopped", .allowed = {},
                .advice = "Start it again."});
    }
    static RankPlan planOf(const RunConfig& config)
    {
        std::map<std::string, ModuleRank> ranks;
        std::vector<ModuleSpectrum> spectra;
        for (const ModuleInfo& module : modules()) {
            const auto planned = config.plan.find(module.name);
            if (planned == config.plan.end() && !matchesModules(config.modules, module.name))
                continue;
            const int64_t most = std::min(module.rows, module.cols);
            ranks[module.name] = planned != config.plan.end()
                ? planned->second
                : ModuleRank{.rank = std::min(config.rank, most), .alpha = config.effectiveAlpha()};
            spectra.push_back(spectrumOf(module));
        }
        return planFromRanks(spectra, ranks);
    }

    Result answer(const InspectJob& job, Events&, const std::stop_token&)
    {
        if (job.model.find("missing") != std::string::npos)
            throw Error(ErrorParts{.code = Code::missing, .file = job.model, .place = "model", .found = "not there",
                .allowed = "a folder or a .gguf file", .advice = "Choose another model."});
        return fake::infoOf(job.model);
    }

    Result answer(const SpectrumJob& job, Events& events, const std::stop_token& stop)
    {
        SpectrumReport report;
        std::vector<ModuleInfo> wanted;
        for (const ModuleInfo& module : modules()) {
            if (matchesModules(job.modules, module.name))
                wanted.push_back(module);
        }
        for (const ModuleInfo& module : wanted) {
            checkStop(stop);
            events.on(ProgressEvent{.what = "Decomposing " + module.name, .done = int64_t(report.modules.size()),
                .total = int64_t(wanted.size())});
            const std::string state = (job.model == "default" ? "" : job.model) + job.folder + (job.weighted ? "weighted" : "");
            ModuleSpectrum spectrum = spectrumOf(module, job.top, state);
            const bool known = std::any_of(job.known.begin(), job.known.end(),
                [&](const ModuleSpectrum& one) { return one.hash == spectrum.hash; });
            if (!known) {
                std::this_thread::sleep_for(perModule);
                ++modulesComputed;
            }
            events.on(spectrum);
            report.modules.push_back(std::move(spectrum));
        }
        return report;
    }

    Result answer(const QuantErrorJob& job, Events& events, const std::stop_token& stop)
    {
        QuantErrorReport report{.base = job.base, .dtype = job.dtype, .modules = {}};
        std::vector<ModuleInfo> wanted;
        for (const ModuleInfo& module : modules()) {
            if (matchesModules(job.modules, module.name))
                wanted.push_back(module);
        }
        const auto total = int64_t(wanted.size() * job.methods.size() * job.ranks.size() * job.rounds.size());
        for (const ModuleInfo& module : wanted) {
            for (const std::string& method : job.methods) {
                for (const int64_t rank : job.ranks) {
                    for (const int64_t rounds : job.rounds) {
                        checkStop(stop);
                        events.on(ProgressEvent{.what = "Errors of " + module.name, .done = int64_t(report.modules.size()), .total = total});
                        std::this_thread::sleep_for(perModule);
                        report.modules.push_back(quantErrorOf(module, method, rank, rounds, job.calibrate));
                        events.on(report.modules.back());
                    }
                }
            }
        }
        return report;
    }

    Result answer(const PreviewJob& job, Events&, const std::stop_token&) { return fake::previewOf(job); }

    int64_t stepsOf(const RunConfig& config) const { return config.steps > 0 ? config.steps : defaultSteps; }

    [[nodiscard]] static std::vector<ModuleDrift> driftOf(const RunConfig& config, double progress)
    {
        std::vector<ModuleDrift> drifts;
        for (const ModuleInfo& module : modules())
            if (matchesModules(config.modules, module.name))
                drifts.push_back(fake::driftOf(module, config, kLayers, progress));
        return drifts;
    }

    Result answer(const DriftJob& job, Events&, const std::stop_token&)
    {
        return DriftReport{.step = 20, .intruderCosine = job.intruderCosine, .intruderTop = job.intruderTop,
            .modules = driftOf({}, 1)};
    }

    Result answer(const ShrinkJob& job, Events&, const std::stop_token&) { return fake::shrinkOf(job, modules()); }

    Result answer(const EstimateJob& job, Events&, const std::stop_token&)
    {
        const RankPlan plan = planOf(job.config);
        Estimate estimate;
        estimate.trainable = plan.parameters;
        estimate.parameters = std::get<ModelInfo>(answer(InspectJob{}, m_nobody, {})).parameters;
        estimate.steps = stepsOf(job.config);
        estimate.rows = 500;
        fake::addMemory(estimate, job.config, plan.adapterBytes, freeMemory, job.past);
        estimate.secondsPerStep = 0.02 * double(job.config.batch * job.config.accumulate);
        estimate.seconds = estimate.secondsPerStep * double(estimate.steps);
        if (job.config.method == "pissa" && job.config.learningRate > 1e-3)
            estimate.warnings.push_back("The learning rate is high for PiSSA.");
        return estimate;
    }

    static StepZero stepZeroOf(const RunConfig& config)
    {
        StepZero zero;
        if (config.method == "pissa") {
            zero.largest = 2.4e-6;
            zero.mean = 1.1e-7;
            zero.moduleLargest = 3e-8;
            zero.moduleName = modules().front().name;
        }
        zero.tokens = 128;
        zero.largestLogit = 31.2;
        return zero;
    }
    Result answer(const StepZeroJob& job, Events&, const std::stop_token&) { return stepZeroOf(job.config); }

    static CheckpointEvent writeCheckpoint(const TrainJob& job, int64_t step)
    {
        const auto folder = std::filesystem::path(job.folder) / "checkpoints" / ("step-" + std::to_string(step));
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "manifest.json") << "{\"step\":" << step << "}\n";
        return {.run = job.run, .step = step, .folder = folder.string()};
    }
    static std::string writeAdapter(const TrainJob& job)
    {
        const auto folder = std::filesystem::path(job.folder) / "adapter";
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "adapter_config.json") << "{\"peft_type\":\"LORA\",\"r\":" << job.config.rank << "}\n";
        return folder.string();
    }

    Result answer(const TrainJob& job, Events& events, const std::stop_token& stop)
    {
        const int64_t steps = stepsOf(job.config);
        const int64_t first = job.resume ? std::max<int64_t>(0, fake::newestStep(job.folder)) + 1 : 1;
        for (const char* what : {"Loading the model", "Decomposing"}) {
            checkStop(stop);
            events.on(ProgressEvent{.what = what, .done = 0, .total = 0});
        }
        announce(job, events, steps, first);
        TrainResult result;
        result.peakBytes = 760'000'000 + 1'000'000 * job.config.rank;
        result.stepZero = stepZeroOf(job.config);
        result.finalLoss = std::numeric_limits<double>::quiet_NaN();
        if (!job.config.evalData.empty() && first == 1)
            result.evalBefore = evaluate(job, events, 0, result);
        bool stopped = stop.stop_requested();
        for (int64_t step = first; step <= steps && !stopped; ++step) {
            takeStep(job, events, step, steps, result);
            Controls asked = events.controls();
            while (asked.pause && !asked.stop && !stop.stop_requested()) {
                if (asked.checkpoint) {   // also while it is paused
                    events.on(writeCheckpoint(job, step));
                    events.checkpointTaken();
                }
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                asked = events.controls();
            }
            stopped = asked.stop || stop.stop_requested();
            const bool due = job.config.saveEvery > 0 && step % job.config.saveEvery == 0;
            if (job.config.patience > 0 && m_evaluations[job.run].worse >= job.config.patience) {
                result.reason = std::to_string(m_evaluations[job.run].worse) + " evaluations in a row without a lower loss than at step "
                    + std::to_string(result.bestStep);
                events.on(writeCheckpoint(job, step));
                break;
            }
            if (stopped || due || asked.checkpoint || step == steps)
                events.on(writeCheckpoint(job, step));
            if (asked.checkpoint)
                events.checkpointTaken();
        }
        result.outcome = stopped && result.step < steps ? RunState::stopped : RunState::finished;
        if (!job.config.evalData.empty())
            result.evalAfter = evaluate(job, events, result.step, result);
        result.keptBest = job.config.keep == "best" && result.bestStep >= 0 && result.bestStep < result.step;
        result.adapter = writeAdapter(job);
        if (sendsEnd)
            events.on(RunEnded{.run = job.run, .outcome = result.outcome, .step = result.step,
                .finalLoss = result.finalLoss, .adapter = result.adapter, .error = {}, .reason = result.reason,
                .bestStep = result.bestStep, .keptBest = result.keptBest, .peakBytes = result.peakBytes});
        return result;
    }

    void announce(const TrainJob& job, Events& events, int64_t steps, int64_t first)
    {
        RunStarted start;
        start.run = job.run;
        start.method = job.config.method;
        start.steps = steps;
        start.firstStep = first;
        start.trainable = planOf(job.config).parameters;
        start.parameters = std::get<ModelInfo>(answer(InspectJob{}, m_nobody, {})).parameters;
        start.rows = 500;
        start.evalRows = job.config.evalData.empty() ? 0 : 64;
        start.prepareSeconds = 0.01;
        start.initHash = hexOf(job.config.method + std::to_string(job.config.seed));
        start.orderHash = hexOf("order" + std::to_string(job.config.seed));
        start.modelHash = hexOf("model" + job.config.model);
        start.dataHash = hexOf("data" + job.config.data);
        start.estimatedBytes = 700'000'000;
        start.productsPerStep = 1e9;
        start.stepZero = stepZeroOf(job.config);
        events.on(start);
    }

    void takeStep(const TrainJob& job, Events& events, int64_t step, int64_t steps, TrainResult& result)
    {
        if (beforeStep)
            beforeStep(step);
        if (perStep.count() > 0)
            std::this_thread::sleep_for(perStep);
        ++stepsTaken;
        StepEvent event;
        event.run = job.run;
        event.step = step;
        event.steps = steps;
        event.skipped = step == notFiniteAt;
        event.loss = event.skipped ? std::numeric_limits<double>::quiet_NaN() : lossAt(job.config, step);
        event.lr = job.config.learningRate;
        event.gradNorm = event.skipped ? event.loss : 0.3 + event.loss / 2;
        event.tokens = step * 256 * job.config.batch;
        event.targets = event.tokens / 3;
        event.seconds = 0.02 * double(step) + 0.001 * share(std::to_string(step), 6);
        events.on(event);
        if (event.skipped)
            events.on(NoteEvent{.run = job.run, .level = "warning",
                .text = "Step " + std::to_string(step) + " was skipped: the loss is not finite."});
        result.step = step;
        result.finalLoss = event.loss;
        const bool due = job.config.evalEvery > 0 && step % job.config.evalEvery == 0 && step < steps;
        if (due && !job.config.evalData.empty())
            evaluate(job, events, step, result);
        if (job.config.driftEvery > 0 && step % job.config.driftEvery == 0)
            events.on(DriftEvent{.run = job.run, .step = step, .seconds = 0.002,
                .modules = driftOf(job.config, double(step) / double(steps))});
    }

    // Every metric rises while the loss falls.
    static std::map<std::string, double> metricsAt(const RunConfig& config, double loss)
    {
        std::map<std::string, double> values;
        for (const std::string& id : metricIds(config.metrics))
            values[id] = 1 / (1 + 0.5 * loss) + 0.01 * share(id, 11);
        return values;
    }

    // Held-out loss turns up again where a run trains long: overfitting from `overfitsFrom` on.
    double evaluate(const TrainJob& job, Events& events, int64_t step, TrainResult& result)
    {
        Evaluations& seen = m_evaluations[job.run];
        if (result.bestStep < 0)
            seen = {};
        const double over = double(std::max<int64_t>(0, step - overfitsFrom));
        const double loss = lossAt(job.config, step + 1) + 0.1 + 0.004 * over;
        const bool best = loss < seen.best - job.config.leastGain;
        seen.worse = best ? 0 : seen.worse + 1;
        if (best) {
            seen.best = loss;
            result.bestStep = step;
        }
        events.on(EvalEvent{.run = job.run, .step = step, .loss = loss, .rows = 64, .tokens = 4096, .seconds = 0.05, .best = best,
            .metrics = metricsAt(job.config, loss)});
        return loss;
    }

    Result answer(const EvalJob& job, Events&, const std::stop_token&)
    {
        EvalResult result;
        result.metric = job.metric;
        result.value = (job.adapter.empty() ? 2.4 : 0.7) + share(job.model + job.adapter, 7) / 10;
        if (job.metric == "perplexity")
            result.value = std::exp(result.value);
        result.rows = 64;
        result.tokens = 4096;
        return result;
    }
    Result answer(const LogitsJob& job, Events&, const std::stop_token&)
    {
        const auto length = job.ids.empty() ? int64_t(job.text.size()) / 4 + 1 : int64_t(job.ids.size());
        return LogitsResult{.file = job.out, .shape = {length, kVocab}};
    }
    Result answer(const GenerateJob& job, Events& events, const std::stop_token& stop)
    {
        GenerateResult result;
        const std::string who = job.adapter.empty() ? "The base model" : "The trained model";
        for (const std::string& word : {who, std::string(" answers:"), " \"" + job.prompt + "\"", std::string(" is"),
                 std::string(" a"), std::string(" good"), std::string(" question.")}) {
            if (result.tokens >= job.maxTokens)
                break;
            if (stop.stop_requested()) {
                result.stop = "cancelled";
                return result;
            }
            std::this_thread::sleep_for(perStep);
            events.on(TextEvent{.text = word});
            result.text += word;
            ++result.tokens;
        }
        result.stop = result.tokens >= job.maxTokens ? "length" : "end";
        return result;
    }
    Result answer(const ChatJob& job, Events& events, const std::stop_token& stop) { return fake::chat(job, events, stop, perStep); }
    Result answer(const ExportJob& job, Events& events, const std::stop_token& stop)
    {
        ExportResult result{.folder = job.out, .format = job.format, .largestDifference = 0, .bytes = 0, .files = {}};
        if (job.format.starts_with("gguf"))
            result.files = {job.format == "gguf" ? "model-" + job.dtype + ".gguf" : "adapter.gguf"};
        else
            result.files = {job.format == "merged" ? "config.json" : "adapter_config.json",
                job.format == "merged" ? "model.safetensors" : "adapter_model.safetensors"};
        std::filesystem::create_directories(job.out);
        for (const std::string& file : result.files) {
            checkStop(stop);
            events.on(ProgressEvent{.what = "Writing " + file, .done = 0, .total = 2});
            const std::string content = "fake " + job.format + " of " + job.folder + "\n";
            std::ofstream(std::filesystem::path(job.out) / file) << content;
            result.bytes += int64_t(content.size());
        }
        result.largestDifference = job.dtype.starts_with("q") ? 0.8 : job.format == "merged" ? 4.8e-6 : 2.1e-7;
        result.largestLogit = 31.2;
        return result;
    }
    Result answer(const VerifyJob&, Events& events, const std::stop_token& stop)
    {
        checkStop(stop);
        const auto info = std::get<ModelInfo>(answer(InspectJob{}, m_nobody, {}));
        events.on(ProgressEvent{.what = "Reading", .done = info.bytes, .total = info.bytes});
        VerifyResult result;
        for (const auto& [dtype, count] : info.dtypes)
            result.tensors += count;
        result.bytes = info.bytes;
        return result;
    }

    Result answer(const DevicesJob&, Events&, const std::stop_token&)
    {
        return DeviceList{.devices = devices, .note = devices.size() > 1 ? "" : "this build has no CUDA"};
    }

    struct Nobody : Events
    {
        void on(const Event&) override { }
    } m_nobody;
    struct Evaluations { double best = std::numeric_limits<double>::infinity(); int64_t worse = 0; };
    std::map<std::string, Evaluations> m_evaluations;   // by run: several may take turns
};

}  // namespace rankwright
