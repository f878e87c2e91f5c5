// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/comparison_queue.h"

#include "storage/file_lock.h"
#include "storage/report/comparison_report.h"
#include "storage/runs/comparison.h"
#include "storage/runs/interleave.h"
#include "storage/runs/run_folder.h"
#include "storage/runs/run_queue.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

// Asks for a stop when an arm's share of the time is over and it has taken a step, so that its adapter is still written. After its last
// step it may take the time for its evaluation, without which the comparison has no result.
class Deadline : public Events
{
public:
    explicit Deadline(Clock::time_point end)
        : m_end(end)
    {
    }
    void on(const Event& event) override
    {
        if (const auto* step = std::get_if<StepEvent>(&event))
            m_canStop = step->step < step->steps;
    }
    Controls controls() override
    {
        return {.pause = false, .checkpoint = false, .stop = m_canStop && Clock::now() >= m_end};
    }

private:
    Clock::time_point m_end;
    bool m_canStop = false;
};

// Lines of runs that take turns are headed by the run that is at work: asked when its turn has come.
class Heading : public Events
{
public:
    Heading(ProgressLine& line, std::string name) : m_line(line), m_name(std::move(name)) {}
    void on(const Event&) override {}
    Controls controls() override
    {
        m_line.setTitle(m_name);
        return {};
    }

private:
    ProgressLine& m_line;
    std::string m_name;
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
    const bool one = !queue.comparison.empty();
    auto lock = FileLock::tryTake(one ? store.folderOf(queue.runs.front()) / "comparison.lock" : store.dataDirectory() / "queue.train.lock");
    if (!lock)
        throw refusal(Code::locked, one ? "comparison " + escaped(queue.comparison) : "the queue", "another process trains it", {},
            "`rankwright-cli runs` shows how far it is; try again when it has ended.");
    return std::move(*lock);
}

// Trains the runs of a queue that are left.
class QueueTraining
{
public:
    QueueTraining(Training& training, const ComparisonQueue& queue) : m_training(training), m_queue(queue) {}

    // A signal ends the run and the queue; a run that fails only where the queue says so. Returns what went wrong, an entry a run.
    std::vector<RunOutcome> all()
    {
        std::vector<RunRow> left;
        for (const std::string& id : m_queue.runs) {
            const RunRow row = m_training.store().run(id);
            if (!isLeft(row, m_queue.force))
                continue;
            left.push_back(row);
            m_configs[id] = m_training.store().config(id);   // not in the threads, where nobody would catch what it throws
        }
        for (const auto& planned : trainingGroups(m_training.store().dataDirectory(), left)) {
            if (m_training.signals().arrived())
                break;
            const auto group = stillLeft(planned.runs);
            if (group.empty())
                continue;
            const size_t before = m_trained.size();
            trainGroup(group, planned.together);
            const auto failed = [](const RunOutcome& outcome) { return outcome.errorStatus != 0; };
            if (m_queue.stopsOnError && std::any_of(m_trained.begin() + ptrdiff_t(before), m_trained.end(), failed))
                break;
        }
        m_training.progress().setTitle({});
        return std::move(m_trained);
    }

private:
    // Hours may lie between the list and a run's turn: somebody else may have trained or removed it.
    std::vector<RunRow> stillLeft(const std::vector<RunRow>& group)
    {
        const auto now = m_training.store().runs();
        std::vector<RunRow> left;
        for (const RunRow& row : group) {
            const auto found = std::ranges::find(now, row.id, &RunRow::id);
            if (found != now.end() && isLeft(*found, m_queue.force) && !RunLock::isHeld(found->folder))
                left.push_back(*found);
        }
        return left;
    }

    void trainGroup(const std::vector<RunRow>& group, bool together)
    {
        // Runs that are trained at once share the time: all of them end when the last one is to.
        m_end = std::chrono::duration<double>(0);
        for (const RunRow& row : group) {
            const auto place = size_t(std::ranges::find(m_queue.runs, row.id) - m_queue.runs.begin());
            if (!m_queue.ends.empty())
                m_end = std::max(m_end, std::chrono::duration<double>(m_queue.ends[place]));
        }
        if (group.size() == 1) {
            trainOne(group.front(), nullptr);
            return;
        }
        if (together) {
            const Together place{.group = group.front().id, .arms = int64_t(group.size())};
            atOnce(group.size(), [&](size_t i) { trainOne(group[i], nullptr, place); });
            return;
        }
        // One of them works at any moment: they share the training's receivers.
        inTurns(group.size(), [&](size_t i, Events& turn) { trainOne(group[i], &turn); });
    }

    void trainOne(const RunRow& row, Events* turn, const Together& together = {})
    {
        const RunConfig& config = m_configs.at(row.id);
        if (together.group.empty())
            m_training.progress().setTitle(config.name);
        Deadline deadline(m_start + std::chrono::duration_cast<Clock::duration>(m_end));
        std::vector<Events*> extras;
        if (!m_queue.ends.empty())
            extras.push_back(&deadline);
        Heading heading(m_training.progress(), config.name);
        if (turn != nullptr) {
            extras.push_back(turn);
            extras.push_back(&heading);   // after the turn, which may have waited
        }
        FanOut extra(extras);
        // A run that never began has nothing to go on from.
        const bool fromCheckpoint = row.state != RunState::queued;
        const auto outcome = m_training.run(row.id, labelOf(config), fromCheckpoint, m_queue.force, &extra, together);
        const std::lock_guard lock(m_mutex);
        m_trained.push_back(outcome);
        if (!outcome.error.empty())
            writeToPeople(outcome.error + '\n');
    }

    Training& m_training;
    const ComparisonQueue& m_queue;
    Clock::time_point m_start = Clock::now();
    std::chrono::duration<double> m_end{};   // of the group at work, since m_start
    std::map<std::string, RunConfig> m_configs;
    std::mutex m_mutex;                      // of what runs that are trained together leave here
    std::vector<RunOutcome> m_trained;
};

// All runs as the store has them, so that it does not show whether they were trained in one go.
std::vector<RunOutcome> outcomesOf(
    RunStore& store, const ComparisonQueue& queue, const std::vector<RunOutcome>& trained)
{
    std::vector<RunOutcome> outcomes;
    const auto rows = store.runs();
    for (const std::string& id : queue.runs) {
        if (std::ranges::find(rows, id, &RunRow::id) == rows.end())
            continue;   // removed meanwhile
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

// What the comparison says so far; nothing where the store cannot be read just now, which must not hide how the runs ended.
std::optional<ComparisonReport> reportNow(RunStore& store, const std::string& comparison)
{
    try {
        return comparison.empty() ? std::nullopt : std::optional(reportOf(store, comparison));
    } catch (const Error&) {
        return std::nullopt;
    }
}

void tellFindings(const ComparisonReport& report)
{
    std::string text;
    for (const PairedResult& result : report.results) {
        if (result.question == PairedResult::Question::bestRate)
            text += escaped(result.verdict) + '\n';
    }
    for (const std::string& warning : report.warnings)
        text += "warning: " + escaped(warning) + '\n';
    writeToPeople(text);
}

}  // namespace

int trainQueue(Context& context, Training& training, const ComparisonQueue& queue)
{
    const FileLock lock = lockOf(training.store(), queue);
    const auto left = std::ranges::count_if(
        queue.runs, [&](const std::string& id) { return isLeft(training.store().run(id), queue.force); });
    const std::string counted = std::to_string(left) + " of " + std::to_string(queue.runs.size()) + " runs to train. ";
    if (queue.comparison.empty())
        context.say("Queue: " + counted + "Whatever ends this program, go on with: rankwright-cli queue --train");
    else
        context.say("Comparison " + escaped(queue.comparison) + ": " + counted
            + "Whatever ends this program, go on with: rankwright-cli resume " + escaped(queue.comparison));
    const auto trained = QueueTraining(training, queue).all();
    const auto outcomes = outcomesOf(training.store(), queue, trained);
    const auto report = reportNow(training.store(), queue.comparison);
    if (context.json && !queue.events) {
        nlohmann::json runs = nlohmann::json::array();
        for (const RunOutcome& outcome : outcomes)
            runs.push_back(toJson(outcome));
        nlohmann::json answer{{"comparison", queue.comparison}, {"runs", std::move(runs)}};
        if (report) {
            nlohmann::json whole = toJson(*report);
            for (const char* key : {"judge", "results", "rates", "warnings"})
                answer[key] = std::move(whole[key]);
        }
        context.out.write(jsonText(answer) + '\n');
    } else {
        training.tell(tableText(outcomes));
    }
    if (report && !context.quiet)
        tellFindings(*report);
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
