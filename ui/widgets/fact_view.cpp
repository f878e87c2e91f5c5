// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/fact_view.h"

#include "ui/theme.h"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kRoom = 14;   // around a figure

}  // namespace

FactView::FactView(const QString& accessibleName, QWidget* parent) : QTableView(parent), m_table(new FactTable(this))
{
    setModel(m_table);
    setAccessibleName(accessibleName);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setTabKeyNavigation(false);
    setShowGrid(false);
    setWordWrap(false);
    setIconSize({10, 10});
    setTextElideMode(Qt::ElideMiddle);
    setFont(theme::smallFont());
    horizontalHeader()->setFont(theme::smallFont());
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setMinimumSectionSize(24);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(22);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setMinimumHeight(72);
    connect(m_table, &QAbstractItemModel::modelReset, this, &FactView::layOut);
    connect(m_table, &QAbstractItemModel::dataChanged, this, &FactView::layOut);
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (const FactRow* row = m_table->row(index.row()))
            emit rowChosen(row->key);
    });
}

void FactView::showRow(const QString& key)
{
    const int row = m_table->rowOf(key);
    if (row >= 0 && row != currentIndex().row())
        setCurrentIndex(m_table->index(row, 0));
    else if (row < 0)
        clearSelection();
}

QString FactView::currentKey() const
{
    const FactRow* row = m_table->row(currentIndex().row());
    return row ? row->key : QString();
}

// The name takes what the figures leave; figures are as wide as the widest of their column.
void FactView::layOut()
{
    const int columns = m_table->columnCount();
    if (columns == 0)
        return;
    const QFontMetrics metrics(font());
    int taken = 0;
    for (int column = 1; column < columns; ++column) {
        int widest = metrics.horizontalAdvance(m_table->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
        for (int row = 0; row < m_table->rowCount(); ++row)
            widest = std::max(widest, metrics.horizontalAdvance(m_table->index(row, column).data().toString()));
        setColumnWidth(column, widest + kRoom);
        taken += widest + kRoom;
    }
    setColumnWidth(0, std::max(64, viewport()->width() - taken));
}

void FactView::resizeEvent(QResizeEvent* event)
{
    QTableView::resizeEvent(event);
    layOut();
}

void FactView::copy() const
{
    QGuiApplication::clipboard()->setText(m_table->csv());
}

void FactView::keyPressEvent(QKeyEvent* event)
{
    if (event->matches(QKeySequence::Copy))
        return copy();
    if (event->key() == Qt::Key_Delete && !currentKey().isEmpty()) {
        emit removeAsked(currentKey());
        return;
    }
    QTableView::keyPressEvent(event);
}

void FactView::contextMenuEvent(QContextMenuEvent* event)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Copy data (CSV)"), this, [this] { copy(); });
    menu->popup(event->globalPos());
}

}  // namespace rankwright
