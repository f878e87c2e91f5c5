// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The recorder: nothing is lost to a busy database or a full disk, training never waits, a kill costs at most 250 ms.
#include "storage/run_recorder.h"
#include "tests/support/child_process.h"
#include "training/api/error.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

using namespace rankwright;
using Clock = std::chrono::steady_clock;

namespace {

StepEvent stepAt(int64_t step)
{
    return {.run = {}, .step = step, .steps = 100, .loss = 1.0 / double(step), .lr = 1e-4, .gradNorm = 0.5,
        .tokens = step * 100, .targets = step * 50, .seconds = double(step) * 0.5, .skipped = false};
}

bool comes(const std::function<bool()>& condition, std::chrono::milliseconds within = std::chrono::seconds(10))
{
    for (const auto end = Clock::now() + within; Clock::now() < end;) {
        if (condition())
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return condition();
}

}  // namespace

class TestRunRecorder : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_data;
    std::string m_run;

    [[nodiscard]] RunFolder folder() const { return RunFolder(m_data / "runs" / m_run); }
    [[nodiscard]] size_t rows() const { return RunStore::openForReading(m_data).curve(m_run, "loss").size(); }

    // Holds the database for itself until it is killed.
    [[nodiscard]] std::unique_ptr<ChildProcess> holder() const
    {
        auto child = std::make_unique<ChildProcess>([this](ChildProcess::Pipe pipe) {
            Database database(m_data / "runs.db", Database::Access::write);
            Transaction transaction(database, Transaction::Kind::exclusive);
            pipe.say(1);
            std::this_thread::sleep_for(std::chrono::seconds(60));
        });
        child->hear();
        return child;
    }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_data = std::filesystem::path(m_folder->path().toStdString());
        m_run = RunStore(m_data).createRun(RunConfig{});
    }

    void writesLinesAndRows()
    {
        {
            RunRecorder recorder(m_data, m_run);
            recorder.on(RunStarted{});
            recorder.on(ProgressEvent{.what = "not recorded", .done = 0, .total = 0});
            recorder.on(TextEvent{"not recorded"});
            recorder.on(ModuleSpectrum{});
            for (int64_t step = 1; step <= 50; ++step)
                recorder.on(stepAt(step));
            recorder.on(NoteEvent{.run = m_run, .level = "info", .text = "hello"});
            RunEnded end;
            end.outcome = RunState::stopped;
            recorder.on(end);
        }
        QCOMPARE(folder().readMetrics().size(), size_t(53));
        QCOMPARE(rows(), size_t(50));
        RunStore store(m_data);
        QVERIFY(store.run(m_run).state == RunState::stopped);
        QCOMPARE(store.notes(m_run).size(), size_t(1));
        QCOMPARE(*store.query("SELECT indexed FROM run").rows[0][0], std::to_string(folder().metricsBytes()));
    }

    void showsStepsWhileItRuns()
    {
        RunRecorder recorder(m_data, m_run);
        const auto start = Clock::now();
        recorder.on(stepAt(1));
        QVERIFY(comes([this] { return rows() == 1; }));
        const auto waited = Clock::now() - start;
        QVERIFY2(waited < std::chrono::milliseconds(1500), "two flushes and a slow disk");
        recorder.on(stepAt(2));
        QVERIFY(comes([this] { return rows() == 2; }));
    }

    // 10,000 metrics a second: four series a step.
    void keepsUpWithManyEventsTR16()
    {
        constexpr int64_t kSteps = 20'000;
        std::vector<double> waits;
        {
            RunRecorder recorder(m_data, m_run);
            for (int64_t step = 1; step <= kSteps; ++step) {
                const auto before = Clock::now();
                recorder.on(stepAt(step));
                waits.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
                if (step % 25 == 0)
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        }
        QCOMPARE(rows(), size_t(kSteps));
        std::nth_element(waits.begin(), waits.end() - 20, waits.end());
        qInfo("99.9th percentile of on(): %.3f ms", *(waits.end() - 20));
        QVERIFY(*(waits.end() - 20) < 5);
    }

    void aBusyDatabaseLosesNothingDB05()
    {
        auto other = holder();
        auto longest = Clock::duration::zero();
        {
            RunRecorder recorder(m_data, m_run);
            for (int64_t step = 1; step <= 100; ++step) {
                const auto before = Clock::now();
                recorder.on(stepAt(step));
                longest = std::max(longest, Clock::now() - before);
                std::this_thread::sleep_for(std::chrono::milliseconds(8));
            }
            QVERIFY(comes([this] { return folder().readMetrics().size() == 100; }));
            other->kill();
            QVERIFY(comes([this] { return rows() == 100; }));
        }
        QVERIFY(longest < std::chrono::milliseconds(100));
    }

    void moreThanItKeepsIsReadFromTheFile()
    {
        auto other = holder();
        constexpr int64_t kSteps = 80'000;  // above the 65,536 that it keeps
        RunRecorder recorder(m_data, m_run);
        recorder.on(NoteEvent{.run = m_run, .level = "info", .text = "first"});
        for (int64_t step = 1; step <= kSteps; ++step)
            recorder.on(stepAt(step));
        const auto lines = [this] {
            int64_t count = 0;
            folder().visitMetrics(0, [&](std::string_view, const Event&) { ++count; });
            return count;
        };
        QVERIFY(comes([&] { return lines() == kSteps + 1; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        other->kill();
        QVERIFY(comes([&] { return rows() == size_t(kSteps); }, std::chrono::seconds(30)));
        recorder.on(stepAt(kSteps + 1));
        QVERIFY(comes([&] { return rows() == size_t(kSteps) + 1; }));
        QCOMPARE(RunStore::openForReading(m_data).notes(m_run).size(), size_t(1));
    }

    void endsInTimeWhenTheDatabaseStaysBusy()
    {
        auto other = holder();
        const auto start = Clock::now();
        {
            RunRecorder recorder(m_data, m_run);
            for (int64_t step = 1; step <= 3; ++step)
                recorder.on(stepAt(step));
        }
        QVERIFY(Clock::now() - start < std::chrono::seconds(8));
        QCOMPARE(folder().readMetrics().size(), size_t(3));
        other->kill();
        RunStore store(m_data);  // the next opening reads what SQLite lacks
        QCOMPARE(store.curve(m_run, "loss").size(), size_t(3));
    }

    void aFileThatCannotBeWrittenForAWhileLosesNothingDB07()
    {
        const auto metrics = m_data / "runs" / m_run / "metrics.jsonl";
        RunRecorder recorder(m_data, m_run);
        std::filesystem::create_directory(metrics);  // opening it for writing fails, as on a full disk
        recorder.on(stepAt(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        recorder.on(stepAt(2));
        QCOMPARE(rows(), size_t(0));  // never rows without lines
        std::filesystem::remove(metrics);
        QVERIFY(comes([this] { return rows() == 2; }));
        QCOMPARE(folder().readMetrics().size(), size_t(2));
    }

    void aKillCostsAtMostTheLastFlushDB08()
    {
        if (!kChildrenMayStartThreads)
            QSKIP("not under ThreadSanitizer");
        ChildProcess trainer([this](ChildProcess::Pipe pipe) {
            RunRecorder recorder(m_data, m_run);
            for (int64_t step = 1; step <= 100'000; ++step) {
                recorder.on(stepAt(step));
                pipe.say(step);
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        });
        std::vector<Clock::time_point> heard;
        const auto start = Clock::now();
        while (Clock::now() - start < std::chrono::milliseconds(1300)) {
            QVERIFY(trainer.hear());
            heard.push_back(Clock::now());
        }
        const auto killed = Clock::now();
        trainer.kill();
        RunStore store(m_data);
        const auto curve = store.curve(m_run, "loss");
        // Everything older than a flush and a slow write is there, in one piece.
        size_t mustBeThere = 0;
        while (mustBeThere < heard.size() && killed - heard[mustBeThere] > std::chrono::milliseconds(750))
            ++mustBeThere;
        QVERIFY(mustBeThere > 20);
        QVERIFY2(curve.size() >= mustBeThere, std::to_string(curve.size()).c_str());
        for (size_t i = 0; i < curve.size(); ++i)
            QCOMPARE(curve[i].step, int64_t(i) + 1);
        QCOMPARE(folder().readMetrics().size(), curve.size());
    }

    void flushPutsEveryEventIntoTheFileDB08()
    {
        auto other = holder();  // the file is enough: a busy database does not hold a checkpoint up
        RunRecorder recorder(m_data, m_run);
        for (int64_t step = 1; step <= 40; ++step) {
            recorder.on(stepAt(step));
            if (step % 10 != 0)
                continue;
            const auto start = Clock::now();
            recorder.flush();
            QVERIFY(Clock::now() - start < std::chrono::seconds(2));
            QCOMPARE(folder().readMetrics().size(), size_t(step));
        }
    }

    void flushGivesUpOnAFileThatCannotBeWrittenDB07()
    {
        const auto metrics = m_data / "runs" / m_run / "metrics.jsonl";
        RunRecorder recorder(m_data, m_run);
        std::filesystem::create_directory(metrics);
        recorder.on(stepAt(1));
        const auto start = Clock::now();
        recorder.flush();
        const auto waited = Clock::now() - start;
        QVERIFY(waited > std::chrono::seconds(4) && waited < std::chrono::seconds(8));
        std::filesystem::remove(metrics);
        recorder.flush();
        QCOMPARE(folder().readMetrics().size(), size_t(1));
    }

    void cutsStepsThatAreTakenAgain_data()
    {
        QTest::addColumn<bool>("busy");
        QTest::newRow("a free database") << false;
        QTest::newRow("a busy database DB05") << true;
    }
    void cutsStepsThatAreTakenAgain()
    {
        QFETCH(bool, busy);
        {
            RunRecorder earlier(m_data, m_run);
            for (int64_t step = 1; step <= 6; ++step)
                earlier.on(stepAt(step));
        }
        QCOMPARE(rows(), size_t(6));
        auto other = busy ? holder() : nullptr;
        RunRecorder recorder(m_data, m_run);
        recorder.on(NoteEvent{.run = m_run, .level = "info", .text = "before the start"});
        recorder.removeAfter(3);
        recorder.on(stepAt(4));
        recorder.flush();
        const auto events = folder().readMetrics();
        QCOMPARE(events.size(), size_t(5));
        QVERIFY(std::holds_alternative<NoteEvent>(events[3]));
        QCOMPARE(std::get<StepEvent>(events[4]).step, int64_t(4));
        if (other)
            other->kill();
        QVERIFY(comes([this] { return rows() == 4; }));
        QVERIFY(comes([this] { return RunStore::openForReading(m_data).notes(m_run).size() == 1; }));
        QCOMPARE(RunStore::openForReading(m_data).run(m_run).step, int64_t(4));
    }

    void controlsComeFromTheFolder()
    {
        RunRecorder recorder(m_data, m_run);
        QVERIFY(!recorder.controls().checkpoint);
        folder().request("checkpoint", true);
        folder().request("pause", true);
        QVERIFY(recorder.controls().checkpoint && recorder.controls().pause);
        recorder.checkpointTaken();
        QVERIFY(!recorder.controls().checkpoint && recorder.controls().pause);
    }
};

QTEST_GUILESS_MAIN(TestRunRecorder)
#include "tst_run_recorder.moc"
