// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The command line as scripts see it: the built rankwright-cli, its exit codes, streams and JSON. Rows CL01-CL05, CL09
// and CL10 of the reliability catalogue.
#include "storage/run_store.h"
#include "tests/support/cli_fixture.h"

#include <QJsonArray>
#include <QTest>

using namespace rankwright;

class TestCli : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }
    void namesTheNearestCommandOrOption_data();
    void namesTheNearestCommandOrOption();
    void everyCommandHasHelpWithoutTheEngine();
    void versionNamesTheLibraries();
    void numbersAreDecimalOnly_data();
    void numbersAreDecimalOnly();
    void mapsMayBeJsonOnTheCommandLine_data();
    void mapsMayBeJsonOnTheCommandLine();
    void refusesContradictions_data();
    void refusesContradictions();
    void unknownConfigKeyNamesTheNearest();
    void fullOutputIsAnInputOutputError();
    void closedPipeIsQuiet();
    void hostileNamesAreEscaped();
    void dashNamesAreTakenAfterTwoDashes();
    void inspectsAndTokenizesWithoutTheEngine();
    void listsPresetsAndShowsOne();
    void helpNamesTheTemplates();
    void saysWhatIsNoWholeModel();
    void idsThatAreNotInTheVocabularyAreRefused();
};

void TestCli::namesTheNearestCommandOrOption_data()  // CL01
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("nearest");
    QTest::newRow("command") << QStringList{"trian"} << QByteArray("Did you mean train?");
    QTest::newRow("option") << QStringList{"train", "default", "default", "--rnak", "4"}
                            << QByteArray("Did you mean --rank?");
    QTest::newRow("option with =") << QStringList{"train", "m", "d", "--stpes=4"}
                                   << QByteArray("Did you mean --steps?");
    QTest::newRow("option before what is missing")
        << QStringList{"inspect", "--jsno"} << QByteArray("Did you mean --json?");
    QTest::newRow("program option") << QStringList{"--versoin"} << QByteArray("Did you mean --version?");
    QTest::newRow("method") << QStringList{"train", "m", "d", "--method", "pisa"} << QByteArray("Did you mean pissa?");
    QTest::newRow("metric") << QStringList{"eval", "m", "d", "--metric", "losss"} << QByteArray("Did you mean loss?");
    QTest::newRow("nothing near") << QStringList{"--qqqqqqqqqqqq"} << QByteArray("See rankwright-cli --help.");
    QTest::newRow("too many") << QStringList{"inspect", "a", "b"} << QByteArray("one argument too many");
    QTest::newRow("too few") << QStringList{"train", "default"} << QByteArray("DATASET: not given");
}

void TestCli::namesTheNearestCommandOrOption()
{
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, nearest);
    const Answer answer = cli(arguments);
    QCOMPARE(answer.status, 2);
    QVERIFY2(answer.err.contains(nearest), answer.err.constData());
    QVERIFY2(answer.err.contains("[E-USAGE]"), answer.err.constData());
    QCOMPARE(answer.out, QByteArray());
}

void TestCli::everyCommandHasHelpWithoutTheEngine()
{
    const auto without = withoutEngine();
    for (const char* command : {"models", "methods", "presets", "inspect", "data", "spectrum", "plan", "tokenize", "template", "detokenize", "logits", "train",
             "compare", "resume", "runs", "show", "sql", "eval", "generate", "export", "verify"}) {
        const Answer answer = cli({command, "--help"}, without);
        QCOMPARE(answer.status, 0);
        QVERIFY2(answer.out.contains(QByteArray("rankwright-cli ") + command), answer.out.constData());
        QVERIFY2(answer.out.contains("--data-dir"), answer.out.constData());
        QCOMPARE(answer.err, QByteArray());
    }
}

void TestCli::versionNamesTheLibraries()
{
    const Answer answer = cli({"--version"});
    QCOMPARE(answer.status, 0);
    QVERIFY2(answer.out.startsWith("rankwright-cli "), answer.out.constData());
    QVERIFY2(answer.out.contains("CUDA "), answer.out.constData());
    QVERIFY2(answer.out.contains("\nSQLite 3."), answer.out.constData());
}

void TestCli::numbersAreDecimalOnly_data()  // CL10
{
    QTest::addColumn<QStringList>("option");
    for (const char* text : {"1e400", "nan", "inf", "0x10", "1,5", "1_000", "  1 ", "", "1e", "+1", "one"})
        QTest::newRow(*text == '\0' ? "empty" : text) << QStringList{"--lr", text};
    for (const char* text : {"4.5", "99999999999999999999", "0", "-3", "0x4", "4 "})
        QTest::newRow(qPrintable(QString("rank ") + text)) << QStringList{"--rank", text};
    QTest::newRow("dropout above 1") << QStringList{"--dropout", "1.5"};
    QTest::newRow("batch 0") << QStringList{"--batch", "0"};
    QTest::newRow("steps and epochs") << QStringList{"--steps", "3", "--epochs", "1"};
}

void TestCli::numbersAreDecimalOnly()
{
    QFETCH(QStringList, option);
    const Answer answer = cli(QStringList{"train", "default", "default"} + option);
    QCOMPARE(answer.status, 2);
    QVERIFY2(answer.err.contains(option.first().toUtf8()), answer.err.constData());
    QVERIFY2(answer.err.contains("(allowed: "), answer.err.constData());
}

// What commandLine() writes for --plan, and for --columns with odd names. A value that is accepted gets as far as the
// engine, which is not there.
void TestCli::mapsMayBeJsonOnTheCommandLine_data()
{
    QTest::addColumn<QStringList>("option");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("named");
    QTest::newRow("plan") << QStringList{"--plan", R"({"a.q_proj":{"alpha":4,"rank":2}})"} << 66
                          << QByteArray("not-there.so");
    QTest::newRow("plan of modules") << QStringList{"--plan", R"({"modules":[{"name":"a.q_proj","rank":2}]})"} << 66
                                     << QByteArray("not-there.so");
    QTest::newRow("rank below 0") << QStringList{"--plan", R"({"a.q_proj":{"alpha":4,"rank":-2}})"} << 65
                                  << QByteArray("a.q_proj");
    QTest::newRow("no JSON") << QStringList{"--plan", R"({"a.q_proj":)"} << 2 << QByteArray("--plan");
    QTest::newRow("columns") << QStringList{"--columns", R"({"prompt":"a,b=c","response":"{d"})"} << 66
                             << QByteArray("not-there.so");
    QTest::newRow("no role") << QStringList{"--columns", R"({"promt":"a"})"} << 65 << QByteArray("promt");
}

void TestCli::mapsMayBeJsonOnTheCommandLine()
{
    QFETCH(QStringList, option);
    QFETCH(int, status);
    QFETCH(QByteArray, named);
    const Answer answer = cli(QStringList{"train", "default", "default", "--dry-run"} + option, withoutEngine());
    QVERIFY2(answer.status == status, answer.err.constData());
    QVERIFY2(answer.err.contains(named), answer.err.constData());
}

void TestCli::refusesContradictions_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("packing") << QStringList{"train", "m", "d", "--pack", "--no-pack"};
    QTest::newRow("whose adapter") << QStringList{"eval", "d", "--run", "r", "--adapter", "a"};
}

void TestCli::refusesContradictions()
{
    QFETCH(QStringList, arguments);
    const Answer answer = cli(arguments, withoutEngine());
    QCOMPARE(answer.status, 2);
    QVERIFY2(answer.err.contains("both given"), answer.err.constData());
}

void TestCli::unknownConfigKeyNamesTheNearest()  // CL09
{
    writeFile("run.json", R"({"model": "default", "data": "default", "lerningRate": 0.001})");
    const Answer answer = cli({"train", "run.json"});
    QCOMPARE(answer.status, 65);
    QVERIFY2(answer.err.contains("lerningRate") && answer.err.contains("learningRate"), answer.err.constData());
    QVERIFY2(answer.err.contains("run.json"), answer.err.constData());
}

void TestCli::fullOutputIsAnInputOutputError()  // CL03
{
    for (const QStringList& arguments : {QStringList{"--help"}, QStringList{"runs", "--json"}}) {
        QProcess process;
        process.setProcessEnvironment(environment());
        process.setStandardOutputFile("/dev/full");
        process.start(RANKWRIGHT_CLI_PATH, arguments);
        QVERIFY(process.waitForFinished());
        QCOMPARE(process.exitCode(), 74);
        const QByteArray text = process.readAllStandardError();
        QVERIFY2(text.contains("[E-IO]"), text.constData());
    }
}

void TestCli::closedPipeIsQuiet()  // CL02
{
    QProcess process;
    process.setProcessEnvironment(environment());
    const QString program = QString("'%1' inspect '%2'").arg(RANKWRIGHT_CLI_PATH, goldenPath("tiny"));
    process.start("/bin/sh", {"-c", "{ sleep 0.3; " + program + "; echo status $? >&2; } | true"});
    QVERIFY(process.waitForFinished());
    QCOMPARE(process.readAllStandardError(), QByteArray("status 0\n"));
}

void TestCli::hostileNamesAreEscaped()  // CL04
{
    const Answer answer = cli({"inspect",
        "a\x1b]52;c;AAAA\x07\nb\xe2\x80\xae"
        "c"});
    QCOMPARE(answer.status, 66);
    QVERIFY2(!hasControls(answer.err) && !answer.err.contains("\xe2\x80\xae"), answer.err.constData());
    QVERIFY2(answer.err.contains("\\x1b]52"), answer.err.constData());
    QCOMPARE(answer.err.count('\n'), 1);
    RunConfig config;
    config.name = "\x1b[31mred\nline";
    RunStore(dataFolder()).createRun(config);
    const Answer runs = cli({"runs"});
    QCOMPARE(runs.status, 0);
    QVERIFY2(!hasControls(runs.out), runs.out.constData());
    QCOMPARE(runs.out.count('\n'), 2);
}

void TestCli::dashNamesAreTakenAfterTwoDashes()  // CL05
{
    QVERIFY(QFile::link(goldenPath("tiny"), m_folder->filePath("-tiny")));
    const Answer answer = cli({"inspect", "--json", "--", "-tiny"});
    QVERIFY2(answer.status == 0, answer.err.constData());
    QVERIFY(QJsonDocument::fromJson(answer.out).object()["usable"].toBool());
    QCOMPARE(cli({"inspect", "--json", "-tiny"}).status, 2);
}

void TestCli::inspectsAndTokenizesWithoutTheEngine()
{
    const auto without = withoutEngine();
    const QString model = goldenPath("tiny");
    const Answer inspected = cli({"inspect", model, "--json"}, without);
    QVERIFY2(inspected.status == 0, inspected.err.constData());
    const QJsonObject info = QJsonDocument::fromJson(inspected.out).object();
    QVERIFY(info["usable"].toBool());
    QVERIFY(!info["modules"].toArray().isEmpty());
    const Answer listed = cli({"models", m_folder->path()}, without);
    QCOMPARE(listed.status, 0);

    const QString text = "Tom has 3 apples.\n\xc3\xa4\xf0\x9f\x98\x80";
    const Answer tokens = cli({"tokenize", model, "--no-special", "--json", "--text", text}, without);
    QVERIFY2(tokens.status == 0, tokens.err.constData());
    const QJsonObject encoding = QJsonDocument::fromJson(tokens.out).object();
    QStringList ids;
    for (const QJsonValue& id : encoding["ids"].toArray())
        ids.append(QString::number(id.toInt()));
    QVERIFY(ids.size() > 3);
    QCOMPARE(encoding["pieces"].toArray().size(), ids.size());
    const Answer back = cli({"detokenize", model, "--ids", ids.join(',')}, without);
    QCOMPARE(QString::fromUtf8(back.out), text + '\n');
}

void TestCli::listsPresetsAndShowsOne()
{
    const auto without = withoutEngine();
    const Answer list = cli({"presets"}, without);
    QCOMPARE(list.status, 0);
    const QByteArray id = "pissa-math";   // with epochs, and * for its modules
    QVERIFY(list.out.contains('\n' + id + ' '));
    for (const QByteArray& line : list.out.split('\n'))
        QVERIFY2(line.size() < 120, line.constData());
    const Answer one = cli({"presets", id}, without);
    QCOMPARE(one.status, 0);
    QVERIFY2(one.out.startsWith(id + ": ") && one.out.contains("\nSource: ") && one.out.contains("\nOptions: --"), one.out.constData());
    QCOMPARE(QJsonDocument::fromJson(cli({"presets", id, "--json"}, without).out).object()["id"].toString(), QString(id));
    // What it prints can be pasted into a shell: every option is taken, and what is missing is the engine.
    QProcess shell;
    shell.setProcessEnvironment(without);
    const QByteArray options = one.out.mid(one.out.indexOf("\nOptions:") + 9);
    shell.start("/bin/sh", {"-c", "'" RANKWRIGHT_CLI_PATH "' train default default --dry-run " + QString::fromUtf8(options)});
    QVERIFY(shell.waitForFinished());
    QCOMPARE(shell.exitCode(), 66);
    QVERIFY(shell.readAllStandardError().contains("not-there.so"));
    const Answer wrong = cli({"presets", id + "x"}, without);
    QVERIFY2(wrong.status == 2 && wrong.err.contains("Did you mean " + id + "?"), wrong.err.constData());
}

void TestCli::helpNamesTheTemplates()
{
    for (const char* command : {"chat", "train", "data"}) {
        const QByteArray help = cli({command, "--help"}, withoutEngine()).out;
        for (const char* name : {"chatml", "llama2", "llama3", "alpaca"})
            QVERIFY2(help.contains(name), help.constData());
    }
}

void TestCli::saysWhatIsNoWholeModel()
{
    const auto without = withoutEngine();
    QVERIFY(QDir(m_folder->path()).mkdir("adapter") && QDir(m_folder->path()).mkdir("bare"));
    writeFile("adapter/adapter_config.json", R"({"base_model_name_or_path": "org/base"})");
    const Answer adapter = cli({"inspect", "adapter"}, without);
    QCOMPARE(adapter.status, 66);
    QVERIFY2(adapter.err.contains("PEFT adapter") && adapter.err.contains("org/base as the model"), adapter.err.constData());
    for (const char* name : {"config.json", "model.safetensors"})
        QVERIFY(QFile::copy(goldenPath("tiny") + '/' + name, m_folder->filePath(QString("bare/") + name)));
    const Answer bare = cli({"inspect", "bare"}, without);
    QCOMPARE(bare.status, 0);
    QVERIFY2(bare.out.contains("usable") && bare.out.contains("its weights alone: "), bare.out.constData());
    QVERIFY2(cli({"models", "bare"}, without).out.contains("its weights alone: "), "models");
}

void TestCli::idsThatAreNotInTheVocabularyAreRefused()
{
    const QString model = goldenPath("tiny");
    QCOMPARE(cli({"detokenize", model, "--ids", "1,2,99999999"}).status, 65);
    for (const char* ids : {"1,,2", "1,2,", "-1", "1;2", "4294967297"})
        QCOMPARE(cli({"detokenize", model, "--ids", ids}).status, 2);
}

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
