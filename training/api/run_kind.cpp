// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The kind of a run, by which estimates are calibrated: what decides how memory and time differ from their counts.
#include "training/api/catalog.h"
#include "training/api/reports.h"

namespace rankwright {

std::string runKind(const RunConfig& config)
{
    const auto picture = effectivePicture(config);
    std::string kind = config.device + " " + config.dtype + " " + effectiveBase(config) + " " + effectiveOptimiser(config);
    const auto add = [&](bool holds, const char* word) {
        if (holds)
            kind += std::string(" ") + word;
    };
    add(picture.weight == Part::trained, config.modules == "*" ? "everything" : "weights");
    add(picture.magnitude != Part::absent, "magnitude");
    add(picture.core != Part::absent, "core");
    add(picture.residual, "residual");
    add(picture.drifts, "drifts");
    return kind;
}

}  // namespace rankwright
