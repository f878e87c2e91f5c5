// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/comparison_queue.h"

#include "storage/file_lock.h"

#include <algorithm>
#include <chrono>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

// Asks for a stop when an arm's share of the time is over and it has taken a step, so that its adapter is still
// written.
class Deadline : public Events
{
public:
    explicit Deadline(Clock::time_point end)
        : m_end(end)
    {
    }
    void on(const Event& event) override { m_stepTaken = m_stepTaken || std::holds_alternative<StepEvent>(event); }
    Controls controls() override
    {
        return {.pause = false, .checkpoint = false, .stop = m_stepTaken && Clock::now() >= m_end};
    }

private:
    Clock::time_point m_end;
    bool m_stepTaken = false;
};

bool isLeft(const RunRow& row, bool force)
{
    if (row.filesMissing)
        return false;
    return row.state != RunState::finished && row.state != RunState::diverged
        && (row.state != RunState::failed || force);
}

FileLock lockOf(RunStore& store, const ComparisonQueue& queue)
{
    auto lock = FileLock::tryTake(store.folderOf(queue.runs.front()) / "comparison.lock");
    if (!lock)
        throw refusal(Code::locked, "comparison " + queue.comparison, "another process trains it", {},
            "`rankwright-cli runs` shows how far it is; try again when it has ended.");
    return std::move(*lock);
}

// A signal ends the run and the comparison; a run that fails does not. Returns what went wrong, an entry a run.
std::vector<RunOutcome> trainInTurn(Training& training, const ComparisonQueue& queue)
{
    const auto start = Clock::now();
    std::vector<RunOutcome> trained;
    for (size_t i = 0; i < queue.runs.size() && !training.signals().arrived(); ++i) {
        const std::string& id = queue.runs[i];
        const RunRow row = training.store().run(id);
        if (!isLeft(row, queue.force))
            continue;
        const RunConfig config = training.store().config(id);
        training.progress().setTitle(config.name);
        const std::chrono::duration<double> end(queue.ends.empty() ? 0 : queue.ends[i]);
        Deadline deadline(start + std::chrono::duration_cast<Clock::duration>(end));
        // A run that never began has nothing to go on from.
        const bool fromCheckpoint = row.state != RunState::queued;
        trained.push_back(training.run(
            id, armName(config), fromCheckpoint, queue.force, queue.ends.empty() ? nullptr : &deadline));
        if (!trained.back().error.empty())
            writeToPeople(trained.back().error + '\n');
    }
    training.progress().setTitle({});
    return trained;
}

// All runs as the store has them, so that it does not show whether they were trained in one go.
std::vector<RunOutcome> outcomesOf(
    RunStore& store, const ComparisonQueue& queue, const std::vector<RunOutcome>& trained)
{
    std::vector<RunOutcome> outcomes;
    for (const std::string& id : queue.runs) {
        if (!store.run(id).filesMissing)
            store.catchUp(id);  // rows that the recorder could not write while somebody else had the database
        outcomes.push_back(storedOutcome(store, id));
        const auto now = std::ranges::find(trained, id, &RunOutcome::id);
        if (now != trained.end() && now->errorStatus != 0) {
            outcomes.back().error = now->error;
            outcomes.back().errorStatus = now->errorStatus;
        }
    }
    return outcomes;
}

}  // namespace

int trainQueue(Context& context, Training& training, const ComparisonQueue& queue)
{
    const FileLock lock = lockOf(training.store(), queue);
    const auto left = std::ranges::count_if(
        queue.runs, [&](const std::string& id) { return isLeft(training.store().run(id), queue.force); });
    context.say("Comparison " + queue.comparison + ": " + std::to_string(left) + " of "
        + std::to_string(queue.runs.size()) + " runs to train. Whatever ends this program, go on with: rankwright-cli resume "
        + queue.comparison);
    const auto trained = trainInTurn(training, queue);
    const auto outcomes = outcomesOf(training.store(), queue, trained);
    if (context.json && !queue.events) {
        nlohmann::json runs = nlohmann::json::array();
        for (const RunOutcome& outcome : outcomes)
            runs.push_back(toJson(outcome));
        context.out.write(jsonText({{"comparison", queue.comparison}, {"runs", std::move(runs)}}) + '\n');
    } else {
        training.tell(tableText(outcomes));
    }
    training.finish();
    if (training.signals().arrived())
        return exitStatus(Code::stopped);
    for (const RunOutcome& outcome : outcomes) {
        if (const int status = statusOf(outcome, training.signals()); status != 0)
            return status;
    }
    return 0;
}

}  // namespace rankwright
