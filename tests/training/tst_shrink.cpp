// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rank post-mortem: the best approximation of each rank, its loss, its file, and the adapter that is written.
#include "training/analysis/shrink.h"
#include "training/analysis/update.h"
#include "training/io/weights.h"
#include "training/train/trained_model.h"

#include "tests/support/engine_fixture.h"
#include "tests/support/method_fixture.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

class TestShrink : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const std::string& name) const { return std::filesystem::path(m_folder.path().toStdString()) / name; }

    RunConfig config(const std::string& method) const
    {
        auto c = goldenConfig(golden("tiny"));
        c.method = method;
        c.steps = 6;
        c.learningRate = 1e-2;
        c.evalData = golden("rows.jsonl").string();
        c.evalRows = ":6";
        c.plan = {{"model.layers.1.mlp.down_proj", {7, 7}}};
        return c;
    }
    // A run of a few steps, once a method.
    std::filesystem::path trained(const std::string& method)
    {
        const auto folder = at("run-" + method);
        if (!std::filesystem::exists(folder / "checkpoints")) {
            auto c = config(method);
            if (method == "full")
                c.plan.clear();
            Listener listener;
            run(*makeTorchEngine(), runIn(folder, c), listener, {});
        }
        return folder;
    }
    ShrinkReport shrunk(const std::string& method, ShrinkJob job = {})
    {
        job.folder = trained(method).string();
        Listener listener;
        return run(*makeTorchEngine(), job, listener, {});
    }
    double lossWith(const std::filesystem::path& adapter, const std::string& base = "auto")
    {
        EvalJob job{.model = golden("tiny").string(), .adapter = adapter.string(), .data = config("lora")};
        job.data.data = job.data.evalData;
        job.data.rows = job.data.evalRows;
        job.data.base = base;
        Listener listener;
        return run(*makeTorchEngine(), job, listener, {}).value;
    }

private Q_SLOTS:
    void spectraAreThoseOfTheDenseUpdate_data()
    {
        QTest::addColumn<QString>("method");
        for (const char* method : {"lora", "pissa", "delta-lora", "qlora"})
            QTest::addRow("%s", method) << method;
    }
    void spectraAreThoseOfTheDenseUpdate()
    {
        QFETCH(QString, method);
        const auto report = shrunk(method.toStdString(), {.evaluate = false});
        QVERIFY(std::isnan(report.lossFull) && std::isnan(report.lossBase) && std::isnan(report.points.front().loss));
        Listener listener;
        JobContext context(listener, {});
        const auto model = openTrained(trained(method.toStdString()), context);
        QCOMPARE(report.modules.size(), model->adapters->entries().size());
        for (size_t i = 0; i < report.modules.size(); ++i) {
            const auto& entry = model->adapters->entries()[i];
            QCOMPARE(report.modules[i].name, entry.name);
            const auto W = method == "qlora" ? entry.slot->base.dense() : model->weights->read(entry.name + ".weight");
            const auto exact = at::linalg_svdvals(f64(effectiveWeight(*entry.slot)) - f64(W));
            const auto& values = report.modules[i].values;
            QVERIFY(!values.empty() && values.size() < size_t(exact.numel()));
            for (int64_t k = 0; k < exact.numel(); ++k) {
                const double found = size_t(k) < values.size() ? values[size_t(k)] : 0;
                QVERIFY2(std::abs(found - exact[k].item<double>()) < 2e-6, qPrintable(QString("%1 of %2: %3").arg(k).arg(found).arg(exact[k].item<double>())));
            }
        }
    }

    // Eckart and Young: the rest has the norm of the values that were cut off, and no other matrix of that rank does better.
    void theCutIsTheBest()
    {
        at::manual_seed(3);
        const auto P = at::randn({30, 6}), Q = at::randn({20, 6});
        const auto triplets = tripletsOf({P, Q});
        const auto dense = at::matmul(f64(P), f64(Q).t());
        const auto [U, S, Vh] = at::linalg_svd(dense, false);
        for (int64_t rank = 1; rank <= 6; ++rank) {
            const auto best = at::matmul(U.narrow(1, 0, rank) * S.narrow(0, 0, rank), Vh.narrow(0, 0, rank));
            const auto [A, B] = splitEvenly({triplets.U.narrow(1, 0, rank), triplets.S.narrow(0, 0, rank), triplets.V.narrow(1, 0, rank)}, 1);
            QVERIFY(largest(at::matmul(f64(B), f64(A)) - best) < 1e-5);
        }
    }

    void pointsRunFromOneDirectionToAll_data()
    {
        QTest::addColumn<QString>("method");
        for (const char* method : {"lora", "pissa", "delta-lora", "sorsa", "lora-xs", "qlora", "qpissa", "loftq"})
            QTest::addRow("%s", method) << method;
    }
    void pointsRunFromOneDirectionToAll()
    {
        QFETCH(QString, method);
        const auto report = shrunk(method.toStdString());
        QCOMPARE(report.step, int64_t(6));
        QVERIFY(report.points.size() >= 3);
        QCOMPARE(report.points.front().rank, int64_t(1));
        for (size_t i = 1; i < report.points.size(); ++i) {
            QVERIFY(report.points[i].energy >= report.points[i - 1].energy);
            QVERIFY(report.points[i].parameters >= report.points[i - 1].parameters);
            QVERIFY(report.points[i].bytes >= report.points[i - 1].bytes);
        }
        QVERIFY(std::abs(report.points.back().energy - 1) < 1e-12);
        QVERIFY(report.points.front().energy < 1);
        // All of it is the run itself; none of it the model before.
        QVERIFY2(std::abs(report.points.back().loss - report.lossFull) < 1e-4,
            qPrintable(QString("%1 %2").arg(report.points.back().loss).arg(report.lossFull)));
        QVERIFY(std::abs(report.lossBase - report.lossFull) > 1e-3);
        if (method == "lora" || method == "pissa")
            QVERIFY(std::abs(report.lossBase - lossWith({})) < 1e-6);
    }

    void energiesChooseTheSmallestRank()
    {
        const std::vector<double> asked{0.3, 0.6, 0.9, 0.99, 1};
        const auto report = shrunk("pissa", {.energies = asked, .evaluate = false});
        QCOMPARE(report.points.size(), asked.size());
        for (size_t i = 0; i < asked.size(); ++i) {
            int64_t parameters = 0;
            Listener listener;
            Weights weights(openModelSource(golden("tiny").string()));
            for (const auto& module : report.modules) {
                double all = 0, kept = 0;
                for (const double value : module.values)
                    all += value * value;
                int64_t rank = 0;
                while (size_t(rank) < module.values.size() && kept < asked[i] * all * (1 - 1e-12)) {
                    kept += module.values[size_t(rank)] * module.values[size_t(rank)];
                    ++rank;
                }
                const auto shape = weights.shape(module.name + ".weight");
                parameters += rank * (shape[0] + shape[1]);
            }
            QCOMPARE(report.points[i].rank, int64_t(0));
            QCOMPARE(report.points[i].energyAsked, asked[i]);
            QVERIFY(report.points[i].energy >= asked[i] - 1e-12);
            QCOMPARE(report.points[i].parameters, parameters);
        }
    }

    void theAdapterThatIsWrittenHasTheLoss_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<bool>("byEnergy");
        for (const char* method : {"lora", "pissa", "delta-lora", "qlora"}) {
            QTest::addRow("%s by rank", method) << method << false;
            QTest::addRow("%s by energy", method) << method << true;
        }
    }
    void theAdapterThatIsWrittenHasTheLoss()
    {
        QFETCH(QString, method);
        QFETCH(bool, byEnergy);
        const auto out = at("cut-" + method.toStdString() + (byEnergy ? "-energy" : "-rank"));
        ShrinkJob ask{.out = out.string() + "/"};
        if (byEnergy)
            ask.energies = {0.999, 0.8};
        else
            ask.ranks = {3, 2};
        const auto report = shrunk(method.toStdString(), ask);
        QCOMPARE(report.adapter, out.string());
        const auto& smallest = report.points.back();
        const double loss = lossWith(out, method == "qlora" ? "nf4-dq" : "auto");
        QVERIFY2(std::abs(loss - smallest.loss) < 1e-6, qPrintable(QString("%1 %2").arg(loss).arg(smallest.loss)));
        QVERIFY(std::abs(loss - report.lossBase) > 1e-4);
        QCOMPARE(int64_t(std::filesystem::file_size(out / "adapter_model.safetensors")), smallest.bytes);
        int64_t parameters = 0;
        for (const auto& [name, tensor] : readTensors(out / "adapter_model.safetensors"))
            parameters += tensor.numel();
        QCOMPARE(parameters, smallest.parameters);
        for (const auto& entry : std::filesystem::directory_iterator(m_folder.path().toStdString()))
            QVERIFY(entry.path().string().find(".tmp-") == std::string::npos);
        // A folder with something in it stays as it is.
        QCOMPARE(codeOf([&] { shrunk(method.toStdString(), ask); }), int(Code::exists));
    }

    void refusesWhatCannotBe()
    {
        const auto refusal = [&](const char* method, const ShrinkJob& job) { return codeOf([&] { shrunk(method, job); }); };
        QCOMPARE(refusal("lora", {.ranks = {4, 0}}), int(Code::usage));
        QCOMPARE(refusal("lora", {.energies = {1.5}}), int(Code::usage));
        QCOMPARE(refusal("lora", {.energies = {std::nan("")}}), int(Code::usage));
        QCOMPARE(refusal("full", {}), int(Code::unsupported));
        QCOMPARE(refusal("dora", {}), int(Code::unsupported));
        QCOMPARE(refusal("qpissa", {.out = at("never").string()}), int(Code::unsupported));
        QVERIFY(!std::filesystem::exists(at("never")));
    }
};

QTEST_GUILESS_MAIN(TestShrink)
#include "tst_shrink.moc"
