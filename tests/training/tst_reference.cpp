// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SmolLM2-135M against the figures that transformers and PEFT gave on the same rows (GSM8K and WikiText-2 in the test data folder).
// Skips where the data or the default model is absent.
#include "tests/support/engine_fixture.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace rankwright;

class TestReference : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;

    static std::string file(const char* name) { return (testData() / name).string(); }

    static double evaluated(const std::string& metric, const std::string& data, const std::string& rows, int64_t length,
        const std::string& adapter = {})
    {
        EvalJob job{.model = defaultModel().string(), .adapter = adapter, .metric = metric};
        job.data.data = data;
        job.data.rows = rows;
        job.data.maxLength = length;
        job.data.loss = "all";
        job.data.chatTemplate = "none";
        Listener listener;
        return run(*makeTorchEngine(), job, listener, {}).value;
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (testData().empty() || defaultModel().empty())
            QSKIP("shared/data or the default model is not here");
    }

    void lossOnGsm8k()
    {
        const double loss = evaluated("loss", file("gsm8k/test.jsonl"), "0:20", 256);
        qInfo("mean loss of the first 20 rows: %.4f (reference 1.912)", loss);
        QVERIFY(std::abs(loss - 1.912) < 0.005 * 1.912);
    }

    void perplexityOnWikiText()
    {
        const double perplexity = evaluated("perplexity", file("wikitext2/test.raw-joined.txt"), "0:1", 1024);
        qInfo("perplexity of the first 1,024 tokens: %.3f (reference 14.09)", perplexity);
        QVERIFY(std::abs(perplexity - 14.09) < 0.005 * 14.09);
    }

    void fineTuningOnGsm8k_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<double>("expected");
        QTest::newRow("lora") << "lora" << 1.854;
        QTest::newRow("pissa") << "pissa" << 1.657;
    }
    void fineTuningOnGsm8k()
    {
        QFETCH(QString, method);
        QFETCH(double, expected);
        RunConfig c;
        c.model = defaultModel().string();
        c.data = file("gsm8k/train.jsonl");
        c.evalData = file("gsm8k/test.jsonl");
        c.evalRows = "0:16";
        c.method = method.toStdString();
        c.loss = "all";
        c.chatTemplate = "none";
        c.order = "sequential";
        c.batch = 1;
        c.steps = 24;
        c.maxLength = 192;
        c.learningRate = 2e-4;
        c.weightDecay = 0.01;
        c.clip = 0;
        Listener listener;
        const auto result = run(*makeTorchEngine(), runIn(m_folder.filePath(method).toStdString(), c), listener, {});
        const auto start = listener.all<RunStarted>().at(0);
        qInfo("%s: %.4f -> %.4f (reference 2.100 -> %.3f); step 0: largest %.2e, mean %.2e, module %.2e; start in %.1f s",
            qPrintable(method), *result.evalBefore, *result.evalAfter, expected, start.stepZero.largest,
            start.stepZero.mean, start.stepZero.moduleLargest, start.prepareSeconds);
        QVERIFY(std::abs(*result.evalBefore - 2.100) < 0.005 * 2.1);
        QVERIFY(std::abs(*result.evalAfter - expected) < 0.03);
        QVERIFY(start.stepZero.largest < 1e-3 && start.stepZero.mean < 5e-5 && start.stepZero.moduleLargest <= 1e-6);
        ExportJob job{.folder = m_folder.filePath(method).toStdString(), .format = "lora",
            .out = m_folder.filePath(method + "-lora").toStdString()};
        const auto exported = run(*makeTorchEngine(), job, listener, {});
        qInfo("read back as lora: largest difference %.2e", exported.largestDifference);
        QVERIFY(exported.largestDifference < 5e-4);
    }
};

QTEST_GUILESS_MAIN(TestReference)
#include "tst_reference.moc"
