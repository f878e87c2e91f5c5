// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/energy_plot.h"

#include "training/api/rank_plan.h"
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
    m_spectrum = spectrum;
    Curve curve{.id = format::text(spectrum.name), .label = tr("energy"), .color = theme::methodColor("lora"),
        .x = {0}, .y = {0}};
    double sum = 0;
    for (size_t i = 0; i < spectrum.values.size(); ++i) {
        sum += double(spectrum.values[i]) * double(spectrum.values[i]);
        curve.x.push_back(double(i + 1));
        curve.y.push_back(spectrum.energy > 0 ? std::min(1.0, sum / spectrum.energy) : 0);
    }
    setCurves({std::move(curve)});
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
