// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/shared_base.h"

#include "training/api/catalog.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace rankwright {

std::string sharedBaseKey(const RunConfig& config)
{
    const auto document = toJson(config);
    nlohmann::json key;
    for (const char* part : {"model", "dtype", "device", "threads", "task", "batch", "accumulate", "packing", "maxLength"})
        key[part] = document.at(part);
    key["base"] = effectiveBase(config);
    if (isQuantised(config) && effectivePicture(config).residual) {
        auto start = document;
        for (const char* later : {"name", "learningRate", "schedule", "warmup", "weightDecay", "clip", "steps", "epochs"})
            start.erase(later);
        key["start"] = std::move(start);
    }
    return key.dump();
}

std::string whyNotTogether(const RunConfig& config)
{
    if (effectivePicture(config).weight == Part::trained)
        return "trains the weights themselves";
    return {};
}

Estimate memoryTogether(const std::vector<Estimate>& runs)
{
    constexpr std::array<std::string_view, 4> kOwn{"adapters", "gradients", "optimiser", "start"};
    if (runs.empty())
        return {};
    const auto largest = std::ranges::max_element(runs, {}, &Estimate::peakBytes);
    const double factor = largest->uncalibratedBytes > 0 ? double(largest->peakBytes) / double(largest->uncalibratedBytes) : 1;
    Estimate all = *largest;
    for (const Estimate& run : runs) {
        for (const MemoryPart& part : run.parts) {
            const auto same = std::ranges::find(all.parts, part.id, &MemoryPart::id);
            if (&run != &*largest && std::ranges::find(kOwn, part.id) != kOwn.end() && same != all.parts.end()) {
                same->bytes += part.bytes;
                all.uncalibratedBytes += part.bytes;
            }
        }
    }
    all.peakBytes = int64_t(factor * double(all.uncalibratedBytes));
    all.fits = all.memoryBytes == 0 || all.peakBytes <= all.memoryBytes;
    return all;
}

}  // namespace rankwright
