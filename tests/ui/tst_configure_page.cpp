// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Configure page: arms, summary, step-0 check, Start, configuration files, the command.
#include "tests/ui/page_fixture.h"
#include "ui/models/config_file.h"
#include "ui/pages/configure_page.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/summary_panel.h"

#include <QCheckBox>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>

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
    void stepZeroShowsItsFigures();
    void savedFilesReadBack();
    void badFilesChangeNothing_data();
    void badFilesChangeNothing();
    void theCommandNamesTheArms();
    void energyFollowsTheRank();
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
    QCOMPARE(fixture.store().runs().size(), size_t(2));   // one a method
    QCOMPARE(shown.size(), 1);
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
    fixture.bench.setArms({"lora"});
    QTRY_VERIFY2(!time->text().contains("in all"), qPrintable(time->text()));
}

void TestConfigurePage::stepZeroShowsItsFigures()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.show();
    auto* verdict = Fixture::part<QLabel>(page, "stepZeroVerdict");
    Fixture::part<QPushButton>(page, "stepZeroButton")->click();
    QTRY_VERIFY(verdict->text().startsWith("✓"));
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
