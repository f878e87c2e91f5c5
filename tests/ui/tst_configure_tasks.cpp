// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Configure page for what a model is trained to do: metrics, encoders, experts, published recipes. RANKWRIGHT_PICTURES=DIR keeps
// pictures.
#include "tests/support/layout_faults.h"
#include "tests/ui/page_fixture.h"
#include "training/api/presets.h"
#include "ui/pages/configure_page.h"
#include "ui/theme.h"
#include "ui/widgets/metric_chooser.h"
#include "ui/widgets/preset_chooser.h"

#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QTableWidget>

using namespace rankwright;
using Fixture = PageFixture<>;

class TestConfigureTasks : public QObject
{
    Q_OBJECT
private slots:
    void metricsAreTicked();
    void metricsFitTheTask();
    void anEncoderHasItsOwnSettings();
    void routersAreForExpertsAlone();
    void aRecipeShowsWhatItChanges();
    void aRecipeIsUndoneInOneStep();
    void itFits_data();
    void itFits();
};

void TestConfigureTasks::metricsAreTicked()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* chooser = Fixture::part<MetricChooser>(page, "field_metrics");
    QVERIFY(chooser->text().startsWith("loss only"));
    chooser->box("matthews")->click();
    chooser->box("accuracy")->click();
    QCOMPARE(metricIds(fixture.bench.config().metrics).size(), size_t(2));
    QVERIFY(fixture.bench.config().metrics.find("matthews") != std::string::npos);
    QVERIFY(chooser->text().contains("ccuracy"));
    if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
        chooser->menu()->grab().save(folder + "/configure-metrics.png");
    fixture.bench.undoStack().undo();
    QCOMPARE(fixture.bench.config().metrics, std::string("matthews"));
    QVERIFY(!chooser->box("accuracy")->isChecked());
    chooser->box("matthews")->click();
    QVERIFY(fixture.bench.config().metrics.empty());
}

void TestConfigureTasks::metricsFitTheTask()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    auto* chooser = Fixture::part<MetricChooser>(page, "field_metrics");
    const auto enabled = [&] {
        QStringList ids;
        for (const MetricCard& card : metricCards())
            if (chooser->box(card.id)->isEnabled())
                ids << format::text(card.id);
        return ids;
    };
    QCOMPARE(enabled().size(), qsizetype(metricCards().size()));   // auto: not known yet
    auto config = fixture.bench.config();
    for (const char* task : {"classify", "regress", "lm"}) {
        config.task = task;
        fixture.bench.edit(config, "task");
        QVERIFY2(!enabled().isEmpty() && enabled().size() < qsizetype(metricCards().size()), task);
        for (const QString& id : enabled())
            QVERIFY(suits(*findMetricCard(format::plain(id)), task));
    }
}

void TestConfigureTasks::anEncoderHasItsOwnSettings()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    Fixture::part<QPushButton>(page, "advancedButton")->click();
    QVERIFY(Fixture::part<QLabel>(page, "configureModelNote")->isHidden());
    QVERIFY(Fixture::part<QWidget>(page, "field_packing")->isVisible());
    fixture.bench.selectModel(fake::infoOf("an-encoder"));
    QVERIFY(Fixture::part<QLabel>(page, "configureModelNote")->isVisible());
    QVERIFY(Fixture::part<QLabel>(page, "configureModelNote")->text().contains("label column"));
    QCOMPARE(Fixture::part<MetricChooser>(page, "field_metrics")->chosen(), std::string("accuracy"));
    QVERIFY(!Fixture::part<QWidget>(page, "field_packing")->isVisible());
    QVERIFY(Fixture::part<QWidget>(page, "field_task")->isVisible());
    auto config = fixture.bench.config();
    config.packing = "on";
    fixture.bench.edit(config, "packing");
    QVERIFY(Fixture::part<QWidget>(page, "field_packing")->isVisible());   // what is changed is never hidden
}

void TestConfigureTasks::routersAreForExpertsAlone()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    Fixture::part<QPushButton>(page, "advancedButton")->click();
    fixture.bench.selectModel(fake::infoOf("default"));
    auto* field = Fixture::part<QWidget>(page, "field_routerLoss");
    QVERIFY(!field->isVisible());
    fixture.bench.selectModel(fake::infoOf("experts"));
    QVERIFY(field->isVisible());
}

void TestConfigureTasks::aRecipeShowsWhatItChanges()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    const RunConfig before = fixture.bench.config();
    Fixture::part<QPushButton>(page, "recipeButton")->click();
    auto* chooser = page.findChild<PresetChooser*>();
    QCOMPARE(chooser->titles().size(), qsizetype(presets().size()));
    chooser->findChild<QLineEdit*>()->setText("pissa mathematics");
    QVERIFY(!chooser->titles().isEmpty());
    auto* changes = chooser->findChild<QTableWidget*>("presetChanges");
    bool rank = false;
    for (int row = 0; row < changes->rowCount(); ++row)
        rank = rank || (changes->item(row, 0)->text() == "Rank" && changes->item(row, 1)->text() == "16" && changes->item(row, 2)->text() == "128");
    QVERIFY(rank);
    QVERIFY(fixture.bench.config() == before);   // looking changes nothing
    if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
        chooser->grab().save(folder + "/configure-recipes.png");
    chooser->findChild<QLineEdit*>()->setText("no such recipe");
    QVERIFY(chooser->titles().isEmpty());
    QVERIFY(!chooser->findChild<QPushButton*>("usePresetButton")->isEnabled());
}

void TestConfigureTasks::aRecipeIsUndoneInOneStep()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    fixture.bench.setArms({"lora"});
    fixture.bench.undoStack().clear();
    const RunConfig before = fixture.bench.config();
    Fixture::part<QPushButton>(page, "recipeButton")->click();
    auto* chooser = page.findChild<PresetChooser*>();
    auto* list = chooser->findChild<QListWidget*>("presetList");
    for (int row = 0; row < list->count(); ++row)
        if (list->item(row)->data(Qt::UserRole).toString() == "pissa-math")
            list->setCurrentRow(row);
    chooser->findChild<QPushButton*>("usePresetButton")->click();
    QVERIFY(!chooser->isVisible());
    QCOMPARE(fixture.bench.config().rank, int64_t(128));
    QCOMPARE(fixture.bench.config().accumulate, int64_t(32));
    QCOMPARE(fixture.bench.arms(), QStringList({"lora", "pissa"}));   // compared under the same recipe
    QCOMPARE(armConfig(fixture.bench.config(), "pissa", fixture.bench.armOverrides()).learningRate, 2e-5);
    fixture.bench.undoStack().undo();
    QVERIFY(fixture.bench.config() == before);
    QCOMPARE(fixture.bench.arms(), QStringList{"lora"});
}

void TestConfigureTasks::itFits_data()
{
    QTest::addColumn<std::string>("spec");
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    QTest::newRow("decoder-small") << std::string("default") << QSize(1192, 712) << false;
    QTest::newRow("encoder-small") << std::string("an-encoder") << QSize(1192, 712) << true;
    QTest::newRow("experts-large") << std::string("experts") << QSize(1832, 992) << false;
}

void TestConfigureTasks::itFits()
{
    QFETCH(std::string, spec);
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(size);
    page.show();
    page.activated();
    fixture.bench.selectModel(fake::infoOf(spec));
    Fixture::part<QPushButton>(page, "advancedButton")->click();
    QTest::qWait(500);
    QCOMPARE(layoutFaults(page), QStringList());
    if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
        page.grab().save(QString("%1/configure-%2.png").arg(folder, QString::fromLatin1(QTest::currentDataTag())));
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestConfigureTasks)
#include "tst_configure_tasks.moc"
