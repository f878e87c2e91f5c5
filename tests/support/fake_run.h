// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the fake engine says of a run beside its losses: drift, rank post-mortem, memory. Made up, but shaped as the real thing.
#pragma once

#include "training/api/jobs.h"

#include <algorithm>
#include <cmath>

namespace rankwright::fake {

// 0..1 from a module's name, the same on every machine.
inline double variety(const std::string& name)
{
    uint32_t hash = 2166136261u;
    for (const char letter : name)
        hash = (hash ^ uint32_t(static_cast<unsigned char>(letter))) * 16777619u;
    return double(hash % 1000) / 1000;
}

// Later layers and the down projections move most; PiSSA starts inside the first directions and leaves them slowly. `progress` 0..1.
inline ModuleDrift driftOf(const ModuleInfo& module, const RunConfig& config, int64_t layers, double progress)
{
    const double depth = double(1 + module.layer) / double(layers), other = variety(module.name);
    const double far = std::sqrt(progress) * (0.3 + 0.7 * depth) * (0.6 + 0.4 * other);
    const bool inside = config.method == "pissa";
    const int64_t rank = std::min(config.rank, std::min(module.rows, module.cols));
    return {.name = module.name, .rank = rank, .update = 0.04 * far, .inside = inside ? 0.95 - 0.35 * far : 0.05 + 0.2 * other,
        .angleMean = inside ? 3 + 25 * far : 70 + 10 * other, .angleLargest = inside ? 8 + 60 * far : 89,
        .effectiveRank = 1 + double(rank) * (0.3 + 0.4 * other) * (0.5 + 0.5 * progress),
        .intruders = int64_t((inside ? 1.5 : 4.0) * far * other)};
}

// The update's singular values fall off quickly: most of it lives in few directions.
inline ShrinkReport shrinkOf(const ShrinkJob& job, const std::vector<ModuleInfo>& modules)
{
    ShrinkReport report{.step = 20, .lossBase = 2.1, .lossFull = 1.6};
    const auto energyAt = [](int64_t rank) { return 1 - std::exp(-double(rank) / 1.6) * (rank >= 16 ? 0.0 : 1.0); };
    for (const int64_t rank : job.ranks.empty() && job.energies.empty() ? std::vector<int64_t>{1, 2, 4, 8, 16} : job.ranks) {
        const double kept = energyAt(rank);
        report.points.push_back({.rank = rank, .energy = kept, .parameters = rank * 10'000, .bytes = rank * 40'000,
            .loss = 1.6 + 0.5 * (1 - kept)});
    }
    for (const ModuleInfo& module : modules) {
        UpdateSpectrum spectrum{.name = module.name, .values = {}};
        for (int i = 0; i < 16; ++i)
            spectrum.values.push_back((0.5 + variety(module.name)) * std::exp(-0.5 * i));
        report.modules.push_back(std::move(spectrum));
    }
    report.adapter = job.out;
    return report;
}

// Parts that add up, the free memory as given, and two suggestions where they do not fit. The past runs' ratio calibrates.
inline void addMemory(Estimate& estimate, const RunConfig& config, int64_t adapterBytes, int64_t freeBytes, const std::vector<PastRun>& past)
{
    estimate.parts = {{"program", "program", 60'000'000}, {"weights", "weights", estimate.parameters * 4},
        {"adapters", "adapters", adapterBytes / 4}, {"gradients", "gradients", adapterBytes / 4},
        {"optimiser", "optimiser", adapterBytes / 2}, {"activations", "activations", config.batch * config.maxLength * 40'000},
        {"head", "head", config.batch * config.maxLength * 4'000}, {"start", "decomposition", 8'000'000}};
    for (const MemoryPart& part : estimate.parts)
        estimate.uncalibratedBytes += part.bytes;
    double factor = 1;
    for (const PastRun& run : past) {
        if (run.estimatedBytes <= 0 || run.peakBytes <= 0)
            continue;
        factor = double(run.peakBytes) / double(run.estimatedBytes);
        ++estimate.pastRuns;
    }
    estimate.peakBytes = int64_t(double(estimate.uncalibratedBytes) * factor);
    estimate.memoryBytes = freeBytes;
    estimate.fits = estimate.peakBytes <= freeBytes;
    if (estimate.fits)
        return;
    estimate.suggestions = {
        {.text = "Batch " + std::to_string(config.batch) + " to 1, accumulated over " + std::to_string(config.batch),
            .changes = {{"batch", 1}, {"accumulate", config.batch * config.accumulate}}, .saves = estimate.peakBytes / 2},
        {.text = "Rows of at most 128 tokens", .changes = {{"maxLength", 128}}, .saves = estimate.peakBytes / 3}};
}

}  // namespace rankwright::fake
