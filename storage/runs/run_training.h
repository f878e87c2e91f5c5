// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs one stored run on the calling thread, the same for the window and the command line: lock, state, recorder,
// engine, outcome. And comparisons: several arms on the same data in the same order, one after another.
#pragma once

#include "storage/run_store.h"
#include "training/api/engine.h"

namespace rankwright {

// Trains (or resumes) the run `id` of the store under dataDirectory. Every event also goes to `watcher`, whose
// controls() are obeyed beside the run folder's control files. Sets the state on every way out, also on exceptions of
// any type (failed, with the message as a note), which are thrown on. Throws Error{locked} where the run is already running
// elsewhere, Error{usage} "already complete" where the run is finished.
TrainResult trainRun(const std::filesystem::path& dataDirectory, const std::string& id, Engine& engine, Events& watcher,
    std::stop_token stop, bool resume, bool force = false);

// One arm of a comparison: a label and what differs from the shared configuration.
struct Arm
{
    std::string label;         // "pissa" or "pissa lr=1e-4"
    RunConfig config;
};
// "lora,pissa" -> arms of `base`; "pissa:lr=1e-4,slice=minor" (keys are JSON keys or option names without dashes).
// base.options may be of any methods: each arm takes those that its method has. Throws Error{usage} naming the nearest
// method or key, Error{config} where an arm makes no sense or no arm has an option of base.
std::vector<Arm> parseArms(const RunConfig& base, const std::vector<std::string>& arms);
// One config an arm and seed; names "LABEL seed N" where there are several seeds.
std::vector<RunConfig> comparisonConfigs(const std::vector<Arm>& arms, const std::vector<int64_t>& seeds);
// Creates the runs under one new comparison id and returns their ids, in order.
std::vector<std::string> createComparison(RunStore& store, const std::vector<RunConfig>& configs);
// The runs of the comparison with this id, in the order they were created; or with this start of an id, where no run is
// meant by it. Empty where there is none. Throws Error{usage} where several begin so.
std::vector<std::string> comparisonRuns(RunStore& store, const std::string& comparison);

}  // namespace rankwright
