// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The report as a PDF: what stands on which page, and a file that other programs read.
#include "tests/support/stored_comparison.h"
#include "tests/support/thrown.h"
#include "training/api/error.h"
#include "ui/report_export.h"
#include "ui/report_layout.h"
#include "ui/report_pdf.h"

#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

namespace {

constexpr QSizeF kContent(2000, 3000);
constexpr double kPoint = 4;

ReportTable longTable(int rows)
{
    ReportTable table{{"Run", "Arm", "What was found", "Loss"}, {}, {false, false, false, true}};
    for (int i = 0; i < rows; ++i)
        table.rows.push_back({"run" + std::to_string(i), "pissa",
            i % 7 == 0 ? "a long sentence about this run that will not fit on one line of its column and goes on and on until it wraps, as "
                         "sentences of this kind are bound to do sooner or later in any report that somebody has to read"
                       : "fine",
            std::to_string(1.0 + i)});
    return table;
}

ReportChart chartOf(double height)
{
    return {.svg = R"(<svg xmlns="http://www.w3.org/2000/svg" width="720" height="300" viewBox="0 0 720 300"><rect width="720" height="300" fill="#e69f00"/></svg>)",
        .caption = "An orange field.", .width = 720, .height = height};
}

std::vector<ReportBlock> mixedBlocks()
{
    std::vector<ReportBlock> blocks{ReportHeading{"The report", 1}, ReportText{"Six runs.", false},
        ReportText{"With three seeds no test can decide.", true}};
    for (int i = 0; i < 6; ++i) {
        blocks.emplace_back(ReportHeading{"Part " + std::to_string(i), 2});
        blocks.emplace_back(chartOf(300));
        blocks.emplace_back(ReportHeading{"Numbers", 3});
        blocks.emplace_back(longTable(17 + i));
    }
    return blocks;
}

QByteArray bytesOfFile(const std::filesystem::path& path)
{
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

// Streams of a PDF as written by Qt, unpacked.
QByteArray unpacked(const QByteArray& pdf)
{
    QByteArray all;
    for (qsizetype at = pdf.indexOf("stream\n"); at >= 0; at = pdf.indexOf("stream\n", at)) {
        at += 7;
        const auto end = pdf.indexOf("endstream", at);
        const auto packed = pdf.mid(at, end - at);
        at = end + 9;
        if (!packed.startsWith('\x78'))   // not packed
            continue;
        QByteArray sized(4, '\0');
        sized[1] = '\x40';   // room for 4 MiB
        all += qUncompress(sized + packed);
    }
    return all;
}

}  // namespace

class TestReportPdf : public QObject
{
    Q_OBJECT

private slots:
    void nothingIsCutOrLaidOverAnother()
    {
        const auto pieces = layOutReport(mixedBlocks(), kContent, kPoint);
        QVERIFY(pieces.back().page >= 2);
        for (size_t i = 0; i < pieces.size(); ++i) {
            QVERIFY(pieces[i].rect.top() >= -0.01);
            QVERIFY2(pieces[i].rect.bottom() <= kContent.height() + 0.01, qPrintable(QString::number(i)));
            QVERIFY(pieces[i].rect.right() <= kContent.width() + 0.01);
            if (i > 0 && pieces[i].page == pieces[i - 1].page)
                QVERIFY(pieces[i].rect.top() >= pieces[i - 1].rect.bottom() - 0.01);
            if (i > 0)
                QVERIFY(pieces[i].page == pieces[i - 1].page || pieces[i].page == pieces[i - 1].page + 1);
        }
    }

    void headingsStandWithWhatFollows()
    {
        int headings = 0;
        for (int extra = 0; extra < 40; ++extra) {   // wherever on the page they happen to fall
            std::vector<ReportBlock> blocks{longTable(extra), ReportHeading{"Next", 2}, chartOf(300), ReportHeading{"Then", 2}, longTable(3)};
            const auto pieces = layOutReport(blocks, {2000, 1400}, kPoint);
            for (size_t i = 0; i + 1 < pieces.size(); ++i) {
                if (pieces[i].kind != ReportPiece::Kind::heading)
                    continue;
                ++headings;
                QCOMPARE(pieces[i + 1].page, pieces[i].page);
                if (pieces[i + 1].tableHead)   // and a table's head with its first row
                    QCOMPARE(pieces[i + 2].page, pieces[i].page);
            }
        }
        QCOMPARE(headings, 80);
    }

    void everyRowIsThereOnceAndHeadsRepeat()
    {
        const auto pieces = layOutReport({longTable(150)}, kContent, kPoint);
        int rows = 0, heads = 0;
        for (size_t i = 0; i < pieces.size(); ++i) {
            QCOMPARE(pieces[i].kind, ReportPiece::Kind::row);
            if (pieces[i].tableHead)
                ++heads;
            else
                QCOMPARE(pieces[i].texts.front().join(' '), QString("run%1").arg(rows++));
            if (i > 0 && pieces[i].page != pieces[i - 1].page)
                QVERIFY(pieces[i].tableHead);
        }
        QCOMPARE(rows, 150);
        QCOMPARE(heads, pieces.back().page + 1);
    }

    void whatIsTooLargeIsMadeToFit()
    {
        ReportTable wide;
        for (int column = 0; column < 14; ++column) {
            wide.head.push_back("Column number " + std::to_string(column));
            wide.numeric.push_back(true);
        }
        wide.rows.push_back(std::vector<std::string>(14, "0.123456789 and more words"));
        for (const auto& piece : layOutReport({chartOf(9000), wide, ReportText{std::string(3000, 'x')}}, kContent, kPoint)) {
            QVERIFY(piece.rect.bottom() <= kContent.height() + 0.01 && piece.rect.right() <= kContent.width() + 0.01);
            for (const QRectF& cell : piece.cells)
                QVERIFY(cell.width() > 0);
        }
    }

    void thePdfHasPagesAndText()
    {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "report.pdf";
        const int pages = writeReportPdf(mixedBlocks(), file);
        QVERIFY(pages >= 3);
        const auto pdf = bytesOfFile(file);
        QVERIFY(pdf.startsWith("%PDF-"));
        QCOMPARE(int(pdf.count("/Type /Page\n")), pages);
        QVERIFY(pdf.contains("/Type /Font"));
        const auto drawn = unpacked(pdf);
        QVERIFY(drawn.contains(" Tj") || drawn.contains(" TJ"));
        const auto tool = QStandardPaths::findExecutable("pdftotext");
        if (tool.isEmpty())
            QSKIP("pdftotext is not installed: the words are not read back");
        QProcess reader;
        reader.start(tool, {"-layout", QString::fromStdString(file.string()), "-"});
        QVERIFY(reader.waitForFinished());
        const auto text = QString::fromUtf8(reader.readAllStandardOutput());
        for (const char* words : {"The report", "With three seeds no test can decide.", "Part 5", "An orange field.", "run21"})
            QVERIFY2(text.contains(words), words);
        QVERIFY(text.contains(QString("%1 / %1").arg(pages)));
    }

    void anEmptyReportIsOnePage()
    {
        const QTemporaryDir folder;
        QCOMPARE(writeReportPdf({}, std::filesystem::path(folder.path().toStdString()) / "empty.pdf"), 1);
    }

    void refusesAFolderThatCannotBeWritten()
    {
        const auto error = errorOf([] { writeReportPdf({ReportText{"x"}}, "/proc/no such folder/report.pdf"); });
        QVERIFY(error.has_value());
        QCOMPARE(error->code, Code::io);
        QVERIFY(!error->advice.empty());
    }

    void exportsFourFilesOfAStoredComparison()
    {
        const QTemporaryDir folder;
        RunStore store(folder.path().toStdString());
        const auto comparison = StoredComparison().create(store);
        const auto out = std::filesystem::path(folder.path().toStdString()) / "out" / "report";
        const auto files = exportReport(reportOf(store, comparison.id), out);
        QCOMPARE(files.size(), size_t(4));
        for (const char* name : {"report.html", "report.json", "runs.csv", "report.pdf"})
            QVERIFY2(std::filesystem::file_size(out / name) > 500, name);
        const auto pdf = bytesOfFile(out / "report.pdf");
        QVERIFY(pdf.count("/Type /Page\n") >= 2);
    }

    void theProgramWritesTheReportWithoutADisplay()
    {
        const QTemporaryDir folder;
        const auto data = folder.filePath("data"), out = folder.filePath("out");
        std::string id;
        {
            RunStore store(data.toStdString());
            id = StoredComparison().create(store).id;
        }
        if (!QFile::exists(RANKWRIGHT_WINDOW_PATH))
            QSKIP("the window's program is not built");
        QProcess program;
        program.start(RANKWRIGHT_WINDOW_PATH, {"--data-dir", data, "--report", QString::fromStdString(id), "--out", out});
        QVERIFY(program.waitForFinished(60'000));
        QVERIFY2(program.exitCode() == 0, program.readAllStandardError().constData());
        QVERIFY(QFile::exists(out + "/report.pdf") && QFile::exists(out + "/report.html"));
        program.start(RANKWRIGHT_WINDOW_PATH, {"--data-dir", data, "--report", "nosuch", "--out", out});
        QVERIFY(program.waitForFinished(60'000));
        QCOMPARE(program.exitCode(), exitStatus(Code::missing));
        program.start(RANKWRIGHT_WINDOW_PATH, {"--data-dir", data, "--report", "nosuch"});
        QVERIFY(program.waitForFinished(60'000));
        QCOMPARE(program.exitCode(), exitStatus(Code::usage));
    }
};

QTEST_MAIN(TestReportPdf)
#include "tst_report_pdf.moc"
