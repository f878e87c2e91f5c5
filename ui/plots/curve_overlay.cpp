// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/curve_overlay.h"

#include "ui/format.h"
#include "ui/theme.h"

namespace rankwright::plots {

void Crosshair::show(double x, QString heading, std::vector<ReadOut> values)
{
    m_x = x;
    m_heading = std::move(heading);
    m_values = std::move(values);
}

void Crosshair::draw(QCPPainter* painter)
{
    if (!isShown())
        return;
    const QCPAxisRect* rect = mParentPlot->axisRect();
    const double x = mParentPlot->xAxis->coordToPixel(m_x);
    painter->setClipRect(rect->rect());
    painter->setPen(QPen(theme::secondary(), 1));
    painter->drawLine(QPointF(x, rect->top()), QPointF(x, rect->bottom()));

    const QFontMetrics metrics(theme::smallFont());
    int width = metrics.horizontalAdvance(m_heading);
    std::vector<std::pair<QString, QString>> lines;
    for (const ReadOut& value : m_values) {
        const QPointF at(mParentPlot->xAxis->coordToPixel(value.x), mParentPlot->yAxis->coordToPixel(value.y));
        if (!std::isnan(value.y)) {
            painter->setPen(QPen(QApplication::palette().color(QPalette::Base), 1));
            painter->setBrush(value.color);
            painter->drawEllipse(at, 4, 4);
        }
        lines.emplace_back(metrics.elidedText(value.label, Qt::ElideMiddle, 180), format::number(value.y));
        width = std::max(width, 16 + metrics.horizontalAdvance(lines.back().first) + 12
                + metrics.horizontalAdvance(lines.back().second));
    }
    const int step = metrics.height() + 2;
    const QSizeF size(width + 16, step * double(lines.size() + 1) + 10);
    const bool left = x + 12 + size.width() > rect->right();
    const QRectF box(QPointF(left ? x - 12 - size.width() : x + 12, rect->top() + 8), size);
    QColor ground = QApplication::palette().color(QPalette::Base);
    ground.setAlpha(235);
    painter->setPen(QPen(theme::grid(), 1));
    painter->setBrush(ground);
    painter->drawRect(box);
    painter->setFont(theme::smallFont());
    painter->setPen(theme::secondary());
    double y = box.top() + 5 + metrics.ascent();
    painter->drawText(QPointF(box.left() + 8, y), m_heading);
    for (size_t i = 0; i < lines.size(); ++i) {
        y += step;
        painter->fillRect(QRectF(box.left() + 8, y - metrics.ascent() / 2.0 - 2, 10, 4), m_values[i].color);
        painter->setPen(QApplication::palette().color(QPalette::Text));
        painter->drawText(QPointF(box.left() + 24, y), lines[i].first);
        painter->drawText(QPointF(box.right() - 8 - metrics.horizontalAdvance(lines[i].second), y), lines[i].second);
    }
}

void AxisTicks::draw(QCPPainter* painter)
{
    const QCPAxisRect* rect = mParentPlot->axisRect();
    if (!emptyText.isEmpty()) {
        painter->setFont(theme::smallFont());
        painter->setPen(theme::secondary());
        QRect words = QFontMetrics(theme::smallFont()).boundingRect(emptyText);
        words.moveCenter(rect->center());
        painter->fillRect(words.adjusted(-6, -3, 6, 3), QApplication::palette().color(QPalette::Base));
        painter->drawText(rect->rect(), Qt::AlignCenter, emptyText);
    }
    painter->setPen(QPen(theme::bad(), 2));
    for (const double position : positions) {
        const double x = mParentPlot->xAxis->coordToPixel(position);
        if (x >= rect->left() && x <= rect->right())
            painter->drawLine(QPointF(x, rect->bottom() - 8), QPointF(x, rect->bottom()));
    }
}

}  // namespace rankwright::plots
