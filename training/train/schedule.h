// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How many steps a run has, and learning rates as pure functions of the step.
#pragma once

#include "training/api/config.h"

namespace rankwright {

// Steps of a run: as configured, or enough for the epochs. `rows` of an epoch: examples, or packs of them.
int64_t totalSteps(const RunConfig& config, int64_t rows);

// The factor on the peak learning rate at `step` (from 1) of `steps`: linear warm-up over ceil(warmup * steps) steps, then constant,
// linear to 0 or cosine to 0, as transformers' schedulers (step - 1 is their counter).
double scheduleFactor(const std::string& schedule, double warmup, int64_t step, int64_t steps);

}  // namespace rankwright
