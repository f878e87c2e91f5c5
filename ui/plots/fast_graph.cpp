// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/fast_graph.h"

#include "ui/plots/line_raster.h"

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

// Noise that goes up and down many times a pixel makes a band: dashes could not be told apart in it.
bool isBand(const QVector<QPointF>& line, double width)
{
    double left = kBandLength * width;
    for (qsizetype i = 1; i < line.size() && left > 0; ++i) {
        if (isPoint(line[i - 1]) && isPoint(line[i]))
            left -= std::abs(line[i].x() - line[i - 1].x()) + std::abs(line[i].y() - line[i - 1].y());
    }
    return left <= 0;
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
    if (painter->pen().style() == Qt::NoPen || lines.isEmpty())
        return;
    if (lines.size() == 1) {   // a curve that has just begun: a line of it has no length
        QCPScatterStyle dot(QCPScatterStyle::ssDisc, 3 * painter->pen().widthF() + 2);
        return QCPGraph::drawScatterPlot(painter, isPoint(lines[0]) ? lines : QVector<QPointF>(), dot);
    }
    const bool band = isBand(lines, clipRect().width());
    const QVector<double> pattern = band ? QVector<double>() : patternOf(painter->pen().style());
    const QColor color = painter->pen().color();
    const double width = band ? 1 : painter->pen().widthF();
    if (painter->modes().testFlag(QCPPainter::pmVectorized)) {
        applyDefaultAntialiasingHint(painter);
        painter->setPen(QPen(color, width, Qt::SolidLine, Qt::RoundCap));
        painter->drawLines(dashes(lines, pattern));
        return;
    }
    const double scale = painter->deviceTransform().m11();
    const QRect area = QRectF(QPointF(clipRect().topLeft()) * scale, QSizeF(clipRect().size()) * scale).toAlignedRect();
    LineRaster raster(area, width * scale, band ? LineRaster::Grain::band : LineRaster::Grain::line);
    if (pattern.isEmpty()) {
        for (qsizetype i = 1; i < lines.size(); ++i)
            if (isPoint(lines[i - 1]) && isPoint(lines[i]))
                raster.add(lines[i - 1] * scale, lines[i] * scale);
    } else {
        for (const QLineF& piece : dashes(lines, pattern))
            raster.add(piece.p1() * scale, piece.p2() * scale);
    }
    raster.draw(*painter, color, scale);
}

// One picture of the marker, drawn many times: a tenth of the time of as many discs.
void FastGraph::drawScatterPlot(QCPPainter* painter, const QVector<QPointF>& scatters, const QCPScatterStyle& style) const
{
    constexpr qsizetype kFew = 8;
    if (scatters.size() < kFew || painter->modes().testFlag(QCPPainter::pmVectorized))
        return QCPGraph::drawScatterPlot(painter, scatters, style);
    const double scale = painter->deviceTransform().m11();
    const int size = int(std::ceil(style.size())) + 4;
    QPixmap marker(QSize(size, size) * scale);
    marker.setDevicePixelRatio(scale);
    marker.fill(Qt::transparent);
    QCPPainter one(&marker);
    applyScattersAntialiasingHint(&one);
    style.applyTo(&one, mPen);
    style.drawShape(&one, QPointF(size, size) / 2);
    one.end();
    for (const QPointF& at : scatters) {
        if (isPoint(at))   // on whole device pixels: a picture between them is blurred, and four times as slow
            painter->drawPixmap(QPointF(std::round((at.x() - size / 2.0) * scale), std::round((at.y() - size / 2.0) * scale)) / scale, marker);
    }
}

}  // namespace rankwright::plots
