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
    void flush() override;                   // metrics.jsonl has every event; gives up after 5 s
    // Steps after `step` are taken again: what an earlier session wrote of them goes, notes stay. Later events are
    // written only after that. A busy database is tried again; never throws for it.
    void removeAfter(int64_t step);

private:
    void work(std::stop_token stop);
    bool cut();                              // what removeAfter() asked for; false: try again
    void openStore(int busyMilliseconds);
    bool writeLines();                       // m_taken -> metrics.jsonl -> m_unindexed; false: try again
    bool writeRows(int busyMilliseconds);    // m_unindexed -> SQLite; false: try again
    RunFolder m_folder;
    std::filesystem::path m_dataDirectory;
    std::string m_run;
    std::mutex m_mutex;                      // guards m_pending
    std::condition_variable_any m_wake;
    std::vector<Event> m_pending;
    std::mutex m_writing;                    // guards the rest: held while files and rows are written, never in on()
    std::vector<Event> m_taken;              // not in metrics.jsonl yet
    std::vector<Event> m_unindexed;          // in metrics.jsonl, not in SQLite yet
    std::optional<int64_t> m_cut;            // not cut from metrics.jsonl yet
    bool m_again = false;                    // cut from metrics.jsonl only: all rows are read from it again
    bool m_behind = false;                   // too many to keep: SQLite catches up from metrics.jsonl
    int64_t m_bytes = -1;                    // size of metrics.jsonl after the last of m_unindexed
    std::optional<RunStore> m_store;
    std::jthread m_thread;                   // last: starts when everything else is there
};

}  // namespace rankwright
