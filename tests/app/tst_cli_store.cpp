// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// rankwright-cli and its run store and folders. Rows CL06, CL08, CL12, CK12, TR14 and UI11 of the reliability
// catalogue.
#include "storage/run_store.h"
#include "storage/runs/run_folder.h"
#include "tests/support/cli_fixture.h"

#include <QJsonArray>
#include <QTest>

#include <cmath>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using namespace rankwright;

class TestCliStore : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }
    void missingEngineIsSaid();
    void whatShowPrintsIsAConfiguration();
    void homeIsNotNeededWithADataFolder();
    void outputFolderInUseIsLocked();
    void outputFolderMustBeNewOrEmpty();
    void outputFileMustBeNew();
    void relativePathsBecomeAbsolute();
    void jsonIsStrictWithOddNamesAndNaN();
    void deletesRuns();
    void finishedRunIsNotResumed();
    void formatsThatSayNothingAreRefusedBeforeTheEngine();
    void sqlOnlyReads();
    void globalOptionsStandOnBothSides();
};

void TestCliStore::missingEngineIsSaid()
{
    const auto without = withoutEngine();
    const Answer answer = cli(tinyRun("train"), without);
    QCOMPARE(answer.status, 66);
    QVERIFY2(answer.err.contains("not-there.so"), answer.err.constData());
    QVERIFY2(answer.err.contains("[E-MISSING]"), answer.err.constData());
    // Nothing is left behind.
    QCOMPARE(cli({"runs", "--json"}, without).out.trimmed(), QByteArray("[]"));
}

void TestCliStore::whatShowPrintsIsAConfiguration()
{
    RunConfig config;
    config.name = "<b>x</b>";
    config.rank = 7;
    config.steps = 3;
    const std::string id = RunStore(dataFolder()).createRun(config);
    const Answer shown = cli({"show", QString::fromStdString(id), "--json"});
    QCOMPARE(shown.status, 0);
    QCOMPARE(QJsonDocument::fromJson(shown.out).object()["config"].toObject()["rank"].toInt(), 7);
    writeFile("again.json", shown.out);
    const auto without = withoutEngine();
    // The configuration is accepted: only the engine is missing. One with a value out of range is not.
    QCOMPARE(cli({"train", "again.json"}, without).status, 66);
    QCOMPARE(cli({"train", "again.json", "--batch", "0"}, without).status, 2);
}

void TestCliStore::homeIsNotNeededWithADataFolder()  // CL06
{
    auto bare = environment();
    bare.remove("HOME");
    bare.remove("RANKWRIGHT_DATA_DIR");
    const Answer without = cli({"runs"}, bare);
    QCOMPARE(without.status, 66);
    QVERIFY2(without.err.contains("HOME") && without.err.contains("--data-dir"), without.err.constData());
    QCOMPARE(cli({"runs", "--data-dir", m_folder->filePath("elsewhere")}, bare).status, 0);
    QVERIFY(QFile::exists(m_folder->filePath("elsewhere/runs.db")));
    bare.insert("HOME", "/proc/nowhere");
    const Answer unwritable = cli({"runs"}, bare);
    QCOMPARE(unwritable.status, 73);
    QVERIFY2(unwritable.err.contains("--data-dir"), unwritable.err.constData());
}

void TestCliStore::outputFolderInUseIsLocked()  // CL08
{
    const QByteArray folder = m_folder->filePath("out").toUtf8();
    QVERIFY(QDir().mkdir(folder));
    const int descriptor = ::open(folder.constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    QVERIFY(descriptor >= 0 && ::flock(descriptor, LOCK_EX) == 0);
    const Answer locked = cli(tinyRun("train") + QStringList{"--out", folder});
    ::close(descriptor);
    QCOMPARE(locked.status, 75);
    QVERIFY2(locked.err.contains("process " + QByteArray::number(::getpid())), locked.err.constData());
    QCOMPARE(cli({"runs", "--json"}).out.trimmed(), QByteArray("[]"));
}

void TestCliStore::outputFolderMustBeNewOrEmpty()  // CK12
{
    QVERIFY(QDir(m_folder->path()).mkpath("full/inside"));
    QVERIFY(QDir(m_folder->path()).mkdir("target"));
    QVERIFY(QFile::link(m_folder->filePath("target"), m_folder->filePath("link")));
    writeFile("file", "text");
    for (const char* name : {"full", "link", "file"}) {
        const Answer answer = cli(tinyRun("train") + QStringList{"--out", m_folder->filePath(name)});
        QVERIFY2(answer.status == 73, name + answer.err);
    }
    QVERIFY(QDir(m_folder->filePath("target")).isEmpty());
}

void TestCliStore::outputFileMustBeNew()  // CK12
{
    writeFile("file", "text");
    QVERIFY(QFile::link(m_folder->filePath("nowhere"), m_folder->filePath("link")));
    const auto without = withoutEngine();  // refused before anything is loaded
    for (const char* name : {"file", "link"}) {
        for (const QStringList& arguments :
            {QStringList{"logits", goldenPath("tiny"), "--ids", "1,2"}, QStringList{"plan", "default", "--rank", "4"}}) {
            const Answer answer = cli(arguments + QStringList{"--out", m_folder->filePath(name)}, without);
            QVERIFY2(answer.status == 73, name + answer.err);
            QVERIFY2(answer.err.contains("--out") && answer.err.contains("[E-EXISTS]"), answer.err.constData());
        }
    }
    QFile file(m_folder->filePath("file"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), QByteArray("text"));
    QVERIFY(!QFile::exists(m_folder->filePath("nowhere")));
}

void TestCliStore::relativePathsBecomeAbsolute()
{
    if (!hasEngine())
        QSKIP("needs the engine");
    QVERIFY(QFile::link(goldenPath("tiny"), m_folder->filePath("model")));
    QVERIFY(QFile::copy(goldenPath("rows.jsonl"), m_folder->filePath("rows.jsonl")));
    QStringList arguments = tinyRun("train") + QStringList{"--steps", "1", "--out", "adapter/"};
    arguments[1] = "model";
    arguments[2] = "rows.jsonl";
    const Answer answer = cli(arguments);
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY(QFile::exists(m_folder->filePath("adapter/adapter_model.safetensors")));
    RunStore store(dataFolder());
    const RunConfig config = store.config(store.runs().front().id);
    QCOMPARE(QString::fromStdString(config.model), m_folder->filePath("model"));
    QCOMPARE(QString::fromStdString(config.data), m_folder->filePath("rows.jsonl"));
}

void TestCliStore::jsonIsStrictWithOddNamesAndNaN()  // CL12
{
    std::string id;
    {
        RunStore store(dataFolder());
        RunConfig config;
        config.name = "quote \" back \\ tab \t <img src='/x'> \xc3\xa4";
        id = store.createRun(config);
        StepEvent step{.run = id, .step = 1, .steps = 2, .loss = std::nan(""), .lr = 1e-4, .gradNorm = std::nan("")};
        QVERIFY(store.append(id, {step}));
    }
    auto german = environment();  // UI11: decimal commas must not reach JSON
    german.insert("LC_ALL", "de_DE.UTF-8");
    for (const QStringList& arguments :
        {QStringList{"runs", "--json"}, QStringList{"show", QString::fromStdString(id), "--json"}}) {
        const Answer answer = cli(arguments, german);
        QCOMPARE(answer.status, 0);
        QJsonParseError error;
        const QJsonDocument document = QJsonDocument::fromJson(answer.out, &error);
        QCOMPARE(error.error, QJsonParseError::NoError);
        const QJsonObject run = document.isArray() ? document.array().first().toObject() : document.object();
        QCOMPARE(run["name"].toString(), QString::fromUtf8("quote \" back \\ tab \t <img src='/x'> \xc3\xa4"));
        QVERIFY(run["loss"].isNull());
    }
}

void TestCliStore::deletesRuns()
{
    std::string first, second, running;
    {
        RunStore store(dataFolder());
        RunConfig config;
        config.name = "one";
        first = store.createRun(config);
        config.name = "two";
        second = store.createRun(config);
        config.name = "three";
        running = store.createRun(config);
        store.setState(first, RunState::finished);
        store.setState(second, RunState::failed);
    }
    const auto left = [this] { return QJsonDocument::fromJson(cli({"runs", "--json"}).out).array().size(); };
    const auto folder = [this](const std::string& id) { return QString::fromStdString((dataFolder() / "runs" / id).string()); };
    // Nobody can be asked: nothing goes.
    const Answer alone = cli({"runs", "--delete", "one"});
    QVERIFY2(alone.status == 2 && alone.err.contains("--yes"), alone.err.constData());
    QCOMPARE(left(), 3);
    // A run that is held by somebody who trains it, and one that is not there: neither it nor its neighbour goes.
    {
        const RunLock held(dataFolder() / "runs" / running);
        RunStore store(dataFolder());
        store.setState(running, RunState::running);
        const Answer busy = cli({"runs", "--delete", "one", "--delete", "three", "--yes"});
        QVERIFY2(busy.status == 75 && busy.err.contains("running"), busy.err.constData());
    }
    QCOMPARE(cli({"runs", "--delete", "one", "--delete", "nobody", "--yes"}).status, 66);
    QCOMPARE(left(), 3);
    const Answer gone = cli({"runs", "--delete", "one", "--delete", QString::fromStdString(second), "--delete", "one", "--yes"});
    QVERIFY2(gone.status == 0, gone.err.constData());
    QCOMPARE(gone.err.count("Deleted run "), 2);
    QCOMPARE(left(), 1);
    QVERIFY(!QFile::exists(folder(first)) && !QFile::exists(folder(second)) && QFile::exists(folder(running)));
}

void TestCliStore::finishedRunIsNotResumed()  // TR14
{
    std::string id;
    {
        RunStore store(dataFolder());
        id = store.createRun(RunConfig{});
        store.setState(id, RunState::finished);
    }
    const QByteArray before = cli({"show", QString::fromStdString(id), "--json"}).out;
    const Answer answer = cli({"resume", QString::fromStdString(id)});
    QCOMPARE(answer.status, 2);
    QVERIFY2(answer.err.contains("already complete"), answer.err.constData());
    QCOMPARE(cli({"show", QString::fromStdString(id), "--json"}).out, before);
    QCOMPARE(cli({"resume", "no such run"}).status, 66);
}

void TestCliStore::formatsThatSayNothingAreRefusedBeforeTheEngine()
{
    RunConfig config;
    config.method = "loftq";
    const auto run = QString::fromStdString(RunStore(dataFolder()).createRun(config));
    const Answer lora = cli({"export", run, "--out", "out"}, withoutEngine());
    QCOMPARE(lora.status, 65);
    QVERIFY2(lora.err.contains("lora of a run with loftq") && lora.err.contains("(allowed: peft, merged, gguf)"), lora.err.constData());
    for (const char* format : {"peft", "merged", "gguf"})
        QCOMPARE(cli({"export", run, "--out", "out", "--format", format}, withoutEngine()).status, 66);
}

void TestCliStore::sqlOnlyReads()
{
    RunStore(dataFolder()).createRun(RunConfig{});
    const Answer count = cli({"sql", "SELECT count(*) AS runs FROM run", "--json"});
    QVERIFY2(count.status == 0, count.err.constData());
    const QJsonObject table = QJsonDocument::fromJson(count.out).object();
    QCOMPARE(table["columns"].toArray(), QJsonArray{"runs"});
    QCOMPARE(table["rows"].toArray().first().toArray(), QJsonArray{"1"});
    QCOMPARE(cli({"sql", "DELETE FROM run"}).status, 2);
    QCOMPARE(cli({"sql", "SELECT 1; DELETE FROM run"}).status, 2);
    QCOMPARE(cli({"sql", "SELECT count(*) FROM run"}).out, QByteArray("count(*)\n1\n"));
}

void TestCliStore::globalOptionsStandOnBothSides()
{
    const QString folder = m_folder->filePath("other");
    QCOMPARE(cli({"--json", "--data-dir", folder, "runs"}).out, QByteArray("[]\n"));
    QCOMPARE(cli({"runs", "--data-dir", folder, "--json"}).out, QByteArray("[]\n"));
    QVERIFY(!cli({"runs"}).err.isEmpty());
    QVERIFY(cli({"runs", "--quiet"}).err.isEmpty());
}

QTEST_GUILESS_MAIN(TestCliStore)
#include "tst_cli_store.moc"
