// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Learning rates as pure functions of the step.
#pragma once

#include <cstdint>
#include <string>

namespace rankwright {

// The factor on the peak learning rate at `step` (from 1) of `steps`: linear warm-up over ceil(warmup * steps) steps, then constant,
// linear to 0 or cosine to 0, as transformers' schedulers (step - 1 is their counter).
double scheduleFactor(const std::string& schedule, double warmup, int64_t step, int64_t steps);

}  // namespace rankwright
