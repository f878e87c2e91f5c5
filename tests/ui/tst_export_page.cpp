// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Export page: which runs, what a format means, writing, cancelling, what was found on reading back.
#include "tests/support/layout_faults.h"
#include "tests/ui/page_fixture.h"
#include "ui/theme.h"
#include "ui/pages/export_page.h"
#include "ui/widgets/message_bar.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSignalSpy>

#include <fstream>

using namespace rankwright;

namespace {

// An export that takes its time, fails, or finds a difference, as a test wants it.
class ExportEngine : public FakeEngine
{
public:
    std::atomic<bool> slow{false}, fails{false};
    std::atomic<double> difference{2.1e-7};
    std::atomic<int> cancelled{0};
    std::string dtype()
    {
        const std::lock_guard lock(m_mutex);
        return m_dtype;
    }
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        if (!std::holds_alternative<ExportJob>(job))
            return FakeEngine::run(job, events, stop);
        {
            const std::lock_guard lock(m_mutex);
            m_dtype = std::get<ExportJob>(job).dtype;
        }
        if (fails)
            throw Error(ErrorParts{.code = Code::exists, .file = std::get<ExportJob>(job).out, .place = "folder",
                .found = "it is not empty", .allowed = "an empty folder", .advice = "Choose another folder."});
        while (slow && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        cancelled += stop.stop_requested() ? 1 : 0;
        auto result = std::get<ExportResult>(FakeEngine::run(job, events, stop));
        result.largestDifference = difference;
        return result;
    }

private:
    std::mutex m_mutex;
    std::string m_dtype;
};

}  // namespace

using Fixture = PageFixture<ExportEngine>;

class TestExportPage : public QObject
{
    Q_OBJECT
private slots:
    void withoutRunsNothingCanBeExported();
    void onlyEndedRunsAreOffered();
    void aDamagedRunHidesNoOther();
    void theNewestRunIsChosenWhenThePageIsOpened();
    void explainsTheDoubledRank();
    void formatsThatMakeNoSenseAreGreyed();
    void writesAndShowsWhatWasRead();
    void aLargeDifferenceIsNoTick();
    void cancelStopsTheJob();
    void aFailureSaysWhatToDo();
    void aTypedFolderIsKept();
    void ggufHasItsNumberFormats();
    void theFormatsFit();
    void everythingHasAName();
};

namespace {

bool open(ExportPage& page, int runs)
{
    page.resize(1200, 760);
    page.show();
    page.activated();
    return QTest::qWaitFor([&] { return Fixture::part<QComboBox>(page, "exportRun")->count() == runs; }, 5000);
}

void choose(QComboBox* box, int index)
{
    box->setCurrentIndex(index);
    emit box->activated(index);
}

}  // namespace

void TestExportPage::withoutRunsNothingCanBeExported()
{
    Fixture fixture;
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 0));
    QTest::qWait(200);
    QVERIFY(!Fixture::part<QPushButton>(page, "exportButton")->isEnabled());
    QVERIFY(Fixture::part<QLabel>(page, "exportExplanation")->text().contains("Train one"));
}

void TestExportPage::onlyEndedRunsAreOffered()
{
    Fixture fixture;
    const auto runs = fixture.trainBoth();
    {
        RunStore store(fixture.bench.dataDirectory());
        store.setState(format::plain(runs.front()), RunState::failed);
    }
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 1));
    QVERIFY(Fixture::part<QComboBox>(page, "exportRun")->currentText().contains("PiSSA"));
}

void TestExportPage::aDamagedRunHidesNoOther()
{
    Fixture fixture;
    const QStringList runs = fixture.trainBoth();
    std::ofstream(fixture.store().folderOf(runs[0].toStdString()) / "run.json") << "{";
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(Fixture::part<QComboBox>(page, "exportRun")->findData(runs[1]) >= 0);
}

void TestExportPage::theNewestRunIsChosenWhenThePageIsOpened()
{
    Fixture fixture;
    const auto first = fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* runs = Fixture::part<QComboBox>(page, "exportRun");
    const auto chosen = runs->itemData(1).toString();
    choose(runs, 1);
    // A person's choice stays when runs end beside them, and when they come back and nothing has.
    page.activated();
    QTest::qWait(100);
    QCOMPARE(runs->currentData().toString(), chosen);
    const auto second = fixture.trainBoth();
    QTRY_COMPARE(runs->count(), 4);
    QCOMPARE(runs->currentData().toString(), chosen);
    page.activated();
    QTRY_VERIFY(second.contains(runs->currentData().toString()));
    QVERIFY(runs->currentText().contains(runs->currentData().toString()));   // runs of one name are told apart
    // What was chosen when they had ended stays, also when the newest of them is deleted.
    fixture.trainBoth();
    QTRY_COMPARE(runs->count(), 6);
    choose(runs, 5);
    const auto oldest = runs->currentData().toString();
    auto* model = runs->model();
    QSignalSpy listed(model, &QAbstractItemModel::rowsInserted);
    page.activated();
    QTRY_VERIFY(listed.size() >= 6);
    QTest::qWait(20);
    QCOMPARE(runs->currentData().toString(), oldest);
    RunStore(fixture.bench.dataDirectory()).remove(format::plain(runs->itemData(0).toString()));
    page.activated();
    QTRY_COMPARE(runs->count(), 5);
    QCOMPARE(runs->currentData().toString(), oldest);
}

void TestExportPage::explainsTheDoubledRank()
{
    Fixture fixture;
    fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* runs = Fixture::part<QComboBox>(page, "exportRun");
    auto* explanation = Fixture::part<QLabel>(page, "exportExplanation");
    for (int i = 0; i < 2; ++i) {
        choose(runs, i);
        const bool pissa = runs->currentText().contains("PiSSA");
        QCOMPARE(explanation->text().contains("from 16 to 32"), pissa);
    }
    auto* dtype = Fixture::part<QComboBox>(page, "dtypeBox");
    QVERIFY(!dtype->isVisible());
    choose(Fixture::part<QComboBox>(page, "formatBox"), 2);
    QVERIFY(dtype->isVisible());
}

void TestExportPage::formatsThatMakeNoSenseAreGreyed()
{
    Fixture fixture;
    fixture.bench.setArms({"lora", "qpissa", "full"});
    fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 3));
    auto* runs = Fixture::part<QComboBox>(page, "exportRun");
    auto* format = Fixture::part<QComboBox>(page, "formatBox");
    auto* explanation = Fixture::part<QLabel>(page, "exportExplanation");
    const auto isOffered = [&](int item) { return bool(format->model()->flags(format->model()->index(item, 0)) & Qt::ItemIsEnabled); };
    for (int i = 0; i < runs->count(); ++i) {
        choose(runs, i);
        const auto title = runs->currentText();
        const bool full = title.contains("Full"), quantised = title.contains("QPiSSA");
        QCOMPARE(isOffered(0), !full && !quantised);
        QCOMPARE(isOffered(1), !full);
        QVERIFY(isOffered(2));
        QVERIFY(isOffered(format->currentIndex()));
        QCOMPARE(explanation->text().contains("has no adapter"), full);
        QCOMPARE(explanation->text().contains("few bits out"), quantised);
        QVERIFY2(isOffered(0) || format->model()->index(0, 0).data(Qt::ToolTipRole).toString().contains("export"), qPrintable(title));
        QVERIFY(Fixture::part<QPushButton>(page, "exportButton")->isEnabled());
    }
}

void TestExportPage::writesAndShowsWhatWasRead()
{
    Fixture fixture;
    fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    const auto out = fixture.folder.filePath("out");
    Fixture::part<QLineEdit>(page, "exportFolder")->setText(out);
    Fixture::part<QPushButton>(page, "exportButton")->click();
    QVERIFY(!Fixture::part<QPushButton>(page, "exportButton")->isEnabled());
    auto* badge = Fixture::part<QLabel>(page, "exportBadge");
    QTRY_VERIFY(badge->isVisible());
    QVERIFY2(badge->text().startsWith("✓") && badge->text().contains("2.1e-07"), qPrintable(badge->text()));
    auto* files = Fixture::part<QListWidget>(page, "exportFiles");
    QCOMPARE(files->count(), 2);
    for (int i = 0; i < files->count(); ++i)
        QVERIFY2(QFile::exists(out + '/' + files->item(i)->text()), qPrintable(files->item(i)->text()));
    const auto run = Fixture::part<QComboBox>(page, "exportRun")->currentData().toString();
    QTRY_VERIFY([&] {
        for (const ArtifactRow& artifact : fixture.store().artifacts(format::plain(run)))
            if (artifact.kind == "export-lora" && artifact.path == format::plain(out))
                return true;
        return false;
    }());
    QVERIFY(Fixture::part<QPushButton>(page, "exportButton")->isEnabled());
    // The proof stays with the run.
    auto* earlier = Fixture::part<QListWidget>(page, "earlierExports");
    QTRY_COMPARE(earlier->count(), 1);
    const auto proof = earlier->item(0)->text();
    QVERIFY2(proof.startsWith("✓ lora") && proof.contains("2.1e-07 of logits up to 31.2") && proof.contains(out), qPrintable(proof));
    ExportPage again(fixture.bench);
    QVERIFY(open(again, 2));
    choose(Fixture::part<QComboBox>(again, "exportRun"), Fixture::part<QComboBox>(again, "exportRun")->findData(run));
    QCOMPARE(Fixture::part<QListWidget>(again, "earlierExports")->count(), 1);
}

void TestExportPage::aLargeDifferenceIsNoTick()
{
    Fixture fixture;
    fixture.trainBoth();
    for (const double difference : {0.5, double(NAN)}) {
        fixture.engine->difference = difference;
        ExportPage page(fixture.bench);
        QVERIFY(open(page, 2));
        Fixture::part<QPushButton>(page, "exportButton")->click();
        auto* badge = Fixture::part<QLabel>(page, "exportBadge");
        QTRY_VERIFY(badge->isVisible());
        QVERIFY2(badge->text().startsWith("✗"), qPrintable(badge->text()));
    }
}

void TestExportPage::cancelStopsTheJob()
{
    Fixture fixture;
    fixture.trainBoth();
    fixture.engine->slow = true;
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* cancel = Fixture::part<QPushButton>(page, "cancelExportButton");
    QVERIFY(!cancel->isVisible());
    Fixture::part<QPushButton>(page, "exportButton")->click();
    QVERIFY(cancel->isVisible());
    QTest::qWait(50);
    cancel->click();
    QTRY_COMPARE(fixture.engine->cancelled.load(), 1);
    QVERIFY(!cancel->isVisible());
    QVERIFY(Fixture::part<QPushButton>(page, "exportButton")->isEnabled());
    QVERIFY(!Fixture::part<QLabel>(page, "exportBadge")->isVisible());
}

void TestExportPage::aFailureSaysWhatToDo()
{
    Fixture fixture;
    fixture.trainBoth();
    fixture.engine->fails = true;
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    Fixture::part<QPushButton>(page, "exportButton")->click();
    auto* messages = Fixture::part<MessageBar>(page, "exportMessages");
    QTRY_VERIFY(messages->isVisible());
    QVERIFY(messages->text().contains("Choose another folder."));
    QVERIFY(Fixture::part<QPushButton>(page, "exportButton")->isEnabled());
}

void TestExportPage::aTypedFolderIsKept()
{
    Fixture fixture;
    fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* folder = Fixture::part<QLineEdit>(page, "exportFolder");
    auto* format = Fixture::part<QComboBox>(page, "formatBox");
    QVERIFY(folder->text().endsWith("-lora"));
    choose(format, 2);
    QVERIFY(folder->text().endsWith("-merged"));   // ours follows the choice
    folder->setText("/my/own/folder");
    choose(format, 1);
    QCOMPARE(folder->text(), QString("/my/own/folder"));
}

void TestExportPage::ggufHasItsNumberFormats()
{
    Fixture fixture;
    fixture.trainBoth();
    fixture.engine->difference = 0.8;
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    auto* format = Fixture::part<QComboBox>(page, "formatBox");
    auto* dtype = Fixture::part<QComboBox>(page, "dtypeBox");
    QVERIFY(!dtype->isVisible());
    choose(format, format->findData("merged"));
    QCOMPARE(dtype->count(), 3);
    dtype->setCurrentIndex(dtype->findData("float16"));
    choose(format, format->findData("gguf"));
    QCOMPARE(dtype->count(), 6);
    QCOMPARE(dtype->currentData().toString(), QString("float16"));   // both have it
    QVERIFY(Fixture::part<QLabel>(page, "exportExplanation")->text().contains("llama.cpp"));
    dtype->setCurrentIndex(dtype->findData("q4_0"));
    Fixture::part<QPushButton>(page, "exportButton")->click();
    auto* badge = Fixture::part<QLabel>(page, "exportBadge");
    QTRY_VERIFY(badge->isVisible());
    QCOMPARE(fixture.engine->dtype(), std::string("q4_0"));
    QVERIFY2(badge->text().contains("from rounding to q4_0"), qPrintable(badge->text()));   // expected: no cross
    choose(format, format->findData("gguf-lora"));
    QVERIFY(!dtype->isVisible());
    Fixture::part<QPushButton>(page, "exportButton")->click();
    QTRY_VERIFY(badge->text().contains("✗"));   // an adapter is not rounded: that difference is a fault
    QCOMPARE(fixture.engine->dtype(), std::string());
}

void TestExportPage::theFormatsFit()
{
    Fixture fixture;
    fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    page.resize(1192, 712);
    auto* format = Fixture::part<QComboBox>(page, "formatBox");
    for (const bool dark : {false, true}) {
        theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
        choose(format, format->findData("gguf"));
        QTest::qWait(60);
        QCOMPARE(layoutFaults(page), QStringList());
        if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
            page.grab().save(QString("%1/export-gguf-%2.png").arg(folder, dark ? "dark" : "light"));
    }
    theme::apply(*qApp, theme::Mode::light);
}

void TestExportPage::everythingHasAName()
{
    Fixture fixture;
    fixture.trainBoth();
    ExportPage page(fixture.bench);
    QVERIFY(open(page, 2));
    QCOMPARE(Fixture::unnamed(page), QStringList());
}

QTEST_MAIN(TestExportPage)
#include "tst_export_page.moc"
