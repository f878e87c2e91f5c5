// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What happens to run folders at opening: those without rows are read in, rows that metrics.jsonl has in addition are
// appended, and runs that nobody runs any more are settled.
#include "storage/run_store.h"

#include "storage/runs/run_folder.h"
#include "training/api/error.h"

#include <algorithm>
#include <unordered_map>

namespace rankwright {

namespace {

// Ids are made by newId(); a folder of another name is not ours and could not be named on a command line.
bool isId(std::string_view text)
{
    const auto fits = [](char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'); };
    return text.size() >= 4 && text.size() <= 32 && std::all_of(text.begin(), text.end(), fits);
}

bool isOver(RunState state)
{
    return state == RunState::stopped || state == RunState::finished || state == RunState::diverged
        || state == RunState::failed || state == RunState::interrupted;
}

}  // namespace

void RunStore::importFolders()
{
    // One read for all rows; the folders cost two questions to the file system each, 40 ms for 10,000.
    struct Row { RunState state; int64_t indexed; };
    std::unordered_map<std::string, Row> rows;
    {
        Statement select(m_database, "SELECT id, state, indexed FROM run");
        while (select.step())
            rows.emplace(select.text(0), Row{stateFromText(select.text(1)), select.integer(2)});
    }
    std::vector<std::string> ids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(m_dataDirectory / "runs", error)) {
        const std::string id = entry.path().filename().string();
        std::error_code ignored;
        if (isId(id) && !rows.contains(id) && std::filesystem::is_regular_file(entry.path() / "run.json", ignored))
            ids.push_back(id);
    }
    const auto attempt = [this](const std::string& id, void (RunStore::*work)(const std::string&)) {
        try {
            (this->*work)(id);
        } catch (const std::exception& problem) {  // one bad folder must not hide the others
            m_problems.emplace_back(problem.what());
        }
    };
    for (const std::string& id : ids)
        attempt(id, &RunStore::importFolder);

    Statement imported(m_database, "SELECT state, indexed FROM run WHERE id = ?");
    for (const std::string& id : ids) {
        imported.bind(1, id);
        if (imported.step())
            rows.emplace(id, Row{stateFromText(imported.text(0)), imported.integer(1)});
        imported.reset();
    }
    ids.clear();
    for (const auto& [id, row] : rows) {
        const bool live = row.state == RunState::running || row.state == RunState::paused;
        const int64_t bytes = RunFolder(folderOf(id)).metricsBytes();
        if (live || (bytes > 0 && bytes != row.indexed))
            ids.push_back(id);
    }
    for (const std::string& id : ids)
        attempt(id, &RunStore::settle);
}

// A folder that came from another machine or whose database was lost: its row; settle() then reads its events.
void RunStore::importFolder(const std::string& id)
{
    const auto file = folderOf(id) / "run.json";
    const nlohmann::json document = RunFolder(folderOf(id)).read();
    configFromJson(document.at("config"), file);
    for (const char* key : {"name", "created", "comparison", "arm", "state"}) {
        if (document.contains(key) && !document.at(key).is_string())
            throw Error(ErrorParts{.code = Code::format,
                .file = file,
                .place = std::string("/") + key,
                .found = document.at(key).type_name(),
                .allowed = "text",
                .advice = "Restore the file from a copy, or move the folder away."});
    }
    const RunState state = stateFromText(document.value("state", stateText(RunState::queued)));
    insertRun(id, document);
    Statement update(m_database, "UPDATE run SET state = ? WHERE id = ?");
    update.bind(1, stateText(state)).bind(2, id).run();
}

// Only with the run's lock in hand: a run is dead if and only if its lock can be taken.
void RunStore::settle(const std::string& id)
{
    const RunFolder folder(folderOf(id));
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder.path() / "run.json", error)) {
        Statement update(m_database,
            "UPDATE run SET state = 'interrupted' WHERE id = ? AND state IN ('running', 'paused')");
        update.bind(1, id).run();
        return;
    }
    const auto lock = FileLock::tryTake(folder.path() / "lock");
    if (!lock)
        return;  // it runs; its recorder writes the rows
    const auto stateNow = [&] {
        Statement select(m_database, "SELECT state FROM run WHERE id = ?");
        select.bind(1, id);
        return select.step() ? stateFromText(select.text(0)) : RunState::queued;
    };
    const RunState before = stateNow();
    catchUp(id);
    const RunState written = stateFromText(folder.read().value("state", stateText(before)));
    if (isOver(written) || stateNow() == RunState::queued) {
        Statement update(m_database, "UPDATE run SET state = ? WHERE id = ?");
        update.bind(1, stateText(written)).bind(2, id).run();
        return;
    }
    if (isOver(stateNow()) && !isOver(before)) {  // killed between its last event and the end of run.json
        setState(id, stateNow());
        return;
    }
    setState(id, RunState::interrupted);
    Statement newest(m_database,
        "SELECT max(step) FROM artifact WHERE run = (SELECT key FROM run WHERE id = ?) AND kind = 'checkpoint'");
    newest.bind(1, id);
    const bool resumable = newest.step() && !newest.isNull(0);
    const std::string where = resumable ? "It can be resumed from step " + std::to_string(newest.integer(0)) + "."
                                        : "It wrote no checkpoint: a resume starts from the beginning.";
    newest.reset();
    const std::vector<Event> notes = {
        NoteEvent{.run = id, .level = "warning", .text = "The program ended while this run was in progress. " + where}};
    append(id, notes, folder.appendMetrics(notes));
}

}  // namespace rankwright
