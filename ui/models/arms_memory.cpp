// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/arms_memory.h"

#include <algorithm>

namespace rankwright {

Estimate memoryOfAll(const std::vector<ArmMemory>& arms)
{
    if (arms.empty())
        return {};
    Estimate all = std::ranges::max_element(arms, {}, [](const ArmMemory& arm) { return arm.estimate.peakBytes; })->estimate;
    all.parts.clear();
    all.peakBytes = 0;
    int64_t programs = 0, largestProgram = 0;
    for (const auto& [estimate, count] : arms) {
        const double factor = estimate.uncalibratedBytes > 0 ? double(estimate.peakBytes) / double(estimate.uncalibratedBytes) : 1;
        all.peakBytes += count * estimate.peakBytes;
        for (const MemoryPart& part : estimate.parts) {
            const auto bytes = int64_t(double(part.bytes) * factor);
            auto same = std::ranges::find(all.parts, part.id, &MemoryPart::id);
            if (same == all.parts.end())
                same = all.parts.insert(same, {part.id, part.title, 0});
            if (part.id == "program") {
                programs += count * bytes;
                largestProgram = same->bytes = std::max(largestProgram, bytes);
            } else {
                same->bytes += count * bytes;
            }
        }
    }
    all.peakBytes -= programs - largestProgram;
    all.uncalibratedBytes = all.peakBytes;   // the parts are calibrated already
    all.fits = all.memoryBytes == 0 || all.peakBytes <= all.memoryBytes;
    return all;
}

}  // namespace rankwright
