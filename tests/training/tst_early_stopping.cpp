// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs that look after themselves: patience, the best parameters kept, and both across a stop and a resume; arms that take turns.
#include "storage/runs/interleave.h"
#include "training/api/error.h"
#include "training/train/checkpoint.h"

#include "tests/support/engine_fixture.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <fstream>

using namespace rankwright;

namespace {

// To a listener and to the turn; says when a step was taken.
class Relay : public Events
{
public:
    Relay(Listener& listener, Events& turn, std::function<void()> stepped)
        : m_listener(listener), m_turn(turn), m_stepped(std::move(stepped))
    {
    }
    void on(const Event& event) override
    {
        m_listener.on(event);
        m_turn.on(event);
        if (std::holds_alternative<StepEvent>(event))
            m_stepped();
    }
    Controls controls() override { return m_turn.controls(); }

private:
    Listener& m_listener;
    Events& m_turn;
    std::function<void()> m_stepped;
};

}  // namespace

class TestEarlyStopping : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    int m_runs = 0;
    std::filesystem::path newFolder() { return m_folder.filePath(QString::number(++m_runs)).toStdString(); }

    // Trained with a rate that grows until it overshoots: the evaluation loss falls, then rises.
    static RunConfig overshooting()
    {
        auto c = goldenConfig(golden("tiny"));
        c.method = "pissa";
        c.threads = 1;
        c.evalData = c.data;
        c.evalEvery = 1;
        c.steps = 60;
        c.schedule = "constant";
        c.learningRate = 0.3;
        c.warmup = 1;   // the rate grows to the last step: on every processor the best step is well before it
        return c;
    }
    static TrainResult trainWith(const TrainJob& job, Listener& listener) { return run(*makeTorchEngine(), job, listener, {}); }
    static std::string bytesOf(const std::filesystem::path& file)
    {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    // What the adapter that the run wrote loses on the run's evaluation rows.
    static double lossOf(const RunConfig& config, const std::string& adapter)
    {
        Listener nobody;
        EvalJob job{.model = config.model, .adapter = adapter, .metric = "loss", .data = config};
        job.data.data = config.evalData;
        job.data.rows = config.evalRows;
        return run(*makeTorchEngine(), job, nobody, {}).value;
    }

private Q_SLOTS:
    void endsWhenNothingGetsBetter()
    {
        auto c = overshooting();
        c.patience = 3;
        Listener listener;
        const auto result = trainWith(runIn(newFolder(), c), listener);
        QVERIFY(result.outcome == RunState::finished);
        QVERIFY2(result.step < c.steps, "the rate did not overshoot: the test shows nothing");
        QVERIFY(!result.reason.empty());
        const auto evals = listener.all<EvalEvent>();
        double lowest = evals.front().loss;
        int64_t at = 0, without = 0;
        for (const EvalEvent& eval : evals) {
            const bool better = &eval == &evals.front() || eval.loss < lowest;
            QCOMPARE(eval.best, better);
            without = better ? 0 : without + 1;
            if (better) {
                lowest = eval.loss;
                at = eval.step;
            }
        }
        QCOMPARE(without, 3);   // exactly where it ended
        QCOMPARE(result.bestStep, at);
    }

    void aGainThatIsTooSmallDoesNotCount()
    {
        auto c = overshooting();
        c.learningRate = 1e-5;   // falls, but by next to nothing
        c.patience = 2;
        c.leastGain = 0.5;
        Listener listener;
        const auto result = trainWith(runIn(newFolder(), c), listener);
        QCOMPARE(result.step, 2);
        QVERIFY(result.bestStep > 0);   // the lowest is noted all the same
    }

    void keepsTheBestParameters()
    {
        auto c = overshooting();
        c.keep = "best";
        Listener listener;
        const auto result = trainWith(runIn(newFolder(), c), listener);
        QCOMPARE(result.step, c.steps);
        QVERIFY(result.keptBest && result.bestStep < c.steps);
        double lowest = 1e9;
        for (const EvalEvent& eval : listener.all<EvalEvent>())
            lowest = std::min(lowest, eval.loss);
        QVERIFY(*result.evalAfter > lowest + 1e-3);
        const double read = lossOf(c, result.adapter);
        QVERIFY2(std::abs(read - lowest) < 1e-5, qPrintable(QString("%1 %2").arg(read, 0, 'g', 10).arg(lowest, 0, 'g', 10)));
    }

    void exportsTheParametersItKeeps()
    {
        auto c = overshooting();
        c.keep = "best";
        const auto folder = newFolder();
        Listener listener;
        const auto result = trainWith(runIn(folder, c), listener);
        ExportJob job{.folder = folder.string(), .format = "lora", .out = (folder / "exported").string()};
        const auto exported = run(*makeTorchEngine(), job, listener, {});
        QVERIFY(exported.largestDifference < 1e-3);
        QCOMPARE(bytesOf(folder / "exported/adapter_model.safetensors"), bytesOf(folder / "adapter/adapter_model.safetensors"));
    }

    void stopAndResumeKeepTheSame_data()
    {
        QTest::addColumn<int>("stopAt");
        for (const int at : {1, 5, 20})
            QTest::addRow("after step %d", at) << at;
    }
    void stopAndResumeKeepTheSame()
    {
        QFETCH(int, stopAt);
        auto c = overshooting();
        c.keep = "best";
        c.patience = 30;
        c.steps = 40;
        const auto wholeFolder = newFolder(), folder = newFolder();
        Listener whole, first, second;
        const auto once = trainWith(runIn(wholeFolder, c), whole);
        first.react = [stopAt](const Listener& l) { return Controls{.stop = int(l.all<StepEvent>().size()) == stopAt}; };
        QVERIFY(trainWith(runIn(folder, c), first).outcome == RunState::stopped);
        const auto again = trainWith(runIn(folder, c, true), second);
        QCOMPARE(again.bestStep, once.bestStep);
        QCOMPARE(again.step, once.step);
        QCOMPARE(bytesOf(folder / "adapter/adapter_model.safetensors"), bytesOf(wholeFolder / "adapter/adapter_model.safetensors"));
    }

    // A kill after a better state was written than the newest checkpoint knows of: it does not count until it is reached again.
    void aBestStateOfStepsThatWereLostIsNotUsed()
    {
        auto c = overshooting();
        c.keep = "best";
        c.steps = 10;
        c.learningRate = 1e-3;   // falls all the way: the best state is the newest
        c.saveEvery = 4;
        const auto folder = newFolder();
        Listener listener;
        trainWith(runIn(folder, c), listener);
        std::filesystem::remove_all(folder / "checkpoints/step-000010");
        const auto trained = findTrained(folder, c);
        QVERIFY(trained.has_value());
        QCOMPARE(trained->progress.step, 8);
    }

    void armsThatTakeTurnsGiveTheSameNumbers()
    {
        std::vector<RunConfig> configs{goldenConfig(golden("tiny")), goldenConfig(golden("tiny")), goldenConfig(golden("tiny"))};
        configs[0].method = "lora";
        configs[0].dropout = 0.1;
        configs[1].method = "pissa";
        configs[1].steps = 7;       // ends before the others
        configs[2].method = "qpissa";
        for (auto& c : configs)
            c.threads = 1;
        std::vector<std::vector<double>> alone, together(configs.size());
        for (const auto& c : configs) {
            Listener listener;
            trainWith(runIn(newFolder(), c), listener);
            alone.push_back(listener.losses());
        }
        std::vector<size_t> order;
        std::vector<std::filesystem::path> folders{newFolder(), newFolder(), newFolder()};
        inTurns(configs.size(), [&](size_t i, Events& turn) {
            Listener listener;
            Relay relay(listener, turn, [&] { order.push_back(i); });
            run(*makeTorchEngine(), runIn(folders[i], configs[i]), relay, {});
            together[i] = listener.losses();
        });
        QCOMPARE(together, alone);
        // A run opens its model when the one before has taken a step. Later a slow machine may hand over in the middle of one.
        const std::vector<size_t> begins(order.begin(), order.begin() + 3);
        QCOMPARE(begins, (std::vector<size_t>{0, 1, 2}));
        const auto last = [&](size_t run) { return std::find(order.rbegin(), order.rend(), run) - order.rbegin(); };
        QVERIFY(std::max(last(0), last(2)) < last(1));   // the short one ends first: they went on side by side
    }
};

QTEST_GUILESS_MAIN(TestEarlyStopping)
#include "tst_early_stopping.moc"
