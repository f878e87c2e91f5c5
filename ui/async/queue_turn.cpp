// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/async/queue_turn.h"

#include "storage/runs/run_queue.h"

#include <algorithm>

namespace rankwright {

QueueTurn nextTurn(const std::filesystem::path& dataDirectory, const QueueWishes& wishes)
{
    if (wishes.empty())
        return {};
    RunStore store = RunStore::openForReading(dataDirectory);
    std::vector<RunRow> rows;
    const auto stored = store.runsWith(wishes.resumes);
    for (const std::string& id : wishes.resumes) {
        const auto found = std::ranges::find(stored, id, &RunRow::id);
        rows.push_back(found == stored.end() ? RunRow{.id = id} : *found);
    }
    for (RunRow& row : RunQueue(dataDirectory).waiting(store)) {
        const bool wanted = wishes.all || std::ranges::find(wishes.wanted, row.id) != wishes.wanted.end();
        if (wanted && std::ranges::find(wishes.resumes, row.id) == wishes.resumes.end())
            rows.push_back(std::move(row));
    }
    QueueTurn turn;
    if (rows.empty())
        return turn;
    const auto groups = trainingGroups(dataDirectory, rows);
    turn.together = groups.front().together;
    for (const RunRow& row : groups.front().runs)
        turn.runs.push_back(row.id);
    for (const RunRow& row : rows)
        if (std::ranges::find(turn.runs, row.id) == turn.runs.end())
            turn.waiting.push_back(row.id);
    return turn;
}

}  // namespace rankwright
