// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arms as people write them, the configurations they stand for, and the runs of one comparison.
#include "storage/runs/run_training.h"
#include "tests/support/fake_engine.h"

#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace rankwright;

class TestComparison : public QObject
{
    Q_OBJECT

    static RunConfig base()
    {
        RunConfig config;
        config.name = "mine";
        config.rank = 8;
        config.steps = 4;
        config.seed = 5;
        return config;
    }
    static QStringList labels(const std::vector<Arm>& arms)
    {
        QStringList list;
        for (const Arm& arm : arms)
            list << QString::fromStdString(arm.label);
        return list;
    }

private slots:
    void namesArms_data()
    {
        QTest::addColumn<QStringList>("arms");
        QTest::addColumn<QStringList>("expected");
        QTest::newRow("list") << QStringList{"lora,pissa"} << QStringList{"lora", "pissa"};
        QTest::newRow("repeated") << QStringList{"lora", "pissa"} << QStringList{"lora", "pissa"};
        QTest::newRow("settings") << QStringList{"pissa:lr=1e-4,rank=32"} << QStringList{"pissa lr=1e-4 rank=32"};
        QTest::newRow("both") << QStringList{"lora,pissa:lr=1e-4"} << QStringList{"lora", "pissa lr=1e-4"};
        QTest::newRow("one method twice") << QStringList{"pissa", "pissa:rank=2"}
                                          << QStringList{"pissa", "pissa rank=2"};
        QTest::newRow("options of a method")
            << QStringList{"pissa", "pissa:slice=minor,svd=4", "pissa:slice=middle"}
            << QStringList{"pissa", "pissa slice=minor svd=4", "pissa slice=middle"};
        QTest::newRow("the same option twice") << QStringList{"sorsa:gamma=0", "sorsa:gamma=0"}
                                               << QStringList{"sorsa gamma=0", "sorsa gamma=0 (2)"};
        QTest::newRow("twice the same") << QStringList{"lora,lora,lora"} << QStringList{"lora", "lora (2)", "lora (3)"};
    }
    void namesArms()
    {
        QFETCH(QStringList, arms);
        QFETCH(QStringList, expected);
        std::vector<std::string> texts;
        for (const QString& arm : arms)
            texts.push_back(arm.toStdString());
        QCOMPARE(labels(parseArms(base(), texts)), expected);
    }

    void changesOnlyWhatAnArmSays()
    {
        const auto arms = parseArms(base(),
            {"lora", "pissa:lr=1e-4,rank=32,modules=q_proj,v_proj,schedule=cosine",
                "lora:learningRate=0.003,clip=none"});
        RunConfig lora = base();
        QVERIFY(arms[0].config == lora);
        RunConfig pissa = base();
        pissa.method = "pissa";
        pissa.learningRate = 1e-4;
        pissa.rank = 32;
        pissa.modules = "q_proj,v_proj";
        pissa.schedule = "cosine";
        QVERIFY(arms[1].config == pissa);
        lora.learningRate = 0.003;
        lora.clip = 0;
        QVERIFY(arms[2].config == lora);
    }

    void refusesWithTheNearestName_data()
    {
        QTest::addColumn<QString>("arm");
        QTest::addColumn<QString>("message");
        QTest::newRow("method") << "pisa" << "Did you mean pissa?";
        QTest::newRow("key") << "pissa:rnk=3" << "Did you mean rank?";
        QTest::newRow("option") << "pissa:weight-deca=3" << "Did you mean weight-decay?";
        QTest::newRow("not a number") << "pissa:rank=three" << "three";
        QTest::newRow("comma") << "pissa:lr=1,5" << "1,5";
        QTest::newRow("choice") << "pissa:schedule=cosin" << "cosine";
        QTest::newRow("range") << "pissa:rank=0" << "rank";
        QTest::newRow("alpha 0") << "pissa:alpha=0" << "above 0, or auto";
        QTest::newRow("no value") << "pissa:rank" << "KEY=VALUE";
        QTest::newRow("no key") << "pissa:=3" << "KEY=VALUE";
        QTest::newRow("option of another method") << "lora:slice=minor" << "pissa, qpissa";
        QTest::newRow("option's word") << "pissa:slice=minr" << "Did you mean minor?";
        QTest::newRow("option's range") << "qpissa:rounds=0" << "1 to 1000";
        QTest::newRow("option's key") << "sorsa:gama=1" << "Did you mean gamma?";
        QTest::newRow("base") << "full:base=nf4" << "full precision";
        QTest::newRow("data") << "pissa:data=other.jsonl" << "the same data";
        QTest::newRow("seed") << "pissa:seed=3" << "--seeds";
        QTest::newRow("method again") << "pissa:method=lora" << "the same data";
        QTest::newRow("empty") << "" << "unknown method";
        QTest::newRow("trailing comma") << "lora," << "unknown method";
    }
    void refusesWithTheNearestName()
    {
        QFETCH(QString, arm);
        QFETCH(QString, message);
        try {
            parseArms(base(), {arm.toStdString()});
            QFAIL("accepted");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::usage || error.code() == Code::config);
            QVERIFY2(QString::fromUtf8(error.what()).contains(message), error.what());
            QVERIFY(!error.parts().place.empty() && !error.parts().advice.empty());
        }
    }

    void givesSharedOptionsToTheArmsThatHaveThem()
    {
        RunConfig shared = base();
        shared.options = {{"rounds", 5.0}, {"slice", "minor"}, {"svd", "exact"}};
        const auto arms = parseArms(shared, {"lora,qpissa,loftq", "pissa:slice=middle"});
        using Options = std::map<std::string, OptionValue>;
        QVERIFY(arms[0].config.options == Options{});
        // 5 rounds are what QPiSSA does anyway, but not LoftQ.
        QVERIFY(arms[1].config.options == (Options{{"slice", "minor"}}));
        QVERIFY(arms[2].config.options == (Options{{"rounds", 5.0}}));
        QVERIFY(arms[3].config.options == (Options{{"slice", "middle"}}));
        try {
            parseArms(shared, {"lora,loftq"});
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.parts().place, std::string("/slice"));
            QVERIFY2(error.parts().allowed.find("pissa, qpissa") != std::string::npos, error.what());
        }
        shared.options = {{"slice", "principal"}, {"svd", "exact"}};   // nothing that an arm would miss
        QVERIFY(parseArms(shared, {"lora"})[0].config.options.empty());
    }

    void refusesArmsThatMakeNoSense()
    {
        RunConfig shared = base();
        shared.base = "nf4";
        QVERIFY(parseArms(shared, {"lora,pissa,qpissa"}).size() == 3);
        QVERIFY_THROWS_EXCEPTION(Error, parseArms(shared, {"lora,full"}));
        shared = base();
        shared.dropout = 0.1;
        QVERIFY_THROWS_EXCEPTION(Error, parseArms(shared, {"lora,pissa"}));
        shared.dropout = 0;
        shared.optimizer = "rite";
        QVERIFY_THROWS_EXCEPTION(Error, parseArms(shared, {"lora,lora-xs"}));
        const auto arms = parseArms(shared, {"lora", "lora-xs:optimizer=adamw"});
        QVERIFY(arms[0].config.optimizer == "rite" && arms[1].config.optimizer == "adamw");
    }

    void aStartAdapterSaysTheRanks()
    {
        RunConfig shared;
        shared.initAdapter = "folder";
        QCOMPARE(parseArms(shared, {"lora,dora"}).size(), size_t(2));
        QVERIFY(parseArms(shared, {"lora:alpha=auto"})[0].config == parseArms(shared, {"lora"})[0].config);
        QVERIFY_THROWS_EXCEPTION(Error, parseArms(shared, {"lora,dora:rank=4"}));
        const QTemporaryDir folder;
        RunStore store(folder.path().toStdString());
        shared.rank = 4;
        QVERIFY_THROWS_EXCEPTION(Error, createComparison(store, {shared}));
        QVERIFY(store.runs().empty());
    }

    void refusesNoArms() { QVERIFY_THROWS_EXCEPTION(Error, parseArms(base(), {})); }

    void makesPairsSeedBySeed()
    {
        const auto arms = parseArms(base(), {"lora,pissa"});
        const auto configs = comparisonConfigs(arms, {0, 1, 2});
        QCOMPARE(configs.size(), size_t(6));
        QCOMPARE(configs[0].name, std::string("mine lora seed 0"));
        QCOMPARE(configs[1].name, std::string("mine pissa seed 0"));
        QCOMPARE(configs[5].name, std::string("mine pissa seed 2"));
        for (size_t i = 0; i < configs.size(); i += 2) {
            // A pair differs in the method and the name only: same data, same order.
            RunConfig other = configs[i + 1];
            other.method = configs[i].method;
            other.name = configs[i].name;
            QVERIFY(other == configs[i]);
            QCOMPARE(configs[i].seed, int64_t(i / 2));
        }
    }

    void oneSeedOrNoneIsNotInTheName()
    {
        const auto arms = parseArms(base(), {"lora,pissa"});
        const auto configs = comparisonConfigs(arms, {7});
        QVERIFY(configs.size() == 2 && configs[1].name == "mine pissa" && configs[1].seed == 7);
        QVERIFY(comparisonConfigs(arms, {})[0].seed == 5);
    }

    void createsAndTrainsTheRunsOfAComparison()
    {
        const QTemporaryDir folder;
        const std::filesystem::path data = folder.path().toStdString();
        std::vector<std::string> ids;
        {
            RunStore store(data);
            ids = createComparison(store, comparisonConfigs(parseArms(base(), {"lora,pissa"}), {0, 1}));
            createComparison(store, comparisonConfigs(parseArms(base(), {"lora"}), {}));
        }
        struct Nobody : Events
        {
            void on(const Event&) override { }
        } nobody;
        FakeEngine engine;
        for (const std::string& id : ids)
            trainRun(data, id, engine, nobody, {}, false);
        RunStore store(data);
        std::set<std::string> comparisons;
        std::vector<std::string> order;
        for (const RunRow& row : store.runs()) {
            comparisons.insert(row.comparison);
            if (row.comparison == store.run(ids[0]).comparison)
                order.insert(order.begin(), row.id);
        }
        QCOMPARE(comparisons.size(), size_t(2));
        QVERIFY(order == ids);
        const auto hash = [&](size_t run) { return store.document(ids[run]).at("provenance").at("orderHash"); };
        QVERIFY(hash(0) == hash(1) && hash(2) == hash(3) && hash(0) != hash(2));
        QVERIFY(store.run(ids[1]).loss < store.run(ids[0]).loss);
    }

    void findsTheRunsOfAComparison()
    {
        const QTemporaryDir folder;
        RunStore store(folder.path().toStdString());
        const auto ids = createComparison(store, comparisonConfigs(parseArms(base(), {"lora,pissa"}), {0, 1}));
        const auto other = createComparison(store, comparisonConfigs(parseArms(base(), {"lora"}), {0, 1, 2}));
        const std::string alone = store.createRun(base());
        const std::string id = store.run(ids[0]).comparison;
        QVERIFY(comparisonRuns(store, id) == ids);
        QVERIFY(comparisonRuns(store, store.run(other[0]).comparison) == other);
        QVERIFY(comparisonRuns(store, id.substr(0, 7)) == ids);
        for (const std::string& none : {std::string(), alone, ids[1], std::string("mine lora seed 0"), std::string("%"), id + "x"})
            QVERIFY2(comparisonRuns(store, none).empty(), none.c_str());
        // A run's name counts before the start of a comparison's id.
        store.rename(alone, id.substr(0, 6));
        QVERIFY(comparisonRuns(store, id.substr(0, 6)).empty());
    }

    void createsNothingWhereOneIsWrong()
    {
        const QTemporaryDir folder;
        RunStore store(folder.path().toStdString());
        auto configs = comparisonConfigs(parseArms(base(), {"lora,pissa"}), {});
        configs[1].rank = -4;
        QVERIFY_THROWS_EXCEPTION(Error, createComparison(store, configs));
        configs[1].rank = 4;
        configs[1].name = std::string("a\xff");
        QVERIFY_THROWS_EXCEPTION(Error, createComparison(store, configs));
        QVERIFY(store.runs().empty());
        QVERIFY(std::filesystem::is_empty(store.folderOf("")));
    }
};

QTEST_GUILESS_MAIN(TestComparison)
#include "tst_comparison.moc"
