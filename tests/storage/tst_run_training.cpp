// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A stored run from its lock to its outcome, on the fake engine: states, resume, requests, exceptions, kills.
#include "storage/runs/run_training.h"
#include "storage/runs/run_folder.h"
#include "tests/support/child_process.h"
#include "tests/support/fake_engine.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

using namespace rankwright;

namespace {

class Recording : public Events
{
public:
    void on(const Event& event) override
    {
        const std::lock_guard lock(mutex);
        events.push_back(event);
    }
    Controls controls() override { return {.pause = pause, .checkpoint = checkpoint, .stop = stop}; }
    void checkpointTaken() override { checkpoint = false; }

    template <class Kind>
    [[nodiscard]] std::vector<Kind> all()
    {
        const std::lock_guard lock(mutex);
        std::vector<Kind> found;
        for (const Event& event : events) {
            if (const auto* one = std::get_if<Kind>(&event))
                found.push_back(*one);
        }
        return found;
    }
    std::mutex mutex;
    std::vector<Event> events;
    std::atomic<bool> pause{false}, checkpoint{false}, stop{false};
};

}  // namespace

class TestRunTraining : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_data;

    [[nodiscard]] std::string newRun(int64_t steps = 20) const
    {
        RunConfig config;
        config.name = "run";
        config.method = "pissa";
        config.steps = steps;
        config.evalData = "default";
        config.evalEvery = 5;
        config.seed = 3;
        return RunStore(m_data).createRun(config);
    }
    TrainResult train(const std::string& run, FakeEngine& engine, Events& watcher, bool resume = false) const
    {
        return trainRun(m_data, run, engine, watcher, {}, resume);
    }
    [[nodiscard]] std::vector<std::pair<int64_t, double>> losses(const std::string& run) const
    {
        std::vector<std::pair<int64_t, double>> points;
        for (const CurvePoint& point : RunStore(m_data).curve(run, "loss"))
            points.emplace_back(point.step, point.value);
        return points;
    }
    // Step events of the file, to see that nothing stands there twice.
    [[nodiscard]] std::vector<int64_t> stepsInFile(const std::string& run) const
    {
        std::vector<int64_t> steps;
        for (const Event& event : RunFolder(m_data / "runs" / run).readMetrics()) {
            if (const auto* step = std::get_if<StepEvent>(&event))
                steps.push_back(step->step);
        }
        return steps;
    }
    static std::vector<int64_t> upTo(int64_t last)
    {
        std::vector<int64_t> steps;
        for (int64_t step = 1; step <= last; ++step)
            steps.push_back(step);
        return steps;
    }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_data = std::filesystem::path(m_folder->path().toStdString());
    }

    void aFinishedRunIsRecordedWhole()
    {
        const std::string run = newRun();
        FakeEngine engine;
        Recording watcher;
        const TrainResult result = train(run, engine, watcher);
        QVERIFY(result.outcome == RunState::finished && result.step == 20);
        RunStore store(m_data);
        const RunRow row = store.run(run);
        QVERIFY(row.state == RunState::finished && row.step == 20 && row.steps == 20 && row.trainable > 0);
        QCOMPARE(row.loss, result.finalLoss);
        QCOMPARE(row.lastEval, *result.evalAfter);
        QCOMPARE(store.curve(run, "loss").size(), size_t(20));
        QCOMPARE(store.curve(run, "evalLoss").size(), size_t(5));  // 0, 5, 10, 15 and 20
        QVERIFY(stepsInFile(run) == upTo(20));
        QCOMPARE(watcher.all<StepEvent>().size(), size_t(20));
        QCOMPARE(watcher.all<RunEnded>().size(), size_t(1));
        QVERIFY(watcher.all<ProgressEvent>().size() > 0);
        const auto artifacts = store.artifacts(run);
        QVERIFY(artifacts.size() == 2 && artifacts[0].kind == "checkpoint" && artifacts[1].kind == "adapter");
        QVERIFY(!RunLock::isHeld(store.folderOf(run)));
    }

    void writesWhereTheNumbersComeFrom()
    {
        const std::string run = newRun(3);
        FakeEngine engine;
        Recording watcher;
        train(run, engine, watcher);
        const auto document = RunStore(m_data).document(run);
        QCOMPARE(document.at("state").get<std::string>(), std::string("finished"));
        const auto& provenance = document.at("provenance");
        QCOMPARE(provenance.at("engine").get<std::string>(), engine.versions());
        QCOMPARE(provenance.at("seed").get<int64_t>(), int64_t(3));
        QVERIFY(provenance.at("threads").get<int64_t>() >= 1);
        QVERIFY(provenance.at("started").get<std::string>() <= provenance.at("ended").get<std::string>());
        QCOMPARE(provenance.at("orderHash").get<std::string>(), watcher.all<RunStarted>()[0].orderHash);
        char host[256] = {};
        gethostname(host, sizeof host - 1);
        QVERIFY(document.dump().find(std::string("\"") + host + "\"") == std::string::npos);
    }

    void theCallerNeedNotGetAnEndFromTheEngine()
    {
        const std::string run = newRun(3);
        FakeEngine engine;
        engine.sendsEnd = false;
        Recording watcher;
        train(run, engine, watcher);
        QCOMPARE(watcher.all<RunEnded>().size(), size_t(1));
        QCOMPARE(watcher.all<RunEnded>()[0].step, int64_t(3));
        QVERIFY(!watcher.all<RunEnded>()[0].adapter.empty());
    }

    void resumeOfAFinishedRunChangesNothingTR14()
    {
        const std::string run = newRun(4);
        FakeEngine engine;
        Recording watcher;
        train(run, engine, watcher);
        const auto folder = m_data / "runs" / run;
        const std::string document = bytesOf(folder / "run.json"), metrics = bytesOf(folder / "metrics.jsonl");
        const RunRow row = RunStore(m_data).run(run);
        for (const bool resume : {true, false}) {
            try {
                train(run, engine, watcher, resume);
                QFAIL("trained again");
            } catch (const Error& error) {
                QCOMPARE(int(error.code()), int(Code::usage));
                QVERIFY2(std::string(error.what()).find("already complete") != std::string::npos, error.what());
            }
        }
        QCOMPARE(bytesOf(folder / "run.json"), document);
        QCOMPARE(bytesOf(folder / "metrics.jsonl"), metrics);
        QVERIFY(RunStore(m_data).run(run) == row);
        QCOMPARE(engine.jobs.load(), int64_t(1));
    }

    void stopsAndResumesWithEqualLosses_data()
    {
        QTest::addColumn<QString>("how");
        QTest::newRow("watcher") << "watcher";
        QTest::newRow("control file") << "file";
        QTest::newRow("stop token") << "token";
    }
    void stopsAndResumesWithEqualLosses()
    {
        QFETCH(QString, how);
        const std::string whole = newRun(), run = newRun();
        FakeEngine engine;
        Recording watcher;
        train(whole, engine, watcher);
        std::stop_source source;
        engine.beforeStep = [&](int64_t step) {
            if (step != 8)
                return;
            if (how == "watcher")
                watcher.stop = true;
            else if (how == "file")
                RunFolder(m_data / "runs" / run).request("stop", true);
            else
                source.request_stop();
        };
        const TrainResult stopped = trainRun(m_data, run, engine, watcher, source.get_token(), false);
        QVERIFY(stopped.outcome == RunState::stopped && stopped.step == 8);
        QVERIFY(RunStore(m_data).run(run).state == RunState::stopped);
        QVERIFY(!RunFolder(m_data / "runs" / run).controls().stop);  // it has been obeyed
        watcher.stop = false;
        engine.beforeStep = {};
        QVERIFY(train(run, engine, watcher, true).outcome == RunState::finished);
        QVERIFY(losses(run) == losses(whole));
        QVERIFY(stepsInFile(run) == upTo(20));
        const auto provenance = RunStore(m_data).document(run).at("provenance");
        QCOMPARE(provenance.at("firstStep").get<int64_t>(), int64_t(9));
        QCOMPARE(provenance.at("earlier").size(), size_t(1));
        QVERIFY(provenance.at("earlier")[0].contains("ended"));
    }

    void aKilledRunGoesOnFromItsCheckpointDB13()
    {
        if (!kChildrenMayStartThreads)
            QSKIP("not under ThreadSanitizer");
        RunConfig config;
        config.steps = 30;
        config.saveEvery = 4;
        const std::string whole = RunStore(m_data).createRun(config), run = RunStore(m_data).createRun(config);
        ChildProcess trainer([&](ChildProcess::Pipe pipe) {
            FakeEngine engine;
            engine.perStep = std::chrono::milliseconds(60);
            engine.beforeStep = [&](int64_t step) { pipe.say(step); };
            Recording watcher;
            train(run, engine, watcher);
        });
        while (trainer.hear().value_or(15) != 15) { }
        trainer.kill();
        FakeEngine engine;
        Recording watcher;
        {
            RunStore store(m_data);
            QVERIFY(store.run(run).state == RunState::interrupted);
            QVERIFY(store.run(run).step >= 8);  // all but the last flush
        }
        QVERIFY(train(run, engine, watcher, true).outcome == RunState::finished);
        QCOMPARE(watcher.all<RunStarted>()[0].firstStep, int64_t(13));
        train(whole, engine, watcher);
        QVERIFY(losses(run) == losses(whole));
        QVERIFY(stepsInFile(run) == upTo(30));
    }

    void aRunWithoutCheckpointStartsAnew()
    {
        const std::string run = newRun();
        FakeEngine engine;
        Recording watcher;
        engine.beforeStep = [](int64_t step) {
            if (step == 7)
                throw std::runtime_error("a fault");
        };
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, train(run, engine, watcher));
        engine.beforeStep = {};
        QVERIFY(train(run, engine, watcher, true).outcome == RunState::finished);
        QVERIFY(stepsInFile(run) == upTo(20));
        QCOMPARE(losses(run).size(), size_t(20));
        const auto notes = RunStore(m_data).notes(run);
        QVERIFY(notes.size() == 1 && notes[0].text.find("a fault") != std::string::npos);
    }

    void unfinishedFilesOfAKilledProgramGoCK06()
    {
        namespace fs = std::filesystem;
        const std::string run = newRun(3);
        const auto folder = m_data / "runs" / run, outside = m_data / "outside";
        fs::create_directories(outside);
        std::ofstream(outside / "kept.tmp-1") << "x";
        fs::create_directories(folder / "checkpoints" / "step-000002.tmp-4711");
        std::ofstream(folder / "checkpoints" / "step-000002.tmp-4711" / "state.safetensors") << "half";
        std::ofstream(folder / "run.json.tmp-4711-1") << "half";
        std::ofstream(folder / "mine.tmp-notes") << "kept";
        fs::create_directory_symlink(outside, folder / "adapter.tmp-4711");
        FakeEngine engine;
        Recording watcher;
        QVERIFY(train(run, engine, watcher).outcome == RunState::finished);
        QVERIFY(!fs::exists(folder / "checkpoints" / "step-000002.tmp-4711"));
        QVERIFY(!fs::exists(folder / "run.json.tmp-4711-1"));
        QVERIFY(!fs::is_symlink(folder / "adapter.tmp-4711"));
        QVERIFY(fs::exists(outside / "kept.tmp-1") && fs::exists(folder / "mine.tmp-notes"));
        const auto notes = RunStore(m_data).notes(run);  // sent before the start of a fresh run: kept
        QCOMPARE(notes.size(), size_t(1));
        QCOMPARE(notes[0].level, std::string("info"));
        for (const char* name : {"checkpoints/step-000002.tmp-4711", "run.json.tmp-4711-1", "adapter.tmp-4711"})
            QVERIFY2(notes[0].text.find(name) != std::string::npos, notes[0].text.c_str());
    }

    void aDatabaseBusyAtTheEndDoesNotFailTheRunDB05()
    {
        const std::string run = newRun(3);
        ChildProcess holder([&](ChildProcess::Pipe pipe) {
            while (!std::filesystem::exists(m_data / "go"))
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            Database database(m_data / "runs.db", Database::Access::write);
            Transaction transaction(database, Transaction::Kind::exclusive);
            pipe.say(1);
            std::this_thread::sleep_for(std::chrono::seconds(60));
        });
        FakeEngine engine;
        engine.beforeStep = [&](int64_t step) {
            if (step != 3)
                return;
            std::ofstream(m_data / "go") << "x";
            holder.hear();
        };
        Recording watcher;
        QVERIFY(train(run, engine, watcher).outcome == RunState::finished);
        const RunFolder folder(m_data / "runs" / run);
        QCOMPARE(folder.read().at("state").get<std::string>(), std::string("finished"));
        holder.kill();
        RunStore store(m_data);
        QVERIFY(store.run(run).state == RunState::finished);
        QCOMPARE(store.curve(run, "loss").size(), size_t(3));
    }

    void anyExceptionEndsTheRunAsFailedTR10_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("state");
        QTest::addColumn<QString>("text");
        QTest::newRow("Error") << 0 << "failed" << "the weights went away";
        QTest::newRow("std::exception") << 1 << "failed" << "a plain fault";
        QTest::newRow("throw 42") << 2 << "failed" << "not an error message";
        QTest::newRow("diverged") << 3 << "diverged" << "5 steps in a row";
        QTest::newRow("stopped") << 4 << "stopped" << "";
    }
    void anyExceptionEndsTheRunAsFailedTR10()
    {
        QFETCH(int, kind);
        QFETCH(QString, state);
        QFETCH(QString, text);
        const std::string run = newRun(), other = newRun(3);
        FakeEngine engine;
        engine.beforeStep = [kind](int64_t step) {
            ErrorParts parts{.code = Code::io, .file = {}, .place = "weights", .found = "the weights went away",
                .allowed = {}, .advice = "Put them back."};
            if (step < 6)
                return;
            if (kind == 1)
                throw std::runtime_error("a plain fault");
            if (kind == 2)
                throw 42;
            if (kind == 3)
                parts = {.code = Code::diverged, .file = {}, .place = "loss", .found = "not finite 5 steps in a row",
                    .allowed = {}, .advice = "Lower the learning rate."};
            if (kind == 4)
                parts.code = Code::stopped;
            throw Error(parts);
        };
        Recording watcher;
        int thrown = -1;
        try {
            train(run, engine, watcher);
        } catch (const Error&) {
            thrown = 0;
        } catch (const std::exception&) {
            thrown = 1;
        } catch (int number) {
            thrown = number == 42 ? 2 : -2;
        }
        QCOMPARE(thrown, kind > 2 ? 0 : kind);
        RunStore store(m_data);
        QCOMPARE(QString::fromStdString(stateText(store.run(run).state)), state);
        QCOMPARE(store.document(run).at("state").get<std::string>(), state.toStdString());
        QCOMPARE(store.curve(run, "loss").size(), size_t(5));
        const auto notes = store.notes(run);
        QCOMPARE(notes.empty(), text.isEmpty());
        QVERIFY(notes.empty() || QString::fromStdString(notes.back().text).contains(text));
        QCOMPARE(watcher.all<RunEnded>().size(), size_t(1));
        QCOMPARE(watcher.all<RunEnded>()[0].step, int64_t(5));
        QVERIFY(QString::fromStdString(watcher.all<RunEnded>()[0].error).contains(text));
        QVERIFY(!RunLock::isHeld(store.folderOf(run)));
        engine.beforeStep = {};
        QVERIFY(train(other, engine, watcher).outcome == RunState::finished);  // other runs go on
    }

    void theSecondTrainerIsRefusedCL08()
    {
        if (!kChildrenMayStartThreads)
            QSKIP("not under ThreadSanitizer");
        const std::string run = newRun();
        ChildProcess first([&](ChildProcess::Pipe pipe) {
            FakeEngine engine;
            engine.perStep = std::chrono::seconds(5);
            engine.beforeStep = [&](int64_t step) { pipe.say(step); };
            Recording watcher;
            train(run, engine, watcher);
        });
        QVERIFY(first.hear());
        FakeEngine engine;
        Recording watcher;
        try {
            train(run, engine, watcher);
            QFAIL("trained twice");
        } catch (const Error& error) {
            QCOMPARE(int(error.code()), int(Code::locked));
            QVERIFY2(std::string(error.what()).find("process " + std::to_string(first.pid())) != std::string::npos,
                error.what());
        }
        QVERIFY(RunStore(m_data).run(run).state == RunState::running);
        QCOMPARE(engine.jobs.load(), int64_t(0));
    }

    void pausesUntilBothWantToGoOn()
    {
        const std::string run = newRun();
        FakeEngine engine;
        Recording watcher;
        engine.beforeStep = [&](int64_t step) {
            if (step == 5)
                watcher.pause = true;
        };
        std::jthread trainer([&] { train(run, engine, watcher); });
        const auto state = [&] { return RunStore::openForReading(m_data).run(run).state; };
        QTRY_VERIFY(state() == RunState::paused);
        QTest::qWait(100);
        QCOMPARE(engine.stepsTaken.load(), int64_t(5));
        RunFolder(m_data / "runs" / run).request("pause", true);
        watcher.pause = false;
        QTest::qWait(100);
        QCOMPARE(engine.stepsTaken.load(), int64_t(5));
        RunFolder(m_data / "runs" / run).request("pause", false);
        trainer.join();
        QVERIFY(state() == RunState::finished);
    }

    void writesACheckpointOnRequest()
    {
        const std::string run = newRun();
        FakeEngine engine;
        Recording watcher;
        engine.beforeStep = [&](int64_t step) {
            if (step == 3)
                watcher.checkpoint = true;
            if (step == 7)
                RunFolder(m_data / "runs" / run).request("checkpoint", true);
        };
        train(run, engine, watcher);
        std::vector<int64_t> steps;
        for (const auto& event : watcher.all<CheckpointEvent>())
            steps.push_back(event.step);
        QVERIFY(steps == (std::vector<int64_t>{3, 7, 20}));
        QVERIFY(!RunFolder(m_data / "runs" / run).controls().checkpoint);
    }

    void aRequestLeftFromBeforeIsForgotten()
    {
        const std::string run = newRun(3);
        RunFolder(m_data / "runs" / run).request("stop", true);
        FakeEngine engine;
        Recording watcher;
        QVERIFY(train(run, engine, watcher).outcome == RunState::finished);
    }

    void skippedStepsAreGapsDB16()
    {
        const std::string run = newRun(6);
        FakeEngine engine;
        engine.notFiniteAt = 4;
        Recording watcher;
        train(run, engine, watcher);
        const auto curve = RunStore(m_data).curve(run, "loss");
        QVERIFY(curve.size() == 6 && std::isnan(curve[3].value) && std::isfinite(curve[4].value));
        QCOMPARE(RunStore(m_data).notes(run).size(), size_t(1));
    }

    void missingFilesAreNamedDB15()
    {
        const std::string run = newRun();
        std::filesystem::rename(m_data / "runs" / run, m_data / "elsewhere");
        FakeEngine engine;
        Recording watcher;
        QCOMPARE(codeOf([&] { train(run, engine, watcher, true); }), int(Code::missing));
        QCOMPARE(engine.jobs.load(), int64_t(0));
        QVERIFY(!std::filesystem::exists(m_data / "runs" / run));
    }

    // Two trainers and a reader on one store, as a window and two command-line runs.
    void severalRunsAtOnceLoseNothingDB06()
    {
        if (!kChildrenMayStartThreads)
            QSKIP("not under ThreadSanitizer");
        const std::string runs[] = {newRun(400), newRun(400)};
        std::vector<std::unique_ptr<ChildProcess>> trainers;
        for (const std::string& run : runs) {
            trainers.push_back(std::make_unique<ChildProcess>([&](ChildProcess::Pipe) {
                FakeEngine engine;
                engine.perStep = std::chrono::milliseconds(4);
                Recording watcher;
                train(run, engine, watcher);
            }));
        }
        for (int i = 0; i < 60; ++i) {
            QVERIFY(RunStore::openForReading(m_data).runs().size() >= 2);
            RunStore own(m_data);  // a second window opens
            own.createRun(RunConfig{});
            QTest::qWait(20);
        }
        for (auto& trainer : trainers)
            QCOMPARE(trainer->wait(), 0);
        RunStore store(m_data);
        for (const std::string& run : runs) {
            QVERIFY(store.run(run).state == RunState::finished);
            QCOMPARE(store.curve(run, "loss").size(), size_t(400));
            QVERIFY(stepsInFile(run) == upTo(400));
        }
        QCOMPARE(store.runs().size(), size_t(62));
        QCOMPARE(*store.query("SELECT group_concat(integrity_check) FROM pragma_integrity_check").rows[0][0],
            std::string("ok"));
    }
};

QTEST_GUILESS_MAIN(TestRunTraining)
#include "tst_run_training.moc"
