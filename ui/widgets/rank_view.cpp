// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/rank_view.h"

#include "ui/theme.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QSpinBox>
#include <QStyledItemDelegate>

#include <algorithm>

namespace rankwright {

namespace {

class RankDelegate : public QStyledItemDelegate
{
public:
    RankDelegate(RankTable* table, QObject* parent) : QStyledItemDelegate(parent), m_table(table) {}

    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex& index) const override
    {
        const ModuleInfo* module = m_table->module(index);
        if (!module)
            return nullptr;
        auto* box = new QSpinBox(parent);
        box->setRange(0, int(std::min<int64_t>(std::min(module->rows, module->cols), 1 << 20)));
        box->setButtonSymbols(QAbstractSpinBox::NoButtons);
        box->setFrame(false);
        box->setAlignment(Qt::AlignRight);
        box->setAccessibleName(tr("Rank"));
        return box;
    }

private:
    RankTable* m_table;
};

}  // namespace

RankView::RankView(RankTable* table, QWidget* parent) : QTableView(parent), m_table(table)
{
    setModel(table);
    setItemDelegate(new RankDelegate(table, this));
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setEditTriggers(
        QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed);
    setAccessibleName(tr("Rank of each matrix, layers by kinds"));
    setTabKeyNavigation(false);
    setCornerButtonEnabled(true);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    horizontalHeader()->setMinimumSectionSize(40);
    verticalHeader()->setDefaultSectionSize(24);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setMinimumWidth(36);
    const auto showHeaders = [this] { verticalHeader()->setVisible(m_table->rowCount() > 0); };
    connect(table, &QAbstractItemModel::modelReset, this, showHeaders);
    showHeaders();
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
}

void RankView::commitData(QWidget* editor)
{
    const auto* box = qobject_cast<QSpinBox*>(editor);
    const QModelIndexList cells = selectionModel()->selectedIndexes();
    if (!box || cells.size() < 2 || !cells.contains(currentIndex())) {
        QTableView::commitData(editor);
        return;
    }
    m_table->ask(cells, box->value());
}

void RankView::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Delete || event->key() == Qt::Key_Backspace) {
        m_table->ask(selectionModel()->selectedIndexes(), 0);
        return;
    }
    QTableView::keyPressEvent(event);
}

}  // namespace rankwright
