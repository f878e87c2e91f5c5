// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A run on disk: run.json, metrics.jsonl (append only), start.safetensors, checkpoints/, adapter/, lock, control/.
// The folder is the truth; SQLite is the index over it.
#pragma once

#include "storage/file_lock.h"
#include "training/api/config.h"
#include "training/api/events.h"

#include <functional>

namespace rankwright {

class RunFolder
{
public:
    static constexpr int kFormat = 1;  // of run.json
    explicit RunFolder(std::filesystem::path path);
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    // run.json: {"format":1,"id":..,"name":..,"created":..,"comparison":..,"arm":..,"config":{..},"provenance":{..},"state":..,
    // "exports":[{"folder":..,"format":..,"largestDifference":..,"largestLogit":..,"time":..}]}
    [[nodiscard]] nlohmann::json read() const;
    void write(const nlohmann::json& document) const;             // atomically
    void update(const std::function<void(nlohmann::json&)>& change) const;  // reads, changes, writes; one at a time
    // A line each, in one write, on the disk when it returns; half a line left by a kill is removed first. Returns the
    // file's size. Where it throws, the file is as it was.
    int64_t appendMetrics(const std::vector<Event>& events) const;
    [[nodiscard]] int64_t metricsBytes() const;                   // 0 where there is no file
    // Whole lines only: a half line at the end (after a kill) is ignored; `events` before any damage are kept.
    [[nodiscard]] std::vector<Event> readMetrics() const;
    // The same from a byte on that starts a line; returns the byte after the last whole, sound line.
    int64_t visitMetrics(int64_t firstByte,
        const std::function<void(std::string_view line, const Event& event)>& visit) const;
    void cutMetricsAfter(int64_t step) const;                     // rewrites atomically; starts and notes stay

    // control/{pause,checkpoint,stop}: files that any process may create; the run looks once a step.
    void request(const std::string& control, bool on) const;
    [[nodiscard]] Controls controls() const;
    void clearControls() const;

private:
    std::filesystem::path m_path;
};

// A lock on the run's lock file, which holds the owner's pid, boot id and start time as text. A run is dead only if its
// lock can be taken, never by pid or age.
class RunLock
{
public:
    // Throws Error{locked} naming the owner.
    explicit RunLock(const std::filesystem::path& runFolder);
    static bool isHeld(const std::filesystem::path& runFolder);

private:
    FileLock m_lock;
};

}  // namespace rankwright
