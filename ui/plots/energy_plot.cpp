// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/energy_plot.h"

#include "training/api/rank_plan.h"
#include "training/api/spectrum_measures.h"
#include "ui/format.h"
#include "ui/theme.h"

#include <QKeyEvent>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

EnergyPlot::EnergyPlot(QWidget* parent) : CurvePlot(parent)
{
    setTitles(tr("Energy captured"), tr("Rank r"), tr("Share of the squared norm"));
    setLegendVisible(false);   // the colours are those of the singular values beside it
    setVerticalLineDraggable(true);
    setToolTip(tr("Drag the line, or use the arrow keys, to choose this matrix's rank"));
    connect(this, &CurvePlot::lineMoved, this, [this](double x) {
        setCut(nearest(x));
        emit cutMoved(m_cut);
    });
    connect(this, &CurvePlot::lineReleased, this, [this] { emit cutChosen(m_cut); });
}

void EnergyPlot::setSpectrum(const ModuleSpectrum& spectrum)
{
    setLines({{.label = tr("energy"), .spectrum = spectrum, .color = theme::seriesColor(1)}});
}

void EnergyPlot::setLines(const std::vector<SpectrumLine>& lines)
{
    m_spectrum = lines.empty() ? ModuleSpectrum() : lines.front().spectrum;
    std::vector<Curve> curves;
    for (const SpectrumLine& line : lines) {
        Curve curve{.id = QStringLiteral("%1/%2").arg(curves.size()).arg(format::text(line.spectrum.name)), .label = line.label,
            .color = line.color, .style = line.style, .x = {0}, .y = {0}};
        for (const double share : cumulativeEnergy(line.spectrum)) {
            curve.x.push_back(double(curve.x.size()));
            curve.y.push_back(share);
        }
        curves.push_back(std::move(curve));
    }
    setCurves(std::move(curves));
    fit();
    setCut(m_cut);
}

void EnergyPlot::setCut(int64_t rank)
{
    m_cut = rank;
    if (m_spectrum.values.empty()) {
        setVerticalLine(std::numeric_limits<double>::quiet_NaN());
        return;
    }
    setVerticalLine(double(rank));
    setVerticalLineText(
        tr("r = %1 · %2 %").arg(rank).arg(format::number(100 * capturedEnergy(m_spectrum, rank), 1)));
}

int64_t EnergyPlot::nearest(double x) const
{
    return std::clamp<int64_t>(std::llround(x), 0, int64_t(m_spectrum.values.size()));
}

void EnergyPlot::keyPressEvent(QKeyEvent* event)
{
    int64_t step = 0;
    switch (event->key()) {
    case Qt::Key_Left:
        step = -1;
        break;
    case Qt::Key_Right:
        step = 1;
        break;
    case Qt::Key_PageDown:
        step = -8;
        break;
    case Qt::Key_PageUp:
        step = 8;
        break;
    default:
        CurvePlot::keyPressEvent(event);
        return;
    }
    if (m_spectrum.values.empty())
        return;
    setCut(nearest(double(m_cut + step)));
    emit cutMoved(m_cut);
    emit cutChosen(m_cut);
}

}  // namespace rankwright
