// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A comparison in the store as if it had been trained: 2 arms x 3 learning rates x 3 seeds with curves of a known shape.
#pragma once

#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"

#include <cmath>

namespace rankwright {

struct StoredComparison
{
    std::vector<std::string> arms{"lora", "pissa"};
    std::vector<double> rates{1e-4, 2e-4, 4e-4};
    std::vector<int64_t> seeds{0, 1, 2};
    int64_t steps = 60, evalEvery = 10;
    bool lastWaits = false;      // the last run is still queued
    bool diverges = false;       // PiSSA at the largest rate with seed 1
    bool breaksPair = false;     // PiSSA's seed 2 saw the rows in another order

    // Loss of a run: PiSSA falls faster and ends 0.05 lower at its best rate; a U over the rates with the middle one lowest.
    [[nodiscard]] double lossAt(const RunConfig& config, int64_t step) const
    {
        const bool pissa = config.method == "pissa";
        const double off = std::log2(config.learningRate / (pissa ? 2e-4 : 4e-4));
        const double noise = 0.02 * std::sin(double(step) * 1.7 + 3.0 * double(config.seed)) + 0.02 * double(config.seed)
            + (pissa ? 0.012 * double(config.seed * 7 % 3 - 1) : 0.0);
        const double end = (pissa ? 1.35 : 1.40) + 0.03 * off * off;
        return end + 1.1 * std::exp(-double(step) / (pissa ? 9 : 18)) + noise;
    }

    Comparison create(RunStore& store) const
    {
        RunConfig base;
        base.steps = steps;
        base.data = "train.jsonl";
        base.evalData = "held-out.jsonl";
        base.evalEvery = evalEvery;
        Comparison comparison;
        comparison.name = "LoRA and PiSSA on word problems";
        comparison.arms = parseArms(base, arms);
        comparison.seeds = seeds;
        comparison.sweep.rates = rates;
        comparison = createComparison(store, comparison);
        const auto runs = comparisonRuns(store, comparison.id);
        for (size_t i = 0; i < runs.size(); ++i)
            if (!(lastWaits && i + 1 == runs.size()))
                train(store, runs[i]);
        return comparison;
    }

    void train(RunStore& store, const std::string& run) const
    {
        const RunConfig config = store.config(run);
        const bool pissa = config.method == "pissa";
        const bool diverged = diverges && pissa && config.learningRate == rates.back() && config.seed == 1;
        const RunFolder folder(store.folderOf(run));
        RunStarted start{.run = run, .method = config.method, .steps = steps, .trainable = 460'800, .parameters = 134'515'008, .rows = 500};
        start.initHash = "init " + config.method + std::to_string(config.seed);
        start.orderHash = "order " + std::to_string(breaksPair && pissa && config.seed == 2 ? 99 : config.seed);
        start.modelHash = "model";
        start.dataHash = "data";
        start.stepZero = {.largest = pissa ? 2.3e-5 : 0, .mean = pissa ? 3e-6 : 0, .moduleLargest = pissa ? 4e-7 : 0,
            .moduleName = "model.layers.0.mlp.down_proj", .tokens = 512};
        std::vector<Event> events{start, EvalEvent{.run = run, .step = 0, .loss = 2.6, .rows = 64, .tokens = 4096, .seconds = 1}};
        const int64_t last = diverged ? steps / 3 : steps;
        for (int64_t step = 1; step <= last; ++step) {
            const double loss = diverged && step == last ? std::nan("") : lossAt(config, step);
            events.push_back(StepEvent{.run = run, .step = step, .steps = steps, .loss = loss, .lr = config.learningRate,
                .gradNorm = 0.5 + loss / 2, .tokens = step * 1000, .targets = step * 300, .seconds = double(step) * (pissa ? 0.52 : 0.5)});
            if (step % evalEvery == 0 && !diverged)
                events.push_back(EvalEvent{.run = run, .step = step, .loss = loss + 0.08, .rows = 64, .tokens = 4096, .seconds = 1});
        }
        events.push_back(RunEnded{.run = run, .outcome = diverged ? RunState::diverged : RunState::finished, .step = last,
            .finalLoss = lossAt(config, last), .peakBytes = 1'850'000'000});
        store.append(run, events, folder.appendMetrics(events));
        folder.update([&](nlohmann::json& document) {
            const auto json = toJson(Event(start));
            for (const char* key : {"initHash", "orderHash", "modelHash", "dataHash", "stepZero"})
                document["provenance"][key] = json[key];
        });
        store.setState(run, diverged ? RunState::diverged : RunState::finished);
    }
};

}  // namespace rankwright
