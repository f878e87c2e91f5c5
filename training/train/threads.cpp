// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/threads.h"

#include <omp.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace rankwright {

ThreadLimits threadLimits()
{
    ThreadLimits limits{.cores = std::max<int64_t>(1, std::thread::hardware_concurrency())};
    if (const char* text = std::getenv("OMP_NUM_THREADS")) {   // "4", or "4,2" for nested regions
        const std::string_view words(text);
        int64_t number = 0;
        if (std::from_chars(words.data(), words.data() + words.size(), number).ec == std::errc() && number > 0)
            limits.environment = number;
    }
    if (const int limit = omp_get_thread_limit(); limit > 0 && limit < INT_MAX)
        limits.limit = limit;
    return limits;
}

int64_t threadsFor(int64_t configured, const ThreadLimits& limits)
{
    const int64_t asked = configured > 0 ? configured : limits.environment > 0 ? limits.environment : limits.cores;
    const int64_t threads = std::min(asked, limits.cores);
    return limits.limit > 0 ? std::min(threads, limits.limit) : threads;
}

std::string threadsNote(int64_t configured, const ThreadLimits& limits)
{
    const int64_t threads = threadsFor(configured, limits);
    const int64_t wanted = configured > 0 ? std::min(configured, limits.cores) : limits.cores;
    if (threads >= wanted) {
        return configured > limits.cores ? "This machine runs " + std::to_string(limits.cores) + " threads at a time: more than that are not taken."
                                         : std::string();
    }
    const bool byLimit = threads == limits.limit;
    return (byLimit ? "OMP_THREAD_LIMIT" : "OMP_NUM_THREADS") + ("=" + std::to_string(byLimit ? limits.limit : limits.environment))
        + " lets this work with " + std::to_string(threads) + " of " + std::to_string(wanted) + " threads"
        + (byLimit ? ": unset it for all of them."
                   : " (torchrun sets it for the programs that it starts): --threads " + std::to_string(wanted) + " takes them all.");
}

}  // namespace rankwright
