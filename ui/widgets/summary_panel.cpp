// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The column beside the settings. Everything that takes time runs as a job; energy is a sum over spectra already known.
#include "ui/widgets/summary_panel.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include <unistd.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kDelay = 300;   // ms after the last edit

QString checkExplanation()
{
    return SummaryPanel::tr(
        "Before training, the prepared model must answer as the base model does. Bars: logits within "
        "%1, each module's weights within %2 of their largest value (rounding).")
        .arg(format::scientific(SummaryPanel::kLargestLogit), format::scientific(SummaryPanel::kLargestModule));
}

// What an arm's estimate depends on beside the shared settings.
std::string costKind(const RunConfig& config)
{
    const MethodPicture picture = effectivePicture(config);
    const bool known = picture.core == Part::absent && picture.magnitude == Part::absent && !picture.drifts
        && picture.weight == Part::frozen && config.options.empty();
    const auto digit = [](Part part) { return std::to_string(int(part)); };
    // Methods that train A and B or one of them cost the same; the others are asked for one by one.
    return (known ? digit(picture.A) + digit(picture.B) : config.method + nlohmann::json(toJson(config)).dump()) + ' '
        + effectiveBase(config) + ' ' + effectiveOptimiser(config);
}

int64_t machineMemory()
{
    return int64_t(sysconf(_SC_PHYS_PAGES)) * int64_t(sysconf(_SC_PAGESIZE));
}

}  // namespace

// Estimated peak as a share of the machine's memory.
class SummaryPanel::MemoryBar : public QWidget
{
public:
    explicit MemoryBar(QWidget* parent) : QWidget(parent) { setFixedHeight(8); }
    void setShare(double share)
    {
        m_share = share;
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setPen(Qt::NoPen);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setBrush(theme::grid());
        painter.drawRoundedRect(rect(), 4, 4);
        painter.setBrush(m_share > 0.9 ? theme::bad() : theme::accent());
        painter.drawRoundedRect(QRectF(0, 0, width() * std::clamp(m_share, 0.0, 1.0), height()), 4, 4);
    }

private:
    double m_share = 0;
};

SummaryPanel::SummaryPanel(Workbench& workbench, QWidget* parent) : QFrame(parent), m_workbench(workbench)
{
    setObjectName("summaryPanel");
    setFrameShape(QFrame::StyledPanel);
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    column->addWidget(makeHeading(tr("Summary"), this));
    m_trainable
        = addFigure("summaryTrainable", tr("Trainable parameters"), tr("Of an arm, and the share of the model"));
    m_energy = addFigure("summaryEnergy", tr("Energy captured"),
        tr("Share of the adapted weights' squared Frobenius norm that the chosen ranks hold. It describes the weights, "
           "not "
           "what matters for your task."));
    m_memory = addFigure("summaryMemory", tr("Memory at the peak"),
        tr("Weights, adapters with gradients and moments, activations: an estimate"));
    m_bar = new MemoryBar(this);
    column->addWidget(m_bar);
    m_steps = addFigure("summarySteps", tr("Steps"), tr("Per arm"));
    m_time = addFigure("summaryTime", tr("Time"), tr("Per arm, and for all arms in turn; from a timed matrix product"));
    m_messages = new MessageBar(this);
    m_messages->setObjectName("summaryMessages");
    column->addWidget(m_messages);
    column->addSpacing(8);
    column->addWidget(makeCheck());
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelay);
    connect(&m_delay, &QTimer::timeout, this, &SummaryPanel::ask);
    for (const auto signal : {&Workbench::configChanged, &Workbench::armsChanged, &Workbench::modelChanged})
        connect(&m_workbench, signal, this, &SummaryPanel::settingsChanged);
    connect(&m_workbench, &Workbench::spectraChanged, this, &SummaryPanel::showEnergy);
    showEnergy();
}

PlainLabel* SummaryPanel::addFigure(const QString& name, const QString& title, const QString& help)
{
    auto* value = new PlainLabel(QStringLiteral("—"), this);
    value->setObjectName(name);
    value->setAccessibleName(title);
    value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    value->setWordWrap(true);
    auto* label = new PlainLabel(title, this);
    setPlainToolTip(label, help);
    setPlainToolTip(value, help);
    auto* row = new QHBoxLayout;
    row->addWidget(label, 0, Qt::AlignTop);
    row->addWidget(value, 1);
    static_cast<QVBoxLayout*>(layout())->addLayout(row);
    return value;
}

QWidget* SummaryPanel::makeCheck()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    m_checkButton = new QPushButton(tr("Check step 0"), box);
    m_checkButton->setObjectName("stepZeroButton");
    setPlainToolTip(
        m_checkButton, tr("Prepares an arm that edits the base, PiSSA for one, and compares its answers with the base model's "
                          "before any training"));
    m_verdict = makeHeading({}, box);
    m_verdict->setObjectName("stepZeroVerdict");
    m_verdict->setWordWrap(true);
    m_verdict->hide();
    m_detail = makeNote(checkExplanation(), box);
    m_detail->setObjectName("stepZeroDetail");
    column->addWidget(m_checkButton);
    column->addWidget(m_verdict);
    column->addWidget(m_detail);
    connect(m_checkButton, &QPushButton::clicked, this, &SummaryPanel::checkStepZero);
    return box;
}

void SummaryPanel::setActive(bool on)
{
    m_active = on;
    if (on && m_stale)
        m_delay.start();
}

void SummaryPanel::settingsChanged()
{
    m_stale = true;
    if (m_active)
        m_delay.start();   // again from the beginning: one question after the last edit
    if (m_check)
        m_check->cancel();
    m_checkButton->setEnabled(true);
    verdict({}, 0);        // a result for other settings says nothing about these
    m_detail->setText(checkExplanation());
    showEnergy();
}

// One question for all arms that cost the same; arms whose settings make no sense say so on their cards.
void SummaryPanel::ask()
{
    if (m_estimate)
        m_estimate->cancel();
    m_asked.clear();
    const auto& arms = m_workbench.arms();
    if (arms.isEmpty()) {
        m_messages->say(tr("No method is ticked."), false);
        return;
    }
    QString refusal;
    for (const QString& arm : arms) {
        try {
            const auto config = armConfig(m_workbench.config(), arm, m_workbench.armOverrides());
            const auto cost = costKind(config);
            const auto same = std::find_if(m_asked.begin(), m_asked.end(), [&](const Asked& a) { return a.cost == cost; });
            if (same == m_asked.end())
                m_asked.push_back({cost, config, 1, {}});
            else
                ++same->arms;
        } catch (const std::exception& error) {
            refusal = QString::fromUtf8(error.what());
        }
    }
    if (m_asked.empty()) {
        m_messages->say(refusal, true);
        return;
    }
    m_stale = false;
    askNext(0);
}

void SummaryPanel::askNext(size_t index)
{
    m_estimate = m_workbench.ask(EstimateJob{.config = m_asked[index].config}, this);
    connect(m_estimate, &JobCall::finished, this, [this, index](const Result& result) {
        m_asked[index].estimate = std::get<Estimate>(result);
        if (index + 1 < m_asked.size())
            askNext(index + 1);
        else
            showEstimates();
    });
    connect(m_estimate, &JobCall::failed, this, [this](const QString& message) {
        for (PlainLabel* label : {m_trainable, m_memory, m_steps, m_time})
            label->setText(QStringLiteral("—"));
        m_bar->setShare(0);
        m_messages->say(message, true);
    });
}

// Arms run in turn: times add up, of memory the largest counts.
void SummaryPanel::showEstimates()
{
    const Estimate& first = m_asked.front().estimate;
    int64_t least = first.trainable, most = first.trainable, peak = first.peakBytes;
    double seconds = 0;
    int arms = 0;
    QStringList warnings;
    for (const Asked& asked : m_asked) {
        least = std::min(least, asked.estimate.trainable);
        most = std::max(most, asked.estimate.trainable);
        peak = std::max(peak, asked.estimate.peakBytes);
        seconds += asked.estimate.seconds * asked.arms;
        arms += asked.arms;
        for (const auto& warning : asked.estimate.warnings)
            if (const auto text = format::shown(warning, 400); !warnings.contains(text))
                warnings << text;
    }
    const double share = first.parameters > 0 ? 100.0 * double(most) / double(first.parameters) : 0;
    m_trainable->setText(least == most
            ? tr("%1 (%2 %)").arg(format::shortCount(most), format::number(share, 2))
            : tr("%1 to %2 (%3 %)").arg(format::shortCount(least), format::shortCount(most), format::number(share, 2)));
    const auto memory = machineMemory();
    m_memory->setText(tr("%1 of %2").arg(format::bytes(peak), format::bytes(memory)));
    m_bar->setShare(double(peak) / double(std::max<int64_t>(memory, 1)));
    m_steps->setText(tr("%1 over %2 rows").arg(format::count(first.steps), format::count(first.rows)));
    m_time->setText(arms == 1     ? tr("about %1").arg(format::duration(seconds))
            : m_asked.size() == 1 ? tr("about %1 each, %2 in all")
                                        .arg(format::duration(seconds / arms), format::duration(seconds))
                                  : tr("about %1 in all").arg(format::duration(seconds)));
    if (warnings.isEmpty())
        m_messages->clear();
    else
        m_messages->say(warnings.join('\n'), false);
}

void SummaryPanel::showEnergy()
{
    const RunConfig& config = m_workbench.config();
    double held = 0, all = 0;
    for (const ModuleSpectrum& spectrum : m_workbench.spectra()) {
        if (!matchesModules(config.modules, spectrum.name))
            continue;
        const auto planned = config.plan.find(spectrum.name);
        const int64_t rank = planned == config.plan.end() ? config.rank : planned->second.rank;
        held += capturedEnergy(spectrum, rank) * spectrum.energy;
        all += spectrum.energy;
    }
    m_energy->setText(all > 0 ? tr("%1 %").arg(format::number(100 * held / all, 1)) : tr("see Spectrum"));
}

// The first that edits the base: there is something to check. Else the first of all.
QString SummaryPanel::armToCheck() const
{
    const auto& arms = m_workbench.arms();
    for (const QString& arm : arms)
        if (const MethodCard* card = findMethodCard(armMethod(arm)); card != nullptr && card->picture.residual)
            return arm;
    return arms.isEmpty() ? QStringLiteral("pissa") : arms.front();
}

void SummaryPanel::checkStepZero()
{
    const QString arm = armToCheck();
    try {
        const auto config = armConfig(m_workbench.config(), arm, m_workbench.armOverrides());
        m_checkedBase = isQuantised(config) ? effectiveBase(config) : std::string();
        m_check = m_workbench.ask(StepZeroJob{.config = config}, this);
    } catch (const std::exception& error) {
        verdict(QString::fromUtf8(error.what()), -1);
        return;
    }
    m_checkButton->setEnabled(false);
    verdict(tr("Preparing %1 …").arg(armTitle(arm)), 0);
    connect(m_check, &JobCall::advanced, this, [this](const std::vector<Event>& batch) {
        for (const Event& event : batch)
            if (const auto* progress = std::get_if<ProgressEvent>(&event))
                verdict(progress->total > 0 ? tr("%1 (%2 of %3)").arg(format::shown(progress->what, 80),
                                                format::count(progress->done), format::count(progress->total))
                                            : format::shown(progress->what, 80),
                    0);
    });
    connect(
        m_check, &JobCall::finished, this, [this](const Result& result) { showStepZero(std::get<StepZero>(result)); });
    connect(m_check, &JobCall::failed, this, [this](const QString& message) {
        m_checkButton->setEnabled(true);
        verdict(message, -1);
    });
}

void SummaryPanel::showStepZero(const StepZero& result)
{
    m_checkButton->setEnabled(true);
    if (!m_checkedBase.empty()) {   // few bits change the answers; there is no bar for how far
        verdict(tr("The base is stored as %1, which changes its answers").arg(format::text(m_checkedBase)), 0);
        m_detail->setText(tr("Largest difference of logits %1, mean %2, over %3 positions. Largest error of a module %4, in %5.")
                              .arg(format::scientific(result.largest), format::scientific(result.mean),
                                  format::count(result.tokens), format::scientific(result.moduleLargest),
                                  format::shown(result.moduleName, 120)));
        return;
    }
    // NaN must not pass: the comparisons are written so that it fails them.
    const bool good = result.largest <= kLargestLogit && result.moduleLargest <= kLargestModule;
    const auto figures
        = tr("Largest difference of logits %1 (bar %2), mean %3, over %4 positions. Largest error of a module "
             "%5 (bar %6), in %7.")
              .arg(format::scientific(result.largest), format::scientific(kLargestLogit),
                  format::scientific(result.mean), format::count(result.tokens),
                  format::scientific(result.moduleLargest), format::scientific(kLargestModule),
                  format::shown(result.moduleName, 120));
    verdict(
        good ? tr("✓ Same answers as the base model") : tr("✗ The prepared model answers differently"), good ? 1 : -1);
    m_detail->setText(figures);
}

void SummaryPanel::verdict(const QString& text, int outcome)
{
    m_outcome = outcome;
    m_verdict->setText(text);
    m_verdict->setVisible(!text.isEmpty());
    auto colors = palette();
    if (outcome > 0)
        colors.setColor(QPalette::WindowText, theme::isDark() ? QColor(0x4c, 0xd0, 0x9b) : QColor(0x00, 0x6b, 0x4f));
    else if (outcome < 0)
        colors.setColor(QPalette::WindowText, theme::bad());
    m_verdict->setPalette(colors);
}

void SummaryPanel::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_verdict != nullptr)
        verdict(m_verdict->text(), m_outcome);
}

}  // namespace rankwright
