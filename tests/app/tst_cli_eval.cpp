// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `eval` of labels and of answers, and `chat`: a user's whole way on the command line. Skips where the engine was not built.
#include "tests/support/cli_fixture.h"
#include "tests/support/family_model.h"

#include <QJsonArray>
#include <QTest>

using namespace rankwright;

class TestCliEval : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }
    void labelsOfARun();
    void numbersOfARun();
    void answersOfAModel();
    void refusesMetricsThatDoNotFit();
    void chatsLineByLine();
    void chatSaysWhatIsMissing();

private:
    [[nodiscard]] QString path(const char* name) const { return m_folder->filePath(name); }
    [[nodiscard]] QString encoder() const
    {
        return QString::fromStdString(familyModel("bert", path("bert").toStdString()).string());
    }
    // The id of a run that was trained on labels.
    QString trained(bool numbers)
    {
        const QString rows = QString::fromStdString(labelledRows(path("rows.jsonl").toStdString(), numbers).string());
        const Answer answer = cli({"train", encoder(), rows, "--columns", "text=text,label=label", "--eval-data", rows, "--eval-rows", "0:12", "--metrics",
            numbers ? "pearson" : "accuracy,matthews", "--task", numbers ? "regress" : "classify", "--rank", "4", "--lr", "5e-3", "--batch", "4",
            "--steps", "8", "--max-length", "32", "--json", "--quiet"});
        if (answer.status != 0)
            qFatal("%s", answer.err.constData());
        const QJsonObject run = QJsonDocument::fromJson(answer.out).object();
        m_trained = run["metrics"].toObject();
        return run["run"].toString();
    }
    [[nodiscard]] Answer talk(const QStringList& arguments, const QByteArray& input) const
    {
        QProcess process;
        process.setProcessEnvironment(environment());
        process.setWorkingDirectory(m_folder->path());
        process.start(RANKWRIGHT_CLI_PATH, arguments);
        process.write(input);
        process.closeWriteChannel();
        if (!process.waitForFinished(120'000))
            return {};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }
    QJsonObject m_trained;
};

void TestCliEval::labelsOfARun()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QString run = trained(false);
    QCOMPARE(m_trained.keys(), (QStringList{"accuracy", "matthews"}));
    const QStringList asked{"--metric", "accuracy,f1,loss", "--json", "--quiet"};
    const Answer answer = cli(QStringList{"eval", "--run", run, path("rows.jsonl"), "--samples", path("samples.jsonl")} + asked);
    QVERIFY2(answer.status == 0, answer.err.constData());
    const QJsonObject result = QJsonDocument::fromJson(answer.out).object();
    QCOMPARE(result["metric"].toString(), "accuracy");
    QCOMPARE(result["rows"].toInt(), 24);
    QCOMPARE(result["metrics"].toObject().keys(), (QStringList{"accuracy", "f1", "loss"}));
    QFile file(path("samples.jsonl"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto lines = jsonLines(file.readAll());
    QCOMPARE(lines.size(), 24);
    int right = 0;
    for (const auto& line : lines) {
        QCOMPARE(line["right"].toObject()["accuracy"].toBool(), line["generated"].toString() == line["response"].toString());
        right += line["right"].toObject()["accuracy"].toBool();
    }
    QCOMPARE(result["value"].toDouble(), right / 24.0);
    QCOMPARE(cli(QStringList{"eval", "--run", run, path("rows.jsonl"), "--samples", path("samples.jsonl")} + asked).status, 73);   // not over it
    // Its own rows, and its adapter on the model.
    const Answer own = cli(QStringList{"eval", "--run", run} + asked);
    QVERIFY2(own.status == 0, own.err.constData());
    QCOMPARE(QJsonDocument::fromJson(own.out).object()["metrics"].toObject()["accuracy"].toDouble(), m_trained["accuracy"].toDouble());
    const Answer adapter = cli(QStringList{"eval", encoder(), path("rows.jsonl"), "--columns", "text=text,label=label", "--max-length", "32",
        "--adapter", path(("data/runs/" + run + "/adapter").toLatin1().constData())} + asked);
    QVERIFY2(adapter.status == 0, adapter.err.constData());
    QCOMPARE(QJsonDocument::fromJson(adapter.out).object()["value"].toDouble(), result["value"].toDouble());
    // Where else the metrics are seen.
    const QJsonObject stored = QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().at(0).toObject();
    QCOMPARE(stored["lastMetrics"].toObject()["accuracy"].toDouble(), m_trained["accuracy"].toDouble());
    QVERIFY(cli({"show", run}).out.contains("metric/accuracy"));
}

void TestCliEval::numbersOfARun()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QString run = trained(true);
    const Answer answer = cli({"eval", "--run", run, path("rows.jsonl"), "--metric", "pearson,spearman"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY2(answer.out.startsWith("pearson ") && answer.out.contains("\nspearman "), answer.out.constData());
    QVERIFY(!answer.err.contains("lm_eval"));   // which knows no such model
    QCOMPARE(cli({"eval", "--run", run, path("rows.jsonl"), "--metric", "accuracy"}).status, 2);
}

void TestCliEval::answersOfAModel()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList asked{"eval", goldenPath("tiny"), goldenPath("rows.jsonl"), "--rows", "0:4", "--answer-tokens", "8"};
    const Answer answer = cli(asked + QStringList{"--metric", "gsm8k-flexible,math-string,loss", "--samples", path("answers.jsonl")});
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY2(answer.out.startsWith("gsm8k-flexible 0") || answer.out.startsWith("gsm8k-flexible 1"), answer.out.constData());
    QVERIFY2(answer.err.contains("lm_eval --model hf") && answer.err.contains("gsm8k,minerva_math"), answer.err.constData());
    QFile file(path("answers.jsonl"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto lines = jsonLines(file.readAll());
    QCOMPARE(lines.size(), 4);
    for (const char* key : {"row", "prompt", "response", "generated", "right"})
        QVERIFY2(lines[3].contains(key), key);
    QCOMPARE(lines[3]["row"].toInt(), 3);
    QVERIFY(lines[3]["right"].toObject().contains("math-string"));
}

void TestCliEval::refusesMetricsThatDoNotFit()
{
    const Answer unknown = cli({"eval", "m", "d", "--metric", "loss,acuracy"}, withoutEngine());
    QCOMPARE(unknown.status, 2);
    QVERIFY2(unknown.err.contains("Did you mean accuracy?"), unknown.err.constData());
    QCOMPARE(cli({"eval", "m", "d", "--metric", ","}, withoutEngine()).status, 2);
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer text = cli({"eval", goldenPath("tiny"), goldenPath("rows.jsonl"), "--rows", "0:2", "--metric", "accuracy"});
    QCOMPARE(text.status, 2);
    QVERIFY2(text.err.contains("accuracy"), text.err.constData());
    const Answer bare = cli({"eval", encoder(), goldenPath("rows.jsonl"), "--rows", "0:2"});
    QVERIFY(bare.status != 0);
}

void TestCliEval::chatsLineByLine()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer run = cli(tinyRun("train") + QStringList{"--steps", "3", "--json", "--quiet", "--method", "pissa", "--lr", "1e-2", "--name", "mine"});
    QVERIFY2(run.status == 0, run.err.constData());
    const QStringList asked{"chat", goldenPath("tiny"), "--run", "mine", "--max-tokens", "8"};
    const Answer answer = talk(asked + QStringList{"--json"}, "one and one?\n\nand two?");
    QVERIFY2(answer.status == 0, answer.err.constData());
    const auto lines = jsonLines(answer.out);
    QCOMPARE(lines.size(), 2);   // an empty line asks nothing; the last line needs no end
    QCOMPARE(lines[1]["prompt"].toString(), "and two?");
    const auto answers = lines[1]["answers"].toArray();
    QCOMPARE(answers.size(), 2);
    QCOMPARE(answers[0].toObject()["voice"].toString(), "base");
    QCOMPARE(answers[1].toObject()["voice"].toString(), "mine");
    QCOMPARE(answers[1].toObject()["stop"].toString(), "length");
    // What came before is part of the question.
    const auto alone = jsonLines(talk(asked + QStringList{"--json"}, "and two?\n").out);
    QVERIFY(alone[0]["answers"].toArray()[1].toObject()["text"] != answers[1].toObject()["text"]);
    // For people: a line a voice, or one voice as it speaks.
    const Answer both = talk(asked, "one?\n");
    QVERIFY2(both.out.startsWith("base: ") && both.out.contains("\nmine: "), both.out.constData());
    const Answer single = talk({"chat", "--run", "mine", "--no-base", "--max-tokens", "8"}, "one?\n");
    QVERIFY2(single.status == 0 && !single.out.contains("mine: ") && single.out.endsWith("\n"), single.err.constData());
}

void TestCliEval::chatSaysWhatIsMissing()
{
    QCOMPARE(talk({"chat"}, "").status, 2);
    QCOMPARE(talk({"chat", "default", "--no-base"}, "").status, 2);
    QCOMPARE(talk({"chat", "default", "--top-p", "0"}, "").status, 2);
    QCOMPARE(talk({"chat", "default", "--max-tokens", "0"}, "").status, 2);
    const Answer lost = talk({"chat", "default", "--run", "nobody"}, "");
    QVERIFY2(lost.status == 66 && lost.err.contains("nobody"), lost.err.constData());
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer reader = talk({"chat", encoder()}, "hello\n");
    QVERIFY2(reader.status == 65 && reader.err.contains("encoder"), reader.err.constData());
}

QTEST_GUILESS_MAIN(TestCliEval)
#include "tst_cli_eval.moc"
