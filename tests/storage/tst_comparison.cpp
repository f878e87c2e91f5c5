// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arms as people write them, the runs they stand for, and comparisons as stored.
#include "storage/runs/comparison.h"
#include "storage/runs/run_training.h"
#include "tests/support/fake_engine.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>
#include <set>
#include <tuple>

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
    // Without a sweep.
    static Comparison comparison(const std::string& arms, std::vector<int64_t> seeds)
    {
        return {.arms = parseArms(base(), {arms}), .seeds = std::move(seeds), .sweep = {.rates = {}, .points = 1}};
    }
    static std::vector<std::string> created(RunStore& store, const Comparison& comparison)
    {
        return comparisonRuns(store, createComparison(store, comparison).id);
    }
    static QStringList names(const std::vector<PlannedRun>& runs)
    {
        QStringList list;
        for (const PlannedRun& run : runs)
            list << QString::fromStdString(run.config.name);
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
        QVERIFY_THROWS_EXCEPTION(Error, createComparison(store, {.arms = {{.label = "lora", .config = shared}}}));
        QVERIFY(store.runs().empty());
    }

    void refusesNoArms() { QVERIFY_THROWS_EXCEPTION(Error, parseArms(base(), {})); }

    void sweepsRates()
    {
        using Rates = std::vector<double>;
        QVERIFY(ratesOf({}, 2e-4) == (Rates{0.00005, 0.0001, 0.0002, 0.0004, 0.0008}));
        QVERIFY(ratesOf({.rates = {}, .points = 3, .factor = 10}, 2e-4) == (Rates{2e-5, 2e-4, 2e-3}));
        QVERIFY(ratesOf({.rates = {}, .points = 1}, 0.3) == Rates{0.3});
        QVERIFY(ratesOf({.rates = {4e-4, 1e-4}}, 7) == (Rates{1e-4, 4e-4}));
        for (const RateSweep& wrong : {RateSweep{.rates = {}, .points = 2}, RateSweep{.rates = {}, .points = 0}, RateSweep{.rates = {}, .points = -1},
                 RateSweep{.rates = {}, .points = 101}, RateSweep{.rates = {}, .points = 3, .factor = 1}, RateSweep{.rates = {1e-4, 1e-4}},
                 RateSweep{.rates = {0.0}}, RateSweep{.rates = {-1e-4}}, RateSweep{.rates = {std::nan("")}},
                 RateSweep{.rates = {}, .points = 3, .factor = std::nan("")}, RateSweep{.rates = {}, .points = 99, .factor = 1000}})
            QCOMPARE(codeOf([&] { std::ignore = ratesOf(wrong, 2e-4); }), int(Code::usage));
    }

    void makesPairsSeedBySeed()
    {
        const auto runs = plannedRuns(comparison("lora,pissa", {0, 1, 2}));
        QCOMPARE(runs.size(), size_t(6));
        QCOMPARE(names(runs), (QStringList{"mine lora seed 0", "mine pissa seed 0", "mine lora seed 1", "mine pissa seed 1",
                                  "mine lora seed 2", "mine pissa seed 2"}));
        for (size_t i = 0; i < runs.size(); i += 2) {
            // A pair differs in the method and the name only: same data, same order.
            RunConfig other = runs[i + 1].config;
            other.method = runs[i].config.method;
            other.name = runs[i].config.name;
            QVERIFY(other == runs[i].config);
            QCOMPARE(runs[i].config.seed, int64_t(i / 2));
            QVERIFY(runs[i].arm == "lora" && runs[i + 1].arm == "pissa");
        }
    }

    void goesFromTheOwnRateOutwards()
    {
        Comparison several = comparison("lora", {3, 1});
        several.arms.push_back(parseArms(base(), {"pissa:lr=1e-3"})[0]);
        several.sweep.points = 3;
        const auto runs = plannedRuns(several);
        QCOMPARE(names(runs).mid(0, 6), (QStringList{"mine lora lr 2e-04 seed 3", "mine pissa lr=1e-3 lr 0.001 seed 3", "mine lora lr 1e-04 seed 3",
                                            "mine pissa lr=1e-3 lr 5e-04 seed 3", "mine lora lr 4e-04 seed 3", "mine pissa lr=1e-3 lr 0.002 seed 3"}));
        QVERIFY(runs.size() == 12 && runs[6].config.seed == 1 && runs[6].config.learningRate == 2e-4);
        QCOMPARE(QString::fromStdString(labelOf(runs[1].config)), QString("mine pissa lr=1e-3"));
        several.sweep.rates = {1e-5, 1e-4, 1e-3, 1e-2};   // the baseline's 2e-4 is nearest to 1e-4
        QStringList rates;
        for (const PlannedRun& run : plannedRuns(several)) {
            if (run.arm == "lora" && run.config.seed == 3)
                rates << QString::number(run.config.learningRate);
        }
        QCOMPARE(rates, (QStringList{"0.0001", "1e-05", "0.001", "0.01"}));
    }

    void oneSeedIsNotInTheName()
    {
        const auto runs = plannedRuns(comparison("lora,pissa", {7}));
        QVERIFY(runs.size() == 2 && runs[1].config.name == "mine pissa" && runs[1].config.seed == 7);
    }

    void refusesComparisonsThatMakeNoSense()
    {
        const auto code = [](const Comparison& wrong) { return codeOf([&] { std::ignore = plannedRuns(wrong); }); };
        QCOMPARE(code(comparison("lora", {})), int(Code::usage));
        QCOMPARE(code(comparison("lora", {1, 1})), int(Code::usage));
        QCOMPARE(code(comparison("lora", {-1})), int(Code::usage));
        Comparison none = comparison("lora", {0});
        none.arms.clear();
        QCOMPARE(code(none), int(Code::usage));
        Comparison twice = comparison("lora,pissa", {0});
        twice.arms[1].label = "lora";
        QCOMPARE(code(twice), int(Code::usage));
        Comparison endless = comparison("lora,pissa", {0});
        for (int64_t seed = 1; seed < 6000; ++seed)
            endless.seeds.push_back(seed);
        QCOMPARE(code(endless), int(Code::usage));
    }

    void keepsAComparison()
    {
        const QTemporaryDir folder;
        const std::filesystem::path data = folder.path().toStdString();
        Comparison stored;
        {
            RunStore store(data);
            Comparison made = comparison("lora,pissa", {2, 0});
            made.name = "a name; \"quoted\"";
            made.sweep = {.rates = {1e-4, 3e-4}, .points = 3, .factor = 4};
            made.schedule = Schedule::together;
            stored = createComparison(store, made);
            QVERIFY(stored.id.size() == 8 && !stored.created.empty());
            made.id = stored.id;
            made.created = stored.created;
            QVERIFY(made == stored);
        }
        QVERIFY(readComparison(data, stored.id) == stored);
        RunStore store(data);
        createComparison(store, comparison("lora", {0}));
        const auto all = storedComparisons(data);
        QVERIFY(all.size() == 2 && all[1] == stored);
        QVERIFY(comparisonRuns(store, stored.name) == comparisonRuns(store, stored.id));
        for (const std::string& id : comparisonRuns(store, stored.id)) {
            const RunRow row = store.run(id);
            const RunConfig config = store.config(id);
            QVERIFY((row.arm == "lora" || row.arm == "pissa") && row.arm == row.method);
            QVERIFY(row.seed == config.seed && row.learningRate == config.learningRate);
            QVERIFY(store.document(id).at("arm") == row.arm && store.document(id).at("comparison") == stored.id);
        }
        // The runs alone tell the same: what a comparison of an earlier version has.
        std::filesystem::remove(data / "comparisons" / (stored.id + ".json"));
        const Comparison again = comparisonByRuns(store, stored.id);
        QVERIFY(again.seeds == stored.seeds && again.sweep.rates == stored.sweep.rates);
        QCOMPARE(labels(again.arms), labels(stored.arms));
        QVERIFY(comparisonRuns(store, stored.id).size() == 8);
        QCOMPARE(codeOf([&] { readComparison(data, stored.id); }), int(Code::missing));
    }

    void forgetsAComparisonWithItsLastRun()
    {
        const QTemporaryDir folder;
        RunStore store(folder.path().toStdString());
        const auto ids = created(store, comparison("lora,pissa", {0}));
        store.remove(ids[0]);
        QCOMPARE(storedComparisons(store.dataDirectory()).size(), size_t(1));
        store.remove(ids[1]);
        QVERIFY(storedComparisons(store.dataDirectory()).empty());
    }

    void refusesFilesThatAreNoComparison_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("place");
        const QString config = "{\"model\":\"default\",\"data\":\"default\",\"method\":\"lora\"}";
        QTest::newRow("no JSON") << "{" << "";
        QTest::newRow("a list") << "[]" << "";
        QTest::newRow("no arms") << "{\"seeds\":[0]}" << "/arms";
        QTest::newRow("arms are text") << "{\"arms\":[\"lora\"]}" << "/arms";
        QTest::newRow("an arm without a configuration") << "{\"arms\":[{\"label\":\"a\"}]}" << "/arms/0/config";
        QTest::newRow("unknown key") << "{\"arms\":[{\"label\":\"a\",\"config\":" + config + "}],\"seed\":[0]}" << "/seed";
        QTest::newRow("seeds") << "{\"arms\":[{\"label\":\"a\",\"config\":" + config + "}],\"seeds\":[0.5]}" << "/seeds";
        QTest::newRow("schedule") << "{\"arms\":[{\"label\":\"a\",\"config\":" + config + "}],\"schedule\":\"now\"}" << "/schedule";
        QTest::newRow("sweep") << "{\"arms\":[{\"label\":\"a\",\"config\":" + config + "}],\"sweep\":{\"points\":\"x\"}}" << "/sweep/points";
        QTest::newRow("newer") << "{\"format\":9,\"arms\":[]}" << "/format";
    }
    void refusesFilesThatAreNoComparison()
    {
        QFETCH(QString, text);
        QFETCH(QString, place);
        const QTemporaryDir folder;
        const std::filesystem::path data = folder.path().toStdString();
        RunStore store(data);
        createComparison(store, comparison("lora", {0}));
        std::ofstream(data / "comparisons" / "bad12345.json") << text.toStdString();
        const auto error = errorOf([&] { readComparison(data, "bad12345"); });
        QVERIFY(error && error->code == Code::format);
        if (!place.isEmpty())
            QCOMPARE(QString::fromStdString(error->place), place);
        QCOMPARE(storedComparisons(data).size(), size_t(1));
        // No id leads out of the folder.
        std::ofstream(data / "outside.json") << "{}";
        QCOMPARE(codeOf([&] { readComparison(data, "../outside"); }), int(Code::missing));
    }

    void createsAndTrainsTheRunsOfAComparison()
    {
        const QTemporaryDir folder;
        const std::filesystem::path data = folder.path().toStdString();
        std::vector<std::string> ids;
        {
            RunStore store(data);
            ids = created(store, comparison("lora,pissa", {0, 1}));
            createComparison(store, comparison("lora", {5}));
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

    void aComparisonIsRenamed()
    {
        const QTemporaryDir folder;
        const std::filesystem::path data = folder.path().toStdString();
        RunStore store(data);
        auto made = comparison("lora,pissa:rank=4", {0});
        auto stored = createComparison(store, made);
        QCOMPARE(titleOf(stored), std::string("lora, pissa rank=4"));
        renameComparison(data, stored.id, "mine");
        stored.name = "mine";
        QVERIFY(readComparison(data, stored.id) == stored);
        QCOMPARE(titleOf(stored), std::string("mine"));
        QVERIFY_THROWS_EXCEPTION(Error, renameComparison(data, stored.id, std::string("a\xff")));
        QVERIFY_THROWS_EXCEPTION(Error, renameComparison(data, "nosuch", "mine"));
        QVERIFY(readComparison(data, stored.id) == stored);
        renameComparison(data, stored.id, "");
        QVERIFY(readComparison(data, stored.id).name.empty());
    }

    void findsTheRunsOfAComparison()
    {
        const QTemporaryDir folder;
        RunStore store(folder.path().toStdString());
        const auto ids = created(store, comparison("lora,pissa", {0, 1}));
        const auto other = created(store, comparison("lora", {0, 1, 2}));
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
        Comparison wrong = comparison("lora,pissa", {0, 1});
        wrong.arms[1].config.rank = -4;
        QVERIFY_THROWS_EXCEPTION(Error, createComparison(store, wrong));
        wrong.arms[1].config.rank = 4;
        wrong.arms[1].config.name = std::string("a\xff");   // found out when the second run is created
        QVERIFY_THROWS_EXCEPTION(Error, createComparison(store, wrong));
        QVERIFY(storedComparisons(store.dataDirectory()).empty());
        QVERIFY(std::filesystem::is_empty(store.dataDirectory() / "comparisons"));
        QVERIFY(store.runs().empty());
        QVERIFY(std::filesystem::is_empty(store.folderOf("")));
    }
};

QTEST_GUILESS_MAIN(TestComparison)
#include "tst_comparison.moc"
