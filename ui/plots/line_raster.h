// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A curve as pixels: for each quarter of a pixel column the least and the greatest y that the line reaches there, widened by a round
// pen, and from four of these the share of each pixel that is covered. That is what an antialiased stroke of a line whose x does not
// fall looks like, and its cost follows from the pixels (docs/adr/0017-the-window-under-load.md has the figures). A band of noise is
// cut into whole columns, whose ends alone are soft. Only for ui/plots/*.cpp.
#pragma once

#include <QColor>
#include <QPointF>
#include <QRect>

#include <array>
#include <cstddef>
#include <vector>

class QPainter;

namespace rankwright::plots {

class LineRaster
{
public:
    enum class Grain { line = 4, band = 1 };      // parts of a pixel column
    // `area`: where lines are seen, in device pixels; `width` of the pen, likewise.
    LineRaster(const QRect& area, double width, Grain grain = Grain::line);
    void add(QPointF from, QPointF to);           // a segment, in device pixels; finite
    // In the painter's logical coordinates, of which one is `scale` device pixels.
    void draw(QPainter& painter, const QColor& color, double scale);

private:
    struct Rows { int top, bottom; };             // [top, bottom)
    void widen();
    [[nodiscard]] Rows covered(int x) const;      // of a column, whole rows that every part covers
    Rows soften(int x, Rows whole);               // the rest into m_cover and m_change; the rows with anything at all
    void fill(int x, unsigned* column, std::ptrdiff_t stride, const std::array<unsigned, 256>& shades);

    QRect m_area;
    double m_radius;
    int m_parts;
    std::vector<float> m_least, m_most;           // a value a part of a column, from the area's top; least > most: no line
    std::vector<float> m_cover, m_change;         // of one column, by row: parts covered, and by how much that changes from here on
};

}  // namespace rankwright::plots
