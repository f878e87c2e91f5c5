// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/spectrum_plot.h"

#include "training/api/spectrum_measures.h"
#include "ui/format.h"
#include "ui/theme.h"

#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr size_t kLegendLines = 3;

Curve curveOf(const SpectrumLine& line, int number)
{
    Curve curve{.id = QStringLiteral("%1/%2").arg(number).arg(format::text(line.spectrum.name)), .label = line.label,
        .color = line.color, .style = line.style, .x = {}, .y = {}};
    for (size_t i = 0; i < line.spectrum.values.size(); ++i) {
        curve.x.push_back(double(i + 1));
        curve.y.push_back(double(line.spectrum.values[i]));
    }
    return curve;
}

}  // namespace

SpectrumPlot::SpectrumPlot(QWidget* parent) : CurvePlot(parent)
{
    setTitles(tr("Singular values"), tr("Position i"), tr("σ(i)"));
    setLogX(true);
    setLogY(true);
}

void SpectrumPlot::setSpectrum(const ModuleSpectrum& spectrum)
{
    setCurves({curveOf({.label = QStringLiteral("σ"), .spectrum = spectrum, .color = theme::seriesColor(1)}, 0)});
    fit();
}

void SpectrumPlot::setLines(const std::vector<SpectrumLine>& lines)
{
    std::vector<Curve> curves;
    for (size_t i = 0; i < lines.size(); ++i)
        curves.push_back(curveOf(lines[i], int(i)));
    const double edge = lines.empty() ? 0 : noiseEdge(lines.front().spectrum);
    if (edge > 0 && !curves.front().x.empty()) {
        curves.push_back({.id = QStringLiteral("edge"), .label = tr("noise edge"),
            .color = theme::secondary(), .style = Qt::DotLine, .x = {1, curves.front().x.back()}, .y = {edge, edge}});
    }
    setTitles(edge > 0 ? tr("Singular values, noise edge %1").arg(format::number(edge, 3)) : tr("Singular values"), tr("Position i"), tr("σ(i)"));
    setLegendVisible(lines.size() <= kLegendLines);   // more would cover the curves; the table beside them has the names too
    setCurves(std::move(curves));
    fit();
}

void SpectrumPlot::setCut(int64_t rank)
{
    setVerticalLine(rank > 0 ? double(rank) : std::numeric_limits<double>::quiet_NaN());
}

}  // namespace rankwright
