// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How `compare --minutes` divides its time among runs that start and step at different speeds.
#include "app/commands/time_shares.h"

#include <QTest>

using namespace rankwright;

class TestTimeShares : public QObject
{
    Q_OBJECT

private slots:
    void allRunsTakeTheSameSteps()
    {
        // LoRA, a QPiSSA that decomposes for a minute, and full fine-tuning: 62 s of starts, then 0.6 s for a step of each.
        const std::vector<RunTime> runs{{1, 0.15}, {60, 0.15}, {1, 0.3}};
        QCOMPARE(stepsWithin(runs, 122), int64_t(100));
        const auto ends = endsWithin(runs, {100, 100, 100}, 122);
        QCOMPARE(ends.size(), size_t(3));
        QCOMPARE(ends[0], 16.0);
        QCOMPARE(ends[1], 16.0 + 75);
        QCOMPARE(ends[2], 122.0);
        for (size_t i = 0; i < runs.size(); ++i)   // each can take its steps before it is stopped
            QVERIFY(ends[i] - (i > 0 ? ends[i - 1] : 0) >= runs[i].start + 100 * runs[i].step - 1e-9);
    }

    void whatIsKeptBackIsSharedInProportion()
    {
        const auto ends = endsWithin({{0, 1}, {0, 3}}, {10, 10}, 80);
        QCOMPARE(ends[0], 20.0);
        QCOMPARE(ends[1], 80.0);
    }

    void runsWithFewerStepsNeedLessTime()
    {
        const auto ends = endsWithin({{0, 1}, {0, 1}}, {10, 30}, 40);
        QCOMPARE(ends[0], 10.0);
        QCOMPARE(ends[1], 40.0);
    }

    void thereIsAlwaysAStep()
    {
        QCOMPARE(stepsWithin({{100, 1}}, 10), int64_t(1));
        QCOMPARE(stepsWithin({{100, 1}}, -10), int64_t(1));
        QCOMPARE(stepsWithin({{0, 0}}, 1e12), int64_t(1'000'000'000));
        QCOMPARE(endsWithin({{100, 1}}, {1}, -10), std::vector<double>{0.0});
    }
};

QTEST_GUILESS_MAIN(TestTimeShares)
#include "tst_time_shares.moc"
