// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/rank_table.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <algorithm>

namespace rankwright {

void RankTable::setGrid(const ModuleGrid& grid)
{
    beginResetModel();
    m_grid = grid;
    m_ranks.clear();
    endResetModel();
}

void RankTable::setRanks(const Ranks& ranks)
{
    m_ranks = ranks;
    if (rowCount() > 0 && columnCount() > 0)
        emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

void RankTable::ask(const QModelIndexList& cells, int64_t rank)
{
    Ranks after = m_ranks;
    const ModuleInfo* last = nullptr;
    for (const QModelIndex& cell : cells) {
        const ModuleInfo* at = module(cell);
        if (!at)
            continue;
        const int64_t cut = std::clamp<int64_t>(rank, 0, std::min(at->rows, at->cols));
        for (const ModuleInfo& one : m_grid.all(cell.row(), cell.column()))
            after[one.name] = {.rank = cut, .alpha = double(cut)};
        last = at;
    }
    if (!last || after == m_ranks)
        return;
    emit edited(after, cells.size() == 1 ? tr("Rank of %1").arg(format::shown(last->name, 60))
                                         : tr("Ranks of %1 matrices").arg(cells.size()));
}

const ModuleInfo* RankTable::module(const QModelIndex& index) const
{
    return index.isValid() ? m_grid.at(index.row(), index.column()) : nullptr;
}

QModelIndex RankTable::indexOf(const std::string& module) const
{
    const auto found = m_grid.cells.find(module);
    return found == m_grid.cells.end() ? QModelIndex() : index(found->second.layer, found->second.kind);
}

int64_t RankTable::rankOf(const ModuleInfo& module) const
{
    const auto found = m_ranks.find(module.name);
    return found == m_ranks.end() ? 0 : found->second.rank;
}

int RankTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_grid.layers.size());
}

int RankTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_grid.kinds.size());
}

QVariant RankTable::data(const QModelIndex& index, int role) const
{
    const ModuleInfo* at = module(index);
    if (!at)
        return {};
    const int64_t rank = rankOf(*at);
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
        return qlonglong(rank);
    case Qt::TextAlignmentRole:
        return int(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return rank == 0 ? theme::secondary() : QVariant();
    case Qt::ToolTipRole:
        return QStringLiteral("<qt>%1</qt>")
            .arg(plainMessage(tr("%1\n%2 × %3, %4 trainable")
                                  .arg(format::shown(at->name))
                                  .arg(at->rows)
                                  .arg(at->cols)
                                  .arg(format::count(rank * (at->rows + at->cols)))));
    case Qt::AccessibleTextRole:
        return tr("Layer %1, %2, rank %3").arg(at->layer).arg(format::shown(at->kind)).arg(rank);
    default:
        return {};
    }
}

QVariant RankTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    if (orientation == Qt::Vertical)
        return m_grid.layerNames().value(section);
    return QString(m_grid.kinds.value(section)).remove(QLatin1String("_proj"));
}

Qt::ItemFlags RankTable::flags(const QModelIndex& index) const
{
    return module(index) ? QAbstractTableModel::flags(index) | Qt::ItemIsEditable : Qt::NoItemFlags;
}

bool RankTable::setData(const QModelIndex& index, const QVariant& value, int role)
{
    bool whole = false;
    const qlonglong rank = value.toLongLong(&whole);
    if (role != Qt::EditRole || !whole || rank < 0 || !module(index))
        return false;
    ask({index}, rank);
    return true;
}

}  // namespace rankwright
