// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/line_raster.h"

#include <QImage>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rankwright::plots {

namespace {

constexpr float kNone = std::numeric_limits<float>::infinity();
constexpr int kStrip = 64;   // columns drawn with one image: a falling curve's images then hold little beside it

}  // namespace

LineRaster::LineRaster(const QRect& area, double width, Grain grain)
    : m_area(area), m_radius(std::max(width, 1.0) / 2), m_parts(int(grain)), m_least(size_t(std::max(area.width(), 0)) * size_t(m_parts), kNone),
      m_most(m_least.size(), -kNone),
      m_cover(size_t(std::max(area.height(), 0)) + 2), m_change(m_cover.size() + 1)
{
}

void LineRaster::add(QPointF from, QPointF to)
{
    if (from.x() > to.x())
        std::swap(from, to);
    const double x0 = (from.x() - m_area.left()) * m_parts, x1 = (to.x() - m_area.left()) * m_parts;
    const double y0 = from.y() - m_area.top(), y1 = to.y() - m_area.top();
    const auto columns = double(m_least.size());
    if (x1 < 0 || x0 >= columns)
        return;
    const auto take = [this](size_t column, double a, double b) {
        m_least[column] = std::min(m_least[column], float(std::min(a, b)));
        m_most[column] = std::max(m_most[column], float(std::max(a, b)));
    };
    const auto first = size_t(std::max(0.0, std::floor(x0))), last = size_t(std::min(columns - 1, std::floor(x1)));
    if (first == last && x0 >= 0 && x1 < columns)
        return take(first, y0, y1);
    const double slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
    const auto at = [&](double x) { return x <= x0 ? y0 : x >= x1 ? y1 : y0 + (x - x0) * slope; };
    double left = at(double(first));
    for (size_t column = first; column <= last; ++column) {
        const double right = at(double(column + 1));
        take(column, left, right);
        left = right;
    }
}

// The sum of the line and a disc: what lies d to the side reaches sqrt(r^2 - d^2) up and down.
void LineRaster::widen()
{
    const std::vector<float> least = m_least, most = m_most;
    const int reach = int(std::ceil(m_radius * m_parts)) - 1;   // where the disc ends it adds nothing
    const auto columns = int(least.size());
    for (int side = -reach; side <= reach; ++side) {
        const double away = double(side) / m_parts;
        const auto more = float(std::sqrt(std::max(0.0, m_radius * m_radius - away * away)));
        const int from = std::max(0, -side), to = std::min(columns, columns - side);
        for (int i = from; i < to; ++i) {
            const float low = least[size_t(i + side)] - more, high = most[size_t(i + side)] + more;
            m_least[size_t(i)] = side == -reach ? low : std::min(m_least[size_t(i)], low);
            m_most[size_t(i)] = side == -reach ? high : std::max(m_most[size_t(i)], high);
        }
    }
}

LineRaster::Rows LineRaster::covered(int x) const
{
    float top = 0, bottom = float(m_area.height());
    for (int part = x * m_parts; part < (x + 1) * m_parts; ++part) {
        top = std::max(top, m_least[size_t(part)]);
        bottom = std::min(bottom, m_most[size_t(part)]);
    }
    return top < bottom ? Rows{int(std::ceil(top)), int(bottom)} : Rows{0, 0};
}

LineRaster::Rows LineRaster::soften(int x, Rows whole)
{
    const auto height = float(m_area.height());
    Rows any{m_area.height(), 0};
    const auto add = [&](float from, float to) {
        if (!(from < to))
            return;
        const auto first = int(from), last = int(to);   // last may be the row below the area, where nothing is added
        any = {std::min(any.top, first), std::max(any.bottom, std::min(last + 1, m_area.height()))};
        if (first == last) {
            m_cover[size_t(first)] += to - from;
            return;
        }
        m_cover[size_t(first)] += float(first + 1) - from;
        m_cover[size_t(last)] += to - float(last);
        m_change[size_t(first + 1)] += 1;
        m_change[size_t(last)] -= 1;
    };
    for (int part = x * m_parts; part < (x + 1) * m_parts; ++part) {
        const float from = std::max(m_least[size_t(part)], 0.0f), to = std::min(m_most[size_t(part)], height);
        if (whole.top < whole.bottom) {
            add(from, float(whole.top));
            add(float(whole.bottom), to);
        } else {
            add(from, to);
        }
    }
    return whole.top < whole.bottom ? Rows{std::min(any.top, whole.top), std::max(any.bottom, whole.bottom)} : any;
}

void LineRaster::draw(QPainter& painter, const QColor& color, double scale)
{
    widen();
    std::array<QRgb, 256> shades{};
    for (int i = 0; i < 256; ++i)
        shades[size_t(i)] = qPremultiply(qRgba(color.red(), color.green(), color.blue(), i * color.alpha() / 255));
    const int width = m_area.width(), height = m_area.height();
    QImage strip(kStrip, std::max(height, 1), QImage::Format_ARGB32_Premultiplied);
    strip.setDevicePixelRatio(scale);
    auto* pixels = reinterpret_cast<QRgb*>(strip.bits());
    const auto stride = strip.bytesPerLine() / qsizetype(sizeof(QRgb));
    for (int left = 0; left < width; left += kStrip) {
        const int right = std::min(width, left + kStrip);
        const auto least = std::min_element(m_least.begin() + left * m_parts, m_least.begin() + right * m_parts);
        const auto most = std::max_element(m_most.begin() + left * m_parts, m_most.begin() + right * m_parts);
        const int top = int(std::clamp(*least, 0.0f, float(height))), bottom = int(std::ceil(std::clamp(*most, 0.0f, float(height))));
        if (top >= bottom)
            continue;
        std::fill(pixels + top * stride, pixels + bottom * stride, QRgb(0));
        for (int x = left; x < right; ++x)
            fill(x, pixels + (x - left), stride, shades);
        const QRectF target(QPointF(m_area.left() + left, m_area.top() + top) / scale, QSizeF(right - left, bottom - top) / scale);
        painter.drawImage(target, strip, QRectF(0, top, right - left, bottom - top));
    }
}

// `column`: its pixel in the area's first row.
void LineRaster::fill(int x, unsigned* column, std::ptrdiff_t stride, const std::array<unsigned, 256>& shades)
{
    const Rows whole = covered(x), any = soften(x, whole);
    const float unit = 255.0f / float(m_parts);
    const auto soft = [&](int from, int to) {
        float parts = 0;
        for (int y = from; y < to; ++y) {
            parts += m_change[size_t(y)];
            column[y * stride] = shades[size_t(std::min((parts + m_cover[size_t(y)]) * unit + 0.5f, 255.0f))];
        }
        if (from < to) {
            std::fill(m_cover.begin() + from, m_cover.begin() + to + 1, 0.0f);
            std::fill(m_change.begin() + from, m_change.begin() + to + 1, 0.0f);
        }
    };
    if (whole.top >= whole.bottom)
        return soft(any.top, any.bottom);
    soft(any.top, whole.top);
    soft(whole.bottom, any.bottom);
    for (int y = whole.top; y < whole.bottom; ++y)
        column[y * stride] = shades[255];
}

}  // namespace rankwright::plots
