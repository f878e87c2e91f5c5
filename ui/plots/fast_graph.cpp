// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/fast_graph.h"

#include <cmath>

namespace rankwright::plots {

namespace {

QVector<double> patternOf(Qt::PenStyle style)
{
    switch (style) {
    case Qt::DashLine:
        return {8, 5};
    case Qt::DotLine:
        return {2, 4};
    case Qt::DashDotLine:
        return {8, 4, 2, 4};
    default:
        return {};
    }
}

// Of a line, in widths of the chart, from which on it is drawn as a band.
constexpr double kBandLength = 12;

bool isPoint(const QPointF& point)
{
    return std::isfinite(point.x()) && std::isfinite(point.y());
}

double pathLength(const QVector<QPointF>& line)
{
    double length = 0;
    for (qsizetype i = 1; i < line.size(); ++i) {
        if (isPoint(line[i - 1]) && isPoint(line[i]))
            length += std::hypot(line[i].x() - line[i - 1].x(), line[i].y() - line[i - 1].y());
    }
    return length;
}

}  // namespace

QVector<QLineF> dashes(const QVector<QPointF>& line, const QVector<double>& pattern)
{
    QVector<QLineF> pieces;
    pieces.reserve(line.size());
    qsizetype part = 0;
    double left = pattern.isEmpty() ? 0 : pattern[0];
    for (qsizetype i = 1; i < line.size(); ++i) {
        if (!isPoint(line[i - 1]) || !isPoint(line[i]))
            continue;
        if (pattern.isEmpty()) {
            pieces.append({line[i - 1], line[i]});
            continue;
        }
        const QPointF way = line[i] - line[i - 1];
        const double length = std::hypot(way.x(), way.y());
        for (double at = 0; at < length;) {
            const double step = std::min(left, length - at);
            if (part % 2 == 0)
                pieces.append({line[i - 1] + way * (at / length), line[i - 1] + way * ((at + step) / length)});
            at += step;
            left -= step;
            if (left <= 1e-9) {
                part = (part + 1) % pattern.size();
                left = pattern[part];
            }
        }
    }
    return pieces;
}

void FastGraph::drawLinePlot(QCPPainter* painter, const QVector<QPointF>& lines) const
{
    if (painter->pen().style() == Qt::NoPen || lines.size() < 2)
        return;
    applyDefaultAntialiasingHint(painter);
    QPen pen(painter->pen().color(), painter->pen().widthF(), Qt::SolidLine, Qt::RoundCap);
    // Noise that goes up and down many times a pixel makes a band: its edge needs no antialiasing, and dashes could not be
    // told apart in it.
    const bool band = pathLength(lines) > kBandLength * clipRect().width();
    if (band) {
        painter->setAntialiasing(false);
        pen.setWidthF(1);
    }
    const QVector<QLineF> pieces = dashes(lines, band ? QVector<double>() : patternOf(painter->pen().style()));
    painter->setPen(pen);
    painter->drawLines(pieces);
}

}  // namespace rankwright::plots
