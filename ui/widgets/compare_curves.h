// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Curves of a comparison: the mean of each arm over seeds with its band, single runs faint behind it; or each arm less the baseline.
#pragma once

#include "ui/models/comparison_data.h"
#include "ui/plots/curve_plot.h"

#include <QWidget>

class QCheckBox;
class QComboBox;

namespace rankwright {

class CurveControls;
class PlainLabel;

class CompareCurves : public QWidget
{
    Q_OBJECT
public:
    enum class Kind { levels, differences };
    explicit CompareCurves(Kind kind, QWidget* parent = nullptr);
    void setData(const ComparisonData* data);   // null: nothing. Kept by the caller until the next call.

private:
    QWidget* makeChoices();
    void redraw();
    [[nodiscard]] std::vector<Curve> levels() const;
    [[nodiscard]] std::vector<Curve> differences() const;
    [[nodiscard]] std::vector<Curve> singles() const;
    [[nodiscard]] Curve banded(const QString& label, const ArmLook& look, const std::vector<BandPoint>& points) const;
    [[nodiscard]] std::string series() const;

    Kind m_kind;
    const ComparisonData* m_data = nullptr;
    bool m_seriesChosen = false;                // by the person: else it follows what the comparison is judged by
    QComboBox* m_series;                        // "bandSeries" / "differenceSeries"
    QComboBox* m_rates = nullptr;               // "bandRates"
    QCheckBox* m_singles = nullptr;             // "singleRuns"
    PlainLabel* m_note;
    CurveControls* m_controls;
    CurvePlot* m_plot;                          // "bandPlot" / "bandDifferencePlot"
};

}  // namespace rankwright
