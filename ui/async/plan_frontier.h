// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What parameters buy: the energy that one rank everywhere captures, and the most that any ranks with as many parameters do. Worked
// out on one thread of its own; of several questions the newest is answered, and asking never waits.
#pragma once

#include "training/api/rank_plan.h"
#include "ui/async/mailbox.h"

#include <QObject>

#include <memory>
#include <thread>

namespace rankwright {

struct FrontierPoint
{
    int64_t rank = 0;              // everywhere
    int64_t parameters = 0;
    double uniform = 0, best = 0;  // share of the energy, 0..1
};

class PlanFrontier : public QObject
{
    Q_OBJECT
public:
    explicit PlanFrontier(QObject* parent = nullptr);
    ~PlanFrontier() override;
    void ask(std::vector<ModuleSpectrum> spectra);

signals:
    void ready(const std::vector<rankwright::FrontierPoint>& points);   // parameters rising

private:
    using Answer = std::pair<uint64_t, std::vector<FrontierPoint>>;
    struct Shared;
    static void work(Shared& shared, const Mailbox<Answer>& answers, const std::stop_token& stop);
    uint64_t m_number = 0;
    Mailbox<Answer> m_answers;
    std::shared_ptr<Shared> m_shared;
    std::jthread m_thread;
};

// The points themselves; stops early where asked.
[[nodiscard]] std::vector<FrontierPoint> frontier(const std::vector<ModuleSpectrum>& spectra, const std::stop_token& stop);

}  // namespace rankwright
