// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The singular values of one matrix against their position, both axes logarithmic, with a line at the chosen rank.
#pragma once

#include "training/api/events.h"
#include "ui/plots/curve_plot.h"

namespace rankwright {

class SpectrumPlot : public CurvePlot
{
    Q_OBJECT
public:
    explicit SpectrumPlot(QWidget* parent = nullptr);
    void setSpectrum(const ModuleSpectrum& spectrum);
    void setCut(int64_t rank);  // 0: no line
};

}  // namespace rankwright
