// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A stored comparison on the Compare page: its place in the list, curves with bands, differences, rates, verdict, runs, report.
#include "tests/support/stored_comparison.h"
#include "tests/ui/page_fixture.h"
#include "ui/main_window.h"
#include "ui/pages/compare_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/rate_plot.h"
#include "ui/report_export.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/widgets/compare_cells.h"
#include "ui/widgets/comparison_view.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/run_tree.h"

#include <QAccessible>
#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>

using namespace rankwright;
using Fixture = PageFixture<>;

namespace {

// A page over a fabricated comparison, read and shown.
struct Shown : Fixture
{
    explicit Shown(const StoredComparison& stored = {}, bool withLooseRun = false)
    {
        RunStore store(bench.dataDirectory());
        if (withLooseRun) {
            RunConfig config;
            config.name = "alone";
            loose = QString::fromStdString(store.createRun(config));
        }
        comparison = stored.create(store);
        page = std::make_unique<ComparePage>(bench);
        page->resize(1100, 760);
        page->show();
        page->activated();
        if (!QTest::qWaitFor([this] { return view().data() != nullptr; }, 20'000))
            qFatal("the comparison was not shown");
    }
    ComparisonView& view() { return page->comparisonView(); }
    template <class W>
    W* find(const char* name) { return part<W>(*page, name); }
    QTreeView* tree() { return find<QTreeView>("runTable"); }
    const ComparisonReport& report() { return view().data()->report; }

    QString loose;
    Comparison comparison;
    std::unique_ptr<ComparePage> page;
};

QStringList columnOf(const NumberTable& table, int column)
{
    QStringList cells;
    for (int row = 0; row < table.rowCount(); ++row)
        cells << table.text(row, column);
    return cells;
}

// y of the last point of the curve with this label.
double lastOf(const QString& csv, const QString& label)
{
    double value = std::nan("");
    for (const QString& line : csv.split('\n'))
        if (line.startsWith(label) || line.startsWith('"' + label))
            value = line.section(',', -3, -3).toDouble();
    return value;
}

}  // namespace

class TestComparisonView : public QObject
{
    Q_OBJECT

private slots:
    void aComparisonIsOneRowThatOpens()
    {
        Shown shown({}, true);
        const auto* model = shown.tree()->model();
        QCOMPARE(model->rowCount(), 2);
        const auto row = model->index(0, 0);
        QCOMPARE(row.data().toString(), QString("LoRA and PiSSA on word problems"));
        QCOMPARE(row.siblingAtColumn(RunTable::stateColumn).data().toString(), QString("18 of 18"));
        QCOMPARE(model->rowCount(row), 18);
        QCOMPARE(model->index(1, 0).data().toString(), QString("alone"));
        QVERIFY(shown.page->selected().isEmpty());
        QCOMPARE(row.data(Qt::CheckStateRole).toInt(), int(Qt::Checked));   // the newest comparison is ticked at first
        shown.tree()->model()->setData(model->index(0, 0, row), Qt::Unchecked, Qt::CheckStateRole);
        QCOMPARE(row.data(Qt::CheckStateRole).toInt(), int(Qt::PartiallyChecked));
        shown.tree()->model()->setData(row, Qt::Unchecked, Qt::CheckStateRole);
        QCOMPARE(model->index(3, 0, row).data(Qt::CheckStateRole).toInt(), int(Qt::Unchecked));
        // Loose runs stay below whatever the order.
        for (const auto order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
            shown.tree()->sortByColumn(RunTable::nameColumn, order);
            QCOMPARE(model->index(1, 0).data().toString(), QString("alone"));
        }
    }

    void choosingDecidesWhatIsOnTheRight()
    {
        Shown shown({}, true);
        auto* charts = shown.find<QPushButton>("tickedViewButton");
        auto* comparison = shown.find<QPushButton>("comparisonViewButton");
        QVERIFY(comparison->isChecked() && shown.view().isVisible());
        shown.tree()->setCurrentIndex(shown.tree()->model()->index(1, 0));   // a run of no comparison
        QVERIFY(charts->isChecked() && !shown.view().isVisible());
        QCOMPARE(shown.page->selected(), shown.loose);
        shown.page->showComparison(QString::fromStdString(shown.comparison.id));
        QVERIFY(shown.view().isVisible());
        const auto inside = shown.tree()->model()->index(2, 0, shown.tree()->model()->index(0, 0));
        shown.tree()->setCurrentIndex(inside);
        QVERIFY(shown.view().isVisible());   // and its run can be renamed or exported
        QVERIFY(shown.find<QPushButton>("csvButton")->isEnabled());
        charts->click();
        QVERIFY(!shown.view().isVisible());
    }

    void searchFindsRunsAndComparisons()
    {
        Shown shown({}, true);
        const auto* model = shown.tree()->model();
        auto* search = shown.find<QLineEdit>("runSearch");
        search->setText("ALONE");
        QCOMPARE(model->rowCount(), 1);
        search->setText("seed 2");
        QCOMPARE(model->rowCount(), 1);
        QCOMPARE(model->rowCount(model->index(0, 0)), 6);
        search->setText("word problems");
        QCOMPARE(model->rowCount(model->index(0, 0)), 18);   // all of its runs
        search->setText("nothing of the kind");
        QCOMPARE(model->rowCount(), 0);
        search->clear();
        QCOMPARE(model->rowCount(), 2);
    }

    void theListShowsWhatFits_data()
    {
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("least");
        QTest::newRow("narrow") << 420 << 2;
        QTest::newRow("wide") << 1000 << 9;
    }
    void theListShowsWhatFits()
    {
        QFETCH(int, width);
        QFETCH(int, least);
        Shown shown;
        RunTable runs(shown.bench.dataDirectory());
        RunTree tree(runs);
        tree.resize(width, 500);
        tree.show();
        int used = 0, columns = 0;
        for (int column = 0; column < RunTable::columns; ++column) {
            used += tree.view()->isColumnHidden(column) ? 0 : tree.view()->columnWidth(column);
            columns += tree.view()->isColumnHidden(column) ? 0 : 1;
        }
        QVERIFY(columns >= least);
        QVERIFY2(used <= tree.view()->viewport()->width(), qPrintable(QString::number(used)));
        QVERIFY(tree.view()->columnWidth(RunTable::nameColumn) >= 160);
    }

    void curvesHaveBands()
    {
        Shown shown;
        auto* plot = shown.find<CurvePlot>("bandPlot");
        const auto csv = plot->csv();
        QVERIFY2(csv.startsWith("label,x,y,low,high\n"), qPrintable(csv.left(60)));
        QVERIFY(csv.contains("lora, rate 0.0004") || csv.contains("lora, rate 4e-4"));
        QVERIFY(csv.contains("pissa seed 1"));   // single runs
        const auto count = csv.count('\n');
        shown.find<QCheckBox>("singleRuns")->click();
        QVERIFY(plot->csv().count('\n') < count);
        QVERIFY(!plot->csv().contains("pissa seed 1"));
        auto* rates = shown.find<QComboBox>("bandRates");
        rates->setCurrentIndex(1);
        emit rates->activated(1);
        QVERIFY(plot->csv().contains("lora, rate 0.0001") || plot->csv().contains("lora, rate 1e-4"));
        // The mean is the report's.
        for (const BandCurve& curve : shown.report().curves)
            if (curve.arm == "pissa" && curve.series == "loss" && curve.rate == shownRate(shown.report(), "pissa"))
                QVERIFY(plot->csv().contains(QString::number(curve.points.back().middle, 'g', QLocale::FloatingPointShortest)));
    }

    void theAxisCanBeTokensOrTime()
    {
        Shown shown;
        auto* curves = shown.view().findChild<QWidget*>("bandPlot");
        auto* axis = curves->parentWidget()->findChild<QComboBox*>("axisBox");
        const auto lastX = [&] {
            double most = 0;
            for (const QString& line : shown.find<CurvePlot>("bandPlot")->csv().split('\n'))
                most = std::max(most, line.section(',', -4, -4).toDouble());
            return most;
        };
        QCOMPARE(lastX(), 60.0);
        axis->setCurrentIndex(1);
        emit axis->activated(1);
        QCOMPARE(lastX(), 60'000.0);
        axis->setCurrentIndex(2);
        emit axis->activated(2);
        QVERIFY(lastX() > 30 && lastX() < 32);
    }

    void theDifferenceIsBelowZero()
    {
        Shown shown;
        auto* plot = shown.find<CurvePlot>("bandDifferencePlot");
        const auto csv = plot->csv();
        QVERIFY2(csv.contains("pissa ("), qPrintable(csv.left(200)));
        QVERIFY(!csv.contains("\nlora ("));   // the baseline less itself says nothing
        QVERIFY(lastOf(csv, "pissa (") < -0.03 && lastOf(csv, "pissa (") > -0.1);
        QVERIFY(plot->visibleY().second > 0);   // the zero line is in view
    }

    void ratesNameTheBestAndWarnAtTheEdge()
    {
        StoredComparison stored;
        stored.diverges = true;
        Shown shown(stored);
        auto* plot = shown.find<RatePlot>("ratePlot");
        auto* warning = shown.find<QLabel>("edgeWarning");
        QVERIFY2(warning->text().contains("lora") && warning->text().contains("largest"), qPrintable(warning->text()));
        QVERIFY(!warning->text().contains("pissa"));
        auto* table = static_cast<NumberTable*>(shown.find<QTableWidget>("rateTable"));
        QCOMPARE(table->rowCount(), 6);
        QCOMPARE(columnOf(*table, 0).filter("best").size(), 2);
        QCOMPARE(columnOf(*table, 5).filter("1").size(), 1);
        QCOMPARE(plot->csv().count('\n'), 7);
        plot->resize(600, 300);
        QVERIFY(plot->grab().width() > 0);   // laid out
        QVERIFY2(plot->readOut(plot->positionOf(1, 1)).startsWith("pissa at 0.0002"), qPrintable(plot->readOut(plot->positionOf(1, 1))));
        QVERIFY(plot->readOut({0, 0}).isEmpty());
        QVERIFY(plot->accessibleDescription().contains("pissa"));
    }

    void theVerdictIsTheReports()
    {
        Shown shown;
        auto* table = static_cast<NumberTable*>(shown.find<QTableWidget>("resultTable"));
        const auto& best = shown.report().results.front();
        QCOMPARE(table->rowCount(), 2 * int(shown.report().results.size()));
        QCOMPARE(table->text(0, 0), QString("Best with best: pissa at 0.0002 against lora at 0.0004"));
        QCOMPARE(table->text(1, 1), signedText(best.mean));
        QCOMPARE(table->text(1, 3), format::number(best.p, 3));
        QVERIFY(table->text(1, 0).contains(signedText(best.differences.front())));
        QVERIFY(table->text(2, 0).startsWith("Same rate, 0.0001"));
        shown.find<QTabWidget>("comparisonTabs")->setCurrentIndex(3);
        QVERIFY(table->horizontalHeader()->length() <= table->viewport()->width());
        QStringList words;
        for (const auto* label : shown.view().findChildren<QLabel*>())
            words << label->text();
        QVERIFY(words.contains(format::shown(best.verdict, 1000)));
        QVERIFY(!shown.report().warnings.empty());   // three seeds decide nothing
        QCOMPARE(shown.view().findChildren<QLabel*>("verdictWarning").size(), qsizetype(shown.report().warnings.size()));
        QVERIFY(words.contains(format::shown(shown.report().warnings.front(), 1000)));
    }

    void aLossToReachCanBeSet()
    {
        Shown shown;
        auto* table = static_cast<NumberTable*>(shown.find<QTableWidget>("bandReachTable"));
        auto* target = shown.find<QDoubleSpinBox>("reachTarget");
        const double usual = target->value();
        QVERIFY(std::abs(usual - shown.report().reach.front().target) < 1e-4);
        QCOMPARE(columnOf(*table, 0), (QStringList{"lora", "pissa"}));
        const auto stepsBefore = columnOf(*table, 3);
        target->setValue(2.0);
        const auto easier = columnOf(*table, 3);
        QVERIFY(easier[0].toInt() < stepsBefore[0].toInt() && easier[1].toInt() <= easier[0].toInt());
        target->setValue(0.1);
        QCOMPARE(columnOf(*table, 3), (QStringList{"not reached", "not reached"}));
        QCOMPARE(columnOf(*table, 2), (QStringList{"0 of 3", "0 of 3"}));
        shown.find<QPushButton>("usualTarget")->click();
        QCOMPARE(target->value(), usual);
        QCOMPARE(columnOf(*table, 3), stepsBefore);
    }

    void everyRunShowsItsProof()
    {
        StoredComparison stored;
        stored.breaksPair = true;
        Shown shown(stored);
        auto* table = static_cast<CompareCells*>(shown.find<QTableWidget>("cellTable"));
        QCOMPARE(table->rowCount(), 18);
        int broken = 0;
        for (int row = 0; row < table->rowCount(); ++row) {
            QVERIFY(table->text(row, CompareCells::zeroColumn).startsWith("✓ "));
            QCOMPARE(table->text(row, CompareCells::stateColumn), QString("Finished"));
            QVERIFY(table->text(row, CompareCells::exportColumn).isEmpty());
            const bool isBroken = table->text(row, CompareCells::pairColumn) == "✗ broken";
            broken += isBroken ? 1 : 0;
            // Both sides of a pair are named: neither is more right than the other.
            QCOMPARE(isBroken, table->text(row, CompareCells::seedColumn) == "2");
        }
        QCOMPARE(broken, 6);
        const auto run = shown.report().cells.front().run;
        {
            RunStore store(shown.bench.dataDirectory());
            store.addExport(run, ExportResult{.folder = "/tmp/out", .format = "lora", .largestDifference = 2.1e-7, .largestLogit = 30, .bytes = 1, .files = {}});
        }
        shown.view().refresh();
        QTRY_COMPARE_WITH_TIMEOUT(table->text(0, CompareCells::exportColumn), QString("✓ 2.1e-07"), 10'000);
    }

    void itFollowsItsRuns()
    {
        StoredComparison stored;
        stored.lastWaits = true;
        Shown shown(stored);
        auto* progress = shown.find<QLabel>("comparisonProgress");
        QCOMPARE(progress->text(), QString("17 of 18 runs have ended"));
        QVERIFY(shown.find<QPushButton>("resumeButton")->isEnabled());   // one run waits
        {
            RunStore store(shown.bench.dataDirectory());
            stored.train(store, comparisonRuns(store, shown.comparison.id).back());
        }
        shown.bench.runsHaveChanged();
        QTRY_COMPARE_WITH_TIMEOUT(progress->text(), QString("18 of 18 runs have ended"), 10'000);
        QTRY_VERIFY(!shown.find<QPushButton>("resumeButton")->isEnabled());
    }

    void exportsItsReport()
    {
        Shown shown;
        QSignalSpy saved(&shown.view(), &ComparisonView::saved);
        QSignalSpy refused(&shown.view(), &ComparisonView::problem);
        auto* open = shown.find<QPushButton>("openReportButton");
        QVERIFY(!open->isEnabled());
        const auto folder = shown.folder.filePath("my report");
        shown.view().exportTo(folder);
        QVERIFY(!shown.find<QPushButton>("exportReportButton")->isEnabled());
        QTRY_COMPARE_WITH_TIMEOUT(saved.size(), 1, 30'000);
        for (const char* name : {"report.html", "report.json", "runs.csv", "report.pdf"})
            QVERIFY2(QFile::exists(folder + '/' + name), name);
        QVERIFY(open->isEnabled() && shown.find<QPushButton>("exportReportButton")->isEnabled());
        QVERIFY(shown.find<MessageBar>("compareMessages")->text().contains("my report"));
        shown.view().exportTo("/proc/none/report");
        QTRY_COMPARE_WITH_TIMEOUT(refused.size(), 1, 30'000);
        QVERIFY(shown.find<QPushButton>("exportReportButton")->isEnabled());
    }

    void everythingHasAName()
    {
        Shown shown;
        auto* tabs = shown.find<QTabWidget>("comparisonTabs");
        QCOMPARE(tabs->count(), 6);
        for (int i = 0; i < tabs->count(); ++i) {
            tabs->setCurrentIndex(i);
            QCOMPARE(Fixture::unnamed(*shown.page), QStringList());
        }
        for (const auto* label : shown.page->findChildren<QLabel*>())
            QVERIFY2(label->textFormat() == Qt::PlainText, qPrintable(label->text()));
    }

    // Not a check: every tab as a picture, light and dark, where a folder for them is named.
    void pictures()
    {
        const auto to = qEnvironmentVariable("RANKWRIGHT_PICTURES");
        if (to.isEmpty())
            QSKIP("RANKWRIGHT_PICTURES names no folder");
        Fixture fixture;
        StoredComparison stored;
        stored.diverges = true;
        {
            RunStore store(fixture.bench.dataDirectory());
            RunConfig config;
            config.name = "alone";
            store.createRun(config);
            (void)stored.create(store);
        }
        Settings settings(fixture.folder.filePath("window.ini").toStdString());
        MainWindow window(fixture.bench, settings);
        auto* page = window.findChild<ComparePage*>();
        for (const auto mode : {theme::Mode::light, theme::Mode::dark}) {
            theme::apply(*qApp, mode);
            for (const QSize size : {QSize(1280, 800), QSize(1920, 1080)}) {
                window.resize(size);
                window.show();
                window.showPage("compare");
                QTRY_VERIFY(page->comparisonView().data() != nullptr);
                Fixture::part<QTreeView>(*page, "runTable")->expandAll();
                const auto name = QString("%1/%2-%3").arg(to, mode == theme::Mode::light ? "light" : "dark").arg(size.width());
                page->setView(ComparePage::View::comparison);
                auto* tabs = Fixture::part<QTabWidget>(*page, "comparisonTabs");
                for (int i = 0; i < tabs->count(); ++i) {
                    tabs->setCurrentIndex(i);
                    QTest::qWait(250);
                    window.grab().save(QString("%1-%2-%3.png").arg(name).arg(i).arg(tabs->tabText(i)));
                }
                page->setView(ComparePage::View::ticked);
                QTest::qWait(250);
                window.grab().save(name + "-ticked.png");
            }
        }
        std::filesystem::create_directories(to.toStdString() + "/report");
        exportReport(page->comparisonView().data()->report, to.toStdString() + "/report");
    }
};

QTEST_MAIN(TestComparisonView)
#include "tst_comparison_view.moc"
