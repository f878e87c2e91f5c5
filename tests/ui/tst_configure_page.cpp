// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Configure page: arms, summary, step-0 check, Start, configuration files, the command.
#include "tests/ui/page_fixture.h"
#include "ui/models/arms_memory.h"
#include "ui/models/config_file.h"
#include "ui/pages/configure_page.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/memory_bar.h"
#include "ui/widgets/summary_panel.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>

#include <fstream>

using namespace rankwright;
using Fixture = PageFixture<WatchedEngine<EstimateJob>>;

class TestConfigurePage : public QObject
{
    Q_OBJECT
private slots:
    void twoFastStartsMakeOneComparison();
    void aRateOfOneArmReachesItsRun();
    void withoutAnArmNothingStarts();
    void aRefusedRateHoldsStartBack();
    void theNewestSettingsAreEstimatedOnce();
    void theSummaryCountsAllArms();
    void armsInTurnNeedTheirMemoryTogether();
    void runsThatCannotBeReadLeaveTheEstimate();
    void stepZeroShowsItsFigures();
    void savedFilesReadBack();
    void badFilesChangeNothing_data();
    void badFilesChangeNothing();
    void theCommandNamesTheArms();
    void energyFollowsTheRank();
    void aComparisonIsArmsTimesRatesTimesSeeds();
    void refusedListsHoldStartBack();
    void theBaselineComesFirst();
    void planIsUndone();
    void addToQueueStoresAndStays();
    void memoryThatDoesNotFitOffersAWayOut();
    void alphaZeroIsAuto();
    void everythingHasAName();
};

void TestConfigurePage::twoFastStartsMakeOneComparison()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(1200, 760);
    page.show();
    QSignalSpy shown(&fixture.bench, &Workbench::pageWanted);
    auto* start = Fixture::part<QPushButton>(page, "startButton");
    QTest::mouseClick(start, Qt::LeftButton);
    QTest::mouseClick(start, Qt::LeftButton);
    QTest::mouseDClick(start, Qt::LeftButton);
    QVERIFY(!start->isEnabled());
    QTRY_COMPARE(shown.size(), 1);
    QCOMPARE(fixture.store().runs().size(), size_t(2));   // one a method
    QCOMPARE(shown.front().front().toString(), QString("run"));
    QTRY_VERIFY_WITH_TIMEOUT(!fixture.bench.session().isBusy(), 20'000);
    QVERIFY(start->isEnabled());
}

void TestConfigurePage::aRateOfOneArmReachesItsRun()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* rate = Fixture::part<QLineEdit>(page, "armRate_pissa");
    rate->setText("5e-5");
    emit rate->editingFinished();
    Fixture::part<QPushButton>(page, "startButton")->click();
    QTRY_VERIFY(!fixture.bench.isCreating());
    QTRY_VERIFY_WITH_TIMEOUT(!fixture.bench.session().isBusy(), 20'000);
    auto store = fixture.store();
    for (const RunRow& row : store.runs())
        QCOMPARE(store.config(row.id).learningRate, row.method == "pissa" ? 5e-5 : RunConfig().learningRate);
    rate->clear();                                        // back to the shared rate, and again: nothing to remove
    emit rate->editingFinished();
    emit rate->editingFinished();
    QVERIFY(fixture.bench.armOverrides().empty());
}

void TestConfigurePage::withoutAnArmNothingStarts()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* start = Fixture::part<QPushButton>(page, "startButton");
    QVERIFY(start->isEnabled());
    Fixture::part<QCheckBox>(page, "arm_lora")->click();
    QCOMPARE(fixture.bench.arms(), QStringList{"pissa"});
    Fixture::part<QCheckBox>(page, "arm_pissa")->click();
    QVERIFY(!start->isEnabled());
    QVERIFY(!Fixture::part<QLabel>(page, "startNote")->text().isEmpty());
    fixture.bench.undoStack().undo();
    QVERIFY(start->isEnabled());
    QVERIFY(Fixture::part<QCheckBox>(page, "arm_pissa")->isChecked());
}

void TestConfigurePage::aRefusedRateHoldsStartBack()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* rate = Fixture::part<QLineEdit>(page, "armRate_lora");
    rate->setText("1,5");
    emit rate->editingFinished();
    QVERIFY(!Fixture::part<QPushButton>(page, "startButton")->isEnabled());
    QVERIFY(fixture.bench.armOverrides().empty());
    rate->setText("0.001");
    emit rate->editingFinished();
    QVERIFY(Fixture::part<QPushButton>(page, "startButton")->isEnabled());
}

void TestConfigurePage::theNewestSettingsAreEstimatedOnce()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    page.activated();
    auto* trainable = Fixture::part<QLabel>(page, "summaryTrainable");
    QTRY_COMPARE(fixture.engine->asked.load(), 1);
    QTRY_VERIFY(trainable->text() != QString("—"));
    const auto before = trainable->text();
    for (int rank = 2; rank <= 24; ++rank) {
        auto config = fixture.bench.config();
        config.rank = rank;
        fixture.bench.edit(config, "rank");
    }
    QTRY_VERIFY(trainable->text() != before);
    QCOMPARE(fixture.engine->asked.load(), 2);
    page.hide();                                          // a hidden page asks nothing
    auto config = fixture.bench.config();
    config.rank = 4;
    fixture.bench.edit(config, "rank");
    QTest::qWait(500);
    QCOMPARE(fixture.engine->asked.load(), 2);
    page.show();
    page.activated();
    QTRY_COMPARE(fixture.engine->asked.load(), 3);
}

void TestConfigurePage::theSummaryCountsAllArms()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    page.activated();
    auto* time = Fixture::part<QLabel>(page, "summaryTime");
    QTRY_VERIFY2(time->text().contains("in all"), qPrintable(time->text()));
    // Every rate and seed counts, without another estimate.
    const int asked = fixture.engine->asked;
    ComparisonPlan plan;
    plan.seeds = {0, 1, 2};
    fixture.bench.setPlan(plan);
    QVERIFY2(time->text().contains("(30 runs)"), qPrintable(time->text()));
    QTest::qWait(400);
    QCOMPARE(fixture.engine->asked.load(), asked);
    plan.seeds = {};
    fixture.bench.setPlan(plan);
    fixture.bench.setArms({"lora"});
    QTRY_VERIFY2(!time->text().contains("in all"), qPrintable(time->text()));
}

void TestConfigurePage::armsInTurnNeedTheirMemoryTogether()
{
    Estimate one{.peakBytes = 2000, .parts = {{"program", "program", 100}, {"weights", "weights", 900}}, .uncalibratedBytes = 1000,
        .memoryBytes = 5000};
    Estimate other = one;
    other.peakBytes = other.uncalibratedBytes = 1000;
    const Estimate all = memoryOfAll({{one, 2}, {other, 1}});
    QCOMPARE(all.peakBytes, int64_t(2000 + 2000 + 1000 - 200 - 100));   // the program once: at most what one of them has
    QVERIFY(all.fits);
    QCOMPARE(all.parts[0].bytes, int64_t(200));
    QCOMPARE(all.parts[1].bytes, int64_t(1800 + 1800 + 900));
    QVERIFY(!memoryOfAll({{one, 3}}).fits);

    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    page.activated();
    auto* memory = Fixture::part<QLabel>(page, "summaryMemory");
    QTRY_VERIFY(memory->text() != QStringLiteral("—"));
    const auto alone = memory->text();
    ComparisonPlan plan = fixture.bench.plan();
    plan.schedule = Schedule::interleaved;
    fixture.bench.setPlan(plan);
    QVERIFY(memory->text() != alone);
    QVERIFY2(memory->toolTip().contains("own copy"), qPrintable(memory->toolTip()));
    plan.schedule = Schedule::together;
    fixture.bench.setPlan(plan);
    QVERIFY2(memory->toolTip().contains("one copy"), qPrintable(memory->toolTip()));
    auto* count = Fixture::part<QLabel>(page, "comparisonCount");
    QVERIFY2(count->text().contains("runs at once"), qPrintable(count->text()));
    plan.schedule = Schedule::interleaved;
    fixture.bench.setPlan(plan);
    // Where only one after another fits, that is offered.
    fixture.engine->freeMemory = 80'000'000;
    auto config = fixture.bench.config();
    config.maxLength = 64;
    config.batch = 1;
    fixture.bench.edit(config, "smaller");
    QTRY_VERIFY(page.findChild<QPushButton*>("suggestionQueue") != nullptr);
    page.findChild<QPushButton*>("suggestionQueue")->click();
    QVERIFY(fixture.bench.plan().schedule == Schedule::queued);
    QVERIFY2(memory->toolTip().contains("one after another"), qPrintable(memory->toolTip()));
}

void TestConfigurePage::runsThatCannotBeReadLeaveTheEstimate()
{
    Fixture fixture;
    std::ofstream(fixture.bench.dataDirectory() / "runs.db") << "no database at all, but a text of some length\n";
    ConfigurePage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(Fixture::part<QLabel>(page, "summaryTime")->text() != QStringLiteral("—"));
}

void TestConfigurePage::stepZeroShowsItsFigures()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    auto* verdict = Fixture::part<QLabel>(page, "stepZeroVerdict");
    Fixture::part<QPushButton>(page, "stepZeroButton")->click();
    // Both ticked arms, by name.
    QTRY_COMPARE(verdict->text(),
        QString("✓ LoRA: the base model, bit for bit\n✓ PiSSA: the base model, within the rounding of float32"));
    const auto detail = Fixture::part<QLabel>(page, "stepZeroDetail")->text();
    QVERIFY2(
        detail.contains("2.4e-06") && detail.contains("1.1e-07") && detail.contains("3.0e-08"), qPrintable(detail));
    QVERIFY2(detail.contains("1.0e-03") && detail.contains("5.0e-05"), qPrintable(detail));
    auto config = fixture.bench.config();
    config.rank = 3;
    fixture.bench.edit(config, "rank");
    QVERIFY(!verdict->isVisible());                       // it was about other settings
}

void TestConfigurePage::savedFilesReadBack()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto config = fixture.bench.config();
    config.rank = 7;
    config.learningRate = 1.0 / 3;
    config.plan["model.layers.0.self_attn.q_proj"] = {3, 6.5};
    config.columns["prompt"] = "Frage \"ä\"";
    fixture.bench.edit(config, "x");
    const auto file = fixture.folder.filePath("config.json");
    page.saveTo(file);
    fixture.bench.edit(RunConfig(), "y");
    page.loadFrom(file);
    QVERIFY(fixture.bench.config() == config);
    page.saveTo("/no such folder/config.json");
    QVERIFY(Fixture::part<MessageBar>(page, "configureMessages")->text().contains("/no such folder/config.json"));
}

void TestConfigurePage::badFilesChangeNothing_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    QTest::newRow("not json") << QByteArray("rank = 4") << QString("E-FORMAT");
    QTest::newRow("empty") << QByteArray() << QString("E-FORMAT");
    QTest::newRow("unknown key") << QByteArray("{\"rnak\": 4}") << QString("rank");
    QTest::newRow("a key twice") << QByteArray("{\"rank\": 4, \"rank\": 8}") << QString("twice");
    QTest::newRow("out of range") << QByteArray("{\"rank\": -4}") << QString("rank");
    QTest::newRow("too deep") << QByteArray(100'000, '[') << QString("64");
    QTest::newRow("wrong type") << QByteArray("{\"rank\": \"four\"}") << QString("rank");
}

void TestConfigurePage::badFilesChangeNothing()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    QFile file(fixture.folder.filePath("bad.json"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
    file.close();
    const RunConfig before = fixture.bench.config();
    page.loadFrom(file.fileName());
    QVERIFY(fixture.bench.config() == before);
    auto* messages = Fixture::part<MessageBar>(page, "configureMessages");
    QVERIFY(messages->isVisible());
    QVERIFY2(messages->text().contains(says), qPrintable(messages->text()));
    QVERIFY2(messages->text().contains("bad.json"), qPrintable(messages->text()));
}

void TestConfigurePage::theCommandNamesTheArms()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    fixture.bench.setArmOverride("pissa", "learningRate", 0.0001);
    Fixture::part<QPushButton>(page, "copyCommandButton")->click();
    const auto command = QGuiApplication::clipboard()->text();
    QVERIFY2(command.startsWith("rankwright-cli compare "), qPrintable(command));
    QVERIFY2(command.contains("--arm lora "), qPrintable(command));
    QVERIFY2(command.endsWith("--arm pissa:lr=0.0001"), qPrintable(command));
    // 0, the rank, has a name of its own where people write it.
    fixture.bench.setArmOverride("lora", "alpha", 0.0);
    Fixture::part<QPushButton>(page, "copyCommandButton")->click();
    const auto ranked = QGuiApplication::clipboard()->text();
    QVERIFY2(ranked.contains("--arm lora:alpha=auto "), qPrintable(ranked));
    fixture.bench.setArmOverride("lora", "alpha", nullptr);
    ComparisonPlan plan;
    plan.seeds = {0, 1};
    plan.sweep = RateSweep{.rates = {1e-4, 2e-4}};
    plan.schedule = Schedule::interleaved;
    plan.baseline = "pissa";
    fixture.bench.setPlan(plan);
    Fixture::part<QPushButton>(page, "copyCommandButton")->click();
    const auto planned = QGuiApplication::clipboard()->text();
    QVERIFY2(planned.contains(" --rates 0.0001,0.0002 --seeds 0,1 --runs interleaved --arm pissa:lr=0.0001 --arm lora"),
        qPrintable(planned));
    fixture.bench.setPlan({});
    fixture.bench.setArms({"pissa"});
    Fixture::part<QPushButton>(page, "copyCommandButton")->click();
    const auto single = QGuiApplication::clipboard()->text();
    QVERIFY2(single.startsWith("rankwright-cli train ") && single.contains("--method pissa"), qPrintable(single));
    QVERIFY2(single.contains("--lr 0.0001") || single.contains("--lr 1e-04"), qPrintable(single));
}

void TestConfigurePage::energyFollowsTheRank()
{
    Fixture fixture;
    std::vector<ModuleSpectrum> spectra;
    for (const auto& module : FakeEngine::modules())
        spectra.push_back(FakeEngine::spectrumOf(module));
    ConfigurePage page(fixture.bench);
    auto* energy = Fixture::part<QLabel>(page, "summaryEnergy");
    QVERIFY(!energy->text().contains('%'));
    fixture.bench.setSpectra(spectra);
    const auto at16 = energy->text().chopped(2).toDouble();
    auto config = fixture.bench.config();
    config.rank = 4;
    fixture.bench.edit(config, "rank");
    const auto at4 = energy->text().chopped(2).toDouble();
    QVERIFY2(at4 > 0 && at4 < at16 && at16 < 100, qPrintable(energy->text()));
    config.rank = 65536;
    fixture.bench.edit(config, "rank");
    QCOMPARE(energy->text(), QString("100.0 %"));
}

void TestConfigurePage::aComparisonIsArmsTimesRatesTimesSeeds()
{
    Fixture fixture;
    fixture.bench.setPlan({});                            // as the window opens
    ConfigurePage page(fixture.bench);
    auto* count = Fixture::part<QLabel>(page, "comparisonCount");
    QVERIFY2(count->text().startsWith("2 arms × 5 rates × 1 seed = 10 runs"), qPrintable(count->text()));
    Fixture::part<QSpinBox>(page, "seedCount")->setValue(3);
    QCOMPARE(Fixture::part<QLineEdit>(page, "seedList")->text(), QString("0, 1, 2"));
    QVERIFY2(count->text().startsWith("2 arms × 5 rates × 3 seeds = 30 runs"), qPrintable(count->text()));
    auto* sweep = Fixture::part<QComboBox>(page, "sweepBox");
    sweep->setCurrentIndex(2);
    emit sweep->activated(2);
    auto* rates = Fixture::part<QLineEdit>(page, "rateList");
    QCOMPARE(rates->text(), QString("5e-05, 0.0001, 0.0002, 0.0004, 0.0008"));
    rates->setText("1e-4 3e-4");
    emit rates->editingFinished();
    QVERIFY2(count->text().startsWith("2 arms × 2 rates × 3 seeds = 12 runs"), qPrintable(count->text()));
    const auto comparison
        = comparisonOf(fixture.bench.plan(), fixture.bench.config(), fixture.bench.arms(), fixture.bench.armOverrides());
    QCOMPARE(plannedRuns(comparison).size(), size_t(12));
    fixture.bench.setPlan({});
    fixture.bench.setArms({"lora"});                      // alone there is nothing to compare
    QVERIFY2(count->text().startsWith("1 arm × 1 rate × 1 seed = 1 run"), qPrintable(count->text()));
}

void TestConfigurePage::refusedListsHoldStartBack()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* start = Fixture::part<QPushButton>(page, "startButton");
    auto* seeds = Fixture::part<QLineEdit>(page, "seedList");
    for (const char* wrong : {"0, 0", "-1", "1.5", "one", ""}) {
        seeds->setText(wrong);
        emit seeds->editingFinished();
        QVERIFY2(!start->isEnabled(), wrong);
        QVERIFY(!Fixture::part<QLabel>(page, "comparisonProblem")->text().isEmpty());
    }
    seeds->setText("4, 2");
    emit seeds->editingFinished();
    QVERIFY(start->isEnabled());
    QCOMPARE(fixture.bench.plan().seeds, std::vector<int64_t>({4, 2}));
}

void TestConfigurePage::theBaselineComesFirst()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* baseline = Fixture::part<QComboBox>(page, "baselineBox");
    QCOMPARE(baseline->currentText(), QString("LoRA"));
    baseline->setCurrentIndex(1);
    emit baseline->activated(1);
    const auto comparison
        = comparisonOf(fixture.bench.plan(), fixture.bench.config(), fixture.bench.arms(), fixture.bench.armOverrides());
    QCOMPARE(comparison.arms.front().label, std::string("pissa"));
    QCOMPARE(comparison.arms.size(), size_t(2));
    fixture.bench.setArms({"lora", "dora"});              // the baseline is gone: the first again
    QCOMPARE(baseline->currentText(), QString("LoRA"));
}

void TestConfigurePage::planIsUndone()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    Fixture::part<QSpinBox>(page, "seedCount")->setValue(2);
    auto* schedule = Fixture::part<QComboBox>(page, "scheduleBox");
    schedule->setCurrentIndex(2);
    emit schedule->activated(2);
    QVERIFY(fixture.bench.plan().schedule == Schedule::together);
    QCOMPARE(schedule->currentIndex(), 2);
    schedule->setCurrentIndex(1);
    emit schedule->activated(1);
    QVERIFY(fixture.bench.plan().schedule == Schedule::interleaved);
    fixture.bench.undoStack().undo();
    QCOMPARE(schedule->currentIndex(), 2);
    fixture.bench.undoStack().undo();
    QCOMPARE(schedule->currentIndex(), 0);
    fixture.bench.undoStack().undo();
    QCOMPARE(Fixture::part<QLineEdit>(page, "seedList")->text(), QString("0"));
}

void TestConfigurePage::addToQueueStoresAndStays()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    QSignalSpy shown(&fixture.bench, &Workbench::pageWanted), created(&fixture.bench, &Workbench::comparisonCreated);
    Fixture::part<QPushButton>(page, "addToQueueButton")->click();
    QTRY_COMPARE(created.size(), 1);
    QCOMPARE(shown.size(), 0);
    QVERIFY(!fixture.bench.session().isBusy());
    for (const RunRow& row : fixture.store().runs())
        QVERIFY(row.state == RunState::queued);
    QVERIFY(Fixture::part<QPushButton>(page, "addToQueueButton")->isEnabled());
}

void TestConfigurePage::memoryThatDoesNotFitOffersAWayOut()
{
    Fixture fixture;
    fixture.engine->freeMemory = 50'000'000;
    ConfigurePage page(fixture.bench);
    page.show();
    page.activated();
    auto* bar = Fixture::part<MemoryBar>(page, "memoryBar");
    QTRY_COMPARE(bar->legendEntries(), 8);
    QVERIFY(page.findChild<QPushButton*>("suggestion_0") != nullptr);
    const auto before = fixture.bench.config();
    page.findChild<QPushButton*>("suggestion_1")->click();
    QCOMPARE(fixture.bench.config().maxLength, int64_t(128));
    fixture.bench.undoStack().undo();
    QVERIFY(fixture.bench.config() == before);
    fixture.engine->freeMemory = int64_t(8) << 30;
    auto config = before;
    config.rank = 4;
    fixture.bench.edit(config, "rank");
    QTRY_VERIFY(page.findChild<QPushButton*>("suggestion_0") == nullptr);
    QVERIFY(Fixture::part<QLabel>(page, "summaryCalibration")->text().contains("ot yet calibrated"));
}

void TestConfigurePage::alphaZeroIsAuto()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* alpha = Fixture::part<QLineEdit>(page, "field_alpha");
    QCOMPARE(alpha->text(), QString("auto"));
    alpha->setText("32");
    emit alpha->editingFinished();
    QCOMPARE(fixture.bench.config().alpha, 32.0);
    alpha->setText("auto");
    emit alpha->editingFinished();
    QCOMPARE(fixture.bench.config().alpha, 0.0);
}

void TestConfigurePage::everythingHasAName()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    Fixture::part<QPushButton>(page, "advancedButton")->click();
    QCOMPARE(Fixture::unnamed(page), QStringList());
}

QTEST_MAIN(TestConfigurePage)
#include "tst_configure_page.moc"
