// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The one entry to the engine. Two implementations: LibTorch's (rankwright_engine.so, opened with loadEngine()) and the
// tests' fake. Both block; the caller owns the thread.
#pragma once

#include "training/api/jobs.h"

#include <memory>
#include <stop_token>

namespace rankwright {

class Engine
{
public:
    virtual ~Engine() = default;
    // Blocks until the job is done. Throws Error; a stop request ends it early: training with a checkpoint and
    // outcome "stopped", everything else with Error{stopped}.
    virtual Result run(const Job& job, Events& events, std::stop_token stop) = 0;
    // For --version: "LibTorch 2.11.0", "CUDA none", threads.
    [[nodiscard]] virtual std::string versions() const = 0;
};

// Typed form: ModelInfo info = run(engine, InspectJob{.model = "default"}, events, stop);
template <class J>
typename J::Answer run(Engine& engine, J job, Events& events, std::stop_token stop)
{
    return std::get<typename J::Answer>(engine.run(Job(std::move(job)), events, stop));
}

// Opens rankwright_engine.so beside the program (../lib/rankwright/ or the program's own folder, or
// $RANKWRIGHT_ENGINE). Costs LibTorch's load time: call it off the user-interface thread. Throws Error{missing}.
std::shared_ptr<Engine> loadEngine();

// Sets how OpenMP's threads wait for each other; libgomp reads it once, when it is loaded. False, and nothing changed, where the user
// has set OMP_WAIT_POLICY or GOMP_SPINCOUNT, or this was called before.
bool chooseHowThreadsWait();

}  // namespace rankwright
