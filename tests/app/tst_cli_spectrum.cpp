// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `spectrum` and `plan`: what they refuse before anything is loaded, and what they print of the model that the tests carry along.
#include "storage/run_store.h"
#include "tests/support/cli_fixture.h"

#include <QJsonArray>
#include <QTest>

#include <cmath>

using namespace rankwright;

class TestCliSpectrum : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init() { QVERIFY(renew()); }
    void refusals_data();
    void refusals();
    void topIsInTheTable();
    void noiseEdgeIsOfAllValues();
    void runsBesideTheirModel();
    void weightedSpectraAreOthers();
    void partialSpectraAreKeptWithoutTheirEffectiveRank();
    void memoryBudgets();
    void peftPatternsAsFile();

private:
    [[nodiscard]] QJsonArray modulesOf(const QStringList& arguments) const
    {
        const Answer answer = cli(arguments);
        if (answer.status != 0)
            qWarning("%s", answer.err.constData());
        return QJsonDocument::fromJson(answer.out).object()["modules"].toArray();
    }
};

void TestCliSpectrum::refusals_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("said");
    const QString tiny = goldenPath("tiny");
    const auto row = [](const char* name, const QStringList& arguments, int status, const QByteArray& said) {
        QTest::newRow(name) << arguments << status << said;
    };
    row("no model", {"spectrum"}, 2, "MODEL");
    row("model and run", {"spectrum", tiny, "--run", "x"}, 2, "MODEL and --run");
    row("run that is not there", {"spectrum", "--run", "x"}, 66, "x");
    row("top 0", {"spectrum", tiny, "--top", "0"}, 2, "--top");
    row("top and full", {"spectrum", tiny, "--top", "3", "--full"}, 2, "--full");
    row("csv of a comparison", {"spectrum", tiny, "--compare", tiny, "--csv"}, 2, "--csv and --compare");
    row("rows of nothing", {"spectrum", tiny, "--rows", ":4"}, 2, "--weighted");
    row("rows that are none", {"spectrum", tiny, "--weighted", "default", "--rows", "x"}, 2, "--rows");
    row("two budgets", {"plan", tiny, "--memory", "1MB", "--budget", "100"}, 2, "--memory");
    row("no size", {"plan", tiny, "--memory", "much"}, 2, "500MB");
    row("no number", {"plan", tiny, "--memory", "MB"}, 2, "500MB");
    row("negative size", {"plan", tiny, "--memory=-5MB"}, 2, "500MB");
    row("unit of nothing", {"plan", tiny, "--memory", "5XB"}, 2, "500MB");
    row("unknown format", {"plan", tiny, "--rank", "2", "--format", "yaml"}, 2, "plan, peft");
    // Accepted: only the engine is missing.
    for (const char* size : {"500MB", "1.5GiB", "64kb", "1000000", "2g", "3 MiB"})
        QTest::addRow("size %s", size) << QStringList{"plan", tiny, "--memory", size} << 66 << QByteArray("not-there.so");
    row("weighted", {"spectrum", tiny, "--weighted", "default", "--rows", ":4"}, 66, "not-there.so");
    row("full", {"spectrum", tiny, "--full", "--csv"}, 66, "not-there.so");
}

void TestCliSpectrum::refusals()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QByteArray, said);
    const Answer answer = cli(arguments, withoutEngine());
    QVERIFY2(answer.status == status, answer.err.constData());
    QVERIFY2(answer.err.contains(said), answer.err.constData());
    QCOMPARE(answer.out, QByteArray());
}

void TestCliSpectrum::topIsInTheTable()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList ask{"spectrum", goldenPath("tiny"), "--modules", "*0.self_attn.q_proj", "--quiet"};
    const QJsonArray modules = modulesOf(ask + QStringList{"--json", "--top", "3"});
    QCOMPARE(modules.size(), 1);
    const QJsonArray values = modules[0]["values"].toArray();
    QCOMPARE(values.size(), 3);
    const Answer table = cli(ask + QStringList{"--top", "3"});
    QVERIFY2(table.out.contains("THE LARGEST 3"), table.out.constData());
    for (const QJsonValue& value : values)
        QVERIFY2(table.out.contains(QByteArray::number(value.toDouble(), 'g', 5)), table.out.constData());
    QVERIFY(!cli(ask).out.contains("THE LARGEST"));
}

void TestCliSpectrum::noiseEdgeIsOfAllValues()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList ask{"spectrum", goldenPath("tiny"), "--modules", "q_proj", "--quiet", "--json"};
    const QJsonArray all = modulesOf(ask), top = modulesOf(ask + QStringList{"--top", "2"});
    QCOMPARE(all.size(), 2);
    for (qsizetype i = 0; i < all.size(); ++i) {
        QCOMPARE(all[i]["noiseEdge"], top[i]["noiseEdge"]);
        const double edge = all[i]["noiseEdge"].toDouble();
        int above = 0;
        for (const QJsonValue& value : all[i]["values"].toArray())
            above += value.toDouble() > edge;
        QCOMPARE(all[i]["valuesAboveEdge"].toInt(), above);
    }
}

void TestCliSpectrum::runsBesideTheirModel()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const Answer trained = cli(tinyRun("train") + QStringList{"--steps", "2", "--modules", "q_proj", "--lr", "0.01", "--name", "mine", "--json"});
    QVERIFY2(trained.status == 0, trained.err.constData());
    const QStringList which{"--modules", "q_proj,k_proj", "--quiet", "--json"};
    const QJsonObject both = QJsonDocument::fromJson(cli(QStringList{"spectrum", goldenPath("tiny"), "--compare", "mine"} + which).out).object();
    const QJsonArray run = modulesOf(QStringList{"spectrum", "--run", "mine"} + which);
    QCOMPARE(both["other"].toObject()["modules"].toArray(), run);
    const QJsonArray differences = both["differences"].toArray();
    QCOMPARE(differences.size(), run.size());
    for (const QJsonValue& one : differences) {
        const bool adapted = one["name"].toString().endsWith("q_proj");
        QVERIFY((one["largestDifference"].toDouble() > 1e-6) == adapted);
    }
    // A run beside itself.
    for (const QJsonValue& one :
        QJsonDocument::fromJson(cli(QStringList{"spectrum", "--run", "mine", "--compare", "mine"} + which).out).object()["differences"].toArray())
        QCOMPARE(one["largestDifference"].toDouble(), 0.0);
    const Answer table = cli({"spectrum", "--run", "mine", "--compare", goldenPath("tiny"), "--quiet"});
    QVERIFY2(table.out.contains("LARGEST DIFFERENCE") && table.out.contains(" %"), table.out.constData());
    QCOMPARE(cli({"spectrum", goldenPath("tiny"), "--compare", "nothing-of-this-name", "--quiet"}).status, 66);
}

void TestCliSpectrum::weightedSpectraAreOthers()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList ask{"spectrum", goldenPath("tiny"), "--modules", "q_proj", "--quiet", "--json"};
    const QStringList weighted{"--weighted", goldenPath("rows.jsonl"), "--rows", ":4"};
    const QJsonArray plain = modulesOf(ask), first = modulesOf(ask + weighted), again = modulesOf(ask + weighted);
    QCOMPARE(plain.size(), 2);
    QCOMPARE(first, again);   // the second from the cache
    for (qsizetype i = 0; i < plain.size(); ++i) {
        QVERIFY(plain[i]["energy"] != first[i]["energy"]);
        QVERIFY(plain[i]["hash"] != first[i]["hash"] || plain[i]["hash"].isUndefined());
    }
    QCOMPARE(modulesOf(ask), plain);
    const Answer plan = cli(QStringList{"plan", goldenPath("tiny"), "--budget", "500", "--modules", "q_proj,k_proj", "--quiet"} + weighted);
    QVERIFY2(plan.out.contains("weighted by their inputs"), plan.out.constData());
}

void TestCliSpectrum::partialSpectraAreKeptWithoutTheirEffectiveRank()
{
    RunStore store(dataFolder());
    ModuleSpectrum large{.name = "m", .rows = 5000, .cols = 6000, .hash = "abc", .values = {3, 2}, .energy = 20, .stableRank = 20.0 / 9,
        .effectiveRank = std::nan("")};
    store.storeSpectrum(large);
    const auto kept = store.spectrum("abc");
    QVERIFY(kept.has_value());
    QVERIFY(std::isnan(kept->effectiveRank));
    QCOMPARE(kept->values, large.values);
    QCOMPARE(kept->energy, 20.0);
}

void TestCliSpectrum::memoryBudgets()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList ask{"plan", goldenPath("tiny"), "--quiet"};
    const auto plan = [&](const QStringList& budget) { return QJsonDocument::fromJson(cli(ask + budget + QStringList{"--json"}).out).object(); };
    const QJsonObject byMemory = plan({"--memory", "64kB"}), byCount = plan({"--budget", "4000"});
    QCOMPARE(byMemory, byCount);
    QVERIFY(byMemory["adapterBytes"].toInt() <= 64000 && byMemory["adapterBytes"].toInt() > 60000);
    QCOMPARE(byMemory["gap"].toDouble(-1), 0.0);
    QVERIFY(byMemory["fileBytes"].toInt() > 4 * byMemory["parameters"].toInt());
    const Answer table = cli(ask + QStringList{"--memory", "64kB"});
    for (const char* text : {"Trainable parameters: ", "Energy held: ", "Memory of the adapter in training: ", "File of the exported adapter: ",
             "No other ranks within the budget hold more."})
        QVERIFY2(table.out.contains(text), table.out.constData());
    QVERIFY(!cli(ask + QStringList{"--rank", "2"}).out.contains("within the budget"));
    QCOMPARE(cli(ask + QStringList{"--memory", "100"}).status, 2);
}

void TestCliSpectrum::peftPatternsAsFile()
{
    if (!hasEngine())
        QSKIP("the engine is not built");
    const QStringList ask{"plan", goldenPath("tiny"), "--energy", "0.4", "--format", "peft", "--quiet"};
    const Answer written = cli(ask + QStringList{"--out", "peft.json"});
    QVERIFY2(written.status == 0 && written.out.contains("Trainable parameters"), written.err.constData());
    QFile file(m_folder->filePath("peft.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    const QJsonObject form = QJsonDocument::fromJson(bytes).object();
    for (const char* key : {"r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules"})
        QVERIFY2(form.contains(key), key);
    QVERIFY(!form["rank_pattern"].toObject().isEmpty());
    QVERIFY(form["rank_pattern"].toObject().keys().front().startsWith("^model\\.layers\\."));
    QCOMPARE(cli(ask).out, bytes);   // without a file it is what is printed
}

QTEST_GUILESS_MAIN(TestCliSpectrum)
#include "tst_cli_spectrum.moc"
