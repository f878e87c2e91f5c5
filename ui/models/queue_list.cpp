// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/queue_list.h"

#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"
#include "storage/runs/run_queue.h"
#include "training/api/error.h"
#include "ui/format.h"

#include <algorithm>
#include <functional>

namespace rankwright {

namespace {

constexpr int64_t kMostEnded = 20;

// Why a run ended as it did: what it says itself, or its last warning where it went wrong.
QString reasonOf(RunStore& store, const RunRow& row)
{
    try {
        const auto document = store.document(row.id);
        const auto provenance = document.value("provenance", nlohmann::json::object());
        if (const auto reason = provenance.value("reason", std::string()); !reason.empty())
            return format::shown(reason, 400);
        if (row.state == RunState::finished)
            return QueueList::tr("It took all its steps.");
        if (row.state == RunState::stopped)
            return QueueList::tr("It was stopped; Resume on the Compare page goes on with it.");
        const auto notes = store.notes(row.id);
        return notes.empty() ? QString() : format::shown(notes.back().text, 400);
    } catch (const std::exception&) {
        return {};   // its folder is gone: the row is still worth showing
    }
}

QueueList::State readState(RunStore& store, const std::filesystem::path& dataDirectory)
{
    const RunQueue queue(dataDirectory);
    QueueList::State state;
    state.waiting = queue.waiting(store);
    state.continuesOnError = queue.continuesOnError();
    for (RunRow& row : store.runsIn({RunState::running, RunState::paused}))
        if (RunLock::isHeld(row.folder))   // else it has just ended, or a crash left it so
            state.others.push_back(std::move(row));
    const auto over = {RunState::stopped, RunState::finished, RunState::diverged, RunState::failed, RunState::interrupted};
    for (const RunRow& row : store.runsIn(over, kMostEnded))
        state.ended.push_back({row, reasonOf(store, row)});
    const auto name = [&](const RunRow& row) {
        if (row.comparison.empty() || state.comparisons.contains(row.comparison))
            return;
        try {
            state.comparisons[row.comparison] = titleOf(readComparison(dataDirectory, row.comparison));
        } catch (const std::exception&) {
            state.comparisons[row.comparison];   // its file is gone or damaged: its runs are still worth showing
        }
    };
    for (const auto* rows : {&state.waiting, &state.others})
        std::ranges::for_each(*rows, name);
    for (const auto& ended : state.ended)
        name(ended.row);
    return state;
}

std::vector<std::string> plainIds(const QStringList& runs)
{
    std::vector<std::string> ids;
    for (const QString& run : runs)
        ids.push_back(format::plain(run));
    return ids;
}

}  // namespace

QueueList::QueueList(std::filesystem::path dataDirectory, QObject* parent)
    : QObject(parent), m_dataDirectory(std::move(dataDirectory)), m_reader(m_dataDirectory), m_configs(m_dataDirectory)
{
    for (const StoreReader* reader : {&m_reader, &m_configs})
        connect(reader, &StoreReader::failed, this, &QueueList::problem);
}

void QueueList::reload()
{
    m_reader.read<State>([folder = m_dataDirectory](RunStore& store) { return readState(store, folder); },
        [this](State& state) {
            m_state = std::move(state);
            emit loaded();
        });
}

void QueueList::setRunning(const QStringList& runs)
{
    const auto trains = [&runs](const RunRow& row) { return runs.contains(format::text(row.id)); };
    const auto first = std::ranges::stable_partition(m_state.waiting, std::not_fn(trains)).begin();
    m_state.others.insert(m_state.others.end(), first, m_state.waiting.end());
    m_state.waiting.erase(first, m_state.waiting.end());
}

int QueueList::indexOf(const QString& run) const
{
    const auto found = std::ranges::find(m_state.waiting, format::plain(run), &RunRow::id);
    return found == m_state.waiting.end() ? -1 : int(found - m_state.waiting.begin());
}

const RunRow* QueueList::find(const QString& run) const
{
    for (const auto* rows : {&m_state.others, &m_state.waiting})
        if (const auto found = std::ranges::find(*rows, format::plain(run), &RunRow::id); found != rows->end())
            return &*found;
    return nullptr;
}

void QueueList::change(std::function<void(RunStore&)> work)
{
    m_reader.change(std::move(work), [this](const QString& text) {
        if (text.isEmpty())
            emit changed();
        else
            emit problem(text);
        reload();
    });
}

void QueueList::move(const QStringList& runs, int position)
{
    change([queue = RunQueue(m_dataDirectory), ids = plainIds(runs), position](
               RunStore& store) { queue.move(store, ids, position); });
}

// A run that has started meanwhile is locked and stays.
void QueueList::remove(const QStringList& runs)
{
    change([ids = plainIds(runs)](RunStore& store) {
        for (const std::string& id : ids)
            if (store.run(id).state == RunState::queued)
                store.remove(id);
    });
}

void QueueList::duplicate(const QStringList& runs)
{
    change([queue = RunQueue(m_dataDirectory), ids = plainIds(runs)](RunStore& store) {
        for (const std::string& id : ids) {
            const RunRow row = store.run(id);
            queue.duplicate(store, id, format::plain(tr("%1 copy").arg(format::text(row.name.empty() ? row.method : row.name))));
        }
    });
}

void QueueList::setContinuesOnError(bool on)
{
    change([queue = RunQueue(m_dataDirectory), on](RunStore&) { queue.setContinuesOnError(on); });
}

void QueueList::edit(const QString& run, const RunConfig& config, std::function<void(const QString& problem)> done)
{
    m_reader.change(
        [queue = RunQueue(m_dataDirectory), id = format::plain(run), config](RunStore& store) { queue.edit(store, id, config); },
        [this, done = std::move(done)](const QString& text) {
            if (text.isEmpty())
                emit changed();
            reload();
            done(text);
        });
}

void QueueList::readConfig(const QString& run, std::function<void(const RunConfig& config)> receive)
{
    m_configs.read<RunConfig>([id = format::plain(run)](RunStore& store) { return store.config(id); },
        [receive = std::move(receive)](RunConfig& config) { receive(config); });
}

}  // namespace rankwright
