// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What stored runs say about memory and time, and which of them are asked.
#include "storage/runs/past_runs.h"
#include "storage/runs/run_folder.h"
#include "storage/runs/run_training.h"
#include "tests/support/fake_engine.h"

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

class TestPastRuns : public QObject
{
    Q_OBJECT

    struct Nobody : Events
    {
        void on(const Event&) override { }
    };
    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_data;

    [[nodiscard]] std::string trained(const std::string& method, int64_t rank) const
    {
        RunConfig config;
        config.name = method + std::to_string(rank);
        config.method = method;
        config.rank = rank;
        config.steps = 4;
        const auto id = RunStore(m_data).createRun(config);
        FakeEngine engine;
        Nobody nobody;
        trainRun(m_data, id, engine, nobody, {}, false);
        return id;
    }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_data = std::filesystem::path(m_folder->path().toStdString());
    }

    void aFinishedRunSaysWhatItTook()
    {
        RunStore(m_data).createRun(RunConfig());   // queued: nothing measured
        const auto id = trained("dora", 8);
        RunStore store(m_data);
        const auto row = store.run(id);
        const auto past = pastRuns(store);
        QCOMPARE(past.size(), size_t(1));
        QCOMPARE(past[0].estimatedBytes, row.estimatedBytes);
        QVERIFY(past[0].estimatedBytes > 0);
        QCOMPARE(past[0].peakBytes, row.peakBytes);
        QVERIFY(past[0].peakBytes > 0);
        QCOMPARE(past[0].productsPerStep, row.productsPerStep);
        QVERIFY(std::abs(past[0].secondsPerStep - row.seconds / 4) < 1e-12);
        QCOMPARE(QString::fromStdString(past[0].kind), QString::fromStdString(runKind(store.config(id))));
    }

    void theNewestComeFirst()
    {
        (void)trained("lora", 4);
        QTest::qWait(1100);   // runs are sorted by the second of their creation
        (void)trained("lora", 8);
        RunStore store(m_data);
        const auto past = pastRuns(store);
        QCOMPARE(past.size(), size_t(2));
        QVERIFY(past[0].peakBytes > past[1].peakBytes);
        QCOMPARE(pastRuns(store, 1).size(), size_t(1));
        QCOMPARE(pastRuns(store, 1)[0].peakBytes, past[0].peakBytes);
    }

    void runsOfOtherMachinesSayNothing()
    {
        const auto id = trained("lora", 4);
        const RunFolder folder(m_data / "runs" / id);
        QCOMPARE(folder.read().at("provenance").at("machine").get<std::string>(), machineMark());
        QCOMPARE(machineMark().size(), size_t(16));
        folder.update([](nlohmann::json& document) { document["provenance"]["machine"] = "0123456789abcdef"; });
        RunStore store(m_data);
        QVERIFY(pastRuns(store).empty());
        folder.update([](nlohmann::json& document) { document["provenance"].erase("machine"); });
        QVERIFY(pastRuns(store).empty());
    }

    void aDamagedRunIsPassedOver()
    {
        const auto good = trained("lora", 4), bad = trained("lora", 8);
        RunStore store(m_data);
        const RunFolder folder(m_data / "runs" / bad);
        folder.update([](nlohmann::json& document) { document["config"] = "no configuration"; });
        const auto past = pastRuns(store);
        QCOMPARE(past.size(), size_t(1));
        QCOMPARE(past[0].peakBytes, store.run(good).peakBytes);
    }
};

QTEST_GUILESS_MAIN(TestPastRuns)
#include "tst_past_runs.moc"
