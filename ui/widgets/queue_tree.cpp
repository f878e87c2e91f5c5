// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A flat list: headings are items among the runs, so that dragging has one meaning, a place in the order.
#include "ui/widgets/queue_tree.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QDropEvent>
#include <QHeaderView>

#include <algorithm>

namespace rankwright {

namespace {

enum Column { nameColumn, methodColumn, rateColumn, seedColumn, columns };
constexpr int kRowHeight = 24;          // pixels
constexpr int kIdRole = Qt::UserRole, kMemberRole = Qt::UserRole + 1;   // of a run; a heading has no id

QString runName(const RunRow& row)
{
    return format::shown(row.name.empty() ? row.id : row.name, 80);
}

}  // namespace

QueueTree::QueueTree(QWidget* parent) : QTreeWidget(parent)
{
    setObjectName("queueTree");
    setAccessibleName(tr("Waiting runs, the next one first"));
    setColumnCount(columns);
    setHeaderLabels({tr("Run"), tr("Method"), tr("Learning rate"), tr("Seed")});
    setRootIsDecorated(false);
    setUniformRowHeights(true);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setDragDropMode(QAbstractItemView::InternalMove);
    setDropIndicatorShown(true);
    setIconSize({26, 16});
    setTabKeyNavigation(false);
    header()->setStretchLastSection(false);
    header()->setSectionResizeMode(nameColumn, QHeaderView::Stretch);
    for (const int column : {rateColumn, seedColumn})
        headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    setColumnWidth(methodColumn, 110);
    setColumnWidth(rateColumn, 110);
    setColumnWidth(seedColumn, 64);
}

void QueueTree::addHeading(const QString& text)
{
    auto* item = new QTreeWidgetItem(this, {text});
    item->setFirstColumnSpanned(true);
    item->setSizeHint(nameColumn, {0, kRowHeight});
    item->setFont(0, theme::headingFont());
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled);
}

void QueueTree::addRun(const RunRow& row, bool inComparison)
{
    const auto name = (inComparison ? QStringLiteral("    ") : QString()) + runName(row);
    auto* item = new QTreeWidgetItem(this, {name, methodTitle(row.method), QString::number(row.learningRate, 'g', 4),
        QString::number(row.seed)});
    item->setSizeHint(nameColumn, {0, kRowHeight});
    item->setIcon(nameColumn, curveSwatch(theme::methodColor(format::text(row.method)), Qt::SolidLine));
    item->setData(nameColumn, kIdRole, format::text(row.id));
    item->setData(nameColumn, kMemberRole, inComparison);
    item->setData(nameColumn, Qt::ToolTipRole, QStringLiteral("<qt>%1</qt>").arg(plainMessage(runName(row))));
    for (const int column : {rateColumn, seedColumn})
        item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled);
}

void QueueTree::setQueue(const QueueList::State& state)
{
    const QStringList chosen = selectedRuns();
    clear();
    m_order.clear();
    for (size_t i = 0; i < state.waiting.size(); ++i) {
        const RunRow& row = state.waiting[i];
        if (!row.comparison.empty() && (i == 0 || state.waiting[i - 1].comparison != row.comparison)) {
            const auto name = state.comparisons.find(row.comparison);
            int64_t runs = 0;
            for (size_t j = i; j < state.waiting.size() && state.waiting[j].comparison == row.comparison; ++j)
                ++runs;
            addHeading(tr("%1 · %2")
                           .arg(name == state.comparisons.end() || name->second.empty() ? format::text(row.comparison)
                                                                                        : format::shown(name->second, 80),
                               runs == 1 ? tr("1 run") : tr("%n runs", nullptr, int(runs))));
        }
        m_order << format::text(row.id);
        addRun(row, !row.comparison.empty());
    }
    select(chosen);
}

QStringList QueueTree::selectedRuns() const
{
    QStringList runs;
    bool whole = false;
    for (int i = 0; i < topLevelItemCount(); ++i) {
        const auto* item = topLevelItem(i);
        const auto id = item->data(nameColumn, kIdRole).toString();
        const bool member = item->data(nameColumn, kMemberRole).toBool();
        if (id.isEmpty())
            whole = item->isSelected();
        else if (!member)
            whole = false;
        if (!id.isEmpty() && (item->isSelected() || (whole && member)))
            runs << id;
    }
    return runs;
}

void QueueTree::select(const QStringList& runs)
{
    clearSelection();
    for (int i = 0; i < topLevelItemCount(); ++i) {
        auto* item = topLevelItem(i);
        const auto id = item->data(nameColumn, kIdRole).toString();
        if (id.isEmpty() || !runs.contains(id))
            continue;
        item->setSelected(true);
        if (id == runs.front())
            setCurrentItem(item, nameColumn, QItemSelectionModel::NoUpdate);
    }
}

// The view itself is not changed: the store is, and is read again.
void QueueTree::dropEvent(QDropEvent* event)
{
    const auto runs = selectedRuns();
    const auto* target = itemAt(event->position().toPoint());
    int before = target == nullptr ? topLevelItemCount() : indexOfTopLevelItem(const_cast<QTreeWidgetItem*>(target));
    if (target != nullptr && event->position().y() > visualItemRect(target).center().y())
        ++before;
    int position = 0;   // runs above that are not dragged
    for (int i = 0; i < before; ++i) {
        const auto id = topLevelItem(i)->data(nameColumn, kIdRole).toString();
        position += !id.isEmpty() && !runs.contains(id) ? 1 : 0;
    }
    event->setDropAction(Qt::IgnoreAction);   // nothing is taken out of the view
    event->accept();
    if (!runs.isEmpty())
        emit moveWanted(runs, position);
}

}  // namespace rankwright
