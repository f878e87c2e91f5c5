// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The band comes from the report, which knows the statistics; here it is only placed on the chosen axis.
#include "ui/widgets/compare_curves.h"

#include "ui/format.h"
#include "ui/widgets/curve_controls.h"
#include "ui/widgets/curve_points.h"
#include "ui/widgets/headings.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace rankwright {

namespace {

double along(const BandPoint& point, Axis axis)
{
    return axis == Axis::tokens ? point.tokens : axis == Axis::time ? point.seconds : double(point.step);
}

}  // namespace

CompareCurves::CompareCurves(Kind kind, QWidget* parent)
    : QWidget(parent), m_kind(kind), m_series(new QComboBox(this)), m_note(makeNote({}, this)), m_controls(new CurveControls(this)),
      m_plot(new CurvePlot(this))
{
    const bool levels = kind == Kind::levels;
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeChoices());
    auto* row = new QHBoxLayout;
    row->addWidget(m_controls);
    row->addStretch();
    column->addLayout(row);
    column->addWidget(m_note);
    column->addWidget(m_plot, 1);
    m_plot->setObjectName(levels ? "bandPlot" : "bandDifferencePlot");
    m_plot->setLegendVisible(true);
    m_plot->setZeroLine(!levels);
    m_plot->setTitles({}, axisTitle(Axis::step), tr("Loss"));
    m_plot->setAccessibleName(levels ? tr("Mean curves of the arms") : tr("Differences to the baseline"));
    m_controls->drive(m_plot, levels ? CurveControls::Values::positive : CurveControls::Values::anySign);
    connect(m_controls, &CurveControls::axisChanged, this, [this] {
        redraw();
        m_plot->fit();
    });
}

QWidget* CompareCurves::makeChoices()
{
    const bool levels = m_kind == Kind::levels;
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_series->setObjectName(levels ? "bandSeries" : "differenceSeries");
    m_series->setAccessibleName(tr("Which loss"));
    m_series->addItem(tr("Training loss"), "loss");
    m_series->addItem(tr("Evaluation loss"), "evalLoss");
    connect(m_series, &QComboBox::activated, this, [this] {
        m_seriesChosen = true;
        redraw();
        m_plot->fit();
    });
    row->addWidget(m_series);
    if (levels) {
        m_rates = new QComboBox(box);
        m_rates->setObjectName("bandRates");
        m_rates->setAccessibleName(tr("Which learning rates"));
        m_rates->addItems({tr("Best rate of each arm"), tr("All rates")});
        m_singles = new QCheckBox(tr("Single runs"), box);
        m_singles->setObjectName("singleRuns");
        m_singles->setChecked(true);
        setPlainToolTip(m_singles, tr("Every seed's own curve at the best rate, faint behind the mean"));
        connect(m_rates, &QComboBox::activated, this, &CompareCurves::redraw);
        connect(m_singles, &QCheckBox::toggled, this, &CompareCurves::redraw);
        row->addWidget(m_rates);
        row->addWidget(m_singles);
    }
    row->addStretch();
    return box;
}

void CompareCurves::setData(const ComparisonData* shown)
{
    m_data = shown;
    if (shown != nullptr && !m_seriesChosen)
        m_series->setCurrentIndex(m_kind == Kind::differences && shown->report.judge == Judge::evalLoss ? 1 : 0);
    redraw();
}

std::string CompareCurves::series() const
{
    return format::plain(m_series->currentData().toString());
}

Curve CompareCurves::banded(const QString& label, const ArmLook& look, const std::vector<BandPoint>& points) const
{
    Curve curve{.id = label, .label = label, .color = look.color, .style = look.style, .markers = series() == "evalLoss", .x = {}, .y = {}};
    for (const BandPoint& point : points) {
        curve.x.push_back(along(point, m_controls->axis()));
        curve.y.push_back(point.middle);
        if (point.runs < 2)   // one run has no band
            continue;
        curve.low.push_back(point.low);
        curve.high.push_back(point.high);
    }
    return curve;
}

std::vector<Curve> CompareCurves::singles() const
{
    std::vector<Curve> curves;
    for (const ReportCell& cell : m_data->report.cells) {
        const auto single = m_data->smoothedSingles.find(cell.run);
        if (single == m_data->smoothedSingles.end())
            continue;
        Curve curve{.id = format::text(cell.run), .label = tr("%1 seed %2").arg(format::shown(cell.arm, 60)).arg(cell.seed),
            .color = armLook(m_data->report, cell.arm).color, .markers = series() == "evalLoss", .x = {}, .y = {}};
        curve.faint = true;
        fill(curve, single->second.at(series()), m_controls->axis());
        if (!curve.x.empty())
            curves.push_back(std::move(curve));
    }
    return curves;
}

std::vector<Curve> CompareCurves::levels() const
{
    const bool all = m_rates->currentIndex() == 1;
    std::vector<Curve> curves;
    for (const BandCurve& band : m_data->report.curves) {
        const bool shown = all || band.rate == shownRate(m_data->report, band.arm);
        if (band.series != series() || !shown || band.points.empty())
            continue;
        const auto label = tr("%1, rate %2").arg(format::shown(band.arm, 60), rateText(band.rate));
        curves.push_back(banded(label, armLook(m_data->report, band.arm, band.rate), band.points));
        if (all)   // fifteen bands over each other say nothing
            curves.back().low.clear(), curves.back().high.clear();
    }
    if (!all && m_singles->isChecked())
        for (Curve& curve : singles())
            curves.push_back(std::move(curve));
    return curves;
}

std::vector<Curve> CompareCurves::differences() const
{
    std::vector<Curve> curves;
    for (const DifferenceCurve& difference : m_data->report.differences) {
        if (difference.series != series() || difference.points.empty())
            continue;
        const auto label = tr("%1 (%2) − %3 (%4)").arg(format::shown(difference.arm, 60), rateText(difference.rate),
            format::shown(difference.baseline, 60), rateText(difference.baselineRate));
        curves.push_back(banded(label, armLook(m_data->report, difference.arm), difference.points));
    }
    return curves;
}

void CompareCurves::redraw()
{
    const bool levels = m_kind == Kind::levels;
    m_note->setText(levels ? tr("Mean over the seeds with its 95 % bootstrap interval, at the steps that every seed has. Training loss is the mean over the "
                                "last tenth of the planned steps before any smoothing here.")
                           : tr("Each arm at its best rate less the baseline at its own, seed by seed; below zero is better. The band is the "
                                "95 % bootstrap interval of the paired differences."));
    const auto axis = axisTitle(m_controls->axis());
    m_plot->setTitles({}, axis, levels ? m_series->currentText() : tr("Difference of loss"));
    m_plot->setAccessibleName(levels ? tr("Mean curves of the arms") : tr("Differences to the baseline"));
    m_plot->setCurves(m_data == nullptr ? std::vector<Curve>() : levels ? this->levels() : differences());
}

}  // namespace rankwright
