// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Trains stored runs one after another on one worker thread (an arm of a comparison each) and tells the window how they get on.
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
    // Queues the runs; starts at once where nothing runs. A second call for an id that is queued or running does nothing.
    void start(const QStringList& runs, bool resume = false);
    [[nodiscard]] bool isBusy() const;
    [[nodiscard]] QString current() const;        // id, or empty
    [[nodiscard]] QStringList queued() const;     // without the current one
    [[nodiscard]] bool isPaused() const;
    void setPaused(bool paused);                  // takes effect between two steps
    void checkpointNow();
    void stopCurrent();                           // stop and save; the queue goes on
    void stopAll();                               // stop and save; the queue is dropped

signals:
    void runStarted(const QString& run);
    void advanced(const std::vector<rankwright::Event>& batch);  // of the current run; at most one wake-up pending
    void missed(const QString& run);              // events were dropped: read the curve again from the store
    void runEnded(const QString& run, rankwright::RunState outcome, const QString& error);
    void idle();                                  // the queue is empty
    void pausedChanged(bool paused);

private:
    struct Shared;
    std::shared_ptr<Shared> m_shared;
    std::jthread m_thread;
};

}  // namespace rankwright
