// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/async/job_call.h"

#include "training/api/error.h"

#include <atomic>

namespace rankwright {

namespace {

struct End
{
    std::optional<Result> result;
    QString problem;
};
using Mail = std::variant<Event, End>;

class Posting : public Events
{
public:
    explicit Posting(const Mailbox<Mail>& mailbox) : m_mailbox(mailbox) {}
    void on(const Event& event) override { m_mailbox.post(event); }

private:
    Mailbox<Mail> m_mailbox;
};

End runJob(const JobCall::LoadEngine& load, const Job& job, const Mailbox<Mail>& mailbox, const std::stop_token& stop)
{
    try {
        const auto engine = load();
        if (stop.stop_requested())
            return {};
        Posting events(mailbox);
        return {.result = engine->run(job, events, stop), .problem = {}};
    } catch (const std::exception& error) {
        return {.result = {}, .problem = QString::fromUtf8(error.what())};
    } catch (...) {
        return {.result = {}, .problem = JobCall::tr("The calculation ended with an unknown error. Try it again.")};
    }
}

}  // namespace

struct JobCall::Shared
{
    explicit Shared(Mailbox<Mail> box) : mailbox(std::move(box)) {}
    Mailbox<Mail> mailbox;
};

JobCall::JobCall(LoadEngine engine, Job job, QObject* parent) : QObject(parent)
{
    const Mailbox<Mail> mailbox(this, [this](std::vector<Mail> batch, size_t) {
        std::vector<Event> events;
        for (auto& mail : batch) {
            if (auto* event = std::get_if<Event>(&mail))
                events.push_back(std::move(*event));
        }
        const bool cancelled = m_thread.get_stop_token().stop_requested();
        if (!events.empty() && !cancelled)
            emit advanced(events);
        auto* end = std::get_if<End>(&batch.back());
        if (!end)
            return;
        deleteLater();
        if (m_thread.get_stop_token().stop_requested())
            return;
        if (end->result)
            emit finished(*end->result);
        else
            emit failed(end->problem);
    });
    m_shared = std::make_shared<Shared>(mailbox);
    m_thread = std::jthread([mailbox, load = std::move(engine), what = std::move(job)](const std::stop_token& stop) {
        mailbox.postAlways(runJob(load, what, mailbox, stop));
    });
}

// Waits for the engine to notice (it looks between layers and rows): only at the window's end does a call die
// unfinished.
JobCall::~JobCall()
{
    m_shared->mailbox.close();
    m_thread.request_stop();
}

void JobCall::cancel()
{
    m_thread.request_stop();
}

}  // namespace rankwright
