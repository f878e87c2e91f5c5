// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Data page: file, columns, preview, rendered samples.
#include "tests/support/layout_faults.h"
#include "tests/ui/page_fixture.h"
#include "ui/pages/data_page.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/widgets/column_mapping.h"
#include "ui/widgets/label_bars.h"
#include "ui/widgets/length_histogram.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/token_view.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableWidget>
#include <QTextBlock>

#include <numeric>

using namespace rankwright;
using Fixture = PageFixture<WatchedEngine<PreviewJob>>;

class TestDataPage : public QObject
{
    Q_OBJECT
private slots:
    void showsWhatBecomesOfTheRows();
    void stepsThroughTheSamples();
    void fewQuestionsForManyEdits();
    void columnsGoIntoTheConfiguration();
    void aDroppedFileIsTheData();
    void emptyMeansBuiltIn();
    void anUnreadableFileSaysWhy();
    void anUnreadableFileLeavesNothingOfTheLast();
    void trainedAndMaskedTokensDiffer();
    void tokensAreNeverMarkup_data();
    void tokensAreNeverMarkup();
    void piecesAreFoundByPosition();
    void histogramCountsEveryRow();
    void everythingHasAName();
    void rolesFollowTheKindOfRows();
    void columnsAreRememberedForEachFile();
    void labelsAreCountedAndShown();
    void theFirstCellsAreShown();
    void settingAsideAndPackingAreTold();
    void anEncoderWantsLabels();
    void specialTokensAreTold();
    void nothingIsClipped_data();
    void nothingIsClipped();
};

namespace {

bool waitForPreview(Fixture& fixture, DataPage& page, int questions = 1)
{
    page.resize(1200, 760);
    page.show();
    page.activated();
    return QTest::qWaitFor(
        [&] {
            return fixture.engine->asked >= questions
                && !Fixture::part<TokenView>(page, "tokenView")->toPlainText().isEmpty();
        },
        5000);
}

}  // namespace

void TestDataPage::showsWhatBecomesOfTheRows()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    QVERIFY(waitForPreview(fixture, page));
    const auto figures = Fixture::part<QLabel>(page, "dataFigures")->text();
    QVERIFY2(figures.contains("500 rows"), qPrintable(figures));
    QVERIFY2(figures.contains("trained"), qPrintable(figures));
    const auto& bins = Fixture::part<LengthHistogram>(page, "lengthHistogram")->bins();
    QCOMPARE(std::accumulate(bins.begin(), bins.end(), int64_t(0)), int64_t(500));
    QVERIFY(Fixture::part<TokenView>(page, "tokenView")->toPlainText().contains("assistant"));
}

void TestDataPage::stepsThroughTheSamples()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    QVERIFY(waitForPreview(fixture, page));
    auto* row = Fixture::part<QSpinBox>(page, "sampleRow");
    auto* next = Fixture::part<QPushButton>(page, "nextSample");
    auto* view = Fixture::part<TokenView>(page, "tokenView");
    QCOMPARE(row->value(), 1);
    QCOMPARE(row->maximum(), 500);
    QVERIFY(!Fixture::part<QPushButton>(page, "previousSample")->isEnabled());
    const auto first = view->toPlainText();
    next->click();
    QVERIFY(view->toPlainText() != first);
    const int asked = fixture.engine->asked;
    QCOMPARE(asked, 1);                      // the neighbour was there already
    row->setValue(300);                      // one that is not is asked for
    QTRY_VERIFY(fixture.engine->asked == 2 && !view->toPlainText().isEmpty());
    QVERIFY(view->toPlainText().contains(QString::number(3 + 299 % 17)));
    row->setValue(500);
    QTRY_VERIFY(!view->toPlainText().isEmpty());
    QVERIFY(!next->isEnabled());
}

void TestDataPage::fewQuestionsForManyEdits()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    QVERIFY(waitForPreview(fixture, page));
    for (int length = 20; length < 60; ++length) {
        auto config = fixture.bench.config();
        config.maxLength = length;
        fixture.bench.edit(config, "length");
    }
    QTRY_COMPARE(fixture.engine->asked.load(), 2);
    QTRY_VERIFY(Fixture::part<QLabel>(page, "dataFigures")->text().contains("cut off at 59"));
    auto config = fixture.bench.config();
    config.learningRate = 1e-3;              // nothing that a preview depends on
    fixture.bench.edit(config, "rate");
    QTest::qWait(500);
    QCOMPARE(fixture.engine->asked.load(), 2);
}

void TestDataPage::columnsGoIntoTheConfiguration()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/rows.jsonl");
    QVERIFY(waitForPreview(fixture, page));
    auto* prompt = Fixture::part<QComboBox>(page, "column_prompt");
    QCOMPARE(prompt->currentText(), QString("prompt"));
    QVERIFY(prompt->findText("source") > 0);
    QVERIFY(fixture.bench.config().columns.empty());   // found by itself, nothing to write down
    prompt->setCurrentText("source");
    emit prompt->activated(prompt->currentIndex());
    QCOMPARE(fixture.bench.config().columns.at("prompt"), std::string("source"));
    QTRY_COMPARE(fixture.engine->asked.load(), 2);
    prompt->setCurrentText("");
    emit prompt->activated(0);
    QVERIFY(fixture.bench.config().columns.empty());
    page.openFile("/data/other.jsonl");
    QVERIFY(fixture.bench.config().columns.empty());
}

void TestDataPage::aDroppedFileIsTheData()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.show();
    QMimeData one;
    one.setUrls({QUrl::fromLocalFile("/data/rows.jsonl")});
    QDragEnterEvent over(QPoint(50, 50), Qt::CopyAction, &one, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&page, &over);
    QVERIFY(over.isAccepted());
    QDropEvent drop(QPointF(50, 50), Qt::CopyAction, &one, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&page, &drop);
    QCOMPARE(fixture.bench.config().data, std::string("/data/rows.jsonl"));
    QMimeData two;
    two.setUrls({QUrl::fromLocalFile("/a"), QUrl::fromLocalFile("/b")});
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &two, Qt::LeftButton, Qt::NoModifier);
    enter.setAccepted(false);
    QApplication::sendEvent(&page, &enter);
    QVERIFY(!enter.isAccepted());
    fixture.bench.undoStack().undo();
    QCOMPARE(fixture.bench.config().data, std::string("default"));
}

void TestDataPage::emptyMeansBuiltIn()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/rows.jsonl");
    auto* file = Fixture::part<QLineEdit>(page, "dataFile");
    QCOMPARE(file->text(), QString("/data/rows.jsonl"));
    file->clear();
    emit file->editingFinished();
    QCOMPARE(fixture.bench.config().data, std::string("default"));
    QVERIFY(!Fixture::part<QPushButton>(page, "builtInDataButton")->isEnabled());
}

void TestDataPage::anUnreadableFileSaysWhy()
{
    Fixture fixture;
    fixture.engine->fails = true;
    DataPage page(fixture.bench);
    page.show();
    page.activated();
    auto* messages = Fixture::part<MessageBar>(page, "dataMessages");
    QTRY_VERIFY(messages->isVisible());
    QVERIFY2(messages->text().contains("line 3"), qPrintable(messages->text()));
    QVERIFY(messages->text().contains("Choose the columns"));
    fixture.engine->fails = false;
    page.openFile("/data/good.jsonl");
    QTRY_VERIFY(!messages->isVisible());
}

void TestDataPage::anUnreadableFileLeavesNothingOfTheLast()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/labels.tsv");
    QVERIFY(waitForPreview(fixture, page));
    auto* head = Fixture::part<QTableWidget>(page, "headTable");
    auto* row = Fixture::part<QSpinBox>(page, "sampleRow");
    auto* column = Fixture::part<QComboBox>(page, "column_label");
    QVERIFY(head->rowCount() > 0 && row->maximum() > 1 && column->count() > 1);
    const auto nothingLeft = [&] {
        return head->rowCount() == 0 && head->columnCount() == 0 && row->maximum() == 0 && column->count() == 1
            && Fixture::part<QLabel>(page, "dataFormat")->text().isEmpty() && Fixture::part<QLabel>(page, "dataTask")->text().isEmpty()
            && Fixture::part<TokenView>(page, "tokenView")->toPlainText().isEmpty() && !Fixture::part<LabelBars>(page, "labelBars")->isVisible()
            && !Fixture::part<QPushButton>(page, "nextSample")->isEnabled() && !Fixture::part<QPushButton>(page, "previousSample")->isEnabled();
    };
    fixture.engine->fails = true;
    page.openFile("/data/bad.jsonl");
    QVERIFY(nothingLeft());   // at once
    QTRY_VERIFY(Fixture::part<QLabel>(page, "dataFigures")->text().contains("No preview"));
    QVERIFY(nothingLeft());
    // The same file, asked about otherwise: its columns stay, to choose others.
    fixture.engine->fails = false;
    page.openFile("/data/rows.jsonl");
    QTRY_VERIFY(row->maximum() > 1);
    fixture.engine->fails = true;
    auto config = fixture.bench.config();
    config.columns["prompt"] = "source";
    fixture.bench.edit(config, "column");
    QTRY_COMPARE(row->maximum(), 0);
    QVERIFY(Fixture::part<QLabel>(page, "dataFormat")->text().isEmpty());
    QVERIFY(Fixture::part<QComboBox>(page, "column_prompt")->findText("prompt") > 0);
}

void TestDataPage::trainedAndMaskedTokensDiffer()
{
    for (const auto mode : {theme::Mode::light, theme::Mode::dark}) {
        theme::apply(*qApp, mode);
        TokenView view;
        view.setRow({.row = 0, .pieces = {{"ask", 1, false}, {" more", 2, false}, {"say", 3, true}, {" so", 4, true}},
            .tokens = 4, .truncated = false});
        const auto formatOf = [&](int position) {
            QTextCursor cursor(view.document());
            cursor.setPosition(position + 1);
            return cursor.charFormat();
        };
        const auto masked = formatOf(0), maskedNext = formatOf(4), trained = formatOf(9), trainedNext = formatOf(13);
        QVERIFY(masked.background() != trained.background());
        QVERIFY(masked.foreground() != trained.foreground());
        QVERIFY(masked.background() != maskedNext.background());     // borders show
        QVERIFY(trained.background() != trainedNext.background());
    }
    theme::apply(*qApp, theme::Mode::light);
}

void TestDataPage::tokensAreNeverMarkup_data()
{
    QTest::addColumn<QByteArray>("piece");
    QTest::addColumn<QString>("shown");
    QTest::newRow("image") << QByteArray("<img src='/etc/hostname'>") << QString("<img src='/etc/hostname'>");
    QTest::newRow("table") << QByteArray("a<table>.evil") << QString("a<table>.evil");
    QTest::newRow("line break") << QByteArray("<b>x</b>\nline") << QString("<b>x</b>↵\nline");
    QTest::newRow("half a letter") << QByteArray("\xe2\x82") << QString("\\xe2\\x82");
    QTest::newRow("bidi") << QByteArray("\xe2\x80\xae") << QString("\\u202e");
    QTest::newRow("escape") << QByteArray("\x1b[31m") << QString("\\x1b[31m");
}

void TestDataPage::tokensAreNeverMarkup()
{
    QFETCH(QByteArray, piece);
    QFETCH(QString, shown);
    TokenView view;
    view.setRow({.row = 0, .pieces = {{piece.toStdString(), 1, true}}, .tokens = 1, .truncated = false});
    QCOMPARE(view.toPlainText(), shown);
}

void TestDataPage::piecesAreFoundByPosition()
{
    TokenView view;
    view.setRow(
        {.row = 0, .pieces = {{"ab", 1, false}, {"c\n", 2, true}, {"d", 3, true}}, .tokens = 3, .truncated = false});
    const std::vector<int> expected = {0, 0, 1, 1, 1, 2, -1};   // a b c ↵ break d end
    for (int i = 0; i < int(expected.size()); ++i)
        QCOMPARE(view.pieceAt(i), expected[size_t(i)]);
}

void TestDataPage::histogramCountsEveryRow()
{
    LengthHistogram histogram;
    histogram.setLengths({0, 1, 39, 40, 1'000'000}, 512);
    QCOMPARE(std::accumulate(histogram.bins().begin(), histogram.bins().end(), int64_t(0)), int64_t(5));
    QVERIFY(histogram.bins().size() <= 41);
    histogram.setLengths({}, 512);
    QVERIFY(histogram.bins().empty());
    histogram.resize(300, 120);
    histogram.grab();                        // an empty one can be drawn
}

void TestDataPage::everythingHasAName()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/rows.jsonl");
    QVERIFY(waitForPreview(fixture, page));
    QCOMPARE(Fixture::unnamed(page), QStringList());
}

void TestDataPage::rolesFollowTheKindOfRows()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/labels.tsv");
    QVERIFY(waitForPreview(fixture, page));
    auto* columns = page.findChild<ColumnMapping*>();
    QCOMPARE(columns->shownRoles(), (std::vector<std::string>{"text", "second", "label"}));
    QVERIFY(Fixture::part<QComboBox>(page, "column_label")->isVisible());
    QCOMPARE(Fixture::part<QComboBox>(page, "column_label")->currentText(), QString("label"));
    QVERIFY(!Fixture::part<QComboBox>(page, "column_messages")->isVisible());
    page.openFile("/data/rows.jsonl");
    QTRY_COMPARE(columns->shownRoles(), (std::vector<std::string>{"prompt", "input", "response", "system"}));
    // What was found wrongly can be put right: every role is there on request.
    auto* all = page.findChild<QAbstractButton*>("allRoles");
    all->click();
    QCOMPARE(columns->shownRoles().size(), size_t(8));
    auto* label = Fixture::part<QComboBox>(page, "column_label");
    label->setCurrentText("source");
    emit label->activated(label->currentIndex());
    QCOMPARE(fixture.bench.config().columns.at("label"), std::string("source"));
    all->click();
    QVERIFY(label->isVisible());   // what is set stays in sight
}

void TestDataPage::columnsAreRememberedForEachFile()
{
    const QTemporaryDir folder;
    const auto file = folder.filePath("window.ini").toStdString();
    {
        Settings settings(file);
        Fixture fixture;
        DataPage page(fixture.bench);
        page.setSettings(settings);
        page.openFile("/data/rows.jsonl");
        QVERIFY(waitForPreview(fixture, page));
        auto* response = Fixture::part<QComboBox>(page, "column_response");
        response->setCurrentText("source");
        emit response->activated(response->currentIndex());
        page.openFile("/data/other.jsonl");
        QVERIFY(fixture.bench.config().columns.empty());
        page.openFile("/data/rows.jsonl");
        QCOMPARE(fixture.bench.config().columns.at("response"), std::string("source"));
    }
    Settings again(file);   // the next start
    QVERIFY(!again.wasDamaged());
    QCOMPARE(again.columnsOf("/data/rows.jsonl").at("response"), std::string("source"));
    QVERIFY(again.columnsOf("/data/other.jsonl").empty());
    again.setColumnsOf("/data/rows.jsonl", {});
    QVERIFY(again.columnsOf("/data/rows.jsonl").empty());
    for (int i = 0; i < 200; ++i)
        again.setColumnsOf("/data/" + std::to_string(i), {{"prompt", "a \"b\", c=d\n"}});
    QCOMPARE(again.columnsOf("/data/199").at("prompt"), std::string("a \"b\", c=d\n"));
    QVERIFY(again.columnsOf("/data/1").empty());   // the oldest are forgotten
}

void TestDataPage::labelsAreCountedAndShown()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/labels.tsv");
    QVERIFY(waitForPreview(fixture, page));
    auto* bars = Fixture::part<LabelBars>(page, "labelBars");
    QVERIFY(bars->isVisible());
    QVERIFY(bars->accessibleDescription().startsWith("positive: 300 rows"));
    QVERIFY(Fixture::part<QLabel>(page, "dataTask")->text().contains("2 classes"));
    QCOMPARE(Fixture::part<QLabel>(page, "sampleLabel")->text(), QString("Label: negative"));
    page.openFile("/data/ratings.tsv");
    QTRY_VERIFY(Fixture::part<QLabel>(page, "dataTask")->text().contains("number"));
    QVERIFY(!bars->isVisible());
}

void TestDataPage::theFirstCellsAreShown()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    page.openFile("/data/rows.jsonl");
    QVERIFY(waitForPreview(fixture, page));
    auto* head = Fixture::part<QTableWidget>(page, "headTable");
    QCOMPARE(head->columnCount(), 3);
    QCOMPARE(head->rowCount(), 3);
    QCOMPARE(head->horizontalHeaderItem(1)->text(), QString("response (response)"));
    QCOMPARE(head->item(1, 2)->text(), QString("made <b>up</b>"));
}

void TestDataPage::settingAsideAndPackingAreTold()
{
    Fixture fixture;
    DataPage page(fixture.bench);
    auto config = fixture.bench.config();
    config.evalData.clear();
    config.validation = 0.1;
    config.packing = "on";
    fixture.bench.edit(config, "split");
    QVERIFY(waitForPreview(fixture, page));
    const auto text = Fixture::part<QLabel>(page, "dataSplit")->text();
    QVERIFY2(text.contains("50 of 500"), qPrintable(text));
    QVERIFY2(text.contains("Packed"), qPrintable(text));
    config.evalData = "default";
    config.packing = "off";
    fixture.bench.edit(config, "split");
    QVERIFY(Fixture::part<QLabel>(page, "dataSplit")->isHidden());
}

void TestDataPage::anEncoderWantsLabels()
{
    Fixture fixture;
    fixture.bench.selectModel(fake::infoOf("an-encoder"));
    QCOMPARE(fixture.bench.config().metrics, std::string("accuracy"));
    DataPage page(fixture.bench);
    page.openFile("/data/rows.jsonl");
    QVERIFY(waitForPreview(fixture, page));
    QVERIFY(Fixture::part<QLabel>(page, "dataTask")->text().contains("needs rows with a label"));
    page.openFile("/data/labels.tsv");
    QTRY_VERIFY(!Fixture::part<QLabel>(page, "dataTask")->text().contains("needs rows"));
    fixture.bench.selectModel(fake::infoOf("default"));
    QVERIFY(fixture.bench.config().metrics.empty());
}

void TestDataPage::specialTokensAreTold()
{
    TokenView view;
    PreviewRow row;
    row.pieces.push_back({.text = "<s>", .id = 1, .trained = false, .special = true});
    row.pieces.push_back({.text = "Tom", .id = 2, .trained = true, .begin = 0, .end = 3});
    view.resize(400, 100);
    view.setRow(row);
    view.show();
    const auto formatAt = [&](int position) {
        QTextCursor cursor(view.document());
        cursor.setPosition(position + 1);
        return cursor.charFormat();
    };
    QVERIFY(formatAt(0).fontWeight() == QFont::Bold);
    QVERIFY(formatAt(4).fontWeight() != QFont::Bold);
    QVERIFY(formatAt(0).background() != formatAt(4).background());
}

void TestDataPage::nothingIsClipped_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    for (const char* file : {"default", "/data/rows.jsonl", "/data/labels.tsv"})
        for (const bool large : {false, true})
            QTest::addRow("%s %s", file, large ? "large" : "small") << QString(file) << (large ? QSize(1832, 992) : QSize(1192, 712)) << large;
}

void TestDataPage::nothingIsClipped()
{
    QFETCH(QString, file);
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
    Fixture fixture;
    fixture.bench.selectModel(fake::infoOf(file.contains("labels") ? "an-encoder" : "default"));
    DataPage page(fixture.bench);
    page.openFile(file);
    QVERIFY(waitForPreview(fixture, page));
    page.resize(size);
    auto* tabs = Fixture::part<QTabWidget>(page, "dataTabs");
    for (int tab = 0; tab < tabs->count(); ++tab) {
        tabs->setCurrentIndex(tab);
        QTest::qWait(60);
        QCOMPARE(layoutFaults(page), QStringList());
        if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
            page.grab().save(QString("%1/data-%2-%3.png").arg(folder, QString(QTest::currentDataTag()).replace('/', '_').replace(' ', '-')).arg(tab));
    }
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestDataPage)
#include "tst_data_page.moc"
