// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which runs can be trained together on one copy of the frozen base.
#pragma once

#include "training/api/reports.h"

#include <string>
#include <vector>

namespace rankwright {

// Runs with equal texts can: the same model, type, device and format of the base, and the same rows a step. A base in few bits can
// be shared by who leaves it alone, or by runs that differ in nothing that begins after the start (name, rate, schedule,
// weight decay, clipping, length), whose starts take the same out of it.
std::string sharedBaseKey(const RunConfig& config);
// Why a run is trained alone, as the end of a sentence that begins with its name ("trains the weights themselves"); empty: it need not be.
std::string whyNotTogether(const RunConfig& config);
// What runs need that are trained together: the largest one, and of each other its own parts, which are adapter, gradients, moments and
// start; the base, the program and the tokens in flight are there once. Peak, parts and whether it fits; the rest is the largest one's.
Estimate memoryTogether(const std::vector<Estimate>& runs);

}  // namespace rankwright
