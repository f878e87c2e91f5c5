// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks as a table, layers x kinds. It holds no ranks of its own truth: an edit is asked for by a signal, the page
// makes it undoable and gives the new ranks back.
#pragma once

#include "ui/models/module_grid.h"

#include <QAbstractTableModel>

namespace rankwright {

class RankTable : public QAbstractTableModel
{
    Q_OBJECT
public:
    using Ranks = std::map<std::string, ModuleRank>;
    using QAbstractTableModel::QAbstractTableModel;
    void setGrid(const ModuleGrid& grid);
    void setRanks(const Ranks& ranks);
    // One edit of several cells, cut at each matrix' smaller side.
    void ask(const QModelIndexList& cells, int64_t rank);
    [[nodiscard]] const ModuleInfo* module(const QModelIndex& index) const;
    [[nodiscard]] QModelIndex indexOf(const std::string& module) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

signals:
    void edited(const rankwright::RankTable::Ranks& ranks, const QString& what);

private:
    [[nodiscard]] int64_t rankOf(const ModuleInfo& module) const;
    ModuleGrid m_grid;
    Ranks m_ranks;
};

}  // namespace rankwright
