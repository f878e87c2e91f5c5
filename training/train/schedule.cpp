// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rankwright {

int64_t totalSteps(const RunConfig& config, int64_t rows)
{
    if (config.steps > 0)
        return config.steps;
    const auto perStep = double(config.batch * config.accumulate);
    return std::max<int64_t>(1, int64_t(std::ceil(config.epochs * double(rows) / perStep)));
}

double scheduleFactor(const std::string& schedule, double warmup, int64_t step, int64_t steps)
{
    const auto warm = int64_t(std::ceil(warmup * double(steps)));
    const auto done = step - 1;
    if (done < warm)
        return double(done) / double(warm);
    if (schedule == "constant")
        return 1;
    const double share = double(done - warm) / double(std::max<int64_t>(1, steps - warm));
    return schedule == "linear" ? std::max(0.0, 1 - share) : 0.5 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace rankwright
