// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/runs/run_queue.h"

#include "storage/file_lock.h"
#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"
#include "training/api/catalog.h"
#include "training/api/error.h"
#include "training/api/shared_base.h"
#include "training/formats/atomic_file.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

namespace rankwright {

namespace {

constexpr int kFormat = 1;
// Beyond so many the adapters and their moments weigh more than what is shared.
constexpr int64_t kMostTogether = 8;

struct QueueFile
{
    std::vector<std::string> order;   // ids; those that no longer wait are passed over
    bool continueOnError = true;
};

std::filesystem::path fileIn(const std::filesystem::path& dataDirectory) { return dataDirectory / "queue.json"; }

QueueFile readQueue(const std::filesystem::path& dataDirectory)
{
    const auto file = fileIn(dataDirectory);
    std::error_code missing;
    if (!std::filesystem::exists(file, missing))
        return {};
    const auto document = readJsonFile(file, limits::kJsonConfig);
    const auto refuse = [&](const char* place, const char* allowed) {
        const auto found = document.is_object() ? document.value(place + 1, nlohmann::json()) : document;
        throw Error(ErrorParts{.code = Code::format, .file = file, .place = place,
            .found = found.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 80), .allowed = allowed,
            .advice = "Delete the file: runs then wait in the order in which they were made."});
    };
    if (!document.is_object() || document.value("format", nlohmann::json()) != kFormat)
        refuse("/format", "1");
    QueueFile queue;
    const auto order = document.value("order", nlohmann::json::array());
    if (!order.is_array() || !std::ranges::all_of(order, [](const auto& id) { return id.is_string(); }))
        refuse("/order", "a list of run ids");
    queue.order = order.get<std::vector<std::string>>();
    const auto goOn = document.value("continueOnError", nlohmann::json(true));
    if (!goOn.is_boolean())
        refuse("/continueOnError", "true or false");
    queue.continueOnError = goOn.get<bool>();
    return queue;
}

// One writer at a time, so that two programs do not undo each other's moves.
template <class Change>
void changeQueue(const std::filesystem::path& dataDirectory, const Change& change)
{
    auto lockFile = fileIn(dataDirectory);
    lockFile += ".lock";
    const FileLock others = FileLock::wait(lockFile);
    QueueFile queue = readQueue(dataDirectory);
    change(queue);
    const nlohmann::json document{
        {"format", kFormat}, {"order", queue.order}, {"continueOnError", queue.continueOnError}};
    writeFileAtomically(fileIn(dataDirectory), document.dump(2) + "\n");
}

// Those of whose runs several are trained at once.
std::map<std::string, Comparison> gatheredComparisons(const std::filesystem::path& dataDirectory)
{
    std::map<std::string, Comparison> found;
    for (Comparison& comparison : storedComparisons(dataDirectory)) {
        if (comparison.schedule != Schedule::queued)
            found.emplace(comparison.id, std::move(comparison));
    }
    return found;
}

// Where a run's learning rate stands among its arm's; empty: it is none of them (the run was edited in the queue).
std::optional<size_t> placeOfRate(const Comparison& comparison, const RunRow& row)
{
    const auto arm = std::ranges::find(comparison.arms, row.arm, &Arm::label);
    if (arm == comparison.arms.end())
        return {};
    try {
        const auto rates = ratesOf(comparison.sweep, arm->config.learningRate);
        const auto found
            = std::ranges::find_if(rates, [&](double rate) { return std::abs(rate - row.learningRate) <= 1e-9 * rate; });
        return found == rates.end() ? std::nullopt : std::optional(size_t(found - rates.begin()));
    } catch (const Error&) {
        return {};   // a file edited by hand: its rates are none
    }
}

// Members of a comparison that is trained together follow its first one.
void gather(std::vector<RunRow>& rows, const std::map<std::string, Comparison>& together)
{
    std::map<std::string, size_t> first;
    for (size_t i = 0; i < rows.size(); ++i) {
        if (together.contains(rows[i].comparison))
            first.emplace(rows[i].comparison, i);
    }
    std::vector<std::pair<size_t, RunRow>> placed;
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto group = first.find(rows[i].comparison);
        placed.emplace_back(group == first.end() ? i : group->second, std::move(rows[i]));
    }
    std::ranges::stable_sort(placed, {}, [](const auto& item) { return item.first; });
    rows.clear();
    for (auto& [place, row] : placed)
        rows.push_back(std::move(row));
}

// The runs that wait: those that `order` names first, then the others, oldest first.
std::vector<RunRow> waitingInOrder(
    RunStore& store, const std::filesystem::path& dataDirectory, const std::vector<std::string>& order)
{
    auto rows = store.runsIn({RunState::queued});
    std::ranges::reverse(rows);   // oldest first
    std::erase_if(rows, [](const RunRow& row) { return row.filesMissing; });
    std::map<std::string, size_t> place;
    for (size_t i = 0; i < order.size(); ++i)
        place.emplace(order[i], i);
    std::ranges::stable_sort(rows, {}, [&](const RunRow& row) {
        const auto found = place.find(row.id);
        return found == place.end() ? order.size() : found->second;
    });
    gather(rows, gatheredComparisons(dataDirectory));
    return rows;
}

// What the runs of a group have in common, and how many there may be.
struct GroupPlace { std::string key; int64_t most = 1; };

// Of an interleaved comparison: the seed and the place of the rate.
std::optional<GroupPlace> turnOf(const Comparison& comparison, const RunRow& row)
{
    const auto place = placeOfRate(comparison, row);
    if (!place)
        return std::nullopt;
    return GroupPlace{comparison.id + " " + std::to_string(row.seed) + " " + std::to_string(*place), int64_t(comparison.arms.size())};
}

// Of one whose runs are trained together: the base.
std::optional<GroupPlace> baseOf(const Comparison& comparison, const RunConfig& config)
{
    if (!whyNotTogether(config).empty())
        return std::nullopt;
    const auto arms = std::ranges::count_if(comparison.arms, [](const Arm& arm) { return whyNotTogether(arm.config).empty(); });
    const auto pairs = std::min(config.batch, kMostTogether) / std::max<int64_t>(1, arms);
    return GroupPlace{comparison.id + " " + sharedBaseKey(config), arms * std::max<int64_t>(1, pairs)};
}

// As its run.json has the run, which may have been edited.
std::optional<GroupPlace> baseOf(const Comparison& comparison, const RunRow& row)
{
    try {
        return baseOf(comparison, configFromJson(RunFolder(row.folder).read().at("config")));
    } catch (const Error&) {
        return std::nullopt;   // whoever trains it says what is wrong
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

RunRow waitingRun(RunStore& store, const std::string& run)
{
    RunRow row = store.run(run);
    if (row.state != RunState::queued)
        throw Error(ErrorParts{.code = Code::usage,
            .file = row.folder,
            .place = "run " + row.id,
            .found = "it is " + stateText(row.state),
            .allowed = "a run that waits in the queue",
            .advice = "Copy it instead (`rankwright-cli queue copy RUN`)."});
    return row;
}

}  // namespace

RunQueue::RunQueue(std::filesystem::path dataDirectory) : m_dataDirectory(std::move(dataDirectory)) {}

std::vector<RunRow> RunQueue::waiting(RunStore& store) const
{
    return waitingInOrder(store, m_dataDirectory, readQueue(m_dataDirectory).order);
}

void RunQueue::move(RunStore& store, const std::vector<std::string>& runs, int64_t position) const
{
    changeQueue(m_dataDirectory, [&](QueueFile& queue) {
        std::vector<std::string> moved, others;
        for (const std::string& run : runs)
            moved.push_back(waitingRun(store, run).id);
        for (const RunRow& row : waitingInOrder(store, m_dataDirectory, queue.order)) {
            if (std::ranges::find(moved, row.id) == moved.end())
                others.push_back(row.id);
        }
        const auto place = std::clamp<int64_t>(position, 0, int64_t(others.size()));
        others.insert(others.begin() + place, moved.begin(), moved.end());
        queue.order = std::move(others);
    });
}

void RunQueue::edit(RunStore& store, const std::string& run, const RunConfig& config) const
{
    const RunRow row = waitingRun(store, run);
    validate(config);
    checkStartAdapter(config);
    if (!row.comparison.empty()) {
        // Equal data in equal order is what makes the runs of a comparison comparable.
        RunConfig was = store.config(row.id), is = config;
        for (RunConfig* one : {&was, &is})
            *one = RunConfig{.data = one->data, .evalData = one->evalData, .columns = one->columns,
                .chatTemplate = one->chatTemplate, .loss = one->loss, .rows = one->rows, .evalRows = one->evalRows,
                .maxLength = one->maxLength, .order = one->order, .seed = one->seed};
        if (was != is)
            throw Error(ErrorParts{.code = Code::usage,
                .file = row.folder,
                .place = "run " + row.id,
                .found = "other data or another seed for one run of a comparison",
                .allowed = "the same data and seeds for all its arms",
                .advice = "Copy the run and change the copy, which belongs to no comparison."});
    }
    store.setConfig(row.id, config);
}

std::string RunQueue::duplicate(RunStore& store, const std::string& run, const std::string& name) const
{
    RunConfig config = store.config(store.run(run).id);
    config.name = name;
    validate(config);
    return store.createRun(config);
}

bool RunQueue::continuesOnError() const { return readQueue(m_dataDirectory).continueOnError; }

void RunQueue::setContinuesOnError(bool on) const
{
    changeQueue(m_dataDirectory, [&](QueueFile& queue) { queue.continueOnError = on; });
}

std::vector<TrainingGroup> trainingGroups(const std::filesystem::path& dataDirectory, const std::vector<RunRow>& rows)
{
    const auto gathered = gatheredComparisons(dataDirectory);
    std::vector<TrainingGroup> groups;
    std::map<std::string, size_t> open;   // key -> its last group
    for (const RunRow& row : rows) {
        const auto comparison = gathered.find(row.comparison);
        const bool together = comparison != gathered.end() && comparison->second.schedule == Schedule::together;
        const auto place = comparison == gathered.end() ? std::nullopt
            : together                                  ? baseOf(comparison->second, row)
                                                        : turnOf(comparison->second, row);
        if (place) {
            const auto [at, fresh] = open.try_emplace(place->key, groups.size());
            auto* group = fresh ? nullptr : &groups[at->second];
            const bool taken = group != nullptr && !together && std::ranges::find(group->runs, row.arm, &RunRow::arm) != group->runs.end();
            if (group != nullptr && !taken && int64_t(group->runs.size()) < place->most) {
                group->runs.push_back(row);
                group->together = together;
                continue;
            }
            at->second = groups.size();
        }
        groups.push_back({.runs = {row}});
    }
    return groups;
}

std::vector<std::vector<size_t>> plannedTogether(const Comparison& comparison)
{
    std::vector<std::vector<size_t>> groups;
    std::map<std::string, size_t> open;
    const auto runs = plannedRuns(comparison);
    for (size_t i = 0; i < runs.size(); ++i) {
        const auto place = comparison.schedule == Schedule::together ? baseOf(comparison, runs[i].config) : std::nullopt;
        if (place) {
            const auto [at, fresh] = open.try_emplace(place->key, groups.size());
            if (!fresh && int64_t(groups[at->second].size()) < place->most) {
                groups[at->second].push_back(i);
                continue;
            }
            at->second = groups.size();
        }
        groups.push_back({i});
    }
    return groups;
}

}  // namespace rankwright
