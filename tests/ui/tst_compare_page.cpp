// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Compare page: list, ticks, curves, differences, configuration, rename, delete, export, resume.
#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"
#include "tests/ui/page_fixture.h"
#include "ui/models/config_diff.h"
#include "ui/models/run_table.h"
#include "ui/pages/compare_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/widgets/compare_charts.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/run_tree.h"

#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTableView>
#include <QTableWidget>
#include <QTabWidget>
#include <QTreeView>

using namespace rankwright;
using Fixture = PageFixture<>;

class TestComparePage : public QObject
{
    Q_OBJECT
private slots:
    void theNewestComparisonIsTicked();
    void ticksDecideWhatIsDrawn();
    void dashesTellRunsOfOneMethodApart();
    void theDifferenceToItselfIsLeftOut();
    void theReachTableCountsTokens();
    void onlyDifferencesByDefault();
    void renamesInPlace();
    void f2OpensTheEditor();
    void deletingAsksFirst();
    void aComparisonIsDeletedAsAWhole();
    void whatWasDeletedBeforeAFailureIsTold();
    void comparisonsAreRenamedAndToldApart();
    void aClickBesideTheRowsKeepsTheMark();
    void aRunningRunIsNotDeleted();
    void csvIsDefused();
    void stoppedRunsCanBeResumed();
    void theCommandOfARun();
    void hostileNamesStayLiteral();
    void smoothingBeginsAtPointSix();
    void theBestRunsOfAComparisonGoToTheChat();
    void metricsHaveAColumnAndABest();
    void everythingHasAName();
};

namespace {

QAbstractItemModel* listed(ComparePage& page)
{
    return Fixture::part<QTreeView>(page, "runTable")->model();
}

// The rows of runs, also of those inside comparisons, from top to bottom.
QList<QModelIndex> runRows(ComparePage& page)
{
    QList<QModelIndex> rows;
    const auto* model = listed(page);
    for (int top = 0; top < model->rowCount(); ++top) {
        const auto index = model->index(top, 0);
        if (index.data(RunTable::kIdRole).isValid())
            rows << index;
        for (int row = 0; row < model->rowCount(index); ++row)
            rows << model->index(row, 0, index);
    }
    return rows;
}

QVariant cell(const QModelIndex& row, int column, int role = Qt::DisplayRole)
{
    return row.siblingAtColumn(column).data(role);
}

bool open(ComparePage& page, int rows)
{
    page.resize(1200, 760);
    page.show();
    page.activated();
    return QTest::qWaitFor([&] { return runRows(page).size() == rows; }, 5000);
}

bool waitForCurves(ComparePage& page, const QString& label)
{
    return QTest::qWaitFor([&] { return Fixture::part<CurvePlot>(page, "comparePlot")->csv().contains(label); }, 5000);
}

QModelIndex rowNamed(ComparePage& page, const QString& name)
{
    for (const QModelIndex& row : runRows(page))
        if (row.data().toString() == name)
            return row;
    return {};
}

void select(ComparePage& page, const QString& name)
{
    Fixture::part<QTreeView>(page, "runTable")->setCurrentIndex(rowNamed(page, name));
}

}  // namespace

void TestComparePage::theNewestComparisonIsTicked()
{
    Fixture fixture;
    fixture.trainBoth();
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 4));
    int ticked = 0;
    const auto rows = runRows(page);
    for (const QModelIndex& row : rows)
        ticked += row.data(Qt::CheckStateRole).toInt() == Qt::Checked ? 1 : 0;
    QCOMPARE(ticked, 2);
    QCOMPARE(cell(rows[0], RunTable::stateColumn).toString(), QString("Finished"));
    QCOMPARE(cell(rows[0], RunTable::stepsColumn).toString(), QString("20 / 20"));
    QVERIFY(!cell(rows[0], RunTable::timeColumn).toString().isEmpty());
}

void TestComparePage::ticksDecideWhatIsDrawn()
{
    Fixture fixture;
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(waitForCurves(page, "pissa"));
    auto* plot = Fixture::part<CurvePlot>(page, "comparePlot");
    QVERIFY(plot->csv().contains("lora"));
    listed(page)->setData(rowNamed(page, "pissa"), Qt::Unchecked, Qt::CheckStateRole);
    QTRY_VERIFY(!plot->csv().contains("pissa"));
    QVERIFY(plot->csv().contains("lora"));
    auto* series = Fixture::part<QComboBox>(page, "seriesBox");
    const auto losses = plot->csv();
    series->setCurrentIndex(1);
    emit series->activated(1);
    QVERIFY(plot->csv() != losses);
}

void TestComparePage::dashesTellRunsOfOneMethodApart()
{
    Fixture fixture;
    fixture.trainBoth();
    const auto newer = fixture.trainBoth();
    RunTable table(fixture.bench.dataDirectory());
    table.reload();
    QTRY_COMPARE(table.rowCount(), 4);
    QStringList all;
    for (const RunRow& run : table.runs())
        all << format::text(run.id);
    table.tick(all);
    QStringList loras;
    for (const RunRow& run : table.runs())
        if (run.method == "lora")
            loras << format::text(run.id);
    QCOMPARE(table.colorOf(loras[0]), table.colorOf(loras[1]));
    QVERIFY(table.styleOf(loras[0]) != table.styleOf(loras[1]));
    const auto kept = table.styleOf(loras[1]);
    table.tick({loras[1]});
    QCOMPARE(table.styleOf(loras[1]), kept);   // unticking another does not change this one's dash
}

void TestComparePage::theDifferenceToItselfIsLeftOut()
{
    Fixture fixture;
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(waitForCurves(page, "pissa"));
    auto* plot = Fixture::part<CurvePlot>(page, "differencePlot");
    QVERIFY(plot->csv().count('\n') <= 1);      // nobody looks at it
    Fixture::part<QTabWidget>(page, "compareTabs")->setCurrentIndex(1);
    QVERIFY(plot->csv().contains("pissa,"));
    QVERIFY(!plot->csv().contains("lora,"));   // LoRA is the baseline
    auto* charts = page.findChild<CompareCharts*>();
    select(page, "pissa");
    page.findChild<QAction*>("baselineAction")->trigger();
    QCOMPARE(charts->baseline(), page.selected());
    QVERIFY(plot->csv().contains("lora,"));
    QVERIFY(!plot->csv().contains("pissa,"));
}

void TestComparePage::theReachTableCountsTokens()
{
    Fixture fixture;
    fixture.trainBoth(60);
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(waitForCurves(page, "pissa"));
    auto* table = Fixture::part<QTableWidget>(page, "reachTable");
    QCOMPARE(table->rowCount(), 2);
    std::map<QString, qint64> tokens;
    for (int row = 0; row < 2; ++row)
        tokens[table->item(row, 0)->text()] = table->item(row, 3)->text().remove(',').toLongLong();
    QVERIFY(tokens.at("pissa") > 0);           // it falls three times as fast in the fake
    QVERIFY(tokens.at("pissa") < tokens.at("lora"));
}

void TestComparePage::onlyDifferencesByDefault()
{
    Fixture fixture;
    fixture.bench.setArmOverride("pissa", "learningRate", 1e-4);
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* model = page.findChild<CompareCharts*>()->findChild<QTableView*>("configTable")->model();
    QTRY_COMPARE(model->columnCount(), 2);
    QStringList keys;
    for (int row = 0; row < model->rowCount(); ++row)
        keys << model->headerData(row, Qt::Vertical).toString();
    QCOMPARE(keys, (QStringList{"Method", "Learning rate", "Name"}));
    page.findChild<CompareCharts*>()->findChild<QCheckBox*>("onlyDifferences")->setChecked(false);
    QCOMPARE(size_t(model->rowCount()), configFields().size());
}

void TestComparePage::renamesInPlace()
{
    Fixture fixture;
    const auto runs = fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    const auto index = rowNamed(page, "lora");
    QVERIFY(listed(page)->setData(index, "plain LoRA", Qt::EditRole));
    QTRY_VERIFY(rowNamed(page, "plain LoRA").isValid());
    QCOMPARE(fixture.store().run("plain LoRA").method, std::string("lora"));
    QVERIFY(waitForCurves(page, "plain LoRA"));
    // A name that the store refuses is said, and the old one stays.
    listed(page)->setData(rowNamed(page, "pissa"), QString(300, 'x'), Qt::EditRole);
    QTRY_VERIFY(Fixture::part<MessageBar>(page, "compareMessages")->isVisible());
    QVERIFY(rowNamed(page, "pissa").isValid());
}

void TestComparePage::f2OpensTheEditor()
{
    Fixture fixture;
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    select(page, "pissa");
    auto* view = Fixture::part<QTreeView>(page, "runTable");
    view->setFocus();
    page.findChild<QAction*>("renameAction")->trigger();
    auto* editor = view->findChild<QLineEdit*>();
    QVERIFY(editor != nullptr);
    editor->setText("renamed by key");
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_VERIFY(rowNamed(page, "renamed by key").isValid());
}

void TestComparePage::deletingAsksFirst()
{
    Fixture fixture;
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    select(page, "lora");
    const auto folder = fixture.store().run("lora").folder;
    auto* button = Fixture::part<QPushButton>(page, "deleteButton");
    button->click();
    auto* box = page.findChild<QMessageBox*>("confirmDelete");
    QVERIFY(box != nullptr);
    QCOMPARE(box->textFormat(), Qt::PlainText);
    box->reject();
    QTest::qWait(100);
    QCOMPARE(fixture.store().runs().size(), size_t(2));
    button->click();
    QSignalSpy changed(&fixture.bench, &Workbench::runsChanged);
    QTRY_VERIFY(page.findChild<QPushButton*>("confirmDeleteButton") != nullptr);
    for (auto* sure : page.findChildren<QPushButton*>("confirmDeleteButton"))
        if (sure->isVisible())
            sure->click();
    QTRY_COMPARE(runRows(page).size(), 1);
    QVERIFY(changed.size() >= 1);
    QVERIFY(!std::filesystem::exists(folder));
    QVERIFY(!rowNamed(page, "lora").isValid());
}

void TestComparePage::aComparisonIsDeletedAsAWhole()
{
    Fixture fixture;
    const auto runs = fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* tree = page.findChild<RunTree*>();
    tree->selectComparison(format::text(fixture.store().run(format::plain(runs[0])).comparison));
    QTRY_VERIFY(tree->currentRun().isEmpty());
    auto* button = Fixture::part<QPushButton>(page, "deleteButton");
    QTRY_VERIFY(button->isEnabled());
    button->click();
    QVERIFY(page.findChild<QMessageBox*>("confirmDelete")->text().contains("2 runs"));
    page.findChild<QPushButton*>("confirmDeleteButton")->click();
    QTRY_VERIFY(fixture.store().runs().empty());
    QVERIFY(storedComparisons(fixture.bench.dataDirectory()).empty());
}

void TestComparePage::whatWasDeletedBeforeAFailureIsTold()
{
    Fixture fixture;
    const auto runs = fixture.trainBoth();
    const RunLock held(fixture.store().folderOf(format::plain(runs[1])));
    RunTable table(fixture.bench.dataDirectory());
    QSignalSpy refused(&table, &RunTable::problem), changed(&table, &RunTable::changed);
    table.removeRuns(runs);
    QTRY_COMPARE(changed.size(), 1);
    QCOMPARE(refused.size(), 1);
    QVERIFY(refused.front().front().toString().contains("E-LOCKED"));
    QCOMPARE(fixture.store().runs().size(), size_t(1));
}

void TestComparePage::comparisonsAreRenamedAndToldApart()
{
    Fixture fixture;
    const auto runs = fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* tree = page.findChild<RunTree*>();
    const auto id = format::text(fixture.store().run(format::plain(runs[0])).comparison);
    const auto created = readComparison(fixture.bench.dataDirectory(), format::plain(id)).created;
    QCOMPARE(tree->groups().titleOf(id), QString("lora, pissa · %1").arg(format::when(created)));
    tree->selectComparison(id);
    auto* button = Fixture::part<QPushButton>(page, "renameButton");
    QTRY_VERIFY(button->isEnabled());
    button->click();
    auto* editor = tree->view()->findChild<QLineEdit*>();
    QVERIFY(editor != nullptr);
    QCOMPARE(editor->text(), QString());   // it has no name of its own
    editor->setText("  <b>first</b> try ");
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(tree->groups().titleOf(id), QString("<b>first</b> try"));
    QCOMPARE(readComparison(fixture.bench.dataDirectory(), format::plain(id)).name, std::string("<b>first</b> try"));
    QCOMPARE(tree->currentComparison(), id);
    QTRY_COMPARE(Fixture::part<QLabel>(page, "comparisonName")->text(), QString("<b>first</b> try"));
    Fixture::part<QPushButton>(page, "deleteButton")->click();
    QVERIFY(page.findChild<QMessageBox*>("confirmDelete")->text().contains("“<b>first</b> try”"));
}

void TestComparePage::aClickBesideTheRowsKeepsTheMark()
{
    Fixture fixture;
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* view = Fixture::part<QTreeView>(page, "runTable");
    QTRY_VERIFY(view->selectionModel()->hasSelection());
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, {20, view->viewport()->height() - 4});
    QVERIFY(view->selectionModel()->isRowSelected(view->currentIndex().row(), view->currentIndex().parent()));
}

void TestComparePage::aRunningRunIsNotDeleted()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::microseconds(3000);
    auto config = fixture.bench.config();
    config.steps = 2000;
    fixture.bench.edit(config, "steps");
    fixture.bench.setArms({"lora"});
    ComparePage page(fixture.bench);
    fixture.create();
    QTRY_VERIFY(fixture.engine->stepsTaken > 2);
    QVERIFY(open(page, 1));
    select(page, "lora");
    QVERIFY(!Fixture::part<QPushButton>(page, "deleteButton")->isEnabled());
    QVERIFY(!Fixture::part<QPushButton>(page, "resumeButton")->isEnabled());
    QVERIFY(Fixture::part<QPushButton>(page, "renameButton")->isEnabled());
    // Even past the button the store refuses: the run holds its lock.
    RunTable table(fixture.bench.dataDirectory());
    QSignalSpy refused(&table, &RunTable::problem);
    table.removeRuns({page.selected()});
    QTRY_COMPARE(refused.size(), 1);
    QVERIFY(refused.front().front().toString().contains("E-LOCKED"));
    fixture.bench.session().stopAll();
    QTRY_VERIFY_WITH_TIMEOUT(!fixture.bench.session().isBusy(), 20'000);
    QTRY_VERIFY(Fixture::part<QPushButton>(page, "deleteButton")->isEnabled());
}

void TestComparePage::csvIsDefused()
{
    Fixture fixture;
    fixture.trainBoth();
    {
        RunStore store(fixture.bench.dataDirectory());
        store.rename(store.run("lora").id, "=cmd|'/c calc'!A1");
    }
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    select(page, "=cmd|'/c calc'!A1");
    const auto file = fixture.folder.filePath("curves.csv");
    page.exportCsvTo(page.selected(), file);
    QTRY_VERIFY(QFile::exists(file));
    QFile csv(file);
    QVERIFY(csv.open(QIODevice::ReadOnly));
    const auto lines = csv.readAll().split('\n');
    QVERIFY2(lines.front().startsWith("step,tokens,seconds,loss"), lines.front().constData());
    for (const auto& line : lines)
        for (const auto& cell : line.split(','))
            QVERIFY2(!cell.startsWith('=') && !cell.startsWith('@'), cell.constData());
    page.exportCsvTo(page.selected(), "/no such folder/curves.csv");
    QTRY_VERIFY(Fixture::part<MessageBar>(page, "compareMessages")->text().contains("/no such folder"));
}

void TestComparePage::stoppedRunsCanBeResumed()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::microseconds(2000);
    auto config = fixture.bench.config();
    config.steps = 150;
    fixture.bench.edit(config, "steps");
    fixture.bench.setArms({"pissa"});
    fixture.create();
    QTRY_VERIFY(fixture.engine->stepsTaken > 10);
    fixture.bench.session().stopAll();
    QTRY_VERIFY(!fixture.bench.session().isBusy());
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 1));
    select(page, "pissa");
    auto* resume = Fixture::part<QPushButton>(page, "resumeButton");
    QTRY_VERIFY(resume->isEnabled());
    QSignalSpy shown(&fixture.bench, &Workbench::pageWanted);
    resume->click();
    QVERIFY(!resume->isEnabled());
    QCOMPARE(shown.size(), 1);
    QTRY_VERIFY_WITH_TIMEOUT(!fixture.bench.session().isBusy(), 20'000);
    const RunRow run = fixture.store().run("pissa");
    QCOMPARE(run.state, RunState::finished);
    QCOMPARE(run.step, int64_t(150));
    QCOMPARE(fixture.store().curve(run.id, "loss").size(), size_t(150));
    QTRY_VERIFY(!resume->isEnabled());   // complete
}

void TestComparePage::theCommandOfARun()
{
    Fixture fixture;
    fixture.trainBoth(33);
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    select(page, "pissa");
    QGuiApplication::clipboard()->clear();
    Fixture::part<QPushButton>(page, "runCommandButton")->click();
    QTRY_VERIFY(QGuiApplication::clipboard()->text().startsWith("rankwright-cli train "));
    QVERIFY(QGuiApplication::clipboard()->text().contains("--method pissa"));
    QVERIFY(QGuiApplication::clipboard()->text().contains("--steps 33"));
}

void TestComparePage::hostileNamesStayLiteral()
{
    Fixture fixture;
    fixture.trainBoth();
    const std::string hostile = "<img src='/etc/hostname'>";
    {
        RunStore store(fixture.bench.dataDirectory());
        store.rename(store.run("lora").id, hostile);
        store.rename(store.run("pissa").id, "<b>x</b>\nline");
    }
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(rowNamed(page, format::text(hostile)).isValid());
    QVERIFY(waitForCurves(page, "<img"));
    for (const QModelIndex& row : runRows(page)) {
        const auto tip = row.data(Qt::ToolTipRole).toString();
        QVERIFY2(tip.contains("&lt;") && !tip.contains("<img"), qPrintable(tip));
        QVERIFY(!row.data().toString().contains('\n'));
    }
    for (const auto* label : page.findChildren<QLabel*>())
        QVERIFY2(label->textFormat() == Qt::PlainText, qPrintable(label->text()));
}

void TestComparePage::smoothingBeginsAtPointSix()
{
    Fixture fixture;
    ComparePage page(fixture.bench);
    auto* charts = page.findChild<CompareCharts*>();
    auto* slider = charts->findChild<QSlider*>("smoothing");
    auto* plot = Fixture::part<CurvePlot>(page, "comparePlot");
    QCOMPARE(slider->value(), 60);
    QCOMPARE(plot->smoothing(), 0.6);
    slider->setValue(0);
    QCOMPARE(plot->smoothing(), 0.0);
    QVERIFY(!plot->logY());
    charts->findChild<QCheckBox*>("logY")->click();
    QVERIFY(plot->logY());
    QVERIFY(!Fixture::part<CurvePlot>(page, "differencePlot")->logY());   // differences have both signs
}

void TestComparePage::theBestRunsOfAComparisonGoToTheChat()
{
    Fixture fixture;
    ComparisonPlan plan;
    plan.sweep = RateSweep{.points = 3};
    fixture.bench.setPlan(plan);
    auto config = fixture.bench.config();
    config.evalData = "default";
    fixture.bench.edit(config, "evaluation");
    const auto runs = fixture.trainBoth();
    QCOMPARE(runs.size(), 6);
    ComparePage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    page.activated();
    auto* chat = Fixture::part<QPushButton>(page, "compareChatButton");
    QTRY_VERIFY(chat->isEnabled());
    QSignalSpy wanted(&fixture.bench, &Workbench::chatWanted);
    chat->click();
    QCOMPARE(wanted.size(), 1);
    const auto sent = wanted[0][0].toStringList();
    QCOMPARE(sent.size(), 2);   // one of each arm
    auto store = fixture.store();
    page.setView(ComparePage::View::ticked);
    chat->click();
    QCOMPARE(wanted[1][0].toStringList().size(), 6);   // what is ticked
    for (const QString& id : sent) {
        const RunRow best = store.run(format::plain(id));
        for (const RunRow& other : store.runs())
            QVERIFY(other.arm != best.arm || other.bestEval >= best.bestEval);
    }
}

void TestComparePage::metricsHaveAColumnAndABest()
{
    Fixture fixture;
    auto config = fixture.bench.config();
    config.metrics = "accuracy";
    fixture.bench.edit(config, "metrics");
    const auto runs = fixture.trainBoth();
    QCOMPARE(runs.size(), 2);
    ComparePage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    page.activated();
    auto* view = Fixture::part<QTreeView>(page, "runTable");
    QTRY_VERIFY(view->model()->rowCount() == 1);
    view->expandAll();
    QTRY_VERIFY(!view->isColumnHidden(RunTable::metricColumn));
    QCOMPARE(view->model()->headerData(RunTable::metricColumn, Qt::Horizontal).toString(), QString("Accuracy"));
    const auto comparison = view->model()->index(0, 0);
    int best = 0;
    for (int row = 0; row < 2; ++row) {
        const auto cell = view->model()->index(row, RunTable::metricColumn, comparison);
        QVERIFY(!cell.data().toString().isEmpty());
        best += cell.data(Qt::FontRole).isValid() ? 1 : 0;
    }
    QCOMPARE(best, 1);
    if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
        page.grab().save(folder + "/compare-metric.png");
}

void TestComparePage::everythingHasAName()
{
    Fixture fixture;
    fixture.trainBoth();
    ComparePage page(fixture.bench);
    QVERIFY(open(page, 2));
    for (const auto view : {ComparePage::View::comparison, ComparePage::View::ticked}) {
        page.setView(view);
        auto* tabs = Fixture::part<QTabWidget>(page, view == ComparePage::View::comparison ? "comparisonTabs" : "compareTabs");
        for (int i = 0; i < tabs->count(); ++i) {
            tabs->setCurrentIndex(i);
            QCOMPARE(Fixture::unnamed(page), QStringList());
        }
    }
}

QTEST_MAIN(TestComparePage)
#include "tst_compare_page.moc"
