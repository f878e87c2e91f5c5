// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arms of a comparison on one copy of the base: the same losses as alone, whatever the methods and seeds; ends, stops, pauses and failures
// of one arm; resuming; what is held once.
#include "training/adapters/shared_bases.h"
#include "training/api/error.h"
#include "training/io/weights.h"
#include "training/train/checkpoint.h"
#include "training/train/meeting.h"

#include "tests/support/family_model.h"

#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <thread>

using namespace rankwright;

namespace {

struct ArmRun
{
    RunConfig config;
    std::filesystem::path folder;
    bool resume = false;
    std::function<Controls(const Listener&)> react = {};
    Listener listener = {};
    std::optional<TrainResult> result = {};
    std::string error = {};
};

}  // namespace

class TestArmsTogether : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    int m_runs = 0;
    std::filesystem::path newFolder() { return m_folder.filePath(QString::number(++m_runs)).toStdString(); }

    static RunConfig config(const std::string& method, int64_t seed = 0)
    {
        auto c = goldenConfig(golden("tiny"));
        c.method = method;
        c.seed = seed;
        c.order = "shuffled";
        c.loss = "answer";
        c.threads = 1;
        c.batch = 4;
        return c;
    }

    ArmRun arm(const RunConfig& c) { return {.config = c, .folder = newFolder()}; }

    void trainAlone(ArmRun& arm)
    {
        arm.listener.react = arm.react;
        auto job = runIn(arm.folder, arm.config, arm.resume);
        arm.result = run(*makeTorchEngine(), job, arm.listener, {});
    }

    // Each on a thread of its own, in one engine.
    void trainTogether(std::vector<ArmRun>& arms)
    {
        const auto engine = makeTorchEngine();
        const Together together{.group = "group " + std::to_string(++m_runs), .arms = int64_t(arms.size())};
        std::vector<std::jthread> threads;
        for (auto& arm : arms) {
            arm.listener.react = arm.react;
            threads.emplace_back([&, number = &arm - arms.data()] {
                try {
                    auto job = runIn(arm.folder, arm.config, arm.resume);
                    job.run = "run" + std::to_string(number);
                    job.together = together;
                    arm.result = run(*engine, job, arm.listener, {});
                } catch (const Error& error) {
                    arm.error = error.what();
                }
            });
        }
    }

    static double largestDifference(const std::vector<double>& a, const std::vector<double>& b)
    {
        if (a.size() != b.size() || a.empty())
            return std::nan("");
        double largest = 0;
        for (size_t i = 0; i < a.size(); ++i)
            largest = std::max(largest, std::abs(a[i] - b[i]) / std::abs(b[i]));
        return largest;
    }

private Q_SLOTS:
    void lossesAreThoseOfTheArmsAlone_data()
    {
        QTest::addColumn<QStringList>("methods");
        QTest::addColumn<QString>("change");
        QTest::newRow("lora and pissa at two rates") << QStringList{"lora", "pissa", "lora", "pissa"} << "rates";
        QTest::newRow("pissa, rslora and olora with two seeds") << QStringList{"pissa", "rslora", "olora", "pissa"} << "seeds";
        QTest::newRow("with dropout") << QStringList{"lora", "lora"} << "dropout";
        QTest::newRow("dropout of both forms") << QStringList{"dora", "rslora"} << "dropout";
        QTest::newRow("packed, accumulated") << QStringList{"lora", "pissa"} << "packed";
        QTest::newRow("three arms, a batch of four") << QStringList{"lora", "pissa", "olora"} << "";
        QTest::newRow("more arms than rows") << QStringList{"lora", "pissa", "olora"} << "narrow";
        QTest::newRow("some modules, other ranks") << QStringList{"lora", "pissa"} << "modules";
        // A row a micro-batch: fewer than threads, so that the arms' rows are in one pass.
        QTest::newRow("single rows") << QStringList{"lora", "pissa", "lora", "pissa"} << "single";
        QTest::newRow("single rows, three arms") << QStringList{"lora", "pissa", "olora"} << "single";
        QTest::newRow("single rows, dropout of both forms") << QStringList{"dora", "rslora"} << "single dropout";
        QTest::newRow("single rows, a base in few bits") << QStringList{"qlora", "qlora"} << "single";
        QTest::newRow("a base in few bits") << QStringList{"qlora", "qlora"} << "rates";
        QTest::newRow("a residual in few bits") << QStringList{"qpissa", "qpissa"} << "rates";
        QTest::newRow("residuals that differ") << QStringList{"qpissa", "qlora"} << "";
        QTest::newRow("with a core") << QStringList{"sorsa", "lora-xs"} << "";
        QTest::newRow("in turn on one base") << QStringList{"dora", "delta-lora", "lora", "full"} << "";
    }
    void lossesAreThoseOfTheArmsAlone()
    {
        QFETCH(QStringList, methods);
        QFETCH(QString, change);
        std::vector<ArmRun> alone, together;
        for (int i = 0; i < methods.size(); ++i) {
            auto c = config(methods[i].toStdString());
            if (change == "rates")
                c.learningRate *= i < 2 ? 1 : 0.5;
            if (change == "seeds")
                c.seed = i % 2;
            if (change.startsWith("single")) {
                c.batch = 1;
                c.accumulate = 4;
            }
            if (change.endsWith("dropout")) {
                c.dropout = 0.2;
                c.seed = i;
            }
            if (change == "packed") {
                c.packing = "on";
                c.accumulate = 2;
                c.steps = 10;
            }
            if (change == "narrow")
                c.batch = 2;
            if (change == "modules") {
                c.modules = i == 0 ? "*q_proj,*down_proj" : "*";
                c.rank = i == 0 ? 2 : 4;
            }
            alone.push_back(arm(c));
            together.push_back(arm(c));
        }
        for (auto& one : alone)
            trainAlone(one);
        trainTogether(together);
        for (size_t i = 0; i < together.size(); ++i) {
            QVERIFY2(together[i].result.has_value(), together[i].error.c_str());
            const auto difference = largestDifference(together[i].listener.losses(), alone[i].listener.losses());
            QVERIFY2(difference < 1e-5, qPrintable(methods[int(i)] + ": " + QString::number(difference)));
            const auto a = together[i].listener.all<StepEvent>(), b = alone[i].listener.all<StepEvent>();
            QCOMPARE(a.back().tokens, b.back().tokens);
            QCOMPARE(a.back().targets, b.back().targets);
            const auto start = together[i].listener.all<RunStarted>().at(0), startAlone = alone[i].listener.all<RunStarted>().at(0);
            if (alone[i].config.method == "lora")   // others note that the base was edited
                QCOMPARE(start.initHash, startAlone.initHash);
            QCOMPARE(start.orderHash, startAlone.orderHash);
            QVERIFY(start.stepZero.largest <= startAlone.stepZero.largest + 1e-5);
        }
    }

    // A resumed group goes on as it would have, bit for bit.
    void aGroupIsResumed()
    {
        std::vector<ArmRun> whole, parts;
        for (const char* method : {"lora", "pissa"}) {
            whole.push_back(arm(config(method)));
            parts.push_back(arm(config(method)));
            parts.back().react = [](const Listener& listener) { return Controls{.stop = listener.all<StepEvent>().size() >= 8}; };
        }
        trainTogether(whole);
        trainTogether(parts);
        for (auto& one : parts) {
            QVERIFY(one.result && one.result->outcome == RunState::stopped);
            QCOMPARE(one.result->step, 8);
            one.react = {};
            one.resume = true;
            one.listener.events.clear();
        }
        trainTogether(parts);
        for (size_t i = 0; i < parts.size(); ++i) {
            QVERIFY2(parts[i].result && parts[i].result->outcome == RunState::finished, parts[i].error.c_str());
            const auto all = whole[i].listener.losses(), rest = parts[i].listener.losses();
            QCOMPARE(rest.size(), size_t(12));
            QVERIFY(std::equal(rest.begin(), rest.end(), all.begin() + 8));
        }
    }

    // An arm that ends, one that fails before it begins, one that is paused: the others go on.
    void theOthersGoOn()
    {
        std::vector<ArmRun> arms;
        for (const char* method : {"lora", "pissa", "olora", "lora"})
            arms.push_back(arm(config(method)));
        arms[0].config.steps = 5;
        arms[1].config.data = "/no/such/file.jsonl";
        int asked = 0;
        arms[2].react = [&](const Listener& listener) {
            return Controls{.pause = listener.all<StepEvent>().size() == 3 && ++asked < 10};
        };
        trainTogether(arms);
        QVERIFY(arms[0].result && arms[0].result->step == 5);
        QVERIFY(!arms[1].result && arms[1].error.find("no/such") != std::string::npos);
        QVERIFY(arms[2].result && arms[2].result->step == 20);
        QVERIFY(arms[3].result && arms[3].result->step == 20);
        QVERIFY(asked >= 10);
        auto alone = arm(arms[2].config);
        trainAlone(alone);
        QVERIFY(largestDifference(arms[2].listener.losses(), alone.listener.losses()) < 1e-5);
    }

    void runsOnAnotherModelAreRefused()
    {
        std::vector<ArmRun> arms;
        for (const char* dtype : {"float32", "bfloat16"}) {
            arms.push_back(arm(config("lora")));
            arms.back().config.dtype = dtype;
        }
        trainTogether(arms);
        QCOMPARE(int(arms[0].result.has_value()) + int(arms[1].result.has_value()), 1);
        QVERIFY((arms[0].error + arms[1].error).find("another model") != std::string::npos);
    }

    // What is exported is what was trained, on the original base.
    void evaluationAndAdapterAreTheArmsOwn()
    {
        std::vector<ArmRun> arms;
        for (const char* method : {"lora", "pissa"}) {
            arms.push_back(arm(config(method)));
            arms.back().config.evalData = arms.back().config.data;
            arms.back().config.evalEvery = 10;
        }
        trainTogether(arms);
        for (auto& one : arms) {
            QVERIFY2(one.result.has_value(), one.error.c_str());
            QCOMPARE(one.listener.all<EvalEvent>().size(), 3u);
            EvalJob job{.model = one.config.model, .adapter = one.result->adapter, .data = one.config};
            Listener listener;
            const auto evaluated = run(*makeTorchEngine(), job, listener, {});
            QVERIFY(std::abs(evaluated.value - *one.result->evalAfter) < 1e-4);
            auto alone = arm(one.config);
            trainAlone(alone);
            QVERIFY(std::abs(*alone.result->evalAfter - *one.result->evalAfter) < 1e-4);
            // The update that is stored is the one that was trained, and is seen so from outside.
            Listener drifts, driftsAlone;
            const auto drift = run(*makeTorchEngine(), DriftJob{.folder = one.folder.string()}, drifts, {});
            const auto driftAlone = run(*makeTorchEngine(), DriftJob{.folder = alone.folder.string()}, driftsAlone, {});
            QCOMPARE(drift.modules.size(), driftAlone.modules.size());
            for (size_t i = 0; i < drift.modules.size(); ++i)
                QVERIFY(std::abs(drift.modules[i].update - driftAlone.modules[i].update) < 1e-4);
        }
    }

    // Tensors, not copies of them.
    void theBaseIsThereOnce()
    {
        Weights weights(openModelSource(golden("tiny").string()));
        const Model base(weights, at::kFloat);
        auto one = base.sharing(), other = base.sharing();
        for (size_t i = 0; i < base.slots().size(); ++i) {
            const auto held = base.slots()[i].base.stored()[0].second.const_data_ptr();
            QCOMPARE(one.slots()[i].base.stored()[0].second.const_data_ptr(), held);
        }
        for (size_t i = 0; i < base.otherTensors().size(); ++i)
            QCOMPARE(one.otherTensors()[i].second.const_data_ptr(), base.otherTensors()[i].second.const_data_ptr());
        const auto c = config("pissa");
        const auto starts = startAdapters(one, weights, c, {}, {}, {});
        SharedBases shared;
        const AdapterSet a(one, weights, starts, 0, "none", {}, &shared), b(other, weights, starts, 0, "none", {}, &shared);
        for (size_t i = 0; i < a.entries().size(); ++i) {
            QVERIFY(!a.entries()[i].baseIsEdited());
            QCOMPARE(a.entries()[i].edit->A0.const_data_ptr(), b.entries()[i].edit->A0.const_data_ptr());
        }
        QVERIFY(a.editsBase());
        QVERIFY(a.baseHash().empty());
        QVERIFY(a.largestDeviation(weights, at::kFloat).largest < 1e-6);
        // In few bits: quantised once.
        auto few = Model(weights, at::kFloat, {}, Bases::later);
        auto first = few.sharing(), second = few.sharing();
        SharedBases bits;
        const AdapterSet p(first, weights, starts, 0, "nf4", {}, &bits), q(second, weights, starts, 0, "nf4", {}, &bits);
        QVERIFY(p.entries()[0].baseIsEdited());
        for (size_t i = 0; i < first.slots().size(); ++i)
            QCOMPARE(first.slots()[i].base.stored()[0].second.const_data_ptr(), second.slots()[i].base.stored()[0].second.const_data_ptr());
        QVERIFY(few.slots()[0].base.stored().empty());
        QVERIFY(fitsJointPass(first, p));
    }

    void headsForLabelsAreTheArmsOwn_data()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<QString>("task");
        QTest::newRow("encoder, classes") << "bert" << "classify";
        QTest::newRow("relative positions, a number") << "deberta" << "regress";
        QTest::newRow("decoder, classes") << "llama" << "classify";
    }
    void headsForLabelsAreTheArmsOwn()
    {
        QFETCH(QString, family);
        QFETCH(QString, task);
        const auto folder = newFolder();
        std::filesystem::create_directories(folder);
        const auto rows = labelledRows(folder / "rows.jsonl", task == "regress");
        const auto model = familyModel(family.toStdString(), folder / "model");
        std::vector<ArmRun> together;
        for (const char* method : {"lora", "pissa"}) {
            auto c = labelConfig(model, rows, task.toStdString());
            c.method = method;
            c.threads = 1;
            together.push_back(arm(c));
        }
        trainTogether(together);
        for (const auto& one : together) {
            QVERIFY2(one.result.has_value(), one.error.c_str());
            auto alone = arm(one.config);
            trainAlone(alone);
            const auto difference = largestDifference(one.listener.losses(), alone.listener.losses());
            QVERIFY2(difference < 2e-5, qPrintable(QString::number(difference)));
        }
    }

    void expertsTakeTurnsOnOneBase()
    {
        const auto folder = newFolder();
        std::filesystem::create_directories(folder);
        const auto model = familyModel("mixtral", folder / "model");
        std::vector<ArmRun> together;
        for (const char* method : {"lora", "pissa"}) {
            auto c = config(method);
            c.model = model.string();
            c.steps = 5;
            together.push_back(arm(c));
        }
        trainTogether(together);
        for (const auto& one : together) {
            QVERIFY2(one.result.has_value(), one.error.c_str());
            auto alone = arm(one.config);
            trainAlone(alone);
            QVERIFY(largestDifference(one.listener.losses(), alone.listener.losses()) < 1e-4);
        }
    }
};

QTEST_GUILESS_MAIN(TestArmsTogether)
#include "tst_arms_together.moc"
