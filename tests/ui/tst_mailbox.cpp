// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The one way from a worker thread to the window: order, limits, and no call on anything that is gone. JobCall on top
// of it.
#include "tests/support/fake_engine.h"
#include "ui/async/job_call.h"
#include "ui/async/mailbox.h"

#include <QSignalSpy>
#include <QTest>

using namespace rankwright;

namespace {

// Every job waits until it may go on, or until it is stopped.
class WaitingEngine : public FakeEngine
{
public:
    std::atomic<bool> go{false}, entered{false}, sawStop{false};
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        entered = true;
        while (!go && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        sawStop = stop.stop_requested();
        return FakeEngine::run(job, events, stop);
    }
};

}  // namespace

class TestMailbox : public QObject
{
    Q_OBJECT
private slots:
    void deliversInOrderOnTheReceiversThread();
    void wakesOnceForManyValues();
    void dropsBeyondTheLimitAndSaysHowMany();
    void deliversFromSeveralThreadsWithoutLoss();
    void outlivesItsReceiver();
    void deliversWhereTheHandleIsGone();
    void receivesNothingAfterClose();
    void surviveReceiversThatGoWhileWorkersPost();
    void jobAnswersAfterItsLastEvent();
    void jobFailureIsOneTextAndNoResult();
    void failureToLoadTheEngineIsAFailedJob();
    void cancelledJobSaysNothingAndGoes();
    void endOfTheParentStopsTheJob();
};

void TestMailbox::deliversInOrderOnTheReceiversThread()
{
    QObject receiver;
    std::vector<int> got;
    bool otherThread = false;
    const Mailbox<int> mailbox(&receiver, [&](std::vector<int> batch, size_t dropped) {
        otherThread = otherThread || QThread::currentThread() != receiver.thread();
        QCOMPARE(dropped, size_t(0));
        got.insert(got.end(), batch.begin(), batch.end());
    });
    std::jthread worker([mailbox] {
        for (int i = 0; i < 10'000; ++i)
            mailbox.post(i);
    });
    QTRY_COMPARE(got.size(), size_t(10'000));
    for (int i = 0; i < 10'000; ++i)
        QCOMPARE(got[size_t(i)], i);
    QVERIFY(!otherThread);
}

void TestMailbox::wakesOnceForManyValues()
{
    QObject receiver;
    int calls = 0;
    size_t values = 0;
    const Mailbox<int> mailbox(&receiver, [&](std::vector<int> batch, size_t) {
        ++calls;
        values += batch.size();
    });
    for (int i = 0; i < 5000; ++i)
        mailbox.post(i);
    QTRY_COMPARE(values, size_t(5000));
    QCOMPARE(calls, 1);
    mailbox.post(1);
    mailbox.drain();  // delivers at once; the wake-up that is still queued finds nothing and says nothing
    QCOMPARE(calls, 2);
    QTest::qWait(20);
    QCOMPARE(calls, 2);
}

void TestMailbox::dropsBeyondTheLimitAndSaysHowMany()
{
    QObject receiver;
    std::vector<int> got;
    size_t lost = 0;
    const Mailbox<int> mailbox(&receiver, [&](std::vector<int> batch, size_t dropped) {
        got = std::move(batch);
        lost = dropped;
    });
    const int most = int(Mailbox<int>::kMost);
    for (int i = 0; i < most + 12; ++i)
        mailbox.post(i);
    mailbox.postAlways(-1);
    mailbox.drain();
    QCOMPARE(lost, size_t(12));
    QCOMPARE(got.size(), Mailbox<int>::kMost + 1);
    QCOMPARE(got[Mailbox<int>::kMost - 1], most - 1);
    QCOMPARE(got.back(), -1);
}

void TestMailbox::deliversFromSeveralThreadsWithoutLoss()
{
    QObject receiver;
    std::vector<int> lastOf(4, -1);
    size_t values = 0, lost = 0;
    bool ordered = true;
    const Mailbox<std::pair<int, int>> mailbox(&receiver, [&](std::vector<std::pair<int, int>> batch, size_t dropped) {
        for (const auto& [thread, value] : batch) {
            ordered = ordered && value > lastOf[size_t(thread)];
            lastOf[size_t(thread)] = value;
        }
        values += batch.size();
        lost += dropped;
    });
    std::vector<std::jthread> workers;
    for (int thread = 0; thread < 4; ++thread) {
        workers.emplace_back([mailbox, thread] {
            for (int i = 0; i < 20'000; ++i)
                mailbox.post({thread, i});
        });
    }
    QTRY_COMPARE(values + lost, size_t(80'000));
    QVERIFY(ordered);
}

void TestMailbox::outlivesItsReceiver()
{
    int calls = 0;
    auto receiver = std::make_unique<QObject>();
    const Mailbox<int> mailbox(receiver.get(), [&](std::vector<int>, size_t) { ++calls; });
    mailbox.post(1);
    receiver.reset();
    mailbox.post(2);
    mailbox.drain();
    QTest::qWait(20);
    QCOMPARE(calls, 0);
}

void TestMailbox::deliversWhereTheHandleIsGone()
{
    QObject receiver;
    std::vector<int> got;
    {
        const Mailbox<int> mailbox(&receiver, [&](std::vector<int> batch, size_t) { got = std::move(batch); });
        mailbox.post(7);
    }
    QTRY_COMPARE(got, std::vector<int>{7});
}

void TestMailbox::receivesNothingAfterClose()
{
    QObject receiver;
    int calls = 0;
    const Mailbox<int> mailbox(&receiver, [&](std::vector<int>, size_t) { ++calls; });
    mailbox.post(1);
    mailbox.close();
    mailbox.post(2);
    QTest::qWait(20);
    QCOMPARE(calls, 0);
}

void TestMailbox::surviveReceiversThatGoWhileWorkersPost()
{
    int calls = 0;
    for (int round = 0; round < 200; ++round) {
        auto receiver = std::make_unique<QObject>();
        std::jthread worker;
        {
            const Mailbox<int> mailbox(receiver.get(), [&](std::vector<int>, size_t) { ++calls; });
            worker = std::jthread([mailbox](const std::stop_token& stop) {
                for (int i = 0; !stop.stop_requested(); ++i)
                    mailbox.post(i);
            });
        }
        const int before = calls;
        for (int turn = 0; calls == before && turn < 1'000'000; ++turn)
            QCoreApplication::processEvents();
        QVERIFY(calls > before);
        receiver.reset();  // while the worker goes on posting
        const int after = calls;
        QCoreApplication::processEvents();
        QCOMPARE(calls, after);
    }
}

void TestMailbox::jobAnswersAfterItsLastEvent()
{
    auto engine = std::make_shared<FakeEngine>();
    QObject page;
    QStringList order;
    int spectra = 0;
    auto* call = new JobCall([engine] { return engine; }, SpectrumJob{}, &page);
    connect(call, &JobCall::advanced, &page, [&](const std::vector<Event>& batch) {
        order.append("events");
        for (const Event& event : batch)
            spectra += std::holds_alternative<ModuleSpectrum>(event) ? 1 : 0;
    });
    connect(call, &JobCall::finished, &page, [&](const Result& result) {
        order.append("end");
        QCOMPARE(std::get<SpectrumReport>(result).modules.size(), FakeEngine::modules().size());
    });
    QSignalSpy gone(call, &QObject::destroyed);
    QTRY_COMPARE(gone.size(), 1);
    QCOMPARE(spectra, int(FakeEngine::modules().size()));
    QCOMPARE(order.count("end"), 1);
    QCOMPARE(order.last(), QString("end"));
}

void TestMailbox::jobFailureIsOneTextAndNoResult()
{
    auto engine = std::make_shared<FakeEngine>();
    QObject page;
    auto* call = new JobCall([engine] { return engine; }, InspectJob{.model = "missing <b>model</b>"}, &page);
    QSignalSpy failed(call, &JobCall::failed), finished(call, &JobCall::finished);
    QTRY_COMPARE(failed.size(), 1);
    QVERIFY(failed[0][0].toString().contains("E-MISSING"));
    QVERIFY(failed[0][0].toString().contains("missing <b>model</b>"));
    QCOMPARE(finished.size(), 0);
}

void TestMailbox::failureToLoadTheEngineIsAFailedJob()
{
    QObject page;
    auto* call = new JobCall(
        []() -> std::shared_ptr<Engine> { throw std::runtime_error("no engine here"); }, InspectJob{}, &page);
    QSignalSpy failed(call, &JobCall::failed);
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(failed[0][0].toString(), QString("no engine here"));
}

void TestMailbox::cancelledJobSaysNothingAndGoes()
{
    auto engine = std::make_shared<WaitingEngine>();
    QObject page;
    auto* call = new JobCall([engine] { return engine; }, SpectrumJob{}, &page);
    QSignalSpy failed(call, &JobCall::failed), finished(call, &JobCall::finished), advanced(call, &JobCall::advanced);
    QSignalSpy gone(call, &QObject::destroyed);
    QTRY_VERIFY(engine->entered);
    call->cancel();
    QTRY_COMPARE(gone.size(), 1);
    QVERIFY(engine->sawStop);
    QCOMPARE(failed.size() + finished.size() + advanced.size(), 0);
}

void TestMailbox::endOfTheParentStopsTheJob()
{
    auto engine = std::make_shared<WaitingEngine>();
    auto page = std::make_unique<QObject>();
    new JobCall([engine] { return engine; }, SpectrumJob{}, page.get());
    QTRY_VERIFY(engine->entered);
    page.reset();  // waits for the job, which sees the stop
    QVERIFY(engine->sawStop);
}

QTEST_GUILESS_MAIN(TestMailbox)
#include "tst_mailbox.moc"
