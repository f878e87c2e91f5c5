// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Our numbers against those of transformers 5.23 and PEFT 0.21.2 (tests/golden/make_golden.py).
#include "training/io/weights.h"
#include "training/nn/model.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

class TestGolden : public QObject
{
    Q_OBJECT

    static void models()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("numbers");
        QTest::newRow("tiny") << QString::fromStdString(golden("tiny").string())
                              << QString::fromStdString(golden("tiny").string());
        if (!stories().empty()) {
            QTest::newRow("stories260K") << QString::fromStdString(stories().string())
                                         << QString::fromStdString(golden("stories").string());
        }
    }

    static std::vector<double> recorded(const std::filesystem::path& folder, const char* method, const char* what)
    {
        return readJsonFile(folder / "peft.json", 1 << 20)[method][what].get<std::vector<double>>();
    }

    void compareLosses(const RunConfig& config, const std::vector<double>& losses, const std::vector<double>& norms,
        double tolerance)
    {
        QTemporaryDir folder;
        Listener listener;
        const auto engine = makeTorchEngine();
        run(*engine, runIn(folder.filePath("run").toStdString(), config), listener, {});
        const auto steps = listener.all<StepEvent>();
        QCOMPARE(steps.size(), losses.size());
        double worst = 0;
        for (size_t i = 0; i < losses.size(); ++i) {
            worst = std::max(worst, std::abs(steps[i].loss - losses[i]) / losses[i]);
            QVERIFY2(std::abs(steps[i].gradNorm - norms[i]) < 10 * tolerance * norms[i],
                qPrintable(QString("gradient norm at step %1: %2, PEFT %3").arg(i + 1).arg(steps[i].gradNorm).arg(norms[i])));
        }
        qInfo("largest relative difference of the loss over %zu steps: %.2e", losses.size(), worst);
        QVERIFY2(worst < tolerance, qPrintable(QString::number(worst)));
    }

private Q_SLOTS:
    void logitsEqualTransformers_data() { models(); }
    void logitsEqualTransformers()
    {
        QFETCH(QString, model);
        QFETCH(QString, numbers);
        auto expected = readTensors(std::filesystem::path(numbers.toStdString()) / "logits.safetensors");
        Weights weights(openModelSource(model.toStdString()));
        const Model decoder(weights, at::kFloat);
        const at::NoGradGuard guard;
        std::vector<int32_t> ids;
        const auto stored = expected.at("ids").contiguous();
        for (int64_t i = 0; i < stored.numel(); ++i)
            ids.push_back(int32_t(stored[i].item<float>()));
        std::vector<at::Tensor> layers;
        const auto logits = decoder.logits(decoder.forward(makeBatch(ids), {}, nullptr, &layers));
        const double difference = (logits - expected.at("logits")).abs().max().item<double>();
        qInfo("largest difference of logits: %.2e", difference);
        QVERIFY(difference < 1e-4);
        QVERIFY((at::stack(layers) - expected.at("hidden")).abs().max().item<double>() < 1e-4);
    }

    void pissaLossesEqualPeft_data() { models(); }
    void pissaLossesEqualPeft()
    {
        QFETCH(QString, model);
        QFETCH(QString, numbers);
        auto config = goldenConfig(model.toStdString());
        config.method = "pissa";
        const auto folder = numbers.toStdString();
        compareLosses(config, recorded(folder, "pissa", "losses"), recorded(folder, "pissa", "gradNorms"), 1e-4);
    }

    void loraLossesFromPeftsStartEqualPeft_data() { models(); }
    void loraLossesFromPeftsStartEqualPeft()
    {
        QFETCH(QString, model);
        QFETCH(QString, numbers);
        auto config = goldenConfig(model.toStdString());
        const auto folder = numbers.toStdString();
        config.initAdapter = folder + "/lora_start";
        compareLosses(config, recorded(folder, "lora", "losses"), recorded(folder, "lora", "gradNorms"), 1e-3);
    }
};

QTEST_GUILESS_MAIN(TestGolden)
#include "tst_golden.moc"
