// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Spectrum page: singular values stream in and are kept, ranks come from energy, parameters or by hand, every
// change can be undone, and only "Use these ranks" touches the configuration.
#include "storage/run_store.h"
#include "tests/ui/page_fixture.h"
#include "ui/pages/spectrum_page.h"
#include "ui/models/rank_draft.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/widgets/rank_view.h"

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>

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
    void saysThatWeightsAreFourBit();
    void anotherModelStartsAfresh();
    void closingWithAnOpenEditorIsHarmless();
    void everyControlHasAName();
};

void TestSpectrumPage::valuesStreamInAndAreKept()
{
    PageFixture fixture;
    fixture.engine->perModule = std::chrono::milliseconds(3);
    fixture.bench.selectModel(defaultInfo(*fixture.engine));
    SpectrumPage page(fixture.bench);
    page.show();
    auto* map = page.findChild<HeatmapPlot*>();
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
    auto* map = page.findChild<HeatmapPlot*>();
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
    auto* map = ready.page.findChild<HeatmapPlot*>();
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
    auto* map = ready.page.findChild<HeatmapPlot*>();
    auto* measure = ready.page.findChild<QComboBox*>();
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
        auto* view = ready.page.findChild<RankView*>();
        view->setCurrentIndex(view->model()->index(0, 1));
        view->setFocus();
        QTest::keyClicks(view, "9");
        QVERIFY(view->findChild<QSpinBox*>());
    }
    {
        Ready ready(fixture);
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
    for (const QWidget* widget : ready.page.findChildren<QWidget*>()) {
        if (!(widget->focusPolicy() & Qt::TabFocus) || !widget->isVisibleTo(&ready.page))
            continue;
        const QWidget* parent = widget->parentWidget();
        const bool inner
            = qobject_cast<const QAbstractItemView*>(parent) || qobject_cast<const QAbstractSpinBox*>(parent);
        QVERIFY2(inner || !widget->accessibleName().isEmpty(), widget->metaObject()->className());
    }
    for (const QLabel* label : ready.page.findChildren<QLabel*>())
        QCOMPARE(label->textFormat(), Qt::PlainText);
}

QTEST_MAIN(TestSpectrumPage)
#include "tst_spectrum_page.moc"
