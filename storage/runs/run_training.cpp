// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One run from its lock to its outcome. Whatever happens in the engine, the run's state says so afterwards.
#include "storage/runs/run_training.h"

#include "storage/file_lock.h"
#include "storage/run_recorder.h"
#include "storage/runs/past_runs.h"
#include "storage/utc_time.h"
#include "training/api/error.h"

#include <algorithm>
#include <limits>
#include <thread>

namespace rankwright {

namespace {

// The engine's events to the recorder and to whoever watches; requests from both.
class RunEvents : public Events
{
public:
    RunEvents(RunStore& store, std::string run, RunRecorder& recorder, Events& watcher)
        : m_store(store), m_run(std::move(run)), m_recorder(recorder), m_watcher(watcher),
          m_earlier(RunFolder(store.folderOf(m_run)).metricsBytes() > 0)
    {
    }

    void on(const Event& event) override
    {
        if (const auto* start = std::get_if<RunStarted>(&event))
            started(*start);
        if (const auto* end = std::get_if<RunEnded>(&event))
            ended(*end);
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

    void flush() override
    {
        m_recorder.flush();
        m_watcher.flush();
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
        if (m_earlier)
            m_recorder.removeAfter(start.firstStep > 1 ? start.firstStep - 1 : -1);
        RunFolder(m_store.folderOf(m_run)).update([&](nlohmann::json& document) {
            auto& provenance = document["provenance"];
            const nlohmann::json event = toJson(Event(start));
            for (const char* key :
                {"firstStep", "initHash", "orderHash", "modelHash", "dataHash", "evalHash", "trainable", "parameters", "rows", "stepZero",
                    "estimatedBytes", "productsPerStep"}) {
                if (event.contains(key))
                    provenance[key] = event[key];
            }
        });
    }

    void ended(const RunEnded& end)
    {
        m_ended = true;
        RunFolder(m_store.folderOf(m_run)).update([&](nlohmann::json& document) {
            auto& provenance = document["provenance"];
            const nlohmann::json event = toJson(Event(end));
            for (const char* key : {"reason", "bestStep", "keptBest", "peakBytes", "peakDeviceBytes"})
                provenance[key] = event[key];
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
    bool m_earlier;  // an earlier session has left events
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
        provenance = {{"engine", versions}, {"seed", config.seed}, {"machine", machineMark()},
            {"threads", config.threads > 0 ? config.threads : cores}, {"started", utcNow()}};
        if (!earlier.empty())
            provenance["earlier"] = std::move(earlier);
        document["state"] = stateText(RunState::running);
    });
}

// A database that stays busy neither ends a run nor changes how it ended: run.json says it, and the next opening puts
// the row right.
void setStateUnlessBusy(RunStore& store, const std::string& run, RunState state)
{
    try {
        store.setState(run, state);
    } catch (const Error& error) {
        if (error.code() != Code::locked && error.code() != Code::io)
            throw;
    }
}

bool isTemporary(const std::string& name)
{
    const size_t mark = name.rfind(".tmp-");
    return mark != std::string::npos && name.size() > mark + 5
        && name.find_first_not_of("0123456789-", mark + 5) == std::string::npos;
}

// What a killed program was still writing: NAME.tmp-PID. Only for who holds the run's lock. Returns the names.
std::vector<std::string> removeTemporaries(const std::filesystem::path& runFolder)
{
    namespace fs = std::filesystem;
    // Another program that renames the run just now has a file of that kind, too.
    const FileLock others = FileLock::wait(runFolder / "run.json.lock");
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& folder : {runFolder, runFolder / "checkpoints"}) {
        if (!fs::is_directory(fs::symlink_status(folder, error)))
            continue;  // a link may lead out of the run
        for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
            if (isTemporary(entry->path().filename().string()))
                found.push_back(entry->path());
        }
    }
    std::vector<std::string> names;
    for (const auto& path : found) {
        fs::remove_all(path, error);
        if (!error)
            names.push_back(path.lexically_relative(runFolder).string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

void removeLeftovers(const TrainJob& job, RunEvents& events)
{
    std::string text;
    try {
        for (const std::string& name : removeTemporaries(job.folder))
            text += (text.empty() ? "" : ", ") + name;
    } catch (const std::exception&) {
        return;  // they are in nobody's way
    }
    if (!text.empty())
        events.on(NoteEvent{.run = job.run,
            .level = "info",
            .text = "Removed what an interrupted program had left unfinished: " + text + "."});
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
    setStateUnlessBusy(store, run, outcome);
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

// As run.json has it, which is the truth; a row that an interrupted edit left behind follows it.
RunConfig configOf(RunStore& store, const RunFolder& folder, const std::string& run)
{
    const auto document = folder.read();
    if (!document.contains("config"))
        throw Error(ErrorParts{.code = Code::format,
            .file = folder.path() / "run.json",
            .place = "/config",
            .found = "it is missing",
            .allowed = "the run's configuration",
            .advice = "Remove the run and start a new one."});
    const RunConfig config = configFromJson(document["config"], folder.path() / "run.json");
    if (config != store.config(run))
        store.indexConfig(run, config);
    return config;
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
        removeLeftovers(job, events);
        TrainResult result = run(engine, job, events, stop);
        RunEnded end;
        end.run = job.run;
        end.outcome = result.outcome;
        end.step = result.step;
        end.finalLoss = result.finalLoss;
        end.adapter = result.adapter;
        end.reason = result.reason;
        end.bestStep = result.bestStep;
        end.keptBest = result.keptBest;
        end.peakBytes = result.peakBytes;
        end.peakDeviceBytes = result.peakDeviceBytes;
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
    std::stop_token stop, bool resume, bool force, const Together& together)
{
    RunStore store(dataDirectory);
    const RunFolder folder(store.folderOf(store.run(id).id));
    refuseIfOver(store.run(id), resume);
    const RunLock lock(folder.path());
    const RunRow row = store.run(id);
    refuseIfOver(row, resume);  // another process may have ended it before this one had the lock
    const RunConfig config = configOf(store, folder, row.id);
    folder.clearControls();
    writeProvenance(folder, config, engine.versions());
    setStateUnlessBusy(store, row.id, RunState::running);
    const TrainJob job{
        .config = config, .run = row.id, .folder = folder.path().string(), .resume = resume, .force = force, .together = together};
    TrainResult result;
    try {
        result = runEngine(store, job, engine, watcher, std::move(stop));
    } catch (const Error& error) {
        recordFailure(store, row.id, outcomeOf(error));
        throw;
    } catch (...) {
        recordFailure(store, row.id, RunState::failed);
        throw;
    }
    writeOutcome(store, row.id, result.outcome);  // not in the try: a problem in here makes no failed run of it
    return result;
}

}  // namespace rankwright
