// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A QCPGraph whose line is drawn by LineRaster on a screen and in pictures: Qt's stroker takes a second for a noisy line of 4,000
// points as one shape, and 45 ms a frame for 20 curves as separate segments. On paper (a vector painter) the line is cut into
// segments. Dashes are cut here. Only for ui/plots/*.cpp.
#pragma once

#include <qcustomplot.h>

namespace rankwright::plots {

class FastGraph : public QCPGraph
{
public:
    FastGraph(QCPAxis* x, QCPAxis* y) : QCPGraph(x, y) { setAdaptiveSampling(false); }

protected:
    void drawLinePlot(QCPPainter* painter, const QVector<QPointF>& lines) const override;
    void drawScatterPlot(QCPPainter* painter, const QVector<QPointF>& scatters, const QCPScatterStyle& style) const override;
};

// Cuts a line (NaN: a gap) into the dashes of `pattern`: on, off, on, ... in pixels; an empty pattern: one piece a
// segment.
[[nodiscard]] QVector<QLineF> dashes(const QVector<QPointF>& line, const QVector<double>& pattern);

}  // namespace rankwright::plots
