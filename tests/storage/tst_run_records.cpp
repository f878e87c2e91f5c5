// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a run has besides its curves: exports, drift, memory, another configuration before it starts; and stores of the first version.
#include "storage/migrations.h"
#include "storage/run_store.h"
#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>

using namespace rankwright;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

RunConfig named(const std::string& name)
{
    RunConfig config;
    config.name = name;
    return config;
}

StepEvent stepAt(int64_t step) { return {.step = step, .steps = 9, .loss = 2, .tokens = step, .seconds = double(step)}; }

// In the model's order, which is not that of the alphabet.
DriftEvent driftAt(int64_t step)
{
    return {.run = {}, .step = step, .seconds = 0.25 * double(step),
        .modules = {{.name = "model.layers.9.q_proj", .rank = 4, .update = 0.1 * double(step), .inside = 0.75, .angleMean = 10, .angleLargest = 20,
                        .effectiveRank = 3.5, .intruders = 2},
            {.name = "model.layers.10.q_proj", .rank = 4, .update = 0, .inside = kNaN, .angleMean = kNaN, .angleLargest = kNaN, .effectiveRank = 0,
                .intruders = 0}}};
}

bool same(const DriftEvent& left, const DriftEvent& right)
{
    const auto equal = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    return left.step == right.step && left.seconds == right.seconds
        && std::ranges::equal(left.modules, right.modules, [&](const ModuleDrift& a, const ModuleDrift& b) {
               return a.name == b.name && a.rank == b.rank && a.update == b.update && equal(a.inside, b.inside) && equal(a.angleMean, b.angleMean)
                   && equal(a.angleLargest, b.angleLargest) && a.effectiveRank == b.effectiveRank && a.intruders == b.intruders;
           });
}

}  // namespace

class TestRunRecords : public QObject
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

    void exportsAreKeptInTheRunsFolder()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("exported"));
        QVERIFY(store.exports(id).empty());
        store.addExport(id, {.folder = "/tmp/a", .format = "lora", .largestDifference = 3e-6, .largestLogit = 21.5, .bytes = 1, .files = {}});
        store.addExport(id, {.folder = "/tmp/x/../b", .format = "merged", .largestDifference = kNaN, .largestLogit = 20, .bytes = 1, .files = {}});
        auto exports = store.exports(id);
        QCOMPARE(exports.size(), size_t(2));
        QVERIFY(exports[0].folder == "/tmp/a" && exports[0].format == "lora" && exports[0].largestDifference == 3e-6);
        QVERIFY(exports[0].largestLogit == 21.5 && exports[0].time.ends_with("Z"));
        QVERIFY(exports[1].folder == "/tmp/b" && std::isnan(exports[1].largestDifference));
        QCOMPARE(store.artifacts(id).size(), size_t(2));
        store.addExport(id, {.folder = "/tmp/a", .format = "peft", .largestDifference = 0, .largestLogit = 1, .bytes = 1, .files = {}});
        exports = store.exports(id);
        QVERIFY(exports.size() == 2 && exports[0].folder == "/tmp/b" && exports[1].format == "peft");
        // The folder is the truth: they outlive the database.
        std::filesystem::remove(m_data / "runs.db");
        QVERIFY(RunStore(m_data).exports(id)[1] == exports[1]);
        QCOMPARE(RunStore(m_data).exports(id).size(), size_t(2));
    }

    void oddExportsArePassedOver()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("odd"));
        RunFolder(store.folderOf(id)).update([](nlohmann::json& document) {
            document["exports"] = {1, "text", {{"folder", 7}, {"format", "lora"}, {"largestDifference", "no"}}};
        });
        const auto exports = store.exports(id);
        QVERIFY(exports.size() == 1 && exports[0].folder.empty() && exports[0].format == "lora" && std::isnan(exports[0].largestDifference));
        RunFolder(store.folderOf(id)).update([](nlohmann::json& document) { document["exports"] = "none"; });
        QVERIFY(store.exports(id).empty());
    }

    void driftIsKeptAndReadInAgain()
    {
        std::string id;
        {
            RunStore store(m_data);
            id = store.createRun(named("drifts"));
            const RunFolder folder(store.folderOf(id));
            const std::vector<Event> events{RunStarted{.run = id, .steps = 9}, stepAt(1), driftAt(1), stepAt(2), driftAt(2)};
            store.append(id, events, folder.appendMetrics(events));
            const auto drift = store.drift(id);
            QVERIFY(drift.size() == 2 && drift[0].run == id && same(drift[0], driftAt(1)) && same(drift[1], driftAt(2)));
            // The same step once more, with fewer modules: only what was measured last.
            DriftEvent again = driftAt(2);
            again.modules.pop_back();
            store.append(id, {again});
            QVERIFY(same(store.drift(id)[1], again));
            store.indexAgain(id);
            QVERIFY(same(store.drift(id)[1], driftAt(2)));
            store.removeAfter(id, 1);
            QVERIFY(store.drift(id).size() == 1 && folder.readMetrics().size() == 3);
        }
        std::filesystem::remove(m_data / "runs.db");
        RunStore store(m_data);
        QVERIFY(store.drift(id).size() == 1 && same(store.drift(id)[0], driftAt(1)));
        store.remove(id);
        QCOMPARE(store.query("SELECT count(*) FROM drift").rows[0][0].value(), std::string("0"));
    }

    void memoryAndWorkAreKept()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("measured"));
        QVERIFY(store.run(id).peakBytes == 0 && store.run(id).estimatedBytes == 0);
        store.append(id, {RunStarted{.run = id, .steps = 9, .estimatedBytes = 5000, .productsPerStep = 2.5e9}, stepAt(1),
                             RunEnded{.run = id, .outcome = RunState::stopped, .step = 1, .peakBytes = 7000}});
        RunRow row = store.run(id);
        QVERIFY(row.peakBytes == 7000 && row.estimatedBytes == 5000 && row.productsPerStep == 2.5e9);
        // The second half of a resumed run held less.
        store.append(id, {RunEnded{.run = id, .outcome = RunState::finished, .step = 9, .peakBytes = 6000}});
        row = store.run(id);
        QVERIFY(row.peakBytes == 7000 && row.state == RunState::finished);
    }

    void aQueuedRunTakesAnotherConfiguration()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("first"), {.comparison = "cmp12345", .arm = "lora"});
        RunConfig other = named("second");
        other.method = "pissa";
        other.learningRate = 3e-4;
        other.seed = 11;
        store.setConfig(id, other);
        const RunRow row = store.run(id);
        QVERIFY(row.name == "second" && row.method == "pissa" && row.learningRate == 3e-4 && row.seed == 11 && row.arm == "lora");
        QVERIFY(store.config(id) == other && configFromJson(store.document(id).at("config")) == other);
        other.name.clear();
        store.setConfig(id, other);
        QVERIFY(store.run(id).name == "second" && store.document(id).at("name") == "second");
        other.name = "third";
        {
            const RunLock held(store.folderOf(id));
            QCOMPARE(codeOf([&] { store.setConfig(id, other); }), int(Code::locked));
        }
        store.setState(id, RunState::stopped);
        QCOMPARE(codeOf([&] { store.setConfig(id, other); }), int(Code::locked));
        QVERIFY(store.run(id).name == "second" && store.document(id).at("name") == "second");
    }

    void aStoreOfTheFirstVersionStillOpens()
    {
        std::string config;
        {
            RunConfig old = named("old lora seed 3");
            old.learningRate = 0.0003;
            old.seed = 3;
            config = toJson(old).dump();
        }
        std::filesystem::create_directories(m_data / "runs");
        {
            Database database(m_data / "runs.db", Database::Access::write);
            bringUpToDate(database, schemaSteps().first(1));
            QCOMPARE(database.userVersion(), int64_t(1));
            Statement insert(database, "INSERT INTO run(id, name, method, model, comparison, state, created, config)"
                                       " VALUES ('abcd2345', 'old lora seed 3', 'lora', 'm', 'cmp12345', 'finished', '2026-01-01T00:00:00.000Z', ?)");
            insert.bind(1, config).run();
            database.execute("INSERT INTO metric VALUES (1, 1, 1, 2.5, 10, 0.5)");
            database.execute("INSERT INTO run(id, name, method, model, state, created, config) VALUES ('zzzz2345', 'damaged', 'lora', 'm', 'failed', '', '{')");
        }
        std::filesystem::create_directories(m_data / "runs" / "abcd2345");
        RunFolder(m_data / "runs" / "abcd2345").write({{"format", 1}, {"id", "abcd2345"}, {"name", "old lora seed 3"},
            {"created", "2026-01-01T00:00:00.000Z"}, {"comparison", "cmp12345"}, {"config", nlohmann::json::parse(config)}, {"state", "finished"}});
        {
            const RunStore reader = RunStore::openForReading(m_data);   // migrates it first
            QVERIFY(std::filesystem::exists(m_data / "runs.db.version-1.bak"));
        }
        RunStore store(m_data);
        const RunRow row = store.run("abcd2345");
        QVERIFY(row.learningRate == 0.0003 && row.seed == 3 && row.arm.empty() && row.peakBytes == 0 && row.comparison == "cmp12345");
        QCOMPARE(store.curve("abcd2345", "loss").size(), size_t(1));
        QVERIFY(store.drift("abcd2345").empty() && store.exports("abcd2345").empty());
        QVERIFY(std::isnan(store.run("zzzz2345").learningRate));
        QVERIFY(comparisonRuns(store, "cmp1") == std::vector<std::string>{"abcd2345"});
        QCOMPARE(comparisonByRuns(store, "cmp12345").arms[0].label, std::string("old lora"));
        store.append("abcd2345", {driftAt(1)});
        QCOMPARE(store.drift("abcd2345").size(), size_t(1));
    }
};

QTEST_GUILESS_MAIN(TestRunRecords)
#include "tst_run_records.moc"
