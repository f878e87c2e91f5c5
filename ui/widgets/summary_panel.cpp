// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The column beside the settings. Everything that takes time runs as a job; energy is a sum over spectra already known.
#include "ui/widgets/summary_panel.h"

#include "storage/runs/past_runs.h"
#include "storage/runs/run_queue.h"
#include "training/api/error.h"
#include "training/api/shared_base.h"
#include "ui/format.h"
#include "ui/models/arms_memory.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/memory_bar.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/step_zero_check.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kDelay = 300;   // ms after the last edit

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

constexpr size_t kMostMarks = 5;   // measured peaks shown on the bar

}  // namespace

SummaryPanel::SummaryPanel(Workbench& workbench, QWidget* parent)
    : QFrame(parent), m_workbench(workbench), m_reader(workbench.dataDirectory())
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
    m_bar->setObjectName("memoryBar");
    column->addWidget(m_bar);
    m_steps = addFigure("summarySteps", tr("Steps"), tr("Per run"));
    m_time = addFigure("summaryTime", tr("Time"), tr("Per run, and for all arms, rates and seeds; from past runs, or a timed matrix product"));
    m_calibration = makeNote({}, this);
    m_calibration->setObjectName("summaryCalibration");
    column->addWidget(m_calibration);
    m_messages = new MessageBar(this);
    m_messages->setObjectName("summaryMessages");
    column->addWidget(m_messages);
    m_suggestions = new QVBoxLayout;
    m_suggestions->setSpacing(4);
    column->addLayout(m_suggestions);
    column->addSpacing(8);
    column->addWidget(m_check = new StepZeroCheck(workbench, this));
    column->addStretch();   // where the page is higher than the summary
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelay);
    connect(&m_delay, &QTimer::timeout, this, &SummaryPanel::ask);
    for (const auto signal : {&Workbench::configChanged, &Workbench::armsChanged, &Workbench::modelChanged})
        connect(&m_workbench, signal, this, &SummaryPanel::settingsChanged);
    connect(&m_workbench, &Workbench::spectraChanged, this, &SummaryPanel::showEnergy);
    connect(&m_workbench, &Workbench::planChanged, this, [this] {
        if (m_complete)
            showEstimates();
    });
    // Runs that cannot be read calibrate nothing; the estimate stands without them.
    connect(&m_reader, &StoreReader::failed, this, [this] { estimateWith({}); });
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
    m_check->forget();
    showEnergy();
}

// One question for all arms that cost the same; arms whose settings make no sense say so on their cards.
void SummaryPanel::ask()
{
    if (m_estimate)
        m_estimate->cancel();
    m_asked.clear();
    m_complete = false;
    const auto& arms = m_workbench.arms();
    if (arms.isEmpty())
        return showNothing(tr("No method is ticked."));
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
    if (m_asked.empty())
        return showNothing(refusal);
    m_stale = false;
    m_reader.read<std::vector<PastRun>>([](RunStore& store) { return pastRuns(store); },
        [this](std::vector<PastRun>& past) { estimateWith(std::move(past)); });
}

void SummaryPanel::estimateWith(std::vector<PastRun> past)
{
    m_past = std::move(past);
    if (!m_asked.empty())
        askNext(0);
}

void SummaryPanel::askNext(size_t index)
{
    m_estimate = m_workbench.ask(EstimateJob{.config = m_asked[index].config, .past = m_past}, this);
    connect(m_estimate, &JobCall::finished, this, [this, index](const Result& result) {
        m_asked[index].estimate = std::get<Estimate>(result);
        if (index + 1 < m_asked.size()) {
            askNext(index + 1);
            return;
        }
        m_complete = true;
        showEstimates();
    });
    connect(m_estimate, &JobCall::failed, this, [this](const QString& message) { showNothing(message); });
}

void SummaryPanel::showNothing(const QString& problem)
{
    for (PlainLabel* label : {m_trainable, m_memory, m_steps, m_time})
        label->setText(QStringLiteral("—"));
    m_bar->clear();
    m_calibration->clear();
    showSuggestions({}, 0);
    m_messages->say(problem, !m_workbench.arms().isEmpty());
    emit estimated(0);
}

// Times add up; of memory the largest arm counts, or all of them where they take turns.
void SummaryPanel::showEstimates()
{
    const Estimate& first = m_asked.front().estimate;
    int64_t least = first.trainable, most = first.trainable;
    const Asked* largest = &m_asked.front();
    double seconds = 0;
    int arms = 0;
    QStringList warnings;
    for (const Asked& asked : m_asked) {
        least = std::min(least, asked.estimate.trainable);
        most = std::max(most, asked.estimate.trainable);
        if (asked.estimate.peakBytes > largest->estimate.peakBytes)
            largest = &asked;
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
    showMemory(largest->estimate, largest->config);
    showCalibration();
    m_steps->setText(tr("%1 over %2 rows").arg(format::count(first.steps), format::count(first.rows)));
    showTime(seconds, arms);
    if (warnings.isEmpty())
        m_messages->clear();
    else
        m_messages->say(warnings.join('\n'), false);
    emit estimated(seconds);
}

// `seconds`: of all arms, a rate and a seed each.
void SummaryPanel::showTime(double seconds, int arms)
{
    const auto& plan = m_workbench.plan();
    const int each = int(ratesPerArm(sweepOf(plan, m_workbench.arms()))) * int(seedsOf(plan, m_workbench.config()).size());
    const int runs = arms * each;
    const auto all = tr("%1 in all").arg(format::duration(seconds * each));
    if (runs == 1)
        m_time->setText(tr("about %1").arg(format::duration(seconds)));
    else if (m_asked.size() == 1)
        m_time->setText(tr("about %1 each, %2 (%n runs)", nullptr, runs).arg(format::duration(seconds / arms), all));
    else
        m_time->setText(tr("about %1 (%n runs)", nullptr, runs).arg(all));
}

// Of the arms that take turns, which are in memory together.
Estimate SummaryPanel::turnsMemory() const
{
    std::vector<ArmMemory> arms;
    for (const Asked& asked : m_asked)
        arms.push_back({asked.estimate, asked.arms});
    return memoryOfAll(arms);
}

// Of the largest group of runs that are trained on one copy of the base; `otherwise` where the plan cannot be made.
Estimate SummaryPanel::togetherMemory(const Estimate& otherwise) const
{
    try {
        const auto comparison = comparisonOf(m_workbench.plan(), m_workbench.config(), m_workbench.arms(), m_workbench.armOverrides());
        const auto runs = plannedRuns(comparison);
        Estimate largest;
        for (const auto& group : plannedTogether(comparison)) {
            std::vector<Estimate> estimates;
            for (const size_t i : group) {
                const auto same = std::ranges::find(m_asked, costKind(runs[i].config), &Asked::cost);
                estimates.push_back(same == m_asked.end() ? otherwise : same->estimate);
            }
            if (auto all = memoryTogether(estimates); all.peakBytes > largest.peakBytes)
                largest = std::move(all);
        }
        return largest;
    } catch (const Error&) {
        return otherwise;
    }
}

void SummaryPanel::showMemory(const Estimate& largest, const RunConfig& config)
{
    const auto schedule = scheduleOf(m_workbench.plan(), m_workbench.arms());
    const bool together = schedule == Schedule::together, turns = together || schedule == Schedule::interleaved;
    const Estimate shown = together ? togetherMemory(largest) : turns ? turnsMemory() : largest;
    m_memory->setText(shown.memoryBytes > 0 ? tr("%1 of %2").arg(format::bytes(shown.peakBytes), format::bytes(shown.memoryBytes))
                                            : format::bytes(shown.peakBytes));
    setPlainToolTip(m_memory, together ? tr("Of the runs that are trained together: one copy of the model, and each run's own adapter")
            : turns                       ? tr("Arms take turns: each holds its own copy of the model. That of all arms together")
                                          : tr("Runs are trained one after another: that of the largest arm"));
    auto colors = palette();
    if (!shown.fits)
        colors.setColor(QPalette::WindowText, theme::bad());
    m_memory->setPalette(colors);
    std::vector<int64_t> peaks;   // m_past is newest first
    const auto kind = runKind(config);
    for (const PastRun& run : m_past)
        if (!turns && run.kind == kind && run.peakBytes > 0 && peaks.size() < kMostMarks)
            peaks.push_back(run.peakBytes);
    m_bar->setEstimate(shown, std::move(peaks));
    showSuggestions(shown, turns ? shown.peakBytes - largest.peakBytes : 0);
}

void SummaryPanel::showCalibration()
{
    const auto& most = std::ranges::max_element(m_asked, {}, [](const Asked& asked) { return asked.estimate.pastRuns; })->estimate;
    auto text = most.pastRuns == 0 ? tr("Not yet calibrated: no run of this kind has finished on this machine")
        : most.pastRuns == 1       ? tr("Calibrated by 1 past run on this machine")
                                   : tr("Calibrated by %n past runs on this machine", nullptr, int(most.pastRuns));
    if (most.spread())
        text += tr("; at the speeds that they had a run takes %1 to %2")
                    .arg(format::duration(most.leastSeconds), format::duration(most.mostSeconds));
    if (most.data.evalRows > 0)
        text += tr("; evaluations come on top");
    m_calibration->setText(text);
}

// What would make it fit, a click each. `savedByQueue`: by training one run after another, where arms take turns.
void SummaryPanel::showSuggestions(const Estimate& largest, int64_t savedByQueue)
{
    while (auto* item = m_suggestions->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater();   // one of them may be what was pressed
        delete item;
    }
    if (largest.fits)
        return;
    m_suggestions->addWidget(new PlainLabel(tr("It does not fit. What would help:"), this));
    if (savedByQueue > 0)
        addSuggestion(QStringLiteral("suggestionQueue"), tr("One run after another: saves %1").arg(format::bytes(savedByQueue)), [this] {
            auto plan = m_workbench.plan();
            plan.schedule = Schedule::queued;
            m_workbench.setPlan(plan);
        });
    for (size_t i = 0; i < largest.suggestions.size(); ++i)
        addSuggestion(QStringLiteral("suggestion_%1").arg(i), format::shown(largest.suggestions[i].text, 400),
            [this, suggestion = largest.suggestions[i]] { take(suggestion); });
}

void SummaryPanel::addSuggestion(const QString& name, const QString& text, std::function<void()> act)
{
    auto* button = new QPushButton(text.left(120), this);
    button->setObjectName(name);
    button->setMinimumWidth(0);
    button->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setPlainToolTip(button, tr("%1. Click to change the settings; it can be undone.").arg(text));
    connect(button, &QPushButton::clicked, this, std::move(act));
    m_suggestions->addWidget(button);
}

void SummaryPanel::take(const Suggestion& suggestion)
{
    RunConfig config = m_workbench.config();
    try {
        for (const auto& [key, value] : suggestion.changes)
            if (const Field* field = findConfigField(key))
                setField(config, *field, value);
        m_workbench.edit(config, tr("Take a suggestion"));
    } catch (const std::exception& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
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

}  // namespace rankwright
