// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How late events arrive: another thread posts one each 5 ms to this thread's loop.
#pragma once

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QObject>

#include <algorithm>
#include <thread>
#include <vector>

namespace rankwright {

class LateEvents : public QObject
{
public:
    LateEvents() { m_clock.start(); }
    ~LateEvents() override { finish(); }
    void start()
    {
        m_poster = std::jthread([this](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                QMetaObject::invokeMethod(this, [this, sent = m_clock.nsecsElapsed()] {
                    m_late.push_back(double(m_clock.nsecsElapsed() - sent) / 1e6);
                }, Qt::QueuedConnection);
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        });
    }
    void finish()
    {
        if (!m_poster.joinable())
            return;
        m_poster.request_stop();
        m_poster.join();
        QCoreApplication::processEvents();
        std::sort(m_late.begin(), m_late.end());
    }
    // After finish(): milliseconds that `part` of all events stayed within.
    [[nodiscard]] double share(double part) const { return m_late.at(size_t(part * double(m_late.size() - 1))); }
    [[nodiscard]] size_t count() const { return m_late.size(); }

private:
    QElapsedTimer m_clock;
    std::vector<double> m_late;
    std::jthread m_poster;
};

}  // namespace rankwright
