// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What CurvePlot draws beside its curves: the crosshair with its read-out (on a layer of its own, so that moving the
// mouse repaints no curve), red ticks where a value was not a number, and the words of an empty chart. Only for
// ui/plots/*.cpp.
#pragma once

#include <qcustomplot.h>

#include <cmath>
#include <limits>

namespace rankwright::plots {

struct ReadOut { QString label; QColor color; double x = 0, y = 0; };

class Crosshair : public QCPLayerable
{
public:
    Crosshair(QCustomPlot* plot, const QString& layerName) : QCPLayerable(plot, layerName) {}
    void show(double x, QString heading, std::vector<ReadOut> values);
    void hide() { m_x = std::numeric_limits<double>::quiet_NaN(); }
    [[nodiscard]] bool isShown() const { return !std::isnan(m_x); }

protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override { painter->setAntialiasing(true); }
    void draw(QCPPainter* painter) override;

private:
    double m_x = std::numeric_limits<double>::quiet_NaN();
    QString m_heading;
    std::vector<ReadOut> m_values;
};

class AxisTicks : public QCPLayerable
{
public:
    AxisTicks(QCustomPlot* plot, const QString& layerName) : QCPLayerable(plot, layerName) {}
    std::vector<double> positions;
    QString emptyText;

protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override { painter->setAntialiasing(false); }
    void draw(QCPPainter* painter) override;
};

}  // namespace rankwright::plots
