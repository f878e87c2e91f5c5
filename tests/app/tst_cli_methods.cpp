// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `methods`, the page that is made of it, and what a run's options say before anything is loaded.
#include "tests/support/cli_fixture.h"
#include "training/api/catalog.h"

#include <QJsonArray>
#include <QTest>

using namespace rankwright;

class TestCliMethods : public QObject, CliFixture
{
    Q_OBJECT
private slots:
    void init() { QVERIFY(renew()); }

    void theTableHasEveryMethod()
    {
        const Answer answer = cli({"methods"}, withoutEngine());
        QCOMPARE(answer.status, 0);
        QCOMPARE(size_t(answer.out.count('\n')), methodCards().size() + 1);
        for (const MethodCard* card : methodCards())
            QVERIFY2(answer.out.contains('\n' + QByteArray::fromStdString(card->id) + ' '), card->id.c_str());
    }

    void oneMethodShowsItsOptions()
    {
        for (const MethodCard* card : methodCards()) {
            const Answer answer = cli({"methods", QString::fromStdString(card->id)}, withoutEngine());
            QCOMPARE(answer.status, 0);
            QVERIFY(answer.out.startsWith(QByteArray::fromStdString(card->title)));
            QVERIFY(answer.out.contains(QByteArray::fromStdString(card->paper)));
            for (const MethodOption& option : card->options)
                QVERIFY(answer.out.contains(QByteArray::fromStdString(option.option)));
        }
        const Answer wrong = cli({"methods", "pisa"});
        QCOMPARE(wrong.status, 65);
        QVERIFY2(wrong.err.contains("Did you mean pissa?"), wrong.err.constData());
    }

    void jsonHoldsTheCards()
    {
        const QJsonArray all = QJsonDocument::fromJson(cli({"methods", "--json"}).out).array();
        QCOMPARE(size_t(all.size()), methodCards().size());
        const QJsonObject one = QJsonDocument::fromJson(cli({"methods", "sorsa", "--json"}).out).object();
        QVERIFY(all.contains(one));
        QCOMPARE(one["parts"].toObject()["core"].toString(), "trained");
        QCOMPARE(one["options"].toArray()[0].toObject()["default"].toDouble(), 4e-4);
    }

    void thePageIsWhatTheCardsSay()
    {
        const Answer answer = cli({"methods", "--markdown"}, withoutEngine());
        QCOMPARE(answer.status, 0);
        QFile page(RANKWRIGHT_SOURCE_DIR "/docs/methods.md");
        QVERIFY2(page.open(QIODevice::ReadOnly), "docs/methods.md is not there");
        QVERIFY2(page.readAll() == answer.out,
            "docs/methods.md is not what the cards say: rankwright-cli methods --markdown > docs/methods.md");
    }

    // Without an engine there is nothing that could have been computed.
    void runsAreRefusedBeforeAnything_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<QByteArray>("named");
        QTest::newRow("foreign option") << QStringList{"train", "--slice", "minor"} << QByteArray("pissa, qpissa");
        QTest::newRow("full on 4 bits") << QStringList{"train", "--method", "full", "--base", "nf4"} << QByteArray("--base none");
        QTest::newRow("qlora on none") << QStringList{"train", "--method", "qlora", "--base", "none"} << QByteArray("nf4");
        QTest::newRow("dropout") << QStringList{"train", "--method", "pissa", "--dropout", "0.1"} << QByteArray("dropout");
        QTest::newRow("rite") << QStringList{"train", "--method", "lora-xs", "--optimizer", "rite"} << QByteArray("adamw");
        QTest::newRow("svd") << QStringList{"train", "--method", "pissa", "--svd", "65"} << QByteArray("0 to 64");
        QTest::newRow("option of no arm") << QStringList{"compare", "--arms", "lora,dora", "--slice", "minor"}
                                          << QByteArray("pissa, qpissa");
        QTest::newRow("an arm") << QStringList{"compare", "--arms", "lora,full", "--base", "int8"} << QByteArray("Full fine-tuning");
    }
    void runsAreRefusedBeforeAnything()
    {
        QFETCH(QStringList, options);
        QFETCH(QByteArray, named);
        const QStringList arguments = QStringList{options.takeFirst(), "default", "default", "--dry-run"} + options;
        const Answer answer = cli(arguments, withoutEngine());
        QVERIFY2(answer.status == 65, answer.err.constData());
        QVERIFY2(answer.err.contains(named) && answer.err.contains("(allowed: "), answer.err.constData());
    }

    // Where a method does not help is said in words; JSON and CSV have the same numbers.
    void quantisationErrors()
    {
        if (!hasEngine())
            QSKIP("built without the engine");
        const QStringList words{"quant-error", RANKWRIGHT_SOURCE_DIR "/tests/golden/tiny", "--modules", "q_proj,up_proj", "--methods",
            "loftq,lora", "--rank", "2,4", "--iters", "1,2", "--quiet", "--calibrate", RANKWRIGHT_SOURCE_DIR "/tests/golden/rows.jsonl",
            "--rows", ":3"};
        const Answer table = cli(words);
        QVERIFY2(table.status == 0, table.err.constData());
        QVERIFY2(table.out.contains("LoRA (rank 2) helps in 0 of 4 modules by the output error; it does not in: model.layers.0.self_attn.q_proj, "),
            table.out.constData());
        QVERIFY(table.out.contains("LoftQ (rank 4, 2 rounds) helps in 4 of 4 modules by the nuclear norm."));
        QVERIFY(table.out.contains("no better than QLoRA\n"));
        QVERIFY(table.out.contains("\nRANK    T=1    T=2\n"));
        const QJsonObject all = QJsonDocument::fromJson(cli(words + QStringList{"--json"}).out).object();
        QCOMPARE(all["modules"].toArray().size(), 4 * 6);   // LoftQ at two ranks and two numbers of rounds, LoRA at two ranks
        QCOMPARE(all["totals"].toArray().size(), 6);
        QCOMPARE(all["kinds"].toArray().size(), 12);
        QCOMPARE(all["totals"].toArray().last().toObject()["verdict"].toString(), "no better than QLoRA");
        const QList<QByteArray> lines = cli(words + QStringList{"--csv"}).out.split('\n');
        QCOMPARE(lines.size(), 1 + 4 * 6 + 1);
        const QJsonObject first = all["modules"].toArray().first().toObject();
        QCOMPARE(lines[1].split(',')[8].toDouble(), first["error"].toObject()["output"].toDouble());
    }

    // Status 2: what is asked for, status 65: what it would be of.
    void askedWrongly_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("named");
        const QStringList train{"train", "default", "default"}, compare{"compare", "default", "default"}, errors{"quant-error", "default"};
        for (const char* method : {"qpissa", "loftq", "lq-lora"})
            QTest::newRow(method) << train + QStringList{"--method", method, "--out", "out"} << 65 << QByteArray("--format peft or merged");
        QTest::newRow("full") << train + QStringList{"--method", "full", "--out", "out"} << 65 << QByteArray("training with --format merged");
        QTest::newRow("pissa on few bits") << train + QStringList{"--method", "pissa", "--base", "nf4", "--out", "out", "--dry-run"} << 65
                                           << QByteArray("--out: ");
        QTest::newRow("seeds") << compare + QStringList{"--seeds", "0,1,1"} << 2 << QByteArray("1 twice");
        QTest::newRow("seeds as numbers") << compare + QStringList{"--seeds", "1,01"} << 2 << QByteArray("--seeds: ");
        QTest::newRow("an even sweep") << compare + QStringList{"--sweep", "2"} << 2 << QByteArray("an odd number");
        QTest::newRow("factor of the sweep") << compare + QStringList{"--sweep-factor", "1"} << 2 << QByteArray("above 1");
        QTest::newRow("rates and a sweep") << compare + QStringList{"--sweep", "3", "--rates", "1e-4"} << 2 << QByteArray("beside --sweep");
        QTest::newRow("rates") << compare + QStringList{"--rates", "1e-4,1e-4"} << 2 << QByteArray("twice");
        QTest::newRow("rates as numbers") << compare + QStringList{"--rates", "1e-4,"} << 2 << QByteArray("--rates");
        QTest::newRow("baseline") << compare + QStringList{"--baseline", "dora"} << 2 << QByteArray("no arm");
        QTest::newRow("schedule of the runs") << compare + QStringList{"--runs", "cosine"} << 2 << QByteArray("queued, interleaved");
        QTest::newRow("alpha 0") << train + QStringList{"--alpha", "0"} << 2 << QByteArray("above 0, or auto");
        QTest::newRow("alpha 0 of an arm") << compare + QStringList{"--arm", "lora:alpha=0"} << 2 << QByteArray("above 0, or auto");
        for (const char* option : {"--rank", "--alpha"})
            QTest::newRow(qPrintable(QString("start adapter and ") + option))
                << train + QStringList{"--init-adapter", "a", option, "4"} << 65 << QByteArray("the adapter says it");
        QTest::newRow("start adapter of arms") << compare + QStringList{"--init-adapter", "a", "--arms", "lora,dora", "--modules", "q_proj"}
                                               << 65 << QByteArray("--modules");
        QTest::newRow("only qlora") << errors + QStringList{"--methods", "qlora"} << 2 << QByteArray("everything is compared with");
        QTest::newRow("rows of no data set") << errors + QStringList{"--rows", ":8"} << 2 << QByteArray("--calibrate default --rows :8");
        QTest::newRow("rows that cannot be") << errors + QStringList{"--calibrate", "default", "--rows", "8:2"} << 2 << QByteArray("--rows: ");
        QTest::newRow("errors as two forms") << errors + QStringList{"--csv", "--json"} << 2 << QByteArray("--csv and --json");
        QTest::newRow("no method") << errors + QStringList{"--methods", "loftq,"} << 65 << QByteArray("loftq");
        QTest::newRow("methods") << errors + QStringList{"--methods", "loftq,qpissa,loftq"} << 2 << QByteArray("loftq twice");
        QTest::newRow("ranks") << errors + QStringList{"--rank", "16,8,16"} << 2 << QByteArray("16 twice");
        QTest::newRow("ranks as numbers") << errors + QStringList{"--rank", "8,08"} << 2 << QByteArray("twice");
        QTest::newRow("rank 0") << errors + QStringList{"--rank", "0"} << 2 << QByteArray("--rank");
        QTest::newRow("no rank") << errors + QStringList{"--rank", "four"} << 2 << QByteArray("--rank");
        QTest::newRow("rounds") << errors + QStringList{"--iters", "5,5"} << 2 << QByteArray("5 twice");
    }
    void askedWrongly()
    {
        QFETCH(QStringList, words);
        QFETCH(int, status);
        QFETCH(QByteArray, named);
        const Answer answer = cli(words, withoutEngine());
        QVERIFY2(answer.status == status && answer.err.contains(named) && answer.err.contains("(allowed: "), answer.err.constData());
        QVERIFY(!QFile::exists(m_folder->filePath("out")));
    }

    // A value that is accepted gets as far as the engine, which is not there.
    void optionsReachTheArmsThatHaveThem_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("train") << QStringList{"train", "--method", "qpissa", "--rounds", "3", "--svd", "2", "--slice", "minor"};
        QTest::newRow("compare") << QStringList{"compare", "--arms", "lora,pissa", "--slice", "minor"};
        QTest::newRow("sweep") << QStringList{"compare", "--sweep", "3", "--sweep-factor", "10", "--lr", "1e-3", "--baseline", "pissa", "--runs", "interleaved"};
        QTest::newRow("rates") << QStringList{"compare", "--rates", "1e-4,2e-4", "--seeds", "0,1,2", "--schedule", "cosine"};
        QTest::newRow("alpha") << QStringList{"train", "--alpha", "auto", "--out", "out"};
        QTest::newRow("alpha of an arm") << QStringList{"compare", "--alpha", "4", "--arm", "lora:alpha=auto", "--seeds", "0,1"};
        QTest::newRow("start adapter") << QStringList{"train", "--init-adapter", "a", "--rank", "16", "--alpha", "auto"};
        QTest::newRow("arm") << QStringList{"compare", "--arm", "pissa:slice=minor,lr=1e-4", "--arm", "lora-ga:ga-scale=unit"};
        QTest::newRow("base of all") << QStringList{"compare", "--arms", "lora,pissa", "--base", "nf4", "--optimizer", "rite"};
    }
    void optionsReachTheArmsThatHaveThem()
    {
        QFETCH(QStringList, options);
        const QStringList arguments = QStringList{options.takeFirst(), "default", "default", "--dry-run"} + options;
        const Answer answer = cli(arguments, withoutEngine());
        QVERIFY2(answer.status == 66 && answer.err.contains("not-there.so"), answer.err.constData());
    }
};

QTEST_GUILESS_MAIN(TestCliMethods)
#include "tst_cli_methods.moc"
