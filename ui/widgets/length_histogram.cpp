// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Bars of equal width in tokens (1, 2 or 5 times a power of ten), about forty of them; bars past the cut are hatched.
#include "ui/widgets/length_histogram.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr int64_t kBins = 40;

int64_t niceWidth(int64_t longest)
{
    int64_t power = 1;
    while (true) {
        for (const int64_t factor : {1, 2, 5})
            if (longest / (factor * power) < kBins)
                return factor * power;
        power *= 10;
    }
}

}  // namespace

LengthHistogram::LengthHistogram(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Histogram of row lengths in tokens"));
    setFont(theme::smallFont());
}

void LengthHistogram::setLengths(std::vector<int64_t> lengths, int64_t cutAt)
{
    m_cutAt = cutAt;
    m_bins.clear();
    if (!lengths.empty()) {
        std::sort(lengths.begin(), lengths.end());
        const int64_t longest = std::max<int64_t>(lengths.back(), 1);
        m_binWidth = niceWidth(longest);
        m_bins.assign(size_t(longest / m_binWidth + 1), 0);
        for (const int64_t length : lengths)
            ++m_bins[size_t(std::max<int64_t>(length, 0) / m_binWidth)];
        setAccessibleDescription(tr("%1 rows; shortest %2, median %3, longest %4 tokens")
            .arg(format::count(int64_t(lengths.size())), format::count(lengths.front()),
                format::count(lengths[lengths.size() / 2]), format::count(longest)));
    }
    update();
}

QRect LengthHistogram::plotArea() const
{
    const int line = fontMetrics().height();
    return rect().adjusted(0, line + 2, 0, -line - 4);
}

int LengthHistogram::binAt(int x) const
{
    const QRect area = plotArea();
    if (m_bins.empty() || x < area.left() || x > area.right())
        return -1;
    return std::min(int(int64_t(x - area.left()) * int64_t(m_bins.size()) / area.width()), int(m_bins.size()) - 1);
}

void LengthHistogram::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const QRect area = plotArea();
    const auto quiet = palette().color(QPalette::PlaceholderText);
    painter.setPen(palette().color(QPalette::Mid));
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    if (m_bins.empty())
        return;
    const auto most = *std::max_element(m_bins.begin(), m_bins.end());
    const double step = double(area.width()) / double(m_bins.size());
    for (size_t i = 0; i < m_bins.size(); ++i) {
        if (m_bins[i] == 0)
            continue;
        const double height = std::max(1.0, double(m_bins[i]) / double(most) * area.height());
        const QRectF bar(area.left() + double(i) * step, area.bottom() - height, std::max(1.0, step - 1), height);
        const bool cut = m_cutAt > 0 && int64_t(i) * m_binWidth >= m_cutAt;
        painter.fillRect(bar, cut ? QBrush(theme::accent(), Qt::BDiagPattern) : QBrush(theme::accent()));
    }
    const double perToken = step / double(m_binWidth);
    const double cutX = area.left() + double(m_cutAt) * perToken;
    painter.setPen(quiet);
    painter.drawText(QRect(0, 0, width(), area.top()), Qt::AlignLeft | Qt::AlignTop,
        tr("up to %1 rows").arg(format::count(most)));
    const auto longest = int64_t(m_bins.size()) * m_binWidth;
    painter.drawText(QRect(0, area.bottom() + 3, width(), height()), Qt::AlignLeft, QStringLiteral("0"));
    painter.drawText(
        QRect(0, area.bottom() + 3, width(), height()), Qt::AlignRight, tr("%1 tokens").arg(format::count(longest)));
    painter.drawText(QRect(0, area.bottom() + 3, width(), height()), Qt::AlignHCenter, format::count(longest / 2));
    if (m_cutAt > 0 && cutX <= area.right()) {
        painter.setPen(QPen(palette().color(QPalette::WindowText), 1, Qt::DashLine));
        painter.drawLine(QPointF(cutX, area.top() - 2), QPointF(cutX, area.bottom()));
        const auto text = tr("cut at %1").arg(format::count(m_cutAt));
        const int room = fontMetrics().horizontalAdvance(text) + 8;
        const int x = std::clamp(int(cutX) - room / 2, 0, std::max(0, width() - room));
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(QRect(x, 0, room, area.top()), Qt::AlignHCenter | Qt::AlignTop, text);
    }
}

bool LengthHistogram::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const int bin = binAt(help->pos().x());
    if (bin < 0) {
        QToolTip::hideText();
        return true;
    }
    const auto from = bin * m_binWidth;
    const auto text
        = tr("%1 to %2 tokens: %3 rows")
              .arg(format::count(from), format::count(from + m_binWidth - 1), format::count(m_bins[size_t(bin)]));
    QToolTip::showText(help->globalPos(), QStringLiteral("<qt>%1</qt>").arg(plainMessage(text)), this);
    return true;
}

}  // namespace rankwright
