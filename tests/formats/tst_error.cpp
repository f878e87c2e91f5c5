// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The message of an error, its codes and exit statuses, escaping, and the nearest name.
#include "training/api/error.h"

#include <QtTest/QtTest>

using namespace rankwright;

class TestError : public QObject
{
    Q_OBJECT

private slots:
    void buildsTheWholeMessage();
    void leavesEmptyPartsOut_data();
    void leavesEmptyPartsOut();
    void givesEachCodeItsTextAndStatus_data();
    void givesEachCodeItsTextAndStatus();
    void escapesWhatATerminalObeys_data();
    void escapesWhatATerminalObeys();
    void escapesEveryPart();
    void keepsThePartsAsTheyWere();
    void findsTheNearestName_data();
    void findsTheNearestName();
};

void TestError::buildsTheWholeMessage()
{
    const Error error({.code = Code::limit, .file = "/m/model.safetensors", .place = "byte offset 0, header length",
        .found = "100000001 bytes", .allowed = "at most 100000000 bytes", .advice = "Download it again"});
    QCOMPARE(QString(error.what()), QString("/m/model.safetensors: byte offset 0, header length: 100000001 bytes "
                                            "(allowed: at most 100000000 bytes). Download it again. [E-LIMIT]"));
}

void TestError::leavesEmptyPartsOut_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("found");
    QTest::addColumn<QString>("allowed");
    QTest::addColumn<QString>("advice");
    QTest::addColumn<QString>("message");
    QTest::newRow("nothing") << "" << "" << "" << "" << "" << "[E-FORMAT]";
    QTest::newRow("found only") << "" << "" << "bad" << "" << "" << "bad [E-FORMAT]";
    QTest::newRow("found, advice") << "" << "" << "bad" << "" << "Do it" << "bad. Do it. [E-FORMAT]";
    QTest::newRow("full stops in the parts") << "" << "" << "bad." << "good." << "Do it."
                                             << "bad (allowed: good). Do it. [E-FORMAT]";
    QTest::newRow("question") << ""
                              << ""
                              << "bad"
                              << ""
                              << "Did you mean --rank?"
                              << "bad. Did you mean --rank? [E-FORMAT]";
    QTest::newRow("no file") << "" << "line 3" << "bad" << "good" << "Do it"
                             << "line 3: bad (allowed: good). Do it. [E-FORMAT]";
    QTest::newRow("no place") << "a.json" << "" << "bad" << "good" << "Do it"
                              << "a.json: bad (allowed: good). Do it. [E-FORMAT]";
    QTest::newRow("no allowed, no advice") << "a.json"
                                           << "line 3"
                                           << "bad"
                                           << ""
                                           << ""
                                           << "a.json: line 3: bad [E-FORMAT]";
    QTest::newRow("file, advice") << "a.json" << "" << "" << "" << "Do it" << "a.json. Do it. [E-FORMAT]";
}

void TestError::leavesEmptyPartsOut()
{
    QFETCH(QString, file);
    QFETCH(QString, place);
    QFETCH(QString, found);
    QFETCH(QString, allowed);
    QFETCH(QString, advice);
    QFETCH(QString, message);
    const ErrorParts parts {.code = Code::format, .file = file.toStdString(), .place = place.toStdString(),
        .found = found.toStdString(), .allowed = allowed.toStdString(), .advice = advice.toStdString()};
    QCOMPARE(QString::fromStdString(errorMessage(parts)), message);
}

void TestError::givesEachCodeItsTextAndStatus_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("status");
    const auto row
        = [](const char* text, Code code, int status) { QTest::newRow(text) << static_cast<int>(code) << status; };
    row("E-USAGE", Code::usage, 2);
    row("E-FORMAT", Code::format, 65);
    row("E-CONFIG", Code::config, 65);
    row("E-DATA", Code::data, 65);
    row("E-UNSUPPORTED", Code::unsupported, 65);
    row("E-PICKLE", Code::pickle, 65);
    row("E-MISMATCH", Code::mismatch, 65);
    row("E-LIMIT", Code::limit, 65);
    row("E-CHANGED", Code::changed, 65);
    row("E-DIVERGED", Code::diverged, 65);
    row("E-MISSING", Code::missing, 66);
    row("E-EXISTS", Code::exists, 73);
    row("E-IO", Code::io, 74);
    row("E-MEMORY", Code::memory, 74);
    row("E-LOCKED", Code::locked, 75);
    row("E-STOPPED", Code::stopped, 130);
    row("E-INTERNAL", Code::internal, 70);
}

void TestError::givesEachCodeItsTextAndStatus()
{
    QFETCH(int, code);
    QFETCH(int, status);
    QCOMPARE(std::string(codeText(static_cast<Code>(code))), std::string(QTest::currentDataTag()));
    QCOMPARE(exitStatus(static_cast<Code>(code)), status);
}

void TestError::escapesWhatATerminalObeys_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("shown");
    QTest::newRow("plain") << QByteArray("loss <b>0.5</b> \\ ä 模型 😀") << QByteArray("loss <b>0.5</b> \\ ä 模型 😀");
    QTest::newRow("escape") << QByteArray("\x1b[2J") << QByteArray("\\x1b[2J");
    QTest::newRow("newline, tab, NUL") << QByteArray("a\nb\tc\0d", 7) << QByteArray("a\\x0ab\\x09c\\x00d");
    QTest::newRow("DEL") << QByteArray("\x7f") << QByteArray("\\x7f");
    QTest::newRow("C1") << QByteArray("\xc2\x9b" "1m") << QByteArray("\\u009b1m");
    QTest::newRow("override") << QByteArray("a\u202e" "b") << QByteArray("a\\u202eb");
    QTest::newRow("isolate") << QByteArray("\u2066\u2069") << QByteArray("\\u2066\\u2069");
    QTest::newRow("zero width") << QByteArray("a\u200b\u200d\ufeff") << QByteArray("a\\u200b\\u200d\\ufeff");
    QTest::newRow("separators") << QByteArray("\u2028\u2029") << QByteArray("\\u2028\\u2029");
    QTest::newRow("tags") << QByteArray("\xf3\xa0\x81\x81") << QByteArray("\\U000e0041");
    QTest::newRow("lone continuation") << QByteArray("a\x80z") << QByteArray("a\\x80z");
    QTest::newRow("cut sequence") << QByteArray("\xe2\x82") << QByteArray("\\xe2\\x82");
    QTest::newRow("overlong") << QByteArray("\xc0\xaf") << QByteArray("\\xc0\\xaf");
    QTest::newRow("overlong, three bytes") << QByteArray("\xe0\x80\xaf") << QByteArray("\\xe0\\x80\\xaf");
    QTest::newRow("surrogate") << QByteArray("\xed\xa0\x80") << QByteArray("\\xed\\xa0\\x80");
    QTest::newRow("above U+10FFFF") << QByteArray("\xf4\x90\x80\x80") << QByteArray("\\xf4\\x90\\x80\\x80");
}

void TestError::escapesWhatATerminalObeys()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, shown);
    QCOMPARE(QByteArray::fromStdString(escaped(text.toStdString())), shown);
}

void TestError::escapesEveryPart()
{
    const std::string message = errorMessage({.code = Code::data, .file = "/tmp/\x1b]52;c;x\x07", .place = "row\n1",
        .found = "\x01", .allowed = "\x02", .advice = "\x03"});
    QCOMPARE(message, std::string("/tmp/\\x1b]52;c;x\\x07: row\\x0a1: \\x01 (allowed: \\x02). \\x03. [E-DATA]"));
}

void TestError::keepsThePartsAsTheyWere()
{
    const Error error({.code = Code::io, .place = "writing", .found = "a\nb", .allowed = "c", .advice = "d"});
    QCOMPARE(error.parts().found, std::string("a\nb"));
    QVERIFY(error.parts().file.empty());
    QCOMPARE(error.code(), Code::io);
}

void TestError::findsTheNearestName_data()
{
    QTest::addColumn<QString>("word");
    QTest::addColumn<QString>("nearest");
    QTest::newRow("same") << "rank" << "rank";
    QTest::newRow("one letter missing") << "rak" << "rank";
    QTest::newRow("two letters swapped") << "aplha" << "alpha";
    QTest::newRow("one too many") << "accummulate" << "accumulate";
    QTest::newRow("distance 2 of 4 letters") << "renk0" << "rank";
    QTest::newRow("letters left out") << "accum" << "accumulate";
    QTest::newRow("too few of its letters") << "ae" << "";
    QTest::newRow("a single letter") << "a" << "";
    QTest::newRow("nothing near") << "temperature" << "";
    QTest::newRow("empty") << "" << "";
    QTest::newRow("endless") << QString(100'000, 'a') << "";
}

void TestError::findsTheNearestName()
{
    QFETCH(QString, word);
    QFETCH(QString, nearest);
    const std::vector<std::string> names {"alpha", "rank", "accumulate", "seed", std::string(100'000, 'a')};
    QCOMPARE(QString::fromStdString(nearestName(word.toStdString(), names)), nearest);
}

QTEST_GUILESS_MAIN(TestError)
#include "tst_error.moc"
