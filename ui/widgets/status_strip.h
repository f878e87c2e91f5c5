// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The bar along the bottom of the window, on every page: what trains, how far and how fast it is, how long it still takes, pause
// and stop; and what of the machine is in use.
#pragma once

#include "ui/async/run_session.h"

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

#include <deque>

class QProgressBar;
class QToolButton;

namespace rankwright {

class MachineMeters;
class PlainLabel;

class StatusStrip : public QWidget
{
    Q_OBJECT
public:
    explicit StatusStrip(RunSession& session, QWidget* parent = nullptr);
    void say(const QString& text);                 // while nothing trains
    [[nodiscard]] QString stateText() const;
    [[nodiscard]] QString timeText() const;

protected:
    void resizeEvent(QResizeEvent* event) override;   // the meters where there is room

private:
    void started(const QString& run);
    void take(const std::vector<Event>& batch);
    void ended(const QString& run, RunState outcome, const QString& error);
    void showButtons();
    void showState();

    RunSession& m_session;
    PlainLabel* m_state;
    QProgressBar* m_bar;
    PlainLabel* m_left;
    QToolButton* m_pause;
    QToolButton* m_stop;
    MachineMeters* m_meters;
    QTimer m_soon;                                 // figures change at most ten times a second
    QStringList m_methods;                         // of the runs that take turns, or of the one
    QString m_run, m_what;                         // these, as text; what is prepared
    int64_t m_step = 0, m_steps = 0, m_firstStep = 1;
    double m_loss = 0, m_seconds = 0, m_firstSeconds = 0;
    struct Pace { QString run; int64_t tokens = 0; double seconds = 0; };
    std::deque<Pace> m_paces;                      // of the last ten seconds of training, while one run trains alone
    [[nodiscard]] double tokensPerSecond() const;  // 0: not known yet
    void keepPace(const StepEvent& step);
    bool m_stopping = false;
};

}  // namespace rankwright
