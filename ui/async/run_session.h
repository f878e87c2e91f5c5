// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Trains stored runs on one worker thread, in the order of the stored queue (storage/runs/run_queue.h), and tells the window how they
// get on. Runs of an interleaved comparison are trained together, a step of each in turn.
#pragma once

#include "training/api/engine.h"
#include "ui/async/job_call.h"

#include <QObject>
#include <QString>
#include <QStringList>

namespace rankwright {

class RunSession : public QObject
{
    Q_OBJECT
public:
    RunSession(std::filesystem::path dataDirectory, JobCall::LoadEngine engine, QObject* parent = nullptr);
    ~RunSession() override;                       // stops (with a checkpoint) and waits
    // Queues the runs; starts at once where nothing runs. A second call for an id that is queued or running does nothing. Runs to be
    // resumed come first; of the others, the stored queue says which is next.
    void start(const QStringList& runs, bool resume = false);
    void startAll();                              // everything that waits in the stored queue, also what is put there meanwhile
    void drop(const QStringList& runs);           // no longer wanted here (removed from the queue)
    [[nodiscard]] bool isBusy() const;
    [[nodiscard]] QString current() const;        // the (first) running id, or empty
    [[nodiscard]] QStringList running() const;    // several where arms take turns
    [[nodiscard]] QStringList queued() const;     // without the running ones
    [[nodiscard]] bool isPaused() const;
    void setPaused(bool paused);                  // takes effect between two steps
    void checkpointNow();
    void stopCurrent();                           // stop and save; the queue goes on
    void stopAll();                               // stop and save; the queue is held
    void hold();                                  // what runs goes on to its end; nothing is trained after it
    [[nodiscard]] bool goesOn() const;            // after what runs now, the next that waits is trained

signals:
    void runStarted(const QString& run);
    void advanced(const std::vector<rankwright::Event>& batch);  // of the running ones; at most one wake-up pending
    void missed(const QString& run);              // events were dropped: read the curve again from the store
    void runEnded(const QString& run, rankwright::RunState outcome, const QString& error);
    // Nothing more is trained: after this run's failure, as the stored queue says; or, with a message and no run, because the queue or the
    // store cannot be read or the engine cannot be loaded. What waits, waits on.
    void halted(const QString& run, const QString& message);
    void idle();                                  // nothing more to train
    void pausedChanged(bool paused);
    void checkpointTaken(const QString& run);     // one asked for by checkpointNow() is on disk
    void queueChanged();                          // of queued()

private:
    struct Shared;
    void haveStarted(const QString& run);
    void haveEnded(const QString& run, RunState outcome, const QString& error);
    void worked(uint64_t calls);

    std::shared_ptr<Shared> m_shared;
    std::jthread m_thread;
};

}  // namespace rankwright
