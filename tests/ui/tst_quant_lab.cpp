// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The quantisation laboratory: errors stream in, add up to the whole model's, can be stopped, and a setting that is worse than plain
// quantisation is shown and said to be.
#include "tests/support/layout_faults.h"
#include "tests/ui/page_fixture.h"
#include "ui/models/quant_results.h"
#include "ui/pages/spectrum/lab_view.h"
#include "ui/pages/spectrum_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/theme.h"
#include "ui/widgets/fact_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>

using namespace rankwright;

namespace {

// The page on the fake's default model, the laboratory in front.
struct Lab
{
    PageFixture<>& fixture;
    SpectrumPage page;
    explicit Lab(PageFixture<>& with) : fixture(with), page(with.bench)
    {
        class Nobody : public Events { void on(const Event&) override {} };
        Nobody nobody;
        fixture.bench.selectModel(run(*fixture.engine, InspectJob{}, nobody, {}));
        page.resize(1190, 718);
        page.showView(SpectrumPage::kLab);
        page.show();
    }
    template <class W>
    W* part(const char* name)
    {
        return PageFixture<>::part<W>(page, name);
    }
    LabView& view() { return *page.findChild<LabView*>(); }
    HeatmapPlot& heat() { return *view().findChild<HeatmapPlot*>(); }
    FactView& totals() { return *view().findChild<FactView*>(); }
    void measure()
    {
        part<QPushButton>("labRun")->click();
        if (!QTest::qWaitFor([this] { return !view().isBusy(); }, 20'000))
            qFatal("the laboratory did not come to an end");
    }
};

const QuantSetting kSmall{.method = "qpissa", .rank = 4, .rounds = 1}, kFirstAsked{.method = "loftq", .rank = 4, .rounds = 1};

}  // namespace

class TestQuantLab : public QObject
{
    Q_OBJECT
private slots:
    void normsOfAModelAddUp();
    void errorsStreamInAndStop();
    void heatMapShowsTheRowThatIsChosen();
    void whereItDoesNotHelpIsSaid();
    void curvesRunOverRanksAndRounds();
    void outputErrorNeedsACalibrationBatch();
    void explorerShowsWhatWasWonBack();
    void fieldsThatMeanNothingAreRefused();
    void anotherModelForgetsTheResults();
    void nothingIsClipped_data();
    void nothingIsClipped();
};

void TestQuantLab::normsOfAModelAddUp()
{
    QuantResults results;
    const auto add = [&](const char* name, double error, double plain) {
        results.add({.name = name, .kind = "q", .method = "qpissa", .rank = 4, .rounds = 1, .error = {error, error, error, -1},
            .plain = {plain, plain, plain, -1}});
    };
    add("a", 3, 4);
    add("b", 4, 3);
    add("c", 1, 1);
    const QuantErrorSum total = results.total(kSmall);
    QCOMPARE(total.modules, int64_t(3));
    QCOMPARE(total.error.frobenius, std::sqrt(26.0));
    QCOMPARE(total.error.nuclear, 8.0);
    QCOMPARE(total.error.spectral, 4.0);
    QVERIFY(std::isnan(normOf(total.error, ErrorNorm::output)));
    QCOMPARE(results.reduction(kSmall, "a", ErrorNorm::nuclear), 25.0);
    QVERIFY(std::isnan(results.reduction(kSmall, "a", ErrorNorm::output)));
    QVERIFY(std::isnan(results.reduction(kSmall, "d", ErrorNorm::nuclear)));
    const auto worse = results.notHelped(kSmall, ErrorNorm::nuclear);   // no better counts as no help
    QCOMPARE(worse.size(), size_t(2));
    QCOMPARE(worse[0].name, std::string("b"));
    QVERIFY(std::abs(worse[0].reduction + 100.0 / 3) < 1e-9);
    QCOMPARE(worse[1].name, std::string("c"));
    add("b", 1, 3);   // measured again: the new value takes the old one's place
    QCOMPARE(results.total(kSmall).modules, int64_t(3));
    QCOMPARE(results.notHelped(kSmall, ErrorNorm::nuclear).size(), size_t(1));
}

void TestQuantLab::errorsStreamInAndStop()
{
    PageFixture fixture;
    Lab lab(fixture);
    fixture.engine->perModule = std::chrono::milliseconds(4);
    auto* run = lab.part<QPushButton>("labRun");
    QCOMPARE(run->text(), QString("Measure"));
    run->click();
    QCOMPARE(run->text(), QString("Stop"));
    QVERIFY(!lab.part<QLineEdit>("labRanks")->isEnabled());
    QTRY_VERIFY(!std::isnan(lab.heat().value(0, 0)));   // the first are shown before the last are there
    QVERIFY(lab.view().isBusy());
    bool timed = false;
    const auto looksTimed = [&] {
        for (const QLabel* label : lab.view().findChildren<QLabel*>())
            timed = timed || (label->isVisible() && label->text().endsWith(" left"));
        return timed;
    };
    QTRY_VERIFY(looksTimed());
    run->click();
    QCOMPARE(run->text(), QString("Measure"));
    const auto known = lab.page.desk().lab().total(kFirstAsked).modules;
    QTest::qWait(60);
    QCOMPARE(lab.page.desk().lab().total(kFirstAsked).modules, known);   // what was there stays, nothing more comes
    QVERIFY(known > 0 && known < int64_t(FakeEngine::modules().size()));
    fixture.engine->perModule = std::chrono::microseconds(0);
    lab.measure();
    QCOMPARE(lab.page.desk().lab().total(kFirstAsked).modules, int64_t(FakeEngine::modules().size()));
}

void TestQuantLab::heatMapShowsTheRowThatIsChosen()
{
    PageFixture fixture;
    Lab lab(fixture);
    lab.measure();
    // One line for the format alone and one a setting: 2 methods x 3 ranks x 2 rounds.
    QCOMPARE(lab.totals().table().rowCount(), 13);
    QVERIFY(lab.totals().table().row(0)->tip.contains("NF4 alone"));
    QCOMPARE(lab.totals().currentKey(), QString("qpissa/64/5"));
    const ModuleInfo first = FakeEngine::modules().front();
    const auto expected = [&](int64_t rank, int64_t rounds) {
        return FakeEngine::quantErrorOf(first, "qpissa", rank, rounds, false).reduction();
    };
    QVERIFY(std::abs(lab.heat().value(0, 0) - expected(64, 5)) < 1e-9);
    lab.totals().setFocus();
    lab.totals().setCurrentIndex(lab.totals().table().index(lab.totals().table().rowOf("qpissa/4/1"), 0));
    QVERIFY(std::abs(lab.heat().value(0, 0) - expected(4, 1)) < 1e-9);
    QVERIFY(lab.totals().table().csv().contains("QPiSSA"));
}

void TestQuantLab::whereItDoesNotHelpIsSaid()
{
    PageFixture fixture;
    Lab lab(fixture);
    lab.part<QLineEdit>("labRanks")->setText("4");
    lab.part<QLineEdit>("labRounds")->setText("1");
    lab.measure();
    const auto worse = lab.page.desk().lab().notHelped(kSmall, ErrorNorm::nuclear);
    QVERIFY(!worse.empty());
    const QString verdict = lab.part<QLabel>("labVerdict")->text();
    QVERIFY2(verdict.contains(QString("does not help in %1 of 28 matrices").arg(worse.size())), qPrintable(verdict));
    const auto cell = lab.page.desk().grid().cells.at(worse.front().name);
    QVERIFY(verdict.contains(QString("%1 %2").arg(cell.layer).arg(lab.page.desk().grid().kinds[cell.kind])));
    // In the map: below zero, warm, and not the colour of a matrix that is helped.
    QVERIFY(lab.heat().value(cell.kind, cell.layer) < 0);
    QVERIFY(theme::diverging(-0.5).red() > theme::diverging(-0.5).blue());
    QVERIFY(theme::diverging(0.5).blue() > theme::diverging(0.5).red());
    // In the table: not all matrices, as a problem.
    const FactRow* row = lab.totals().table().row(lab.totals().table().rowOf("qpissa/4/1"));
    QVERIFY(row && row->facts.back().bad);
    QCOMPARE(row->facts.back().value, double(28 - worse.size()));
    // LoftQ helps everywhere here, and that is said too.
    lab.totals().setCurrentIndex(lab.totals().table().index(lab.totals().table().rowOf("loftq/4/1"), 0));
    QVERIFY(lab.part<QLabel>("labVerdict")->text().contains("in all of the matrices measured so far (28)"));
}

void TestQuantLab::curvesRunOverRanksAndRounds()
{
    PageFixture fixture;
    Lab lab(fixture);
    lab.part<QLineEdit>("labRanks")->setText("16, 4,8 ,8");
    lab.part<QLineEdit>("labRounds")->setText("5, 1");
    lab.measure();
    const auto plots = lab.view().findChildren<CurvePlot*>();
    QCOMPARE(plots.size(), 2);
    const QString overRank = plots[0]->csv(), overRounds = plots[1]->csv();
    QCOMPARE(overRank.count("\"QPiSSA, whole model\""), 3);
    QCOMPARE(overRank.count("\"QPiSSA, 0 q_proj\""), 3);
    QCOMPARE(overRounds.count("\"LoftQ, whole model\""), 2);
    lab.page.choose("model.layers.2.mlp.up_proj");
    QCOMPARE(plots[0]->csv().count("\"QPiSSA, 2 up_proj\""), 3);
}

void TestQuantLab::outputErrorNeedsACalibrationBatch()
{
    PageFixture fixture;
    Lab lab(fixture);
    lab.part<QLineEdit>("labModules")->setText("q_proj,v_proj");
    lab.measure();
    auto* norm = lab.part<QComboBox>("labNorm");
    norm->setCurrentIndex(3);
    QVERIFY(std::isnan(lab.heat().value(0, 0)));
    QCOMPARE(lab.totals().table().row(0)->facts[5].text, QString("–"));
    lab.part<QCheckBox>("labCalibrate")->setChecked(true);
    lab.measure();
    QVERIFY(!std::isnan(lab.heat().value(0, 0)));
    QVERIFY(std::isnan(lab.heat().value(1, 0)));   // k_proj was not asked for
    QVERIFY(lab.totals().table().row(0)->facts[5].value > 0);
}

void TestQuantLab::explorerShowsWhatWasWonBack()
{
    PageFixture fixture;
    Lab lab(fixture);
    lab.measure();
    lab.page.showView(SpectrumPage::kExplorer);
    lab.part<QComboBox>("spectrumMeasure")->setCurrentIndex(4);
    HeatmapPlot* map = nullptr;
    for (auto* one : lab.page.findChildren<HeatmapPlot*>())
        map = one->isVisible() ? one : map;
    QVERIFY(map && map != &lab.heat());
    const double won = FakeEngine::quantErrorOf(FakeEngine::modules().front(), "qpissa", 64, 5, false).reduction();
    QVERIFY(std::abs(map->value(0, 0) - won) < 1e-9);
}

void TestQuantLab::fieldsThatMeanNothingAreRefused()
{
    PageFixture fixture;
    Lab lab(fixture);
    const int64_t jobs = fixture.engine->jobs;
    const auto said = [&](const QString& part) {
        for (const QLabel* label : lab.page.findChildren<QLabel*>()) {
            if (label->isVisible() && label->text().contains(part))
                return true;
        }
        return false;
    };
    lab.part<QLineEdit>("labRanks")->setText("4, many");
    lab.measure();
    QVERIFY(said("many"));
    lab.part<QLineEdit>("labRanks")->setText(" ");
    lab.measure();
    QVERIFY(said("whole numbers from 1"));
    lab.part<QLineEdit>("labRanks")->setText("0");
    lab.measure();
    QVERIFY(said("whole numbers from 1"));
    lab.part<QLineEdit>("labRanks")->setText("4");
    lab.part<QCheckBox>("labLoftq")->setChecked(false);
    lab.part<QCheckBox>("labQpissa")->setChecked(false);
    lab.measure();
    QVERIFY(said("none is ticked"));
    QVERIFY(lab.page.desk().lab().empty());
    QVERIFY(fixture.engine->jobs <= jobs + 1);   // the spectra's, no other
}

void TestQuantLab::anotherModelForgetsTheResults()
{
    PageFixture fixture;
    Lab lab(fixture);
    lab.measure();
    ModelInfo other = *fixture.bench.model();
    other.spec = "/models/other";
    fixture.bench.selectModel(other);
    QVERIFY(lab.page.desk().lab().empty());
    QCOMPARE(lab.totals().table().rowCount(), 0);
    QVERIFY(std::isnan(lab.heat().value(0, 0)));
}

void TestQuantLab::nothingIsClipped_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    QTest::newRow("1280x800") << QSize(1190, 718) << false;   // the page's part of the window
    QTest::newRow("1280x800 dark") << QSize(1190, 718) << true;
    QTest::newRow("1920x1080") << QSize(1830, 998) << false;
    QTest::newRow("1920x1080 dark") << QSize(1830, 998) << true;
}

// With RANKWRIGHT_PICTURES the view is also saved there, to be looked at.
void TestQuantLab::nothingIsClipped()
{
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
    PageFixture fixture;
    Lab lab(fixture);
    lab.page.resize(size);
    lab.part<QCheckBox>("labCalibrate")->setChecked(true);
    lab.measure();
    lab.totals().setCurrentIndex(lab.totals().table().index(lab.totals().table().rowOf("qpissa/4/1"), 0));
    const QString folder = qEnvironmentVariable("RANKWRIGHT_PICTURES");
    const auto save = [&](const char* what) {
        QTest::qWait(150);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);   // a figure may have come at the last moment
        if (!folder.isEmpty())
            lab.page.grab().save(QStringLiteral("%1/lab%2-%3.png").arg(folder, what, QString(QTest::currentDataTag()).replace(' ', '-')));
        return layoutFaults(lab.page);
    };
    const QStringList done = save("");
    QVERIFY2(done.isEmpty(), qPrintable(done.join('\n')));
    fixture.engine->perModule = std::chrono::milliseconds(20);
    lab.part<QPushButton>("labRun")->click();
    QTRY_VERIFY(!lab.page.desk().lab().empty());
    const QStringList busy = save("-busy");
    lab.view().stop();
    QVERIFY2(busy.isEmpty(), qPrintable(busy.join('\n')));
    QCOMPARE(lab.page.size(), size);
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestQuantLab)
#include "tst_quant_lab.moc"
