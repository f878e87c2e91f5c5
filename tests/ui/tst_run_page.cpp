// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Run page: live curves, progress, pause, checkpoint, stop; and what it shows of runs that ended earlier.
#include "tests/ui/page_fixture.h"
#include "training/api/update_sentence.h"
#include "ui/models/curve_store.h"
#include "ui/models/reach.h"
#include "ui/pages/run_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/models/drift_history.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/widgets/arm_progress.h"
#include "ui/widgets/postmortem_view.h"

#include <QComboBox>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTabWidget>

#include <cmath>

using namespace rankwright;
using Fixture = PageFixture<>;

class TestRunPage : public QObject
{
    Q_OBJECT
private slots:
    void emptyStoreOffersConfigure();
    void liveCurvesHoldEveryStep();
    void theLastComparisonIsShownAgain();
    void pauseHoldsAndGoesOn();
    void checkpointIsWrittenAndSaid();
    void stopSavesAndDropsTheQueue();
    void nextArmGoesOn();
    void skippedStepsAreNoted();
    void aFailingRunSaysWhy();
    void aResumedRunGoesOverItsLastSteps();
    void storedAndLivePointsJoin();
    void differencesAndReach();
    void proofsAreMeasuredNumbers();
    void anEarlyStopSaysWhy();
    void driftIsDrawnOverTime();
    void measureNowAsksForAllDirections();
    void thePostmortemFindsTheRank();
    void metricsHaveTheirCurve();
    void runsGoToTheChat();
    void everythingHasAName();
};

namespace {

// Rows of one label in a plot's CSV.
int countRows(const CurvePlot* plot, const QString& label)
{
    int found = 0;
    for (const QString& line : plot->csv().split('\n'))
        found += line.startsWith(label + ',') || line.startsWith('"' + label + "\",") ? 1 : 0;
    return found;
}

void begin(Fixture& fixture, RunPage& page, int64_t steps, std::chrono::microseconds perStep)
{
    fixture.engine->perStep = perStep;
    auto config = fixture.bench.config();
    config.steps = steps;
    config.evalEvery = 10;
    config.evalData = "default";
    fixture.bench.edit(config, "steps");
    page.resize(1200, 760);
    page.show();
    page.activated();
    fixture.create();
}

bool waitUntilIdle(Fixture& fixture)
{
    return QTest::qWaitFor([&] { return !fixture.bench.session().isBusy(); }, 30'000);
}

}  // namespace

void TestRunPage::emptyStoreOffersConfigure()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(Fixture::part<QPushButton>(page, "goConfigureButton")->isVisible());
    for (const char* name : {"pauseButton", "checkpointButton", "stopButton"})
        QVERIFY2(!Fixture::part<QPushButton>(page, name)->isEnabled(), name);
}

void TestRunPage::liveCurvesHoldEveryStep()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    begin(fixture, page, 60, std::chrono::microseconds(1000));
    auto* stop = Fixture::part<QPushButton>(page, "stopButton");
    QTRY_VERIFY(stop->isEnabled());
    QVERIFY(waitUntilIdle(fixture));
    QVERIFY(!stop->isEnabled());
    auto* plot = Fixture::part<CurvePlot>(page, "lossPlot");
    for (const QString name : {"lora", "pissa"})
        QTRY_COMPARE(countRows(plot, name), 60);
    QCOMPARE(countRows(Fixture::part<CurvePlot>(page, "ratePlot"), "pissa"), 60);
    const auto arms = page.findChildren<ArmProgress*>();
    QCOMPARE(arms.size(), 2);
    for (const auto* arm : arms) {
        QCOMPARE(arm->state(), RunState::finished);
        QCOMPARE(arm->step(), int64_t(60));
        QVERIFY(Fixture::part<QLabel>(*const_cast<ArmProgress*>(arm), "stepZeroBadge")->text().startsWith("✓"));
    }
    // By tokens the same points stand elsewhere.
    auto* axis = Fixture::part<QComboBox>(page, "axisBox");
    axis->setCurrentIndex(1);
    emit axis->activated(1);
    QVERIFY(plot->csv().contains(QString::number(60 * 256 * fixture.bench.config().batch)));
}

void TestRunPage::theLastComparisonIsShownAgain()
{
    Fixture fixture;
    fixture.trainBoth(25);
    RunPage page(fixture.bench);
    page.show();
    page.activated();
    auto* plot = Fixture::part<CurvePlot>(page, "lossPlot");
    QTRY_COMPARE(countRows(plot, "lora"), 25);
    QCOMPARE(countRows(plot, "pissa"), 25);
    QCOMPARE(page.findChildren<ArmProgress*>().size(), 2);
}

void TestRunPage::pauseHoldsAndGoesOn()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    begin(fixture, page, 200, std::chrono::microseconds(2000));
    auto* pause = Fixture::part<QPushButton>(page, "pauseButton");
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && pause->isEnabled());
    pause->click();
    QTest::qWait(100);
    const int64_t held = fixture.engine->stepsTaken;
    QTest::qWait(200);
    QCOMPARE(fixture.engine->stepsTaken.load(), held);
    QVERIFY(fixture.bench.session().isPaused());
    QCOMPARE(pause->text(), QString("Go on"));
    pause->click();
    QTRY_VERIFY(fixture.engine->stepsTaken > held + 5);
    fixture.bench.session().stopAll();
    QVERIFY(waitUntilIdle(fixture));
}

void TestRunPage::checkpointIsWrittenAndSaid()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    begin(fixture, page, 400, std::chrono::microseconds(2000));
    auto* notes = Fixture::part<QPlainTextEdit>(page, "runNotes");
    auto* checkpoint = Fixture::part<QPushButton>(page, "checkpointButton");
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && checkpoint->isEnabled());
    checkpoint->click();
    QTRY_VERIFY(notes->toPlainText().contains("Checkpoint at step"));
    QVERIFY(fixture.bench.session().isBusy());
    fixture.bench.session().stopAll();
    QVERIFY(waitUntilIdle(fixture));
}

void TestRunPage::stopSavesAndDropsTheQueue()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    begin(fixture, page, 2000, std::chrono::microseconds(2000));
    auto* stop = Fixture::part<QPushButton>(page, "stopButton");
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && stop->isEnabled());
    stop->click();
    QVERIFY(!stop->isEnabled());
    QVERIFY(waitUntilIdle(fixture));
    int stopped = 0, queued = 0;
    for (const RunRow& row : fixture.store().runs()) {
        stopped += row.state == RunState::stopped ? 1 : 0;
        queued += row.state == RunState::queued ? 1 : 0;
        if (row.state == RunState::stopped)
            QVERIFY(std::filesystem::exists(std::filesystem::path(row.folder) / "checkpoints"));
    }
    QCOMPARE(stopped, 1);
    QCOMPARE(queued, 1);
    QTRY_COMPARE(stop->text(), QString("Stop and save"));
}

void TestRunPage::nextArmGoesOn()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    begin(fixture, page, 300, std::chrono::microseconds(2000));
    auto* skip = Fixture::part<QPushButton>(page, "skipButton");
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && skip->isEnabled());
    const auto first = fixture.bench.session().current();
    skip->click();
    QTRY_VERIFY(!fixture.bench.session().current().isEmpty() && fixture.bench.session().current() != first);
    QTRY_VERIFY(!skip->isEnabled());   // none is left to go on to
    fixture.bench.session().stopAll();
    QVERIFY(waitUntilIdle(fixture));
}

void TestRunPage::skippedStepsAreNoted()
{
    Fixture fixture;
    fixture.engine->notFiniteAt = 7;
    RunPage page(fixture.bench);
    begin(fixture, page, 12, std::chrono::microseconds(500));
    QVERIFY(waitUntilIdle(fixture));
    QTRY_VERIFY(Fixture::part<QPlainTextEdit>(page, "runNotes")->toPlainText().contains("Step 7 was skipped"));
    RunPage later(fixture.bench);      // also from the store
    later.show();
    later.activated();
    QTRY_VERIFY(Fixture::part<QPlainTextEdit>(later, "runNotes")->toPlainText().contains("Step 7 was skipped"));
}

void TestRunPage::aFailingRunSaysWhy()
{
    Fixture fixture;
    fixture.engine->beforeStep = [](int64_t step) {
        if (step == 3)
            throw Error(ErrorParts{.code = Code::memory, .file = {}, .place = "training", .found = "<b>no memory</b>",
                .allowed = {}, .advice = "Use a smaller batch."});
    };
    RunPage page(fixture.bench);
    begin(fixture, page, 10, std::chrono::microseconds(500));
    QVERIFY(waitUntilIdle(fixture));
    bool said = false;
    for (const auto* label : page.findChildren<QLabel*>()) {
        if (!label->text().contains("Use a smaller batch."))
            continue;
        said = true;
        QCOMPARE(label->textFormat(), Qt::PlainText);
    }
    QVERIFY(said);
}

void TestRunPage::aResumedRunGoesOverItsLastSteps()
{
    CurveStore curves(QDir::tempPath().toStdString());
    const auto step = [](int64_t number, double loss) {
        return Event(StepEvent{.run = "r", .step = number, .steps = 9, .loss = loss, .lr = 1, .gradNorm = 1,
            .tokens = number * 10, .targets = number, .seconds = double(number)});
    };
    curves.append({step(1, 3), step(2, 2), step(3, 1)});
    bool again = false;
    connect(&curves, &CurveStore::pointAdded, this,
        [&](const QString&, const QString&, const CurvePoint&, bool over) { again |= over; });
    curves.append({step(2, 5)});
    QVERIFY(again);
    const auto& loss = curves.points("r", "loss");
    QCOMPARE(loss.size(), size_t(2));
    QCOMPARE(loss.back().value, 5.0);
    // An evaluation stands where the training was, not at its own small count.
    curves.append({Event(EvalEvent{.run = "r", .step = 2, .loss = 4, .rows = 1, .tokens = 7, .seconds = 0.1})});
    QCOMPARE(curves.points("r", "evalLoss").back().tokens, int64_t(20));
    QCOMPARE(curves.points("r", "evalLoss").back().seconds, 2.0);
}

void TestRunPage::storedAndLivePointsJoin()
{
    const std::vector<CurvePoint> stored = {{1, 10, 0, 0}, {2, 20, 0, 0}, {4, 40, 0, 0}};
    const std::vector<CurvePoint> live = {{2, 99, 0, 0}, {3, 30, 0, 0}, {5, 50, 0, 0}};
    const auto joined = mergedCurves(stored, live);
    QCOMPARE(joined.size(), size_t(5));
    for (size_t i = 0; i < joined.size(); ++i) {
        QCOMPARE(joined[i].step, int64_t(i + 1));
        QCOMPARE(joined[i].value, 10.0 * double(i + 1));
    }
}

void TestRunPage::differencesAndReach()
{
    std::vector<CurvePoint> base, arm;
    for (int64_t i = 1; i <= 100; ++i) {
        base.push_back({i, 10.0 - 0.05 * double(i), i * 100, double(i)});
        arm.push_back({i, 10.0 - 0.10 * double(i), i * 200, double(i) * 3});
    }
    QCOMPARE(finalLoss(base), 10.0 - 0.05 * 95.5);             // the last ten
    const auto hit = reached(arm, finalLoss(base), lossWindow(base));
    QVERIFY(hit);
    QCOMPARE(hit->step, int64_t(53));                           // mean of 44..53: 10 - 0.1 * 48.5 <= 5.225
    QVERIFY(!reached(base, 1.0, 10));
    QVERIFY(std::isnan(finalLoss({})));
    arm[49].value = std::nan("");                               // one skipped step does not hide the rest
    QVERIFY(reached(arm, finalLoss(base), 10));
    const auto bySteps = difference(base, base, Axis::step);
    QCOMPARE(bySteps.size(), size_t(100));
    QCOMPARE(bySteps[30].y, 0.0);
    const std::vector<CurvePoint> sparse = {{10, 1, 150, 0}, {500, 1, 99'999, 0}};
    QCOMPARE(difference(sparse, base, Axis::step).size(), size_t(1));
    const auto byTokens = difference(sparse, base, Axis::tokens);
    QCOMPARE(byTokens.size(), size_t(1));
    QCOMPARE(byTokens[0].y, 1 - (10.0 - 0.05 * 1.5));           // between steps 1 and 2
}

void TestRunPage::proofsAreMeasuredNumbers()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    begin(fixture, page, 30, std::chrono::microseconds(200));
    QVERIFY(waitUntilIdle(fixture));
    QTRY_COMPARE(page.findChildren<ArmProgress*>().size(), 2);
    const auto badges = page.findChildren<QLabel*>("stepZeroBadge");
    const auto text = [&](int i) { return badges[i]->text(); };
    QTRY_VERIFY2(text(1).contains("✓ paired with lora"), qPrintable(text(1)));
    QVERIFY2(text(1).contains("2.4e-06") && text(1).contains("3.0e-08"), qPrintable(text(1)));
    QVERIFY(!text(0).contains("paired"));                 // the baseline itself
    // The lowest evaluation is circled.
    QTRY_COMPARE(countRows(Fixture::part<CurvePlot>(page, "lossPlot"), "pissa, best"), 1);
    // Runs that are not paired say what differs.
    RunStarted own, other;
    own.orderHash = "a";
    other.orderHash = "b";
    auto* arm = page.findChildren<ArmProgress*>()[1];
    arm->setBaseline(&own, &other, "LoRA");
    QVERIFY2(text(1).contains("✗ not paired with LoRA: other order of the rows"), qPrintable(text(1)));
}

void TestRunPage::anEarlyStopSaysWhy()
{
    Fixture fixture;
    fixture.engine->overfitsFrom = 20;
    auto config = fixture.bench.config();
    config.patience = 2;
    config.keep = "best";
    fixture.bench.edit(config, "patience");
    RunPage page(fixture.bench);
    begin(fixture, page, 500, std::chrono::microseconds(100));
    QVERIFY(waitUntilIdle(fixture));
    const auto badge = page.findChildren<QLabel*>("stepZeroBadge").front()->text();
    QVERIFY2(badge.contains("ended early: 2 evaluations in a row") && badge.contains("kept"), qPrintable(badge));
    RunPage later(fixture.bench);                         // from the store
    later.show();
    later.activated();
    QTRY_COMPARE(later.findChildren<ArmProgress*>().size(), 2);
    QVERIFY(later.findChildren<QLabel*>("stepZeroBadge").front()->text().contains("ended early"));
}

void TestRunPage::driftIsDrawnOverTime()
{
    Fixture fixture;
    auto config = fixture.bench.config();
    config.driftEvery = 5;
    fixture.bench.edit(config, "drift");
    RunPage page(fixture.bench);
    begin(fixture, page, 30, std::chrono::microseconds(200));
    Fixture::part<QTabWidget>(page, "runTabs")->setCurrentIndex(1);
    QVERIFY(waitUntilIdle(fixture));
    auto* slider = Fixture::part<QSlider>(page, "driftStep");
    QTRY_COMPARE_WITH_TIMEOUT(slider->maximum(), 5, 30000);   // steps 5, 10, ..., 30
    QCOMPARE(slider->value(), 5);                         // it follows the newest
    auto* map = Fixture::part<HeatmapPlot>(page, "driftMap");
    const double last = map->value(0, 3);
    slider->setValue(0);
    QCOMPARE(Fixture::part<QLabel>(page, "driftStepText")->text(), QString("step 5"));
    QVERIFY(map->value(0, 3) > 0 && map->value(0, 3) < last);
    auto* curves = Fixture::part<CurvePlot>(page, "driftCurves");
    QCOMPARE(countRows(curves, "lora"), 6);               // both arms' curves of the chosen module
    QCOMPARE(countRows(curves, "pissa"), 6);
    auto* measure = Fixture::part<QComboBox>(page, "driftMeasure");
    measure->setCurrentIndex(int(DriftMeasure::inside));
    emit measure->activated(measure->currentIndex());
    QVERIFY(map->value(0, 0) <= 100 && map->value(0, 0) != last);
    RunPage later(fixture.bench);                         // from the store
    later.show();
    later.activated();
    QTRY_COMPARE(Fixture::part<QSlider>(later, "driftStep")->maximum(), 5);
}

void TestRunPage::measureNowAsksForAllDirections()
{
    Fixture fixture;
    fixture.trainBoth(20);
    RunPage page(fixture.bench);
    page.resize(1200, 760);
    page.show();
    page.activated();
    Fixture::part<QTabWidget>(page, "runTabs")->setCurrentIndex(1);
    auto* button = Fixture::part<QPushButton>(page, "driftMeasureNow");
    QTRY_VERIFY(button->isEnabled());
    auto* map = Fixture::part<HeatmapPlot>(page, "driftMap");
    QVERIFY(!map->isVisible());
    QVERIFY(!Fixture::part<QLabel>(page, "driftNote")->text().isEmpty());
    button->click();
    QTRY_VERIFY(map->isVisible());
    QCOMPARE(Fixture::part<QLabel>(page, "driftStepText")->text(), QString("step 20"));
    QVERIFY(map->value(0, 3) > 0 && map->value(0, 3) < 100);
}

void TestRunPage::thePostmortemFindsTheRank()
{
    Fixture fixture;
    fixture.trainBoth(20);
    RunPage page(fixture.bench);
    page.resize(1200, 760);
    page.show();
    page.activated();
    Fixture::part<QTabWidget>(page, "runTabs")->setCurrentIndex(2);
    auto* button = Fixture::part<QPushButton>(page, "postmortemButton");
    QTRY_VERIFY(button->isEnabled());
    QVERIFY(!Fixture::part<QPushButton>(page, "postmortemExport")->isEnabled());
    button->click();
    // Values fall as exp(-i / 2): 1 - exp(-3) = 0.9502 of the energy is in the first three.
    auto* sentence = Fixture::part<QLabel>(page, "postmortemSentence");
    QTRY_COMPARE(sentence->text(), QString("95.0 % of the update lives in rank 3 of 16."));
    QCOMPARE(Fixture::part<QSpinBox>(page, "postmortemRank")->value(), 3);
    QCOMPARE(countRows(Fixture::part<CurvePlot>(page, "postmortemLoss"), "cut to this rank"), 5);
    Fixture::part<QPushButton>(page, "postmortemExport")->click();
    auto* note = Fixture::part<QLabel>(page, "postmortemNote");
    QTRY_VERIFY2(note->text().contains("rank-3"), qPrintable(note->text()));
    QCOMPARE(updateSentence({}), std::string("The run has changed nothing: there is no update."));
    QCOMPARE(updateSentence({0.5, 0.9997, 1}), std::string("99.9 % of the update lives in rank 2 of 3."));   // not 100
    QCOMPARE(updateSentence({0.3, 0.6, 1 - 1e-16}), std::string("100 % of the update lives in rank 3 of 3."));
}

void TestRunPage::metricsHaveTheirCurve()
{
    Fixture fixture;
    auto config = fixture.bench.config();
    config.metrics = "accuracy,f1";
    fixture.bench.edit(config, "metrics");
    RunPage page(fixture.bench);
    auto* series = Fixture::part<QComboBox>(page, "curveSeriesBox");
    begin(fixture, page, 60, std::chrono::microseconds(1000));
    QTRY_COMPARE(series->count(), 3);
    QVERIFY(series->isVisible());
    series->setCurrentIndex(1);
    emit series->activated(1);
    auto* plot = Fixture::part<CurvePlot>(page, "lossPlot");
    QVERIFY(waitUntilIdle(fixture));
    // Before the first step, every tenth, after the last: the loss's points are not among them.
    QTRY_COMPARE(countRows(plot, "lora"), 7);
    QCOMPARE(series->currentIndex(), 1);   // the choice stayed while points came
    for (auto* arm : page.findChildren<ArmProgress*>())
        QVERIFY(Fixture::part<QLabel>(*arm, "stepZeroBadge")->text().startsWith("Accuracy 0."));
    QTest::qWait(100);
    if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
        page.grab().save(folder + "/run-metric.png");
    series->setCurrentIndex(0);
    emit series->activated(0);
    QCOMPARE(countRows(plot, "lora"), 60);
}

void TestRunPage::runsGoToTheChat()
{
    Fixture fixture;
    RunPage page(fixture.bench);
    page.show();
    page.activated();
    auto* chat = Fixture::part<QPushButton>(page, "runChatButton");
    QVERIFY(!chat->isEnabled());
    const auto runs = fixture.trainBoth();
    QTRY_VERIFY(chat->isEnabled());
    const auto arms = page.findChildren<ArmProgress*>();
    QCOMPARE(arms.size(), 2);
    QTRY_VERIFY(arms[0]->state() == RunState::finished && arms[1]->state() == RunState::finished);
    QSignalSpy wanted(&fixture.bench, &Workbench::chatWanted);
    QSignalSpy shown(&fixture.bench, &Workbench::pageWanted);
    chat->click();
    QCOMPARE(wanted.size(), 1);
    QCOMPARE(wanted[0][0].toStringList(), runs);
    QCOMPARE(shown[0][0].toString(), QString("chat"));
}

void TestRunPage::everythingHasAName()
{
    Fixture fixture;
    fixture.trainBoth();
    RunPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_COMPARE(page.findChildren<ArmProgress*>().size(), 2);
    QCOMPARE(Fixture::unnamed(page), QStringList());
}

QTEST_MAIN(TestRunPage)
#include "tst_run_page.moc"
