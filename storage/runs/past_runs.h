// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What runs of this machine needed, for EstimateJob::past. A run tells by a mark in its run.json (provenance.machine) where it was:
// folders are passed on, and another machine's allocator and speed say nothing about this one.
#pragma once

#include "storage/run_store.h"
#include "training/api/reports.h"

namespace rankwright {

// The same for every run of this machine, and nothing that names it: part of a SHA-256 of its machine id, processor and cores.
std::string machineMark();

// The newest finished and stopped runs of this machine that were measured, newest first.
std::vector<PastRun> pastRuns(RunStore& store, size_t most = 50);

}  // namespace rankwright
