// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How rows are read, said before they are trained on: `data`, --dry-run, a run's first lines; and input that is refused before a run is
// left behind. Skips where the engine was not built.
#include "tests/support/cli_fixture.h"
#include "tests/support/family_model.h"

#include <QJsonArray>
#include <QTest>
#include <QThread>

using namespace rankwright;

class TestCliData : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }
    void previewsRows();
    void previewsLabels();
    void estimateSaysHowItReads();
    void estimateCountsTheHead();
    void runSaysHowItReads();
    void refusedInputLeavesNoRun_data();
    void refusedInputLeavesNoRun();
    void metricsThatDoNotFitAreRefused();
    void cutAnswersAreCounted();
    void limitedThreadsAreSaid();

private:
    [[nodiscard]] QString path(const char* name) const { return m_folder->filePath(name); }
    [[nodiscard]] QString encoder() const { return QString::fromStdString(familyModel("bert", path("bert").toStdString()).string()); }
    [[nodiscard]] QString labels() const { return QString::fromStdString(labelledRows(path("labels.jsonl").toStdString(), false).string()); }
    [[nodiscard]] static QStringList ofLabels()
    {
        return {"--columns", "text=text,label=label", "--task", "classify", "--batch", "4", "--max-length", "32"};
    }
    [[nodiscard]] QJsonArray runs() const { return QJsonDocument::fromJson(cli({"runs", "--json"}).out).array(); }
};

void TestCliData::previewsRows()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    writeFile("rows.jsonl", R"({"question": "two and two?", "answer": "four", "other": "x"})"
                            "\n"
                            R"({"question": "one\nline", "answer": "yes", "other": "y"})");
    const QStringList asked{"data", "rows.jsonl", goldenPath("tiny"), "--max-length", "64"};
    const Answer answer = cli(asked);
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY2(answer.out.startsWith("prompt/response (prompt: question, response: answer), task lm: text, template: none; 2 rows, "),
        answer.out.constData());
    QVERIFY2(answer.out.contains("tokens a row: 13 to 18, half at most 13, nine in ten at most 18\n")
            && answer.out.contains("\nanswer  other  question\nfour    x      two and two?\n"), answer.out.constData());
    QVERIFY2(answer.out.contains("\nrow 1: ") && answer.out.contains("  - two and two?\\n\n  + four"), answer.out.constData());
    QVERIFY(!hasControls(answer.out));
    // One row alone, and its numbers.
    const Answer second = cli(asked + QStringList{"--samples", "1", "--first", "2", "--json", "--quiet"});
    const QJsonObject preview = QJsonDocument::fromJson(second.out).object();
    QCOMPARE(preview["samples"].toArray().size(), 1);
    QCOMPARE(preview["samples"].toArray()[0].toObject()["row"].toInt(), 1);
    QCOMPARE(preview["columns"].toObject()["prompt"].toString(), "question");
    QCOMPARE(preview["available"].toArray().size(), 3);
    QCOMPARE(preview["lengths"].toArray().size(), 2);
    int trained = 0;
    const QJsonArray pieces = preview["samples"].toArray()[0].toObject()["pieces"].toArray();
    for (const QJsonValue& piece : pieces)
        trained += piece["trained"].toBool();
    QVERIFY(trained > 0 && trained < pieces.size());
    // Another column is another text.
    const Answer other = cli(asked + QStringList{"--columns", "prompt=question,response=other"});
    QVERIFY2(other.out.contains("response: other") && other.out.contains("  + x"), other.out.constData());
    QCOMPARE(cli({"data"}).status, 2);
    QCOMPARE(cli(asked + QStringList{"--samples", "-1"}).status, 2);
    QCOMPARE(cli({"data", "nowhere.jsonl", goldenPath("tiny")}).status, 66);
}

void TestCliData::previewsLabels()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer = cli({"data", labels(), encoder(), "--columns", "text=text,label=label", "--samples", "2"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY2(answer.out.contains("task classify: 3 classes (") && answer.out.contains("\nCLASS "), answer.out.constData());
    QVERIFY2(answer.out.contains(", label "), answer.out.constData());
}

void TestCliData::estimateSaysHowItReads()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList asked = tinyRun("train") + QStringList{"--steps", "3", "--rows", ":6", "--dry-run"};
    const Answer answer = cli(asked);
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY2(answer.out.contains("\ndata: prompt/response (prompt: ") && answer.out.contains("template: none; 6 rows, "), answer.out.constData());
    const QJsonObject data = QJsonDocument::fromJson(cli(asked + QStringList{"--json", "--quiet"}).out).object()["data"].toObject();
    QCOMPARE(data["rows"].toInt(), 6);
    QCOMPARE(data["task"].toString(), "lm");
    QVERIFY(data["tokens"].toInt() > data["targets"].toInt() && data["targets"].toInt() > 0);
    // One total: the number of the first line is that of the table.
    const QList<QByteArray> lines = answer.out.split('\n');
    const auto total = std::ranges::find_if(lines, [](const QByteArray& line) { return line.startsWith("Together "); });
    QVERIFY(total != lines.end());
    QVERIFY2(lines.front().contains("about " + total->mid(9).trimmed() + " of memory"), answer.out.constData());
    QCOMPARE(std::ranges::count_if(lines, [](const QByteArray& line) { return line.startsWith("Together "); }), 1);
    // What the run would refuse, its estimate refuses.
    QStringList long512 = asked;
    long512[long512.indexOf("--max-length") + 1] = "512";
    const Answer longer = cli(long512);
    QVERIFY2(longer.status == 65 && longer.err.contains("context of 256"), longer.err.constData());
    // After a run of the kind the difference is a line of its own, with what it is from.
    QCOMPARE(cli(tinyRun("train") + QStringList{"--steps", "3", "--rows", ":6", "--quiet"}).status, 0);
    const Answer again = cli(asked);
    QVERIFY2(again.out.contains("calibrated by 1 past run of this kind"), again.out.constData());
    const QJsonObject estimate = QJsonDocument::fromJson(cli(asked + QStringList{"--json", "--quiet"}).out).object();
    QCOMPARE(again.out.contains("\nCalibration "), estimate["peakBytes"].toInteger() != estimate["uncalibratedBytes"].toInteger());
}

// What a run says it trains, its estimate has said before.
void TestCliData::estimateCountsTheHead()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    for (const char* method : {"lora", "full"}) {
        const QStringList asked = QStringList{"train", encoder(), labels()} + ofLabels() + QStringList{"--method", method, "--steps", "2", "--quiet"};
        const QJsonObject estimate = QJsonDocument::fromJson(cli(asked + QStringList{"--dry-run", "--json"}).out).object();
        const Answer answer = cli(asked + QStringList{"--events"});
        QVERIFY2(answer.status == 0, answer.err.constData());
        for (const QJsonObject& event : jsonLines(answer.out)) {
            if (event["event"].toString() != "start")
                continue;
            QCOMPARE(estimate["trainable"].toInt(), event["trainable"].toInt());
            QCOMPARE(estimate["data"].toObject(), event["data"].toObject());
        }
    }
}

void TestCliData::runSaysHowItReads()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer = cli(QStringList{"train", encoder(), labels()} + ofLabels() + QStringList{"--steps", "2", "--json"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY2(answer.err.contains("data: labels (label: label, text: text), task classify: 3 classes ("), answer.err.constData());
    const QJsonObject data = QJsonDocument::fromJson(answer.out).object()["data"].toObject();
    QCOMPARE(data["labels"].toArray().size(), 3);
    QCOMPARE(data["rows"].toInt(), 24);
}

void TestCliData::refusedInputLeavesNoRun_data()
{
    QTest::addColumn<QStringList>("with");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("said");
    QTest::newRow("no such file") << QStringList{goldenPath("tiny"), "nowhere.jsonl"} << 66 << QByteArray("nowhere.jsonl");
    QTest::newRow("broken row") << QStringList{goldenPath("tiny"), "broken.jsonl"} << 65 << QByteArray("broken.jsonl");
    QTest::newRow("no such model") << QStringList{"nomodel", "broken.jsonl"} << 66 << QByteArray("nomodel");
    QTest::newRow("metric") << QStringList{goldenPath("tiny"), goldenPath("rows.jsonl"), "--metrics", "accuracy"} << 2
                            << QByteArray("accuracy for a model of text");
}

void TestCliData::refusedInputLeavesNoRun()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    QFETCH(QStringList, with);
    QFETCH(int, status);
    QFETCH(QByteArray, said);
    writeFile("broken.jsonl", "{\"prompt\": \"a\", \"response\": \"b\"}\n{\"prompt\": ");
    for (const QStringList& more : {QStringList{}, QStringList{"--json"}, QStringList{"--quiet"}}) {
        const Answer answer = cli(QStringList{"train"} + with + QStringList{"--steps", "2", "--max-length", "64"} + more);
        QCOMPARE(answer.status, status);
        QCOMPARE(answer.out, QByteArray());
        QVERIFY2(answer.err.count("[E-") == 1 && answer.err.contains(said), answer.err.constData());   // said once
    }
    QVERIFY(runs().isEmpty());
    QVERIFY(QDir(path("data/runs")).isEmpty());
    // A comparison is refused before it queues anything.
    const Answer compared = cli(QStringList{"compare"} + with + QStringList{"--steps", "2", "--max-length", "64", "--arms", "lora,pissa"});
    QCOMPARE(compared.status, status);
    QCOMPARE(compared.err.count("[E-"), 1);
    QVERIFY(runs().isEmpty());
}

void TestCliData::metricsThatDoNotFitAreRefused()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList train = QStringList{"train", encoder(), labels()} + ofLabels() + QStringList{"--steps", "2", "--validation", "0.3"};
    const Answer numbers = cli(train + QStringList{"--metrics", "accuracy,pearson"});
    QCOMPARE(numbers.status, 2);
    QVERIFY2(numbers.err.contains("--metrics: pearson for a model of classes (allowed: accuracy, f1, matthews)"), numbers.err.constData());
    QCOMPARE(cli(train + QStringList{"--metrics", "pearson", "--dry-run"}).status, 2);
    // The same words for eval.
    const Answer text = cli({"eval", goldenPath("tiny"), goldenPath("rows.jsonl"), "--rows", "0:2", "--metric", "accuracy"});
    QCOMPARE(text.status, 2);
    QVERIFY2(text.err.contains("--metric: accuracy for a model of text (allowed: loss, perplexity, gsm8k-strict"), text.err.constData());
    // One that fits and has nothing to be measured on is no reason to refuse, and is said.
    const Answer without = cli(QStringList{"train", encoder(), labels()} + ofLabels() + QStringList{"--steps", "2", "--metrics", "accuracy"});
    QCOMPARE(without.status, 0);
    QVERIFY2(without.err.contains("metrics are not measured"), without.err.constData());
}

void TestCliData::cutAnswersAreCounted()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList rows{goldenPath("tiny"), goldenPath("rows.jsonl")};
    const QStringList asked = QStringList{"eval"} + rows + QStringList{"--rows", "0:4", "--answer-tokens", "4", "--metric", "gsm8k-strict"};
    const Answer people = cli(asked + QStringList{"--samples", path("answers.jsonl")});
    QVERIFY2(people.status == 0, people.err.constData());
    const QJsonObject result = QJsonDocument::fromJson(cli(asked + QStringList{"--json", "--quiet"}).out).object();
    QCOMPARE(result["answers"].toInt(), 4);
    QFile file(path("answers.jsonl"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    int cut = 0;
    for (const QJsonObject& line : jsonLines(file.readAll())) {
        QVERIFY(line["tokens"].toInt() <= 4 && !line["input"].toString().isEmpty());
        cut += line["stop"].toString() == "length";
        QVERIFY(line["stop"].toString() == "length" || line["stop"].toString() == "end");
    }
    QVERIFY(cut > 0);   // a model of 27,000 random parameters does not come to an end in four tokens
    QCOMPARE(result["cutAnswers"].toInt(), cut);
    QVERIFY2(people.out.contains(QByteArray::number(cut) + " of 4 answers w"), people.out.constData());
    // A run says it at its evaluations.
    const Answer run = cli(tinyRun("train") + QStringList{"--steps", "2", "--eval-data", goldenPath("rows.jsonl"), "--eval-rows", "0:3", "--metrics",
                           "gsm8k-strict", "--answer-tokens", "4"});
    QVERIFY2(run.status == 0, run.err.constData());
    QVERIFY2(run.err.contains(" of 3 answers w") && run.err.contains("raise --answer-tokens"), run.err.constData());
}

// torchrun sets OMP_NUM_THREADS=1. Where OpenMP gives fewer threads than it is asked for, products would be wrong.
void TestCliData::limitedThreadsAreSaid()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    if (QThread::idealThreadCount() < 2)
        QSKIP("one core");
    const QStringList asked = tinyRun("train") + QStringList{"--steps", "2", "--quiet", "--json"};
    for (const char* name : {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT"}) {
        auto with = environment();
        with.remove("OMP_NUM_THREADS");
        with.insert(name, "1");
        const Answer answer = cli(asked, with);
        QVERIFY2(answer.status == 0, answer.err.constData());
        QVERIFY2(answer.err.contains(QByteArray("warning: ") + name + "=1 "), answer.err.constData());
        QVERIFY(QJsonDocument::fromJson(answer.out).object()["finalLoss"].isDouble());
        QVERIFY(!cli(asked + QStringList{"--threads", "1"}, with).err.contains(name));
    }
}

QTEST_GUILESS_MAIN(TestCliData)
#include "tst_cli_data.moc"
