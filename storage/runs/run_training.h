// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs one stored run on the calling thread, the same for the window and the command line: lock, state, recorder,
// engine, outcome.
#pragma once

#include "storage/run_store.h"
#include "training/api/engine.h"

namespace rankwright {

// Trains (or resumes) the run `id` of the store under dataDirectory. Every event also goes to `watcher`, whose
// controls() are obeyed beside the run folder's control files. Sets the state on every way out, also on exceptions of
// any type (failed, with the message as a note), which are thrown on. Throws Error{locked} where the run is already running
// elsewhere, Error{usage} "already complete" where the run is finished. `together`: with other runs, each on a thread of its own.
TrainResult trainRun(const std::filesystem::path& dataDirectory, const std::string& id, Engine& engine, Events& watcher,
    std::stop_token stop, bool resume, bool force = false, const Together& together = {});

}  // namespace rankwright
