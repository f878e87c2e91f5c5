// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Statistics of few paired values: by hand, and on recorded curves against what scipy said (tests/golden/make_statistics_golden.py).
#include "training/api/statistics.h"

#include <QFile>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

using namespace rankwright;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool near(double ours, double theirs, double tolerance = 1e-9)
{
    return std::abs(ours - theirs) <= tolerance * std::max(1.0, std::abs(theirs));
}

nlohmann::json golden(const QString& name)
{
    QFile file(QString(RANKWRIGHT_SOURCE_DIR "/tests/golden/statistics/") + name);
    return file.open(QIODevice::ReadOnly) ? nlohmann::json::parse(file.readAll().toStdString()) : nlohmann::json();
}

}  // namespace

class TestStatistics : public QObject
{
    Q_OBJECT

private slots:
    void meansAndDeviations()
    {
        QCOMPARE(mean({1, 2, 6}), 3.0);
        QCOMPARE(standardDeviation({1, 2, 6}), std::sqrt((4.0 + 1 + 9) / 2));
        QCOMPARE(mean({-2.5}), -2.5);
        QVERIFY(std::isnan(mean({})) && std::isnan(standardDeviation({})) && std::isnan(standardDeviation({3})));
        QVERIFY(std::isnan(mean({1, kNaN})) && std::isnan(standardDeviation({1, kNaN})));
    }

    void quantilesInterpolate()
    {
        QCOMPARE(quantile({4, 1, 3, 2}, 0.5), 2.5);
        QCOMPARE(quantile({4, 1, 3, 2}, 0.25), 1.75);   // place 0.75 between 1 and 2
        QCOMPARE(quantile({4, 1, 3, 2}, 0), 1.0);
        QCOMPARE(quantile({4, 1, 3, 2}, 1), 4.0);
        QCOMPARE(quantile({7}, 0.3), 7.0);
        QVERIFY(std::isnan(quantile({}, 0.5)) && std::isnan(quantile({1, kNaN}, 0.5)));
        QVERIFY(std::isnan(quantile({1, 2}, 1.5)) && std::isnan(quantile({1, 2}, -0.1)) && std::isnan(quantile({1, 2}, kNaN)));
    }

    void signFlipsByHand_data()
    {
        QTest::addColumn<QList<double>>("values");
        QTest::addColumn<double>("p");
        QTest::newRow("one") << QList<double>{0.3} << 1.0;
        QTest::newRow("two that agree") << QList<double>{1, 2} << 0.5;               // 3 and -3 of {3, -1, 1, -3}
        QTest::newRow("two that do not") << QList<double>{1, -2} << 1.0;
        QTest::newRow("three that agree") << QList<double>{-1, -2, -4} << 0.25;
        QTest::newRow("the smallest against") << QList<double>{-1, 2, 4} << 0.5;     // sums 7, 5 and their negatives of 8
        QTest::newRow("ties") << QList<double>{1, 1, -1} << 1.0;                     // 1 or more by size: all of 3, 1, 1, 1 ...
        QTest::newRow("tied sizes, all agree") << QList<double>{2, 2, 2, 2} << 0.125;
        QTest::newRow("tied sizes, one against") << QList<double>{2, 2, 2, -2} << 0.625;   // (1 + 4) * 2 of 16
        QTest::newRow("all zero") << QList<double>{0, 0, 0} << 1.0;
        QTest::newRow("a zero") << QList<double>{0, 5} << 1.0;
        QTest::newRow("cancel but for rounding") << QList<double>{0.1, 0.2, -0.3} << 1.0;
        QTest::newRow("six that agree") << QList<double>{1, 2, 3, 4, 5, 6} << 0.03125;
    }
    void signFlipsByHand()
    {
        QFETCH(QList<double>, values);
        QFETCH(double, p);
        std::vector<double> differences(values.begin(), values.end());
        QCOMPARE(signFlipP(differences), p);
        for (double& difference : differences)
            difference = -1e-7 * difference;   // direction and unit say nothing
        QCOMPARE(signFlipP(differences), p);
    }

    void signFlipsOfManyPairs()
    {
        const std::vector<double> twenty(20, 0.25);
        QCOMPARE(signFlipP(twenty), std::ldexp(2.0, -20));
        QCOMPARE(signFlipP(twenty), leastSignFlipP(20));
        std::vector<double> one = twenty;
        one.front() = -0.25;
        QCOMPARE(signFlipP(one), 2 * 21.0 / std::ldexp(1.0, 20));   // none or one turned, either way round
        // Drawn above twenty: no draw of 30 like signs in 100,000, and the one seen counts.
        QCOMPARE(signFlipP(std::vector<double>(30, 1.0)), 1 / 100'001.0);
        std::vector<double> mixed(30, 1.0);
        for (size_t i = 0; i < 12; ++i)
            mixed[i] = -1;   // a sum of 6 of 30: P(|S| >= 6) = 0.3616 for fair signs
        QVERIFY(std::abs(signFlipP(mixed) - 0.3616) < 0.006);
        QCOMPARE(signFlipP(mixed), signFlipP(mixed));
        QVERIFY(signFlipP(mixed, 1) != signFlipP(mixed, 2));
    }

    void signFlipsOfNothing()
    {
        QVERIFY(std::isnan(signFlipP({})) && std::isnan(signFlipP({1, kNaN})) && std::isnan(signFlipP({1, kInfinity})));
        QVERIFY(std::isnan(leastSignFlipP(0)));
        QCOMPARE(leastSignFlipP(1), 1.0);
        QCOMPARE(leastSignFlipP(3), 0.25);
        QVERIFY(leastSignFlipP(5) > 0.05 && leastSignFlipP(6) < 0.05);
    }

    void intervalsByHand()
    {
        // Two values: means 0, 1, 1, 2. Type 7 at 0.025 of four: place 0.075.
        const Interval two = bootstrapInterval({0, 2});
        QVERIFY(near(two.low, 0.075) && near(two.high, 1.925));
        // Three: 27 means from 0 to 6, the middle one 3. At level 0 both ends are the median.
        const Interval median = bootstrapInterval({0, 3, 6}, 0);
        QVERIFY(near(median.low, 3) && near(median.high, 3));
        const Interval all = bootstrapInterval({0, 3, 6}, 1);
        QVERIFY(near(all.low, 0) && near(all.high, 6));
        const Interval one = bootstrapInterval({-0.7});
        QVERIFY(one.low == -0.7 && one.high == -0.7);
        const Interval equal = bootstrapInterval({1.5, 1.5, 1.5, 1.5});
        QVERIFY(near(equal.low, 1.5) && near(equal.high, 1.5));
        for (const std::vector<double>& none : {std::vector<double>{}, {1, kNaN}, {kInfinity, 1}}) {
            const Interval interval = bootstrapInterval(none);
            QVERIFY(std::isnan(interval.low) && std::isnan(interval.high));
        }
    }

    void drawnIntervalsRepeat()
    {
        std::vector<double> values;
        for (int i = 0; i < 20; ++i)
            values.push_back(std::sin(i));
        const Interval first = bootstrapInterval(values), again = bootstrapInterval(values), other = bootstrapInterval(values, 0.95, 7);
        QVERIFY(first.low == again.low && first.high == again.high);
        QVERIFY(first.low != other.low && std::abs(first.low - other.low) < 0.03);
        // Near the normal interval: the mean and 1.96 standard errors of the resampled mean.
        const double error = 1.96 * standardDeviation(values) * std::sqrt(19.0 / 20) / std::sqrt(20.0);
        QVERIFY(std::abs(first.low - (mean(values) - error)) < 0.05 && std::abs(first.high - (mean(values) + error)) < 0.05);
    }

    void manyIntervalsAreThoseOfEach()
    {
        std::vector<std::vector<double>> samples;
        for (size_t n : {3u, 8u, 0u, 1u, 8u, 12u, 6u}) {
            samples.emplace_back();
            for (size_t i = 0; i < n; ++i)
                samples.back().push_back(std::cos(double(samples.size() * 10 + i)));
        }
        const auto intervals = bootstrapIntervals(samples, 0.9, 5);
        QCOMPARE(intervals.size(), samples.size());
        for (size_t i = 0; i < samples.size(); ++i) {
            const Interval alone = bootstrapInterval(samples[i], 0.9, 5);
            QVERIFY(samples[i].empty() ? std::isnan(intervals[i].low) : intervals[i].low == alone.low && intervals[i].high == alone.high);
        }
        QVERIFY(bootstrapIntervals({}).empty());
    }

    void drawsAreEven()
    {
        std::vector<int> counts(7);
        for (int64_t resample = 0; resample < 10'000; ++resample) {
            for (int64_t position = 0; position < 7; ++position)
                ++counts[size_t(resampledIndex(3, resample, position, 7))];
        }
        for (const int count : counts)
            QVERIFY2(std::abs(count - 10'000) < 400, qPrintable(QString::number(count)));   // four standard deviations
        QVERIFY(resampledIndex(0, 1, 2, 1000) != resampledIndex(0, 2, 1, 1000));
    }

    void agreesWithScipyOnRecordedCurves()
    {
        const auto cases = golden("scipy.json")["cases"];
        QVERIFY(cases.size() > 20);
        const std::vector<double> shares{0, 0.025, 0.3, 0.5, 0.975, 1};
        for (const auto& one : cases) {
            const auto values = one["values"].get<std::vector<double>>();
            const QByteArray what = QByteArray::number(qint64(values.size())) + " values at step " + QByteArray::number(one["step"].get<int>());
            const auto check = [&](const char* key, double ours) {
                QVERIFY2(near(ours, one[key].get<double>()),
                    what + ' ' + key + ": " + QByteArray::number(ours, 'g', 17) + " for " + one[key].dump().c_str());
            };
            check("mean", mean(values));
            check("p", signFlipP(values));
            check("low", bootstrapInterval(values).low);
            check("high", bootstrapInterval(values).high);
            check("low50", bootstrapInterval(values, 0.5).low);
            check("high50", bootstrapInterval(values, 0.5).high);
            if (values.size() > 1)
                check("deviation", standardDeviation(values));
            for (size_t i = 0; i < shares.size(); ++i)
                QVERIFY2(near(quantile(values, shares[i]), one["quantiles"][i].get<double>()), what);
        }
    }
};

QTEST_GUILESS_MAIN(TestStatistics)
#include "tst_statistics.moc"
