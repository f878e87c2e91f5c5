// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Lists of runs in a large store: what is asked for is read and little else; pages give what one read would.
#include "tests/support/load_store.h"

#include <QTemporaryDir>
#include <QTest>

#include <set>
#include <span>

using namespace rankwright;

class TestRunLists : public QObject
{
    Q_OBJECT

    static constexpr int kRuns = 2'500;   // more than two pages
    QTemporaryDir m_folder;
    LoadStore m_stored{.runs = kRuns, .longRuns = 4, .points = 9'000};

    [[nodiscard]] RunStore store() const { return RunStore::openForReading(m_folder.path().toStdString()); }

private slots:
    void initTestCase() { m_stored.make(m_folder.path().toStdString()); }

    void pagesAreOneListNewestFirst()
    {
        auto opened = store();
        const auto rows = opened.runs();
        QCOMPARE(rows.size(), size_t(kRuns));
        QVERIFY(std::ranges::is_sorted(rows, [](const RunRow& a, const RunRow& b) { return a.created > b.created; }));
        std::set<std::string> ids;
        for (const RunRow& row : rows) {
            ids.insert(row.id);
            QVERIFY(!row.filesMissing);
        }
        QCOMPARE(ids.size(), size_t(kRuns));
        QCOMPARE(opened.extent().runs, int64_t(kRuns));
    }

    void aFewAreReadAsAFew()
    {
        auto opened = store();
        const auto all = opened.runs();
        const auto before = databaseWork().rows;
        const auto newest = opened.runs(7);
        QCOMPARE(databaseWork().rows - before, int64_t(7));
        QCOMPARE(newest.size(), size_t(7));
        QVERIFY(std::ranges::equal(newest, std::span(all).first(7)));
        QVERIFY(opened.runs(0).empty());
        QCOMPARE(opened.runs(1'500).size(), size_t(1'500));   // not a whole number of pages
    }

    void aComparisonIsFoundByItsId()
    {
        auto opened = store();
        const auto before = databaseWork().rows;
        const auto rows = opened.runsOf(m_stored.longComparison);
        QCOMPARE(databaseWork().rows - before, int64_t(4));
        QCOMPARE(rows.size(), size_t(4));
        QCOMPARE(rows.back().id, m_stored.longIds.front());
        QVERIFY(opened.runsOf({}).empty() && opened.runsOf("nothing").empty());
    }

    void runsUnderWayAreFoundByTheirState()
    {
        {
            RunStore writer(m_folder.path().toStdString());
            writer.setState(m_stored.longIds[1], RunState::running);
            writer.setState(m_stored.longIds[3], RunState::paused);
        }
        auto opened = store();
        const auto before = databaseWork().rows;
        const auto rows = opened.runsIn({RunState::running, RunState::paused});
        QCOMPARE(databaseWork().rows - before, int64_t(2));
        QVERIFY(rows.size() == 2 && rows[0].id == m_stored.longIds[3] && rows[1].id == m_stored.longIds[1]);
        QCOMPARE(opened.runsIn({RunState::finished}, 10).size(), size_t(10));
        const auto with = opened.runsWith({m_stored.longIds[0], "gone1234", m_stored.longIds[2]});
        QVERIFY(with.size() == 2 && with[0].id == m_stored.longIds[0]);
        RunStore writer(m_folder.path().toStdString());   // which finds nobody at work on them
        QVERIFY(writer.runsIn({RunState::running, RunState::paused}).empty());
    }

    void aCurveIsReadFromAStepOn()
    {
        auto opened = store();
        const auto all = opened.curve(m_stored.longIds[0], "loss");
        QCOMPARE(all.size(), size_t(9'000));
        const auto before = databaseWork().rows;
        const auto end = opened.curve(m_stored.longIds[0], "loss", 8'990);
        QVERIFY(databaseWork().rows - before < 20);
        QCOMPARE(end.size(), size_t(11));
        QCOMPARE(end.front().step, int64_t(8'990));
        QCOMPARE(end.front().value, all[8'989].value);
        QVERIFY(opened.curve(m_stored.longIds[0], "loss", 9'001).empty());
    }

    void lastMetricsAreThoseOfEachRun()
    {
        auto opened = store();
        const auto before = databaseWork().rows;
        const auto all = opened.lastMetrics();
        QCOMPARE(all.size(), size_t(kRuns - 4));
        QVERIFY2(databaseWork().rows - before < kRuns + 100, "a row a value, not all points");
        for (const auto& [run, values] : all) {
            const auto one = opened.metrics(run);
            QCOMPARE(values.size(), one.size());
            QCOMPARE(values.at("metric/accuracy"), one.at("accuracy"));
            if (run > "rr000050")
                break;
        }
    }

    void rowsWithoutValuesAreEqualToThemselves()
    {
        RunRow row{.id = "a"};
        row.bestEval = row.loss = std::nan("");
        RunRow same = row;
        QVERIFY(row == same);
        same.loss = 1;
        QVERIFY(!(row == same));
        same = row;
        same.step = 3;
        QVERIFY(!(row == same));
    }
};

QTEST_GUILESS_MAIN(TestRunLists)
#include "tst_run_lists.moc"
