// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The words are the report's own; a target that the person sets is answered from the runs that are already here.
#include "ui/widgets/compare_verdict.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/number_table.h"
#include "ui/widgets/wheel_guard.h"

#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>
#include <QVBoxLayout>

#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr size_t kShownDifferences = 5;   // seeds named in a cell; the tool tip has all

void clear(QVBoxLayout* column)
{
    while (QLayoutItem* item = column->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

QString differencesText(const PairedResult& result, size_t most)
{
    QStringList parts;
    for (const double difference : result.differences)
        if (size_t(parts.size()) < most)
            parts << signedText(difference);
    return parts.join(QLatin1String("  ")) + (result.differences.size() > most ? QStringLiteral(" …") : QString());
}

// What is compared with what: "Best with best: pissa at 0.0002 against lora at 0.0004 (1 seed of pissa diverged)".
QString questionText(const ComparisonReport& report, const PairedResult& result)
{
    const auto arm = format::shown(result.arm, 60), baseline = format::shown(result.baseline, 60);
    const auto lost = divergedText(result);
    const auto note = lost.empty() ? QString() : QStringLiteral(" (%1)").arg(format::shown(lost, 200));
    const bool swept = isSwept(report);
    if (result.question == PairedResult::Question::sameRate || (!swept && result.rate == result.baselineRate))
        return CompareVerdict::tr("Same rate, %1: %2 against %3").arg(rateText(result.rate), arm, baseline) + note;
    return (swept ? CompareVerdict::tr("Best with best: %1 at %2 against %3 at %4") : CompareVerdict::tr("Own rates: %1 at %2 against %3 at %4"))
               .arg(arm, rateText(result.rate), baseline, rateText(result.baselineRate))
        + note;
}

QString intervalText(const Interval& interval)
{
    return std::isnan(interval.low) ? format::number(interval.low)
                                    : CompareVerdict::tr("%1 to %2").arg(signedText(interval.low), signedText(interval.high));
}

}  // namespace

CompareVerdict::CompareVerdict(QWidget* parent)
    : QScrollArea(parent), m_warnings(new QVBoxLayout), m_sentences(new QVBoxLayout),
      m_results(new NumberTable("resultTable", tr("Paired results"),
          {tr("Difference, seed by seed"), tr("Mean"), tr("95 % interval"), tr("p"), tr("Least p")}, 1, this)),
      m_reach(new NumberTable("bandReachTable", tr("What each arm needs to reach a loss"),
          {tr("Arm"), tr("Rate"), tr("Seeds"), tr("Steps"), tr("Tokens"), tr("Time")}, 1, this)),
      m_target(new QDoubleSpinBox(this))
{
    setObjectName("compareVerdict");
    setFrameShape(QFrame::NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Verdict"));
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(8);
    m_warnings->setSpacing(4);
    m_sentences->setSpacing(4);
    column->addLayout(m_warnings);
    column->addWidget(makeHeading(tr("Against the baseline"), box));
    column->addLayout(m_sentences);
    column->addWidget(m_results);
    column->addWidget(makeNote(tr("Difference: the arm's loss less the baseline's with the same seed, so below zero is better. p: exact sign-flip "
                                  "test; least p: the smallest that so many seeds can give. Bold numbers: p is at most 0.05 and no seed diverged."),
        box));
    addReach(column, box);
    column->addStretch();
    setWidget(box);
    viewport()->setAutoFillBackground(false);
    box->setAutoFillBackground(false);
}

void CompareVerdict::addReach(QVBoxLayout* column, QWidget* box)
{
    m_target->setObjectName("reachTarget");
    m_target->setAccessibleName(tr("Loss to reach"));
    m_target->setDecimals(4);
    m_target->setRange(0, 1e6);
    m_target->setSingleStep(0.01);
    m_target->setKeyboardTracking(false);
    new WheelGuard(m_target);   // the box owns it
    auto* usual = new QPushButton(tr("Baseline's"), box);
    usual->setObjectName("usualTarget");
    setPlainToolTip(usual, tr("The loss at which the baseline ended at its best rate"));
    connect(usual, &QPushButton::clicked, this, [this] {
        m_targetEdited = false;
        showReach();
    });
    connect(m_target, &QDoubleSpinBox::valueChanged, this, [this] {
        m_targetEdited = true;
        showReach();
    });
    auto* row = new QHBoxLayout;
    row->addWidget(makeHeading(tr("To reach a loss of"), box));
    row->addWidget(m_target);
    row->addWidget(usual);
    row->addStretch();
    column->addSpacing(8);
    column->addLayout(row);
    column->addWidget(m_reach);
    column->addWidget(makeNote(tr("Means over seeds, where all of them reach it; each arm at its best rate."), box));
}

void CompareVerdict::setData(const ComparisonData* shown)
{
    m_data = shown;
    const auto comparison = shown == nullptr ? QString() : format::text(shown->report.comparison.id);
    if (comparison != m_comparison)
        m_targetEdited = false;
    m_comparison = comparison;
    const ComparisonReport none;
    showWords(shown == nullptr ? none : shown->report);
    showResults(shown == nullptr ? none : shown->report);
    showReach();
}

void CompareVerdict::showWords(const ComparisonReport& report)
{
    const auto add = [this](QVBoxLayout* column, const QString& text, bool warning) {
        auto* label = new PlainLabel(text, widget());
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        if (warning) {
            label->setObjectName("verdictWarning");
            auto colours = palette();
            colours.setColor(QPalette::Window, theme::messageGround(false));
            label->setPalette(colours);
            label->setAutoFillBackground(true);
            label->setMargin(6);
        }
        column->addWidget(label);
    };
    clear(m_warnings);
    clear(m_sentences);
    for (const std::string& warning : report.warnings)
        add(m_warnings, format::shown(warning, 1000), true);
    bool any = false;
    for (const PairedResult& result : report.results) {
        if (result.question != PairedResult::Question::bestRate)
            continue;
        add(m_sentences, format::shown(result.verdict, 1000), false);
        any = true;
    }
    if (!any)
        add(m_sentences, tr("No two arms have finished with the same seed yet."), false);
}

// Two rows a result: what is compared, and the numbers.
void CompareVerdict::showResults(const ComparisonReport& report)
{
    QList<QStringList> rows;
    std::vector<const PairedResult*> shown;
    for (const auto question : {PairedResult::Question::bestRate, PairedResult::Question::sameRate})
        for (const PairedResult& result : report.results) {
            if (result.question != question)
                continue;
            rows << QStringList()
                 << QStringList{differencesText(result, kShownDifferences), signedText(result.mean),
                        intervalText(result.interval), format::number(result.p, 3), format::number(result.leastP, 3)};
            shown.push_back(&result);
        }
    m_results->setRows(rows);
    for (int i = 0; i < int(shown.size()); ++i) {
        const PairedResult& result = *shown[size_t(i)];
        const ArmLook look = armLook(report, result.arm);
        m_results->setLine(2 * i, questionText(report, result));
        m_results->item(2 * i, 0)->setIcon(curveSwatch(look.color, look.style));
        m_results->item(2 * i, 0)->setFont(theme::headingFont());
        const auto tip = format::shown(result.verdict, 1000) + QLatin1Char('\n') + differencesText(result, result.differences.size());
        for (int column = 0; column < m_results->columnCount(); ++column) {
            auto* item = m_results->item(2 * i + 1, column);
            item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(tip)));
            if (result.decides)
                item->setFont(theme::headingFont());
        }
    }
    m_results->setVisible(!rows.isEmpty());
    m_results->fitHeight();
}

double CompareVerdict::usualTarget() const
{
    return m_data == nullptr || m_data->report.reach.empty() ? std::numeric_limits<double>::quiet_NaN()
                                                              : m_data->report.reach.front().target;
}

void CompareVerdict::showReach()
{
    const double usual = usualTarget();
    m_target->setEnabled(m_data != nullptr);
    if (!m_targetEdited) {
        const QSignalBlocker quiet(m_target);
        m_target->setValue(std::isnan(usual) ? 0 : usual);
    }
    QList<QStringList> rows;
    std::vector<std::string> arms;
    const auto found = m_data == nullptr ? std::vector<ReachRow>()
        : m_targetEdited                 ? reachOf(*m_data, m_target->value())
                                         : m_data->report.reach;
    for (const ReachRow& row : found) {
        const bool all = std::isfinite(row.steps);
        rows << QStringList{format::shown(row.arm, 60), rateText(row.rate), tr("%1 of %2").arg(row.reached).arg(row.runs),
            all ? format::count(std::llround(row.steps)) : row.reached > 0 ? tr("not reached by all") : tr("not reached"),
            all ? format::count(std::llround(row.tokens)) : QString(),
            all ? format::duration(row.seconds) : QString()};
        arms.push_back(row.arm);
    }
    m_reach->setRows(rows);
    for (int row = 0; row < rows.size(); ++row) {
        const ArmLook look = armLook(m_data->report, arms[size_t(row)]);
        m_reach->item(row, 0)->setIcon(curveSwatch(look.color, look.style));
    }
    m_reach->fitHeight();
}

}  // namespace rankwright
