// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Work on many matrices at once. A decomposition of a small matrix keeps little more than one core busy, whatever threads LAPACK has: one
// matrix a core keeps all of them busy.
#pragma once

#include <cstdint>
#include <functional>

namespace rankwright {

// Values of a matrix up to which several are worked on at once: of larger ones the copies would take more memory than one has planned
// for, and LAPACK's own threads do well.
inline constexpr int64_t kManyAtOnce = int64_t(1) << 24;

// Calls task(0) ... task(count - 1), in this order but on `workers` threads, the caller's among them; each has one thread of LibTorch's
// and the caller's thread-local state (no gradients where it has none). `between`, where given, is called on the caller's thread after
// each of its own tasks and once at the end, and may throw. What a task or `between` throws ends the work: the rest is not begun, and
// the first is thrown here once all threads are through. At most one worker: a plain loop.
void inParallel(int64_t count, int64_t workers, const std::function<void(int64_t)>& task, const std::function<void()>& between = {});

}  // namespace rankwright
