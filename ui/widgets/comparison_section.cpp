// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/comparison_section.h"

#include "storage/runs/run_queue.h"
#include "training/api/error.h"
#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/arm_card.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/wheel_guard.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSpinBox>

namespace rankwright {

namespace {

enum Rates { swept, own, listed };
constexpr int kMostSeeds = 20;   // of the counter; a list may hold more

Rates kindOf(const RateSweep& sweep)
{
    return !sweep.rates.empty() ? listed : sweep.points > 1 ? swept : own;
}

// How many runs are trained together at most, and which arms are not and why. Empty: no runs are, or the plan cannot be made.
QString togetherText(const Workbench& workbench)
{
    const auto& arms = workbench.arms();
    if (scheduleOf(workbench.plan(), arms) != Schedule::together || arms.isEmpty())
        return {};
    try {
        const auto comparison = comparisonOf(workbench.plan(), workbench.config(), arms, workbench.armOverrides());
        size_t most = 0;
        for (const auto& group : plannedTogether(comparison))
            most = std::max(most, group.size());
        QStringList lines{most > 1 ? ComparisonSection::tr("Up to %n runs at once on one copy of the model.", nullptr, int(most))
                                   : ComparisonSection::tr("No two runs can share one copy of the model.")};
        for (const auto& sentence : armsInTurn(comparison))
            lines << format::shown(sentence, 300);
        return lines.join('\n');
    } catch (const Error&) {
        return {};   // what is wrong is said where it was typed
    }
}

}  // namespace

ComparisonSection::ComparisonSection(Workbench& workbench, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_seedCount(new QSpinBox(this)), m_seeds(new QLineEdit(this)),
      m_sweep(new QComboBox(this)), m_rates(new QLineEdit(this)), m_schedule(new QComboBox(this)),
      m_baseline(new QComboBox(this)), m_count(new PlainLabel({}, this)), m_problem(makeNote({}, this))
{
    makeSeeds();
    makeRates();
    makeOrder();
    m_count->setObjectName("comparisonCount");
    m_count->setWordWrap(true);
    m_problem->setObjectName("comparisonProblem");
    auto* seeds = new QWidget(this);
    auto* both = new QHBoxLayout(seeds);
    both->setContentsMargins(0, 0, 0, 0);
    both->setSpacing(4);
    both->addWidget(m_seedCount);
    both->addWidget(m_seeds, 1);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(8);
    grid->setColumnStretch(0, 3);
    grid->setColumnStretch(1, 5);
    grid->setColumnStretch(2, 3);
    grid->setColumnStretch(3, 2);
    grid->addWidget(field(tr("Seeds"), seeds, tr("Every arm is trained once with each: how far runs differ by chance alone")), 0, 0);
    grid->addWidget(field(tr("Learning rates"), m_sweep,
        tr("Most methods tie once each has its own learning rate; a sweep shows whether that is so here")), 0, 1);
    grid->addWidget(field(tr("Runs"), m_schedule,
        tr("In turn: the arms of one seed and rate take a step each, so their curves grow together; each holds its own copy of "
           "the model.\nTogether: several arms, rates and seeds at once, on one copy of the model and with the memory of little more than "
           "one run; arms that cannot share it are trained one after another.")), 0, 2);
    grid->addWidget(field(tr("Baseline"), m_baseline, tr("The arm that the others are compared with")), 0, 3);
    grid->addWidget(m_rates, 1, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeHeading(tr("Comparison"), this));
    column->addLayout(grid);
    column->addWidget(m_problem);
    column->addWidget(m_count);
    for (const auto signal : {&Workbench::configChanged, &Workbench::armsChanged, &Workbench::planChanged})
        connect(&m_workbench, signal, this, &ComparisonSection::refresh);
    tint();
    refresh();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ComparisonSection::~ComparisonSection()
{
    hide();
}

// A title above its editor.
QWidget* ComparisonSection::field(const QString& title, QWidget* editor, const QString& help)
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    auto* label = makeNote(title, box);
    label->setBuddy(editor);
    setPlainToolTip(label, help);
    setPlainToolTip(editor, help);
    column->addWidget(label);
    column->addWidget(editor);
    // The columns' stretches alone decide the widths: a long entry must not make the page wider than it is.
    box->setMinimumWidth(72);
    auto policy = editor->sizePolicy();
    policy.setHorizontalPolicy(QSizePolicy::Ignored);
    editor->setSizePolicy(policy);
    return box;
}

void ComparisonSection::makeSeeds()
{
    m_seedCount->setObjectName("seedCount");
    m_seedCount->setAccessibleName(tr("Number of seeds"));
    m_seedCount->setRange(1, kMostSeeds);
    m_seedCount->setKeyboardTracking(false);
    m_seedCount->setFocusPolicy(Qt::StrongFocus);
    new WheelGuard(m_seedCount);
    m_seeds->setObjectName("seedList");
    m_seeds->setAccessibleName(tr("Seeds, separated by commas"));
    m_seeds->setMinimumWidth(40);
    // From the first seed on.
    connect(m_seedCount, &QSpinBox::valueChanged, this, [this](int count) {
        const auto before = seedsOf(m_workbench.plan(), m_workbench.config());
        std::vector<int64_t> seeds;
        for (int i = 0; i < count; ++i)
            seeds.push_back(size_t(i) < before.size() ? before[size_t(i)] : seeds.back() + 1);
        commitSeeds(seeds);
    });
    connect(m_seeds, &QLineEdit::editingFinished, this, &ComparisonSection::commitSeedText);
}

void ComparisonSection::makeRates()
{
    m_sweep->setObjectName("sweepBox");
    m_sweep->setAccessibleName(tr("Learning rates"));
    m_sweep->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_sweep->setMinimumContentsLength(12);
    m_sweep->addItem(tr("Sweep 5 rates, a factor 2 apart"));
    m_sweep->addItem(tr("Each arm's own rate"));
    m_sweep->addItem(tr("These rates:"));
    m_sweep->setFocusPolicy(Qt::StrongFocus);
    new WheelGuard(m_sweep);
    connect(m_sweep, &QComboBox::activated, this, &ComparisonSection::commitSweep);
    m_rates->setObjectName("rateList");
    m_rates->setAccessibleName(tr("Learning rates, separated by commas"));
    m_rates->setPlaceholderText(QStringLiteral("1e-4, 2e-4, 4e-4"));
    connect(m_rates, &QLineEdit::editingFinished, this, &ComparisonSection::commitRates);
}

void ComparisonSection::makeOrder()
{
    m_schedule->setObjectName("scheduleBox");
    m_schedule->setAccessibleName(tr("Order of the runs"));
    m_schedule->addItem(tr("One after another"));
    m_schedule->addItem(tr("Arms in turn"));
    m_schedule->addItem(tr("Together"));
    m_baseline->setObjectName("baselineBox");
    m_baseline->setAccessibleName(tr("Baseline arm"));
    for (QComboBox* box : {m_schedule, m_baseline}) {
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(4);
        box->setFocusPolicy(Qt::StrongFocus);
        new WheelGuard(box);
    }
    connect(m_schedule, &QComboBox::activated, this, [this](int index) {
        auto plan = m_workbench.plan();
        plan.schedule = Schedule(index);   // the items are in its order
        m_workbench.setPlan(plan);
    });
    connect(m_baseline, &QComboBox::activated, this, [this] {
        auto plan = m_workbench.plan();
        plan.baseline = m_baseline->currentData().toString();
        m_workbench.setPlan(plan);
    });
}

void ComparisonSection::commitSeeds(const std::vector<int64_t>& seeds)
{
    say(m_seedProblem, {});
    auto plan = m_workbench.plan();
    if (seeds == seedsOf(plan, m_workbench.config()))
        return refresh();
    plan.seeds = seeds;
    m_workbench.setPlan(plan);
}

void ComparisonSection::commitSeedText()
{
    try {
        commitSeeds(seedsFromText(m_seeds->text()));
    } catch (const std::exception& error) {
        say(m_seedProblem, shortMessage(error));
    }
}

// "These rates" begins with those that the sweep of the shared rate would have.
void ComparisonSection::commitSweep(int index)
{
    auto plan = m_workbench.plan();
    RateSweep sweep;
    if (index == own)
        sweep.points = 1;
    else if (index == listed)
        sweep.rates = ratesOf(sweep, m_workbench.config().learningRate);
    say(m_rateProblem, {});
    plan.sweep = sweep;
    m_workbench.setPlan(plan);
    refresh();
    if (index == listed)
        m_rates->setFocus();
}

void ComparisonSection::commitRates()
{
    if (kindOf(sweepOf(m_workbench.plan(), m_workbench.arms())) != listed)
        return;
    try {
        auto plan = m_workbench.plan();
        plan.sweep = RateSweep{.rates = ratesFromText(m_rates->text())};
        say(m_rateProblem, {});
        m_workbench.setPlan(plan);
        refresh();
    } catch (const std::exception& error) {
        say(m_rateProblem, shortMessage(error));
    }
}

void ComparisonSection::say(QString& problem, const QString& text)
{
    const bool changed = std::exchange(problem, text) != text;
    m_problem->setText(reason());
    m_problem->setVisible(!reason().isEmpty());
    if (changed)
        emit problemsChanged();
}

QString ComparisonSection::reason() const
{
    return m_seedProblem.isEmpty() ? m_rateProblem : m_seedProblem;
}

void ComparisonSection::refresh()
{
    const auto& plan = m_workbench.plan();
    const auto& arms = m_workbench.arms();
    const auto seeds = seedsOf(plan, m_workbench.config());
    const auto sweep = sweepOf(plan, arms);
    const QSignalBlocker quiet(m_seedCount), quiet2(m_sweep), quiet3(m_schedule), quiet4(m_baseline);
    // What was refused stays to be corrected.
    if (m_seedProblem.isEmpty() && m_seeds->text() != seedsText(seeds))
        m_seeds->setText(seedsText(seeds));
    m_seedCount->setValue(int(std::min<size_t>(seeds.size(), kMostSeeds)));
    m_sweep->setCurrentIndex(kindOf(sweep));
    const bool list = kindOf(sweep) == listed;
    m_rates->setVisible(list);
    if (!list)
        say(m_rateProblem, {});
    else if (m_rateProblem.isEmpty() && m_rates->text() != ratesText(sweep.rates))
        m_rates->setText(ratesText(sweep.rates));
    m_schedule->setCurrentIndex(int(plan.schedule));
    m_baseline->clear();
    for (const QString& arm : arms)
        m_baseline->addItem(armTitle(arm), arm);
    m_baseline->setCurrentIndex(m_baseline->findData(baselineOf(plan, arms)));
    m_baseline->setEnabled(arms.size() > 1);
    m_schedule->setEnabled(arms.size() > 1 || ratesPerArm(sweep) * int64_t(seeds.size()) > 1);
    m_problem->setText(reason());
    m_problem->setVisible(!reason().isEmpty());
    m_together = togetherText(m_workbench);
    showCount();
}

void ComparisonSection::setSeconds(double seconds)
{
    m_seconds = seconds;
    showCount();
}

void ComparisonSection::showCount()
{
    const auto& arms = m_workbench.arms();
    const auto seeds = int(seedsOf(m_workbench.plan(), m_workbench.config()).size());
    const auto rates = int(ratesPerArm(sweepOf(m_workbench.plan(), arms)));
    const int runs = int(arms.size()) * rates * seeds;
    const int count = int(arms.size());
    auto text = tr("%1 × %2 × %3 = %4")
                    .arg(count == 1 ? tr("1 arm") : tr("%n arms", nullptr, count), rates == 1 ? tr("1 rate") : tr("%n rates", nullptr, rates),
                        seeds == 1 ? tr("1 seed") : tr("%n seeds", nullptr, seeds), runs == 1 ? tr("1 run") : tr("%n runs", nullptr, runs));
    if (m_seconds > 0 && runs > 0)
        text += tr(", about %1").arg(format::duration(m_seconds * rates * seeds));
    m_count->setText(m_together.isEmpty() ? text : text + '\n' + m_together);
}

void ComparisonSection::tint()
{
    auto colors = m_problem->palette();
    colors.setColor(QPalette::PlaceholderText, theme::bad());
    m_problem->setPalette(colors);
}

void ComparisonSection::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_problem != nullptr)
        tint();
}

}  // namespace rankwright
