// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/number_table.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QScrollBar>

namespace rankwright {

NumberTable::NumberTable(
    const QString& objectName, const QString& accessibleName, const QStringList& heads, int words, QWidget* parent)
    : QTableWidget(0, int(heads.size()), parent), m_words(words)
{
    setObjectName(objectName);
    setAccessibleName(accessibleName);
    setHorizontalHeaderLabels(heads);
    for (int column = 0; column < heads.size(); ++column)
        horizontalHeaderItem(column)->setTextAlignment((column < words ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setMinimumSectionSize(40);
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(26);
    setShowGrid(false);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setTabKeyNavigation(false);
    setIconSize({26, 16});
}

void NumberTable::setRows(const QList<QStringList>& rows)
{
    clearSpans();
    setRowCount(int(rows.size()));
    for (int row = 0; row < rows.size(); ++row)
        for (int column = 0; column < columnCount(); ++column) {
            auto* item = new QTableWidgetItem(rows[row].value(column));
            item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
            item->setTextAlignment((column < m_words ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
            setItem(row, column, item);
        }
}

void NumberTable::setLine(int row, const QString& text)
{
    setSpan(row, 0, 1, columnCount());
    auto* item = new QTableWidgetItem(text);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    item->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    setItem(row, 0, item);
}

QString NumberTable::text(int row, int column) const
{
    const auto* found = item(row, column);
    return found == nullptr ? QString() : found->text();
}

void NumberTable::fitHeight()
{
    m_fitted = true;
    int height = horizontalHeader()->sizeHint().height() + 2 * frameWidth() + 2;
    for (int row = 0; row < rowCount(); ++row)
        height += rowHeight(row);
    if (horizontalHeader()->length() > viewport()->width())   // too narrow: its scroll bar covers no row
        height += horizontalScrollBar()->sizeHint().height();
    setFixedHeight(height);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
}

void NumberTable::resizeEvent(QResizeEvent* event)
{
    QTableWidget::resizeEvent(event);
    if (m_fitted)
        fitHeight();
}

void NumberTable::keyPressEvent(QKeyEvent* event)
{
    if (!event->matches(QKeySequence::Copy)) {
        QTableWidget::keyPressEvent(event);
        return;
    }
    QStringList lines;
    for (int row = 0; row < rowCount(); ++row) {
        if (!selectionModel()->isRowSelected(row))
            continue;
        QStringList cells;
        for (int column = 0; column < columnCount(); ++column)
            cells << text(row, column);
        lines << cells.join(QLatin1Char('\t'));
    }
    QGuiApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

}  // namespace rankwright
