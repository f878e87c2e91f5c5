// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs as rows over folders: names, searches, curves, CSV, spectra and questions in SQL.
#include "storage/run_csv.h"
#include "storage/run_store.h"
#include "storage/runs/run_folder.h"
#include "tests/support/child_process.h"
#include "tests/support/fake_engine.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>
#include <limits>
#include <thread>
#include <tuple>

using namespace rankwright;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

RunConfig named(const std::string& name)
{
    RunConfig config;
    config.name = name;
    return config;
}

StepEvent stepAt(int64_t step, double loss, bool skipped = false)
{
    return {.run = {}, .step = step, .steps = 100, .loss = loss, .lr = 1e-4, .gradNorm = 0.5, .tokens = step * 100,
        .targets = step * 50, .seconds = double(step) * 0.5, .skipped = skipped};
}

EvalEvent evalAt(int64_t step, double loss)
{
    return {.run = {}, .step = step, .loss = loss, .rows = 8, .tokens = 999, .seconds = 0.1};
}

}  // namespace

class TestRunStore : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_data;

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_data = std::filesystem::path(m_folder->path().toStdString()) / "data";
    }

    void keepsARunAcrossOpenings()
    {
        RunConfig config = named("first");
        config.method = "pissa";
        config.rank = 32;
        config.plan["model.layers.0.mlp.up_proj"] = {.rank = 4, .alpha = 8};
        RunRow before;
        {
            RunStore store(m_data);
            const std::string id = store.createRun(config, {.comparison = "cmp12345", .arm = "mine"});
            QCOMPARE(id.size(), size_t(8));
            before = store.run(id);
        }
        RunStore store(m_data);
        const auto rows = store.runs();
        QCOMPARE(rows.size(), size_t(1));
        QVERIFY(rows[0].id == before.id && rows[0].name == "first" && rows[0].method == "pissa");
        QCOMPARE(QString::fromStdString(rows[0].comparison), QString("cmp12345"));
        QVERIFY(rows[0].arm == "mine" && rows[0].learningRate == config.learningRate && rows[0].seed == config.seed);
        QVERIFY(rows[0].state == RunState::queued && !rows[0].filesMissing);
        QVERIFY(std::isnan(rows[0].loss) && std::isnan(rows[0].bestEval) && std::isnan(rows[0].lastEval));
        QVERIFY(store.config(before.id) == config);
        const auto document = store.document(before.id);
        QVERIFY(configFromJson(document.at("config")) == config);
        QCOMPARE(document.at("state").get<std::string>(), std::string("queued"));
        QVERIFY(store.problems().empty());
    }

    void listsTheNewestFirst()
    {
        RunStore store(m_data);
        for (const char* name : {"a", "b", "c"})
            store.createRun(named(name));
        const auto rows = store.runs();
        QVERIFY(rows.size() == 3 && rows[0].name == "c" && rows[2].name == "a");
    }

    void oddNamesAreStoredOrRefusedDB10_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<bool>("stored");
        QTest::newRow("injection") << QByteArray("'); DROP TABLE run;--") << true;
        QTest::newRow("like") << QByteArray("%_") << true;
        QTest::newRow("emoji") << QByteArray("\xf0\x9f\x98\x80 run") << true;
        QTest::newRow("markup and newline") << QByteArray("<b>x</b>\nline") << true;
        QTest::newRow("255 bytes") << QByteArray(255, 'x') << true;
        QTest::newRow("256 bytes") << QByteArray(256, 'x') << false;
        QTest::newRow("1 MB") << QByteArray(1 << 20, 'x') << false;
        QTest::newRow("NUL") << QByteArray("a\0b", 3) << false;
        QTest::newRow("not UTF-8") << QByteArray("a\xff\xfe") << false;
    }
    void oddNamesAreStoredOrRefusedDB10()
    {
        QFETCH(QByteArray, name);
        QFETCH(bool, stored);
        RunStore store(m_data);
        const std::string other = store.createRun(named("other"));
        const std::string text = name.toStdString();
        if (!stored) {
            QCOMPARE(codeOf([&] { store.createRun(named(text)); }), int(Code::config));
            QCOMPARE(codeOf([&] { store.rename(other, text); }), int(Code::config));
            QCOMPARE(store.runs().size(), size_t(1));
            QCOMPARE(std::distance(std::filesystem::directory_iterator(m_data / "runs"), {}), 1);
            return;
        }
        const std::string id = store.createRun(named(text));
        QCOMPARE(store.run(text).id, id);
        store.rename(other, text);
        RunStore again(m_data);
        QCOMPARE(again.run(id).name, text);
        QCOMPARE(again.run(other).name, text);
        QCOMPARE(again.document(id).at("name").get<std::string>(), text);
        QCOMPARE(again.runs().size(), size_t(2));
    }

    void findsByIdPrefixAndNameLiterally()
    {
        RunStore store(m_data);
        const std::string first = store.createRun(named("pissa r16"));
        const std::string second = store.createRun(named("lora r16"));
        QCOMPARE(store.run(first.substr(0, 7)).id, first);
        QCOMPARE(store.run("lora r16").id, second);
        for (const char* pattern : {"%", "_______", "lora%", "", "*"})
            QCOMPARE(codeOf([&] { std::ignore = store.run(pattern); }), int(Code::missing));
        try {
            std::ignore = store.run("pisa r16");
            QFAIL("found");
        } catch (const Error& error) {
            QVERIFY2(std::string(error.what()).find("pissa r16") != std::string::npos, error.what());
        }
        store.createRun(named("lora r16"));
        QCOMPARE(codeOf([&] { std::ignore = store.run("lora r16"); }), int(Code::usage));
    }

    void keepsCurvesWithThreeAxes()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("curves"));
        RunStarted start;
        start.steps = 100;
        start.trainable = 1234;
        QVERIFY(store.append(id, {start, evalAt(0, 3.5)}));
        QVERIFY(store.run(id).state == RunState::running);
        QVERIFY(store.append(id, {stepAt(1, 3.0), stepAt(2, 2.5), evalAt(2, 2.0)}));
        QVERIFY(store.append(id, {stepAt(3, 2.25), evalAt(3, 2.75), TextEvent{"no"}, ProgressEvent{}}));
        const auto loss = store.curve(id, "loss");
        QCOMPARE(loss.size(), size_t(3));
        QVERIFY(loss[2].step == 3 && loss[2].value == 2.25 && loss[2].tokens == 300 && loss[2].seconds == 1.5);
        const auto eval = store.curve(id, "evalLoss");
        QCOMPARE(eval.size(), size_t(3));
        QVERIFY(eval[1].tokens == 200 && eval[1].seconds == 1.0);  // where training was, not what it cost
        const auto rate = store.curve(id, "tokensPerSecond");
        QCOMPARE(rate.size(), size_t(3));
        QVERIFY(std::abs(rate[0].value - 200) < 1e-9 && std::abs(rate[2].value - 200) < 1e-9);
        const std::vector<std::string> series = {"loss", "lr", "gradNorm", "tokensPerSecond", "evalLoss"};
        QVERIFY(store.series(id) == series);
        const RunRow row = store.run(id);
        QVERIFY(row.step == 3 && row.steps == 100 && row.loss == 2.25 && row.tokens == 300 && row.seconds == 1.5);
        QVERIFY(row.trainable == 1234 && row.bestEval == 2.0 && row.lastEval == 2.75);
        QVERIFY(store.curve(id, "nothing").empty());
    }

    void metricsAreSeriesOfTheirOwn()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("metrics")), other = store.createRun(named("none"));
        auto first = evalAt(0, 3.5), last = evalAt(2, 2.0), lost = evalAt(3, 1.0);
        first.metrics = {{"accuracy", 0.25}, {"matthews", kNaN}};
        last.metrics = {{"accuracy", 0.75}, {"matthews", 0.5}, {"no\nid", 1}, {std::string(65, 'x'), 1}, {"", 1}};
        lost.metrics = {{"accuracy", kNaN}};
        QVERIFY(store.append(id, {first, stepAt(1, 3.0), stepAt(2, 2.5)}));
        QVERIFY(store.append(id, {last}));
        const auto curve = store.curve(id, "metric/accuracy");
        QVERIFY(curve.size() == 2 && curve[0].value == 0.25 && curve[1].value == 0.75 && curve[1].tokens == 200);
        QVERIFY(std::isnan(store.curve(id, "metric/matthews").at(0).value));
        QCOMPARE(store.series(id).size(), size_t(7));   // what is no id has none
        QVERIFY((store.metrics(id) == std::map<std::string, double>{{"accuracy", 0.75}, {"matthews", 0.5}}));
        QVERIFY(store.metrics(other).empty());
        QVERIFY(QString::fromStdString(store.csv(id)).startsWith("step,tokens,seconds,loss,lr,gradNorm,evalLoss,metric/accuracy,metric/matthews,run\r\n"));
        QVERIFY(store.append(id, {lost}));
        QVERIFY(std::isnan(store.metrics(id).at("accuracy")));   // the last one, whatever it is
        RunStore again(m_data);
        QCOMPARE(again.curve(id, "metric/accuracy").size(), size_t(3));
        store.indexAgain(id);   // nothing of it is in metrics.jsonl
        QVERIFY(store.metrics(id).empty());
    }

    void readsLongCurvesWholeTR16()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("long"));
        std::vector<Event> events;
        for (int64_t step = 1; step <= 10'000; ++step)
            events.emplace_back(stepAt(step, 1.0 / double(step)));
        QVERIFY(store.append(id, events));
        const auto curve = store.curve(id, "loss");
        QCOMPARE(curve.size(), size_t(10'000));
        for (size_t i = 0; i < curve.size(); ++i)
            QVERIFY(curve[i].step == int64_t(i) + 1 && curve[i].value == 1.0 / double(i + 1));
    }

    void notFiniteValuesAreNullDB16()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("nan"));
        store.append(id, {stepAt(1, 2.0), stepAt(2, kNaN, true), stepAt(3, std::numeric_limits<double>::infinity()),
                             evalAt(3, kNaN), evalAt(4, 1.5)});
        const auto curve = store.curve(id, "loss");
        QVERIFY(curve.size() == 3 && std::isnan(curve[1].value) && std::isnan(curve[2].value));
        QVERIFY(std::isnan(store.run(id).loss));
        QCOMPARE(store.run(id).bestEval, 1.5);
        const auto table = store.query("SELECT count(*) - count(value) FROM metric"
                                       " WHERE series = (SELECT id FROM series WHERE name = 'loss')");
        QCOMPARE(*table.rows.at(0).at(0), std::string("2"));
        const std::string csv = store.csv(id);
        QVERIFY2(csv.find("\r\n2,200,1,NaN,1e-04,0.5,,nan\r\n") != std::string::npos, csv.c_str());
        QVERIFY2(csv.find("\r\n4,300,1.5,,,,1.5,nan\r\n") != std::string::npos, csv.c_str());
    }

    void formulaCellsAreDefusedCL11_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<QByteArray>("cell");
        QTest::newRow("command") << QByteArray("=cmd|'/c calc'!A1") << QByteArray("'=cmd|'/c calc'!A1");
        QTest::newRow("at") << QByteArray("@x") << QByteArray("'@x");
        QTest::newRow("plus") << QByteArray("+1") << QByteArray("'+1");
        QTest::newRow("number") << QByteArray("-1.5") << QByteArray("-1.5");
        QTest::newRow("exponent") << QByteArray("-2e-3") << QByteArray("-2e-3");
        QTest::newRow("minus formula") << QByteArray("-1+cmd()") << QByteArray("'-1+cmd()");
        QTest::newRow("minus inf") << QByteArray("-inf") << QByteArray("'-inf");
        QTest::newRow("tab") << QByteArray("\t=1") << QByteArray("'\t=1");
        QTest::newRow("return") << QByteArray("\r=1") << QByteArray("\"'\r=1\"");
        QTest::newRow("quotes") << QByteArray("a \"b\", c") << QByteArray("\"a \"\"b\"\", c\"");
        QTest::newRow("plain") << QByteArray("pissa r16") << QByteArray("pissa r16");
    }
    void formulaCellsAreDefusedCL11()
    {
        QFETCH(QByteArray, name);
        QFETCH(QByteArray, cell);
        RunStore store(m_data);
        const std::string id = store.createRun(named(name.toStdString()));
        store.append(id, {stepAt(1, -1.5)});
        const std::string csv = store.csv(id);
        QCOMPARE(QByteArray::fromStdString(csv),
            QByteArray("step,tokens,seconds,loss,lr,gradNorm,evalLoss,run\r\n1,100,0.5,-1.5,1e-04,0.5,,") + cell
                + "\r\n");
    }

    void aNulCellIsDefusedCL11()
    {
        QCOMPARE(csvCell(std::string_view("\0=1", 3)), std::string("'\0=1", 4));
        QCOMPARE(csvCell(""), std::string());
    }

    void removesRowsAndFolder()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("gone"));
        const std::string other = store.createRun(named("stays"));
        store.append(id, {stepAt(1, 2.0), NoteEvent{.run = id, .level = "info", .text = "hello"}});
        store.remove(id);
        QVERIFY(!std::filesystem::exists(store.folderOf(id)));
        QCOMPARE(*store.query("SELECT count(*) FROM metric").rows[0][0], std::string("0"));
        RunStore again(m_data);
        QVERIFY(again.runs().size() == 1 && again.runs()[0].id == other);
    }

    void removingALinkLeavesItsTarget()
    {
        RunStore store(m_data);
        const std::string id = store.createRun(named("linked"));
        const auto outside = m_data / "outside";
        std::filesystem::rename(store.folderOf(id), outside);
        std::filesystem::create_directory_symlink(outside, store.folderOf(id));
        store.remove(id);
        QVERIFY(std::filesystem::exists(outside / "run.json"));
        QVERIFY(!std::filesystem::exists(store.folderOf(id)));
    }

    void appendGivesUpSoonWhenTheDatabaseIsBusy()
    {
        std::string id;
        {
            RunStore store(m_data);
            id = store.createRun(named("busy"));
        }
        ChildProcess holder([this](ChildProcess::Pipe pipe) {
            Database database(m_data / "runs.db", Database::Access::write);
            Transaction transaction(database);
            pipe.say(1);
            std::this_thread::sleep_for(std::chrono::seconds(30));
        });
        QVERIFY(holder.hear());
        RunStore store = RunStore::openForAppending(m_data, 50);
        const auto start = std::chrono::steady_clock::now();
        QVERIFY(!store.append(id, {stepAt(1, 1)}));
        QVERIFY(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
        holder.kill();
        QVERIFY(store.append(id, {stepAt(1, 1)}));
        QCOMPARE(store.curve(id, "loss").size(), size_t(1));
    }

    void keepsSpectraByHash()
    {
        RunStore store(m_data);
        std::vector<std::string> hashes;
        std::vector<ModuleSpectrum> all;
        for (const ModuleInfo& module : FakeEngine::modules()) {
            all.push_back(FakeEngine::spectrumOf(module));
            hashes.push_back(all.back().hash);
            store.storeSpectrum(all.back());
        }
        RunStore reader = RunStore::openForReading(m_data);
        QVERIFY(reader.spectra(hashes) == all);
        QVERIFY(reader.spectrum(hashes[3]) == all[3]);
        QVERIFY(!reader.spectrum("unknown"));
        QCOMPARE(reader.allSpectra().size(), all.size());
        QCOMPARE(reader.allSpectra(5).size(), size_t(5));
        // The largest 8 values alone do not replace all of them.
        store.storeSpectrum(FakeEngine::spectrumOf(FakeEngine::modules()[3], 8));
        QVERIFY(store.spectrum(hashes[3]) == all[3]);
        ModuleSpectrum withoutHash = all[0];
        withoutHash.hash.clear();
        store.storeSpectrum(withoutHash);
        QCOMPARE(store.allSpectra().size(), all.size());
    }

    void queryReadsOnly_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::newRow("delete") << "DELETE FROM run";
        QTest::newRow("with delete") << "WITH x AS (SELECT 1) DELETE FROM run";
        QTest::newRow("two") << "SELECT 1; DELETE FROM run";
        QTest::newRow("pragma") << "PRAGMA user_version = 5";
        QTest::newRow("attach") << "ATTACH '/tmp/x.db' AS x";
        QTest::newRow("comment first") << "/* SELECT */ DROP TABLE run";
        QTest::newRow("line comment") << "-- SELECT\nDROP TABLE run";
        QTest::newRow("open comment") << "/* SELECT";
        QTest::newRow("vacuum") << "VACUUM INTO '/tmp/x.db'";
        QTest::newRow("empty") << "";
        QTest::newRow("no such table") << "SELECT * FROM nowhere";
        QTest::newRow("extension") << "SELECT load_extension('x')";
    }
    void queryReadsOnly()
    {
        QFETCH(QString, sql);
        RunStore store(m_data);
        store.createRun(named("here"));
        QCOMPARE(codeOf([&] { std::ignore = store.query(sql.toStdString()); }), int(Code::usage));
        QCOMPARE(store.runs().size(), size_t(1));
    }

    void queryAnswersAsText()
    {
        RunStore store(m_data);
        store.createRun(named("here"));
        const auto table = store.query(" -- a comment\n select name, 0.1 + 0.2 AS x, loss, x'0102' FROM run");
        QVERIFY(table.columns == (std::vector<std::string>{"name", "x", "loss", "x'0102'"}));
        QCOMPARE(table.rows.size(), size_t(1));
        QCOMPARE(*table.rows[0][0], std::string("here"));
        QCOMPARE(*table.rows[0][1], std::string("0.30000000000000004"));
        QVERIFY(!table.rows[0][2]);
        QCOMPARE(*table.rows[0][3], std::string("2 bytes"));
    }
};

QTEST_GUILESS_MAIN(TestRunStore)
#include "tst_run_store.moc"
