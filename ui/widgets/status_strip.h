// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The bar along the bottom of the window, on every page: what trains, how far it is, how long it still takes, pause
// and stop.
#pragma once

#include "ui/async/run_session.h"

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QProgressBar;
class QToolButton;

namespace rankwright {

class PlainLabel;

class StatusStrip : public QWidget
{
    Q_OBJECT
public:
    explicit StatusStrip(RunSession& session, QWidget* parent = nullptr);
    void say(const QString& text);                 // while nothing trains
    [[nodiscard]] QString stateText() const;
    [[nodiscard]] QString timeText() const;

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
    QTimer m_soon;                                 // figures change at most ten times a second
    QStringList m_methods;                         // of the runs that take turns, or of the one
    QString m_run, m_what;                         // these, as text; what is prepared
    int64_t m_step = 0, m_steps = 0, m_firstStep = 1;
    double m_loss = 0, m_seconds = 0, m_firstSeconds = 0;
    bool m_stopping = false;
};

}  // namespace rankwright
