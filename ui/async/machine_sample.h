// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the machine and this program use just now. Of the processor from /proc/stat and /proc/self/stat, of memory from /proc/meminfo and
// /proc/self/status (proc(5)), of GPUs from NVIDIA's NVML, which is asked for at run time and missing on most machines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rankwright {

struct GpuSample
{
    std::string name;
    double use = 0;                    // share of the last moments in which it worked, 0..1
    int64_t usedBytes = 0, bytes = 0;  // of its memory
};

struct MachineSample
{
    int cores = 0;                     // 0: nothing could be read
    double machineUse = 0;             // of all cores, 0..1
    double ownUse = 0;                 // by this program, in cores
    int64_t ownBytes = 0, ownPeakBytes = 0;      // resident now, and most so far
    int64_t freeBytes = 0, bytes = 0;            // what the machine could still give (MemAvailable), and what it has
    std::vector<GpuSample> gpus;
};

// Takes one sample after another; not for several threads at once.
class MachineSampler
{
public:
    // `proc` and `nvml` are files of a test in place of the system's.
    explicit MachineSampler(std::string proc = "/proc", std::string nvml = "libnvidia-ml.so.1");
    ~MachineSampler();
    MachineSampler(const MachineSampler&) = delete;
    MachineSampler& operator=(const MachineSampler&) = delete;
    MachineSample sample();            // uses since the sample before

private:
    struct Nvml;
    std::string m_proc;
    std::unique_ptr<Nvml> m_nvml;      // null: no library or no GPU
    int64_t m_busy = 0, m_all = 0, m_own = 0;    // clock ticks so far
};

}  // namespace rankwright
