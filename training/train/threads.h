// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How many threads a job works with, and why not more. Launchers such as torchrun set OMP_NUM_THREADS=1 for every process that they start,
// which costs a run on the CPU its cores without a word.
#pragma once

#include <cstdint>
#include <string>

namespace rankwright {

struct ThreadLimits
{
    int64_t cores = 1;        // that this process may use
    int64_t environment = 0;  // OMP_NUM_THREADS; 0: not set
    int64_t limit = 0;        // OMP_THREAD_LIMIT; 0: none. Asked for more, OpenMP gives fewer in silence, and oneDNN's products are then wrong
};
ThreadLimits threadLimits();

// At most one a core: more only wait for each other. `configured` 0: OMP_NUM_THREADS, or every core.
int64_t threadsFor(int64_t configured, const ThreadLimits& limits);
// What a person should know where other threads work than asked for, or fewer than cores without being asked; empty otherwise.
std::string threadsNote(int64_t configured, const ThreadLimits& limits);

}  // namespace rankwright
