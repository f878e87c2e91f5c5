// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/async/plan_frontier.h"

#include "training/api/error.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace rankwright {

std::vector<FrontierPoint> frontier(const std::vector<ModuleSpectrum>& spectra, const std::stop_token& stop)
{
    std::vector<FrontierPoint> points;
    int64_t most = 0;
    for (const ModuleSpectrum& spectrum : spectra)
        most = std::max(most, int64_t(spectrum.values.size()));
    for (int64_t rank = 1; rank <= most && !stop.stop_requested(); rank *= 2) {
        const RankPlan uniform = planRanks(spectra, {.rank = rank});
        const RankPlan best = planRanks(spectra, {.budget = uniform.parameters});
        points.push_back({.rank = rank, .parameters = uniform.parameters, .uniform = uniform.energy,
            .best = std::max(best.energy, uniform.energy)});
    }
    return points;
}

struct PlanFrontier::Shared
{
    std::mutex mutex;
    std::condition_variable_any wake;
    std::optional<std::vector<ModuleSpectrum>> asked;   // the newest question, until the worker takes it
    uint64_t number = 0;                                // of it
    std::stop_source current;                           // of what is being worked out
};

PlanFrontier::PlanFrontier(QObject* parent)
    : QObject(parent), m_answers(this, [this](std::vector<Answer> answers, size_t) {
          if (answers.back().first == m_number)
              emit ready(answers.back().second);
      }),
      m_shared(std::make_shared<Shared>()),
      m_thread([shared = m_shared, answers = m_answers](const std::stop_token& stop) { work(*shared, answers, stop); })
{
}

PlanFrontier::~PlanFrontier()
{
    m_answers.close();
    m_thread.request_stop();
    const std::lock_guard lock(m_shared->mutex);
    m_shared->current.request_stop();
}

void PlanFrontier::ask(std::vector<ModuleSpectrum> spectra)
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->asked = std::move(spectra);
    m_shared->number = ++m_number;
    m_shared->current.request_stop();
    m_shared->wake.notify_one();
}

void PlanFrontier::work(Shared& shared, const Mailbox<Answer>& answers, const std::stop_token& stop)
{
    while (true) {
        std::vector<ModuleSpectrum> spectra;
        uint64_t number = 0;
        std::stop_token overtaken;
        {
            std::unique_lock lock(shared.mutex);
            if (!shared.wake.wait(lock, stop, [&shared] { return shared.asked.has_value(); }) || stop.stop_requested())
                return;
            spectra = std::move(*std::exchange(shared.asked, {}));
            number = shared.number;
            shared.current = std::stop_source();
            overtaken = shared.current.get_token();
        }
        try {
            answers.post({number, frontier(spectra, overtaken)});
        } catch (const Error&) {
            answers.post({number, {}});   // no matrix at all: an empty chart says so
        }
    }
}

}  // namespace rankwright
