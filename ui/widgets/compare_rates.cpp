// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/compare_rates.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/plots/rate_plot.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/number_table.h"

#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

QString valueTitle(const ComparisonReport& report)
{
    if (report.judge == Judge::trainingLoss)
        return CompareRates::tr("Mean loss of the last tenth");
    return std::any_of(report.cells.begin(), report.cells.end(), [](const ReportCell& cell) { return cell.keepsBest; })
        ? CompareRates::tr("Evaluation loss of the kept parameters")
        : CompareRates::tr("Last evaluation loss");
}

}  // namespace

CompareRates::CompareRates(QWidget* parent)
    : QWidget(parent), m_plot(new RatePlot(this)), m_warning(new PlainLabel({}, this)),
      m_table(new NumberTable("rateTable", tr("Loss at every learning rate"),
          {tr("Arm"), tr("Rate"), tr("Mean"), tr("95 % interval"), tr("Seeds"), tr("Diverged")}, 1, this))
{
    m_plot->setObjectName("ratePlot");
    m_warning->setObjectName("edgeWarning");
    m_warning->setWordWrap(true);
    m_warning->hide();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeNote(tr("The loss each learning rate led to: a filled point is the mean over seeds with its 95 % interval, an open one "
                                  "a seed, the ring marks an arm's best rate. Red ticks on the axis are runs that diverged: there the line ends, and "
                                  "a diamond is the mean of the others, which is too good."),
        this));
    column->addWidget(m_warning);
    column->addWidget(m_plot, 3);
    column->addWidget(m_table, 2);
}

void CompareRates::setData(const ComparisonData* shown)
{
    std::vector<RateLine> lines;
    QStringList warnings;
    const ComparisonReport none, &report = shown == nullptr ? none : shown->report;
    for (const RateCurve& curve : report.rates) {
        const ArmLook look = armLook(report, curve.arm);
        RateLine line{.label = format::shown(curve.arm, 60), .color = look.color, .style = look.style, .dots = {}, .best = curve.best};
        for (const RatePoint& point : curve.points)
            line.dots.push_back({point.rate, point.value, point.low, point.high, point.values, int(point.diverged)});
        if (curve.bestAtEdge && curve.best)
            warnings << (*curve.best == 0 ? tr("%1 did best at the smallest rate tried, %2: a smaller one may be better still.")
                                          : tr("%1 did best at the largest rate tried, %2: a larger one may be better still."))
                            .arg(line.label, rateText(curve.points[*curve.best].rate));
        lines.push_back(std::move(line));
    }
    m_warning->setText(warnings.join(QLatin1Char('\n')));
    m_warning->setVisible(!warnings.isEmpty());
    auto colours = palette();
    colours.setColor(QPalette::WindowText, theme::bad());
    m_warning->setPalette(colours);
    m_plot->setLines(std::move(lines), valueTitle(report));
    fillTable(report);
}

void CompareRates::fillTable(const ComparisonReport& report)
{
    QList<QStringList> rows;
    std::vector<QIcon> icons;
    std::vector<bool> best;
    for (const RateCurve& curve : report.rates) {
        const ArmLook look = armLook(report, curve.arm);
        for (size_t i = 0; i < curve.points.size(); ++i) {
            const RatePoint& point = curve.points[i];
            const auto interval = std::isnan(point.low)
                ? format::number(point.low)
                : tr("%1 to %2").arg(format::number(point.low), format::number(point.high));
            rows << QStringList{curve.best == i ? tr("%1, best").arg(format::shown(curve.arm, 60)) : format::shown(curve.arm, 60),
                rateText(point.rate), format::number(point.value), interval, QString::number(point.values.size()),
                QString::number(point.diverged)};
            icons.push_back(curveSwatch(look.color, look.style));
            best.push_back(curve.best == i);
        }
    }
    m_table->setRows(rows);
    for (int row = 0; row < rows.size(); ++row) {
        m_table->item(row, 0)->setIcon(icons[size_t(row)]);
        if (best[size_t(row)])
            for (int column = 0; column < m_table->columnCount(); ++column)
                m_table->item(row, column)->setFont(theme::headingFont());
        if (m_table->text(row, 5) != QLatin1String("0"))
            m_table->item(row, 5)->setForeground(theme::bad());
    }
}

}  // namespace rankwright
