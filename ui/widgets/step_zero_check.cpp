// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/step_zero_check.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"

#include <QEvent>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

QString explanation()
{
    return StepZeroCheck::tr("Before training, each prepared arm must answer as the base model does, up to the rounding of the "
                             "arm's type.");
}

}  // namespace

StepZeroCheck::StepZeroCheck(Workbench& workbench, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_button(new QPushButton(tr("Check step 0 of each arm"), this)),
      m_verdict(new PlainLabel({}, this))
{
    m_button->setObjectName("stepZeroButton");
    setPlainToolTip(m_button,
        tr("Prepares the ticked arms in turn and compares their answers with the base model's before any training"));
    m_verdict->setObjectName("stepZeroVerdict");
    m_verdict->setWordWrap(true);
    m_verdict->setFont(theme::headingFont());
    m_verdict->hide();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(m_button);
    column->addWidget(m_verdict);
    m_detail = makeNote(explanation(), this);
    m_detail->setObjectName("stepZeroDetail");
    column->addWidget(m_detail);
    connect(m_button, &QPushButton::clicked, this, &StepZeroCheck::start);
}

void StepZeroCheck::forget()
{
    m_left.clear();
    m_found.clear();
    if (m_job)
        m_job->cancel();
    m_button->setEnabled(true);
    showFound();
}

void StepZeroCheck::start()
{
    m_found.clear();
    m_left = m_workbench.arms();
    m_button->setEnabled(false);
    checkNext();
}

void StepZeroCheck::checkNext()
{
    if (m_left.isEmpty()) {
        m_button->setEnabled(true);
        showFound();
        return;
    }
    const QString arm = m_left.takeFirst();
    RunConfig config;
    try {
        config = armConfig(m_workbench.config(), arm, m_workbench.armOverrides());
    } catch (const std::exception& error) {
        return fail(arm, QString::fromUtf8(error.what()));
    }
    m_job = m_workbench.ask(StepZeroJob{.config = config}, this);
    showFound(tr("Preparing %1 …").arg(armTitle(arm)));
    connect(m_job, &JobCall::advanced, this, [this, arm](const std::vector<Event>& batch) {
        for (const Event& event : batch)
            if (const auto* progress = std::get_if<ProgressEvent>(&event))
                showFound(progress->total > 0
                        ? tr("%1: %2 (%3 of %4)").arg(armTitle(arm), format::shown(progress->what, 80),
                              format::count(progress->done), format::count(progress->total))
                        : tr("%1: %2").arg(armTitle(arm), format::shown(progress->what, 80)));
    });
    connect(m_job, &JobCall::finished, this, [this, arm, config](const Result& result) {
        add(arm, config, std::get<StepZero>(result));
        checkNext();
    });
    connect(m_job, &JobCall::failed, this, [this, arm](const QString& message) { fail(arm, message); });
}

void StepZeroCheck::fail(const QString& arm, const QString& message)
{
    m_found.push_back({.arm = arm, .verdict = tr("✗ %1: %2").arg(armTitle(arm), message), .outcome = -1});
    checkNext();
}

void StepZeroCheck::add(const QString& arm, const RunConfig& config, const StepZero& result)
{
    const auto title = armTitle(arm);
    auto figures = tr("%1: logits differ by up to %2, mean %3, over %4 positions")
                       .arg(title, format::scientific(result.largest), format::scientific(result.mean), format::count(result.tokens));
    if (result.largestLogit > 0)
        figures += tr("; of logits up to %1").arg(format::number(result.largestLogit, 0));
    if (!result.moduleName.empty())
        figures += tr("; a module's weights by up to %1 of the largest, in %2")
                       .arg(format::scientific(result.moduleLargest), format::shown(result.moduleName, 120));
    const auto verdict = verdictOn(result);
    if (verdict == StartVerdict::unjudged) {   // few bits change the answers; there is no bar for how far
        m_found.push_back({.arm = arm,
            .verdict = tr("%1: its base is stored as %2, which changes the answers").arg(title, format::text(effectiveBase(config))),
            .figures = figures});
        return;
    }
    figures += tr("; allowed: %1 and %2").arg(format::scientific(result.logitLimit), format::scientific(result.moduleLimit));
    const bool good = verdict == StartVerdict::same;
    m_found.push_back({.arm = arm,
        .verdict = !good            ? tr("✗ %1: answers differently from the base model").arg(title)
            : result.largest == 0 && result.moduleLargest == 0
            ? tr("✓ %1: the base model, bit for bit").arg(title)
                                  : tr("✓ %1: the base model, within the rounding of %2").arg(title, format::text(config.dtype)),
        .figures = figures, .outcome = good ? 1 : -1});
}

void StepZeroCheck::showFound(const QString& busyWith)
{
    QStringList verdicts, figures;
    for (const Found& found : m_found) {
        verdicts << found.verdict;
        if (!found.figures.isEmpty())
            figures << found.figures;
    }
    if (!busyWith.isEmpty())
        verdicts << busyWith;
    m_verdict->setText(verdicts.join('\n'));
    m_verdict->setVisible(!verdicts.isEmpty());
    m_detail->setText((figures << explanation()).join('\n'));
    tint();
}

void StepZeroCheck::tint()
{
    const auto is = [](int outcome) { return [outcome](const Found& found) { return found.outcome == outcome; }; };
    auto colors = palette();
    if (std::ranges::any_of(m_found, is(-1)))
        colors.setColor(QPalette::WindowText, theme::bad());
    else if (std::ranges::any_of(m_found, is(1)))
        colors.setColor(QPalette::WindowText, theme::good());
    m_verdict->setPalette(colors);
}

void StepZeroCheck::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_detail != nullptr)
        tint();
}

}  // namespace rankwright
