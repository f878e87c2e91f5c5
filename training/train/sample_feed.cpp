// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/sample_feed.h"

#include "training/api/error.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kStation = 4096;   // rows between two remembered places

}  // namespace

FileFeed::FileFeed(Options options)
    : m_options(std::move(options))
    , m_file(m_options.file, m_options.reading)
{
    readOnce();
    m_options.see = {};
}

FileFeed::~FileFeed() = default;

bool FileFeed::isTrained(int64_t fileRow) const
{
    return fileRow >= m_options.first && fileRow < m_options.last && !(m_options.aside && m_options.aside(fileRow));
}

// Reads to the end of the file, also behind the last row that is used: the hash is of all of it.
void FileFeed::readOnce()
{
    for (int64_t fileRow = 0; const auto example = m_file.next(); ++fileRow) {
        if (fileRow >= m_options.first && fileRow < m_options.last && m_options.see)
            m_options.see(*example, fileRow);
        if (!isTrained(fileRow))
            continue;
        if (m_rows % kStation == 0)
            m_stations.push_back({m_file.position(), fileRow});
        if (!m_options.sequential)
            m_bytes.push_back(m_file.position());
        ++m_rows;
    }
    m_dataset = m_file.description();
    if (m_rows == 0) {
        throw Error({.code = Code::data, .file = m_dataset.file, .place = "rows", .found = "no row left for training",
            .allowed = "at least one", .advice = "Take more rows (--rows), or set fewer aside (--validation)."});
    }
}

int64_t FileFeed::fileRowOf(int64_t row) const
{
    auto fileRow = m_stations[size_t(row / kStation)].fileRow;
    for (int64_t left = row % kStation; left > 0; --left) {
        do
            ++fileRow;
        while (!isTrained(fileRow));
    }
    return fileRow;
}

// Training row `row` in file order: the one after the last, or from the nearest remembered place on.
Example FileFeed::next(int64_t row)
{
    const auto missing = [&] {
        return Error({.code = Code::changed, .file = m_options.file, .place = "row " + std::to_string(m_nextFileRow + 1),
            .found = "the file ends here", .allowed = "the rows that it had when the run started",
            .advice = "Put the file back as it was, and resume."});
    };
    std::optional<Example> example;
    if (row != m_next) {
        const auto& station = m_stations[size_t(row / kStation)];
        m_next = row / kStation * kStation;
        m_nextFileRow = station.fileRow;
        example = m_file.at(station.byte);
    }
    for (;;) {
        if (!example)
            example = m_file.next();
        if (!example)
            throw missing();
        const bool trained = isTrained(m_nextFileRow++);
        if (trained && m_next++ == row)
            return std::move(*example);
        example.reset();
    }
}

Sample FileFeed::read(int64_t row)
{
    if (m_options.sequential) {
        const auto example = next(row);
        return m_tokenise(example, m_nextFileRow - 1);
    }
    return m_tokenise(m_file.at(m_bytes[size_t(row)]), fileRowOf(row));
}

void FileFeed::expect(const std::vector<int64_t>& rows)
{
    const std::lock_guard lock(m_mutex);
    m_wanted.clear();
    for (const auto row : rows) {
        const bool there = m_ready.contains(row) || m_working == row;
        if (!there && std::ranges::find(m_wanted, row) == m_wanted.end())
            m_wanted.push_back(row);
    }
    std::erase_if(m_ready, [&](const auto& entry) { return std::ranges::find(rows, entry.first) == rows.end(); });
    if (!m_thread.joinable())
        m_thread = std::jthread([this](const std::stop_token& stop) { work(stop); });
    m_changed.notify_all();
}

std::shared_ptr<const Sample> FileFeed::at(int64_t row)
{
    if (!m_thread.joinable())
        expect({row});
    std::unique_lock lock(m_mutex);
    if (!m_ready.contains(row) && m_working != row) {
        std::erase(m_wanted, row);
        m_wanted.push_front(row);
        m_changed.notify_all();
    }
    m_changed.wait(lock, [&] { return m_ready.contains(row); });
    const auto found = std::move(m_ready.at(row));
    m_ready.erase(row);
    if (found.failure)
        std::rethrow_exception(found.failure);
    return found.sample;
}

void FileFeed::work(const std::stop_token& stop)
{
    std::unique_lock lock(m_mutex);
    while (m_changed.wait(lock, stop, [&] { return !m_wanted.empty(); })) {
        const auto row = m_working = m_wanted.front();
        m_wanted.pop_front();
        lock.unlock();
        Ready ready;
        try {
            ready.sample = std::make_shared<const Sample>(read(row));
        } catch (...) {
            ready.failure = std::current_exception();
            m_next = -1;
        }
        lock.lock();
        m_working = -1;
        if (ready.sample) {
            ++m_counts.rows;
            m_counts.truncated += ready.sample->fullLength > int64_t(ready.sample->ids.size());
            m_counts.withoutTargets += ready.sample->targets() == 0;
        }
        m_ready[row] = std::move(ready);
        m_changed.notify_all();
    }
}

SampleFeed::Counts FileFeed::counts()
{
    const std::lock_guard lock(m_mutex);
    return m_counts;
}

}  // namespace rankwright
