// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The queue of waiting runs: order, moves, edits, copies; what is trained together; turns.
#include "storage/runs/comparison.h"
#include "storage/runs/interleave.h"
#include "storage/runs/run_queue.h"
#include "storage/runs/run_training.h"
#include "tests/support/fake_engine.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace rankwright;

class TestRunQueue : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_data;

    static RunConfig named(const std::string& name)
    {
        RunConfig config;
        config.name = name;
        config.steps = 3;
        return config;
    }
    [[nodiscard]] QStringList waiting() const
    {
        RunStore store(m_data);
        QStringList names;
        for (const RunRow& row : RunQueue(m_data).waiting(store))
            names << QString::fromStdString(row.name);
        return names;
    }
    Comparison interleaved(RunStore& store) const
    {
        Comparison comparison{.id = {}, .name = {}, .created = {}, .arms = parseArms(named("c"), {"lora,pissa"}), .seeds = {0, 1}};
        comparison.sweep.points = 1;
        comparison.schedule = Schedule::interleaved;
        return createComparison(store, comparison);
    }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_data = std::filesystem::path(m_folder->path().toStdString());
    }

    void runsWaitInTheOrderTheyWereMade()
    {
        RunStore store(m_data);
        for (const char* name : {"a", "b", "c"})
            store.createRun(named(name));
        QCOMPARE(waiting(), (QStringList{"a", "b", "c"}));
        store.setState(store.run("b").id, RunState::finished);
        QCOMPARE(waiting(), (QStringList{"a", "c"}));
    }

    void moves_data()
    {
        QTest::addColumn<QString>("run");
        QTest::addColumn<int>("to");
        QTest::addColumn<QStringList>("order");
        QTest::newRow("to the front") << "c" << 0 << QStringList{"c", "a", "b", "d"};
        QTest::newRow("down") << "a" << 2 << QStringList{"b", "c", "a", "d"};
        QTest::newRow("beyond the end") << "a" << 99 << QStringList{"b", "c", "d", "a"};
        QTest::newRow("where it is") << "b" << 1 << QStringList{"a", "b", "c", "d"};
    }
    void moves()
    {
        QFETCH(QString, run);
        QFETCH(int, to);
        QFETCH(QStringList, order);
        RunStore store(m_data);
        for (const char* name : {"a", "b", "c", "d"})
            store.createRun(named(name));
        RunQueue(m_data).move(store, {run.toStdString()}, to);
        QCOMPARE(waiting(), order);
        store.createRun(named("e"));   // a newcomer is last
        QCOMPARE(waiting(), order + QStringList{"e"});
    }

    void movesSeveralAtOnce()
    {
        RunStore store(m_data);
        for (const char* name : {"a", "b", "c", "d", "e"})
            store.createRun(named(name));
        RunQueue(m_data).move(store, {"e", "b"}, 1);   // in the order given, after the first of the others
        QCOMPARE(waiting(), (QStringList{"a", "e", "b", "c", "d"}));
        store.setState(store.run("c").id, RunState::running);
        QVERIFY_THROWS_EXCEPTION(Error, RunQueue(m_data).move(store, {"d", "c"}, 0));
        QCOMPARE(waiting(), (QStringList{"a", "e", "b", "d"}));   // all or none
    }

    void refusesToMoveWhatDoesNotWait()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("a"));
        store.setState(id, RunState::finished);
        QVERIFY_THROWS_EXCEPTION(Error, RunQueue(m_data).move(store, {id}, 0));
        QVERIFY_THROWS_EXCEPTION(Error, RunQueue(m_data).edit(store, id, named("b")));
    }

    void editsAndCopies()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("a"));
        RunConfig config = named("renamed");
        config.learningRate = 7e-5;
        const RunQueue queue(m_data);
        queue.edit(store, id, config);
        QVERIFY(store.config(id) == config);
        QCOMPARE(store.run(id).name, std::string("renamed"));
        config.rank = 0;
        QVERIFY_THROWS_EXCEPTION(Error, queue.edit(store, id, config));
        QVERIFY(store.config(id).rank != 0);
        const std::string copy = queue.duplicate(store, id, "copy");
        QCOMPARE(waiting(), (QStringList{"renamed", "copy"}));
        QCOMPARE(store.config(copy).learningRate, 7e-5);
    }

    void aRunOfAComparisonKeepsItsDataAndSeed()
    {
        RunStore store(m_data);
        const Comparison comparison = interleaved(store);
        const std::string id = comparisonRuns(store, comparison.id).front();
        const RunQueue queue(m_data);
        RunConfig config = store.config(id);
        config.learningRate *= 2;
        queue.edit(store, id, config);
        config.seed = 9;
        QVERIFY_THROWS_EXCEPTION(Error, queue.edit(store, id, config));
        config = store.config(id);
        config.maxLength = 64;
        QVERIFY_THROWS_EXCEPTION(Error, queue.edit(store, id, config));
    }

    void remembersWhatHappensAfterAnError()
    {
        QVERIFY(RunQueue(m_data).continuesOnError());
        RunQueue(m_data).setContinuesOnError(false);
        QVERIFY(!RunQueue(m_data).continuesOnError());
    }

    void aDamagedFileIsNamed()
    {
        RunStore store(m_data);
        store.createRun(named("a"));
        std::ofstream(m_data / "queue.json") << R"({"format":1,"order":"a"})";
        try {
            (void)RunQueue(m_data).waiting(store);
            QFAIL("not refused");
        } catch (const Error& error) {
            QCOMPARE(error.parts().place, std::string("/order"));
        }
    }

    void trainsArmsOfOneSeedTogether()
    {
        RunStore store(m_data);
        store.createRun(named("alone"));
        const Comparison comparison = interleaved(store);
        const auto rows = RunQueue(m_data).waiting(store);
        const auto groups = trainingGroups(m_data, rows);
        QCOMPARE(groups.size(), size_t(3));
        QCOMPARE(groups[0].runs.size(), size_t(1));
        QCOMPARE(groups[1].runs.size(), size_t(2));
        QVERIFY(groups[1].runs[0].seed == groups[1].runs[1].seed && groups[1].runs[0].arm != groups[1].runs[1].arm);
        QVERIFY(groups[2].runs[0].seed != groups[1].runs[0].seed);
        // Moving one member takes the group along.
        RunQueue(m_data).move(store, {groups[2].runs[1].id}, 0);
        const auto moved = RunQueue(m_data).waiting(store);
        QCOMPARE(moved[0].comparison, comparison.id);
        QVERIFY(moved[3].comparison == comparison.id && moved[4].comparison.empty());
    }

    // Two arms, three rates, the pair at the arms' own rate half finished.
    void aRunWaitsForItsPlaceAmongTheRates()
    {
        RunStore store(m_data);
        Comparison comparison{.id = {}, .name = {}, .created = {}, .arms = parseArms(named("c"), {"lora,pissa:lr=3e-4"}), .seeds = {0}};
        comparison.sweep.points = 3;
        comparison.schedule = Schedule::interleaved;
        comparison = createComparison(store, comparison);
        const auto rateOf = [&](const RunRow& row, double own) { return int(std::lround(std::log2(row.learningRate / own))); };
        const auto steps = [&](const TrainingGroup& group) {
            QStringList words;
            for (const RunRow& row : group.runs)
                words << QString("%1 %2").arg(QString::fromStdString(row.method)).arg(rateOf(row, row.method == "lora" ? named("c").learningRate : 3e-4));
            return words;
        };
        auto rows = RunQueue(m_data).waiting(store);
        QCOMPARE(rows.size(), size_t(6));
        QCOMPARE(steps(trainingGroups(m_data, rows)[0]), (QStringList{"lora 0", "pissa 0"}));
        store.setState(rows[0].id, RunState::finished);
        rows = RunQueue(m_data).waiting(store);
        auto groups = trainingGroups(m_data, rows);
        QCOMPARE(groups.size(), size_t(3));
        QCOMPARE(steps(groups[0]), (QStringList{"pissa 0"}));   // not with LoRA at the next rate
        QCOMPARE(groups[1].runs.size(), size_t(2));
        QCOMPARE(groups[2].runs.size(), size_t(2));
        // Stopped arms that are resumed together take turns as well, and with one that has not begun.
        store.setState(groups[1].runs[0].id, RunState::stopped);
        groups = trainingGroups(m_data, {rows[0], store.run(groups[1].runs[0].id), groups[1].runs[1]});
        QCOMPARE(groups.size(), size_t(2));
        QCOMPARE(groups[1].runs.size(), size_t(2));
        QVERIFY(groups[1].runs[0].state == RunState::stopped && groups[1].runs[1].state == RunState::queued);
        // An edited rate is no place: the run is alone.
        RunConfig config = store.config(groups[1].runs[1].id);
        config.learningRate *= 1.5;
        RunQueue(m_data).edit(store, groups[1].runs[1].id, config);
        QCOMPARE(trainingGroups(m_data, {groups[1].runs[0], store.run(groups[1].runs[1].id)}).size(), size_t(2));
    }

    Comparison together(RunStore& store, const std::vector<std::string>& arms, int64_t batch = 4) const
    {
        RunConfig config = named("c");
        config.batch = batch;
        Comparison comparison{.id = {}, .name = {}, .created = {}, .arms = parseArms(config, arms), .seeds = {0, 1}};
        comparison.sweep.points = 3;
        comparison.schedule = Schedule::together;
        return createComparison(store, comparison);
    }
    static QStringList sizes(const std::vector<TrainingGroup>& groups)
    {
        QStringList words;
        for (const TrainingGroup& group : groups)
            words << QString::number(group.runs.size()) + (group.together ? "" : "-");
        return words;
    }

    void runsShareOneBase_data()
    {
        QTest::addColumn<QStringList>("arms");
        QTest::addColumn<int>("batch");
        QTest::addColumn<QStringList>("expected");   // "-": alone
        QTest::newRow("two arms, three rates, two seeds") << QStringList{"lora", "pissa"} << 4 << QStringList{"4", "4", "4"};
        QTest::newRow("a batch with fewer rows than arms") << QStringList{"lora", "pissa"} << 1 << QStringList{"2", "2", "2", "2", "2", "2"};
        QTest::newRow("a batch that is no multiple of the arms") << QStringList{"lora", "pissa", "olora"} << 4 << QStringList{"3", "3", "3", "3", "3", "3"};
        QTest::newRow("a wide batch") << QStringList{"lora", "pissa"} << 64 << QStringList{"8", "4"};
        QTest::newRow("one arm") << QStringList{"pissa"} << 4 << QStringList{"4", "2"};
        QTest::newRow("whole weights") << QStringList{"lora", "full"} << 4 << QStringList{"4", "1-", "1-", "1-", "1-", "2", "1-", "1-"};
        QTest::newRow("other bases") << QStringList{"lora", "qlora"} << 4 << QStringList{"4", "4", "2", "2"};
        QTest::newRow("a residual in few bits is that of its seed") << QStringList{"qlora", "qpissa"} << 4 << QStringList{"4", "3", "3", "2"};
    }
    void runsShareOneBase()
    {
        QFETCH(QStringList, arms);
        QFETCH(int, batch);
        QFETCH(QStringList, expected);
        RunStore store(m_data);
        std::vector<std::string> names;
        for (const QString& arm : arms)
            names.push_back(arm.toStdString());
        const Comparison comparison = together(store, names, batch);
        const auto groups = trainingGroups(m_data, RunQueue(m_data).waiting(store));
        QCOMPARE(sizes(groups), expected);
        const auto planned = plannedTogether(comparison);
        QCOMPARE(planned.size(), groups.size());
        for (size_t i = 0; i < planned.size(); ++i)
            QCOMPARE(planned[i].size(), groups[i].runs.size());
        QCOMPARE(armsInTurn(comparison).empty(), !arms.contains("full") && !arms.contains("qlora"));
    }

    // As it is stored now, not as it was planned.
    void anEditedRunLeavesItsGroup()
    {
        RunStore store(m_data);
        (void)together(store, {"lora", "pissa"});
        auto rows = RunQueue(m_data).waiting(store);
        RunConfig config = store.config(rows[1].id);
        config.learningRate *= 3;                        // a rate of its own takes no one's place here
        RunQueue(m_data).edit(store, rows[1].id, config);
        QCOMPARE(sizes(trainingGroups(m_data, RunQueue(m_data).waiting(store))), (QStringList{"4", "4", "4"}));
        config.dtype = "bfloat16";
        RunQueue(m_data).edit(store, rows[1].id, config);
        rows = RunQueue(m_data).waiting(store);
        QCOMPARE(sizes(trainingGroups(m_data, rows)), (QStringList{"4", "1-", "4", "3"}));
        std::ofstream(std::filesystem::path(rows[0].folder) / "run.json") << "{";
        QCOMPARE(sizes(trainingGroups(m_data, rows)), (QStringList{"1-", "1-", "4", "4", "2"}));
    }

    void runsOfAGroupAreTrainedAtOnce()
    {
        RunStore store(m_data);
        (void)together(store, {"lora", "pissa"});
        const auto group = trainingGroups(m_data, RunQueue(m_data).waiting(store)).front();
        FakeEngine engine;
        struct Quiet : Events
        {
            void on(const Event&) override {}
        };
        atOnce(group.runs.size(), [&](size_t i) {
            Quiet watcher;
            (void)trainRun(m_data, group.runs[i].id, engine, watcher, {}, false, false, {.group = "g", .arms = int64_t(group.runs.size())});
        });
        for (const RunRow& row : group.runs)
            QVERIFY(store.run(row.id).state == RunState::finished);
    }

    void turnsGoRoundAndEndInAnyOrder()
    {
        RunStore store(m_data);
        std::vector<std::string> ids;
        for (const int64_t steps : {6, 2, 4}) {
            RunConfig config = named(std::to_string(steps));
            config.steps = steps;
            ids.push_back(store.createRun(config));
        }
        struct Steps : Events
        {
            Events* turn = nullptr;
            std::vector<size_t>* order = nullptr;
            size_t index = 0;
            void on(const Event& event) override
            {
                turn->on(event);
                if (std::holds_alternative<StepEvent>(event))
                    order->push_back(index);
            }
            Controls controls() override { return turn->controls(); }
        };
        std::vector<size_t> order;
        FakeEngine engine;
        inTurns(ids.size(), [&](size_t i, Events& turn) {
            Steps watcher;
            watcher.turn = &turn;
            watcher.order = &order;
            watcher.index = i;
            (void)trainRun(m_data, ids[i], engine, watcher, {}, false);
        });
        QVERIFY((order == std::vector<size_t>{0, 1, 2, 0, 1, 2, 0, 2, 0, 2, 0, 0}));
        for (const std::string& id : ids)
            QVERIFY(RunStore(m_data).run(id).state == RunState::finished);
    }
};

QTEST_GUILESS_MAIN(TestRunQueue)
#include "tst_run_queue.moc"
