// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/status_strip.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/machine_meters.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QToolButton>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr int kRoomForMeters = 1100;   // px

QToolButton* makeButton(const QString& icon, const QString& name, const QString& tip)
{
    auto* button = new QToolButton;
    button->setIcon(theme::icon(icon));
    button->setText(name);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setAccessibleName(name);
    button->setToolTip(tip);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

}  // namespace

StatusStrip::StatusStrip(RunSession& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_state(new PlainLabel)
    , m_bar(new QProgressBar)
    , m_left(new PlainLabel)
    , m_pause(makeButton(QStringLiteral("pause"), tr("Pause"), tr("Pause training between two steps, or go on")))
    , m_stop(
          makeButton(QStringLiteral("stop"), tr("Stop"), tr("Stop all queued training; a checkpoint is written first")))
    , m_meters(new MachineMeters)
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 4, 8, 4);
    row->setSpacing(16);
    m_state->setAccessibleName(tr("State of training"));
    m_state->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_bar->setFixedWidth(160);
    m_bar->setFixedHeight(6);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Steps of this run"));
    m_left->setMinimumWidth(200);
    m_left->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_left->setForegroundRole(QPalette::PlaceholderText);
    row->addWidget(m_state, 1);
    row->addWidget(m_left);
    row->addWidget(m_bar);
    row->addWidget(m_pause);
    row->addWidget(m_stop);
    row->addWidget(m_meters);
    setFixedHeight(36);
    m_soon.setSingleShot(true);
    m_soon.setInterval(100);
    connect(&m_soon, &QTimer::timeout, this, &StatusStrip::showState);
    connect(&m_session, &RunSession::runStarted, this, &StatusStrip::started);
    connect(&m_session, &RunSession::advanced, this, &StatusStrip::take);
    connect(&m_session, &RunSession::runEnded, this, &StatusStrip::ended);
    connect(&m_session, &RunSession::pausedChanged, this, &StatusStrip::showState);
    connect(&m_session, &RunSession::idle, this, &StatusStrip::showButtons);
    connect(m_pause, &QToolButton::clicked, this, [this] { m_session.setPaused(!m_session.isPaused()); });
    connect(m_stop, &QToolButton::clicked, this, [this] {
        m_stopping = true;
        m_session.stopAll();
        showState();
    });
    say(tr("Ready"));
}

void StatusStrip::say(const QString& text)
{
    if (!m_session.current().isEmpty())
        return;
    m_state->setText(text);
    m_left->clear();
    m_bar->setVisible(false);
    showButtons();
}

QString StatusStrip::stateText() const
{
    return m_state->text();
}

QString StatusStrip::timeText() const
{
    return m_left->text();
}

void StatusStrip::started(const QString& run)
{
    if (m_session.running().size() < 2)
        m_methods.clear();
    m_run = run;
    m_what = tr("Loading");
    m_paces.clear();
    m_step = m_steps = 0;
    m_firstStep = 1;
    m_seconds = m_firstSeconds = 0;
    m_loss = std::numeric_limits<double>::quiet_NaN();
    m_stopping = false;
    showState();
}

void StatusStrip::take(const std::vector<Event>& batch)
{
    for (const Event& event : batch) {
        if (const auto* start = std::get_if<RunStarted>(&event)) {
            m_methods << format::shown(start->method, 24);
            m_run = m_methods.join(tr(" and "));
            m_steps = start->steps;
            m_firstStep = start->firstStep;
            m_what.clear();
        } else if (const auto* step = std::get_if<StepEvent>(&event)) {
            if (m_step == 0)
                m_firstSeconds = step->seconds;
            m_step = step->step;
            m_steps = step->steps;
            m_loss = step->loss;
            m_seconds = step->seconds;
            keepPace(*step);
            m_what.clear();
        } else if (const auto* progress = std::get_if<ProgressEvent>(&event)) {
            m_what = format::shown(progress->what, 60);
        }
    }
    if (!m_soon.isActive())
        m_soon.start();
}

void StatusStrip::ended(const QString&, RunState outcome, const QString& error)
{
    m_soon.stop();
    const QString text = error.isEmpty() ? format::text(rankwright::stateText(outcome)) : error;
    say(tr("%1: %2").arg(m_run, text));
}

void StatusStrip::showButtons()
{
    const bool busy = m_session.isBusy();
    m_pause->setVisible(busy);
    m_stop->setVisible(busy);
    const bool paused = m_session.isPaused();
    m_pause->setText(paused ? tr("Go on") : tr("Pause"));
    m_pause->setAccessibleName(m_pause->text());
    m_pause->setIcon(theme::icon(paused ? QStringLiteral("play") : QStringLiteral("pause")));
    m_pause->setEnabled(!m_stopping);
    m_stop->setEnabled(!m_stopping);
}

void StatusStrip::showState()
{
    showButtons();
    if (m_session.current().isEmpty())
        return;
    const QString verb = m_stopping ? tr("Stopping") : m_session.isPaused() ? tr("Paused") : tr("Training");
    const qsizetype waiting = m_session.queued().size();
    QString text = m_what.isEmpty()
        ? tr("%1 %2 · step %3 of %4 · loss %5")
              .arg(verb, m_run, format::count(m_step), format::count(m_steps), format::number(m_loss))
        : tr("%1 %2 · %3").arg(verb, m_run, m_what);
    if (waiting > 0)
        text += tr(" · %1 more queued").arg(waiting);
    m_state->setText(text);
    m_bar->setVisible(true);
    // The engine counts to 2^63; a progress bar to 2^31.
    m_bar->setRange(0, m_steps > 0 ? 1000 : 0);
    if (m_steps > 0)
        m_bar->setValue(int(1000.0 * double(m_step) / double(m_steps)));
    // Runs that take turns have equally many steps before them.
    const auto together = double(std::max<qsizetype>(1, m_session.running().size()));
    const double done = double(m_step - m_firstStep), left = double(m_steps - m_step) * together;
    const bool known = done >= 1 && m_seconds > m_firstSeconds;
    QStringList figures;
    if (const double pace = tokensPerSecond(); pace > 0)
        figures << tr("%1 tokens/s").arg(format::count(std::llround(pace)));
    if (known)
        figures << tr("%1 left").arg(format::duration((m_seconds - m_firstSeconds) / done * left));
    m_left->setText(figures.join(QStringLiteral(" · ")));
}

// Training time is that of the run alone: pauses and other runs' turns are not in it.
void StatusStrip::keepPace(const StepEvent& step)
{
    constexpr double kWindow = 10, kBetween = 0.1;   // seconds
    const Pace now{format::text(step.run), step.tokens, step.seconds};
    if (!m_paces.empty() && (m_paces.back().run != now.run || now.seconds < m_paces.back().seconds))
        m_paces.clear();
    if (!m_paces.empty() && now.seconds - m_paces.back().seconds < kBetween)
        return;
    m_paces.push_back(now);
    while (m_paces.size() > 2 && now.seconds - m_paces.front().seconds > kWindow)
        m_paces.pop_front();
}

double StatusStrip::tokensPerSecond() const
{
    if (m_paces.size() < 2)
        return 0;
    const double seconds = m_paces.back().seconds - m_paces.front().seconds;
    return seconds > 0 ? double(m_paces.back().tokens - m_paces.front().tokens) / seconds : 0;
}

void StatusStrip::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_meters->setVisible(width() >= kRoomForMeters);
}

}  // namespace rankwright
