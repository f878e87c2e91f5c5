// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// --dry-run from the first run of a kind to one that a past run calibrates. Skips where the engine was not built.
#include "tests/support/cli_fixture.h"

#include <QJsonArray>
#include <QTest>

#include <cmath>

using namespace rankwright;

class TestCliEstimate : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }

    void partsAndPastRuns()
    {
        if (!hasEngine())
            QSKIP("the engine is not built");
        const auto estimate = [&] {
            const Answer answer = cli(tinyRun("train") + QStringList{"--steps", "3", "--dry-run", "--json", "--quiet"});
            return QJsonDocument::fromJson(answer.out).object();
        };
        const Answer text = cli(tinyRun("train") + QStringList{"--steps", "3", "--dry-run", "--quiet"});
        QVERIFY2(text.status == 0, text.err.constData());
        for (const char* words : {"Weights ", "Optimiser ", "Activations ", "Together ", "No past run of this kind"})
            QVERIFY2(text.out.contains(words), text.out.constData());
        QVERIFY2(!text.out.contains("try: "), text.out.constData());   // it fits
        const QJsonObject before = estimate();
        double sum = 0;
        for (const QJsonValue& part : before["parts"].toArray())
            sum += part.toObject()["bytes"].toDouble();
        QCOMPARE(before["uncalibratedBytes"].toDouble(), sum);
        QCOMPARE(before["peakBytes"].toDouble(), sum);
        QCOMPARE(before["pastRuns"].toInt(), 0);
        QVERIFY(before["fits"].toBool() && before["memoryBytes"].toDouble() > sum);

        const Answer run = cli(tinyRun("train") + QStringList{"--steps", "3", "--json", "--quiet"});
        QVERIFY2(run.status == 0, run.err.constData());
        const QJsonObject after = estimate();
        QCOMPARE(after["pastRuns"].toInt(), 1);
        QCOMPARE(after["uncalibratedBytes"].toDouble(), sum);
        const double seconds = QJsonDocument::fromJson(run.out).object()["seconds"].toDouble() / 3;
        QVERIFY2(std::abs(after["secondsPerStep"].toDouble() / seconds - 1) < 1e-6, run.out.constData());
        QVERIFY(cli(tinyRun("train") + QStringList{"--steps", "3", "--dry-run", "--quiet"}).out.contains("calibrated by 1 past run of"));
        // Past runs that were unlike are said to be.
        const auto once = [&](const char* steps) { return cli(tinyRun("train") + QStringList{"--steps", steps, "--json", "--quiet"}); };
        QVERIFY(once("4").status == 0 && once("5").status == 0);
        const QJsonObject later = estimate();
        const double least = later["leastSeconds"].toDouble(), most = later["mostSeconds"].toDouble();
        QVERIFY(least > 0 && least <= most);
        const auto words = cli(tinyRun("train") + QStringList{"--steps", "3", "--dry-run", "--quiet"}).out;
        QVERIFY2(words.contains("calibrated by 3 past runs of"), words.constData());
        QCOMPARE(words.contains("at the speeds that they had"), most > 1.2 * least);
        // Another kind of run learns nothing from it.
        const Answer other = cli(tinyRun("train") + QStringList{"--steps", "3", "--method", "dora", "--dry-run", "--json", "--quiet"});
        QCOMPARE(QJsonDocument::fromJson(other.out).object()["pastRuns"].toInt(), 0);
    }
};

QTEST_GUILESS_MAIN(TestCliEstimate)
#include "tst_cli_estimate.moc"
