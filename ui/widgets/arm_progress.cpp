// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/arm_progress.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/summary_panel.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QIcon>
#include <QProgressBar>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr int kBarSteps = 1000;   // resolution of the bar: step counts may not fit an int

PlainLabel* makeFixed(const QString& name, int width, Qt::Alignment alignment, QWidget* parent)
{
    auto* label = new PlainLabel({}, parent);
    label->setObjectName(name);
    label->setFixedWidth(width);
    label->setAlignment(alignment | Qt::AlignVCenter);
    return label;
}

}  // namespace

ArmProgress::ArmProgress(const RunRow& run, Qt::PenStyle style, QWidget* parent)
    : QWidget(parent), m_method(format::text(run.method)), m_style(style), m_state(run.state), m_step(run.step),
      m_steps(run.steps), m_loss(run.loss), m_eval(run.lastEval), m_seconds(run.seconds)
{
    const auto name = format::shown(run.name.empty() ? run.method : run.name, 40);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    m_swatch = makeFixed("armSwatch", 28, Qt::AlignLeft, this);
    auto* title = makeHeading(name, this);
    title->setFixedWidth(136);
    setPlainToolTip(title, tr("%1, %2").arg(format::shown(run.name), methodTitle(run.method)));
    m_stateLabel = makeFixed("armState", 80, Qt::AlignLeft, this);
    m_bar = new QProgressBar(this);
    m_bar->setObjectName("armBar");
    m_bar->setTextVisible(false);
    m_bar->setFixedHeight(8);
    m_bar->setRange(0, kBarSteps);
    m_bar->setAccessibleName(tr("Progress of %1").arg(name));
    m_stepLabel = makeFixed("armStep", 104, Qt::AlignRight, this);
    m_lossLabel = makeFixed("armLoss", 176, Qt::AlignRight, this);
    m_timeLabel = makeFixed("armTime", 116, Qt::AlignRight, this);
    m_badge = makeFixed("stepZeroBadge", 136, Qt::AlignLeft, this);
    row->addWidget(m_swatch);
    row->addWidget(title);
    row->addWidget(m_stateLabel);
    row->addWidget(m_bar, 1);
    for (PlainLabel* label : {m_stepLabel, m_lossLabel, m_timeLabel, m_badge})
        row->addWidget(label);
    refresh();
}

void ArmProgress::setState(RunState state)
{
    m_state = state;
    refresh();
}

void ArmProgress::setStarted(const RunStarted& started)
{
    m_steps = started.steps;
    const StepZero& check = started.stepZero;
    const bool good
        = check.largest <= SummaryPanel::kLargestLogit && check.moduleLargest <= SummaryPanel::kLargestModule;
    m_badge->setText(check.tokens == 0 ? QString()
                                       : tr("%1 step 0: %2").arg(good ? QStringLiteral("✓") : QStringLiteral("✗"),
                                           format::scientific(check.largest)));
    setPlainToolTip(m_badge,
        tr("Before training: largest difference of logits from the base model %1 (mean %2) over %3 "
           "positions; largest error of a module %4, in %5.")
            .arg(format::scientific(check.largest), format::scientific(check.mean), format::count(check.tokens),
                format::scientific(check.moduleLargest), format::shown(check.moduleName)));
    refresh();
}

void ArmProgress::setStep(int64_t step, int64_t steps, double loss, double seconds)
{
    m_step = step;
    m_steps = steps;
    m_loss = loss;
    m_seconds = seconds;
    refresh();
}

void ArmProgress::setEval(double loss)
{
    m_eval = loss;
    refresh();
}

double ArmProgress::secondsPerStep() const
{
    return m_step > 0 ? m_seconds / double(m_step) : 0;
}

double ArmProgress::secondsLeft(double otherwise) const
{
    const bool over = m_state == RunState::finished || m_state == RunState::stopped || m_state == RunState::failed
        || m_state == RunState::diverged || m_state == RunState::interrupted;
    const double rate = m_step > 0 ? secondsPerStep() : otherwise;
    return over ? 0 : rate * double(std::max<int64_t>(0, m_steps - m_step));
}

void ArmProgress::refresh()
{
    m_swatch->setPixmap(curveSwatch(theme::methodColor(m_method), m_style).pixmap(26, 16));
    m_stateLabel->setText(stateTitle(m_state));
    m_bar->setValue(m_steps > 0 ? int(std::min(1.0, double(m_step) / double(m_steps)) * kBarSteps) : 0);
    m_stepLabel->setText(m_steps > 0 ? tr("%1 / %2").arg(format::count(m_step), format::count(m_steps)) : QString());
    auto loss = std::isnan(m_loss) || m_step == 0 ? QString() : tr("loss %1").arg(format::number(m_loss, 3));
    if (!std::isnan(m_eval))
        loss += (loss.isEmpty() ? QString() : QStringLiteral(" · ")) + tr("eval %1").arg(format::number(m_eval, 3));
    m_lossLabel->setText(loss);
    const bool going = m_state == RunState::running || m_state == RunState::paused;
    m_timeLabel->setText(going && m_step > 0 ? tr("%1 left").arg(format::duration(secondsLeft(0)))
            : m_seconds > 0                  ? format::duration(m_seconds)
                                             : QString());
}

void ArmProgress::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_badge != nullptr)
        refresh();
}

}  // namespace rankwright
