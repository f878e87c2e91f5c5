// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What this process holds and may hold, from /proc and the control group it runs in. Bytes; 0 where the system does not say.
#pragma once

#include <cstdint>

namespace rankwright {

// Gives what was freed, but lies between what was not, back to the system: glibc keeps it, and what has another size does not fit in.
void releaseFreedMemory();
// The peak counts anew from here on; where that is not allowed it goes on counting from the start of the process. Returns
// whether it was allowed. Releases what was freed first.
bool resetPeakMemory();
// Most resident memory of the whole process since then (VmHWM).
int64_t peakMemory();
// What the machine has free, within the limit of this process's control group. RANKWRIGHT_MEMORY_LIMIT, a number of bytes, lowers it.
int64_t freeMemory();
// What a run in this process could grow to: what it holds, and what the machine has free, within the limit of its control group.
int64_t memoryForThisProcess();

}  // namespace rankwright
