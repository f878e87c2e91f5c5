// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Spectrum page, explorer and rank planner: singular values stream in and are kept, those of other models and runs are laid over
// them, ranks come from energy, budgets or by hand, every change can be undone, and only "Use these ranks" touches the configuration.
// The laboratory has tst_quant_lab.
#include "storage/run_store.h"
#include "tests/support/layout_faults.h"
#include "tests/ui/page_fixture.h"
#include "training/api/spectrum_measures.h"
#include "ui/pages/spectrum/explorer_view.h"
#include "ui/pages/spectrum/planner_view.h"
#include "ui/pages/spectrum_page.h"
#include "ui/models/rank_draft.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/plots/spectrum_plot.h"
#include "ui/theme.h"
#include "ui/widgets/fact_view.h"
#include "ui/widgets/rank_view.h"

#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTabBar>

using namespace rankwright;

namespace {

const std::string kFirst = "model.layers.0.self_attn.q_proj";

ModelInfo defaultInfo(FakeEngine& engine)
{
    class Nobody : public Events { void on(const Event&) override {} };
    Nobody nobody;
    return run(engine, InspectJob{}, nobody, {});
}

// A page on the fake's default model, with all spectra there.
struct Ready
{
    PageFixture<>& fixture;
    SpectrumPage page;
    explicit Ready(PageFixture<>& with) : fixture(with), page(with.bench)
    {
        if (!fixture.bench.model())
            fixture.bench.selectModel(defaultInfo(*fixture.engine));
        page.resize(1190, 740);
        page.show();
        page.activated();
        if (!QTest::qWaitFor([this] { return !fixture.bench.spectra().empty() && usable(); }, 10'000))
            qFatal("the spectra did not arrive");
    }
    [[nodiscard]] bool usable() const { return page.findChild<RankView*>()->isEnabled(); }
    [[nodiscard]] ExplorerView& explorer() { return *page.findChild<ExplorerView*>(); }
    [[nodiscard]] QString text(const char* name) { return PageFixture<>::part<QLabel>(page, name)->text(); }
    QPushButton* button(const QString& text)
    {
        for (auto* one : page.findChildren<QPushButton*>()) {
            if (one->text() == text)
                return one;
        }
        return nullptr;
    }
    QSpinBox* box(const QString& name)
    {
        for (auto* one : page.findChildren<QSpinBox*>()) {
            if (one->accessibleName() == name)
                return one;
        }
        return nullptr;
    }
};

}  // namespace

class TestSpectrumPage : public QObject
{
    Q_OBJECT
private slots:
    void valuesStreamInAndAreKept();
    void knownValuesAreNotComputedAgain();
    void cancelKeepsWhatIsThereAndGoesOn();
    void energySliderSetsARankEach();
    void parametersAreABudget();
    void sameRankEverywhereNeedsNoPlan();
    void editedCellIsUndone();
    void oneValueGoesIntoAllSelectedCells();
    void cutOfTheEnergyCurveIsTheModulesRank();
    void useRanksIsUndoable();
    void ranksOutsideTheModulesPatternWidenIt();
    void heatMapTableAndCurvesShowTheSameMatrix();
    void colourFollowsTheMeasure();
    void valuesAboveTheNoiseEdge();
    void anotherModelIsLaidOver();
    void runIsLaidOver();
    void overlayThatFailsGoesAway();
    void matricesAreHeldBesideEachOther();
    void figuresByKindAndByLayer();
    void memoryIsABudget();
    void weighedByACalibrationBatch();
    void weighingThatFailsIsSwitchedOff();
    void patternsForPeft();
    void whatParametersBuy();
    void theNewestFrontierIsAnswered();
    void saysThatWeightsAreFourBit();
    void anotherModelStartsAfresh();
    void closingWithAnOpenEditorIsHarmless();
    void everyControlHasAName();
    void nothingIsClipped_data();
    void nothingIsClipped();
};

void TestSpectrumPage::valuesStreamInAndAreKept()
{
    PageFixture fixture;
    fixture.engine->perModule = std::chrono::milliseconds(3);
    fixture.bench.selectModel(defaultInfo(*fixture.engine));
    SpectrumPage page(fixture.bench);
    page.show();
    auto* map = page.findChild<ExplorerView*>()->findChild<HeatmapPlot*>();
    QVERIFY(std::isnan(map->value(0, 0)));
    page.activated();
    QTRY_VERIFY(!std::isnan(map->value(0, 0)));
    QVERIFY(fixture.bench.spectra().empty());  // the first are shown before the last are there
    QVERIFY(page.findChild<QProgressBar*>()->isVisible());
    QVERIFY(!page.findChild<RankView*>()->isEnabled());
    QTRY_COMPARE(fixture.bench.spectra().size(), FakeEngine::modules().size());
    QVERIFY(!page.findChild<QProgressBar*>()->isVisible());
    QVERIFY(page.findChild<RankView*>()->isEnabled());
    for (int kind = 0; kind < 7; ++kind) {
        for (int layer = 0; layer < 4; ++layer)
            QVERIFY(map->value(kind, layer) > 0);
    }
    QTRY_COMPARE(fixture.store().allSpectra().size(), FakeEngine::modules().size());
}

void TestSpectrumPage::knownValuesAreNotComputedAgain()
{
    PageFixture fixture;
    {
        Ready first(fixture);
        QTRY_COMPARE(fixture.store().allSpectra().size(), FakeEngine::modules().size());
    }
    QCOMPARE(fixture.engine->modulesComputed.load(), int64_t(FakeEngine::modules().size()));
    fixture.bench.setSpectra({});
    Ready second(fixture);
    QCOMPARE(fixture.engine->modulesComputed.load(), int64_t(FakeEngine::modules().size()));
    QVERIFY(second.page.plan().parameters > 0);
}

void TestSpectrumPage::cancelKeepsWhatIsThereAndGoesOn()
{
    PageFixture fixture;
    fixture.engine->perModule = std::chrono::milliseconds(20);
    fixture.bench.selectModel(defaultInfo(*fixture.engine));
    SpectrumPage page(fixture.bench);
    page.show();
    page.activated();
    auto* map = page.findChild<ExplorerView*>()->findChild<HeatmapPlot*>();
    QTRY_VERIFY(!std::isnan(map->value(2, 1)));  // ten are there
    QPushButton* cancel = nullptr;
    for (auto* button : page.findChildren<QPushButton*>())
        cancel = button->text() == "Cancel" ? button : cancel;
    QVERIFY(cancel && cancel->isVisible());
    cancel->click();
    QCOMPARE(cancel->text(), QString("Compute"));
    QTest::qWait(60);
    const int64_t computed = fixture.engine->modulesComputed;
    QVERIFY(computed < int64_t(FakeEngine::modules().size()));
    QVERIFY(fixture.bench.spectra().empty());
    QVERIFY(!page.findChild<RankView*>()->isEnabled());
    fixture.engine->perModule = std::chrono::milliseconds(0);
    cancel->click();
    QTRY_COMPARE(fixture.bench.spectra().size(), FakeEngine::modules().size());
    // What was there before the cancel was kept: only what was under way or on its way to the page is computed twice.
    QVERIFY(fixture.engine->modulesComputed <= int64_t(FakeEngine::modules().size()) + 4);
}

void TestSpectrumPage::energySliderSetsARankEach()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* slider = ready.page.findChild<QSlider*>();
    slider->setValue(700);
    for (const PlannedModule& module : ready.page.plan().modules) {
        QVERIFY2(module.energy >= 0.7 - 1e-6, module.name.c_str());
        const auto spectrum = FakeEngine::spectrumOf(ModuleInfo{.name = module.name, .layer = 0, .kind = {},
            .rows = module.rows, .cols = module.cols, .dtype = {}});
        QVERIFY(module.rank == 1 || capturedEnergy(spectrum, module.rank - 1) < 0.7);
    }
    QVERIFY(fixture.bench.config().plan.empty());  // a draft so far
    QCOMPARE(fixture.bench.undoStack().undoText(), QString("Ranks by energy"));
    fixture.bench.undoStack().undo();
    QCOMPARE(ready.page.draft().at(kFirst).rank, int64_t(16));
}

void TestSpectrumPage::parametersAreABudget()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.box("Trainable parameters")->setValue(40'000);
    QVERIFY(ready.page.plan().parameters <= 40'000);
    QVERIFY(ready.page.plan().parameters > 39'000);
    // Too small for anything: said beside the field, and nothing changes.
    const auto before = ready.page.draft();
    ready.box("Trainable parameters")->setValue(1);
    QCOMPARE(ready.page.draft(), before);
}

void TestSpectrumPage::sameRankEverywhereNeedsNoPlan()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.box("Same rank everywhere")->setValue(48);
    QCOMPARE(ready.page.draft().at("model.layers.0.self_attn.k_proj").rank, int64_t(32));  // 32 x 64 has no more
    ready.page.useRanks();
    QCOMPARE(fixture.bench.config().rank, int64_t(48));
    QVERIFY(fixture.bench.config().plan.empty());
    QVERIFY(ready.button("These ranks are in use"));
}

void TestSpectrumPage::editedCellIsUndone()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* view = ready.page.findChild<RankView*>();
    const QAbstractItemModelTester tester(view->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    const QModelIndex cell = view->model()->index(2, 4);
    QVERIFY(view->model()->setData(cell, 5, Qt::EditRole));
    QCOMPARE(cell.data().toInt(), 5);
    QCOMPARE(ready.page.draft().at("model.layers.2.mlp.gate_proj").rank, int64_t(5));
    QVERIFY(!view->model()->setData(cell, "many", Qt::EditRole));
    QVERIFY(!view->model()->setData(cell, -3, Qt::EditRole));
    QVERIFY(view->model()->setData(cell, 100'000, Qt::EditRole));
    QCOMPARE(cell.data().toInt(), 64);  // cut at the smaller side
    fixture.bench.undoStack().undo();
    QCOMPARE(cell.data().toInt(), 5);
    fixture.bench.undoStack().undo();
    QCOMPARE(cell.data().toInt(), 16);
    fixture.bench.undoStack().redo();
    QCOMPARE(cell.data().toInt(), 5);
}

void TestSpectrumPage::oneValueGoesIntoAllSelectedCells()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.showView(SpectrumPage::kPlanner);
    auto* view = ready.page.findChild<RankView*>();
    view->setCurrentIndex(view->model()->index(0, 1));
    view->selectColumn(1);
    view->setFocus();
    QTest::keyClicks(view, "7");
    auto* editor = view->findChild<QSpinBox*>();
    QVERIFY(editor);
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(view->model()->index(0, 1).data().toInt(), 7);
    for (int layer = 0; layer < 4; ++layer)
        QCOMPARE(view->model()->index(layer, 1).data().toInt(), 7);
    QCOMPARE(view->model()->index(0, 0).data().toInt(), 16);
    QCOMPARE(fixture.bench.undoStack().count(), 1);  // one edit, one undo
    fixture.bench.undoStack().undo();
    QCOMPARE(view->model()->index(3, 1).data().toInt(), 16);
    view->selectRow(2);
    QTest::keyClick(view, Qt::Key_Delete);
    for (int kind = 0; kind < 7; ++kind)
        QCOMPARE(view->model()->index(2, kind).data().toInt(), 0);
}

void TestSpectrumPage::cutOfTheEnergyCurveIsTheModulesRank()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.choose("model.layers.1.mlp.down_proj");
    auto* energy = ready.page.findChild<EnergyPlot*>();
    QCOMPARE(energy->cut(), int64_t(16));
    QTest::keyClick(energy, Qt::Key_PageUp);
    QCOMPARE(ready.page.draft().at("model.layers.1.mlp.down_proj").rank, int64_t(24));
    QCOMPARE(ready.page.draft().at(kFirst).rank, int64_t(16));
    fixture.bench.undoStack().undo();
    QCOMPARE(energy->cut(), int64_t(16));
}

void TestSpectrumPage::useRanksIsUndoable()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.findChild<QSlider*>()->setValue(800);
    const auto draft = ready.page.draft();
    QPushButton* use = ready.button("Use these ranks");
    QVERIFY(use && use->isEnabled());
    use->click();
    QVERIFY(!use->isEnabled());
    const RunConfig used = fixture.bench.config();
    QCOMPARE(used.plan.size(), FakeEngine::modules().size());
    QVERIFY(used.plan == draft);
    validate(used);
    fixture.bench.undoStack().undo();
    QVERIFY(fixture.bench.config().plan.empty());
    QVERIFY(ready.page.draft() == draft);  // the draft is still there to be used
    QVERIFY(use->isEnabled());
}

void TestSpectrumPage::ranksOutsideTheModulesPatternWidenIt()
{
    PageFixture fixture;
    RunConfig config = fixture.bench.config();
    Ready ready(fixture);
    config = fixture.bench.config();
    config.modules = "q_proj,v_proj";
    fixture.bench.edit(config, "Modules");
    QCOMPARE(ready.page.draft().at("model.layers.0.mlp.up_proj").rank, int64_t(0));
    QCOMPARE(ready.page.draft().at(kFirst).rank, int64_t(16));
    ready.page.findChild<QSlider*>()->setValue(500);
    QCOMPARE(ready.page.draft().at("model.layers.0.mlp.up_proj").rank, int64_t(0));  // still only q and v
    auto* view = ready.page.findChild<RankView*>();
    QVERIFY(view->model()->setData(view->model()->index(0, 5), 3, Qt::EditRole));
    ready.page.useRanks();
    QCOMPARE(fixture.bench.config().modules, std::string("*"));
    QCOMPARE(fixture.bench.config().plan.at("model.layers.0.mlp.up_proj").rank, int64_t(3));
    QCOMPARE(fixture.bench.config().plan.at("model.layers.1.mlp.up_proj").rank, int64_t(0));
}

void TestSpectrumPage::heatMapTableAndCurvesShowTheSameMatrix()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* map = ready.explorer().findChild<HeatmapPlot*>();
    auto* view = ready.page.findChild<RankView*>();
    map->setFocus();
    QTest::keyClick(map, Qt::Key_Right);
    QTest::keyClick(map, Qt::Key_Down);
    QCOMPARE(view->currentIndex().row(), 1);     // layer
    QCOMPARE(view->currentIndex().column(), 1);  // kind
    bool named = false;
    for (const QLabel* label : ready.page.findChildren<QLabel*>())
        named = named || label->text().startsWith("model.layers.1.self_attn.k_proj");
    QVERIFY(named);
    view->setCurrentIndex(view->model()->index(3, 6));
    QCOMPARE(map->currentRow(), 6);
    QCOMPARE(map->currentColumn(), 3);
}

void TestSpectrumPage::colourFollowsTheMeasure()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* map = ready.explorer().findChild<HeatmapPlot*>();
    auto* measure = PageFixture<>::part<QComboBox>(ready.page, "spectrumMeasure");
    const ModuleSpectrum spectrum = FakeEngine::spectrumOf(FakeEngine::modules().front());
    QVERIFY(std::abs(map->value(0, 0) - 100 * capturedEnergy(spectrum, 16)) < 1e-6);
    measure->setCurrentIndex(1);
    QVERIFY(std::abs(map->value(0, 0) - spectrum.stableRank) < 1e-9);
    measure->setCurrentIndex(2);
    QVERIFY(std::abs(map->value(0, 0) - spectrum.effectiveRank) < 1e-9);
}

void TestSpectrumPage::saysThatWeightsAreFourBit()
{
    FakeEngine engine;
    ModelInfo model = defaultInfo(engine);
    QVERIFY(storedNotice(model).isEmpty());
    model.quantised = true;
    for (ModuleInfo& module : model.modules)
        module.dtype = "Q4_1";
    QVERIFY(storedNotice(model).contains("singular values of the dequantised 4-bit weights (Q4_1)"));
    PageFixture fixture;
    fixture.bench.selectModel(model);
    SpectrumPage page(fixture.bench);
    page.show();
    bool said = false;
    for (const QLabel* label : page.findChildren<QLabel*>())
        said = said || (label->isVisible() && label->text().contains("dequantised 4-bit weights"));
    QVERIFY(said);
    model.modules.front().dtype = "Q8_0";  // most are still 4-bit
    QVERIFY(storedNotice(model).contains("4-bit"));
    for (ModuleInfo& module : model.modules)
        module.dtype = "Q8_0";
    QVERIFY(storedNotice(model).contains("dequantised Q8_0 weights"));
}

void TestSpectrumPage::anotherModelStartsAfresh()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.findChild<QSlider*>()->setValue(300);
    ready.page.useRanks();
    ModelInfo other = defaultInfo(*fixture.engine);
    other.spec = "/models/other";
    other.modules.resize(7);
    fixture.bench.selectModel(other);
    QVERIFY(fixture.bench.config().plan.empty());
    QCOMPARE(ready.page.draft().size(), size_t(7));
    QCOMPARE(ready.page.draft().at(kFirst).rank, int64_t(16));
    QTRY_VERIFY(!fixture.bench.spectra().empty());
}

// An open editor gives its value when it loses the focus, which happens while the page is being destroyed.
void TestSpectrumPage::closingWithAnOpenEditorIsHarmless()
{
    PageFixture fixture;
    {
        Ready ready(fixture);
        ready.page.showView(SpectrumPage::kPlanner);
        auto* view = ready.page.findChild<RankView*>();
        view->setCurrentIndex(view->model()->index(0, 1));
        view->setFocus();
        QTest::keyClicks(view, "9");
        QVERIFY(view->findChild<QSpinBox*>());
    }
    {
        Ready ready(fixture);
        ready.page.showView(SpectrumPage::kPlanner);
        auto* box = ready.box("Trainable parameters");
        box->setFocus();
        box->selectAll();
        QTest::keyClicks(box, "12345");
    }
    QVERIFY(fixture.bench.config().plan.empty());
}

void TestSpectrumPage::everyControlHasAName()
{
    PageFixture fixture;
    Ready ready(fixture);
    for (const auto view : {SpectrumPage::kExplorer, SpectrumPage::kPlanner, SpectrumPage::kLab}) {
        ready.page.showView(view);
        QCOMPARE(PageFixture<>::unnamed(ready.page), QStringList());
    }
    for (const QLabel* label : ready.page.findChildren<QLabel*>())
        QCOMPARE(label->textFormat(), Qt::PlainText);
}

void TestSpectrumPage::valuesAboveTheNoiseEdge()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* map = ready.explorer().findChild<HeatmapPlot*>();
    PageFixture<>::part<QComboBox>(ready.page, "spectrumMeasure")->setCurrentIndex(3);
    const ModuleSpectrum spectrum = FakeEngine::spectrumOf(FakeEngine::modules().front());
    QCOMPARE(map->value(0, 0), double(valuesAboveEdge(spectrum)));
    QVERIFY(ready.explorer().curvesCsv().contains("noise edge"));
    // What the laboratory has not measured is not known here either.
    PageFixture<>::part<QComboBox>(ready.page, "spectrumMeasure")->setCurrentIndex(4);
    QVERIFY(std::isnan(map->value(0, 0)));
}

void TestSpectrumPage::anotherModelIsLaidOver()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* sight = PageFixture<>::part<QComboBox>(ready.page, "spectrumSight");
    QVERIFY(!sight->isVisible());
    ready.explorer().addOverlay({.title = "Other", .model = "/models/other", .folder = {}});
    QVERIFY(sight->isVisible());
    QTRY_VERIFY(ready.explorer().overlay(0)->isComplete());
    const ModuleInfo first = FakeEngine::modules().front();
    const ModuleSpectrum own = FakeEngine::spectrumOf(first), other = FakeEngine::spectrumOf(first, 0, "/models/other");
    QVERIFY(own.stableRank != other.stableRank);
    QVERIFY(ready.explorer().curvesCsv().contains("0 q_proj · Other"));
    auto* map = ready.explorer().findChild<HeatmapPlot*>();
    PageFixture<>::part<QComboBox>(ready.page, "spectrumMeasure")->setCurrentIndex(1);
    QCOMPARE(sight->currentText(), QString("this model"));
    sight->setCurrentIndex(sight->findText("Other"));
    QVERIFY(std::abs(map->value(0, 0) - other.stableRank) < 1e-9);
    sight->setCurrentIndex(sight->findText("Other − this model"));
    QVERIFY(std::abs(map->value(0, 0) - (other.stableRank - own.stableRank)) < 1e-9);
    // Its values are kept as the model's own are, and laying it over once more computes nothing.
    QTRY_COMPARE(fixture.store().allSpectra().size(), 2 * FakeEngine::modules().size());
    const int64_t computed = fixture.engine->modulesComputed;
    ready.explorer().removeOverlay(0);
    QVERIFY(!sight->isVisible());
    QVERIFY(!ready.explorer().curvesCsv().contains("Other"));
    QVERIFY(std::abs(map->value(0, 0) - own.stableRank) < 1e-9);
    ready.explorer().addOverlay({.title = "Other", .model = "/models/other", .folder = {}});
    QTRY_VERIFY(ready.explorer().overlay(0)->isComplete());
    QCOMPARE(fixture.engine->modulesComputed.load(), computed);
}

void TestSpectrumPage::runIsLaidOver()
{
    PageFixture fixture;
    fixture.trainBoth(3);
    Ready ready(fixture);
    SourceChooser* chooser = ready.page.findChild<SourceChooser*>();
    QVERIFY(chooser);
    ready.button("Compare with…")->click();
    QVERIFY(chooser->isVisible());
    const auto runs = [&] { return chooser->titles().filter("Run ").size(); };
    QTRY_COMPARE(runs(), 2);
    auto* field = chooser->findChild<QLineEdit*>();
    QTest::keyClicks(field, "Run");
    QCOMPARE(chooser->titles().size(), 2);
    QTest::keyClick(field, Qt::Key_Down);
    QTest::keyClick(field, Qt::Key_Return);
    QVERIFY(!chooser->isVisible());
    QVERIFY(ready.explorer().overlay(0));
    QVERIFY(!ready.explorer().overlay(0)->question().folder.empty());
    QTRY_VERIFY(ready.explorer().overlay(0)->isComplete());
    // Two checkpoints beside each other, and no third.
    ready.button("Compare with…")->click();
    QTRY_COMPARE(runs(), 2);
    QTest::keyClick(chooser->findChild<QLineEdit*>(), Qt::Key_Return);
    QTRY_VERIFY(ready.explorer().overlay(1) && ready.explorer().overlay(1)->isComplete());
    QVERIFY(!ready.button("Compare with…")->isEnabled());
    QCOMPARE(PageFixture<>::part<QComboBox>(ready.page, "spectrumSight")->count(), 6);
}

void TestSpectrumPage::overlayThatFailsGoesAway()
{
    PageFixture<WatchedEngine<SpectrumJob>> fixture;
    fixture.bench.selectModel(defaultInfo(*fixture.engine));
    SpectrumPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(!fixture.bench.spectra().empty());
    fixture.engine->fails = true;
    auto* explorer = page.findChild<ExplorerView*>();
    explorer->addOverlay({.title = "Other", .model = "/models/other", .folder = {}});
    QTRY_VERIFY(explorer->overlay(0) == nullptr);
    bool said = false;
    for (const QLabel* label : page.findChildren<QLabel*>())
        said = said || (label->isVisible() && label->text().contains("Choose the columns"));
    QVERIFY(said);
}

void TestSpectrumPage::matricesAreHeldBesideEachOther()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* map = ready.explorer().findChild<HeatmapPlot*>();
    map->setFocus();
    QTest::keyClick(map, Qt::Key_Return);   // the first matrix
    QTest::keyClick(map, Qt::Key_Down);
    QTest::keyClick(map, Qt::Key_Space);
    QTest::keyClick(map, Qt::Key_Right);
    QCOMPARE(ready.explorer().held().size(), size_t(2));
    const QString curves = ready.explorer().curvesCsv();
    for (const char* name : {"0 q_proj,", "0 k_proj,", "1 k_proj,"})
        QVERIFY2(curves.contains(name), name);
    const auto tables = ready.page.findChildren<FactView*>();
    FactView* beside = nullptr;
    for (FactView* table : tables)
        beside = table->accessibleName().contains("beside") ? table : beside;
    QVERIFY(beside);
    QCOMPARE(beside->table().rowCount(), 3);
    QVERIFY(beside->table().csv().startsWith("Matrix,"));
    beside->setCurrentIndex(beside->table().index(1, 0));   // 0 q_proj; the first row is the chosen one
    QTest::keyClick(beside, Qt::Key_Delete);
    QCOMPARE(beside->table().rowCount(), 2);
    QVERIFY(!ready.explorer().curvesCsv().contains("0 q_proj,"));
    ready.button("Release all")->click();
    QCOMPARE(beside->table().rowCount(), 1);
}

void TestSpectrumPage::figuresByKindAndByLayer()
{
    PageFixture fixture;
    Ready ready(fixture);
    FactView* profile = nullptr;
    for (FactView* table : ready.page.findChildren<FactView*>())
        profile = table->accessibleName().contains("by kind") ? table : profile;
    QVERIFY(profile);
    QCOMPARE(profile->table().rowCount(), 7);
    double stable = 0;
    for (const ModuleInfo& module : FakeEngine::modules())
        stable += module.kind == "q_proj" ? FakeEngine::spectrumOf(module).stableRank / double(FakeEngine::kLayers) : 0;
    QVERIFY(std::abs(profile->table().row(0)->facts[1].value - stable) < 1e-9);
    for (auto* tabs : ready.page.findChildren<QTabBar*>()) {
        if (tabs->accessibleName().contains("by kind"))
            tabs->setCurrentIndex(1);
    }
    QCOMPARE(profile->table().rowCount(), 4);
    QCOMPARE(profile->table().row(0)->facts[0].value, 7.0);
}

void TestSpectrumPage::memoryIsABudget()
{
    PageFixture fixture;
    Ready ready(fixture);
    auto* memory = ready.page.findChild<QDoubleSpinBox*>();
    QCOMPARE(memory->accessibleName(), QString("Training memory"));
    memory->setValue(0.5);
    QVERIFY(ready.page.plan().adapterBytes <= 512 * 1024);
    QVERIFY(ready.page.plan().adapterBytes > 490 * 1024);
    QVERIFY2(ready.text("planBudget").contains("best possible"), qPrintable(ready.text("planBudget")));
    QCOMPARE(fixture.bench.undoStack().undoText(), QString("Ranks by memory"));
    QVERIFY(!ready.text("planFile").isEmpty());
    fixture.bench.undoStack().undo();
    QCOMPARE(ready.page.draft().at(kFirst).rank, int64_t(16));
    QCOMPARE(ready.text("planBudget"), QString("–"));
}

void TestSpectrumPage::weighedByACalibrationBatch()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.findChild<QSlider*>()->setValue(600);
    const auto plain = ready.page.plan();
    fixture.engine->perModule = std::chrono::milliseconds(5);
    auto* weigh = PageFixture<>::part<QCheckBox>(ready.page, "weigh");
    weigh->setChecked(true);
    QVERIFY(!ready.page.desk().canPlan());
    QCOMPARE(ready.text("planEnergy"), QString("–"));
    QTRY_VERIFY(ready.page.desk().canPlan());
    QVERIFY(ready.page.plan().energy != plain.energy);   // the same ranks, another energy
    QCOMPARE(ready.page.plan().parameters, plain.parameters);
    ready.page.findChild<QSlider*>()->setValue(500);
    for (const PlannedModule& module : ready.page.plan().modules) {
        const auto spectrum = FakeEngine::spectrumOf(ModuleInfo{.name = module.name, .layer = 0, .kind = {}, .rows = module.rows,
            .cols = module.cols, .dtype = {}}, 0, "weighted");
        QVERIFY(module.energy >= 0.5 - 1e-6);
        QVERIFY(module.rank == 1 || capturedEnergy(spectrum, module.rank - 1) < 0.5);
    }
    weigh->setChecked(false);
    QVERIFY(ready.page.desk().canPlan());
    const int64_t computed = fixture.engine->modulesComputed;
    weigh->setChecked(true);   // known by now
    QVERIFY(ready.page.desk().canPlan());
    QCOMPARE(fixture.engine->modulesComputed.load(), computed);
}

void TestSpectrumPage::weighingThatFailsIsSwitchedOff()
{
    PageFixture<WatchedEngine<SpectrumJob>> fixture;
    fixture.bench.selectModel(defaultInfo(*fixture.engine));
    SpectrumPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(!fixture.bench.spectra().empty());
    fixture.engine->fails = true;
    auto* weigh = PageFixture<>::part<QCheckBox>(page, "weigh");
    weigh->setChecked(true);
    QTRY_VERIFY(!weigh->isChecked());
    QVERIFY(page.desk().canPlan());   // with the weights alone
}

void TestSpectrumPage::patternsForPeft()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.findChild<QSlider*>()->setValue(700);
    ready.button("Copy as PEFT patterns")->click();
    const auto copied = nlohmann::json::parse(QGuiApplication::clipboard()->text().toStdString());
    QVERIFY(copied == peftPatterns(ready.page.plan()));
    QVERIFY(copied.contains("rank_pattern"));
    const QString file = fixture.folder.filePath("ranks.json");
    auto* planner = ready.page.findChild<PlannerView*>();
    planner->savePlan(file);
    QFile saved(file);
    QVERIFY(saved.open(QIODevice::ReadOnly));
    QVERIFY(nlohmann::json::parse(saved.readAll().toStdString()) == copied);
    planner->savePlan("/nonexistent/ranks.json");
    bool said = false;
    for (const QLabel* label : ready.page.findChildren<QLabel*>())
        said = said || (label->isVisible() && label->text().contains("could not be written"));
    QVERIFY(said);
}

void TestSpectrumPage::whatParametersBuy()
{
    PageFixture fixture;
    Ready ready(fixture);
    ready.page.showView(SpectrumPage::kPlanner);
    CurvePlot* chart = nullptr;
    for (auto* plot : ready.page.findChild<PlannerView*>()->findChildren<CurvePlot*>())
        chart = plot;
    QVERIFY(chart);
    QTRY_VERIFY(chart->csv().contains("best ranks"));
    const auto points = frontier(ready.page.desk().planSpectra(true), {});
    QCOMPARE(points.front().rank, int64_t(1));
    for (const FrontierPoint& point : points)
        QVERIFY(point.best >= point.uniform);
    QVERIFY(points[2].best > points[2].uniform);
    QCOMPARE(points.back().rank, int64_t(64));
    QVERIFY(std::abs(points.back().uniform - 1) < 1e-6);
}

void TestSpectrumPage::theNewestFrontierIsAnswered()
{
    const auto spectra = [](size_t values) {
        ModuleSpectrum one;
        one.name = "model.layers.0.self_attn.q_proj";
        one.rows = one.cols = int64_t(values);
        for (size_t i = 0; i < values; ++i)
            one.values.push_back(1.0F / float(i + 1));
        for (const float value : one.values)
            one.energy += double(value) * double(value);
        return std::vector<ModuleSpectrum>(8, one);
    };
    PlanFrontier asked;
    std::vector<std::vector<FrontierPoint>> answers;
    connect(&asked, &PlanFrontier::ready, this, [&](const auto& points) { answers.push_back(points); });
    for (const size_t values : {4096, 2048, 8})
        asked.ask(spectra(values));
    QTRY_COMPARE(answers.size(), size_t(1));
    QCOMPARE(answers[0].back().rank, int64_t(8));
    asked.ask({});   // and the worker is still there
    QTRY_COMPARE(answers.size(), size_t(2));
}

void TestSpectrumPage::nothingIsClipped_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    QTest::addColumn<int>("layers");
    QTest::newRow("1280x800") << QSize(1190, 718) << false << 4;   // the page's part of the window
    QTest::newRow("1280x800 dark") << QSize(1190, 718) << true << 4;
    QTest::newRow("1920x1080") << QSize(1830, 998) << false << 4;
    QTest::newRow("1920x1080 dark") << QSize(1830, 998) << true << 4;
    QTest::newRow("1280x800 of 30 layers") << QSize(1190, 718) << false << 30;
}

// With RANKWRIGHT_PICTURES the views are also saved there, to be looked at.
void TestSpectrumPage::nothingIsClipped()
{
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
    QFETCH(int, layers);
    PageFixture fixture;
    ModelInfo model = defaultInfo(*fixture.engine);
    for (int layer = int(FakeEngine::kLayers); layer < layers; ++layer) {   // the spectra of these are never known
        for (ModuleInfo module : FakeEngine::modules()) {
            if (module.layer > 0)
                continue;
            module.name.replace(module.name.find(".0."), 3, "." + std::to_string(layer) + ".");
            module.layer = layer;
            model.modules.push_back(module);
        }
    }
    fixture.bench.selectModel(model);
    Ready ready(fixture);
    ready.page.resize(size);
    ready.explorer().addOverlay({.title = "SmolLM2-360M-Instruct", .model = "/models/other", .folder = {}});
    ready.explorer().addOverlay({.title = "Run pissa seed 1, step 200", .model = "default", .folder = "/runs/one"});
    QTRY_VERIFY(ready.explorer().overlay(1)->isComplete());
    ready.explorer().toggleHeld(kFirst);
    ready.page.choose("model.layers.1.mlp.down_proj");
    ready.page.findChild<QSlider*>()->setValue(650);
    const QString folder = qEnvironmentVariable("RANKWRIGHT_PICTURES");
    for (const auto view : {SpectrumPage::kExplorer, SpectrumPage::kPlanner}) {
        ready.page.showView(view);
        QTest::qWait(150);
        const QStringList faults = layoutFaults(ready.page);
        if (!folder.isEmpty())
            ready.page.grab().save(QStringLiteral("%1/%2-%3.png").arg(folder, view == SpectrumPage::kExplorer ? "explorer" : "planner",
                QString(QTest::currentDataTag()).replace(' ', '-')));
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join('\n')));
        QCOMPARE(ready.page.size(), size);   // nothing has forced it open
    }
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestSpectrumPage)
#include "tst_spectrum_page.moc"
