// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A QCPGraph that draws its line as separate segments. Qt's raster engine strokes one long antialiased polyline as a
// single shape, which for 4,000 noisy points takes a second; the same segments one by one take 9 ms. Dashes are cut
// here for the same reason. Only for ui/plots/*.cpp.
#pragma once

#include <qcustomplot.h>

namespace rankwright::plots {

class FastGraph : public QCPGraph
{
public:
    FastGraph(QCPAxis* x, QCPAxis* y) : QCPGraph(x, y) { setAdaptiveSampling(false); }

protected:
    void drawLinePlot(QCPPainter* painter, const QVector<QPointF>& lines) const override;
};

// Cuts a line (NaN: a gap) into the dashes of `pattern`: on, off, on, ... in pixels; an empty pattern: one piece a
// segment.
[[nodiscard]] QVector<QLineF> dashes(const QVector<QPointF>& line, const QVector<double>& pattern);

}  // namespace rankwright::plots
