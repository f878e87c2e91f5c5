// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// rankwright-cli with the engine: training, signals, events, progress, comparisons. Rows CL02, CL07 and TR09 of the
// reliability catalogue. Everything here skips where the engine was not built.
#include "tests/support/cli_fixture.h"
#include "tests/support/test_data.h"

#include <QJsonArray>
#include <QMap>
#include <QSet>
#include <QTest>

#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rankwright;

class TestCliTraining : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }
    void trainsAndExports();
    void eventsAreJsonLines();
    void stopsWithACheckpointOnASignal_data();
    void stopsWithACheckpointOnASignal();
    void secondInterruptEndsAtOnce();
    void trainingOutlivesAClosedPipe();
    void compareIsPaired();
    void compareSweepsRates();
    void aRunThatNeedsMoreThanIsFreeBeginsWithAWarning();
    void estimatesBeforeAnythingIsTrained();
    void armsTakeTheSameStepsInTheTimeGiven();
    void armsAreEvaluatedWhenTheTimeIsOver();
    void comparisonOutlivesKill_data();
    void comparisonOutlivesKill();
    void failedRunsAreTriedAgainOnlyOnRequest();
    void progressFitsTheTerminal_data();
    void progressFitsTheTerminal();
    void spectraAreKept();
    void planFeedsTraining();
    void evaluatesAsJson();
};

void TestCliTraining::trainsAndExports()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QString out = m_folder->filePath("adapter");
    const Answer answer = cli(tinyRun("train") + QStringList{"--steps", "3", "--json", "--quiet", "--out", out});
    QVERIFY2(answer.status == 0, answer.err.constData());
    QCOMPARE(answer.err, QByteArray());
    const QJsonObject run = QJsonDocument::fromJson(answer.out).object();
    QCOMPARE(run["outcome"].toString(), "finished");
    QCOMPARE(run["steps"].toInt(), 3);
    QVERIFY(QFile::exists(run["adapter"].toString() + "/adapter_config.json"));
    QVERIFY(QFile::exists(out + "/adapter_config.json"));
    const Answer peft = cli({"export", run["run"].toString(), "--format", "peft", "--out", "peft", "--json"});
    QVERIFY2(peft.status == 0, peft.err.constData());
    QVERIFY(QJsonDocument::fromJson(peft.out).object().contains("largestDifference"));
    QCOMPARE(cli({"resume", run["run"].toString()}).status, 2);
}

void TestCliTraining::eventsAreJsonLines()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer = cli(tinyRun("train") + QStringList{"--steps", "3", "--events"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    const auto events = jsonLines(answer.out);
    QVERIFY(events.size() >= 5);
    const auto start = std::find_if(
        events.begin(), events.end(), [](const QJsonObject& event) { return event["event"].toString() != "note"; });
    QCOMPARE((*start)["event"].toString(), "start");
    QVERIFY((*start)["trainable"].toInt() > 0);
    QCOMPARE(events.last()["event"].toString(), "end");
    QCOMPARE(events.last()["outcome"].toString(), "finished");
    int steps = 0;
    for (const QJsonObject& event : events) {
        if (event["event"].toString() == "step") {
            QCOMPARE(event["step"].toInt(), ++steps);
            for (const char* key : {"run", "loss", "lr", "gradNorm", "tokens", "seconds"})
                QVERIFY2(event.contains(key), key);
        }
    }
    QCOMPARE(steps, 3);
    QVERIFY2(answer.err.contains("step 3/3") && !hasControls(answer.err), answer.err.constData());
}

void TestCliTraining::stopsWithACheckpointOnASignal_data()  // TR09
{
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGINT") << SIGINT;
    QTest::newRow("SIGTERM") << SIGTERM;
    QTest::newRow("SIGHUP") << SIGHUP;
}

void TestCliTraining::stopsWithACheckpointOnASignal()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    QFETCH(int, signal);
    QProcess process;
    process.setProcessEnvironment(environment());
    process.start(RANKWRIGHT_CLI_PATH, tinyRun("train") + QStringList{"--steps", "1000000", "--events"});
    QByteArray out;
    while (out.count("\"event\":\"step\"") < 3) {
        QVERIFY2(process.waitForReadyRead(60'000), process.readAllStandardError().constData());
        out += process.readAllStandardOutput();
    }
    QCOMPARE(::kill(pid_t(process.processId()), signal), 0);
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 130);
    const auto events = jsonLines(out + process.readAllStandardOutput());
    QCOMPARE(events.last()["outcome"].toString(), "stopped");
    const int last = events.last()["step"].toInt();
    QCOMPARE(std::count_if(events.begin(), events.end(),
                 [last](const QJsonObject& event) {
                     return event["event"].toString() == "checkpoint" && event["step"].toInt() == last;
                 }),
        1);
    const QJsonObject run = QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().first().toObject();
    QCOMPARE(run["state"].toString(), "stopped");
    QCOMPARE(run["step"].toInt(), last);
}

void TestCliTraining::secondInterruptEndsAtOnce()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QByteArray fifo = m_folder->filePath("fifo").toUtf8();
    QCOMPARE(::mkfifo(fifo.constData(), 0600), 0);
    const int reader = ::open(fifo.constData(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    QVERIFY(reader >= 0 && ::fcntl(reader, F_SETPIPE_SZ, 4096) == 4096);
    QProcess process;
    process.setProcessEnvironment(environment());
    process.setStandardOutputFile(fifo);
    process.start(RANKWRIGHT_CLI_PATH, tinyRun("train") + QStringList{"--steps", "1000000", "--events", "--quiet"});
    QVERIFY(process.waitForStarted());
    const auto waiting = [reader] {
        int bytes = 0;
        return ::ioctl(reader, FIONREAD, &bytes) == 0 && bytes > 3'500;  // a line is written whole or not at all
    };
    QTRY_VERIFY_WITH_TIMEOUT(waiting(), 60'000);
    QCOMPARE(::kill(pid_t(process.processId()), SIGINT), 0);
    QVERIFY(!process.waitForFinished(500));
    QCOMPARE(::kill(pid_t(process.processId()), SIGINT), 0);
    QVERIFY(process.waitForFinished(2'000));
    QCOMPARE(process.exitCode(), 130);
    ::close(reader);
    const QJsonObject run = QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().first().toObject();
    // Blocked in a step's line, or, where the stop came between two steps, in the line that says so.
    const auto state = run["state"].toString();
    QVERIFY2(state == "interrupted" || state == "stopped", qPrintable(state));
}

void TestCliTraining::trainingOutlivesAClosedPipe()  // CL02
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    QProcess process;
    process.setProcessEnvironment(environment());
    QStringList words;
    for (const QString& word : QStringList{RANKWRIGHT_CLI_PATH} + tinyRun("train"))
        words.append('\'' + word + '\'');
    process.start(
        "/bin/sh", {"-c", "{ " + words.join(' ') + " --steps 50 --events --quiet; echo status $? >&2; } | head -n 1"});
    QVERIFY(process.waitForFinished(60'000));
    QCOMPARE(process.readAllStandardError(), QByteArray("status 0\n"));
    QCOMPARE(jsonLines(process.readAllStandardOutput()).size(), 1);
    const QJsonObject run = QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().first().toObject();
    QCOMPARE(run["state"].toString(), "finished");
    QCOMPARE(run["step"].toInt(), 50);
}

void TestCliTraining::compareIsPaired()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer = cli(tinyRun("compare") + QStringList{"--steps", "2", "--seeds", "0,1", "--sweep", "1", "--json", "--quiet"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    const QJsonObject report = QJsonDocument::fromJson(answer.out).object();
    const QJsonArray runs = report["runs"].toArray();
    QCOMPARE(runs.size(), 4);
    QSet<QString> arms;
    for (const QJsonValue& run : runs) {
        arms.insert(run["arm"].toString() + run["seed"].toVariant().toString());
        QCOMPARE(run["steps"].toInt(), 2);
        QVERIFY(QFile::exists(run["adapter"].toString()));
    }
    QCOMPARE(arms, (QSet<QString>{"lora0", "lora1", "pissa0", "pissa1"}));
    // Paired: the same rows in the same order for a seed.
    QMap<int, QString> orders;
    for (const QJsonValue& run : runs) {
        const auto shown = QJsonDocument::fromJson(cli({"show", run["run"].toString(), "--json"}).out).object();
        QCOMPARE(shown["comparison"].toString(), report["comparison"].toString());
        const QString order = shown["provenance"].toObject()["orderHash"].toString();
        QVERIFY(!order.isEmpty());
        QCOMPARE(orders.value(run["seed"].toInt(), order), order);
        orders[run["seed"].toInt()] = order;
    }
    QCOMPARE(cli(tinyRun("compare") + QStringList{"--arms", "lora,pisa"}).status, 2);
}

// Each arm's own rate and its neighbours, a report at the end, and the same once more from the stored comparison.
void TestCliTraining::compareSweepsRates()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer = cli(tinyRun("compare")
        + QStringList{"--steps", "2", "--name", "swept", "--sweep", "3", "--sweep-factor", "4", "--baseline", "pissa", "--runs", "interleaved", "--json"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    const QJsonObject printed = QJsonDocument::fromJson(answer.out).object();
    QStringList order;
    for (const QJsonValue& run : printed["runs"].toArray())
        order << run["arm"].toString() + QString::number(run["learningRate"].toDouble());
    QCOMPARE(order, (QStringList{"pissa0.0002", "lora0.0002", "pissa5e-05", "lora5e-05", "pissa0.0008", "lora0.0008"}));
    QCOMPARE(printed["judge"].toString(), "trainingLoss");
    QCOMPARE(printed["rates"].toArray().size(), 2);
    QCOMPARE(printed["results"].toArray().size(), 4);   // best with best, and each rate
    QVERIFY2(answer.err.contains("\nOne seed cannot decide: ") && answer.err.contains("warning: With one seed no test"), answer.err.constData());
    const QString id = printed["comparison"].toString(), file = m_folder->filePath("data/comparisons/" + id + ".json");
    const auto stored = [](const QString& path) {
        QFile json(path);
        return json.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(json.readAll()).object() : QJsonObject();
    };
    QCOMPARE(stored(file)["schedule"].toString(), "interleaved");
    QCOMPARE(stored(file)["arms"].toArray()[0].toObject()["label"].toString(), "pissa");
    const Answer report = cli({"report", "swept", "--json"});
    QVERIFY2(report.status == 0, report.err.constData());
    QCOMPARE(QJsonDocument::fromJson(report.out).object()["results"], printed["results"]);
    // The file is a comparison to be made; options go on top of it.
    const Answer again = cli({"compare", file, "--rates", "1e-3", "--seeds", "7", "--name", "again", "--json", "--quiet"});
    QVERIFY2(again.status == 0, again.err.constData());
    const QJsonArray runs = QJsonDocument::fromJson(again.out).object()["runs"].toArray();
    QVERIFY(runs.size() == 2 && runs[0]["arm"].toString() == "pissa" && runs[0]["seed"].toInt() == 7 && runs[0]["learningRate"].toDouble() == 1e-3);
    QCOMPARE(cli({"compare", file, "--arms", "lora"}).status, 2);
}

void TestCliTraining::aRunThatNeedsMoreThanIsFreeBeginsWithAWarning()
{
    if (!hasEngine() || defaultModel().empty())
        QSKIP("the engine is not built, or the default model is not in the cache");
    const QStringList run{"train", QString::fromStdString(defaultModel().string()), "default", "--rows", ":8", "--batch", "8", "--steps", "1"};
    qputenv("RANKWRIGHT_MEMORY_LIMIT", "810000000");   // room for the weights, and for little else
    const Answer tight = cli(run);
    qunsetenv("RANKWRIGHT_MEMORY_LIMIT");
    QVERIFY2(tight.status == 0, tight.err.constData());
    QVERIFY2(tight.err.contains("warning: It needs about") && tight.err.contains("that are free"), tight.err.constData());
    const Answer roomy = cli(run);
    QVERIFY2(roomy.status == 0 && !roomy.err.contains("It needs about"), roomy.err.constData());
}

void TestCliTraining::estimatesBeforeAnythingIsTrained()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList arms{"--steps", "2", "--seeds", "0,1", "--arm", "lora:lr=1e-3", "--arm", "lora:lr=2e-3", "--arm", "dora"};
    const Answer answer = cli(tinyRun("compare") + arms);
    QVERIFY2(answer.status == 0, answer.err.constData());
    const auto estimate = answer.err.indexOf("6 runs, one after another: about "), queue = answer.err.indexOf("6 of 6 runs");
    QVERIFY2(estimate > 0 && queue > estimate && answer.err.indexOf("step 1/2") > queue, answer.err.constData());
    for (const char* word : {"ARM", "TRAINED", "MEMORY", "lora lr=1e-3 ", "lora lr=2e-3 ", "dora "})
        QVERIFY2(answer.err.left(estimate).contains(word), word);
    QVERIFY2(answer.out.startsWith("ARM           SEED      LR  OUTCOME"), answer.out.constData());
    QCOMPARE(answer.out.count('\n'), 7);
    const Answer dry = cli(tinyRun("compare") + arms + QStringList{"--dry-run", "--quiet"});
    QVERIFY2(dry.out.contains("6 runs, one after another") && dry.out.contains("lora lr=2e-3"), dry.out.constData());
    QVERIFY(QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().size() == 6);
    // Where all arms have one rate the table does not show it.
    QVERIFY(cli(tinyRun("compare") + QStringList{"--steps", "1", "--sweep", "1"}).out.startsWith("ARM    SEED  OUTCOME"));
}

// Full fine-tuning and a method that decomposes are tried as well: no arm is stopped for being slower than another.
void TestCliTraining::armsTakeTheSameStepsInTheTimeGiven()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer
        = cli(tinyRun("compare") + QStringList{"--arms", "lora,full,pissa,lora-rite", "--sweep", "1", "--steps", "3", "--minutes", "0.5", "--json"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    for (const char* arm : {"lora", "pissa", "lora-rite"})   // one of each kind
        QVERIFY2(answer.err.contains(QByteArray("trial of 2 steps: ") + arm + ':'), answer.err.constData());
    QVERIFY2(!answer.err.contains("trial of 2 steps: full"), answer.err.constData());
    const QJsonArray runs = QJsonDocument::fromJson(answer.out).object()["runs"].toArray();
    QCOMPARE(runs.size(), 4);
    for (const QJsonValue& run : runs) {
        QCOMPARE(run["outcome"].toString(), "finished");
        QCOMPARE(run["steps"].toInt(), 3);
    }
    QCOMPARE(QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().size(), 4);   // the trials are none
}

// Nothing is left after the trials: each arm takes a step and is evaluated all the same.
void TestCliTraining::armsAreEvaluatedWhenTheTimeIsOver()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer answer = cli(tinyRun("compare") + QStringList{"--eval-data", goldenPath("rows.jsonl"), "--sweep", "1", "--minutes", "0.0001", "--json"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    const QJsonArray runs = QJsonDocument::fromJson(answer.out).object()["runs"].toArray();
    QCOMPARE(runs.size(), 2);
    for (const QJsonValue& run : runs) {
        QCOMPARE(run["outcome"].toString(), "finished");
        QCOMPARE(run["steps"].toInt(), 1);
        QVERIFY(run["evalAfter"].isDouble());
    }
}

// What a comparison prints with --json, without what differs from one comparison to the next.
static QMap<QString, QJsonObject> outcomesOf(const QByteArray& printed)
{
    QMap<QString, QJsonObject> outcomes;
    for (const QJsonValue& value : QJsonDocument::fromJson(printed).object()["runs"].toArray()) {
        QJsonObject run = value.toObject();
        for (const char* key : {"run", "adapter", "seconds", "tokensPerSecond"})
            run.remove(key);
        outcomes[run["arm"].toString() + ' ' + QString::number(run["seed"].toInt())] = run;
    }
    return outcomes;
}

void TestCliTraining::comparisonOutlivesKill_data()  // TR09
{
    QTest::addColumn<int>("runs");
    QTest::addColumn<int>("steps");
    QTest::newRow("in the first run, before its first step") << 1 << 0;
    QTest::newRow("in the second run") << 2 << 3;
    QTest::newRow("in the third run") << 3 << 11;
    QTest::newRow("in the last run") << 6 << 16;
}

void TestCliTraining::comparisonOutlivesKill()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    QFETCH(int, runs);
    QFETCH(int, steps);
    const QStringList words = tinyRun("compare") + QStringList{"--steps", "20", "--save-every", "4", "--eval-data",
        goldenPath("rows.jsonl"), "--eval-rows", ":2", "--seeds", "0,1", "--threads", "1", "--arm", "lora:lr=1e-3", "--arm",
        "pissa", "--arm", "lora:lr=2e-3"};
    static const Answer undisturbed = cli(words + QStringList{"--json", "--quiet"});
    QVERIFY2(undisturbed.status == 0, undisturbed.err.constData());
    QVERIFY(renew());

    QProcess process;
    process.setProcessEnvironment(environment());
    process.setWorkingDirectory(m_folder->path());
    process.start(RANKWRIGHT_CLI_PATH, words + QStringList{"--events", "--quiet"});
    QByteArray out;
    const auto there = [&] {
        const auto started = out.count("\"event\":\"start\"");
        const auto since = out.mid(out.lastIndexOf("\"event\":\"start\"")).count("\"event\":\"step\"");
        return started > runs || (started == runs && since >= steps);
    };
    while (!there()) {
        QVERIFY2(process.waitForReadyRead(60'000), process.readAllStandardError().constData());
        out += process.readAllStandardOutput();
    }
    QCOMPARE(::kill(pid_t(process.processId()), SIGKILL), 0);
    QVERIFY(process.waitForFinished(30'000));
    const QJsonArray rows = QJsonDocument::fromJson(cli({"runs", "--json"}).out).array();
    QCOMPARE(rows.size(), 6);  // all of them were queued before the first began
    const QString comparison = rows.first().toObject()["comparison"].toString();
    const auto finished = std::count_if(
        rows.begin(), rows.end(), [](const QJsonValue& row) { return row.toObject()["state"].toString() == "finished"; });
    QVERIFY(finished < 6);

    const Answer resumed = cli({"resume", comparison, "--json"});
    QVERIFY2(resumed.status == 0, resumed.err.constData());
    const QString left = QString::number(6 - finished) + " of 6 runs to train";
    QVERIFY2(resumed.err.contains(left.toUtf8()), resumed.err.constData());
    QCOMPARE(QJsonDocument::fromJson(resumed.out).object()["comparison"].toString(), comparison);
    const auto expected = outcomesOf(undisturbed.out), found = outcomesOf(resumed.out);
    QCOMPARE(found.size(), 6);
    for (auto run = expected.begin(); run != expected.end(); ++run) {
        QVERIFY2(run->value("evalAfter").isDouble() && run->value("finalLoss").isDouble(), qPrintable(run.key()));
        QVERIFY2(found[run.key()] == *run, QJsonDocument(found[run.key()]).toJson() + QJsonDocument(*run).toJson());
    }
    // Once more: nothing is left, and the table is the same.
    const Answer again = cli({"resume", comparison.left(7), "--json"});
    QCOMPARE(again.status, 0);
    QCOMPARE(again.out, resumed.out);
    QVERIFY2(again.err.contains("0 of 6 runs"), again.err.constData());
}

void TestCliTraining::failedRunsAreTriedAgainOnlyOnRequest()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    // The rows change between the estimate and a later run: that run fails, and only --force begins it again.
    QVERIFY(QFile::copy(goldenPath("rows.jsonl"), m_folder->filePath("rows.jsonl")));
    QStringList words = tinyRun("compare");
    words[2] = "rows.jsonl";
    QProcess process;
    process.setProcessEnvironment(environment());
    process.setWorkingDirectory(m_folder->path());
    process.start(RANKWRIGHT_CLI_PATH, words + QStringList{"--steps", "1000000", "--sweep", "1", "--save-every", "1", "--events"});
    QByteArray out;
    while (out.count("\"event\":\"step\"") < 3) {
        QVERIFY2(process.waitForReadyRead(60'000), process.readAllStandardError().constData());
        out += process.readAllStandardOutput();
    }
    QCOMPARE(::kill(pid_t(process.processId()), SIGTERM), 0);
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(QFile::remove(m_folder->filePath("rows.jsonl")));
    const auto stateOf = [this](int run) {
        return QJsonDocument::fromJson(cli({"runs", "--json"}).out).array()[run].toObject()["state"].toString();
    };
    const QString comparison
        = QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().first().toObject()["comparison"].toString();
    QCOMPARE(stateOf(1), "stopped");
    QCOMPARE(stateOf(0), "queued");
    const Answer failed = cli({"resume", comparison, "--json", "--quiet"});
    QCOMPARE(failed.status, 66);
    const QJsonArray runs = QJsonDocument::fromJson(failed.out).object()["runs"].toArray();
    QCOMPARE(runs[0].toObject()["outcome"].toString(), "failed");
    QVERIFY(runs[0].toObject()["error"].toString().contains("rows.jsonl"));
    // Not tried again, but reported, with the same status and message.
    const Answer again = cli({"resume", comparison, "--json"});
    QCOMPARE(again.status, 66);
    QVERIFY2(again.err.contains("0 of 2 runs"), again.err.constData());
    QCOMPARE(again.out, failed.out);
    const Answer forced = cli({"resume", comparison, "--json", "--force"});
    QVERIFY2(forced.err.contains("2 of 2 runs"), forced.err.constData());
    QCOMPARE(cli({"resume", "nothing-of-that-name"}).status, 66);
}

void TestCliTraining::progressFitsTheTerminal_data()  // CL07
{
    QTest::addColumn<QString>("terminal");
    QTest::addColumn<bool>("noColor");
    QTest::addColumn<bool>("updates");
    QTest::newRow("terminal") << "xterm" << false << true;
    QTest::newRow("dumb") << "dumb" << false << false;
    QTest::newRow("unset") << "" << false << false;
    QTest::newRow("NO_COLOR") << "xterm" << true << false;
}

void TestCliTraining::progressFitsTheTerminal()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    QFETCH(QString, terminal);
    QFETCH(bool, noColor);
    QFETCH(bool, updates);
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    QVERIFY(master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0);
    const QString slave = ::ptsname(master);
    const int held = ::open(qPrintable(slave), O_RDWR | O_NOCTTY | O_CLOEXEC);  // what was written stays readable
    auto with = environment();
    if (!terminal.isEmpty())
        with.insert("TERM", terminal);
    if (noColor)
        with.insert("NO_COLOR", "1");
    QProcess process;
    process.setProcessEnvironment(with);
    process.setStandardErrorFile(slave);
    process.start(RANKWRIGHT_CLI_PATH, tinyRun("train") + QStringList{"--steps", "3"});
    QVERIFY(process.waitForFinished(60'000));
    QCOMPARE(process.exitCode(), 0);
    QVERIFY(!hasControls(process.readAllStandardOutput()));
    QByteArray shown(65'536, '\0');
    QVERIFY(::fcntl(master, F_SETFL, O_NONBLOCK) == 0);
    const ssize_t got = ::read(master, shown.data(), size_t(shown.size()));
    QVERIFY(got > 0);
    shown = shown.left(got).replace("\r\n", "\n");  // the terminal's own line ends
    ::close(held);
    ::close(master);
    QVERIFY2(shown.contains("step 3/3"), shown.constData());
    QCOMPARE(hasControls(shown), updates);
    QCOMPARE(shown.contains("\x1b[K"), updates);
}

void TestCliTraining::spectraAreKept()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer first = cli({"spectrum", goldenPath("tiny"), "--json", "--quiet", "--modules", "q_proj,up_proj"});
    QVERIFY2(first.status == 0, first.err.constData());
    const QJsonArray modules = QJsonDocument::fromJson(first.out).object()["modules"].toArray();
    QVERIFY(!modules.isEmpty());
    const Answer stored = cli({"sql", "SELECT count(*) FROM spectrum"});
    QCOMPARE(stored.out, "count(*)\n" + QByteArray::number(modules.size()) + '\n');
    QCOMPARE(cli({"spectrum", goldenPath("tiny"), "--json", "--quiet", "--modules", "q_proj,up_proj"}).out, first.out);
    const Answer csv
        = cli({"spectrum", goldenPath("tiny"), "--csv", "--top", "2", "--quiet", "--modules", "q_proj,up_proj"});
    QCOMPARE(csv.out.count('\n'), 1 + 2 * modules.size());
    QVERIFY(csv.out.startsWith("module,rows,cols,energy,stableRank,effectiveRank,index,value\n"));
}

void TestCliTraining::planFeedsTraining()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer plan
        = cli({"plan", goldenPath("tiny"), "--energy", "0.3", "--modules", "q_proj", "--out", "plan.json", "--json"});
    QVERIFY2(plan.status == 0, plan.err.constData());
    const QJsonArray modules = QJsonDocument::fromJson(plan.out).object()["modules"].toArray();
    QVERIFY(!modules.isEmpty());
    const Answer dry
        = cli(tinyRun("train") + QStringList{"--plan", "plan.json", "--modules", "q_proj", "--dry-run", "--json"});
    QVERIFY2(dry.status == 0, dry.err.constData());
    const QJsonObject ranks = QJsonDocument::fromJson(dry.out).object()["config"].toObject()["plan"].toObject();
    QCOMPARE(ranks.size(), modules.size());
    for (const QJsonValue& module : modules)
        QCOMPARE(ranks[module["name"].toString()].toObject()["rank"], module["rank"]);
    QCOMPARE(cli({"plan", goldenPath("tiny")}).status, 2);
    QCOMPARE(cli({"plan", goldenPath("tiny"), "--rank", "2", "--energy", "0.5"}).status, 2);
}

void TestCliTraining::evaluatesAsJson()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    for (const char* metric : {"loss", "perplexity"}) {
        const Answer answer = cli({"eval", goldenPath("tiny"), goldenPath("rows.jsonl"), "--metric", metric, "--rows",
            "0:4", "--max-length", "64", "--json", "--quiet"});
        QVERIFY2(answer.status == 0, answer.err.constData());
        const QJsonObject result = QJsonDocument::fromJson(answer.out).object();
        QCOMPARE(result["metric"].toString(), metric);
        QVERIFY(result["value"].toDouble() > 0);
        QVERIFY(result["rows"].toInt() > 0 && result["tokens"].toInt() > 0);
    }
}

QTEST_GUILESS_MAIN(TestCliTraining)
#include "tst_cli_training.moc"
