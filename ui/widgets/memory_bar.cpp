// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/memory_bar.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QPainter>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kMarks = 8, kBar = 14, kGap = 6, kSwatch = 8;   // pixels: marks above, the bar, the legend's distance

// The hues are seven; what is smallest comes last and shares the grey.
QColor colorOf(size_t part)
{
    return part < 7 ? theme::seriesColor(int(part)) : theme::secondary();
}

}  // namespace

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent)
{
    setFont(theme::smallFont());
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setSizePolicy(policy);
    setAccessibleName(tr("Memory at the peak, by parts"));
}

void MemoryBar::setEstimate(const Estimate& estimate, std::vector<int64_t> measuredPeaks)
{
    m_parts = estimate.parts;
    const double factor = estimate.uncalibratedBytes > 0 ? double(estimate.peakBytes) / double(estimate.uncalibratedBytes) : 1;
    for (MemoryPart& part : m_parts)
        part.bytes = int64_t(double(part.bytes) * factor);
    std::erase_if(m_parts, [](const MemoryPart& part) { return part.bytes <= 0; });
    std::ranges::stable_sort(m_parts, std::greater(), &MemoryPart::bytes);
    m_measured = std::move(measuredPeaks);
    m_peak = estimate.peakBytes;
    m_free = estimate.memoryBytes;
    m_fits = estimate.fits;
    QStringList said;
    for (const MemoryPart& part : m_parts)
        said << tr("%1: %2").arg(format::shown(part.title), format::bytes(part.bytes));
    if (m_free > 0)
        said << tr("free on this machine: %1").arg(format::bytes(m_free));
    for (const int64_t peak : m_measured)
        said << tr("measured peak of a past run: %1").arg(format::bytes(peak));
    setAccessibleDescription(said.join(QStringLiteral("; ")));
    setPlainToolTip(this, said.join('\n'));
    updateGeometry();
    update();
}

void MemoryBar::clear()
{
    setEstimate(Estimate{}, {});
}

QSize MemoryBar::sizeHint() const
{
    const int line = QFontMetrics(font()).height() + 2;
    const int lines = (int(m_parts.size()) + 1) / 2 + (m_free > 0 ? 1 : 0);
    return {200, kMarks + kBar + kGap + lines * line};
}

double MemoryBar::scale() const
{
    double most = double(std::max(m_peak, m_free));
    for (const int64_t peak : m_measured)
        most = std::max(most, double(peak));
    return std::max(most * 1.02, 1.0);
}

void MemoryBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double pixels = width() / scale();
    painter.fillRect(QRectF(0, kMarks, width(), kBar), theme::grid());
    double x = 0;
    for (size_t i = 0; i < m_parts.size(); ++i) {
        const double wide = double(m_parts[i].bytes) * pixels;
        painter.fillRect(QRectF(x, kMarks, wide, kBar), colorOf(i));
        x += wide;
    }
    const QColor ink = palette().color(QPalette::WindowText);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ink);
    for (const int64_t peak : m_measured) {   // a small triangle pointing at the bar
        const double at = std::clamp(double(peak) * pixels, 4.0, width() - 4.0);
        painter.drawPolygon(QPolygonF({{at - 4, 0}, {at + 4, 0}, {at, double(kMarks - 1)}}));
    }
    if (m_free > 0)
        painter.fillRect(QRectF(double(m_free) * pixels - 1, kMarks - 3, 2, kBar + 6), m_fits ? ink : theme::bad());
    const QFontMetrics metrics(font());
    const int line = metrics.height() + 2, column = width() / 2;
    int y = kMarks + kBar + kGap;
    for (size_t i = 0; i < m_parts.size(); ++i) {
        const int left = i % 2 == 0 ? 0 : column + 4;
        painter.fillRect(QRect(left, y + (line - kSwatch) / 2, kSwatch, kSwatch), colorOf(i));
        painter.setPen(ink);
        const auto amount = format::bytes(m_parts[i].bytes);
        const int room = column - kSwatch - 12 - metrics.horizontalAdvance(amount) - 8;
        const QRect place(left + kSwatch + 6, y, column - kSwatch - 12, line);
        painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter,
            metrics.elidedText(format::shown(m_parts[i].title), Qt::ElideRight, room));
        painter.drawText(place, Qt::AlignRight | Qt::AlignVCenter, amount);
        if (i % 2 == 1)
            y += line;
    }
    if (m_parts.size() % 2 == 1)
        y += line;
    if (m_free > 0) {
        painter.setPen(m_fits ? theme::secondary() : theme::bad());
        auto text = tr("│ %1 free").arg(format::bytes(m_free));
        if (!m_measured.empty())
            text += m_measured.size() == 1 ? tr("  ·  ▾ measured in the newest run")
                                           : tr("  ·  ▾ measured in the newest %n", nullptr, int(m_measured.size()));
        painter.drawText(QRect(0, y, width(), line), Qt::AlignLeft | Qt::AlignVCenter,
            metrics.elidedText(text, Qt::ElideRight, width()));
    }
}

}  // namespace rankwright
