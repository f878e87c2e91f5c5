// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/peak_memory.h"

#include <algorithm>
#include <filesystem>
#include <cstdlib>
#include <fstream>
#include <string>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace rankwright {

namespace {

// Bytes of a line "KEY:   1234 kB" of a file of /proc; 0 where there is none.
int64_t lineOf(const char* file, const std::string& key)
{
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with(key + ":"))
            return std::strtoll(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
    }
    return 0;
}

// The number in a file of a control group; -1 where there is none or it says "max".
int64_t numberIn(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    int64_t value = -1;
    return stream >> value ? value : -1;
}

// What the control group (version 2 or 1) still lets this process take; -1: no limit.
int64_t freeInGroup()
{
    std::ifstream stream("/proc/self/cgroup");
    int64_t least = -1;
    const auto look = [&](const std::filesystem::path& folder, const char* limit, const char* used) {
        const auto most = numberIn(folder / limit), now = numberIn(folder / used);
        if (most >= 0 && now >= 0)
            least = least < 0 ? std::max<int64_t>(0, most - now) : std::min(least, std::max<int64_t>(0, most - now));
    };
    for (std::string line; std::getline(stream, line);) {
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        const bool old = controllers.find("memory") != std::string::npos;
        if (!old && !controllers.empty())
            continue;
        const std::filesystem::path root = old ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
        // The limits of the groups above count as well.
        for (auto path = std::filesystem::path(line.substr(second + 1)).relative_path();; path = path.parent_path()) {
            look(root / path, old ? "memory.limit_in_bytes" : "memory.max", old ? "memory.usage_in_bytes" : "memory.current");
            if (path.empty())
                break;
        }
    }
    return least;
}

}  // namespace

void releaseFreedMemory()
{
#if defined(__GLIBC__)
    ::malloc_trim(0);
#endif
}

bool resetPeakMemory()
{
    releaseFreedMemory();
    std::ofstream stream("/proc/self/clear_refs");
    stream << "5" << std::flush;
    return bool(stream);
}

int64_t peakMemory() { return lineOf("/proc/self/status", "VmHWM"); }

int64_t freeMemory()
{
    auto free = lineOf("/proc/meminfo", "MemAvailable");
    if (const auto group = freeInGroup(); group >= 0)
        free = std::min(free, group);
    if (const char* limit = std::getenv("RANKWRIGHT_MEMORY_LIMIT"))
        free = std::min<int64_t>(free, std::max(0LL, std::atoll(limit)));
    return free;
}

int64_t memoryForThisProcess()
{
    const auto free = freeMemory();
    return free > 0 ? free + lineOf("/proc/self/status", "VmRSS") : 0;
}

}  // namespace rankwright
