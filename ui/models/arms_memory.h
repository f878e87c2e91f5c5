// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the arms of a comparison need together where they take turns: each holds its own copy of the model, its adapter and its activations;
// the program and the rows are there once.
#pragma once

#include "training/api/reports.h"

#include <vector>

namespace rankwright {

struct ArmMemory
{
    Estimate estimate;
    int arms = 1;   // that cost as much
};

// Parts, peak and whether it fits, of all arms at once: the sum of their peaks less the part "program" of all but one of them, each part by
// the factor that past runs gave its arm. The rest (suggestions) is that of the arm that needs most.
[[nodiscard]] Estimate memoryOfAll(const std::vector<ArmMemory>& arms);

}  // namespace rankwright
