// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the table comes to its rows: all of them once, then those that go on.
#include "ui/format.h"
#include "ui/models/curve_store.h"
#include "ui/models/run_table.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace rankwright {

void RunTable::reload()
{
    m_reader.read<Stored>(
        [](RunStore& store) {
            Stored stored{.runs = store.runs(), .comparisons = storedComparisons(store.dataDirectory()), .metrics = lastMetrics(store),
                .extent = store.extent()};
            return stored;
        },
        [this](Stored& stored) { receive(stored); });
}

void RunTable::follow()
{
    if (m_reader.isBusy())
        return;   // of two reads only the newer is delivered, and one of everything says more
    std::vector<std::string> going;
    for (const RunRow& run : m_runs)
        if (run.state == RunState::running || run.state == RunState::paused || run.state == RunState::queued)
            going.push_back(run.id);
    m_reader.read<Followed>(
        [going](RunStore& store) {
            Followed followed{.runs = store.runsWith(going), .extent = store.extent()};
            for (RunRow& row : store.runsIn({RunState::running, RunState::paused}))   // also what was resumed elsewhere
                if (std::ranges::find(going, row.id) == going.end())
                    followed.runs.push_back(std::move(row));
            for (const RunRow& row : followed.runs)
                for (const auto& [metric, value] : store.metrics(row.id))
                    if (!std::isnan(value))
                        followed.metrics[format::text(row.id)][format::text(std::string(kMetricPrefix) + metric)] = value;
            return followed;
        },
        [this](Followed& followed) { receiveFollowed(followed); });
}

void RunTable::receiveFollowed(Followed& followed)
{
    if (followed.extent != m_extent)
        return reload();
    std::vector<int> rows;
    bool measured = false;
    for (RunRow& run : followed.runs) {
        const auto id = format::text(run.id);
        const int row = rowOf(id);
        if (row < 0)
            return reload();
        const auto found = followed.metrics.find(id);
        const bool other = found != followed.metrics.end() && found->second != metrics(id);
        if (run == m_runs[size_t(row)] && !other)
            continue;
        if (other)
            m_metrics[id] = found->second;
        measured = measured || other;
        m_runs[size_t(row)] = std::move(run);
        rows.push_back(row);
    }
    if (rows.empty())
        return;
    m_searched.clear();
    if (measured)   // which row is whose has not changed
        lookUp();
    tellRows(std::move(rows));
    emit loaded();
}

// Neighbours in one signal.
void RunTable::tellRows(std::vector<int> rows)
{
    std::ranges::sort(rows);
    for (size_t from = 0; from < rows.size();) {
        size_t to = from + 1;
        while (to < rows.size() && rows[to] <= rows[to - 1] + 1)
            ++to;
        emit dataChanged(index(rows[from], 0), index(rows[to - 1], columns - 1));
        from = to;
    }
}

RunTable::Metrics RunTable::lastMetrics(RunStore& store)
{
    Metrics found;
    for (const auto& [run, values] : store.lastMetrics())
        for (const auto& [series, value] : values)
            found[format::text(run)][format::text(series)] = value;
    return found;
}

void RunTable::receive(Stored& stored)
{
    auto& runs = stored.runs;
    m_extent = stored.extent;
    const bool sameRows = runs.size() == m_runs.size() && stored.comparisons == m_comparisons
        && std::equal(
            runs.begin(), runs.end(), m_runs.begin(), [](const RunRow& a, const RunRow& b) { return a.id == b.id; });
    if (sameRows) {   // keeps selection, scroll position and an open editor
        std::vector<int> rows;
        for (size_t row = 0; row < runs.size(); ++row)
            if (!(runs[row] == m_runs[row]))
                rows.push_back(int(row));
        const bool measured = stored.metrics != m_metrics;
        m_runs = std::move(runs);
        m_metrics = std::move(stored.metrics);
        lookUp();
        if (measured && !m_runs.empty())
            emit dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
        else
            tellRows(std::move(rows));
    } else {
        beginResetModel();
        m_runs = std::move(runs);
        m_metrics = std::move(stored.metrics);
        m_comparisons = std::move(stored.comparisons);
        lookUp();
        std::erase_if(m_dash, [this](const auto& entry) { return find(entry.first) == nullptr; });
        endResetModel();
    }
    // At first the newest comparison is on the chart, or the newest run where it belongs to none.
    if (!m_loadedOnce && !m_runs.empty()) {
        m_loadedOnce = true;
        QStringList newest;
        for (const RunRow& run : m_runs)
            if (run.id == m_runs.front().id || (!run.comparison.empty() && run.comparison == m_runs.front().comparison))
                newest << format::text(run.id);
        tick(newest);
    }
    emit loaded();
}

void RunTable::lookUp()
{
    m_rowOf.clear();
    m_bestMetric.clear();
    m_searched.clear();
    for (size_t row = 0; row < m_runs.size(); ++row)
        m_rowOf.emplace(m_runs[row].id, int(row));
    std::set<QString> first;
    for (const auto& [id, values] : m_metrics) {
        first.insert(values.begin()->first);
        const RunRow* run = find(id);
        if (run == nullptr || run->comparison.empty())
            continue;
        const auto [best, fresh] = m_bestMetric.try_emplace(run->comparison, values.begin()->second);
        best->second = std::max(best->second, values.begin()->second);
    }
    m_metricTitle = first.size() == 1 ? metricTitle(*first.begin()) : QString();
}

}  // namespace rankwright
