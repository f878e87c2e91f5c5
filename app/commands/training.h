// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What `train`, `resume` and `compare` share: one stored run with its receivers, and how its outcome is told.
#pragma once

#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "storage/runs/run_training.h"

#include <memory>
#include <mutex>
#include <optional>

namespace rankwright {

struct RunOutcome
{
    std::string id, label, method;
    int64_t seed = 0;
    double learningRate = 0;
    TrainResult result;
    int64_t tokens = 0, trainable = 0;
    double seconds = 0;     // training time
    std::string error;      // the message of a run that failed or did not start
    int errorStatus = 0;    // and the exit status that it stands for
    bool started = false;   // it came as far as its first step
    DataReading data;       // where it did
    // Its configuration, model or data were refused before the first step.
    [[nodiscard]] bool refused() const;
    [[nodiscard]] double tokensPerSecond() const;
};
nlohmann::json toJson(const RunOutcome& outcome);
// With the learning rate where it is not the same everywhere.
std::string tableText(const std::vector<RunOutcome>& outcomes);
// A run's outcome as the store has it, whoever trained it and when.
RunOutcome storedOutcome(RunStore& store, const std::string& id);
// 0, 65 (diverged), 130 (a signal) or the error's status.
int statusOf(const RunOutcome& outcome, const Signals& signals);

// The engine, the store and the receivers of one command that trains.
class Training
{
public:
    // Loads the engine: first of all, so that nothing is left behind where it is not there.
    Training(Context& context, bool events);
    // Runs or resumes; never throws for what a run can end with, the outcome has it. `extra` may ask for a stop. Runs that are trained
    // `together` are each on a thread of its own; their lines are headed by their names.
    RunOutcome run(const std::string& id, const std::string& label, bool resume, bool force, Events* extra = nullptr,
        const Together& together = {});
    [[nodiscard]] RunStore& store() { return m_store; }
    [[nodiscard]] Engine& engine() { return *m_engine; }
    [[nodiscard]] const Signals& signals() const { return m_signals; }
    [[nodiscard]] ProgressLine& progress() { return m_progress; }
    // Results for people: on standard error where standard output carries events.
    void tell(const std::string& text);
    // Throws what went wrong with --events, when the training is over.
    void finish() const { m_stream.throwIfFailed(); }

private:
    RunConfig configOf(const std::string& id);
    Context& m_context;
    bool m_events;
    Signals m_signals;
    std::shared_ptr<Engine> m_engine;
    std::mutex m_mutex;        // of the store and the receivers, where several threads train
    RunStore m_store;
    ProgressLine m_progress;
    EventStream m_stream;
};

// An estimate a configuration; those that differ in nothing that an estimate sees are asked for once.
std::vector<Estimate> estimatesOf(
    Engine& engine, const std::vector<RunConfig>& configs, Events& progress, std::stop_token stop);
// Which runs, by their places, are trained at once on one copy of the base; empty: none.
using RunGroups = std::vector<std::vector<size_t>>;
// A line an arm, then all of them together.
std::string estimatesText(const std::vector<RunConfig>& configs, const std::vector<Estimate>& estimates, const RunGroups& groups = {});
// --dry-run: what the run would be, without one.
int printEstimates(Context& context, const std::vector<RunConfig>& configs, const RunGroups& groups = {});

}  // namespace rankwright
