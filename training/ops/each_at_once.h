// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Independent pieces of work of many small operators: rows of a batch, arms of a comparison. A step has hundreds of such places, so
// they take OpenMP's waiting threads; work of seconds has inParallel() (adapters/in_parallel.h), with threads of its own.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <cstdint>

namespace rankwright::ops {

// visit(0) ... visit(count - 1), each on one thread where there are enough for every thread, so that its small operators need no
// barriers; otherwise one after another with all threads. The visits see the caller's thread-local state and write to places of their own.
template <class Visit>
void eachAtOnce(int64_t count, const Visit& visit)
{
    const auto some = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            visit(i);
    };
    if (count < at::get_num_threads())
        return some(0, count);
    const at::ThreadLocalState state;
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        const at::ThreadLocalStateGuard guard(state);
        some(begin, end);
    });
}

}  // namespace rankwright::ops
