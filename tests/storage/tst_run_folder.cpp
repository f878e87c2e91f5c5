// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// run.json, metrics.jsonl, control files and the lock of a run folder, with half lines, damage and second processes.
#include "storage/runs/run_folder.h"
#include "tests/support/child_process.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <sys/resource.h>
#include <thread>
#include <tuple>

using namespace rankwright;

namespace {

StepEvent stepAt(int64_t step)
{
    return {.run = "r", .step = step, .steps = 9, .loss = 1.0 / double(step), .lr = 0.1, .gradNorm = 1, .tokens = step,
        .targets = step, .seconds = double(step), .skipped = false};
}

int64_t stepOf(const Event& event) { return std::get<StepEvent>(event).step; }

}  // namespace

class TestRunFolder : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_path, m_metrics;

    void append(const std::string& bytes) const { std::ofstream(m_metrics, std::ios::app | std::ios::binary) << bytes; }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = m_folder->path().toStdString();
        m_metrics = m_path / "metrics.jsonl";
    }

    void keepsItsDocument()
    {
        const RunFolder folder(m_path);
        QCOMPARE(codeOf([&] { std::ignore = folder.read(); }), int(Code::missing));
        const nlohmann::json document = {{"format", 1}, {"name", "x"}, {"config", nlohmann::json::object()}};
        folder.write(document);
        QVERIFY(folder.read() == document);
        folder.update([](nlohmann::json& change) { change["state"] = "running"; });
        QCOMPARE(folder.read().at("state").get<std::string>(), std::string("running"));
    }

    void changesFromTwoProcessesAreBothKept()
    {
        const RunFolder folder(m_path);
        folder.write({{"format", 1}, {"config", nlohmann::json::object()}, {"a", 0}, {"b", 0}});
        const auto count = [&](const char* key) {
            for (int i = 0; i < 50; ++i)
                folder.update([&](nlohmann::json& document) { document[key] = document.at(key).get<int>() + 1; });
        };
        ChildProcess other([&](ChildProcess::Pipe) { count("a"); });
        count("b");
        QCOMPARE(other.wait(), 0);
        QCOMPARE(folder.read().at("a").get<int>(), 50);
        QCOMPARE(folder.read().at("b").get<int>(), 50);
    }

    void refusesWhatIsNoRunDescription_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("code");
        QTest::newRow("empty") << QByteArray("") << int(Code::format);
        QTest::newRow("array") << QByteArray("[1]") << int(Code::format);
        QTest::newRow("no format") << QByteArray("{\"config\":{}}") << int(Code::format);
        QTest::newRow("no config") << QByteArray("{\"format\":1}") << int(Code::format);
        QTest::newRow("format text") << QByteArray("{\"format\":\"1\",\"config\":{}}") << int(Code::format);
        QTest::newRow("newer") << QByteArray("{\"format\":2,\"config\":{}}") << int(Code::unsupported);
        QTest::newRow("duplicate key") << QByteArray("{\"format\":1,\"format\":1,\"config\":{}}") << int(Code::format);
    }
    void refusesWhatIsNoRunDescription()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, code);
        std::ofstream(m_path / "run.json") << text.toStdString();
        QCOMPARE(codeOf([&] { std::ignore = RunFolder(m_path).read(); }), code);
    }

    void everyRecordedEventComesBack()
    {
        const RunFolder folder(m_path);
        RunStarted start;
        start.run = "r";
        start.steps = 9;
        start.orderHash = "abc";
        StepEvent skipped = stepAt(2);
        skipped.loss = std::numeric_limits<double>::quiet_NaN();
        skipped.skipped = true;
        const std::vector<Event> events = {start, stepAt(1), skipped,
            EvalEvent{.run = "r", .step = 2, .loss = 0.5, .rows = 1, .tokens = 2, .seconds = 3},
            CheckpointEvent{.run = "r", .step = 2, .folder = "c"},
            NoteEvent{.run = "r", .level = "info", .text = "two\nlines, \xf0\x9f\x98\x80 and \xff"},
            RunEnded{
                .run = "r", .outcome = RunState::diverged, .step = 2, .finalLoss = 1, .adapter = "a", .error = "e"}};
        const int64_t bytes = folder.appendMetrics(events);
        QCOMPARE(bytes, int64_t(std::filesystem::file_size(m_metrics)));
        QCOMPARE(bytes, folder.metricsBytes());
        const auto back = folder.readMetrics();
        QCOMPARE(back.size(), events.size());
        for (size_t i = 0; i < back.size(); ++i)
            QVERIFY2(toJson(back[i]) == toJson(events[i]), toJson(back[i]).dump().c_str());
        QVERIFY(std::isnan(std::get<StepEvent>(back[2]).loss));
    }

    void aHalfLineIsIgnoredAndThenRemoved()
    {
        const RunFolder folder(m_path);
        folder.appendMetrics({stepAt(1), stepAt(2)});
        append("{\"event\":\"step\",\"run\":\"r\",\"st");
        QCOMPARE(folder.readMetrics().size(), size_t(2));
        folder.appendMetrics({stepAt(3)});
        const auto events = folder.readMetrics();
        QCOMPARE(events.size(), size_t(3));
        QCOMPARE(stepOf(events[2]), int64_t(3));
    }

    void aVeryLongHalfLineIsRemoved()
    {
        const RunFolder folder(m_path);
        folder.appendMetrics({stepAt(1)});
        append(std::string(3 << 20, 'x'));
        folder.appendMetrics({stepAt(2)});
        QCOMPARE(folder.readMetrics().size(), size_t(2));
        std::ofstream(m_metrics, std::ios::trunc) << std::string(10000, 'x');
        folder.appendMetrics({stepAt(1)});
        QCOMPARE(folder.readMetrics().size(), size_t(1));
    }

    void whatStandsBeforeDamageIsKept_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::newRow("no json") << QByteArray("hello");
        QTest::newRow("empty line") << QByteArray("");
        QTest::newRow("unknown event") << QByteArray("{\"event\":\"dance\"}");
        QTest::newRow("text for a number") << QByteArray("{\"event\":\"step\",\"step\":\"7\"}");
        QTest::newRow("nested") << QByteArray(100000, '[');
        QTest::newRow("NUL") << QByteArray("{\"event\":\0\"note\"}", 17);
    }
    void whatStandsBeforeDamageIsKept()
    {
        QFETCH(QByteArray, line);
        const RunFolder folder(m_path);
        const int64_t good = folder.appendMetrics({stepAt(1), stepAt(2)});
        append(line.toStdString() + "\n");
        folder.appendMetrics({stepAt(3)});
        QCOMPARE(folder.readMetrics().size(), size_t(2));
        QCOMPARE(folder.visitMetrics(0, [](std::string_view, const Event&) {}), good);
    }

    void readsFromAByteOn()
    {
        const RunFolder folder(m_path);
        const int64_t middle = folder.appendMetrics({stepAt(1), stepAt(2)});
        const int64_t end = folder.appendMetrics({stepAt(3)});
        std::vector<int64_t> seen;
        const auto note = [&](std::string_view, const Event& event) { seen.push_back(stepOf(event)); };
        QCOMPARE(folder.visitMetrics(middle, note), end);
        QVERIFY(seen == std::vector<int64_t>{3});
        QCOMPARE(folder.visitMetrics(end, note), end);
    }

    void linesAcrossReadBlocksAreWhole()
    {
        const RunFolder folder(m_path);
        std::vector<Event> events;
        for (int64_t step = 1; step <= 20'000; ++step)
            events.emplace_back(stepAt(step));
        QVERIFY(folder.appendMetrics(events) > 2 << 20);
        const auto back = folder.readMetrics();
        QCOMPARE(back.size(), events.size());
        for (size_t i = 0; i < back.size(); ++i)
            QCOMPARE(stepOf(back[i]), int64_t(i) + 1);
    }

    void cutsAfterAStep()
    {
        const RunFolder folder(m_path);
        folder.cutMetricsAfter(3);  // nothing there yet
        QVERIFY(!std::filesystem::exists(m_metrics));
        RunStarted start;
        start.run = "r";
        folder.appendMetrics({start, stepAt(1), stepAt(2), NoteEvent{.run = "r", .level = "info", .text = "n"},
            stepAt(3),
            EvalEvent{.run = "r", .step = 3, .loss = 1, .rows = 1, .tokens = 1, .seconds = 1}, stepAt(4)});
        append("half");
        folder.cutMetricsAfter(2);
        const auto events = folder.readMetrics();
        QCOMPARE(events.size(), size_t(4));
        QVERIFY(std::holds_alternative<RunStarted>(events[0]) && std::holds_alternative<NoteEvent>(events[3]));
        QCOMPARE(folder.visitMetrics(0, [](std::string_view, const Event&) {}), folder.metricsBytes());
    }

    void aFullDiskLeavesTheFileAsItWasDB07()
    {
        const RunFolder folder(m_path);
        const int64_t before = folder.appendMetrics({stepAt(1)});
        ChildProcess limited([&](ChildProcess::Pipe pipe) {
            // Writing beyond this size fails as on a full disk (EFBIG), after a part of it was written.
            std::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{.rlim_cur = rlim_t(before) + 500, .rlim_max = rlim_t(before) + 500};
            setrlimit(RLIMIT_FSIZE, &limit);
            std::vector<Event> many(10, Event(stepAt(2)));
            pipe.say(codeOf([&] { folder.appendMetrics(many); }));
        });
        QCOMPARE(limited.hear().value_or(-1), int64_t(Code::io));
        QCOMPARE(limited.wait(), 0);
        QCOMPARE(folder.metricsBytes(), before);
    }

    void doesNotFollowALinkToMetrics()
    {
        std::ofstream(m_path / "outside") << "mine\n";
        std::filesystem::create_symlink(m_path / "outside", m_metrics);
        const RunFolder folder(m_path);
        QCOMPARE(codeOf([&] { folder.appendMetrics({stepAt(1)}); }), int(Code::io));
        QCOMPARE(std::filesystem::file_size(m_path / "outside"), uintmax_t(5));
        QVERIFY(folder.readMetrics().empty());
    }

    void controlFilesAreRequests()
    {
        const RunFolder folder(m_path);
        QVERIFY(!folder.controls().pause && !folder.controls().checkpoint && !folder.controls().stop);
        ChildProcess person([&](ChildProcess::Pipe) {
            RunFolder(m_path).request("pause", true);
            RunFolder(m_path).request("stop", true);
        });
        QCOMPARE(person.wait(), 0);
        QVERIFY(folder.controls().pause && !folder.controls().checkpoint && folder.controls().stop);
        folder.request("pause", false);
        QVERIFY(!folder.controls().pause && folder.controls().stop);
        folder.clearControls();
        QVERIFY(!folder.controls().stop);
        QCOMPARE(codeOf([&] { folder.request("../run.json", true); }), int(Code::usage));
    }

    void theSecondOwnerIsRefusedAndToldTheFirstCL08()
    {
        ChildProcess owner([&](ChildProcess::Pipe pipe) {
            const RunLock lock(m_path);
            pipe.say(::getpid());
            std::this_thread::sleep_for(std::chrono::seconds(30));
        });
        const auto pid = owner.hear();
        QVERIFY(pid);
        QVERIFY(RunLock::isHeld(m_path));
        try {
            const RunLock second(m_path);
            QFAIL("taken twice");
        } catch (const Error& error) {
            QCOMPARE(int(error.code()), int(Code::locked));
            QCOMPARE(exitStatus(error.code()), 75);
            const std::string first = "process " + std::to_string(*pid);
            QVERIFY2(std::string(error.what()).find(first) != std::string::npos, error.what());
        }
        owner.kill();  // no clean-up ran; the lock file is still there
        QVERIFY(std::filesystem::exists(m_path / "lock"));
        QVERIFY(!RunLock::isHeld(m_path));
        const RunLock lock(m_path);
        QVERIFY(RunLock::isHeld(m_path));
    }

    void holdsBetweenTwoOpeningsOfOneProcess()
    {
        {
            RunLock lock(m_path);
            const RunLock moved(std::move(lock));
            QVERIFY(RunLock::isHeld(m_path));
            QCOMPARE(codeOf([&] { const RunLock second(m_path); }), int(Code::locked));
        }
        QVERIFY(!RunLock::isHeld(m_path));
        const RunLock again(m_path);
    }

    void aLockIsNotALink()
    {
        std::ofstream(m_path / "outside") << "mine\n";
        std::filesystem::create_symlink(m_path / "outside", m_path / "lock");
        QCOMPARE(codeOf([&] { const RunLock lock(m_path); }), int(Code::io));
        QCOMPARE(std::filesystem::file_size(m_path / "outside"), uintmax_t(5));
        QCOMPARE(codeOf([&] { const RunLock lock(m_path / "nowhere"); }), int(Code::missing));
    }
};

QTEST_GUILESS_MAIN(TestRunFolder)
#include "tst_run_folder.moc"
