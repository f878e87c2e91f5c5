// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/spectrum_plot.h"

#include "ui/format.h"
#include "ui/theme.h"

#include <cmath>
#include <limits>

namespace rankwright {

SpectrumPlot::SpectrumPlot(QWidget* parent) : CurvePlot(parent)
{
    setTitles(tr("Singular values"), tr("Position i"), tr("σ(i)"));
    setLogX(true);
    setLogY(true);
}

void SpectrumPlot::setSpectrum(const ModuleSpectrum& spectrum)
{
    Curve curve{.id = format::text(spectrum.name), .label = QStringLiteral("σ"), .color = theme::methodColor("pissa"),
        .x = {}, .y = {}};
    for (size_t i = 0; i < spectrum.values.size(); ++i) {
        curve.x.push_back(double(i + 1));
        curve.y.push_back(double(spectrum.values[i]));
    }
    setCurves({std::move(curve)});
    fit();
}

void SpectrumPlot::setCut(int64_t rank)
{
    setVerticalLine(rank > 0 ? double(rank) : std::numeric_limits<double>::quiet_NaN());
}

}  // namespace rankwright
