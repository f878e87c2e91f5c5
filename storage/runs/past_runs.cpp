// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/runs/past_runs.h"

#include "storage/runs/comparison.h"
#include "training/api/error.h"
#include "training/formats/sha256.h"

#include <cmath>
#include <fstream>
#include <set>
#include <thread>

namespace rankwright {

namespace {

// The value of the first line "KEY : VALUE"; the first line as it is where the key is empty.
std::string lineOf(const char* file, const std::string& key)
{
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        if (key.empty())
            return line;
        if (line.starts_with(key))
            return line.substr(std::min(line.size(), line.find(':') + 1));
    }
    return {};
}

// A step's seconds are the mean over the run: the row has no more.
std::optional<PastRun> measured(RunStore& store, const RunRow& row, const std::string& mark)
{
    const auto document = store.document(row.id);
    const auto provenance = document.value("provenance", nlohmann::json::object());
    if (provenance.value("machine", std::string()) != mark)
        return std::nullopt;
    return PastRun{.kind = runKind(configFromJson(document.at("config"))),
        .estimatedBytes = row.estimatedBytes,
        .peakBytes = row.peakBytes,
        .productsPerStep = row.productsPerStep,
        .secondsPerStep = row.step > 0 && std::isfinite(row.seconds) ? row.seconds / double(row.step) : 0};
}

}  // namespace

std::string machineMark()
{
    static const std::string mark = sha256("rankwright machine\n" + lineOf("/etc/machine-id", "") + "\n"
        + lineOf("/proc/cpuinfo", "model name") + "\n" + std::to_string(std::thread::hardware_concurrency()))
                                        .substr(0, 16);
    return mark;
}

std::vector<PastRun> pastRuns(RunStore& store, size_t most)
{
    // The peak of runs that took turns, or were trained together, is that of all of them.
    std::set<std::string> together;
    for (const Comparison& comparison : storedComparisons(store.dataDirectory())) {
        if (comparison.schedule != Schedule::queued)
            together.insert(comparison.id);
    }
    std::vector<PastRun> found;
    for (const auto& row : store.runs()) {
        if (found.size() == most)
            break;
        const bool over = row.state == RunState::finished || row.state == RunState::stopped;
        const bool known = (row.estimatedBytes > 0 && row.peakBytes > 0) || row.productsPerStep > 0;
        if (!over || !known || row.filesMissing || row.step < 1)
            continue;
        try {
            auto run = measured(store, row, machineMark());
            if (run && together.contains(row.comparison))
                run->peakBytes = 0;
            if (run)
                found.push_back(std::move(*run));
        } catch (const Error&) {
            continue;   // a run that cannot be read calibrates nothing
        } catch (const nlohmann::json::exception&) {
            continue;
        }
    }
    return found;
}

}  // namespace rankwright
