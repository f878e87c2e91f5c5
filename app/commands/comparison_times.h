// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the runs of a comparison take, found out by trying: `compare --minutes`.
#pragma once

#include "app/commands/time_shares.h"
#include "app/commands/training.h"

namespace rankwright {

// The time of each run: of each kind one arm is tried for two steps; within a kind, steps differ as the estimates say (full
// fine-tuning multiplies half as much again as LoRA).
std::vector<RunTime> timesOf(Training& training, const std::vector<RunConfig>& configs, const std::vector<Estimate>& estimates);
double secondsAllowed(const std::string& minutes);   // of --minutes; throws Error{usage}

}  // namespace rankwright
