// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The report as blocks, as a page and as files: well-formed, self-contained, and safe with names from outside.
#include "storage/report/report_page.h"
#include "storage/report/svg_chart.h"
#include "training/api/error.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

#include <cmath>

using namespace rankwright;

class TestReportPage : public QObject
{
    Q_OBJECT

    static constexpr const char* kHostile = "</script><script>alert(1)</script> & \"x\" <b>";

    static ComparisonReport sample(const std::string& name = "Rates on GSM8K")
    {
        ComparisonReport report;
        report.comparison.id = "abcd1234";
        report.comparison.name = name;
        RunConfig lora, pissa;
        pissa.method = "pissa";
        pissa.rank = 32;
        report.comparison.arms = {{"lora", lora}, {"pissa", pissa}};
        report.comparison.seeds = {0, 1, 2};
        report.model = "default";
        report.data = "gsm8k.jsonl";
        report.warnings = {"3 seeds cannot decide."};
        for (const auto& arm : report.comparison.arms) {
            RateCurve curve{.arm = arm.label, .method = arm.config.method};
            for (const double rate : {1e-4, 2e-4, 4e-4}) {
                const double value = 1.5 + (rate == 2e-4 ? 0 : 0.1);
                curve.points.push_back({.rate = rate, .value = value, .low = value - 0.05, .high = value + 0.05, .values = {value}});
                for (int64_t seed = 0; seed < 3; ++seed)
                    report.cells.push_back({.run = "r", .arm = arm.label, .method = arm.config.method, .rate = rate, .seed = seed,
                        .state = RunState::finished, .value = value, .evalBefore = 2});
            }
            curve.best = 1;
            report.rates.push_back(curve);
            for (const char* series : {"loss", "evalLoss"})
                report.curves.push_back({.arm = arm.label, .series = series, .rate = 2e-4,
                    .points = {{.step = 0, .middle = 2, .low = 1.9, .high = 2.1, .runs = 3}, {.step = 60, .middle = 1.5, .low = 1.4, .high = 1.6, .runs = 3}}});
        }
        report.differences.push_back({.arm = "pissa", .baseline = "lora", .series = "evalLoss", .rate = 2e-4, .baselineRate = 2e-4,
            .points = {{.step = 0, .middle = 0, .low = 0, .high = 0}, {.step = 60, .middle = -0.1, .low = -0.2, .high = 0.02}}});
        report.results.push_back({.arm = "pissa", .baseline = "lora", .rate = 2e-4, .baselineRate = 2e-4, .seeds = {0, 1, 2},
            .differences = {-0.1, -0.2, -0.05}, .mean = -0.1167, .interval = {-0.2, -0.05}, .p = 0.25, .leastP = 0.25,
            .verdict = "3 seeds cannot decide."});
        report.reach.push_back({.arm = "pissa", .rate = 2e-4, .target = 1.5, .steps = std::nan(""), .tokens = std::nan(""), .seconds = std::nan(""), .runs = 3});
        return report;
    }
    // Fails where the document is not well-formed XML.
    static QString problemOf(const QString& xml)
    {
        QXmlStreamReader reader(xml);
        while (!reader.atEnd())
            reader.readNext();
        return reader.hasError() ? reader.errorString() + " in line " + QString::number(reader.lineNumber()) : QString();
    }

private slots:
    void saysEverythingOnce()
    {
        const auto blocks = reportBlocks(sample());
        QStringList headings;
        int charts = 0, warnings = 0;
        for (const ReportBlock& block : blocks) {
            if (const auto* heading = std::get_if<ReportHeading>(&block))
                headings << QString::fromStdString(heading->text);
            if (const auto* text = std::get_if<ReportText>(&block))
                warnings += text->warning;
            if (const auto* table = std::get_if<ReportTable>(&block)) {
                QCOMPARE(table->head.size(), table->numeric.size());
                for (const auto& row : table->rows)
                    QCOMPARE(row.size(), table->head.size());
            }
            charts += std::holds_alternative<ReportChart>(block);
        }
        QCOMPARE(headings, (QStringList{"Rates on GSM8K", "What came out", "Learning rates", "Curves", "What it takes to get there",
                               "Every run", "Configuration"}));
        QCOMPARE(charts, 4);   // rates, two curves, one difference
        QCOMPARE(warnings, 1);
    }

    static QString textOf(const std::vector<ReportBlock>& blocks)
    {
        std::string text;
        for (const ReportBlock& block : blocks) {
            if (const auto* words = std::get_if<ReportText>(&block))
                text += words->text + '\n';
            if (const auto* chart = std::get_if<ReportChart>(&block))
                text += chart->caption + '\n';
            if (const auto* table = std::get_if<ReportTable>(&block)) {
                for (const auto& row : table->rows) {
                    for (const std::string& cell : row)
                        text += cell + '|';
                    text += '\n';
                }
            }
        }
        return QString::fromStdString(text);
    }

    void claimsTheSameRowsOnlyWhereTheyAre()
    {
        ComparisonReport report = sample();
        const QString claim = "All runs of a seed see the same rows in the same order with the same dropout";
        QVERIFY(textOf(reportBlocks(report)).contains(claim));
        report.cells.back().orderHash = "other";
        QVERIFY(!textOf(reportBlocks(report)).contains(claim));
        for (auto change : std::vector<void (*)(RunConfig&)>{[](RunConfig& config) { config.dropout = 0.1; }, [](RunConfig& config) { config.batch = 9; },
                 [](RunConfig& config) { config.epochs = 9; }}) {
            ComparisonReport other = sample();
            change(other.comparison.arms[1].config);
            QVERIFY(!textOf(reportBlocks(other)).contains(claim));
        }
    }

    void aRateThatLostSeedsIsNoOrdinaryMean()
    {
        const auto rates = [](const ComparisonReport& report) {
            for (const ReportBlock& block : reportBlocks(report)) {
                if (const auto* chart = std::get_if<ReportChart>(&block))
                    return *chart;
            }
            return ReportChart{};
        };
        ComparisonReport report = sample();
        const QString whole = QString::fromStdString(rates(report).svg);
        QVERIFY(!whole.contains("class=\"lost\"") && !whole.contains("fill=\"none\" stroke-width=\"1.6\""));
        report.rates[1].points[2].diverged = 1;
        const ReportChart chart = rates(report);
        const QString svg = QString::fromStdString(chart.svg);
        QVERIFY2(problemOf(svg).isEmpty(), qPrintable(problemOf(svg)));
        QCOMPARE(svg.count("class=\"lost\""), 1);
        QCOMPARE(svg.count("<circle"), whole.count("<circle"));
        QCOMPARE(svg.count("fill=\"none\" stroke-width=\"1.6\""), 1);   // the ring
        const auto pointsOfLines = [](const QString& text) {
            int points = 0;
            auto found = QRegularExpression("<polyline points=\"([^\"]*)\"").globalMatch(text);
            while (found.hasNext())
                points += int(found.next().captured(1).count(','));
            return points;
        };
        QCOMPARE(pointsOfLines(svg), pointsOfLines(whole) - 1);   // the line ends before it
        QVERIFY(chart.caption.find("Where a seed diverged there is a red mark") != std::string::npos);
        // All of a rate's seeds: its mark is still on the chart.
        for (RateCurve& curve : report.rates)
            curve.points[2] = {.rate = 4e-4, .value = std::nan(""), .low = std::nan(""), .high = std::nan(""), .values = {}, .diverged = 3};
        QVERIFY(marksAreInside(QString::fromStdString(rates(report).svg)));
    }
    // All rules and texts of the axes lie within the picture.
    static bool marksAreInside(const QString& svg)
    {
        auto found = QRegularExpression("(?:x1|x)=\"([^\"]*)\"").globalMatch(svg);
        bool inside = found.hasNext();
        while (found.hasNext()) {
            const double x = found.next().captured(1).toDouble();
            inside = inside && x >= 0 && x <= 720 - 14;
        }
        return inside;
    }

    void ticksLieInsideTheChart()
    {
        Chart chart{.title = "t", .xTitle = "x", .yTitle = "y", .series = {{.points = {{1e-4, 1}, {2e-4, 2}}}}, .logX = true, .xTicks = {1e-4, 2e-4, 8e-4}};
        QVERIFY(marksAreInside(QString::fromStdString(chartSvg(chart))));
        // A mark alone is no measurement.
        QVERIFY(QString::fromStdString(chartSvg({.title = "t", .xTitle = "x", .yTitle = "y", .series = {}, .xMarks = {1}})).contains("No finished"));
    }

    void tablesSayWhatThereIsNot()
    {
        ComparisonReport report = sample();
        QVERIFY(textOf(reportBlocks(report)).contains("pissa|0.0002|1.5000|0 of 3|not reached|-|-|"));
        report.reach[0].reached = 2;
        QVERIFY(textOf(reportBlocks(report)).contains("pissa|0.0002|1.5000|2 of 3|not reached by all|-|-|"));
        QVERIFY(textOf(reportBlocks(report)).contains("best with best|pissa|0.0002|lora|0.0002|-0.1, -0.2, -0.05|-0.117|-0.2 to -0.05|0.25|0.25|\n"));
        report.results[0].divergedArm = 1;
        report.results[0].interval = {std::nan(""), std::nan("")};
        QVERIFY(textOf(reportBlocks(report)).contains("|-0.117|-|0.25|0.25|1 seed of pissa diverged|\n"));
        for (RateCurve& curve : report.rates) {
            curve.points.resize(1);
            curve.best = 0;
        }
        report.results[0].rate = 1e-4;
        QVERIFY(textOf(reportBlocks(report)).contains("own rates|pissa|0.0001|lora|0.0002|"));
        QVERIFY(!textOf(reportBlocks(report)).contains("best", Qt::CaseInsensitive));
    }

    void chartsAreWellFormed()
    {
        for (const ReportBlock& block : reportBlocks(sample())) {
            if (const auto* chart = std::get_if<ReportChart>(&block)) {
                const QString svg = QString::fromStdString(chart->svg);
                QVERIFY2(problemOf(svg).isEmpty(), qPrintable(problemOf(svg)));
                QVERIFY(!svg.contains("nan") && !svg.contains("inf"));
            }
        }
    }

    void aPageHoldsNoForeignMarkup()
    {
        const QString page = QString::fromStdString(reportHtml(sample(kHostile)));
        QVERIFY(!page.contains("<script>alert") && !page.contains("<b>"));
        QCOMPARE(page.count("<script"), 1);   // the data, which no browser runs
        QVERIFY(page.contains("<script type=\"application/json\""));
        QVERIFY(!page.contains(QRegularExpression("(src|href|url)\\s*[=(]")));
        // The data inside reads back.
        const auto begin = page.indexOf("id=\"report\">") + 12;
        const QString data = page.mid(begin, page.indexOf("</script>", begin) - begin);
        const auto json = nlohmann::json::parse(data.toStdString());
        QVERIFY(json == toJson(sample(kHostile)));
    }

    void writesThreeFiles()
    {
        QTemporaryDir folder;
        const auto target = std::filesystem::path(folder.path().toStdString()) / "new" / "report";
        const auto files = writeReport(sample(), target);
        QCOMPARE(files.size(), size_t(3));
        for (const std::string& file : files)
            QVERIFY(QFile(QString::fromStdString(file)).size() > 0);
        std::filesystem::path taken = std::filesystem::path(folder.path().toStdString()) / "file";
        QFile(QString::fromStdString(taken.string())).open(QIODevice::WriteOnly);
        QVERIFY_THROWS_EXCEPTION(Error, writeReport(sample(), taken));
    }

    void ticksAreRound_data()
    {
        QTest::addColumn<double>("least");
        QTest::addColumn<double>("most");
        QTest::addColumn<QList<double>>("ticks");
        QTest::newRow("0 to 1") << 0.0 << 1.0 << QList<double>{0, 0.2, 0.4, 0.6, 0.8, 1};
        QTest::newRow("around 0") << -1.0 << 1.1 << QList<double>{-1, -0.5, 0, 0.5, 1};
        QTest::newRow("far from 0") << 1000.0 << 1010.0 << QList<double>{1000, 1002, 1004, 1006, 1008, 1010};
        QTest::newRow("nothing") << 1.0 << 1.0 << QList<double>{};
    }
    void ticksAreRound()
    {
        QFETCH(double, least);
        QFETCH(double, most);
        QFETCH(QList<double>, ticks);
        const auto found = roundTicks(least, most, 5);
        QCOMPARE(qsizetype(found.size()), ticks.size());
        for (qsizetype i = 0; i < ticks.size(); ++i)
            QVERIFY(std::abs(found[size_t(i)] - ticks[i]) < 1e-9 * (1 + std::abs(ticks[i])));
    }

    void logarithmicTicksAreOneTwoFive()
    {
        const auto ticks = logarithmicTicks(5e-5, 8e-4);
        const std::vector<double> expected{5e-5, 1e-4, 2e-4, 5e-4};
        QCOMPARE(ticks.size(), expected.size());
        for (size_t i = 0; i < ticks.size(); ++i)
            QVERIFY(std::abs(ticks[i] / expected[i] - 1) < 1e-9);
        QVERIFY(logarithmicTicks(2.1e-4, 3e-4).size() >= 2);   // narrower than a step of them
    }

    void aChartWithoutPointsSaysSo()
    {
        const QString svg = QString::fromStdString(chartSvg({.title = "t", .xTitle = "x", .yTitle = "y", .series = {{.points = {{std::nan(""), 1}}}}}));
        QVERIFY(svg.contains("No finished measurement"));
        QVERIFY(problemOf(svg).isEmpty());
    }

    void holesInALineStayOpen()
    {
        Chart chart{.title = "t", .xTitle = "x", .yTitle = "y"};
        ChartSeries series{.label = "a", .hue = 0xff0072b2};
        for (const double y : {1.0, 2.0, std::nan(""), 3.0, 4.0})
            series.points.push_back({double(series.points.size()), y, std::nan(""), std::nan("")});
        chart.series.push_back(series);
        QCOMPARE(QString::fromStdString(chartSvg(chart)).count("<polyline"), 2);
    }
};

QTEST_GUILESS_MAIN(TestReportPage)
#include "tst_report_page.moc"
