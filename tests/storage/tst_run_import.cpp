// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Run folders against their rows: read in, caught up with, cut, interrupted, moved away.
#include "storage/run_store.h"
#include "storage/runs/run_folder.h"
#include "tests/support/child_process.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <thread>

using namespace rankwright;

namespace {

RunConfig named(const std::string& name)
{
    RunConfig config;
    config.name = name;
    return config;
}

StepEvent stepAt(int64_t step, double loss)
{
    return {.run = {}, .step = step, .steps = 100, .loss = loss, .lr = 1e-4, .gradNorm = 0.5, .tokens = step * 100,
        .targets = step * 50, .seconds = double(step) * 0.5, .skipped = false};
}

EvalEvent evalAt(int64_t step, double loss)
{
    return {.run = {}, .step = step, .loss = loss, .rows = 8, .tokens = 999, .seconds = 0.1};
}

// A run folder as a program leaves it that trained and recorded and was killed before it touched the database.
void writeFolder(
    const RunStore& store, const std::string& id, const std::string& state, const std::vector<Event>& events)
{
    std::filesystem::create_directories(store.folderOf(id));
    const RunFolder folder(store.folderOf(id));
    folder.write({{"format", 1}, {"id", id}, {"name", "from " + id}, {"created", "2026-01-02T03:04:05.678Z"},
        {"comparison", ""}, {"config", toJson(RunConfig{})}, {"state", state}});
    folder.appendMetrics(events);
}

}  // namespace

class TestRunImport : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_data;

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_data = std::filesystem::path(m_folder->path().toStdString()) / "data";
    }

    void aRunWhoseProcessDiedIsInterruptedDB13()
    {
        std::string id;
        {
            RunStore store(m_data);
            id = store.createRun(named("dies"));
        }
        ChildProcess trainer([&](ChildProcess::Pipe pipe) {
            RunStore own(m_data);
            const RunLock lock(own.folderOf(id));
            own.setState(id, RunState::running);
            const RunFolder folder(own.folderOf(id));
            const std::vector<Event> events = {RunStarted{}, stepAt(1, 2), stepAt(2, 1.5),
                CheckpointEvent{.run = id, .step = 2, .folder = "checkpoints/step-2"}, stepAt(3, 1.25)};
            folder.appendMetrics(events);  // and is killed before the rows are written
            pipe.say(1);
            std::this_thread::sleep_for(std::chrono::seconds(30));
        });
        QVERIFY(trainer.hear());
        {
            RunStore store(m_data);  // as long as it lives, it runs
            QVERIFY(store.run(id).state == RunState::running);
            QVERIFY(RunLock::isHeld(store.folderOf(id)));
            QCOMPARE(codeOf([&] { store.remove(id); }), int(Code::locked));
        }
        trainer.kill();
        for (int opening = 0; opening < 2; ++opening) {
            RunStore store(m_data);
            QVERIFY(store.run(id).state == RunState::interrupted);
            QCOMPARE(store.document(id).at("state").get<std::string>(), std::string("interrupted"));
            QCOMPARE(store.run(id).step, int64_t(3));
            QCOMPARE(store.curve(id, "loss").size(), size_t(3));
            QCOMPARE(store.notes(id).size(), size_t(1));
            QVERIFY(store.notes(id)[0].text.find("step 2") != std::string::npos);
            QCOMPARE(store.artifacts(id).size(), size_t(1));
        }
    }

    void aReusedProcessNumberDoesNotMatterDB14()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("reused"));
        store.setState(id, RunState::running);
        // The number in the lock file is that of a process that lives: this one.
        std::ofstream(store.folderOf(id) / "lock") << "process " << ::getpid() << " since 2026-01-01T00:00:00.000Z\n";
        RunStore again(m_data);
        QVERIFY(again.run(id).state == RunState::interrupted);
    }

    void aMovedFolderKeepsItsRowDB15()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("moved"));
        store.append(id, {RunStarted{}, stepAt(1, 2.0)});
        std::filesystem::rename(store.folderOf(id), m_data / "elsewhere");
        {
            RunStore again(m_data);
            const RunRow row = again.run(id);
            QVERIFY(row.filesMissing && row.state == RunState::interrupted);
            QCOMPARE(again.curve(id, "loss").size(), size_t(1));
            QVERIFY(again.config(id) == named("moved"));
            QCOMPARE(again.document(id).at("filesMissing").get<bool>(), true);
            again.rename(id, "still there");
        }
        std::filesystem::rename(m_data / "elsewhere", store.folderOf(id));
        QVERIFY(!RunStore(m_data).run(id).filesMissing);
        std::filesystem::remove_all(store.folderOf(id));
        store.remove(id);
        QVERIFY(RunStore(m_data).runs().empty());
    }

    void foldersWithoutRowsAreReadIn()
    {
        std::string id;
        {
            RunStore store(m_data);
            id = store.createRun(named("kept"));
            const RunFolder folder(store.folderOf(id));
            auto evaluated = evalAt(1, 1.5);
            evaluated.metrics = {{"accuracy", 0.75}};
            const std::vector<Event> events = {RunStarted{}, stepAt(1, 2.0), evaluated,
                RunEnded{.run = id, .outcome = RunState::finished, .step = 1, .finalLoss = 2, .adapter = "a",
                    .error = {}}};
            store.append(id, events, folder.appendMetrics(events));
            store.setState(id, RunState::finished);
            writeFolder(store, "cluster2", "finished", events);
        }
        std::filesystem::remove(m_data / "runs.db");
        RunStore store(m_data);
        QCOMPARE(store.runs().size(), size_t(2));
        for (const std::string& run : {id, std::string("cluster2")}) {
            QVERIFY(store.run(run).state == RunState::finished);
            QCOMPARE(store.curve(run, "loss").size(), size_t(1));
            QCOMPARE(store.run(run).bestEval, 1.5);
            QCOMPARE(store.metrics(run)["accuracy"], 0.75);
        }
        QCOMPARE(store.run("cluster2").created, std::string("2026-01-02T03:04:05.678Z"));
        QCOMPARE(store.run("from cluster2").id, std::string("cluster2"));
    }

    void aBadFolderDoesNotHideTheOthers()
    {
        {
            RunStore store(m_data);
            writeFolder(store, "goodrun2", "stopped", {RunStarted{}, stepAt(1, 1.0)});
            for (const char* id : {"badjson2", "badstate", "badtypes", "newer222", "nested22"})
                std::filesystem::create_directories(store.folderOf(id));
            std::ofstream(store.folderOf("badjson2") / "run.json") << "{\"format\":1,";
            std::ofstream(store.folderOf("badstate") / "run.json") << R"({"format":1,"config":{},"state":"dancing"})";
            std::ofstream(store.folderOf("badtypes") / "run.json") << R"({"format":1,"config":{},"name":[1]})";
            std::ofstream(store.folderOf("newer222") / "run.json") << R"({"format":9,"config":{}})";
            std::ofstream(store.folderOf("nested22") / "run.json") << std::string(100000, '[');
            std::filesystem::create_directories(m_data / "runs" / "Not An Id");
            std::ofstream(m_data / "runs" / "Not An Id" / "run.json") << R"({"format":1,"config":{}})";
        }
        RunStore store(m_data);
        QCOMPARE(store.runs().size(), size_t(1));
        QVERIFY(store.run("goodrun2").state == RunState::stopped);
        QCOMPARE(store.problems().size(), size_t(5));
    }

    void appendsOnlyWhatIsMissing()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("tail"));
        const RunFolder folder(store.folderOf(id));
        const std::vector<Event> first = {RunStarted{}, NoteEvent{.run = id, .level = "info", .text = "one"},
            stepAt(1, 3)};
        QVERIFY(store.append(id, first, folder.appendMetrics(first)));
        folder.appendMetrics({stepAt(2, 2), NoteEvent{.run = id, .level = "info", .text = "two"}});
        for (int again = 0; again < 2; ++again) {
            store.catchUp(id);
            QCOMPARE(store.curve(id, "loss").size(), size_t(2));
            QCOMPARE(store.notes(id).size(), size_t(2));
        }
    }

    void readsAgainAMetricsFileThatWasCut()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("cut"));
        const RunFolder folder(store.folderOf(id));
        const std::vector<Event> events = {RunStarted{}, stepAt(1, 3), stepAt(2, 2), stepAt(3, 1)};
        QVERIFY(store.append(id, events, folder.appendMetrics(events)));
        folder.cutMetricsAfter(1);  // killed before the rows were removed
        RunStore again(m_data);
        QCOMPARE(again.curve(id, "loss").size(), size_t(1));
        QCOMPARE(again.run(id).step, int64_t(1));
        QCOMPARE(again.run(id).loss, 3.0);
    }

    void removesEverythingPastACheckpoint()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("resumed"));
        const RunFolder folder(store.folderOf(id));
        const std::vector<Event> events = {RunStarted{}, evalAt(0, 5), stepAt(1, 3), stepAt(2, 2), evalAt(2, 4),
            CheckpointEvent{.run = id, .step = 2, .folder = "two"}, stepAt(3, 1), evalAt(3, 1),
            CheckpointEvent{.run = id, .step = 3, .folder = "three"}};
        QVERIFY(store.append(id, events, folder.appendMetrics(events)));
        store.removeAfter(id, 2);
        const RunRow row = store.run(id);
        QVERIFY(row.step == 2 && row.loss == 2 && row.tokens == 200 && row.bestEval == 4 && row.lastEval == 4);
        QCOMPARE(store.artifacts(id).size(), size_t(1));
        QCOMPARE(folder.readMetrics().size(), size_t(6));
        store.removeAfter(id, -1);
        QVERIFY(store.series(id).empty());
        QCOMPARE(store.run(id).step, int64_t(0));
        QVERIFY(std::isnan(store.run(id).bestEval));
    }
};

QTEST_GUILESS_MAIN(TestRunImport)
#include "tst_run_import.moc"
