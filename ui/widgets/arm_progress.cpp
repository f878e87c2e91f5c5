// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/arm_progress.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QProgressBar>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <utility>

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

// The run's line as the charts draw it, on the page's own ground.
QPixmap linePicture(const QColor& color, Qt::PenStyle style, double ratio)
{
    constexpr QSize kSize(26, 16);
    QPixmap picture(kSize * ratio);
    picture.setDevicePixelRatio(ratio);
    picture.fill(Qt::transparent);
    QPainter painter(&picture);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(color, 3, style, Qt::FlatCap));
    painter.drawLine(QPointF(1, kSize.height() / 2.0), QPointF(kSize.width() - 1, kSize.height() / 2.0));
    return picture;
}

}  // namespace

ArmProgress::ArmProgress(const RunRow& run, Qt::PenStyle style, QWidget* parent)
    : QWidget(parent), m_method(format::text(run.method)), m_style(style), m_state(run.state), m_step(run.step),
      m_steps(run.steps), m_loss(run.loss), m_eval(run.lastEval), m_seconds(run.seconds)
{
    const auto name = format::shown(run.name.empty() ? run.method : run.name, 40);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    column->addLayout(row);
    row->setSpacing(12);
    m_swatch = makeFixed("armSwatch", 28, Qt::AlignLeft, this);
    auto* title = makeHeading(name, this);
    title->setFixedWidth(176);
    title->setText(QFontMetrics(title->font()).elidedText(name, Qt::ElideMiddle, 176));
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
    m_badge = makeNote({}, this);
    m_badge->setObjectName("stepZeroBadge");
    m_badge->setWordWrap(false);
    m_badge->setContentsMargins(28 + 12, 0, 0, 2);
    m_badge->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_badge->hide();
    row->addWidget(m_swatch);
    row->addWidget(title);
    row->addWidget(m_stateLabel);
    row->addWidget(m_bar, 1);
    for (PlainLabel* label : {m_stepLabel, m_lossLabel, m_timeLabel})
        row->addWidget(label);
    column->addWidget(m_badge);
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
    m_end.clear();
    const StepZero& check = started.stepZero;
    const auto verdict = verdictOn(check);
    m_passes = verdict != StartVerdict::other;
    m_check.clear();
    if (check.tokens > 0) {
        const QChar mark = verdict == StartVerdict::same ? u'✓' : m_passes ? u'≈' : u'✗';
        m_check = check.largest == 0 ? tr("%1 step 0: the base model's logits, bit for bit").arg(mark)
                                     : tr("%1 step 0: logits off by %2").arg(mark, format::scientific(check.largest));
        if (check.largest != 0 && check.largestLogit > 0)
            m_check += tr(", of logits up to %1").arg(format::number(check.largestLogit, 0));
        if (check.moduleLargest != 0)
            m_check += tr(", a module by %1").arg(format::scientific(check.moduleLargest));
    }
    m_checkHelp = tr("Before training: largest difference of logits from the base model %1 (mean %2) over %3 positions; largest "
                     "error of a module %4, in %5.")
                      .arg(format::scientific(check.largest), format::scientific(check.mean), format::count(check.tokens),
                          format::scientific(check.moduleLargest), format::shown(check.moduleName));
    refresh();
    showProofs();
}

void ArmProgress::setBaseline(const RunStarted* own, const RunStarted* baseline, const QString& name)
{
    m_pairing.clear();
    m_pairingHelp.clear();
    if (own != nullptr && baseline != nullptr && own != baseline) {
        QStringList differs;
        const auto compare = [&](const std::string& a, const std::string& b, const QString& what) {
            if (a != b)
                differs << what;
        };
        compare(own->orderHash, baseline->orderHash, tr("order of the rows"));
        compare(own->dataHash, baseline->dataHash, tr("data"));
        compare(own->modelHash, baseline->modelHash, tr("model"));
        m_paired = differs.isEmpty();
        m_pairing = m_paired ? tr("✓ paired with %1").arg(name)
                             : tr("✗ not paired with %1: other %2").arg(name, differs.join(tr(", ")));
        m_pairingHelp = tr("SHA-256 of the rows' order, the data and the model against those of %1. Order here: %2")
                            .arg(name, format::shown(own->orderHash.substr(0, 16)));
    }
    showProofs();
}

void ArmProgress::setEnded(const RunEnded& ended)
{
    QStringList parts;
    if (ended.bestStep >= 0)
        parts << (ended.keptBest ? tr("best at step %1, kept") : tr("best at step %1")).arg(format::count(ended.bestStep));
    if (!ended.reason.empty())
        parts << tr("ended early: %1").arg(format::shown(ended.reason, 200));
    m_end = parts.join(QStringLiteral(" · "));
    showProofs();
}

void ArmProgress::showProofs()
{
    QStringList parts;
    for (const QString& part : {m_metrics, m_check, m_pairing, m_end})
        if (!part.isEmpty())
            parts << part;
    const auto all = parts.join(QStringLiteral("  ·  "));
    const int room = width() - m_badge->contentsMargins().left() - 8;
    m_badge->setText(room > 200 ? QFontMetrics(m_badge->font()).elidedText(all, Qt::ElideRight, room) : all);
    m_badge->setAccessibleDescription(all);
    m_badge->setVisible(!parts.isEmpty());
    QStringList help;
    for (const QString& part : {m_check.isEmpty() ? QString() : m_checkHelp, m_pairingHelp, m_end})
        if (!part.isEmpty())
            help << part;
    setPlainToolTip(m_badge, help.join('\n'));
    auto colors = palette();
    const bool wrong = (!m_check.isEmpty() && !m_passes) || (!m_pairing.isEmpty() && !m_paired);
    if (wrong)
        colors.setColor(QPalette::PlaceholderText, theme::bad());
    m_badge->setPalette(colors);
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

void ArmProgress::setMetrics(const QString& metrics)
{
    if (std::exchange(m_metrics, metrics) != metrics)
        showProofs();
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
    m_swatch->setPixmap(linePicture(theme::methodColor(m_method), m_style, devicePixelRatioF()));
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

void ArmProgress::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    showProofs();
}

void ArmProgress::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_badge != nullptr) {
        refresh();
        showProofs();
    }
}

}  // namespace rankwright
