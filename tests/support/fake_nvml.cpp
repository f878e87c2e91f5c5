// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Two GPUs as NVML would tell of them, for tests on machines without one. Functions and structures as nvml.h documents them.
#include <cstdint>
#include <cstdio>

namespace {

struct Use { unsigned gpu, memory; };
struct Memory { unsigned long long total, free, used; };
constexpr unsigned long long kGib = 1ull << 30;

}  // namespace

extern "C" {

int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count)
{
    *count = 2;
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device)
{
    *device = reinterpret_cast<void*>(uintptr_t(index + 1));
    return 0;
}
int nvmlDeviceGetUtilizationRates(void* device, Use* use)
{
    *use = reinterpret_cast<uintptr_t>(device) == 2 ? Use{87, 40} : Use{3, 1};
    return 0;
}
int nvmlDeviceGetMemoryInfo(void*, Memory* memory)
{
    *memory = {80 * kGib, 71 * kGib, 9 * kGib};
    return 0;
}
int nvmlDeviceGetName(void* device, char* name, unsigned length)
{
    std::snprintf(name, length, "Fake GPU %u", unsigned(reinterpret_cast<uintptr_t>(device) - 1));
    return 0;
}

}  // extern "C"
