// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How many threads a job takes, and what it says where something else than the configuration limits them.
#include "training/train/threads.h"

#include <QTest>

using namespace rankwright;

class TestThreads : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void neverMoreThanThereAre()
    {
        QCOMPARE(threadsFor(0, {.cores = 4}), 4);
        QCOMPARE(threadsFor(9, {.cores = 4}), 4);
        QCOMPARE(threadsFor(3, {.cores = 4, .environment = 1}), 3);   // who asks, gets
        QCOMPARE(threadsFor(0, {.cores = 4, .environment = 2}), 2);
        QCOMPARE(threadsFor(0, {.cores = 4, .environment = 16}), 4);
        QCOMPARE(threadsFor(3, {.cores = 4, .limit = 2}), 2);
        QCOMPARE(threadsFor(0, {.cores = 4, .environment = 3, .limit = 8}), 3);
    }

    void saysWhatLimits()
    {
        QCOMPARE(threadsNote(0, {.cores = 4}), "");
        QCOMPARE(threadsNote(2, {.cores = 4, .environment = 1}), "");
        QCOMPARE(threadsNote(0, {.cores = 1, .environment = 1}), "");
        QVERIFY(threadsNote(64, {.cores = 4}).find("runs 4 threads") != std::string::npos);
        const auto launched = threadsNote(0, {.cores = 4, .environment = 1});
        QVERIFY2(launched.find("OMP_NUM_THREADS=1 ") == 0 && launched.find("--threads 4") != std::string::npos, launched.c_str());
        const auto limited = threadsNote(3, {.cores = 4, .environment = 2, .limit = 2});
        QVERIFY2(limited.find("OMP_THREAD_LIMIT=2 ") == 0 && limited.find("2 of 3") != std::string::npos, limited.c_str());
    }

    void readsTheEnvironment()
    {
        const auto before = qgetenv("OMP_NUM_THREADS");
        const auto read = [](const char* text) {
            qputenv("OMP_NUM_THREADS", text);
            return threadLimits().environment;
        };
        QCOMPARE(read("3"), 3);
        QCOMPARE(read("5,2"), 5);
        for (const char* wrong : {"", "0", "-1", "many"})
            QCOMPARE(read(wrong), 0);
        before.isNull() ? qunsetenv("OMP_NUM_THREADS") : qputenv("OMP_NUM_THREADS", before);
        QVERIFY(threadLimits().cores >= 1);
    }
};

QTEST_GUILESS_MAIN(TestThreads)
#include "tst_threads.moc"
