// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/heatmap_plot.h"

#include "ui/format.h"
#include "ui/plots/plot_style.h"
#include "ui/theme.h"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr int kScaleWidth = 92;  // colour bar and its numbers
constexpr int kTop = 22, kBottom = 20, kBar = 12;

// Black or white, whichever reads better on the cell.
QColor inkOn(const QColor& ground)
{
    const double light = 0.299 * ground.redF() + 0.587 * ground.greenF() + 0.114 * ground.blueF();
    return light > 0.5 ? QColor(Qt::black) : QColor(Qt::white);
}

}  // namespace

HeatmapPlot::HeatmapPlot(QWidget* parent) : QWidget(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Heat map"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void HeatmapPlot::setGrid(const QStringList& rows, const QStringList& columns, const QString& columnTitle)
{
    m_rows = rows;
    m_columns = columns;
    m_columnTitle = columnTitle;
    m_values.assign(size_t(rows.size() * columns.size()), std::numeric_limits<double>::quiet_NaN());
    m_row = m_column = -1;
    m_hovered = {-1, -1};
    m_marks.clear();
    update();
}

void HeatmapPlot::setDiverging(bool on)
{
    m_diverging = on;
    update();
}

void HeatmapPlot::setMarks(std::vector<Mark> marks)
{
    m_marks = std::move(marks);
    update();
}

QColor HeatmapPlot::colourOf(double share) const
{
    return m_diverging ? theme::diverging(2 * share - 1) : theme::heat(share);
}

void HeatmapPlot::setValues(
    std::vector<double> values, double least, double most, const QString& meaning, int digits, const QString& unit)
{
    values.resize(size_t(m_rows.size() * m_columns.size()), std::numeric_limits<double>::quiet_NaN());
    m_values = std::move(values);
    m_least = least;
    m_most = most;
    m_meaning = meaning;
    m_digits = digits;
    m_unit = unit;
    setAccessibleName(tr("Heat map: %1").arg(meaning));
    update();
}

void HeatmapPlot::setCurrent(int row, int column)
{
    if (row < 0 || column < 0 || row >= m_rows.size() || column >= m_columns.size())
        return;
    if (row == m_row && column == m_column)
        return;
    m_row = row;
    m_column = column;
    setAccessibleDescription(cellText(row, column));
    update();
    emit currentChanged(row, column);
}

double HeatmapPlot::value(int row, int column) const
{
    const auto at = size_t(row * int(m_columns.size()) + column);
    return row >= 0 && column >= 0 && at < m_values.size() ? m_values[at] : std::numeric_limits<double>::quiet_NaN();
}

QString HeatmapPlot::valueText(double value) const
{
    if (std::isnan(value))
        return tr("not known yet");
    return (m_diverging && value > 0 ? QStringLiteral("+") : QString()) + format::number(value, m_digits) + m_unit;
}

QString HeatmapPlot::cellText(int row, int column) const
{
    return tr("%1 %2, %3: %4")
        .arg(m_columnTitle, m_columns.value(column), m_rows.value(row), valueText(value(row, column)));
}

QString HeatmapPlot::csv() const
{
    QString out = QStringLiteral("row,column,value\n");
    for (int row = 0; row < m_rows.size(); ++row) {
        for (int column = 0; column < m_columns.size(); ++column) {
            const double known = value(row, column);
            out += plots::csvField(m_rows[row].toStdString()) + ',' + plots::csvField(m_columns[column].toStdString())
                + ',' + (std::isnan(known) ? QString() : QString::number(known, 'g', 9)) + '\n';
        }
    }
    return out;
}

QRect HeatmapPlot::gridRect() const
{
    const QFontMetrics metrics(theme::smallFont());
    int left = 0;
    for (const QString& row : m_rows)
        left = std::max(left, metrics.horizontalAdvance(row));
    const QRect room = rect().adjusted(std::min(left, 160) + 16, kTop, -kScaleWidth, -kBottom);
    if (m_rows.isEmpty() || m_columns.isEmpty() || room.width() < m_columns.size() || room.height() < m_rows.size())
        return {};
    // Whole pixels a cell, so that all cells are alike.
    const int width = int(room.width() / m_columns.size()), height = int(room.height() / m_rows.size());
    return {room.left(), room.top(), width * int(m_columns.size()), height * int(m_rows.size())};
}

QRect HeatmapPlot::cellRect(int row, int column) const
{
    const QRect grid = gridRect();
    if (grid.isEmpty())
        return {};
    const int width = grid.width() / int(m_columns.size()), height = grid.height() / int(m_rows.size());
    return {grid.left() + column * width, grid.top() + row * height, width, height};
}

QPoint HeatmapPlot::cellAt(const QPoint& position) const
{
    const QRect grid = gridRect();
    if (grid.isEmpty() || !grid.contains(position))
        return {-1, -1};
    const QSize cell = cellRect(0, 0).size();
    return {(position.x() - grid.left()) / cell.width(), (position.y() - grid.top()) / cell.height()};
}

void HeatmapPlot::paintCells(QPainter& painter) const
{
    const bool spacious = cellRect(0, 0).width() > 5 && cellRect(0, 0).height() > 5;
    const QFontMetrics metrics(theme::smallFont());
    for (int row = 0; row < m_rows.size(); ++row) {
        for (int column = 0; column < m_columns.size(); ++column) {
            const QRect cell = cellRect(row, column).adjusted(0, 0, spacious ? -1 : 0, spacious ? -1 : 0);
            const double known = value(row, column);
            if (std::isnan(known)) {
                painter.fillRect(cell, QBrush(theme::grid(), Qt::BDiagPattern));
                continue;
            }
            const double span = m_most > m_least ? m_most - m_least : 1;
            const QColor color = colourOf((known - m_least) / span);
            painter.fillRect(cell, color);
            const QString text = format::number(known, m_digits);
            if (metrics.horizontalAdvance(text) + 6 <= cell.width() && metrics.height() <= cell.height()) {
                painter.setPen(inkOn(color));
                painter.drawText(cell, Qt::AlignCenter, text);
            }
        }
    }
    paintSigns(painter);
    const auto frame = [&painter](const QRect& cell, const QColor& color, int width) {
        painter.setPen(QPen(color, width));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(cell.adjusted(0, 0, -1, -1));
    };
    if (m_hovered.x() >= 0)
        frame(cellRect(m_hovered.y(), m_hovered.x()), palette().color(QPalette::Text), 1);
    if (m_row >= 0) {
        const QRect cell = cellRect(m_row, m_column);
        frame(cell.adjusted(-1, -1, 0, 0), palette().color(QPalette::Base), 4);
        frame(cell.adjusted(-1, -1, 0, 0), hasFocus() ? theme::accent() : palette().color(QPalette::Text), 2);
    }
}

// Below zero: a corner cut in the text colour. Held for comparison: a square in its curve's colour.
void HeatmapPlot::paintSigns(QPainter& painter) const
{
    const QRect first = cellRect(0, 0);
    const int corner = std::min({9, first.width() / 2, first.height() / 2});
    painter.setPen(Qt::NoPen);
    for (int row = 0; m_diverging && corner > 2 && row < m_rows.size(); ++row) {
        for (int column = 0; column < m_columns.size(); ++column) {
            if (!(value(row, column) < 0))
                continue;
            const QPoint at = cellRect(row, column).topLeft();
            painter.setBrush(palette().color(QPalette::Text));
            painter.drawPolygon(QPolygon({at, at + QPoint(corner, 0), at + QPoint(0, corner)}));
        }
    }
    for (const Mark& mark : m_marks) {
        const QRect cell = cellRect(mark.row, mark.column);
        const int side = std::clamp(std::min(cell.width(), cell.height()) / 3, 5, 9);
        const QRect square(cell.right() - side - 2, cell.top() + 2, side, side);
        painter.fillRect(square.adjusted(-1, -1, 1, 1), palette().color(QPalette::Base));
        painter.fillRect(square, mark.color);
    }
}

void HeatmapPlot::paintLabels(QPainter& painter) const
{
    const QFontMetrics metrics(theme::smallFont());
    const QRect grid = gridRect();
    for (int row = 0; row < m_rows.size(); ++row) {
        const QRect cell = cellRect(row, 0);
        painter.setPen(row == m_row ? palette().color(QPalette::Text) : theme::secondary());
        painter.drawText(QRect(4, cell.top(), grid.left() - 12, cell.height()), Qt::AlignRight | Qt::AlignVCenter,
            metrics.elidedText(m_rows[row], Qt::ElideMiddle, grid.left() - 12));
    }
    const int widest = metrics.horizontalAdvance(QStringLiteral("000"));
    const int every = std::max(1, int(std::ceil(double(widest + 4) / std::max(1, cellRect(0, 0).width()))));
    for (int column = 0; column < m_columns.size(); ++column) {
        const QRect cell = cellRect(0, column);
        if (column % every != 0 && column != m_column)
            continue;
        if (column != m_column && m_column >= 0 && std::abs(column - m_column) < every)
            continue;  // would run into the current column's number
        painter.setPen(column == m_column ? palette().color(QPalette::Text) : theme::secondary());
        painter.drawText(QRect(cell.center().x() - 24, grid.bottom() + 3, 48, kBottom - 3),
            Qt::AlignHCenter | Qt::AlignTop, m_columns[column]);
    }
    painter.setPen(theme::secondary());
    painter.drawText(
        QRect(4, grid.bottom() + 3, grid.left() - 12, kBottom - 3), Qt::AlignRight | Qt::AlignTop, m_columnTitle);
    const QPoint told = m_hovered.x() >= 0 ? m_hovered : QPoint(m_column, m_row);
    painter.setPen(palette().color(QPalette::Text));
    const QString line = told.x() >= 0 ? cellText(told.y(), told.x()) : m_meaning;
    painter.drawText(
        QRect(grid.left(), 0, width() - grid.left() - 8, kTop - 4), Qt::AlignLeft | Qt::AlignVCenter, line);
    const int left = width() - grid.left() - 24 - metrics.horizontalAdvance(line);
    if (told.x() < 0 || left < 120)
        return;
    painter.setPen(theme::secondary());
    painter.drawText(QRect(grid.left(), 0, width() - grid.left() - 8, kTop - 4), Qt::AlignRight | Qt::AlignVCenter,
        metrics.elidedText(m_meaning, Qt::ElideRight, left));
}

void HeatmapPlot::paintScale(QPainter& painter) const
{
    const QRect grid = gridRect();
    const QRect bar(grid.right() + 16, grid.top(), kBar, grid.height());
    for (int y = 0; y < bar.height(); ++y)
        painter.fillRect(
            bar.left(), bar.top() + y, bar.width(), 1, colourOf(1 - double(y) / std::max(1, bar.height() - 1)));
    painter.setPen(theme::secondary());
    const auto mark = [&](double share, double at) {
        const int y = bar.bottom() - int(std::lround(share * (bar.height() - 1)));
        painter.drawText(QRect(bar.right() + 6, std::clamp(y - 8, bar.top() - 4, bar.bottom() - 12), 62, 16),
            Qt::AlignLeft | Qt::AlignVCenter, format::number(at, m_digits) + m_unit);
    };
    mark(0, m_least);
    mark(0.5, (m_least + m_most) / 2);
    mark(1, m_most);
}

void HeatmapPlot::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), palette().color(QPalette::Base));
    painter.setFont(theme::smallFont());
    if (gridRect().isEmpty()) {
        painter.setPen(theme::secondary());
        painter.drawText(rect(), Qt::AlignCenter, tr("Choose a model to see its matrices"));
        return;
    }
    paintLabels(painter);
    paintScale(painter);
    paintCells(painter);
}

void HeatmapPlot::mousePressEvent(QMouseEvent* event)
{
    const QPoint cell = cellAt(event->pos());
    if (event->button() == Qt::LeftButton && cell.x() >= 0)
        setCurrent(cell.y(), cell.x());
}

void HeatmapPlot::mouseMoveEvent(QMouseEvent* event)
{
    const QPoint cell = cellAt(event->pos());
    if (event->buttons() & Qt::LeftButton && cell.x() >= 0)
        setCurrent(cell.y(), cell.x());
    if (cell != m_hovered) {
        m_hovered = cell;
        update();
    }
}

void HeatmapPlot::mouseDoubleClickEvent(QMouseEvent* event)
{
    const QPoint cell = cellAt(event->pos());
    if (event->button() == Qt::LeftButton && cell.x() >= 0 && m_row >= 0)
        emit activated(m_row, m_column);
}

void HeatmapPlot::leaveEvent(QEvent*)
{
    m_hovered = {-1, -1};
    update();
}

void HeatmapPlot::keyPressEvent(QKeyEvent* event)
{
    const int rows = int(m_rows.size()), columns = int(m_columns.size());
    if (rows == 0 || columns == 0)
        return QWidget::keyPressEvent(event);
    const int row = std::max(m_row, 0), column = std::max(m_column, 0);
    switch (event->key()) {
    case Qt::Key_Left:
        return setCurrent(row, std::max(column - 1, 0));
    case Qt::Key_Right:
        return setCurrent(row, std::min(column + 1, columns - 1));
    case Qt::Key_Up:
        return setCurrent(std::max(row - 1, 0), column);
    case Qt::Key_Down:
        return setCurrent(std::min(row + 1, rows - 1), column);
    case Qt::Key_Home:
        return setCurrent(row, 0);
    case Qt::Key_End:
        return setCurrent(row, columns - 1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (m_row >= 0)
            emit activated(m_row, m_column);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

void HeatmapPlot::contextMenuEvent(QContextMenuEvent* event)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Copy picture"), this, [this] { QGuiApplication::clipboard()->setPixmap(grab()); });
    menu->addAction(tr("Copy data (CSV)"), this, [this] { QGuiApplication::clipboard()->setText(csv()); });
    menu->popup(event->globalPos());
}

void HeatmapPlot::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        update();
}

}  // namespace rankwright
