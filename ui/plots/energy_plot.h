// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Share of the squared Frobenius norm that the first r singular values hold, against r, with a rank cut that can be
// dragged or moved with the arrow keys (Page Up and Page Down: by 8).
#pragma once

#include "ui/plots/curve_plot.h"
#include "ui/plots/spectrum_line.h"

namespace rankwright {

class EnergyPlot : public CurvePlot
{
    Q_OBJECT
public:
    explicit EnergyPlot(QWidget* parent = nullptr);
    void setSpectrum(const ModuleSpectrum& spectrum);
    void setLines(const std::vector<SpectrumLine>& lines);   // the cut is the first one's
    void setCut(int64_t rank);
    [[nodiscard]] int64_t cut() const { return m_cut; }

signals:
    void cutMoved(qint64 rank);    // while it moves
    void cutChosen(qint64 rank);   // let go

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    [[nodiscard]] int64_t nearest(double x) const;
    ModuleSpectrum m_spectrum;
    int64_t m_cut = 0;
};

}  // namespace rankwright
