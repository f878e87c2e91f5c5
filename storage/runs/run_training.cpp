// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One run from its lock to its outcome. Whatever happens in the engine, the run's state says so afterwards.
#include "storage/runs/run_training.h"

#include "storage/run_recorder.h"
#include "storage/utc_time.h"
#include "training/api/error.h"

#include <limits>
#include <thread>

namespace rankwright {

namespace {

// The engine's events to the recorder and to whoever watches; requests from both.
class RunEvents : public Events
{
public:
    RunEvents(RunStore& store, std::string run, RunRecorder& recorder, Events& watcher)
        : m_store(store), m_run(std::move(run)), m_recorder(recorder), m_watcher(watcher)
    {
    }

    void on(const Event& event) override
    {
        if (const auto* start = std::get_if<RunStarted>(&event))
            started(*start);
        m_ended = m_ended || std::holds_alternative<RunEnded>(event);
        if (const auto* step = std::get_if<StepEvent>(&event))
            m_step = step->step;
        m_recorder.on(event);
        m_watcher.on(event);
    }

    Controls controls() override
    {
        const Controls folder = m_recorder.controls();
        const Controls person = m_watcher.controls();
        const Controls both{.pause = folder.pause || person.pause,
            .checkpoint = folder.checkpoint || person.checkpoint,
            .stop = folder.stop || person.stop};
        if (both.pause != m_paused) {
            m_paused = both.pause;
            show(m_paused ? RunState::paused : RunState::running);
        }
        return both;
    }

    void checkpointTaken() override
    {
        m_recorder.checkpointTaken();
        m_watcher.checkpointTaken();
    }

    // The last event, where the engine has not sent it.
    void end(RunEnded event)
    {
        if (m_ended)
            return;
        event.step = event.step > 0 ? event.step : m_step;
        on(event);
    }

private:
    void started(const RunStarted& start)
    {
        // Rows past the checkpoint that the engine goes on from belong to steps that are taken again.
        m_store.removeAfter(m_run, start.firstStep > 1 ? start.firstStep - 1 : -1);
        RunFolder(m_store.folderOf(m_run)).update([&](nlohmann::json& document) {
            auto& provenance = document["provenance"];
            const nlohmann::json event = toJson(Event(start));
            for (const char* key :
                {"firstStep", "initHash", "orderHash", "modelHash", "dataHash", "trainable", "parameters", "rows", "stepZero"}) {
                if (event.contains(key))
                    provenance[key] = event[key];
            }
        });
    }

    void show(RunState state)
    {
        try {
            m_store.setState(m_run, state);
        } catch (const Error&) {
            // A busy database must not end the run; the outcome is written at the end.
        }
    }

    RunStore& m_store;
    std::string m_run;
    RunRecorder& m_recorder;
    Events& m_watcher;
    bool m_paused = false, m_ended = false;
    int64_t m_step = 0;
};

RunState outcomeOf(const Error& error)
{
    if (error.code() == Code::stopped)
        return RunState::stopped;
    return error.code() == Code::diverged ? RunState::diverged : RunState::failed;
}

void refuseIfOver(const RunRow& row, bool resume)
{
    if (row.filesMissing)
        throw Error(ErrorParts{.code = Code::missing,
            .file = row.folder,
            .place = "run " + row.id,
            .found = "its files are missing",
            .allowed = "run.json in the run's folder",
            .advice = "Put the folder back where it was, or remove the run."});
    if (row.state == RunState::finished)
        throw Error(ErrorParts{.code = Code::usage,
            .file = row.folder,
            .place = "run " + row.id,
            .found = "already complete",
            .allowed = resume ? "a run that was stopped, interrupted or failed" : "a run that is queued",
            .advice = "Nothing was changed. Start a new run to train more."});
}

// What made the numbers. The host is not named: the folder may be passed on.
void writeProvenance(const RunFolder& folder, const RunConfig& config, const std::string& versions)
{
    folder.update([&](nlohmann::json& document) {
        auto& provenance = document["provenance"];
        nlohmann::json earlier = provenance.value("earlier", nlohmann::json::array());
        if (provenance.contains("started")) {
            nlohmann::json session = nlohmann::json::object();
            for (const char* key : {"engine", "threads", "started", "ended", "firstStep"}) {
                if (provenance.contains(key))
                    session[key] = provenance[key];
            }
            earlier.push_back(std::move(session));
        }
        const auto cores = int64_t(std::thread::hardware_concurrency());
        provenance = {{"engine", versions}, {"seed", config.seed},
            {"threads", config.threads > 0 ? config.threads : cores}, {"started", utcNow()}};
        if (!earlier.empty())
            provenance["earlier"] = std::move(earlier);
        document["state"] = stateText(RunState::running);
    });
}

// run.json before the row: the folder is the truth, and the next opening reads it where the database stays busy.
void writeOutcome(RunStore& store, const std::string& run, RunState outcome)
{
    RunFolder folder(store.folderOf(run));
    folder.clearControls();
    folder.update([&](nlohmann::json& document) {
        document["provenance"]["ended"] = utcNow();
        document["state"] = stateText(outcome);
    });
    store.setState(run, outcome);
}

// Records the outcome of a run that threw; nothing in here may hide the exception itself.
void recordFailure(RunStore& store, const std::string& run, RunState outcome)
{
    try {
        writeOutcome(store, run, outcome);
    } catch (const std::exception&) {
        // The run's lock is free from now on, so the next opening finds it interrupted.
    }
}

TrainResult runEngine(RunStore& store, const TrainJob& job, Engine& engine, Events& watcher, std::stop_token stop)
{
    const auto failed = [&](RunEvents& events, RunState outcome, const std::string& message) {
        if (outcome != RunState::stopped)
            events.on(NoteEvent{.run = job.run, .level = "warning", .text = message});
        RunEnded end;
        end.run = job.run;
        end.outcome = outcome;
        end.finalLoss = std::numeric_limits<double>::quiet_NaN();
        end.error = outcome == RunState::stopped ? std::string() : message;
        events.end(std::move(end));
    };
    RunRecorder recorder(store.dataDirectory(), job.run);
    RunEvents events(store, job.run, recorder, watcher);
    try {
        TrainResult result = run(engine, job, events, stop);
        RunEnded end;
        end.run = job.run;
        end.outcome = result.outcome;
        end.step = result.step;
        end.finalLoss = result.finalLoss;
        end.adapter = result.adapter;
        events.end(std::move(end));
        return result;
    } catch (const Error& error) {
        failed(events, outcomeOf(error), error.what());
        throw;
    } catch (const std::exception& error) {
        failed(events, RunState::failed, error.what());
        throw;
    } catch (...) {
        failed(events, RunState::failed, "The engine threw something that is not an error message.");
        throw;
    }
}

}  // namespace

TrainResult trainRun(const std::filesystem::path& dataDirectory, const std::string& id, Engine& engine, Events& watcher,
    std::stop_token stop, bool resume, bool force)
{
    RunStore store(dataDirectory);
    const RunFolder folder(store.folderOf(store.run(id).id));
    refuseIfOver(store.run(id), resume);
    const RunLock lock(folder.path());
    const RunRow row = store.run(id);
    refuseIfOver(row, resume);  // another process may have ended it before this one had the lock
    const RunConfig config = store.config(row.id);
    folder.clearControls();
    writeProvenance(folder, config, engine.versions());
    store.setState(row.id, RunState::running);
    const TrainJob job{
        .config = config, .run = row.id, .folder = folder.path().string(), .resume = resume, .force = force};
    try {
        TrainResult result = runEngine(store, job, engine, watcher, std::move(stop));
        writeOutcome(store, row.id, result.outcome);
        return result;
    } catch (const Error& error) {
        recordFailure(store, row.id, outcomeOf(error));
        throw;
    } catch (...) {
        recordFailure(store, row.id, RunState::failed);
        throw;
    }
}

}  // namespace rankwright
