// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Events of a run -> metrics.jsonl and SQLite, on a thread of its own with a buffer of its own: a busy database or a
// stalled window never stops training, and a crash loses at most the last 250 ms.
#pragma once

#include "storage/run_store.h"
#include "storage/runs/run_folder.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace rankwright {

class RunRecorder : public Events
{
public:
    RunRecorder(std::filesystem::path dataDirectory, std::string run);
    ~RunRecorder() override;                 // flushes: waits at most 5 s for a busy database
    void on(const Event& event) override;    // never blocks on the disk
    Controls controls() override;            // from the run folder's control files
    void checkpointTaken() override;

private:
    void work(std::stop_token stop);
    bool writeLines();                       // m_taken -> metrics.jsonl -> m_unindexed; false: try again
    bool writeRows(int busyMilliseconds);    // m_unindexed -> SQLite; false: try again
    RunFolder m_folder;
    std::filesystem::path m_dataDirectory;
    std::string m_run;
    std::mutex m_mutex;                      // guards m_pending
    std::condition_variable_any m_wake;
    std::vector<Event> m_pending;
    // The thread's own:
    std::vector<Event> m_taken;              // not in metrics.jsonl yet
    std::vector<Event> m_unindexed;          // in metrics.jsonl, not in SQLite yet
    bool m_behind = false;                   // too many to keep: SQLite catches up from metrics.jsonl
    int64_t m_bytes = -1;                    // size of metrics.jsonl after the last of m_unindexed
    std::optional<RunStore> m_store;
    std::jthread m_thread;                   // last: starts when everything else is there
};

}  // namespace rankwright
