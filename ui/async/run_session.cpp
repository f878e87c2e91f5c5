// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/async/run_session.h"

#include "storage/runs/run_training.h"
#include "training/api/error.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <set>

namespace rankwright {

namespace {

struct Started { QString run; };
struct Ended { QString run; RunState outcome = RunState::finished; QString error; };
using Mail = std::variant<Event, Started, Ended>;

struct Wanted
{
    std::string run;
    bool resume = false;
};

// The worker's side is behind the mutex or atomic; `shown*` belong to the window's thread and change together with the
// signals, so that what a slot asks agrees with what it was told.
struct Session
{
    explicit Session(Mailbox<Mail> box) : mailbox(std::move(box)) {}
    Mailbox<Mail> mailbox;
    std::mutex mutex;
    std::condition_variable_any wake;
    std::deque<Wanted> queue;
    std::string running;  // what the worker trains now; `stop` and `checkpoint` are about this one
    std::atomic<bool> pause = false, checkpoint = false, stop = false;

    QString shownCurrent;
    QStringList shownQueue;
    bool shownPaused = false;
};

class Watcher : public Events
{
public:
    explicit Watcher(Session& session) : m_session(session) {}
    void on(const Event& event) override { m_session.mailbox.post(event); }
    Controls controls() override
    {
        return {.pause = m_session.pause, .checkpoint = m_session.checkpoint, .stop = m_session.stop};
    }
    void checkpointTaken() override { m_session.checkpoint = false; }

private:
    Session& m_session;
};

RunState stateOf(const Error& error)
{
    switch (error.code()) {
    case Code::stopped:
        return RunState::stopped;
    case Code::diverged:
        return RunState::diverged;
    default:
        return RunState::failed;
    }
}

// A run whose engine did not even load must not stay "queued" for ever.
void recordFailure(const std::filesystem::path& dataDirectory, const std::string& run)
{
    try {
        RunStore store(dataDirectory);
        if (store.run(run).state == RunState::queued)
            store.setState(run, RunState::failed);
    } catch (...) {
        // The store itself is the trouble; the message of the run's end says so.
    }
}

Ended trainOne(Session& session, const std::filesystem::path& dataDirectory, const JobCall::LoadEngine& load,
    const Wanted& wanted, const std::stop_token& stop)
{
    const QString run = QString::fromStdString(wanted.run);
    try {
        const auto engine = load();
        Watcher watcher(session);
        const TrainResult result = trainRun(dataDirectory, wanted.run, *engine, watcher, stop, wanted.resume);
        return {.run = run, .outcome = result.outcome, .error = {}};
    } catch (const Error& error) {
        if (error.code() != Code::stopped)
            recordFailure(dataDirectory, wanted.run);
        return {.run = run, .outcome = stateOf(error), .error = QString::fromUtf8(error.what())};
    } catch (const std::exception& error) {
        recordFailure(dataDirectory, wanted.run);
        return {.run = run, .outcome = RunState::failed, .error = QString::fromUtf8(error.what())};
    } catch (...) {
        recordFailure(dataDirectory, wanted.run);
        return {.run = run, .outcome = RunState::failed,
            .error = RunSession::tr("The training ended with an unknown error. Try to resume the run.")};
    }
}

void work(Session& session, const std::filesystem::path& dataDirectory, const JobCall::LoadEngine& load,
    const std::stop_token& stop)
{
    while (true) {
        Wanted next;
        {
            std::unique_lock lock(session.mutex);
            session.running.clear();
            if (!session.wake.wait(lock, stop, [&session] { return !session.queue.empty(); }))
                return;
            if (stop.stop_requested())
                return;
            next = session.queue.front();
            session.queue.pop_front();
            session.running = next.run;
            session.checkpoint = false;
            session.stop = false;
        }
        session.mailbox.postAlways(Started{QString::fromStdString(next.run)});
        session.mailbox.postAlways(trainOne(session, dataDirectory, load, next, stop));
    }
}

}  // namespace

struct RunSession::Shared : Session
{
    using Session::Session;
};

RunSession::RunSession(std::filesystem::path dataDirectory, JobCall::LoadEngine engine, QObject* parent)
    : QObject(parent)
{
    const Mailbox<Mail> mailbox(this, [this](std::vector<Mail> batch, size_t dropped) {
        std::vector<Event> events;
        std::set<QString> touched{m_shared->shownCurrent};
        const auto flush = [this, &events] {
            if (!events.empty())
                emit advanced(std::exchange(events, {}));
        };
        for (auto& mail : batch) {
            if (auto* event = std::get_if<Event>(&mail)) {
                events.push_back(std::move(*event));
            } else if (const auto* started = std::get_if<Started>(&mail)) {
                flush();
                m_shared->shownCurrent = started->run;
                m_shared->shownQueue.removeOne(started->run);
                touched.insert(started->run);
                emit runStarted(started->run);
            } else if (const auto* ended = std::get_if<Ended>(&mail)) {
                flush();
                m_shared->shownCurrent.clear();
                setPaused(false);
                emit runEnded(ended->run, ended->outcome, ended->error);
                if (!isBusy())
                    emit idle();
            }
        }
        flush();
        touched.erase(QString());
        if (dropped > 0) {
            for (const QString& run : touched)
                emit missed(run);
        }
    });
    m_shared = std::make_shared<Shared>(mailbox);
    m_thread = std::jthread([shared = m_shared, folder = std::move(dataDirectory), load = std::move(engine)](
                                const std::stop_token& stop) { work(*shared, folder, load, stop); });
}

RunSession::~RunSession()
{
    m_shared->mailbox.close();
    m_thread.request_stop();
}

void RunSession::start(const QStringList& runs, bool resume)
{
    const std::lock_guard lock(m_shared->mutex);
    for (const QString& run : runs) {
        if (run == m_shared->shownCurrent || m_shared->shownQueue.contains(run))
            continue;
        m_shared->shownQueue.append(run);
        m_shared->queue.push_back({.run = run.toStdString(), .resume = resume});
    }
    m_shared->wake.notify_one();
}

bool RunSession::isBusy() const
{
    return !m_shared->shownCurrent.isEmpty() || !m_shared->shownQueue.isEmpty();
}

QString RunSession::current() const
{
    return m_shared->shownCurrent;
}

QStringList RunSession::queued() const
{
    return m_shared->shownQueue;
}

bool RunSession::isPaused() const
{
    return m_shared->shownPaused;
}

void RunSession::setPaused(bool paused)
{
    const bool allowed = paused && !m_shared->shownCurrent.isEmpty();
    m_shared->pause = allowed;
    if (std::exchange(m_shared->shownPaused, allowed) != allowed)
        emit pausedChanged(allowed);
}

void RunSession::checkpointNow()
{
    const std::lock_guard lock(m_shared->mutex);
    if (m_shared->running == m_shared->shownCurrent.toStdString())
        m_shared->checkpoint = !m_shared->running.empty();
}

void RunSession::stopCurrent()
{
    const std::lock_guard lock(m_shared->mutex);
    if (m_shared->running == m_shared->shownCurrent.toStdString())
        m_shared->stop = !m_shared->running.empty();
}

void RunSession::stopAll()
{
    const bool wasBusy = isBusy();
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->queue.clear();
        m_shared->stop = !m_shared->running.empty();
        // The worker may have taken a run whose start has not been told yet; that one ends in the usual way.
        const QString taken = QString::fromStdString(m_shared->running);
        m_shared->shownQueue.removeIf([&taken](const QString& run) { return run != taken; });
    }
    if (wasBusy && !isBusy())
        emit idle();
}

}  // namespace rankwright
