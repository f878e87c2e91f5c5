// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/label_bars.h"

#include "ui/format.h"
#include "ui/theme.h"

#include <QPainter>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kMostLines = 6, kLine = 18, kNameWidth = 132, kCountWidth = 112;

}  // namespace

LabelBars::LabelBars(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Rows of each class"));
    setFont(theme::smallFont());
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void LabelBars::setLabels(const std::map<std::string, int64_t>& labels)
{
    m_labels.assign(labels.begin(), labels.end());
    std::stable_sort(m_labels.begin(), m_labels.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    m_rows = 0;
    QStringList words;
    for (const auto& [name, rows] : m_labels) {
        m_rows += rows;
        if (words.size() < 20)
            words << tr("%1: %2 rows").arg(format::shown(name, 40), format::count(rows));
    }
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    setVisible(!m_labels.empty());
    updateGeometry();
    update();
}

int LabelBars::lines() const
{
    return std::min(int(m_labels.size()), kMostLines) + (int(m_labels.size()) > kMostLines ? 1 : 0);
}

QSize LabelBars::sizeHint() const
{
    return {400, lines() * kLine};
}

void LabelBars::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const auto ink = palette().color(QPalette::WindowText);
    const int64_t most = m_labels.empty() ? 1 : std::max<int64_t>(1, m_labels.front().second);
    for (int i = 0; i < std::min(int(m_labels.size()), kMostLines); ++i) {
        const auto& [name, rows] = m_labels[size_t(i)];
        const int top = i * kLine, room = width() - kNameWidth - kCountWidth - 16;
        painter.setPen(ink);
        const auto shown = fontMetrics().elidedText(format::shown(name, 80), Qt::ElideRight, kNameWidth - 8);
        painter.drawText(QRect(0, top, kNameWidth - 8, kLine), Qt::AlignLeft | Qt::AlignVCenter, shown);
        painter.fillRect(QRectF(kNameWidth, top + 3, std::max(1.0, double(rows) / double(most) * room), kLine - 7), theme::accent());
        const double share = m_rows > 0 ? 100.0 * double(rows) / double(m_rows) : 0;
        painter.drawText(QRect(width() - kCountWidth, top, kCountWidth, kLine), Qt::AlignRight | Qt::AlignVCenter,
            tr("%1 · %2 %").arg(format::count(rows), format::number(share, 1)));
    }
    if (int(m_labels.size()) > kMostLines) {
        painter.setPen(theme::secondary());
        painter.drawText(QRect(0, kMostLines * kLine, width(), kLine), Qt::AlignLeft | Qt::AlignVCenter,
            tr("and %n more classes", nullptr, int(m_labels.size()) - kMostLines));
    }
}

}  // namespace rankwright
