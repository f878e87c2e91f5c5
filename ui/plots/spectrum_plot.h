// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Singular values against their position, both axes logarithmic: of one matrix, or of several beside each other, with a line at
// the chosen rank and the first one's noise edge.
#pragma once

#include "ui/plots/curve_plot.h"
#include "ui/plots/spectrum_line.h"

namespace rankwright {

class SpectrumPlot : public CurvePlot
{
    Q_OBJECT
public:
    explicit SpectrumPlot(QWidget* parent = nullptr);
    void setSpectrum(const ModuleSpectrum& spectrum);       // alone, without its edge
    void setLines(const std::vector<SpectrumLine>& lines);
    void setCut(int64_t rank);
};

}  // namespace rankwright
