// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The recorder's thread: every 250 ms what has come in goes to metrics.jsonl in one write and to SQLite in one
// transaction. What either refuses stays here and is tried again.
#include "storage/run_recorder.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>

namespace rankwright {

namespace {

constexpr auto kFlush = std::chrono::milliseconds(250);
constexpr int kBusy = 50;                           // milliseconds that a flush waits for another writer
constexpr auto kLastWait = std::chrono::seconds(5); // at the end
constexpr size_t kMostUnindexed = 65'536;

bool isRecorded(const Event& event)
{
    return !std::holds_alternative<ProgressEvent>(event) && !std::holds_alternative<ModuleSpectrum>(event)
        && !std::holds_alternative<QuantError>(event) && !std::holds_alternative<TextEvent>(event);
}

std::chrono::steady_clock::time_point waitALittle()
{
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return std::chrono::steady_clock::now();
}

}  // namespace

RunRecorder::RunRecorder(std::filesystem::path dataDirectory, std::string run)
    : m_folder(dataDirectory / "runs" / run), m_dataDirectory(std::move(dataDirectory)), m_run(std::move(run)),
      m_thread([this](std::stop_token stop) { work(std::move(stop)); })
{
}

RunRecorder::~RunRecorder()
{
    m_thread.request_stop();
    m_thread.join();
}

void RunRecorder::on(const Event& event)
{
    if (!isRecorded(event))
        return;
    const std::lock_guard lock(m_mutex);
    m_pending.push_back(event);
}

Controls RunRecorder::controls() { return m_folder.controls(); }

void RunRecorder::checkpointTaken() { m_folder.request("checkpoint", false); }

void RunRecorder::flush()
{
    const auto deadline = std::chrono::steady_clock::now() + kLastWait;
    do {
        if (const std::unique_lock writing(m_writing, std::try_to_lock); writing && writeLines())
            return;
        // Not for ever: a disk that stays full must not stop training here.
    } while (waitALittle() < deadline);
}

void RunRecorder::removeAfter(int64_t step)
{
    const std::lock_guard writing(m_writing);
    m_cut = step;
    writeLines();
}

bool RunRecorder::cut()
{
    try {
        openStore(kBusy);
        m_store->removeAfter(m_run, *m_cut);
        m_again = false;
    } catch (const std::exception&) {
        try {
            m_folder.cutMetricsAfter(*m_cut);
        } catch (const std::exception&) {
            return false;
        }
        m_again = true;
    }
    m_unindexed.clear();
    m_behind = false;
    m_cut.reset();
    return true;
}

void RunRecorder::openStore(int busyMilliseconds)
{
    if (!m_store)
        m_store.emplace(RunStore::openForAppending(m_dataDirectory, busyMilliseconds));
}

bool RunRecorder::writeLines()
{
    if (m_cut && !cut())
        return false;
    {
        const std::lock_guard lock(m_mutex);
        std::move(m_pending.begin(), m_pending.end(), std::back_inserter(m_taken));
        m_pending.clear();
    }
    if (m_taken.empty())
        return true;
    try {
        m_bytes = m_folder.appendMetrics(m_taken);
    } catch (const std::exception&) {
        return false;  // a full disk, a folder that is gone for a while
    }
    m_behind = m_behind || m_unindexed.size() + m_taken.size() > kMostUnindexed;
    if (m_behind)
        m_unindexed.clear();
    else
        std::move(m_taken.begin(), m_taken.end(), std::back_inserter(m_unindexed));
    m_taken.clear();
    return true;
}

bool RunRecorder::writeRows(int busyMilliseconds)
{
    if (m_unindexed.empty() && !m_behind && !m_again)
        return true;
    try {
        openStore(busyMilliseconds);
        if (m_again)
            m_store->indexAgain(m_run);
        else if (m_behind)
            m_store->catchUp(m_run);
        else if (!m_store->append(m_run, m_unindexed, m_bytes))
            return false;
    } catch (const std::exception&) {
        return false;  // busy while opening, or damaged: metrics.jsonl has it all
    }
    m_unindexed.clear();
    m_behind = m_again = false;
    return true;
}

void RunRecorder::work(std::stop_token stop)
{
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(m_mutex);
            m_wake.wait_for(lock, stop, kFlush, [] { return false; });
        }
        const std::lock_guard writing(m_writing);
        if (writeLines())
            writeRows(kBusy);
    }
    const auto deadline = std::chrono::steady_clock::now() + kLastWait;
    const std::lock_guard writing(m_writing);
    while (!(writeLines() && writeRows(kBusy)) && waitALittle() < deadline) { }
}

}  // namespace rankwright
