// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/async/run_session.h"

#include "storage/runs/interleave.h"
#include "storage/runs/run_queue.h"
#include "storage/runs/run_training.h"
#include "training/api/error.h"
#include "ui/async/queue_turn.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <optional>
#include <set>

namespace rankwright {

namespace {

struct Started { QString run; };
struct Ended { QString run; RunState outcome = RunState::finished; QString error; };
struct Order { QStringList waiting; uint64_t calls = 0; };   // after so many start(), startAll() and drop()
struct Halted { QString run, message; };   // one of them
struct Worked { uint64_t calls = 0; };                       // nothing to do after so many
struct Taken { QString run; };         // a checkpoint that was asked for
using Mail = std::variant<Event, Started, Ended, Order, Halted, Worked, Taken>;

// The worker's side is behind the mutex or atomic; `shown*` belong to the window's thread and change together with the
// signals, so that what a slot asks agrees with what it was told.
struct Session
{
    explicit Session(Mailbox<Mail> box) : mailbox(std::move(box)) {}
    Mailbox<Mail> mailbox;
    std::mutex mutex;
    std::condition_variable_any wake;
    QueueWishes wishes;
    uint64_t calls = 0, looked = 0;        // requests made; those that the worker has found an end to
    std::vector<std::string> running;      // what the worker trains now; `stop` and `checkpoint` are about these
    std::atomic<bool> pause = false, stop = false;
    std::atomic<uint64_t> checkpoint = 0;  // a bit each of `running`: has still to write one

    QStringList shownRunning, shownQueue;
    bool shownBusy = false, shownPaused = false, shownAll = false;
};

constexpr size_t kMostTogether = 64;       // bits of `checkpoint`
constexpr int kAttempts = 3;               // to read a store that somebody else holds; each waits five seconds for it
constexpr auto kBetweenAttempts = std::chrono::milliseconds(500);

// What one running run asks between two steps; the other runs' turns are asked for too.
class Watcher : public Events
{
public:
    Watcher(Session& session, QString run, size_t index, Events* turn)
        : m_session(session), m_run(std::move(run)), m_bit(uint64_t(1) << index), m_turn(turn) {}
    void on(const Event& event) override
    {
        m_session.mailbox.post(event);
        if (m_turn != nullptr)
            m_turn->on(event);
    }
    Controls controls() override
    {
        if (m_turn != nullptr)
            static_cast<void>(m_turn->controls());   // returns when it is this run's turn
        return {.pause = m_session.pause, .checkpoint = (m_session.checkpoint & m_bit) != 0, .stop = m_session.stop};
    }
    void checkpointTaken() override
    {
        if ((m_session.checkpoint.fetch_and(~m_bit) & m_bit) != 0)
            m_session.mailbox.postAlways(Taken{m_run});
    }

private:
    Session& m_session;
    QString m_run;
    uint64_t m_bit;
    Events* m_turn;
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

// A run that fails before it has begun (its model is gone) must not stay "queued" for ever.
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

Ended trainOne(const std::filesystem::path& dataDirectory, Engine& engine, const std::string& id, bool resume, Events& watcher,
    const std::stop_token& stop, const Together& together)
{
    const QString run = QString::fromStdString(id);
    try {
        const TrainResult result = trainRun(dataDirectory, id, engine, watcher, stop, resume, false, together);
        return {.run = run, .outcome = result.outcome, .error = {}};
    } catch (const Error& error) {
        if (error.code() != Code::stopped)
            recordFailure(dataDirectory, id);
        return {.run = run, .outcome = stateOf(error), .error = QString::fromUtf8(error.what())};
    } catch (const std::exception& error) {
        recordFailure(dataDirectory, id);
        return {.run = run, .outcome = RunState::failed, .error = QString::fromUtf8(error.what())};
    } catch (...) {
        recordFailure(dataDirectory, id);
        return {.run = run, .outcome = RunState::failed,
            .error = RunSession::tr("The training ended with an unknown error. Try to resume the run.")};
    }
}

struct Turn
{
    std::vector<std::string> runs;
    bool together = false;           // on one copy of the base
    std::set<std::string> resumed;   // of them
    uint64_t calls = 0;              // what was asked for when it was taken
};

QStringList textsOf(const std::vector<std::string>& ids)
{
    QStringList texts;
    for (const std::string& id : ids)
        texts.append(QString::fromStdString(id));
    return texts;
}

// Nothing more is wanted; the caller holds the mutex.
void halt(Session& session, Halted why)
{
    session.wishes = {};
    session.mailbox.postAlways(std::move(why));
}

bool passesByItself(const std::exception& error)
{
    const auto* ours = dynamic_cast<const Error*>(&error);
    return ours != nullptr && (ours->code() == Code::locked || ours->code() == Code::io);
}

// What is next by the store. Empty: something was asked for meanwhile, or the wishes are given up, and the window has been told why.
std::optional<QueueTurn> readTurn(
    Session& session, const std::filesystem::path& dataDirectory, const QueueWishes& wishes, uint64_t calls, const std::stop_token& stop)
{
    for (int left = kAttempts; true;) {
        try {
            return nextTurn(dataDirectory, wishes);
        } catch (const std::exception& error) {
            std::unique_lock lock(session.mutex);
            if (passesByItself(error) && --left > 0) {
                if (session.wake.wait_for(lock, stop, kBetweenAttempts, [&] { return session.calls != calls; }))
                    return {};
                if (!stop.stop_requested())
                    continue;
            }
            if (session.calls == calls)
                halt(session, {.run = {}, .message = QString::fromUtf8(error.what())});
            return {};
        }
    }
}

// What to train now; empty where nothing is wanted that still waits.
Turn takeNext(Session& session, const std::filesystem::path& dataDirectory, const std::stop_token& stop)
{
    while (true) {
        QueueWishes wishes;
        uint64_t calls = 0;
        {
            const std::lock_guard lock(session.mutex);
            session.running.clear();
            calls = session.calls;
            wishes = session.wishes;
        }
        const auto next = readTurn(session, dataDirectory, wishes, calls, stop);
        const std::lock_guard lock(session.mutex);
        if (!next || calls != session.calls)
            continue;   // something was added, dropped or stopped meanwhile, or nothing is wanted any more
        session.running = next->runs;
        // What no longer waits was started elsewhere or removed; asked for by its name, it is tried and says so.
        if (next->runs.empty() && !wishes.wanted.empty())
            session.running = {wishes.wanted.front()};
        session.running.resize(std::min(session.running.size(), kMostTogether));
        Turn turn{.runs = session.running, .together = next->together, .resumed = {}, .calls = calls};
        for (const std::string& run : turn.runs) {
            std::erase(session.wishes.wanted, run);
            if (std::erase(session.wishes.resumes, run) > 0)
                turn.resumed.insert(run);
        }
        if (!turn.runs.empty())
            session.mailbox.postAlways(Order{.waiting = textsOf(next->waiting), .calls = calls});
        return turn;
    }
}

std::vector<Ended> train(
    Session& session, const std::filesystem::path& dataDirectory, Engine& engine, const Turn& turn, const std::stop_token& stop)
{
    std::vector<Ended> ends(turn.runs.size());
    Together together;
    if (turn.together && turn.runs.size() > 1)
        together = {.group = turn.runs.front(), .arms = int64_t(turn.runs.size())};
    const auto one = [&](size_t index, Events* others) {
        const auto run = QString::fromStdString(turn.runs[index]);
        session.mailbox.postAlways(Started{run});
        Watcher watcher(session, run, index, others);
        const bool resume = turn.resumed.contains(turn.runs[index]);
        ends[index] = trainOne(dataDirectory, engine, turn.runs[index], resume, watcher, stop, together);
        session.mailbox.postAlways(ends[index]);
    };
    if (turn.runs.size() == 1)
        one(0, nullptr);
    else if (turn.together)
        atOnce(turn.runs.size(), [&](size_t index) { one(index, nullptr); });
    else
        inTurns(turn.runs.size(), [&](size_t index, Events& others) { one(index, &others); });
    return ends;
}

// Where the stored queue says so, a failure holds it.
void haltAfterFailure(Session& session, const std::filesystem::path& dataDirectory, const std::vector<Ended>& ends)
{
    const auto failed = std::ranges::find_if(
        ends, [](const Ended& end) { return end.outcome == RunState::failed || end.outcome == RunState::diverged; });
    if (failed == ends.end())
        return;
    try {
        if (RunQueue(dataDirectory).continuesOnError())
            return;
    } catch (const std::exception&) {
        return;   // a damaged file of the queue: what is to be trained next is asked of it too, and that tells
    }
    const std::lock_guard lock(session.mutex);
    if (!session.wishes.empty())
        halt(session, {.run = failed->run, .message = {}});
}

// Null: it cannot be loaded; the window has been told why, and the runs wait on.
std::shared_ptr<Engine> loadOrHalt(Session& session, const JobCall::LoadEngine& load)
{
    QString message = RunSession::tr("The training engine could not be loaded. Install the program again.");
    try {
        if (auto engine = load())
            return engine;
    } catch (const std::exception& error) {
        message = QString::fromUtf8(error.what());
    } catch (...) {
        // As where there is none.
    }
    const std::lock_guard lock(session.mutex);
    session.running.clear();
    halt(session, {.run = {}, .message = message});
    return {};
}

void work(Session& session, const std::filesystem::path& dataDirectory, const JobCall::LoadEngine& load,
    const std::stop_token& stop)
{
    while (true) {
        {
            std::unique_lock lock(session.mutex);
            if (!session.wake.wait(lock, stop, [&session] { return session.calls != session.looked; })
                || stop.stop_requested())
                return;
            session.checkpoint = 0;
            session.stop = false;
        }
        const Turn turn = takeNext(session, dataDirectory, stop);
        if (stop.stop_requested())
            return;
        if (!turn.runs.empty()) {
            if (const auto engine = loadOrHalt(session, load))
                haltAfterFailure(session, dataDirectory, train(session, dataDirectory, *engine, turn, stop));
            continue;
        }
        const std::lock_guard lock(session.mutex);
        if (turn.calls != session.calls)
            continue;   // asked for in between
        session.looked = session.calls;
        session.wishes.all = false;
        session.mailbox.postAlways(Worked{session.calls});
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
        std::set<QString> touched(m_shared->shownRunning.begin(), m_shared->shownRunning.end());
        const auto flush = [this, &events] {
            if (!events.empty())
                emit advanced(std::exchange(events, {}));
        };
        for (auto& mail : batch) {
            if (auto* event = std::get_if<Event>(&mail)) {
                events.push_back(std::move(*event));
                continue;
            }
            flush();
            if (const auto* started = std::get_if<Started>(&mail)) {
                touched.insert(started->run);
                haveStarted(started->run);
            } else if (const auto* ended = std::get_if<Ended>(&mail)) {
                haveEnded(ended->run, ended->outcome, ended->error);
            } else if (const auto* order = std::get_if<Order>(&mail); order != nullptr && order->calls == m_shared->calls) {
                m_shared->shownQueue = order->waiting;
                emit queueChanged();
            } else if (const auto* halt = std::get_if<Halted>(&mail)) {
                m_shared->shownQueue.clear();
                m_shared->shownAll = false;
                emit halted(halt->run, halt->message);
            } else if (const auto* end = std::get_if<Worked>(&mail)) {
                worked(end->calls);
            } else if (const auto* taken = std::get_if<Taken>(&mail)) {
                emit checkpointTaken(taken->run);
            }
        }
        flush();
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

void RunSession::haveStarted(const QString& run)
{
    m_shared->shownQueue.removeOne(run);
    m_shared->shownRunning.append(run);
    emit runStarted(run);
}

void RunSession::haveEnded(const QString& run, RunState outcome, const QString& error)
{
    m_shared->shownRunning.removeOne(run);
    if (m_shared->shownRunning.isEmpty())
        setPaused(false);
    emit runEnded(run, outcome, error);
}

void RunSession::worked(uint64_t calls)
{
    if (calls != m_shared->calls || !m_shared->shownBusy)   // calls change on this thread alone
        return;
    m_shared->shownQueue.clear();
    m_shared->shownBusy = m_shared->shownAll = false;
    emit idle();
}

void RunSession::start(const QStringList& runs, bool resume)
{
    const std::lock_guard lock(m_shared->mutex);
    bool any = false;
    for (const QString& run : runs) {
        if (m_shared->shownRunning.contains(run) || m_shared->shownQueue.contains(run))
            continue;
        any = true;
        m_shared->shownQueue.append(run);
        (resume ? m_shared->wishes.resumes : m_shared->wishes.wanted).push_back(run.toStdString());
    }
    if (!any)
        return;
    m_shared->shownBusy = true;
    ++m_shared->calls;
    m_shared->wake.notify_one();
}

void RunSession::startAll()
{
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->wishes.all = m_shared->shownAll = true;
        m_shared->shownBusy = true;
        ++m_shared->calls;
        m_shared->wake.notify_one();
    }
    emit queueChanged();
}

void RunSession::drop(const QStringList& runs)
{
    {
        const std::lock_guard lock(m_shared->mutex);
        for (const QString& run : runs) {
            std::erase(m_shared->wishes.wanted, run.toStdString());
            std::erase(m_shared->wishes.resumes, run.toStdString());
            m_shared->shownQueue.removeOne(run);
        }
        ++m_shared->calls;
        m_shared->wake.notify_one();
    }
    emit queueChanged();
}

bool RunSession::isBusy() const
{
    return m_shared->shownBusy;
}

QString RunSession::current() const { return m_shared->shownRunning.value(0); }

QStringList RunSession::running() const
{
    return m_shared->shownRunning;
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
    const bool allowed = paused && !m_shared->shownRunning.isEmpty();
    m_shared->pause = allowed;
    if (std::exchange(m_shared->shownPaused, allowed) != allowed)
        emit pausedChanged(allowed);
}

void RunSession::checkpointNow()
{
    const std::lock_guard lock(m_shared->mutex);
    const auto& running = m_shared->running;
    for (size_t i = 0; i < running.size(); ++i)
        if (m_shared->shownRunning.contains(QString::fromStdString(running[i])))
            m_shared->checkpoint |= uint64_t(1) << i;
}

void RunSession::stopCurrent()
{
    const std::lock_guard lock(m_shared->mutex);
    const bool same = std::ranges::any_of(m_shared->running,
        [this](const std::string& run) { return m_shared->shownRunning.contains(QString::fromStdString(run)); });
    m_shared->stop = m_shared->stop || same;
}

void RunSession::stopAll()
{
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->stop = !m_shared->running.empty();
    }
    hold();
}

void RunSession::hold()
{
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->wishes = {};
        m_shared->shownAll = false;
        // The worker may have taken a run whose start has not been told yet; that one ends in the usual way.
        const auto taken = textsOf(m_shared->running);
        m_shared->shownQueue.removeIf([&taken](const QString& run) { return !taken.contains(run); });
        ++m_shared->calls;
        m_shared->wake.notify_one();
    }
    emit queueChanged();
}

bool RunSession::goesOn() const
{
    return m_shared->shownAll || !m_shared->shownQueue.isEmpty();
}

}  // namespace rankwright
