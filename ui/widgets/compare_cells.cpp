// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where the table is too narrow, what is least about the proof goes first: memory, steps, time.
#include "ui/widgets/compare_cells.h"

#include "ui/format.h"
#include "ui/models/curve_store.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QHeaderView>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr int kArmWidth = 96;          // px, at least
constexpr double kExportBar = 1e-3;    // of logits, when an export is read back

constexpr QChar kGood = u'✓', kBad = u'✗', kAbout = u'≈';

}  // namespace

CompareCells::CompareCells(QWidget* parent)
    : NumberTable("cellTable", tr("Runs of the comparison"),
          {tr("Arm"), tr("Rate"), tr("Seed"), tr("State"), tr("Loss"), tr("Metric"), tr("Step"), tr("Time"), tr("Memory"), tr("Step 0"), tr("Export"),
              tr("Pair")},
          1, parent)
{
    for (const int column : {int(stateColumn), int(zeroColumn), int(exportColumn), int(pairColumn)})
        horizontalHeaderItem(column)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    horizontalHeaderItem(zeroColumn)->setToolTip(tr("Largest difference of logits from the base model before the first step"));
    horizontalHeaderItem(exportColumn)->setToolTip(tr("Largest difference of logits when the newest export was read back"));
    horizontalHeaderItem(pairColumn)->setToolTip(tr("Same model, data, order of rows and start as the runs of its seed"));
}

void CompareCells::setData(const ComparisonData* shown)
{
    QList<QStringList> rows;
    static const std::vector<ReportCell> none;
    const auto& cells = shown == nullptr ? none : shown->report.cells;
    for (const ReportCell& cell : cells)
        rows << QStringList{format::shown(cell.arm, 60), rateText(cell.rate), QString::number(cell.seed), stateTitle(cell.state),
            format::number(cell.value), {}, format::count(cell.step), cell.seconds > 0 ? format::duration(cell.seconds) : QString(),
            cell.peakBytes > 0 ? format::bytes(cell.peakBytes) : QString(), {}, {}, {}};
    setRows(rows);
    for (int row = 0; row < rows.size(); ++row) {
        const ReportCell& cell = cells[size_t(row)];
        const ArmLook look = armLook(shown->report, cell.arm, cell.rate);
        item(row, armColumn)->setIcon(curveSwatch(look.color, look.style));
        for (const int column : {int(stateColumn), int(zeroColumn), int(exportColumn), int(pairColumn)})
            item(row, column)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        if (cell.diverged() || cell.state == RunState::failed)
            item(row, stateColumn)->setForeground(theme::bad());
        showProof(row, shown->proofs[size_t(row)]);
    }
    showMetrics(cells);
    fitColumns();
}

// The first metric that the runs have; all of them in the tool tip. The best is bold: every metric rises with quality.
void CompareCells::showMetrics(const std::vector<ReportCell>& cells)
{
    std::string first;
    for (const ReportCell& cell : cells)
        if (!cell.metrics.empty() && (first.empty() || cell.metrics.begin()->first < first))
            first = cell.metrics.begin()->first;
    m_measured = !first.empty();
    horizontalHeaderItem(metricColumn)->setText(m_measured ? metricTitle(kMetricSeries + format::text(first)) : tr("Metric"));
    double best = -HUGE_VAL;
    for (const ReportCell& cell : cells)
        if (const auto found = cell.metrics.find(first); found != cell.metrics.end())
            best = std::max(best, found->second);
    for (int row = 0; row < int(cells.size()); ++row) {
        const auto& metrics = cells[size_t(row)].metrics;
        QStringList lines;
        for (const auto& [id, value] : metrics)
            lines << tr("%1: %2").arg(metricTitle(kMetricSeries + format::text(id)), format::number(value));
        item(row, metricColumn)->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(lines.join('\n'))));
        const auto found = metrics.find(first);
        if (found == metrics.end())
            continue;
        item(row, metricColumn)->setText(format::number(found->second));
        if (found->second == best)
            item(row, metricColumn)->setFont(theme::headingFont());
    }
}

void CompareCells::showProof(int row, const RunProof& proof)
{
    const auto put = [&](int column, QChar mark, const QString& text, const QString& tip) {
        item(row, column)->setText(QStringLiteral("%1 %2").arg(mark, text));
        item(row, column)->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(tip)));
        if (mark == kBad)
            item(row, column)->setForeground(theme::bad());
    };
    const StepZero& zero = proof.stepZero;
    const auto verdict = verdictOn(zero);
    if (zero.tokens > 0) {
        const auto logits = zero.largestLogit > 0
            ? tr("%1 of logits up to %2").arg(format::scientific(zero.largest), format::number(zero.largestLogit, 0))
            : format::scientific(zero.largest);
        auto tip = tr("Before training: largest difference of logits from the base model %1 over %2 positions; largest error of a module "
                      "%3, in %4.").arg(logits, format::count(zero.tokens), format::scientific(zero.moduleLargest), format::shown(zero.moduleName));
        if (verdict == StartVerdict::unjudged)
            tip += tr(" Its base is stored in few bits, which changes the answers: that is no fault.");
        put(zeroColumn, verdict == StartVerdict::same ? kGood : verdict == StartVerdict::other ? kBad : kAbout,
            format::scientific(zero.largest), tip);
    }
    // A whole model may have been rounded to fewer bits on purpose: then a difference is no fault.
    const bool rounded = proof.exported && (proof.exported->format == "merged" || proof.exported->format == "gguf")
        && proof.exported->largestDifference > kExportBar;
    if (proof.exported)
        put(exportColumn, rounded ? kAbout : proof.exported->largestDifference <= kExportBar ? kGood : kBad,
            format::scientific(proof.exported->largestDifference),
            tr("Exported as %1 to %2 and read back: largest difference of logits %3.")
                .arg(format::shown(proof.exported->format), format::shown(proof.exported->folder),
                    format::scientific(proof.exported->largestDifference)));
    if (!proof.brokenPair.isEmpty())
        put(pairColumn, kBad, tr("broken"), tr("Not paired: it had %1 than other runs that it is compared with.").arg(proof.brokenPair));
    else if (zero.tokens > 0)
        put(pairColumn, kGood, tr("paired"), tr("Same model, data, order of rows and start as the runs of its seed."));
}

void CompareCells::resizeEvent(QResizeEvent* event)
{
    NumberTable::resizeEvent(event);
    fitColumns();
}

void CompareCells::fitColumns()
{
    int needed = kArmWidth;
    setColumnHidden(metricColumn, !m_measured);
    std::map<int, int> widths;
    for (int column = 1; column < columnCount(); ++column) {
        if (column == metricColumn && !m_measured)
            continue;
        widths[column] = std::max(sizeHintForColumn(column), horizontalHeader()->sectionSizeHint(column));
        needed += widths[column];
    }
    for (const int column : {int(memoryColumn), int(stepColumn), int(timeColumn)}) {
        const bool hide = needed > viewport()->width();
        if (isColumnHidden(column) != hide)
            setColumnHidden(column, hide);
        needed -= hide ? widths[column] : 0;
    }
}

}  // namespace rankwright
